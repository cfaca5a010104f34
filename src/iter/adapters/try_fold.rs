//! `try_fold` and `try_fold_with`: one accumulator per piece of the loop, until a step says "stop".

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
        self.base.drive_unindexed(TryFoldConsumer {
            base: consumer,
            identity: &self.identity,
            fold_op: &self.fold_op,
            result: PhantomData,
        })
    }
}

struct TryFoldConsumer<'c, U, C, ID, F> {
    base: C,
    identity: &'c ID,
    fold_op: &'c F,
    result: PhantomData<fn() -> U>,
}

impl<'c, U, T, C, ID, F> Consumer<T> for TryFoldConsumer<'c, U, C, ID, F>
where
    C: Consumer<U>,
    F: Fn(U::Output, T) -> U + Sync,
    ID: Fn() -> U::Output + Sync,
    U: Try + Send,
{
    type Folder = TryFoldFolder<'c, C::Folder, U, F>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self { base: left, ..self },
            Self {
                base: right,
                ..self
            },
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        TryFoldFolder {
            base: self.base.into_folder(),
            state: Continue((self.identity)()),
            fold_op: self.fold_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let TryFoldFolder { state, fold_op, .. } = folder;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| TryFoldFolder {
                base,
                state,
                fold_op,
            },
            |base| Self { base, ..self },
        )
    }
}

impl<'c, U, T, C, ID, F> UnindexedConsumer<T> for TryFoldConsumer<'c, U, C, ID, F>
where
    C: UnindexedConsumer<U>,
    F: Fn(U::Output, T) -> U + Sync,
    ID: Fn() -> U::Output + Sync,
    U: Try + Send,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            ..*self
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct TryFoldFolder<'c, B, U: Try, F> {
    base: B,
    state: ControlFlow<U::Residual, U::Output>,
    fold_op: &'c F,
}

impl<'c, B, U, T, F> Folder<T> for TryFoldFolder<'c, B, U, F>
where
    B: Folder<U>,
    F: Fn(U::Output, T) -> U,
    U: Try,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        let state = match self.state {
            Continue(output) => (self.fold_op)(output, item).branch(),
            stop => stop,
        };
        Self { state, ..self }
    }

    fn complete(self) -> B::Result {
        let item = match self.state {
            Continue(output) => U::from_output(output),
            Break(residual) => U::from_residual(residual),
        };
        self.base.consume(item).complete()
    }

    fn full(&self) -> bool {
        self.state.is_break() || self.base.full()
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
        self.base.drive_unindexed(TryFoldWithConsumer {
            base: consumer,
            item: self.item,
            fold_op: &self.fold_op,
        })
    }
}

struct TryFoldWithConsumer<'c, U: Try, C, F> {
    base: C,
    item: U::Output,
    fold_op: &'c F,
}

impl<'c, U, T, C, F> Consumer<T> for TryFoldWithConsumer<'c, U, C, F>
where
    C: Consumer<U>,
    F: Fn(U::Output, T) -> U + Sync,
    U: Try<Output: Clone + Send> + Send,
{
    type Folder = TryFoldFolder<'c, C::Folder, U, F>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        let left = Self {
            base: left,
            item: self.item.clone(),
            fold_op: self.fold_op,
        };
        let right = Self {
            base: right,
            ..self
        };
        (left, right, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        TryFoldFolder {
            base: self.base.into_folder(),
            state: Continue(self.item),
            fold_op: self.fold_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let fold_op = self.fold_op;
        let (begun, fresh) = (folder.state, self.item);
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| TryFoldFolder {
                base,
                state: begun,
                fold_op,
            },
            |base| Self {
                base,
                item: fresh,
                fold_op,
            },
        )
    }
}

impl<'c, U, T, C, F> UnindexedConsumer<T> for TryFoldWithConsumer<'c, U, C, F>
where
    C: UnindexedConsumer<U>,
    F: Fn(U::Output, T) -> U + Sync,
    U: Try<Output: Clone + Send> + Send,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            item: self.item.clone(),
            fold_op: self.fold_op,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}
