//! `empty`: no item.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;
use std::marker::PhantomData;

/// An iterator without items. It is indexed.
///
/// ```
/// use manyhands::iter::empty;
/// use manyhands::prelude::*;
///
/// let v: Vec<u32> = (0..2_u32).into_par_iter().chain(empty()).collect();
/// assert_eq!(v, [0, 1]);
/// ```
pub fn empty<T: Send>() -> Empty<T> {
    Empty { item: PhantomData }
}

/// Iterator returned by [`empty`].
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Empty<T> {
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for Empty<T> {
    fn clone(&self) -> Self {
        Self { item: self.item }
    }
}

impl<T> fmt::Debug for Empty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Empty").finish()
    }
}

impl<T: Send> ParallelIterator for Empty<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        self.drive(consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(0)
    }
}

impl<T: Send> IndexedParallelIterator for Empty<T> {
    // There is no bridge, because nothing here needs a seat in a pool.
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        consumer.into_folder().complete()
    }

    fn len(&self) -> usize {
        0
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(EmptyProducer { item: self.item })
    }
}

struct EmptyProducer<T> {
    item: PhantomData<fn() -> T>,
}

impl<T: Send> Producer for EmptyProducer<T> {
    type Item = T;
    type IntoIter = std::iter::Empty<T>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::empty()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        debug_assert_eq!(index, 0);
        (Self { ..self }, self)
    }
}
