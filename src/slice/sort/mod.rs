//! Sorting.
//!
//! std's sorts are hard to beat on one thread, so the leaves of both algorithms are theirs: this
//! module divides a slice among threads, and sees what is in order already ([`runs`]).
//!
//! * **Stable** ([`mod@stable`]): a piece for each thread is sorted by std, then neighbours are
//!   merged ([`mod@merge`]) through a buffer as long as the slice. A merge is divided as well, when
//!   somebody is hungry: one run is cut in its middle, the other one where that item belongs.
//! * **Unstable** ([`quick`]): the slice is partitioned around a pivot, in place, and both sides
//!   are sorted by `join` ([`partition`]). Long runs are merged in place ([`mod@merge_in_place`]);
//!   if few items are out of order, they are taken out and merged back ([`nearly`]).
//! * **By cached keys** ([`cached`]): keys are made in parallel and sorted together with the
//!   places of their items, which are then brought there.
//!
//! No item is ever looked at by two threads at a time, because it need not be `Sync`: not even a
//! bitwise copy may be, as both may point to the same `Cell`. So a splitter that all threads
//! compare with is out of the question, and threads that partition together have a pivot each.
//!
//! Whatever the comparison does (panic, lie, never answer the same way twice), the slice holds
//! the same items afterwards, and the sort ends. A comparison may change an item, so it must see
//! the one that is kept. Each file with unsafe code says how it is true there; the others swap.

mod cached;
mod copy;
mod merge;
mod merge_in_place;
#[deny(unsafe_code)]
mod nearly;
mod partition;
#[deny(unsafe_code)]
mod quick;
#[deny(unsafe_code)]
mod runs;
mod stable;
#[cfg(all(test, not(manyhands_model)))]
mod tests;

pub(super) use self::cached::sort_by_cached_key;
pub(super) use self::quick::sort as unstable;
pub(super) use self::stable::sort as stable;

use crate::iter::plumbing::fork;
use std::cmp::Ordering;
use std::hint::black_box;

/// Shorter slices are sorted by std, and no piece shorter than this is offered to another thread.
const MIN_LEN: usize = 1 << 11;

/// A slice this long is worth sharing however cheap its comparisons are.
const LONG: usize = 1 << 14;

/// So long the comparisons of a shorter one must take: others have to wake up first.
const WORTH_SHARING_NS: f64 = 400_000.0;

/// Is std's sort on this thread probably not done before others could have helped?
fn is_worth_sharing<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> bool {
    const SAMPLES: usize = 32;
    const REPEATS: usize = 4;
    let len = slice.len();
    if len >= LONG {
        return true;
    }
    if len < MIN_LEN {
        return false;
    }
    let step = len / SAMPLES;
    let compare = || {
        for n in 0..SAMPLES {
            let (a, b) = (n * step, (SAMPLES - n) * step - 1);
            black_box(is_less(&slice[a], &slice[b]));
        }
    };
    // The first time brings the items into the cache. Once more, and the clock would be a good part
    // of what it shows.
    compare();
    let mut clock = fork::Clock::start();
    (0..REPEATS).for_each(|_| compare());
    let comparisons = len as f64 * f64::from(len.ilog2());
    let timed = (SAMPLES * REPEATS) as f64;
    clock.lap() * comparisons / timed >= WORTH_SHARING_NS
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
