//! `par_lines`: the lines of a string.

use super::cut::middle;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

/// Parallel iterator over the lines of a string.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Lines<'ch> {
    text: &'ch str,
}

impl<'ch> Lines<'ch> {
    pub(super) fn new(text: &'ch str) -> Self {
        Self { text }
    }
}

impl<'ch> ParallelIterator for Lines<'ch> {
    type Item = &'ch str;

    fn drive_unindexed<C: UnindexedConsumer<&'ch str>>(self, consumer: C) -> C::Result {
        bridge_unindexed(LinesProducer { text: self.text }, consumer)
    }
}

/// A part of a text that begins and ends where the text or a line does.
struct LinesProducer<'ch> {
    text: &'ch str,
}

impl<'ch> UnindexedProducer for LinesProducer<'ch> {
    type Item = &'ch str;

    fn split(self) -> (Self, Option<Self>) {
        // The cut is after the first end of a line in the right half, or else after the last one in
        // the left half.
        let (left, right) = self.text.split_at(middle(self.text));
        let place = match right.find('\n') {
            Some(end) => left.len() + end + 1,
            None => left.rfind('\n').map_or(0, |end| end + 1),
        };
        // There is nothing behind the very last end of a line.
        let place = match place {
            place if place < self.text.len() => place,
            _ => left.rfind('\n').map_or(0, |end| end + 1),
        };
        if place == 0 {
            return (self, None);
        }
        let (left, right) = self.text.split_at(place);
        (Self { text: left }, Some(Self { text: right }))
    }

    fn fold_with<F: Folder<&'ch str>>(self, folder: F) -> F {
        folder.consume_iter(self.text.lines())
    }
}
