//! `take`: the first `n` items.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::take`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Take<I> {
    base: I,
    n: usize,
}

impl<I: IndexedParallelIterator> Take<I> {
    pub(crate) fn new(base: I, n: usize) -> Self {
        let n = n.min(base.len());
        Self { base, n }
    }
}

bridged!(Take<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for Take<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.n
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            n: self.n,
        })
    }
}

struct Callback<CB> {
    callback: CB,
    n: usize,
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for Callback<CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        let (taken, _) = base.split_at(self.n);
        self.callback.callback(taken)
    }
}
