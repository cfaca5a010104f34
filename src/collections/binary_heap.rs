//! Parallel iterators over `BinaryHeap`s, in no particular order.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::BinaryHeap;
//!
//! let mut heap = BinaryHeap::from([3, 1, 2]);
//! assert_eq!(heap.par_iter().sum::<u32>(), 6);
//! assert_eq!(heap.par_drain().max(), Some(3));
//! assert!(heap.is_empty());
//! ```

use super::{clones, indexed, sources};
use crate::iter::plumbing::*;
use crate::iter::{
    IndexedParallelIterator, IntoParallelIterator, ParallelDrainFull, ParallelDrainRange,
    ParallelIterator,
};
use crate::{slice, vec};
use std::collections::BinaryHeap;
use std::mem;

sources! {
    /// Parallel iterator that owns the items of a `BinaryHeap`.
    IntoIter[T: Send][T], {} BinaryHeap<T> => vec::IntoIter<T>, T,
        |this| this.into_vec().into_par_iter();
    /// Parallel iterator over shared references to the items of a `BinaryHeap`.
    Iter['data, T: Sync]['data, T], {} &'data BinaryHeap<T> => slice::Iter<'data, T>, &'data T,
        |this| this.as_slice().into_par_iter();
}

indexed! {
    [T: Send] IntoIter<T>;
    [T: Sync] Iter<'_, T>;
}

clones! {
    [T: Clone] IntoIter<T>;
    [T] Iter<'_, T>;
}

/// Parallel iterator that takes all items out of a `BinaryHeap`.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'a, T: Ord + Send> {
    heap: &'a mut BinaryHeap<T>,
}

impl<'a, T: Ord + Send> ParallelDrainFull for &'a mut BinaryHeap<T> {
    type Iter = Drain<'a, T>;
    type Item = T;

    fn par_drain(self) -> Self::Iter {
        Drain { heap: self }
    }
}

impl<T: Ord + Send> ParallelIterator for Drain<'_, T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Ord + Send> IndexedParallelIterator for Drain<'_, T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        let items = mem::take(self.heap).into_vec();
        let mut emptied = GiveBack {
            heap: &mut *self.heap,
            items,
        };
        emptied.items.par_drain(..).with_producer(callback)
    }
}

impl<T: Ord + Send> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        self.heap.clear();
    }
}

/// A guard that gives the allocation back to the heap, even when a loop unwinds.
struct GiveBack<'a, T: Ord> {
    heap: &'a mut BinaryHeap<T>,
    items: Vec<T>,
}

impl<T: Ord> Drop for GiveBack<'_, T> {
    fn drop(&mut self) {
        *self.heap = mem::take(&mut self.items).into();
    }
}
