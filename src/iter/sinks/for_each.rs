//! `for_each`: a function that is called for its effects.

use super::noop::NoopConsumer;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

pub(crate) fn for_each<I, F>(iter: I, op: &F)
where
    I: ParallelIterator,
    F: Fn(I::Item) + Sync,
{
    iter.drive_unindexed(ForEachConsumer { op });
}

/// The consumer of `for_each`, which is also its own folder.
struct ForEachConsumer<'f, F> {
    op: &'f F,
}

impl<'f, T, F: Fn(T) + Sync> Consumer<T> for ForEachConsumer<'f, F> {
    type Folder = Self;
    type Reducer = NoopConsumer;
    type Result = ();

    fn split_at(self, _index: usize) -> (Self, Self, NoopConsumer) {
        (Self { op: self.op }, self, NoopConsumer)
    }

    fn into_folder(self) -> Self {
        self
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &Self) -> bool {
        true
    }
}

impl<'f, T, F: Fn(T) + Sync> UnindexedConsumer<T> for ForEachConsumer<'f, F> {
    fn split_off_left(&self) -> Self {
        Self { op: self.op }
    }

    fn to_reducer(&self) -> NoopConsumer {
        NoopConsumer
    }
}

impl<'f, T, F: Fn(T) + Sync> Folder<T> for ForEachConsumer<'f, F> {
    type Result = ();

    fn consume(self, item: T) -> Self {
        (self.op)(item);
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        iter.into_iter().for_each(self.op);
        self
    }

    fn complete(self) {}

    fn full(&self) -> bool {
        false
    }
}
