//! The merge of two neighbouring sorted runs through a buffer; the invariants are in `stable.rs`.

use super::copy::copy_back;
use super::merge::{less, merge, not_greater};
use std::mem::MaybeUninit;

/// Merges `slice[..middle]` and `slice[middle..]`, both sorted. `buffer` is as long as the slice.
pub(super) fn merge_neighbours<T, F>(
    slice: &mut [T],
    middle: usize,
    buffer: &mut [MaybeUninit<T>],
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let (left, right) = slice.split_at_mut(middle);
    let (Some(last), Some(first)) = (left.last(), right.first()) else {
        return;
    };
    // Runs that were in order before, or in reverse order, are common and cheap to recognise.
    if !is_less(first, last) {
        return;
    }
    if is_less(&right[right.len() - 1], &left[0]) {
        return slice.rotate_left(middle);
    }
    // Items that are at their place stay there.
    let start = not_greater(left, first, is_less);
    let end = less(right, last, is_less);
    let buffer = &mut buffer[start..middle + end];
    merge(&mut left[start..], &mut right[..end], buffer, is_less);
    // SAFETY: the merge has copied each item to the buffer once (sort.S2), and no comparison has
    // been made since.
    unsafe { copy_back(buffer, &mut slice[start..middle + end]) }
}
