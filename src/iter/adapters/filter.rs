//! `filter`: only the items that pass a test.

use super::filter_map::FilterMap;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::filter`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Filter<I, P> {
    base: I,
    filter_op: P,
}

impl<I, P> Filter<I, P> {
    pub(crate) fn new(base: I, filter_op: P) -> Self {
        Self { base, filter_op }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for Filter<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("base", &self.base).finish()
    }
}

impl<I, P> ParallelIterator for Filter<I, P>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync + Send,
{
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let filter_op = self.filter_op;
        let op = move |item| filter_op(&item).then_some(item);
        FilterMap::new(self.base, op).drive_unindexed(consumer)
    }
}
