//! `flatten`: parallel iterators of parallel iterators.

use super::flat_map::FlatMap;
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelIterator};
use std::convert::identity;

/// Iterator returned by [`ParallelIterator::flatten`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Flatten<I> {
    base: I,
}

impl<I> Flatten<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<I> ParallelIterator for Flatten<I>
where
    I: ParallelIterator<Item: IntoParallelIterator>,
{
    type Item = <I::Item as IntoParallelIterator>::Item;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        FlatMap::new(self.base, identity).drive_unindexed(consumer)
    }
}
