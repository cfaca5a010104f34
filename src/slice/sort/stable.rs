//! The stable sort: runs, sorted by std, and merged.
//!
//! Merges go from the slice to the buffer and back, level by level. So at times the bits of an
//! item are in both, and must be used as an item in one of them only: the *owner*. Invariants:
//!
//! * S1: as long as a sort of a piece has not returned, and when it unwinds, its part of the slice
//!   owns all its items, except within the last step of [`in_place`].
//! * S2: when [`to_buffer`] returns, the buffer holds the items, sorted; the slice does too, in
//!   another order, as no comparison has been made since. So whoever called it may still decide
//!   which of them becomes the owner.
//! * S3: the last step of [`in_place`] makes the buffer the owner, merges back, and makes the
//!   slice the owner again: by the merge, or, if it unwinds, by [`PutBack`].
//!
//! Comparisons may change an item (it may have a `Cell`); they see the owner's bits only, and bits
//! are copied after the last comparison of a step.

use super::merge::{copy, merge};
use super::{MIN_LEAF, leaf_len, ordering};
use crate::iter::plumbing::fork;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// Sorts; equal items keep their order. Calls `is_less` for items of this slice only, on one
/// thread for an item at a time.
pub(in crate::slice) fn sort<T, F>(slice: &mut [T], is_less: F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    // Items without a size cannot be told apart, and need no buffer.
    if slice.len() <= MIN_LEAF || mem::size_of::<T>() == 0 {
        return slice.sort_by(ordering(&is_less));
    }
    fork::on_seat(|| {
        let leaf = leaf_len(slice.len());
        if slice.len() <= leaf {
            return slice.sort_by(ordering(&is_less));
        }
        let mut buffer = Vec::with_capacity(slice.len());
        let spare = &mut buffer.spare_capacity_mut()[..slice.len()];
        in_place(slice, spare, leaf, &is_less);
    });
}

/// Sorts `slice`. `buffer` is as long, and holds nothing of value before and after.
fn in_place<T, F>(slice: &mut [T], buffer: &mut [MaybeUninit<T>], leaf: usize, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    fork::check_cancelled();
    if slice.len() <= leaf {
        return slice.sort_by(ordering(is_less));
    }
    let middle = slice.len() / 2;
    {
        let (left, right) = slice.split_at_mut(middle);
        let (left_buffer, right_buffer) = buffer.split_at_mut(middle);
        fork::join(
            |_| to_buffer(left, left_buffer, leaf, is_less),
            |_| to_buffer(right, right_buffer, leaf, is_less),
        );
    }
    merge_back(slice, buffer, middle, leaf, is_less);
}

/// Sorts the items of `slice` into `buffer`, which is as long. What that means for who owns them
/// is S2.
fn to_buffer<T, F>(slice: &mut [T], buffer: &mut [MaybeUninit<T>], leaf: usize, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    if slice.len() <= leaf {
        fork::check_cancelled();
        slice.sort_by(ordering(is_less));
        return copy(slice, buffer);
    }
    let middle = slice.len() / 2;
    let (left, right) = slice.split_at_mut(middle);
    {
        let (left_buffer, right_buffer) = buffer.split_at_mut(middle);
        fork::join(
            |_| in_place(left, left_buffer, leaf, is_less),
            |_| in_place(right, right_buffer, leaf, is_less),
        );
    }
    // S1 even if this unwinds: it only reads the slice.
    merge(left, right, buffer, leaf, is_less);
}

/// Merges `buffer[..middle]` and `buffer[middle..]` into `slice`, after [`to_buffer`] has returned
/// for both.
fn merge_back<T, F>(
    slice: &mut [T],
    buffer: &mut [MaybeUninit<T>],
    middle: usize,
    leaf: usize,
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    assert_eq!(slice.len(), buffer.len());
    let len = slice.len();
    let items: *mut T = buffer.as_mut_ptr().cast();
    let places: *mut MaybeUninit<T> = slice.as_mut_ptr().cast();
    let put_back = PutBack {
        items,
        places: places.cast(),
        len,
    };
    // SAFETY: the buffer holds `len` items (S2) and owns them from here on (S3): the slice is not
    // used as one of items before `put_back` is defused, or has run. It is borrowed by our caller,
    // so that nobody else uses it.
    let items = unsafe { std::slice::from_raw_parts_mut(items, len) };
    // SAFETY: memory for `len` items, borrowed uniquely by our caller.
    let places = unsafe { std::slice::from_raw_parts_mut(places, len) };
    let (left, right) = items.split_at_mut(middle);
    merge(left, right, places, leaf, is_less);
    // Each item has been copied to one place of the slice: it owns them again.
    mem::forget(put_back);
}

/// Copies the items from the buffer back to the slice when a merge unwinds.
struct PutBack<T> {
    items: *const T,
    places: *mut T,
    len: usize,
}

impl<T> Drop for PutBack<T> {
    fn drop(&mut self) {
        // SAFETY: made by `merge_back`, which unwinds: the references that it made are gone, and
        // all threads that took part in the merge have left it (`join` waits for both closures).
        // A merge leaves its input alone, so that all items are in the buffer; both
        // are valid for `len` items, and apart from each other.
        unsafe { ptr::copy_nonoverlapping(self.items, self.places, self.len) }
    }
}
