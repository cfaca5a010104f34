//! `fold_chunks` and `fold_chunks_with`: one accumulator for each group of items.

use super::chunks::ChunksProducer;
use super::seed::{Cloned, Made, Seed};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};
use std::fmt;

/// Iterator returned by [`IndexedParallelIterator::fold_chunks`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FoldChunks<I, ID, F> {
    base: I,
    size: usize,
    identity: ID,
    fold_op: F,
}

impl<I, ID, F> FoldChunks<I, ID, F> {
    /// Wraps `base`. `size` is not 0.
    pub(crate) fn new(base: I, size: usize, identity: ID, fold_op: F) -> Self {
        Self {
            base,
            size,
            identity,
            fold_op,
        }
    }
}

impl<I: fmt::Debug, ID, F> fmt::Debug for FoldChunks<I, ID, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldChunks")
            .field("base", &self.base)
            .field("size", &self.size)
            .finish()
    }
}

bridged!(
    FoldChunks<I, ID, F> => U,
    impl<
        I: IndexedParallelIterator,
        ID: Fn() -> U + Sync + Send,
        U: Send,
        F: Fn(U, I::Item) -> U + Sync + Send,
    >
);

impl<I, ID, U, F> IndexedParallelIterator for FoldChunks<I, ID, F>
where
    I: IndexedParallelIterator,
    ID: Fn() -> U + Sync + Send,
    F: Fn(U, I::Item) -> U + Sync + Send,
    U: Send,
{
    fn drive<C: Consumer<U>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len().div_ceil(self.size)
    }

    fn with_producer<CB: ProducerCallback<U>>(self, callback: CB) -> CB::Output {
        let len = self.base.len();
        self.base.with_producer(Callback {
            callback,
            len,
            size: self.size,
            seed: Made(&self.identity),
            fold_op: self.fold_op,
        })
    }
}

/// Iterator returned by [`IndexedParallelIterator::fold_chunks_with`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FoldChunksWith<I, U, F> {
    base: I,
    size: usize,
    item: U,
    fold_op: F,
}

impl<I, U, F> FoldChunksWith<I, U, F> {
    /// Wraps `base`. `size` is not 0.
    pub(crate) fn new(base: I, size: usize, item: U, fold_op: F) -> Self {
        Self {
            base,
            size,
            item,
            fold_op,
        }
    }
}

impl<I: fmt::Debug, U: fmt::Debug, F> fmt::Debug for FoldChunksWith<I, U, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldChunksWith")
            .field("base", &self.base)
            .field("size", &self.size)
            .field("item", &self.item)
            .finish()
    }
}

bridged!(
    FoldChunksWith<I, U, F> => U,
    impl<I: IndexedParallelIterator, U: Send + Clone, F: Fn(U, I::Item) -> U + Sync + Send>
);

impl<I, U, F> IndexedParallelIterator for FoldChunksWith<I, U, F>
where
    I: IndexedParallelIterator,
    F: Fn(U, I::Item) -> U + Sync + Send,
    U: Send + Clone,
{
    fn drive<C: Consumer<U>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len().div_ceil(self.size)
    }

    fn with_producer<CB: ProducerCallback<U>>(self, callback: CB) -> CB::Output {
        let len = self.base.len();
        self.base.with_producer(Callback {
            callback,
            len,
            size: self.size,
            seed: Cloned(self.item),
            fold_op: self.fold_op,
        })
    }
}

struct Callback<CB, D, F> {
    callback: CB,
    len: usize,
    size: usize,
    seed: D,
    fold_op: F,
}

impl<T, CB, D, F> ProducerCallback<T> for Callback<CB, D, F>
where
    CB: ProducerCallback<D::Value>,
    D: Seed<Value: Send>,
    F: Fn(D::Value, T) -> D::Value + Sync,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        let (seed, fold_op) = (self.seed, &self.fold_op);
        let make = move |chunk: P::IntoIter| chunk.fold(seed.clone().grow(), fold_op);
        let producer = ChunksProducer::new(base, self.len, self.size, make);
        self.callback.callback(producer)
    }
}
