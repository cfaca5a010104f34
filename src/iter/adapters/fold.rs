//! `fold` and `fold_with`: one accumulator per piece of the loop.

use super::seed::{Cloned, Made, Op, Seeded};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::fold`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Fold<I, ID, F> {
    base: I,
    identity: ID,
    fold_op: F,
}

impl<I, ID, F> Fold<I, ID, F> {
    pub(crate) fn new(base: I, identity: ID, fold_op: F) -> Self {
        Self {
            base,
            identity,
            fold_op,
        }
    }
}

impl<I: fmt::Debug, ID, F> fmt::Debug for Fold<I, ID, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fold").field("base", &self.base).finish()
    }
}

impl<U, I, ID, F> ParallelIterator for Fold<I, ID, F>
where
    I: ParallelIterator,
    F: Fn(U, I::Item) -> U + Sync + Send,
    ID: Fn() -> U + Sync + Send,
    U: Send,
{
    type Item = U;

    fn drive_unindexed<C: UnindexedConsumer<U>>(self, consumer: C) -> C::Result {
        let (seed, op) = (Made(&self.identity), Folding(self.fold_op));
        self.base.drive_unindexed(Seeded::new(consumer, seed, &op))
    }
}

/// The function of `fold` and `fold_with`.
struct Folding<F>(F);

impl<T, U, F: Fn(U, T) -> U + Sync> Op<T, U> for Folding<F> {
    type Item = U;

    #[inline]
    fn consume<B: Folder<U>>(&self, base: B, value: U, item: T) -> (B, U) {
        (base, (self.0)(value, item))
    }

    #[inline]
    fn consume_iter<B, I>(&self, base: B, value: U, iter: I) -> (B, U)
    where
        B: Folder<U>,
        I: IntoIterator<Item = T>,
    {
        let mut iter = iter.into_iter();
        // The inner folder sees no item before the end. So it is full now or never, unless another
        // piece fills it.
        let items = std::iter::from_fn(|| if base.full() { None } else { iter.next() });
        let value = items.fold(value, &self.0);
        (base, value)
    }

    fn complete<B: Folder<U>>(&self, base: B, value: U) -> B::Result {
        base.consume(value).complete()
    }
}

/// Iterator returned by [`ParallelIterator::fold_with`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FoldWith<I, U, F> {
    base: I,
    item: U,
    fold_op: F,
}

impl<I, U, F> FoldWith<I, U, F> {
    pub(crate) fn new(base: I, item: U, fold_op: F) -> Self {
        Self {
            base,
            item,
            fold_op,
        }
    }
}

impl<I: fmt::Debug, U: fmt::Debug, F> fmt::Debug for FoldWith<I, U, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldWith")
            .field("base", &self.base)
            .field("item", &self.item)
            .finish()
    }
}

impl<U, I, F> ParallelIterator for FoldWith<I, U, F>
where
    I: ParallelIterator,
    F: Fn(U, I::Item) -> U + Sync + Send,
    U: Send + Clone,
{
    type Item = U;

    fn drive_unindexed<C: UnindexedConsumer<U>>(self, consumer: C) -> C::Result {
        let (seed, op) = (Cloned(self.item), Folding(self.fold_op));
        self.base.drive_unindexed(Seeded::new(consumer, seed, &op))
    }
}
