//! `skip`: all items except the first `n`.

use crate::iter::plumbing::*;
use crate::iter::sinks::noop::NoopConsumer;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::skip`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Skip<I> {
    base: I,
    n: usize,
}

impl<I: IndexedParallelIterator> Skip<I> {
    pub(crate) fn new(base: I, n: usize) -> Self {
        let n = n.min(base.len());
        Self { base, n }
    }
}

bridged!(Skip<I> => I::Item, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for Skip<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len() - self.n
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
        let (skipped, rest) = base.split_at(self.n);
        // As in std, skipped items are made and dropped: a `map` before the `skip` sees them.
        bridge_producer_consumer(self.n, skipped, NoopConsumer);
        self.callback.callback(rest)
    }
}
