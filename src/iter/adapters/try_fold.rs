//! `try_fold` and `try_fold_with`: one accumulator per piece of the loop, until a step says "stop".

use super::seed::{Cloned, Made, Op, Seed, Seeded};
use crate::iter::ParallelIterator;
use crate::iter::attempt::Try;
use crate::iter::plumbing::*;
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow::{self, Break, Continue};

/// Iterator returned by [`ParallelIterator::try_fold`].
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct TryFold<I, U, ID, F> {
    base: I,
    identity: ID,
    fold_op: F,
    result: PhantomData<fn() -> U>,
}

impl<I, U, ID, F> TryFold<I, U, ID, F> {
    pub(crate) fn new(base: I, identity: ID, fold_op: F) -> Self {
        Self {
            base,
            identity,
            fold_op,
            result: PhantomData,
        }
    }
}

impl<I: Clone, U, ID: Clone, F: Clone> Clone for TryFold<I, U, ID, F> {
    fn clone(&self) -> Self {
        Self::new(
            self.base.clone(),
            self.identity.clone(),
            self.fold_op.clone(),
        )
    }
}

impl<I: fmt::Debug, U, ID, F> fmt::Debug for TryFold<I, U, ID, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryFold").field("base", &self.base).finish()
    }
}

impl<U, I, ID, F> ParallelIterator for TryFold<I, U, ID, F>
where
    I: ParallelIterator,
    F: Fn(U::Output, I::Item) -> U + Sync + Send,
    ID: Fn() -> U::Output + Sync + Send,
    U: Try + Send,
{
    type Item = U;

    fn drive_unindexed<C: UnindexedConsumer<U>>(self, consumer: C) -> C::Result {
        let (seed, op) = (GoOn::new(Made(&self.identity)), TryFolding(self.fold_op));
        self.base.drive_unindexed(Seeded::new(consumer, seed, &op))
    }
}

/// The seed of a state that says "go on".
struct GoOn<D, R> {
    seed: D,
    residual: PhantomData<fn() -> R>,
}

impl<D, R> GoOn<D, R> {
    fn new(seed: D) -> Self {
        Self {
            seed,
            residual: PhantomData,
        }
    }
}

impl<D: Clone, R> Clone for GoOn<D, R> {
    fn clone(&self) -> Self {
        Self::new(self.seed.clone())
    }
}

impl<D: Seed, R> Seed for GoOn<D, R> {
    type Value = ControlFlow<R, D::Value>;

    fn grow(self) -> Self::Value {
        Continue(self.seed.grow())
    }
}

/// The function of `try_fold` and `try_fold_with`.
struct TryFolding<F>(F);

impl<T, U, O, R, F> Op<T, ControlFlow<R, O>> for TryFolding<F>
where
    F: Fn(O, T) -> U + Sync,
    U: Try<Output = O, Residual = R>,
{
    type Item = U;

    #[inline]
    fn consume<B: Folder<U>>(
        &self,
        base: B,
        value: ControlFlow<R, O>,
        item: T,
    ) -> (B, ControlFlow<R, O>) {
        let value = match value {
            Continue(output) => (self.0)(output, item).branch(),
            stop => stop,
        };
        (base, value)
    }

    fn complete<B: Folder<U>>(&self, base: B, value: ControlFlow<R, O>) -> B::Result {
        let item = match value {
            Continue(output) => U::from_output(output),
            Break(residual) => U::from_residual(residual),
        };
        base.consume(item).complete()
    }

    fn is_full(&self, value: &ControlFlow<R, O>) -> bool {
        value.is_break()
    }
}

/// Iterator returned by [`ParallelIterator::try_fold_with`].
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct TryFoldWith<I, U: Try, F> {
    base: I,
    item: U::Output,
    fold_op: F,
}

impl<I, U: Try, F> TryFoldWith<I, U, F> {
    pub(crate) fn new(base: I, item: U::Output, fold_op: F) -> Self {
        Self {
            base,
            item,
            fold_op,
        }
    }
}

impl<I: Clone, U: Try<Output: Clone>, F: Clone> Clone for TryFoldWith<I, U, F> {
    fn clone(&self) -> Self {
        Self::new(self.base.clone(), self.item.clone(), self.fold_op.clone())
    }
}

impl<I: fmt::Debug, U: Try<Output: fmt::Debug>, F> fmt::Debug for TryFoldWith<I, U, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryFoldWith")
            .field("base", &self.base)
            .field("item", &self.item)
            .finish()
    }
}

impl<U, I, F> ParallelIterator for TryFoldWith<I, U, F>
where
    I: ParallelIterator,
    F: Fn(U::Output, I::Item) -> U + Sync + Send,
    U: Try<Output: Clone + Send> + Send,
{
    type Item = U;

    fn drive_unindexed<C: UnindexedConsumer<U>>(self, consumer: C) -> C::Result {
        let (seed, op) = (GoOn::new(Cloned(self.item)), TryFolding(self.fold_op));
        self.base.drive_unindexed(Seeded::new(consumer, seed, &op))
    }
}
