//! Parallel iterators over `VecDeque`s.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::VecDeque;
//!
//! let mut queue = VecDeque::from([1, 2, 3, 4]);
//! queue.rotate_left(1);
//! assert_eq!(queue.par_drain(1..3).collect::<Vec<u32>>(), [3, 4]);
//! assert_eq!(queue, [2, 1]);
//! ```

use super::{clones, indexed, sources};
use crate::iter::plumbing::*;
use crate::iter::{Chain, drain::places};
use crate::iter::{
    IndexedParallelIterator, IntoParallelIterator, ParallelDrainRange, ParallelIterator,
};
use crate::{slice, vec};
use std::collections::VecDeque;
use std::mem;
use std::ops::{Range, RangeBounds};

sources! {
    /// Parallel iterator that owns the items of a `VecDeque`.
    IntoIter[T: Send][T], {} VecDeque<T> => vec::IntoIter<T>, T,
        |this| Vec::from(this).into_par_iter();
    /// Parallel iterator over shared references to the items of a `VecDeque`.
    Iter['data, T: Sync]['data, T], {} &'data VecDeque<T> => Chain<slice::Iter<'data, T>, slice::Iter<'data, T>>, &'data T,
        |this| {
            let (front, back) = this.as_slices();
            front.into_par_iter().chain(back)
        };
    /// Parallel iterator over mutable references to the items of a `VecDeque`.
    IterMut['data, T: Send]['data, T], {} &'data mut VecDeque<T> => Chain<slice::IterMut<'data, T>, slice::IterMut<'data, T>>, &'data mut T,
        |this| {
            let (front, back) = this.as_mut_slices();
            front.into_par_iter().chain(back)
        };
}

indexed! {
    [T: Send] IntoIter<T>;
    [T: Sync] Iter<'_, T>;
    [T: Send] IterMut<'_, T>;
}

clones! {
    [T: Clone] IntoIter<T>;
    [T] Iter<'_, T>;
}

/// Parallel iterator that takes some items out of a `VecDeque`.
///
/// One thread first makes the items contiguous, unless they are already.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'a, T> {
    queue: &'a mut VecDeque<T>,
    /// The items that are still to be taken out.
    range: Range<usize>,
}

impl<'a, T: Send> ParallelDrainRange<usize> for &'a mut VecDeque<T> {
    type Iter = Drain<'a, T>;
    type Item = T;

    fn par_drain<R: RangeBounds<usize>>(self, range: R) -> Self::Iter {
        Drain {
            range: places(&range, self.len()),
            queue: self,
        }
    }
}

impl<T: Send> ParallelIterator for Drain<'_, T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Send> IndexedParallelIterator for Drain<'_, T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.range.len()
    }

    fn with_producer<CB: ProducerCallback<T>>(mut self, callback: CB) -> CB::Output {
        let range = mem::take(&mut self.range);
        let items = Vec::from(mem::take(self.queue));
        let mut lent = GiveBack {
            queue: &mut *self.queue,
            items,
        };
        lent.items.par_drain(range).with_producer(callback)
    }
}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        self.queue.drain(mem::take(&mut self.range));
    }
}

/// A guard that gives the remaining items back to the queue, even when a loop unwinds.
struct GiveBack<'a, T> {
    queue: &'a mut VecDeque<T>,
    items: Vec<T>,
}

impl<T> Drop for GiveBack<'_, T> {
    fn drop(&mut self) {
        *self.queue = mem::take(&mut self.items).into();
    }
}
