//! Two sorted runs into one, elsewhere.

use crate::iter::plumbing::fork;
use std::mem::MaybeUninit;
use std::ptr;

/// Copies the items of both runs to `out`, in order; of equal items, the `left` ones first.
///
/// The promise that unsafe code relies on: when this returns, the bits of each item, as they are
/// now, have been copied to exactly one place of `out`, whatever `is_less` said, and no item has
/// been moved. If it unwinds, `out` may hold anything. The runs are taken by unique reference
/// because each item may be compared on one thread only; nothing is written to them.
///
/// Pieces of up to `leaf` items are merged by one thread.
///
/// # Panics
///
/// If `out` is not as long as both runs together.
pub(super) fn merge<T, F>(
    left: &mut [T],
    right: &mut [T],
    out: &mut [MaybeUninit<T>],
    leaf: usize,
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    assert_eq!(left.len() + right.len(), out.len());
    // Runs that were in order before, or in reverse order, are common and cheap to recognise.
    if let (Some(last), Some(next)) = (left.last(), right.first()) {
        if !is_less(next, last) {
            return append(left, right, out);
        }
    }
    if let (Some(first), Some(last)) = (left.first(), right.last()) {
        if is_less(last, first) {
            return append(right, left, out);
        }
    }
    // Two items are the least that can be cut.
    if out.len() <= leaf.max(2) {
        return merge_here(left, right, out, is_less);
    }
    fork::check_cancelled();
    let (in_left, in_right) = if left.len() >= right.len() {
        let middle = left.len() / 2;
        let pivot = &left[middle];
        // Items equal to the pivot come after it, as they are from the right.
        (middle, right.partition_point(|item| is_less(item, pivot)))
    } else {
        let middle = right.len() / 2;
        let pivot = &right[middle];
        // Items equal to the pivot come before it, as they are from the left.
        (left.partition_point(|item| !is_less(pivot, item)), middle)
    };
    let (left, left_after) = left.split_at_mut(in_left);
    let (right, right_after) = right.split_at_mut(in_right);
    let (out, out_after) = out.split_at_mut(in_left + in_right);
    fork::join(
        |_| merge(left, right, out, leaf, is_less),
        |_| merge(left_after, right_after, out_after, leaf, is_less),
    );
}

/// Copies the items of `first`, then those of `second`. `out` is as long as both.
fn append<T>(first: &[T], second: &[T], out: &mut [MaybeUninit<T>]) {
    let (front, back) = out.split_at_mut(first.len());
    copy(first, front);
    copy(second, back);
}

/// Copies the bits of `items` to `out`, which is as long.
pub(super) fn copy<T>(items: &[T], out: &mut [MaybeUninit<T>]) {
    assert_eq!(items.len(), out.len());
    // SAFETY: both are valid for this many items (asserted), and do not overlap, because one of
    // them is borrowed uniquely.
    unsafe { ptr::copy_nonoverlapping(items.as_ptr(), out.as_mut_ptr().cast(), items.len()) }
}

/// [`merge`] on this thread. `out` is as long as both runs.
fn merge_here<T, F: Fn(&T, &T) -> bool>(
    left: &[T],
    right: &[T],
    out: &mut [MaybeUninit<T>],
    is_less: &F,
) {
    assert_eq!(left.len() + right.len(), out.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        // SAFETY: both places are within their runs (the condition of the loop). As many items
        // have been copied as `l + r` says, which is less than both runs have, and so than `out`.
        unsafe {
            let (a, b) = (left.get_unchecked(l), right.get_unchecked(r));
            let right_is_next = is_less(b, a);
            // No branch on the outcome: it cannot be predicted.
            let next: *const T = if right_is_next { b } else { a };
            ptr::copy_nonoverlapping(next, out.as_mut_ptr().add(l + r).cast(), 1);
            r += usize::from(right_is_next);
            l += usize::from(!right_is_next);
        }
    }
    // One of these is empty.
    append(&left[l..], &right[r..], &mut out[l + r..]);
}
