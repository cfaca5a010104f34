//! `chain`: the items of one loop, then those of another.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`ParallelIterator::chain`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Chain<A, B> {
    a: A,
    b: B,
}

impl<A, B> Chain<A, B> {
    pub(crate) fn new(a: A, b: B) -> Self {
        Self { a, b }
    }
}

impl<A, B> ParallelIterator for Chain<A, B>
where
    A: ParallelIterator,
    B: ParallelIterator<Item = A::Item>,
{
    type Item = A::Item;

    fn drive_unindexed<C: UnindexedConsumer<A::Item>>(self, consumer: C) -> C::Result {
        // A consumer that knows its place must be cut at the right place.
        let (left, right, reducer) = match self.a.opt_len() {
            Some(len) => consumer.split_at(len),
            None => {
                let reducer = consumer.to_reducer();
                (consumer.split_off_left(), consumer, reducer)
            }
        };
        let (a, b) = fork::join_anywhere(
            || self.a.drive_unindexed(left),
            || self.b.drive_unindexed(right),
        );
        reducer.reduce(a, b)
    }

    fn opt_len(&self) -> Option<usize> {
        self.a.opt_len()?.checked_add(self.b.opt_len()?)
    }
}

impl<A, B> IndexedParallelIterator for Chain<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator<Item = A::Item>,
{
    fn drive<C: Consumer<A::Item>>(self, consumer: C) -> C::Result {
        let (left, right, reducer) = consumer.split_at(self.a.len());
        let (a, b) = fork::join_anywhere(|| self.a.drive(left), || self.b.drive(right));
        reducer.reduce(a, b)
    }

    fn len(&self) -> usize {
        self.a.len().saturating_add(self.b.len())
    }

    fn with_producer<CB: ProducerCallback<A::Item>>(self, callback: CB) -> CB::Output {
        let a_len = self.a.len();
        assert!(
            a_len.checked_add(self.b.len()).is_some(),
            "the places of a chain must not be more than usize::MAX"
        );
        self.a.with_producer(CallbackA {
            callback,
            a_len,
            b: self.b,
        })
    }
}

struct CallbackA<CB, B> {
    callback: CB,
    a_len: usize,
    b: B,
}

impl<B, CB> ProducerCallback<B::Item> for CallbackA<CB, B>
where
    B: IndexedParallelIterator,
    CB: ProducerCallback<B::Item>,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = B::Item>>(self, a: P) -> CB::Output {
        let b_len = self.b.len();
        self.b.with_producer(CallbackB {
            callback: self.callback,
            a,
            a_len: self.a_len,
            b_len,
        })
    }
}

struct CallbackB<CB, A> {
    callback: CB,
    a: A,
    a_len: usize,
    b_len: usize,
}

impl<A, CB> ProducerCallback<A::Item> for CallbackB<CB, A>
where
    A: Producer,
    CB: ProducerCallback<A::Item>,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = A::Item>>(self, b: P) -> CB::Output {
        self.callback.callback(ChainProducer {
            a: self.a,
            a_len: self.a_len,
            b,
            b_len: self.b_len,
        })
    }
}

struct ChainProducer<A, B> {
    a: A,
    a_len: usize,
    b: B,
    b_len: usize,
}

impl<A, B> Producer for ChainProducer<A, B>
where
    A: Producer,
    B: Producer<Item = A::Item>,
{
    type Item = A::Item;
    type IntoIter = ChainIter<A::IntoIter, B::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        ChainIter::new(self.a.into_iter(), self.b.into_iter())
    }

    fn min_len(&self) -> usize {
        self.a.min_len().max(self.b.min_len())
    }

    fn max_len(&self) -> usize {
        self.a.max_len().min(self.b.max_len())
    }

    fn max_threads(&self) -> usize {
        self.a.max_threads().min(self.b.max_threads())
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let a_index = index.min(self.a_len);
        let b_index = index - a_index;
        let (left_a, right_a) = self.a.split_at(a_index);
        let (left_b, right_b) = self.b.split_at(b_index);
        let left = Self {
            a: left_a,
            a_len: a_index,
            b: left_b,
            b_len: b_index,
        };
        let right = Self {
            a: right_a,
            a_len: self.a_len - a_index,
            b: right_b,
            b_len: self.b_len - b_index,
        };
        (left, right)
    }

    fn fold_with<F: Folder<A::Item>>(self, folder: F) -> F {
        let folder = self.a.fold_with(folder);
        if folder.full() {
            return folder;
        }
        self.b.fold_with(folder)
    }
}

/// `std::iter::Chain`, with the exact length that std cannot promise.
pub(crate) struct ChainIter<A, B> {
    iter: std::iter::Chain<A, B>,
    len: usize,
}

impl<A, B> ChainIter<A, B>
where
    A: ExactSizeIterator,
    B: ExactSizeIterator<Item = A::Item>,
{
    /// Chains `a` and `b`, which together must not be longer than `usize::MAX`.
    pub(crate) fn new(a: A, b: B) -> Self {
        Self {
            len: a.len() + b.len(),
            iter: a.chain(b),
        }
    }
}

impl<A, B> Iterator for ChainIter<A, B>
where
    A: Iterator,
    B: Iterator<Item = A::Item>,
{
    type Item = A::Item;

    fn next(&mut self) -> Option<A::Item> {
        let item = self.iter.next()?;
        self.len = self.len.saturating_sub(1);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }

    fn fold<T, F: FnMut(T, A::Item) -> T>(self, init: T, f: F) -> T {
        self.iter.fold(init, f)
    }
}

impl<A, B> ExactSizeIterator for ChainIter<A, B>
where
    A: Iterator,
    B: Iterator<Item = A::Item>,
{
}

impl<A, B> DoubleEndedIterator for ChainIter<A, B>
where
    A: DoubleEndedIterator,
    B: DoubleEndedIterator<Item = A::Item>,
{
    fn next_back(&mut self) -> Option<A::Item> {
        let item = self.iter.next_back()?;
        self.len = self.len.saturating_sub(1);
        Some(item)
    }
}
