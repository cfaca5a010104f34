//! `par_chars`: the characters of a string.

use super::cut::middle;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

/// Parallel iterator over the characters of a string.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Chars<'ch> {
    text: &'ch str,
}

impl<'ch> Chars<'ch> {
    pub(super) fn new(text: &'ch str) -> Self {
        Self { text }
    }
}

impl ParallelIterator for Chars<'_> {
    type Item = char;

    fn drive_unindexed<C: UnindexedConsumer<char>>(self, consumer: C) -> C::Result {
        bridge_unindexed(CharsProducer { text: self.text }, consumer)
    }
}

struct CharsProducer<'ch> {
    text: &'ch str,
}

impl UnindexedProducer for CharsProducer<'_> {
    type Item = char;

    fn split(self) -> (Self, Option<Self>) {
        match middle(self.text) {
            0 => (self, None),
            place => {
                let (left, right) = self.text.split_at(place);
                (Self { text: left }, Some(Self { text: right }))
            }
        }
    }

    fn fold_with<F: Folder<char>>(self, folder: F) -> F {
        folder.consume_iter(self.text.chars())
    }
}
