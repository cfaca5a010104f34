//! `update`: each item changed in place as it passes.

use super::map::Map;
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;

/// Iterator returned by [`ParallelIterator::update`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Update<I, F> {
    base: I,
    update_op: F,
}

impl<I, F> Update<I, F> {
    pub(crate) fn new(base: I, update_op: F) -> Self {
        Self { base, update_op }
    }
}

impl<I: fmt::Debug, F> fmt::Debug for Update<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").field("base", &self.base).finish()
    }
}

/// Makes a function for `map` of `update_op`.
fn changed<T>(update_op: impl Fn(&mut T) + Sync + Send) -> impl Fn(T) -> T + Sync + Send {
    move |mut item| {
        update_op(&mut item);
        item
    }
}

impl<I, F> ParallelIterator for Update<I, F>
where
    I: ParallelIterator,
    F: Fn(&mut I::Item) + Sync + Send,
{
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        Map::new(self.base, changed(self.update_op)).drive_unindexed(consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I, F> IndexedParallelIterator for Update<I, F>
where
    I: IndexedParallelIterator,
    F: Fn(&mut I::Item) + Sync + Send,
{
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        Map::new(self.base, changed(self.update_op)).drive(consumer)
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        Map::new(self.base, changed(self.update_op)).with_producer(callback)
    }
}
