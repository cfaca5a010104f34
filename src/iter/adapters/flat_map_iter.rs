//! `flat_map_iter`: each item becomes a sequential iterator.

use super::stage::{Stage, Staged};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::flat_map_iter`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FlatMapIter<I, F> {
    base: I,
    map_op: F,
}

impl<I, F> FlatMapIter<I, F> {
    pub(crate) fn new(base: I, map_op: F) -> Self {
        Self { base, map_op }
    }
}

impl<I: fmt::Debug, F> fmt::Debug for FlatMapIter<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlatMapIter")
            .field("base", &self.base)
            .finish()
    }
}

impl<I, F, SI> ParallelIterator for FlatMapIter<I, F>
where
    I: ParallelIterator,
    F: Fn(I::Item) -> SI + Sync + Send,
    SI: IntoIterator<Item: Send>,
{
    type Item = SI::Item;

    fn drive_unindexed<C: UnindexedConsumer<SI::Item>>(self, consumer: C) -> C::Result {
        let stage = Flattening(self.map_op);
        self.base.drive_unindexed(Staged::new(consumer, &stage))
    }
}

/// The stage of `flat_map_iter`.
struct Flattening<F>(F);

impl<T, SI, F> Stage<T> for Flattening<F>
where
    F: Fn(T) -> SI + Sync,
    SI: IntoIterator,
{
    type Item = SI::Item;

    #[inline]
    fn consume<B: Folder<SI::Item>>(&self, base: B, item: T) -> B {
        base.consume_iter((self.0)(item))
    }
}
