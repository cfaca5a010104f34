//! No result at all: items are dropped.

use crate::iter::plumbing::*;

/// Drops its items. Also its own folder and reducer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoopConsumer;

impl<T> Consumer<T> for NoopConsumer {
    type Folder = Self;
    type Reducer = Self;
    type Result = ();

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (Self, Self, Self)
    }

    fn into_folder(self) -> Self {
        self
    }

    fn full(&self) -> bool {
        false
    }

    fn rejoin(self, folder: Self, _index: usize) -> Rejoined<Self, Self> {
        Ok((folder, self))
    }
}

impl<T> UnindexedConsumer<T> for NoopConsumer {
    fn split_off_left(&self) -> Self {
        Self
    }

    fn to_reducer(&self) -> Self {
        Self
    }
}

impl<T> Folder<T> for NoopConsumer {
    type Result = ();

    fn consume(self, _item: T) -> Self {
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        iter.into_iter().for_each(drop);
        self
    }

    fn complete(self) {}

    fn full(&self) -> bool {
        false
    }
}

impl Reducer<()> for NoopConsumer {
    fn reduce(self, _left: (), _right: ()) {}
}
