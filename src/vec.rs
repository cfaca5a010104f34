//! Parallel iterators over `Vec`s and boxed slices, by value, and both as targets of `collect`.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let words = vec![String::from("light"), String::from("work")];
//! let loud: Vec<String> = words.into_par_iter().map(|word| word + "!").collect();
//! assert_eq!(loud, ["light!", "work!"]);
//!
//! let mut numbers = vec![1, 2, 3, 4];
//! assert_eq!(numbers.par_drain(..2).sum::<u32>(), 3);
//! assert_eq!(numbers, [3, 4]);
//! ```

use crate::iter::drain::places;
use crate::iter::plumbing::*;
use crate::iter::sinks::collect::{concat, indexed, list};
use crate::iter::{
    FromParallelIterator, IndexedParallelIterator, IntoParallelIterator, ParallelDrainRange,
    ParallelExtend, ParallelIterator,
};
use crate::slice;
use std::mem;
use std::ops::{Range, RangeBounds};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

/// Parallel iterator that owns the items of a `Vec`.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct IntoIter<T> {
    vec: Vec<T>,
}

impl<T: Send> IntoParallelIterator for Vec<T> {
    type Iter = IntoIter<T>;
    type Item = T;

    fn into_par_iter(self) -> IntoIter<T> {
        IntoIter { vec: self }
    }
}

impl<'data, T: Sync + 'data> IntoParallelIterator for &'data Vec<T> {
    type Iter = slice::Iter<'data, T>;
    type Item = &'data T;

    fn into_par_iter(self) -> Self::Iter {
        self.as_slice().into_par_iter()
    }
}

impl<'data, T: Send + 'data> IntoParallelIterator for &'data mut Vec<T> {
    type Iter = slice::IterMut<'data, T>;
    type Item = &'data mut T;

    fn into_par_iter(self) -> Self::Iter {
        self.as_mut_slice().into_par_iter()
    }
}

impl<T: Send> IntoParallelIterator for Box<[T]> {
    type Iter = IntoIter<T>;
    type Item = T;

    fn into_par_iter(self) -> IntoIter<T> {
        self.into_vec().into_par_iter()
    }
}

impl<'data, T: Sync + 'data> IntoParallelIterator for &'data Box<[T]> {
    type Iter = slice::Iter<'data, T>;
    type Item = &'data T;

    fn into_par_iter(self) -> Self::Iter {
        (**self).into_par_iter()
    }
}

impl<'data, T: Send + 'data> IntoParallelIterator for &'data mut Box<[T]> {
    type Iter = slice::IterMut<'data, T>;
    type Item = &'data mut T;

    fn into_par_iter(self) -> Self::Iter {
        (**self).into_par_iter()
    }
}

impl<T: Send> ParallelIterator for IntoIter<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Send> IndexedParallelIterator for IntoIter<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.vec.len()
    }

    fn with_producer<CB: ProducerCallback<T>>(mut self, callback: CB) -> CB::Output {
        let items: *mut [T] = self.vec.as_mut_slice();
        // SAFETY: 0 is within the capacity. From here on the `Vec` owns its allocation only. So the
        // items can be given to the producer, which may also leak them.
        unsafe { self.vec.set_len(0) };
        // SAFETY: the allocation lives, at the same place, until `self.vec` is dropped at the end
        // of this function. Nothing else reaches the items meanwhile.
        let items = unsafe { &mut *items };
        // SAFETY: the items are initialised, and the `Vec` has just given them away.
        callback.callback(unsafe { OwningProducer::new(items) })
    }
}

/// Parallel iterator that takes some items out of a `Vec`.
///
/// Invariant vec.V2: unless `is_given`, the `Vec` owns all its items. If `is_given`, the `Vec`
/// owns, by its length, only the items before `range`. This iterator owns those behind `range`, up
/// to `len`. The items of the range belong to a producer, or are gone.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'data, T> {
    vec: &'data mut Vec<T>,
    range: Range<usize>,
    /// The number of items that the `Vec` had.
    len: usize,
    is_given: bool,
}

impl<'data, T: Send> ParallelDrainRange<usize> for &'data mut Vec<T> {
    type Iter = Drain<'data, T>;
    type Item = T;

