//! `repeat` and `repeat_n`: clones of one value.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator, Zip};
use std::iter;

/// Makes clones of `element`, without an end: good for searches and other loops that stop early.
/// See [`Repeat::take`] and [`Repeat::zip`] for loops that end; [`repeat_n`] is the same as the
/// former.
///
/// ```
/// use manyhands::iter::repeat;
/// use manyhands::prelude::*;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let tries = AtomicU32::new(0);
/// let found = repeat(&tries).find_any(|tries| tries.fetch_add(1, Ordering::Relaxed) >= 100);
/// assert!(found.is_some());
/// ```
pub fn repeat<T: Clone + Send>(element: T) -> Repeat<T> {
    Repeat { element }
}

/// Iterator returned by [`repeat`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Repeat<T> {
    element: T,
}

impl<T: Clone + Send> Repeat<T> {
    /// Ends after `n` items, and is indexed.
    ///
    /// ```
    /// use manyhands::iter::repeat;
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = repeat(7).take(3).collect();
    /// assert_eq!(v, [7, 7, 7]);
    /// ```
    pub fn take(self, n: usize) -> RepeatN<T> {
        repeat_n(self.element, n)
    }

    /// Pairs a clone with each item of `zip_op`.
    ///
    /// ```
    /// use manyhands::iter::repeat;
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<(char, u32)> = repeat('x').zip(0..2_u32).collect();
    /// assert_eq!(v, [('x', 0), ('x', 1)]);
    /// ```
    pub fn zip<Z>(self, zip_op: Z) -> Zip<RepeatN<T>, Z::Iter>
    where
        Z: IntoParallelIterator<Iter: IndexedParallelIterator>,
    {
        let other = zip_op.into_par_iter();
        let n = other.len();
        self.take(n).zip(other)
    }
}

impl<T: Clone + Send> ParallelIterator for Repeat<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        let element = self.element;
        bridge_unindexed(RepeatProducer { element }, consumer)
    }
}

struct RepeatProducer<T> {
    element: T,
}

impl<T: Clone + Send> UnindexedProducer for RepeatProducer<T> {
    type Item = T;

    fn split(self) -> (Self, Option<Self>) {
        let element = self.element.clone();
        (self, Some(Self { element }))
    }

    fn fold_with<F: Folder<T>>(self, folder: F) -> F {
        folder.consume_iter(iter::repeat(self.element))
    }
}

/// Makes `n` clones of `element` (the last of them is `element` itself, or is dropped with an
/// iterator that was split). Indexed.
///
/// ```
/// use manyhands::iter::repeat_n;
/// use manyhands::prelude::*;
///
/// let v: Vec<u32> = repeat_n(7, 3).collect();
/// assert_eq!(v, [7, 7, 7]);
/// ```
pub fn repeat_n<T: Clone + Send>(element: T, n: usize) -> RepeatN<T> {
    RepeatN { element, n }
}

/// Iterator returned by [`repeat_n`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RepeatN<T> {
    element: T,
    n: usize,
}

impl<T: Clone + Send> ParallelIterator for RepeatN<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.n)
    }
}

impl<T: Clone + Send> IndexedParallelIterator for RepeatN<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.n
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(RepeatNProducer {
            element: self.element,
            n: self.n,
        })
    }
}

struct RepeatNProducer<T> {
    element: T,
    n: usize,
}

impl<T: Clone + Send> Producer for RepeatNProducer<T> {
    type Item = T;
    type IntoIter = iter::RepeatN<T>;

    fn into_iter(self) -> Self::IntoIter {
        iter::repeat_n(self.element, self.n)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let left = Self {
            element: self.element.clone(),
            n: index,
        };
        let right = Self {
            element: self.element,
            n: self.n - index,
        };
        (left, right)
    }
}
