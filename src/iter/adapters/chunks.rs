//! `chunks`: groups of items, as `Vec`s. Also what `fold_chunks` and `fold_chunks_with` share with
//! it.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::chunks`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Chunks<I> {
    base: I,
    size: usize,
}

impl<I> Chunks<I> {
    /// Wraps `base`. `size` is not 0.
    pub(crate) fn new(base: I, size: usize) -> Self {
        Self { base, size }
    }
}

bridged!(Chunks<I> => Vec<I::Item>, impl<I: IndexedParallelIterator>);

impl<I: IndexedParallelIterator> IndexedParallelIterator for Chunks<I> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.base.len().div_ceil(self.size)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        let len = self.base.len();
        self.base.with_producer(Callback {
            callback,
            len,
            size: self.size,
        })
    }
}

struct Callback<CB> {
    callback: CB,
    len: usize,
    size: usize,
}

impl<T: Send, CB: ProducerCallback<Vec<T>>> ProducerCallback<T> for Callback<CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        let make = |chunk: P::IntoIter| chunk.collect::<Vec<T>>();
        let producer = ChunksProducer::new(base, self.len, self.size, make);
        self.callback.callback(producer)
    }
}

/// A producer that makes one item of each group.
pub(super) struct ChunksProducer<P, F> {
    base: P,
    /// The length of `base`.
    len: usize,
    size: usize,
    make: F,
}

impl<P, F> ChunksProducer<P, F> {
    pub(super) fn new(base: P, len: usize, size: usize, make: F) -> Self {
        Self {
            base,
            len,
            size,
            make,
        }
    }
}

impl<P: Producer, F: Clone> ChunksProducer<P, F> {
    /// Cuts after `middle` items of `base`, which end a group.
    fn cut(self, middle: usize) -> (Self, Self) {
        let (left, right) = self.base.split_at(middle);
        let rest = self.len - middle;
        (
            Self::new(left, middle, self.size, self.make.clone()),
            Self::new(right, rest, self.size, self.make),
        )
    }
}

impl<P, F, R> Producer for ChunksProducer<P, F>
where
    P: Producer,
    F: Fn(P::IntoIter) -> R + Clone + Send,
    R: Send,
{
    type Item = R;
    type IntoIter = ChunksIter<P, F>;

    fn into_iter(self) -> Self::IntoIter {
        ChunksIter { rest: Some(self) }
    }

    fn min_len(&self) -> usize {
        self.base.min_len().div_ceil(self.size)
    }

    fn max_len(&self) -> usize {
        self.base.max_len() / self.size
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        // An overflow means a place beyond the end of `base`.
        let middle = index.saturating_mul(self.size).min(self.len);
        self.cut(middle)
    }
}

/// An iterator that cuts a group off its producer for each item.
pub(super) struct ChunksIter<P, F> {
    /// The groups that are left. `None` if there are none.
    rest: Option<ChunksProducer<P, F>>,
}

impl<P, F, R> Iterator for ChunksIter<P, F>
where
    P: Producer,
    F: Fn(P::IntoIter) -> R + Clone,
{
    type Item = R;

    fn next(&mut self) -> Option<R> {
        let rest = self.rest.take().filter(|rest| rest.len > 0)?;
        if rest.len <= rest.size {
            return Some((rest.make)(rest.base.into_iter()));
        }
        let (base, right) = rest.base.split_at(rest.size);
        let chunk = (rest.make)(base.into_iter());
        let len = rest.len - rest.size;
        self.rest = Some(ChunksProducer::new(right, len, rest.size, rest.make));
        Some(chunk)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.rest.as_ref();
        let len = rest.map_or(0, |rest| rest.len.div_ceil(rest.size));
        (len, Some(len))
    }
}

impl<P, F, R> DoubleEndedIterator for ChunksIter<P, F>
where
    P: Producer,
    F: Fn(P::IntoIter) -> R + Clone,
{
    fn next_back(&mut self) -> Option<R> {
        let rest = self.rest.take().filter(|rest| rest.len > 0)?;
        // The last group is the one that may be short.
        let middle = (rest.len - 1) / rest.size * rest.size;
        let (left, last) = rest.cut(middle);
        self.rest = Some(left);
        Some((last.make)(last.base.into_iter()))
    }
}

impl<P, F, R> ExactSizeIterator for ChunksIter<P, F>
where
    P: Producer,
    F: Fn(P::IntoIter) -> R + Clone,
{
}
