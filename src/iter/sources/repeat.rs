//! `repeat` and `repeat_n`: clones of one value.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator, Zip, bridged};
use either::Either;
use std::iter;

/// An endless iterator of clones of `element`, for searches and other loops that stop early. See
/// [`Repeat::take`] and [`Repeat::zip`] for loops that end; [`repeat_n`] is the same as the former.
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
    /// Ends the loop after `n` items, which makes it indexed.
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

/// An iterator of `n` clones of `element`, the last of which is `element` itself. It is indexed.
///
/// If `n` is 0, `element` is dropped at once.
///
/// ```
/// use manyhands::iter::repeat_n;
/// use manyhands::prelude::*;
///
/// let v: Vec<u32> = repeat_n(7, 3).collect();
/// assert_eq!(v, [7, 7, 7]);
/// ```
pub fn repeat_n<T: Clone + Send>(element: T, n: usize) -> RepeatN<T> {
    let element = (n > 0).then_some(element);
    RepeatN {
        clones: Clones { element, n },
    }
}

/// Former name of [`repeat_n`].
#[doc(hidden)]
#[deprecated(note = "use `repeat_n`")]
pub fn repeatn<T: Clone + Send>(element: T, n: usize) -> RepeatN<T> {
    repeat_n(element, n)
}

/// Iterator returned by [`repeat_n`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RepeatN<T> {
    clones: Clones<T>,
}

bridged!(RepeatN<T> => T, impl<T: Clone + Send>);

impl<T: Clone + Send> IndexedParallelIterator for RepeatN<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.clones.n
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(self.clones)
    }
}

#[derive(Clone, Debug)]
struct Clones<T> {
    /// The element, unless `n` is 0.
    element: Option<T>,
    n: usize,
}

impl<T: Clone + Send> Producer for Clones<T> {
    type Item = T;
    type IntoIter = Either<iter::RepeatN<T>, iter::Empty<T>>;

    fn into_iter(self) -> Self::IntoIter {
        match self.element {
            Some(element) => Either::Left(iter::repeat_n(element, self.n)),
            None => Either::Right(iter::empty()),
        }
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let rest = self.n - index;
        let (left, right) = match (index, rest) {
            (_, 0) => (self.element, None),
            (0, _) => (None, self.element),
            _ => (self.element.clone(), self.element),
        };
        let part = |element, n| Self { element, n };
        (part(left, index), part(right, rest))
    }
}

// The models are about the layers below.
#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn as_many_clones_as_items() {
        let element = Arc::new(());
        let all = repeat_n(Arc::clone(&element), 10);
        assert_eq!(Arc::strong_count(&element), 2);
        let (left, right) = all.clones.split_at(4);
        let (nothing, left) = left.split_at(0);
        let (right, nothing_either) = right.split_at(6);
        assert_eq!(Arc::strong_count(&element), 3);
        assert!(nothing.element.is_none() && nothing_either.element.is_none());
        let items: Vec<_> = left.into_iter().chain(Producer::into_iter(right)).collect();
        assert_eq!((items.len(), Arc::strong_count(&element)), (10, 11));
    }

    #[test]
    fn none_of_them_keeps_nothing() {
        let element = Arc::new(());
        let none = repeat_n(Arc::clone(&element), 0);
        assert_eq!(Arc::strong_count(&element), 1);
        assert_eq!(none.clone().count() + none.count(), 0);
    }
}
