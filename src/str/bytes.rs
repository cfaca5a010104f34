//! `par_bytes`: the bytes of a string.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

/// Parallel iterator over the bytes of a string.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Bytes<'ch> {
    text: &'ch str,
}

impl<'ch> Bytes<'ch> {
    pub(super) fn new(text: &'ch str) -> Self {
        Self { text }
    }
}

impl ParallelIterator for Bytes<'_> {
    type Item = u8;

    fn drive_unindexed<C: UnindexedConsumer<u8>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.text.len())
    }
}

impl IndexedParallelIterator for Bytes<'_> {
    fn drive<C: Consumer<u8>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.text.len()
    }

    fn with_producer<CB: ProducerCallback<u8>>(self, callback: CB) -> CB::Output {
        let bytes = self.text.as_bytes().par_iter();
        bytes.copied().with_producer(callback)
    }
}
