//! `zip`: two loops side by side.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Iterator returned by [`IndexedParallelIterator::zip`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Zip<A, B> {
    a: A,
    b: B,
}

impl<A, B> Zip<A, B> {
    pub(crate) fn new(a: A, b: B) -> Self {
        Self { a, b }
    }
}

bridged!(
    Zip<A, B> => (A::Item, B::Item),
    impl<A: IndexedParallelIterator, B: IndexedParallelIterator>
);

impl<A, B> IndexedParallelIterator for Zip<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator,
{
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.a.len().min(self.b.len())
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        self.a.with_producer(CallbackA {
            callback,
            b: self.b,
        })
    }
}

struct CallbackA<CB, B> {
    callback: CB,
    b: B,
}

impl<T, B, CB> ProducerCallback<T> for CallbackA<CB, B>
where
    B: IndexedParallelIterator,
    CB: ProducerCallback<(T, B::Item)>,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, a: P) -> CB::Output {
        self.b.with_producer(CallbackB {
            callback: self.callback,
            a,
        })
    }
}

struct CallbackB<CB, A> {
    callback: CB,
    a: A,
}

impl<T, A, CB> ProducerCallback<T> for CallbackB<CB, A>
where
    A: Producer,
    CB: ProducerCallback<(A::Item, T)>,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, b: P) -> CB::Output {
        self.callback.callback(ZipProducer { a: self.a, b })
    }
}

struct ZipProducer<A, B> {
    a: A,
    b: B,
}

impl<A: Producer, B: Producer> Producer for ZipProducer<A, B> {
    type Item = (A::Item, B::Item);
    type IntoIter = std::iter::Zip<A::IntoIter, B::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.a.into_iter().zip(self.b.into_iter())
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
        let (left_a, right_a) = self.a.split_at(index);
        let (left_b, right_b) = self.b.split_at(index);
        (
            Self {
                a: left_a,
                b: left_b,
            },
            Self {
                a: right_a,
                b: right_b,
            },
        )
    }
}
