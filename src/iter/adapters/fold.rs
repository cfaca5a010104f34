//! `fold` and `fold_with`: one accumulator per piece of the loop.

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
        self.base.drive_unindexed(FoldConsumer {
            base: consumer,
            identity: &self.identity,
            fold_op: &self.fold_op,
        })
    }
}

struct FoldConsumer<'c, C, ID, F> {
    base: C,
    identity: &'c ID,
    fold_op: &'c F,
}

impl<'c, U, T, C, ID, F> Consumer<T> for FoldConsumer<'c, C, ID, F>
where
    C: Consumer<U>,
    F: Fn(U, T) -> U + Sync,
    ID: Fn() -> U + Sync,
    U: Send,
{
    type Folder = FoldFolder<'c, C::Folder, U, F>;
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
        FoldFolder {
            base: self.base.into_folder(),
            item: (self.identity)(),
            fold_op: self.fold_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let FoldFolder { item, fold_op, .. } = folder;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| FoldFolder {
                base,
                item,
                fold_op,
            },
            |base| Self { base, ..self },
        )
    }
}

impl<'c, U, T, C, ID, F> UnindexedConsumer<T> for FoldConsumer<'c, C, ID, F>
where
    C: UnindexedConsumer<U>,
    F: Fn(U, T) -> U + Sync,
    ID: Fn() -> U + Sync,
    U: Send,
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

struct FoldFolder<'c, B, U, F> {
    base: B,
    item: U,
    fold_op: &'c F,
}

impl<'c, B, U, T, F> Folder<T> for FoldFolder<'c, B, U, F>
where
    B: Folder<U>,
    F: Fn(U, T) -> U,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        Self {
            item: (self.fold_op)(self.item, item),
            ..self
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let Self {
            base,
            item,
            fold_op,
        } = self;
        let mut iter = iter.into_iter();
        // The inner folder sees no item before the end. So it is full now or never, unless another
        // piece fills it.
        let item =
            std::iter::from_fn(|| if base.full() { None } else { iter.next() }).fold(item, fold_op);
        Self {
            base,
            item,
            fold_op,
        }
    }

    fn complete(self) -> B::Result {
        self.base.consume(self.item).complete()
    }

    fn full(&self) -> bool {
        self.base.full()
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
        self.base.drive_unindexed(FoldWithConsumer {
            base: consumer,
            item: self.item,
            fold_op: &self.fold_op,
        })
    }
}

struct FoldWithConsumer<'c, C, U, F> {
    base: C,
    item: U,
    fold_op: &'c F,
}

impl<'c, U, T, C, F> Consumer<T> for FoldWithConsumer<'c, C, U, F>
where
    C: Consumer<U>,
    F: Fn(U, T) -> U + Sync,
    U: Send + Clone,
{
    type Folder = FoldFolder<'c, C::Folder, U, F>;
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
        FoldFolder {
            base: self.base.into_folder(),
            item: self.item,
            fold_op: self.fold_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let fold_op = self.fold_op;
        let (begun, fresh) = (folder.item, self.item);
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| FoldFolder {
                base,
                item: begun,
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

impl<'c, U, T, C, F> UnindexedConsumer<T> for FoldWithConsumer<'c, C, U, F>
where
    C: UnindexedConsumer<U>,
    F: Fn(U, T) -> U + Sync,
    U: Send + Clone,
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
