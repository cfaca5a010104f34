//! Collecting a known number of items, written in place into the spare capacity of one `Vec`.
//!
//! Invariants:
//!
//! * collect.W1: consumers, folders and results of one collection own disjoint ranges of slots in
//!   the spare capacity. `split_at` cuts a range in two, `rejoin` and `reduce` put neighbours
//!   together, and nothing else makes a range. All of them borrow the `Vec` for `'c`.
//! * collect.W2: in the range of a [`Written`], exactly the first `written` slots are initialised.
//!   It owns those items, and drops them unless [`Written::release`] gives them away.
//! * collect.W3: a folder never writes beyond its range. A producer that delivers too many items
//!   causes a panic.
//!
//! So each item is dropped once, whatever the producer does. If it delivered fewer items than it
//! promised, the last count shows it. Nothing here relies on a claimed length.

use crate::iter::IndexedParallelIterator;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// Appends the items of an iterator that knows how many they are.
pub(crate) fn append<I: IndexedParallelIterator>(iter: I, vec: &mut Vec<I::Item>) {
    let len = iter.len();
    append_with(vec, len, |consumer| iter.drive(consumer));
}

/// Appends the items of an iterator whose `opt_len` is `Some(len)`.
pub(crate) fn append_unindexed<I: ParallelIterator>(iter: I, len: usize, vec: &mut Vec<I::Item>) {
    append_with(vec, len, |consumer| iter.drive_unindexed(consumer));
}

/// Appends the `len` items that `drive` collects.
pub(crate) fn append_with<T: Send>(
    vec: &mut Vec<T>,
    len: usize,
    drive: impl for<'c> FnOnce(CollectConsumer<'c, T>) -> Written<'c, T>,
) {
    vec.reserve(len);
    let old_len = vec.len();
    fill(&mut vec.spare_capacity_mut()[..len], drive);
    // SAFETY: `fill` has initialised `len` slots, from the first spare one on. They lie within the
    // capacity (`reserve`).
    unsafe { vec.set_len(old_len + len) }
}

/// Writes the items that `drive` collects to `slots`. When it returns, all slots are initialised.
///
/// # Panics
///
/// Panics if there are more or fewer items than slots. The items have been dropped then, as they
/// have if `drive` panics.
pub(crate) fn fill<T: Send>(
    slots: &mut [MaybeUninit<T>],
    drive: impl for<'c> FnOnce(CollectConsumer<'c, T>) -> Written<'c, T>,
) {
    let (start, len) = (slots.as_mut_ptr().cast(), slots.len());
    let written = drive(CollectConsumer {
        start,
        len,
        vec: PhantomData,
    });
    assert!(
        written.start == start && written.written == len,
        "the iterator did not make as many items as it promised"
    );
    // collect.W2: `written` owns `len` initialised slots from `start` on (asserted).
    written.release();
}

/// A range of slots that are not written. There is nothing to drop in it.
pub(crate) struct CollectConsumer<'c, T> {
    start: *mut T,
    len: usize,
    vec: PhantomData<&'c mut Vec<T>>,
}

// SAFETY: collect.W1: it is like a `&mut [MaybeUninit<T>]`: it alone reaches its slots, and only
// items that may be sent are put there.
unsafe impl<T: Send> Send for CollectConsumer<'_, T> {}

impl<'c, T> CollectConsumer<'c, T> {
    fn cut(self, index: usize) -> (Self, Self) {
        assert!(
            index <= self.len,
            "a place beyond the end of what is collected"
        );
        let right = Self {
            // SAFETY: `index` is within the range or at its end (asserted), and the range lies
            // within one allocation (collect.W1).
            start: unsafe { self.start.add(index) },
            len: self.len - index,
            vec: PhantomData,
        };
        let left = Self { len: index, ..self };
        (left, right)
    }
}

impl<'c, T: Send> Consumer<T> for CollectConsumer<'c, T> {
    type Folder = CollectFolder<'c, T>;
    type Reducer = CollectReducer;
    type Result = Written<'c, T>;

    fn split_at(self, index: usize) -> (Self, Self, CollectReducer) {
        let (left, right) = self.cut(index);
        (left, right, CollectReducer)
    }

