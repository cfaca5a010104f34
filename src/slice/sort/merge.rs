//! The merge of two sorted runs into a buffer.

use crate::iter::plumbing::fork;
use std::mem::MaybeUninit;
use std::ptr;

/// The number of items that a thread merges before it asks whether another would help. A shorter
/// merge is not divided.
const BLOCK: usize = 1 << 12;

/// The length below which runs are merged from one end only.
const SHORT: usize = 16;

/// Copies the items of both runs to `out`, in order; of equal items, the `left` ones first.
///
/// The promise that unsafe code relies on: when this returns, the bits of each item, as they are
/// now, have been copied to exactly one place of `out`. That holds whatever `is_less` said, and no
/// item has been moved. If it unwinds, `out` may hold anything.
///
/// The runs are taken by unique reference because each item may be compared on one thread only;
/// nothing is written to them.
///
/// # Panics
///
/// Panics if `out` is not as long as both runs together.
pub(super) fn merge<T, F>(
    mut left: &mut [T],
    mut right: &mut [T],
    mut out: &mut [MaybeUninit<T>],
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    assert_eq!(left.len() + right.len(), out.len());
    loop {
        if left.is_empty() || right.is_empty() {
            let (front, back) = out.split_at_mut(left.len());
            copy(left, front);
            return copy(right, back);
        }
        fork::check_cancelled();
        if out.len() > 2 * BLOCK && fork::is_hungry() {
            let (in_left, in_right) = cut(left, right, is_less);
            let (left, left_after) = left.split_at_mut(in_left);
            let (right, right_after) = right.split_at_mut(in_right);
            let (out, out_after) = out.split_at_mut(in_left + in_right);
            fork::join(
                || merge(left, right, out, is_less),
                |_| merge(left_after, right_after, out_after, is_less),
            );
            return;
        }
        let short = left.len().min(right.len());
        let merged = if left.len() >= BLOCK && !is_less(&right[0], &left[BLOCK - 1]) {
            // A stretch of one run: where few values are many.
            copy(&left[..BLOCK], &mut out[..BLOCK]);
            Merged::of_front(BLOCK, 0)
        } else if right.len() >= BLOCK && is_less(&right[BLOCK - 1], &left[0]) {
            copy(&right[..BLOCK], &mut out[..BLOCK]);
            Merged::of_front(0, BLOCK)
        } else if short < SHORT {
            merge_front(left, right, out, is_less)
        } else {
            merge_ends(left, right, out, (short / 2).min(BLOCK / 2), is_less)
        };
        // The copied items stand before and behind those that are left.
        let Merged { front, back } = merged;
        let (left_end, right_end) = (left.len() - back.0, right.len() - back.1);
        let out_end = left_end + right_end;
        left = &mut left[front.0..left_end];
        right = &mut right[front.1..right_end];
        out = &mut out[front.0 + front.1..out_end];
    }
}

/// Where to cut two sorted runs so that no item in front is greater than one behind, and equal
/// items keep their order. If there are two items or more, neither side gets all of them.
fn cut<T>(left: &[T], right: &[T], is_less: &impl Fn(&T, &T) -> bool) -> (usize, usize) {
    if left.len() >= right.len() {
        let middle = left.len() / 2;
        // Items equal to the pivot come after it, because they are from the right run.
        (middle, less(right, &left[middle], is_less))
    } else {
        let middle = right.len() / 2;
        // Items equal to the pivot come before it, because they are from the left run.
        (not_greater(left, &right[middle], is_less), middle)
    }
}

/// How many items of a run are less than the pivot.
pub(super) fn less<T>(run: &[T], pivot: &T, is_less: &impl Fn(&T, &T) -> bool) -> usize {
    run.partition_point(|item| is_less(item, pivot))
}

/// How many items of a run are not greater than the pivot.
pub(super) fn not_greater<T>(run: &[T], pivot: &T, is_less: &impl Fn(&T, &T) -> bool) -> usize {
    run.partition_point(|item| !is_less(pivot, item))
}

