//! `par_encode_utf16`: a string in UTF-16.

use super::cut::in_half;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

/// Parallel iterator over a string in UTF-16.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct EncodeUtf16<'ch> {
    text: &'ch str,
}

impl<'ch> EncodeUtf16<'ch> {
    pub(super) fn new(text: &'ch str) -> Self {
        Self { text }
    }
}

impl ParallelIterator for EncodeUtf16<'_> {
    type Item = u16;

    fn drive_unindexed<C: UnindexedConsumer<u16>>(self, consumer: C) -> C::Result {
        bridge_unindexed(EncodeUtf16Producer { text: self.text }, consumer)
    }
}

struct EncodeUtf16Producer<'ch> {
    text: &'ch str,
}

impl UnindexedProducer for EncodeUtf16Producer<'_> {
    type Item = u16;

    fn split(self) -> (Self, Option<Self>) {
        match in_half(self.text) {
            None => (self, None),
            Some((left, right)) => (Self { text: left }, Some(Self { text: right })),
        }
    }

    fn fold_with<F: Folder<u16>>(self, folder: F) -> F {
        folder.consume_iter(self.text.encode_utf16())
    }
}
