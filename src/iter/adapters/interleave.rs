//! `interleave`: one item of each loop in turn.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`IndexedParallelIterator::interleave`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Interleave<A, B> {
    a: A,
    b: B,
}

impl<A, B> Interleave<A, B> {
    pub(crate) fn new(a: A, b: B) -> Self {
        Self { a, b }
    }
}

impl<A, B> ParallelIterator for Interleave<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator<Item = A::Item>,
{
    type Item = A::Item;

    fn drive_unindexed<C: UnindexedConsumer<A::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        self.a.len().checked_add(self.b.len())
    }
}

impl<A, B> IndexedParallelIterator for Interleave<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator<Item = A::Item>,
{
    fn drive<C: Consumer<A::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.a.len().saturating_add(self.b.len())
    }

    fn with_producer<CB: ProducerCallback<A::Item>>(self, callback: CB) -> CB::Output {
        let a_len = self.a.len();
        assert!(
            a_len.checked_add(self.b.len()).is_some(),
            "the places of interleaved loops must not be more than usize::MAX"
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
        self.callback.callback(InterleaveProducer {
            a: self.a,
            a_len: self.a_len,
            b,
            b_len: self.b_len,
            b_first: false,
        })
    }
}

struct InterleaveProducer<A, B> {
    a: A,
    a_len: usize,
    b: B,
    b_len: usize,
    /// Is the next item one of `b`'s, if `b` has any left?
    b_first: bool,
}

/// How many of the next `index` items come from the loop whose turn it is, and how many from the
/// other.
fn shares(index: usize, first_len: usize, second_len: usize) -> (usize, usize) {
    let (first, second) = (index.div_ceil(2), index / 2);
    if first > first_len {
        (first_len, index - first_len)
    } else if second > second_len {
        (index - second_len, second_len)
    } else {
        (first, second)
    }
}

impl<A, B> Producer for InterleaveProducer<A, B>
where
    A: Producer,
    B: Producer<Item = A::Item>,
{
    type Item = A::Item;
    type IntoIter = InterleaveIter<A::IntoIter, B::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        InterleaveIter {
            a: self.a.into_iter(),
            b: self.b.into_iter(),
            b_first: self.b_first,
        }
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
        let b_first = self.b_first;
        let (from_a, from_b) = if b_first {
            let (from_b, from_a) = shares(index, self.b_len, self.a_len);
            (from_a, from_b)
        } else {
            shares(index, self.a_len, self.b_len)
        };
        let (left_a, right_a) = self.a.split_at(from_a);
        let (left_b, right_b) = self.b.split_at(from_b);
        (
            Self {
                a: left_a,
                a_len: from_a,
                b: left_b,
                b_len: from_b,
                b_first,
            },
            Self {
                a: right_a,
                a_len: self.a_len - from_a,
                b: right_b,
                b_len: self.b_len - from_b,
                // Where one of the two loops has ended, the turn no longer matters.
                b_first: b_first ^ (index % 2 == 1),
            },
        )
    }
}

struct InterleaveIter<A, B> {
    a: A,
    b: B,
    b_first: bool,
}

impl<A, B> Iterator for InterleaveIter<A, B>
where
    A: Iterator,
    B: Iterator<Item = A::Item>,
{
    type Item = A::Item;

    fn next(&mut self) -> Option<A::Item> {
        let b_first = self.b_first;
        self.b_first = !b_first;
        if b_first {
            self.b.next().or_else(|| self.a.next())
        } else {
            self.a.next().or_else(|| self.b.next())
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (a_min, a_max) = self.a.size_hint();
        let (b_min, b_max) = self.b.size_hint();
        let max = a_max.zip(b_max).and_then(|(a, b)| a.checked_add(b));
        (a_min.saturating_add(b_min), max)
    }
}

impl<A, B> DoubleEndedIterator for InterleaveIter<A, B>
where
    A: DoubleEndedIterator + ExactSizeIterator,
    B: DoubleEndedIterator<Item = A::Item> + ExactSizeIterator,
{
    fn next_back(&mut self) -> Option<A::Item> {
        // The longer loop ends last. If both are equally long, it is the one whose turn it is not.
        let (a, b) = (self.a.len(), self.b.len());
        if a > b || a == b && self.b_first {
            self.a.next_back()
        } else {
            self.b.next_back()
        }
    }
}

impl<A, B> ExactSizeIterator for InterleaveIter<A, B>
where
    A: ExactSizeIterator,
    B: ExactSizeIterator<Item = A::Item>,
{
}