/// How many items of the left and of the right run have been copied.
struct Merged {
    /// Items copied from the beginnings of the runs to that of `out`.
    front: (usize, usize),
    /// Items copied from the ends of the runs to that of `out`.
    back: (usize, usize),
}

impl Merged {
    fn of_front(left: usize, right: usize) -> Self {
        Self {
            front: (left, right),
            back: (0, 0),
        }
    }
}

/// Merges from the front until a run ends, or a block is full.
fn merge_front<T, F: Fn(&T, &T) -> bool>(
    left: &[T],
    right: &[T],
    out: &mut [MaybeUninit<T>],
    is_less: &F,
) -> Merged {
    assert_eq!(left.len() + right.len(), out.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() && l + r < BLOCK {
        // SAFETY: both places are within their runs (the condition of the loop). `l + r` items have
        // been copied: fewer than both runs have together, and so fewer than `out` has places.
        unsafe {
            let (a, b) = (left.get_unchecked(l), right.get_unchecked(r));
            let right_is_next = is_less(b, a);
            // There is no branch on the outcome, which cannot be predicted.
            let next: *const T = if right_is_next { b } else { a };
            ptr::copy_nonoverlapping(next, out.as_mut_ptr().add(l + r).cast(), 1);
            r += usize::from(right_is_next);
            l += usize::from(!right_is_next);
        }
    }
    Merged::of_front(l, r)
}

/// Merges `steps` items from the front and as many from the back: two chains of comparisons that
/// do not wait for each other.
///
/// No run is shorter than twice `steps`. So each chain stays in its own half, whatever `is_less`
/// says, and no chain compares an item that the other has copied.
fn merge_ends<T, F: Fn(&T, &T) -> bool>(
    left: &[T],
    right: &[T],
    out: &mut [MaybeUninit<T>],
    steps: usize,
    is_less: &F,
) -> Merged {
    assert_eq!(left.len() + right.len(), out.len());
    assert!(2 * steps <= left.len() && 2 * steps <= right.len());
    // How many items were taken from the front of the left and of the right run, and then from
    // their backs.
    let (mut l, mut r) = (0, 0);
    let (mut l_back, mut r_back) = (0, 0);
    let out_end = out.len();
    for step in 0..steps {
        // SAFETY: `l + r` is `step`, so both are less than `steps`, which is at most half of a run
        // (asserted). The place in `out` is less than half of `out`.
        unsafe {
            let (a, b) = (left.get_unchecked(l), right.get_unchecked(r));
            let right_is_next = is_less(b, a);
            let next: *const T = if right_is_next { b } else { a };
            ptr::copy_nonoverlapping(next, out.as_mut_ptr().add(step).cast(), 1);
            r += usize::from(right_is_next);
            l += usize::from(!right_is_next);
        }
        // SAFETY: as above, counted from the ends.
        unsafe {
            let a = left.get_unchecked(left.len() - 1 - l_back);
            let b = right.get_unchecked(right.len() - 1 - r_back);
            let left_is_last = is_less(b, a);
            let last: *const T = if left_is_last { a } else { b };
            ptr::copy_nonoverlapping(last, out.as_mut_ptr().add(out_end - 1 - step).cast(), 1);
            l_back += usize::from(left_is_last);
            r_back += usize::from(!left_is_last);
        }
    }
    Merged {
        front: (l, r),
        back: (l_back, r_back),
    }
}

/// Copies the bits of `items` to `out`, which is as long.
pub(super) fn copy<T>(items: &[T], out: &mut [MaybeUninit<T>]) {
    assert_eq!(items.len(), out.len());
    // SAFETY: both are valid for this many items (asserted), and do not overlap, because one of
    // them is borrowed uniquely.
    unsafe { ptr::copy_nonoverlapping(items.as_ptr(), out.as_mut_ptr().cast(), items.len()) }
}
