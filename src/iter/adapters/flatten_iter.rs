//! `flatten_iter`: parallel iterators of sequential iterators.

use super::flat_map_iter::FlatMapIter;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::convert::identity;

/// Iterator returned by [`ParallelIterator::flatten_iter`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FlattenIter<I> {
    base: I,
}

impl<I> FlattenIter<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<I> ParallelIterator for FlattenIter<I>
where
    I: ParallelIterator<Item: IntoIterator<Item: Send>>,
{
    type Item = <I::Item as IntoIterator>::Item;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        FlatMapIter::new(self.base, identity).drive_unindexed(consumer)
    }
}
