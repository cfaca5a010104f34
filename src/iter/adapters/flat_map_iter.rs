//! `flat_map_iter`: each item becomes a sequential iterator.

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
        self.base
            .drive_unindexed(FlatMapIterConsumer::new(consumer, &self.map_op))
    }
}

struct FlatMapIterConsumer<'f, C, F> {
    base: C,
    map_op: &'f F,
}

impl<'f, C, F> FlatMapIterConsumer<'f, C, F> {
    fn new(base: C, map_op: &'f F) -> Self {
        Self { base, map_op }
    }
}

impl<'f, T, SI, C, F> Consumer<T> for FlatMapIterConsumer<'f, C, F>
where
    C: UnindexedConsumer<SI::Item>,
    F: Fn(T) -> SI + Sync,
    SI: IntoIterator,
{
    type Folder = FlatMapIterFolder<'f, C::Folder, F>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.map_op),
            Self::new(right, self.map_op),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        FlatMapIterFolder {
            base: self.base.into_folder(),
            map_op: self.map_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let map_op = self.map_op;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| FlatMapIterFolder { base, map_op },
            |base| Self { base, map_op },
        )
    }
}

impl<'f, T, SI, C, F> UnindexedConsumer<T> for FlatMapIterConsumer<'f, C, F>
where
    C: UnindexedConsumer<SI::Item>,
    F: Fn(T) -> SI + Sync,
    SI: IntoIterator,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.map_op)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct FlatMapIterFolder<'f, B, F> {
    base: B,
    map_op: &'f F,
}

impl<'f, T, SI, B, F> Folder<T> for FlatMapIterFolder<'f, B, F>
where
    B: Folder<SI::Item>,
    F: Fn(T) -> SI,
    SI: IntoIterator,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        Self {
            base: self.base.consume_iter((self.map_op)(item)),
            ..self
        }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
