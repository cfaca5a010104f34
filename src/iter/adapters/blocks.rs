//! `by_exponential_blocks` and `by_uniform_blocks`: parallel within a block, one block after the
//! other.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`IndexedParallelIterator::by_exponential_blocks`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ExponentialBlocks<I> {
    base: I,
}

impl<I> ExponentialBlocks<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

/// Iterator returned by [`IndexedParallelIterator::by_uniform_blocks`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct UniformBlocks<I> {
    base: I,
    block_size: usize,
}

impl<I> UniformBlocks<I> {
    /// Wraps `base`. `block_size` is not 0.
    pub(crate) fn new(base: I, block_size: usize) -> Self {
        Self { base, block_size }
    }
}

impl<I: IndexedParallelIterator> ParallelIterator for ExponentialBlocks<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let sizes = |size: &usize| Some(size.saturating_mul(2));
        drive(self.base, consumer, fork::num_threads().max(1), sizes)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.base.len())
    }
}

impl<I: IndexedParallelIterator> ParallelIterator for UniformBlocks<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        drive(self.base, consumer, self.block_size, |size| Some(*size))
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.base.len())
    }
}

/// Runs blocks of the sizes `first`, `next(first)`, ...
fn drive<I, C>(
    base: I,
    consumer: C,
    first: usize,
    next: impl Fn(&usize) -> Option<usize> + Send,
) -> C::Result
where
    I: IndexedParallelIterator,
    C: Consumer<I::Item>,
{
    let len = base.len();
    base.with_producer(Callback {
        consumer,
        len,
        sizes: std::iter::successors(Some(first), next),
    })
}

struct Callback<C, S> {
    consumer: C,
    len: usize,
    /// The sizes of the blocks, an endless iterator.
    sizes: S,
}

impl<T, C, S> ProducerCallback<T> for Callback<C, S>
where
    C: Consumer<T>,
    S: Iterator<Item = usize> + Send,
{
    type Output = C::Result;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> C::Result {
        // All blocks run on one seat.
        fork::on_seat(move || self.run(producer))
    }
}

impl<C, S: Iterator<Item = usize>> Callback<C, S> {
    fn run<P>(mut self, mut producer: P) -> C::Result
    where
        P: Producer,
        C: Consumer<P::Item>,
    {
        let mut before: Option<(C::Result, C::Reducer)> = None;
        let put_together = |before: Option<(C::Result, C::Reducer)>, result| match before {
            None => result,
            Some((before, reducer)) => reducer.reduce(before, result),
        };
        loop {
            let size = self.sizes.next().unwrap_or(self.len);
            if size >= self.len || self.consumer.full() {
                let last = bridge_producer_consumer(self.len, producer, self.consumer);
                return put_together(before, last);
            }
            let (block, rest) = producer.split_at(size);
            let (this, consumer, reducer) = self.consumer.split_at(size);
            let result = bridge_producer_consumer(size, block, this);
            before = Some((put_together(before, result), reducer));
            self.len -= size;
            self.consumer = consumer;
            producer = rest;
        }
    }
}
