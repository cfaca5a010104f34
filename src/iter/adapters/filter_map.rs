//! `filter_map`: a test and a function in one.

use super::stage::{Stage, Staged};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::consume_some;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::filter_map`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FilterMap<I, P> {
    base: I,
    filter_op: P,
}

impl<I, P> FilterMap<I, P> {
    pub(crate) fn new(base: I, filter_op: P) -> Self {
        Self { base, filter_op }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for FilterMap<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterMap")
            .field("base", &self.base)
            .finish()
    }
}

impl<I, P, R> ParallelIterator for FilterMap<I, P>
where
    I: ParallelIterator,
    P: Fn(I::Item) -> Option<R> + Sync + Send,
    R: Send,
{
    type Item = R;

    fn drive_unindexed<C: UnindexedConsumer<R>>(self, consumer: C) -> C::Result {
        let stage = Filtering(self.filter_op);
        self.base.drive_unindexed(Staged::new(consumer, &stage))
    }
}

/// The stage of `filter_map`.
struct Filtering<P>(P);

impl<T, R, P: Fn(T) -> Option<R> + Sync> Stage<T> for Filtering<P> {
    type Item = R;

    #[inline]
    fn consume<B: Folder<R>>(&self, base: B, item: T) -> B {
        match (self.0)(item) {
            Some(mapped) => base.consume(mapped),
            None => base,
        }
    }

    #[inline]
    fn consume_iter<B: Folder<R>, I: IntoIterator<Item = T>>(&self, base: B, iter: I) -> B {
        consume_some(base, iter, |item| (self.0)(item))
    }
}