    fn into_folder(self) -> CollectFolder<'c, T> {
        CollectFolder {
            len: self.len,
            written: Written {
                start: self.start,
                written: 0,
                vec: PhantomData,
            },
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, folder: &CollectFolder<'c, T>) -> bool {
        folder.end() == self.start
    }

    fn rejoin(&mut self, folder: &mut CollectFolder<'c, T>, index: usize) {
        // This is a safe function, and its caller may be mistaken.
        assert!(
            folder.end() == self.start && index <= self.len,
            "only neighbours are joined"
        );
        // This does not overflow: both ranges are parts of the same `Vec`.
        folder.len += index;
        self.len -= index;
        // SAFETY: collect.W1: `index` is within the range or at its end (asserted), and the range
        // lies within one allocation.
        self.start = unsafe { self.start.add(index) };
    }
}

/// A loop of which only the length is known is driven unindexed. Its source nevertheless splits its
/// consumers at places, as [`ParallelIterator::opt_len`] promises.
impl<'c, T: Send> UnindexedConsumer<T> for CollectConsumer<'c, T> {
    fn split_off_left(&self) -> Self {
        panic!("an iterator with a known length must split its consumers by index")
    }

    fn to_reducer(&self) -> CollectReducer {
        CollectReducer
    }
}

/// A range of slots, and how many of them are written.
pub(crate) struct CollectFolder<'c, T> {
    /// The length of the whole range.
    len: usize,
    written: Written<'c, T>,
}

impl<T> CollectFolder<'_, T> {
    /// The end of the whole range.
    fn end(&self) -> *mut T {
        self.written.start.wrapping_add(self.len)
    }
}

impl<'c, T: Send> Folder<T> for CollectFolder<'c, T> {
    type Result = Written<'c, T>;

    fn consume(mut self, item: T) -> Self {
        self.push(item);
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        iter.into_iter().for_each(|item| self.push(item));
        self
    }

    fn complete(self) -> Written<'c, T> {
        self.written
    }

    fn full(&self) -> bool {
        false
    }
}

impl<'c, T> CollectFolder<'c, T> {
    /// The item that was written last.
    #[inline]
    pub(crate) fn last(&self) -> Option<&T> {
        let place = self.written.written.checked_sub(1)?;
        // SAFETY: the slot is initialised and ours (collect.W2), and stays so while `self` is
        // borrowed.
        Some(unsafe { &*self.written.start.add(place) })
    }

    #[inline]
    fn push(&mut self, item: T) {
        let place = self.written.written;
        assert!(
            place < self.len,
            "the iterator made more items than it promised"
        );
        // SAFETY: the slot is in our range (asserted; collect.W1), and not initialised
        // (collect.W2), so that nothing is overwritten.
        unsafe { self.written.start.add(place).write(item) };
        self.written.written = place + 1;
    }
}

/// The owned items at the beginning of a range.
pub(crate) struct Written<'c, T> {
    start: *mut T,
    written: usize,
    vec: PhantomData<&'c mut Vec<T>>,
}

// SAFETY: it is like a `Vec<T>`: it owns items that may be sent.
unsafe impl<T: Send> Send for Written<'_, T> {}

impl<T> Written<'_, T> {
    /// The number of items.
    pub(crate) fn len(&self) -> usize {
        self.written
    }

    /// Gives the items away, and returns their number.
    fn release(self) -> usize {
        let written = self.written;
        mem::forget(self);
        written
    }
}

impl<T> Drop for Written<'_, T> {
    fn drop(&mut self) {
        let items = ptr::slice_from_raw_parts_mut(self.start, self.written);
        // SAFETY: collect.W2: they are initialised, ours, and not given away.
        unsafe { ptr::drop_in_place(items) }
    }
}

pub(crate) struct CollectReducer;

impl<'c, T> Reducer<Written<'c, T>> for CollectReducer {
    fn reduce(self, mut left: Written<'c, T>, right: Written<'c, T>) -> Written<'c, T> {
        // If the left piece is short, the items of the right one are dropped here. The count at the
        // end shows that items are missing.
        if left.start.wrapping_add(left.written) == right.start {
            left.written += right.release();
        }
        left
    }
}
