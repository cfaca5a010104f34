//! `reduce`: combines many items into one.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

pub(crate) fn reduce<I, ID, F>(iter: I, identity: &ID, reduce_op: &F) -> I::Item
where
    I: ParallelIterator,
    ID: Fn() -> I::Item + Sync,
    F: Fn(I::Item, I::Item) -> I::Item + Sync,
{
    iter.drive_unindexed(ReduceConsumer {
        identity,
        reduce_op,
    })
}

/// The consumer of `reduce`, which is also its own reducer.
struct ReduceConsumer<'r, ID, F> {
    identity: &'r ID,
    reduce_op: &'r F,
}

impl<'r, ID, F> Clone for ReduceConsumer<'r, ID, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'r, ID, F> Copy for ReduceConsumer<'r, ID, F> {}

impl<'r, T, ID, F> Consumer<T> for ReduceConsumer<'r, ID, F>
where
    T: Send,
    ID: Fn() -> T + Sync,
    F: Fn(T, T) -> T + Sync,
{
    type Folder = ReduceFolder<'r, T, F>;
    type Reducer = Self;
    type Result = T;

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (self, self, self)
    }

    fn into_folder(self) -> Self::Folder {
        ReduceFolder {
            item: (self.identity)(),
            reduce_op: self.reduce_op,
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'r, T, ID, F> UnindexedConsumer<T> for ReduceConsumer<'r, ID, F>
where
    T: Send,
    ID: Fn() -> T + Sync,
    F: Fn(T, T) -> T + Sync,
{
    fn split_off_left(&self) -> Self {
        *self
    }

    fn to_reducer(&self) -> Self {
        *self
    }
}

impl<'r, T, ID, F: Fn(T, T) -> T> Reducer<T> for ReduceConsumer<'r, ID, F> {
    fn reduce(self, left: T, right: T) -> T {
        (self.reduce_op)(left, right)
    }
}

struct ReduceFolder<'r, T, F> {
    item: T,
    reduce_op: &'r F,
}

impl<'r, T, F: Fn(T, T) -> T> Folder<T> for ReduceFolder<'r, T, F> {
    type Result = T;

    fn consume(self, item: T) -> Self {
        Self {
            item: (self.reduce_op)(self.item, item),
            ..self
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        Self {
            item: iter.into_iter().fold(self.item, self.reduce_op),
            ..self
        }
    }

    fn complete(self) -> T {
        self.item
    }

    fn full(&self) -> bool {
        false
    }
}
