//! Sorting.
//!
//! std's sorts are hard to beat on one thread, so the leaves of both algorithms are theirs: this
//! module only divides a slice among threads.
//!
//! * **Stable** ([`stable`]): halves are sorted by `join`, then merged, through a buffer as long
//!   as the slice. A merge is divided as well: the longer run is cut in its middle, the other one
//!   where that item belongs ([`merge`]).
//! * **Unstable** ([`quick`]): the slice is partitioned around a pivot, in place, and both sides
//!   are sorted by `join`. A slice that resists partitioning is left to std, which has an answer.
//! * **By cached keys** ([`cached`]): keys are made in parallel and sorted together with the
//!   places of their items, which are then brought there.
//!
//! No item is ever looked at by two threads at a time, because it need not be `Sync`. That rules
//! out a partition by several threads, and splitters that all threads compare with.
//!
//! Whatever the comparison does (panic, lie, never answer the same way twice), the slice holds
//! the same items afterwards, and the sort ends. Quick and cached consist of swaps, so nothing is
//! to be proved there; what the stable sort does about it is told in its file. The only unsafe
//! code is there and in [`merge`].

#[deny(unsafe_code)]
mod cached;
mod merge;
#[deny(unsafe_code)]
mod quick;
mod stable;

pub(super) use self::cached::sort_by_cached_key;
pub(super) use self::quick::sort as unstable;
pub(super) use self::stable::sort as stable;

use crate::iter::plumbing::fork;
use std::cmp::Ordering;

/// No piece shorter than this is offered to another thread. Not tuned yet.
const MIN_LEAF: usize = 2048;

/// A few pieces for each thread, so that the slow ones find help.
const LEAVES_PER_THREAD: usize = 4;

/// How long a piece of a slice of `len` items is that one thread sorts, and merges, alone. Called
/// on a thread of the pool.
fn leaf_len(len: usize) -> usize {
    match fork::num_threads() {
        // Alone, nothing is better than std's sort of the whole.
        0 | 1 => len,
        threads => len.div_ceil(threads * LEAVES_PER_THREAD).max(MIN_LEAF),
    }
}

/// An ordering for std's sorts, which look at nothing but "less".
fn ordering<T>(is_less: impl Fn(&T, &T) -> bool) -> impl Fn(&T, &T) -> Ordering {
    move |a, b| {
        if is_less(a, b) {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    }
}
