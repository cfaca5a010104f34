//! `positions`: the places of the items that pass a test.

use super::enumerate::Enumerate;
use super::filter_map::FilterMap;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;

/// Iterator returned by [`IndexedParallelIterator::positions`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Positions<I, P> {
    base: I,
    predicate: P,
}

impl<I, P> Positions<I, P> {
    pub(crate) fn new(base: I, predicate: P) -> Self {
        Self { base, predicate }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for Positions<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Positions")
            .field("base", &self.base)
            .finish()
    }
}

impl<I, P> ParallelIterator for Positions<I, P>
where
    I: IndexedParallelIterator,
    P: Fn(I::Item) -> bool + Sync + Send,
{
    type Item = usize;

    fn drive_unindexed<C: UnindexedConsumer<usize>>(self, consumer: C) -> C::Result {
        let predicate = self.predicate;
        let place = move |(place, item)| predicate(item).then_some(place);
        FilterMap::new(Enumerate::new(self.base), place).drive_unindexed(consumer)
    }
}
