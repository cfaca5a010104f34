//! The merge of two neighbouring sorted runs in place, with little memory.
//!
//! A long second run is cut in its middle, and the first run where that item belongs. The two parts
//! between change places. Then both sides are merged on their own, until the second runs are short.
//! A short second run goes to a buffer, and the merge fills the slice from the end ([`Hole`]).

use super::merge::{less, not_greater};
use crate::iter::plumbing::fork;
use std::ptr;

/// All buffers together hold at most one in `SHARE` items.
const SHARE: usize = 8;

/// The length below which a run always goes to the buffer.
const SHORT: usize = 1 << 10;

/// Merges `slice[..middle]` and `slice[middle..]`, both sorted. Equal items may change their order.
/// The slice holds the same items afterwards, whatever `is_less` does.
pub(super) fn merge_in_place<T, F>(slice: &mut [T], middle: usize, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let buffers = SHARE * fork::num_threads().max(1);
    divide(slice, middle, (slice.len() / buffers).max(SHORT), is_less);
}

/// Merges the two runs; a second run of up to `most` items goes to a buffer.
fn divide<T, F>(slice: &mut [T], middle: usize, most: usize, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    fork::check_cancelled();
    let (left, right) = slice.split_at(middle);
    let (Some(last), Some(first)) = (left.last(), right.first()) else {
        return;
    };
    // Items that are at their place stay there.
    let start = not_greater(left, first, is_less);
    let end = middle + less(right, last, is_less);
    let (slice, middle) = (&mut slice[start..end], middle - start);
    if slice.len() - middle <= most {
        return merge_tail(slice, middle, is_less);
    }
    // The items that belong in front of the pivot change sides with those that belong behind it.
    let (left, right) = slice.split_at(middle);
    let half = right.len() / 2;
    let pivot = &right[half];
    let keep = not_greater(left, pivot, is_less);
    slice[keep..middle + half].rotate_left(middle - keep);
    let (front, back) = slice.split_at_mut(keep + half);
    fork::join(
        || divide(front, keep, most, is_less),
        |_| divide(back, middle - keep, most, is_less),
    );
}

/// Merges `slice[..middle]` and `slice[middle..]`, both sorted, the second one short.
fn merge_tail<T>(slice: &mut [T], middle: usize, is_less: &impl Fn(&T, &T) -> bool) {
    let behind = slice.len() - middle;
    let mut buffer = Vec::with_capacity(behind);
    let mut hole = Hole {
        left: slice.as_mut_ptr(),
        front: middle,
        tail: buffer.as_mut_ptr(),
        behind,
    };
    // SAFETY: the items of `slice[middle..]` move to the buffer, which has room for them and stays
    // empty as far as it knows; they leave the hole.
    unsafe { ptr::copy_nonoverlapping(hole.left.add(middle), hole.tail, behind) }
    while hole.behind > 0 && hole.front > 0 {
        // SAFETY: neither side is empty, so there is a last item in front of the hole and one in
        // the buffer. The greater one moves to the end of the hole, where there is none. Then there
        // are again as many items in the buffer as places in the hole.
        unsafe {
            let front = hole.left.add(hole.front - 1);
            let behind = hole.tail.add(hole.behind - 1);
            let end = hole.left.add(hole.front + hole.behind - 1);
            if is_less(&*behind, &*front) {
                ptr::copy_nonoverlapping(front, end, 1);
                hole.front -= 1;
            } else {
                ptr::copy_nonoverlapping(behind, end, 1);
                hole.behind -= 1;
            }
        }
    }
    // The items left in the buffer belong into the rest of the hole.
}

/// A hole: places of a slice without items, `front..front + behind`, and as many items in a buffer.
/// They come into these places when the hole is dropped.
struct Hole<T> {
    left: *mut T,
    front: usize,
    tail: *mut T,
    behind: usize,
}

impl<T> Drop for Hole<T> {
    fn drop(&mut self) {
        // SAFETY: see the type; `merge_tail` made it so, and no two of the places are the same.
        unsafe { ptr::copy_nonoverlapping(self.tail, self.left.add(self.front), self.behind) }
    }
}
