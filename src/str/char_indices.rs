//! `par_char_indices`: the characters of a string, with their places.

use super::cut::in_half;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

/// Parallel iterator over the characters of a string, with their places.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct CharIndices<'ch> {
    text: &'ch str,
}

impl<'ch> CharIndices<'ch> {
    pub(super) fn new(text: &'ch str) -> Self {
        Self { text }
    }
}

impl ParallelIterator for CharIndices<'_> {
    type Item = (usize, char);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let producer = CharIndicesProducer {
            start: 0,
            text: self.text,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct CharIndicesProducer<'ch> {
    /// The place where `text` begins in the whole string.
    start: usize,
    text: &'ch str,
}

impl UnindexedProducer for CharIndicesProducer<'_> {
    type Item = (usize, char);

    fn split(self) -> (Self, Option<Self>) {
        let Some((left, right)) = in_half(self.text) else {
            return (self, None);
        };
        let right = Self {
            start: self.start + left.len(),
            text: right,
        };
        (Self { text: left, ..self }, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        let chars = self.text.char_indices();
        folder.consume_iter(chars.map(|(place, c)| (self.start + place, c)))
    }
}