    fn par_drain<R: RangeBounds<usize>>(self, range: R) -> Self::Iter {
        Drain {
            range: places(&range, self.len()),
            len: self.len(),
            is_given: false,
            vec: self,
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
        let items: *mut [T] = &mut self.vec[self.range.clone()];
        self.is_given = true;
        // SAFETY: the start of the range is not beyond the length. The items behind it have changed
        // owners (vec.V2).
        unsafe { self.vec.set_len(self.range.start) };
        // SAFETY: the allocation lives, at the same place, until `self` is dropped at the end of
        // this function, and nothing else reaches these items meanwhile.
        let items = unsafe { &mut *items };
        // SAFETY: the items are initialised, and have no other owner (vec.V2).
        callback.callback(unsafe { OwningProducer::new(items) })
    }
}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        if !self.is_given {
            self.vec.drain(self.range.clone());
            return;
        }
        let behind = self.len - self.range.end;
        let start = self.vec.as_mut_ptr();
        // SAFETY: `len` items are within the allocation, so both places are. The items from the end
        // of the range on are ours, and those of the range no longer have an owner (vec.V2). The
        // `Vec` gets ours, next to those that it has.
        unsafe {
            ptr::copy(
                start.add(self.range.end),
                start.add(self.range.start),
                behind,
            );
            self.vec.set_len(self.range.start + behind);
        }
    }
}

/// A producer that owns the items of a slice, which no longer owns them.
///
/// Invariant vec.V1: all of `items` is initialised and belongs to this producer.
pub(crate) struct OwningProducer<'data, T> {
    items: &'data mut [T],
}

impl<'data, T: Send> OwningProducer<'data, T> {
    /// # Safety
    ///
    /// No other code drops or uses the items, now or later.
    pub(crate) unsafe fn new(items: &'data mut [T]) -> Self {
        Self { items }
    }
}

impl<'data, T: Send> Producer for OwningProducer<'data, T> {
    type Item = T;
    type IntoIter = OwningIter<'data, T>;

    fn into_iter(mut self) -> OwningIter<'data, T> {
        // vec.V1 passes on: only an empty slice stays here and is dropped.
        let items = mem::take(&mut self.items);
        OwningIter {
            items: items.iter_mut(),
        }
    }

    fn split_at(mut self, index: usize) -> (Self, Self) {
        // vec.V1 passes on, as in `into_iter`.
        let (left, right) = mem::take(&mut self.items).split_at_mut(index);
        (Self { items: left }, Self { items: right })
    }
}

impl<T> Drop for OwningProducer<'_, T> {
    fn drop(&mut self) {
        let items: &mut [T] = mem::take(&mut self.items);
        // SAFETY: vec.V1: they are ours, and `items` is empty now.
        unsafe { ptr::drop_in_place(items) }
    }
}

/// The sequential iterator of [`OwningProducer`]. vec.V1 holds for the rest of `items`.
pub(crate) struct OwningIter<'data, T> {
    items: std::slice::IterMut<'data, T>,
}

impl<T> Iterator for OwningIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let item: *const T = self.items.next()?;
        // SAFETY: vec.V1: the item is ours, and the iterator has left it behind, so that it is read
        // once.
        Some(unsafe { ptr::read(item) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<T> DoubleEndedIterator for OwningIter<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        let item: *const T = self.items.next_back()?;
        // SAFETY: as in `next`.
        Some(unsafe { ptr::read(item) })
    }
}

impl<T> ExactSizeIterator for OwningIter<'_, T> {}

impl<T> Drop for OwningIter<'_, T> {
    fn drop(&mut self) {
        let items: &mut [T] = mem::take(&mut self.items).into_slice();
        // SAFETY: vec.V1: the rest is ours, and `items` is empty now.
        unsafe { ptr::drop_in_place(items) }
    }
}

/// The items come in order. If their number is known, there is one allocation. If it is not, each
/// piece of the loop fills a `Vec` of its own. The first `Vec` becomes the result, and the others
/// are copied to its end, in parallel if they are long.
impl<T: Send> FromParallelIterator<T> for Vec<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        let mut vec = Vec::new();
        vec.par_extend(par_iter);
        vec
    }
}

/// The items come in order, behind those that are there.
impl<T: Send> ParallelExtend<T> for Vec<T> {
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, par_iter: I) {
        let par_iter = par_iter.into_par_iter();
        if let Some(len) = par_iter.opt_len() {
            indexed::append_unindexed(par_iter, len, self);
            return;
        }
        let pieces = if self.is_empty() {
            list::collect_with_room(par_iter)
        } else {
            list::collect(par_iter)
        };
        concat::append(self, pieces);
    }
}

impl<'a, T: Copy + Send + Sync + 'a> ParallelExtend<&'a T> for Vec<T> {
    fn par_extend<I: IntoParallelIterator<Item = &'a T>>(&mut self, par_iter: I) {
        self.par_extend(par_iter.into_par_iter().copied());
    }
}

macro_rules! through_a_vec {
    ($($target:ty),*) => {$(
        /// The items come in order, through a `Vec`.
        impl<T: Send> FromParallelIterator<T> for $target {
            fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
                Vec::from_par_iter(par_iter).into()
            }
        }
    )*};
}

through_a_vec!(Box<[T]>, Rc<[T]>, Arc<[T]>);
