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

/// Implements a loop that sets one of the [`Limits`], in the field of that name.
macro_rules! limited {
    ($name:ident, $limit:ident) => {
        bridged!($name<I> => I::Item, impl<I: IndexedParallelIterator>);

        impl<I: IndexedParallelIterator> IndexedParallelIterator for $name<I> {
            fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
                bridge(self, consumer)
            }

            fn len(&self) -> usize {
                self.base.len()
            }

            fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
                let $limit = self.$limit;
                let limits = Limits { $limit, ..NO_LIMITS };
                self.base.with_producer(Limited { base: callback, limits })
            }
        }
    };
}

limited!(MinLen, min);
limited!(MaxLen, max);
limited!(MaxThreads, max_threads);

#[derive(Clone, Copy)]
struct Limits {
    min: usize,
    max: usize,
    max_threads: usize,
}

const NO_LIMITS: Limits = Limits {
    min: 1,
    max: usize::MAX,
    max_threads: usize::MAX,
};

/// A producer, or the callback that waits for it, with limits.
struct Limited<B> {
    base: B,
    limits: Limits,
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for Limited<CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        let limits = self.limits;
        self.base.callback(Limited { base, limits })
    }
}

impl<P: Producer> Producer for Limited<P> {
    type Item = P::Item;
    type IntoIter = P::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter()
    }

    fn min_len(&self) -> usize {
        self.base.min_len().max(self.limits.min)
    }

    fn max_len(&self) -> usize {
        self.base.max_len().min(self.limits.max)
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads().min(self.limits.max_threads)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let limits = self.limits;
        let (left, right) = self.base.split_at(index);
        (
            Self { base: left, limits },
            Self {
                base: right,
                limits,
            },
        )
    }

    fn fold_with<F: Folder<P::Item>>(self, folder: F) -> F {
        self.base.fold_with(folder)
    }
}
