//! `zip_eq`: two loops of the same length, side by side.

use super::zip::Zip;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::zip_eq`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ZipEq<A, B> {
    base: Zip<A, B>,
}

impl<A, B> ZipEq<A, B> {
    /// Zips `a` and `b`, which have the same length.
    pub(crate) fn new(a: A, b: B) -> Self {
        Self {
            base: Zip::new(a, b),
        }
    }
}

bridged!(
    ZipEq<A, B> => (A::Item, B::Item),
    impl<A: IndexedParallelIterator, B: IndexedParallelIterator>
);

impl<A, B> IndexedParallelIterator for ZipEq<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator,
{
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(callback)
    }
}
