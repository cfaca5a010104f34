//! The stable sort: runs, found or sorted by std, and merged.
//!
//! A leaf that is nearly in order is not left to std: few items move ([`strays`]).
//!
//! A merge copies the items to the buffer, in order, and then copies all of them back. Invariants:
//!
//! * sort.S1: while a comparison may run, the slice owns all its items, and the buffer holds only
//!   bits. So it does not matter where a comparison unwinds. And what it does to an item (which may
//!   have a `Cell`) is done to the only one there is.
//! * sort.S2: when [`merge`](super::merge::merge) returns, the buffer holds each item once, as it
//!   is after its last comparison. From there to the end of the copy back, no code of the user
//!   runs.
//! * sort.S3: a copy back that has begun is finished, even when it unwinds: see
//!   [`copy_back`](super::copy::copy_back).

use super::leaf::sort_stable;
use super::neighbours::merge_neighbours;
use super::runs::leading_run;
use super::strays::{self, Span};
use super::{Lens, MIN_LEN, sort_alone};
use crate::iter::plumbing::fork;
use std::mem::MaybeUninit;

/// The least length of a leaf where no thread is hungry; half of the slice, if that is shorter,
/// because a thread may get hungry soon. Shorter leaves would cost more merging than they save.
const LONG_LEAF: usize = 1 << 20;

/// Sorts; equal items keep their order. Calls `is_less` for items of this slice only, on one
/// thread for an item at a time.
pub(in crate::slice) fn sort<T, F>(slice: &mut [T], is_less: F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let Some(alone) = sort_alone(slice, &is_less, sort_stable) else {
        return;
    };
    fork::on_seat(|| {
        let len = slice.len();
        let leaf = leaf_len(len);
        // A single leaf seldom needs a buffer.
        let mut found = None;
        if len <= leaf {
            // One that descends is reversed by that.
            if leading_run(slice, alone, &is_less) == len {
                return;
            }
            found = strays::find(slice, &is_less);
            if found.is_none() {
                return sort_stable(slice, &is_less);
            }
        }
        let mut buffer = Vec::with_capacity(len);
        let spare = &mut buffer.spare_capacity_mut()[..len];
        match found {
            Some(spans) => put_back(slice, spare, &spans, &is_less),
            None => conquer(slice, spare, Lens { leaf, alone }, &is_less),
        }
    });
}

/// The length of a piece that one thread sorts alone, in a slice of `len` items. There is one piece
/// for each thread, since every merge costs more than std pays for a level of its own. Called on a
/// seat.
fn leaf_len(len: usize) -> usize {
    let leaf = match fork::parallelism() {
        // For a single thread, nothing is better than std's sort of the whole.
        0 | 1 => return len,
        threads => len.div_ceil(threads),
    };
    if fork::is_hungry() {
        leaf.max(MIN_LEN)
    } else {
        leaf.max(len.div_ceil(2).min(LONG_LEAF))
    }
}

/// Sorts `slice`. `buffer` is as long, and holds nothing of value before and after.
fn conquer<T, F>(slice: &mut [T], buffer: &mut [MaybeUninit<T>], lens: Lens, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    fork::check_cancelled();
    if slice.len() <= lens.leaf {
        return match strays::find(slice, is_less) {
            Some(spans) => put_back(slice, buffer, &spans, is_less),
            None => sort_stable(slice, is_less),
        };
    }
    let run = leading_run(slice, lens.alone, is_less);
    if run < slice.len() {
        divide(slice, run, buffer, lens, is_less);
    }
}

/// Sorts `slice`, of which the strays were found. `buffer` is as long.
pub(super) fn put_back<T, F>(
    slice: &mut [T],
    buffer: &mut [MaybeUninit<T>],
    spans: &[Span],
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    if let [_] = spans {
        // It is in order.
        return;
    }
    let (middle, end) = strays::gather(slice, buffer, spans);
    sort_stable(&mut slice[..middle], is_less);
    sort_stable(&mut slice[end..], is_less);
    merge_neighbours(&mut slice[..end], middle, &mut buffer[..end], is_less);
    merge_neighbours(slice, end, buffer, is_less);
}

/// Sorts `slice`, which is longer than a leaf and begins with a run of `run` items.
fn divide<T, F>(slice: &mut [T], run: usize, buffer: &mut [MaybeUninit<T>], lens: Lens, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let middle = if run >= slice.len() / 4 {
        // The run is long enough to stay as it is.
        let rest = &mut slice[run..];
        let leaf = lens.leaf.min(leaf_len(rest.len()));
        conquer(rest, &mut buffer[run..], Lens { leaf, ..lens }, is_less);
        run
    } else {
        let middle = slice.len() / 2;
        let (left, right) = slice.split_at_mut(middle);
        let (left_buffer, right_buffer) = buffer.split_at_mut(middle);
        fork::join(
            || conquer(left, left_buffer, lens, is_less),
            |_| conquer(right, right_buffer, lens, is_less),
        );
        middle
    };
    merge_neighbours(slice, middle, buffer, is_less);
}
