//! `with_min_len` and `with_max_len` limit the length of pieces; `with_max_threads` limits how many
//! run at a time.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::with_min_len`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MinLen<I> {
    base: I,
    min: usize,
}

/// Iterator returned by [`IndexedParallelIterator::with_max_len`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MaxLen<I> {
    base: I,
    max: usize,
}

/// Iterator returned by [`IndexedParallelIterator::with_max_threads`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MaxThreads<I> {
    base: I,
    max_threads: usize,
}

impl<I> MinLen<I> {
    pub(crate) fn new(base: I, min: usize) -> Self {
        Self { base, min }
    }
}

impl<I> MaxLen<I> {
    pub(crate) fn new(base: I, max: usize) -> Self {
        Self { base, max }
    }
}

impl<I> MaxThreads<I> {
    pub(crate) fn new(base: I, max_threads: usize) -> Self {
        Self { base, max_threads }
    }
}

bridged!(MinLen<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for MinLen<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            min: self.min,
            max: usize::MAX,
            max_threads: usize::MAX,
        })
    }
}

bridged!(MaxLen<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for MaxLen<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            min: 1,
            max: self.max,
            max_threads: usize::MAX,
        })
    }
}

bridged!(MaxThreads<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for MaxThreads<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            min: 1,
            max: usize::MAX,
            max_threads: self.max_threads,
        })
    }
}

struct Callback<CB> {
    callback: CB,
    min: usize,
    max: usize,
    max_threads: usize,
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for Callback<CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(LimitedProducer {
            base,
            min: self.min,
            max: self.max,
            max_threads: self.max_threads,
        })
    }
}

struct LimitedProducer<P> {
    base: P,
    min: usize,
    max: usize,
    max_threads: usize,
}

impl<P: Producer> Producer for LimitedProducer<P> {
    type Item = P::Item;
    type IntoIter = P::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter()
    }

    fn min_len(&self) -> usize {
        self.base.min_len().max(self.min)
    }

    fn max_len(&self) -> usize {
        self.base.max_len().min(self.max)
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads().min(self.max_threads)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = self.base.split_at(index);
        (
            Self { base: left, ..self },
            Self {
                base: right,
                ..self
            },
        )
    }

    fn fold_with<F: Folder<P::Item>>(self, folder: F) -> F {
        self.base.fold_with(folder)
    }
}
