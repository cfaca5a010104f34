//! The parallel sorts.
//!
//! std's sorts are hard to beat on one thread, so they sort the leaves of both algorithms
//! ([`leaf`]). This module divides a slice among threads, and finds runs that are already in order
//! ([`runs`]).
//!
//! * **Stable** ([`mod@stable`]): a piece for each thread is sorted by std, then neighbours are
//!   merged ([`mod@merge`]) through a buffer as long as the slice. A merge is divided as well, when
//!   a thread is hungry: one run is cut in its middle, the other run where that item belongs. Of a
//!   piece that is nearly in order, only the strays are sorted, and merged back ([`strays`]).
//! * **Unstable** ([`quick`]): the slice is partitioned around a pivot, in place, and both sides
//!   are sorted by `join` ([`partition`]). Long runs are merged in place ([`mod@merge_in_place`]);
//!   if few items are out of order, they are taken out and merged back ([`nearly`]).
//! * **By cached keys** ([`cached`]): keys are made in parallel and sorted together with the
//!   places of their items, which are then brought there.
//!
//! No two threads ever look at an item at the same time, because it need not be `Sync`. That holds
//! even for a bitwise copy, as both may point to the same `Cell`. So the threads cannot share a
//! splitter, and threads that partition together have a pivot each.
//!
//! Whatever the comparison does (panic, lie, never answer the same way twice), the slice holds the
//! same items afterwards, and the sort ends. It panics only if the comparison does. A comparison
//! may change an item, so it must see the one that is kept. Each file with unsafe code says how it
//! ensures that; the other files only swap.

mod cached;
mod copy;
#[deny(unsafe_code)]
mod leaf;
mod merge;
mod merge_in_place;
#[deny(unsafe_code)]
mod nearly;
mod neighbours;
mod partition;
#[deny(unsafe_code)]
mod quick;
#[deny(unsafe_code)]
mod runs;
mod stable;
mod strays;
#[deny(unsafe_code)]
mod swap;
#[cfg(all(test, not(manyhands_model)))]
mod tests;

pub(super) use self::cached::sort_by_cached_key;
pub(super) use self::quick::sort as unstable;
pub(super) use self::stable::sort as stable;

use self::runs::leading_run;
use crate::iter::plumbing::fork;
use std::hint::black_box;

/// The length below which std sorts a slice. No shorter piece is offered to another thread.
const MIN_LEN: usize = 1 << 11;

/// The length from which a slice is worth sharing, however cheap its comparisons are.
const LONG: usize = 1 << 14;

/// The time that the comparisons of a slice shorter than `LONG` must take to be worth sharing:
/// others have to wake up first.
const WORTH_SHARING_NS: f64 = 400_000.0;

/// The time for which one thread looks at items alone, before others have woken up.
const ALONE_NS: f64 = 60_000.0;

/// Lengths that a sort goes by.
#[derive(Clone, Copy)]
struct Lens {
    /// Of a piece that std sorts.
    leaf: usize,
    /// See [`sort_alone`].
    alone: usize,
}

/// Sorts a slice alone if that is probably done before others could help. If not, returns how many
/// items a thread compares with one other in [`ALONE_NS`].
fn sort_alone<T, F>(slice: &mut [T], is_less: &F, sort: fn(&mut [T], &F)) -> Option<usize>
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let len = slice.len();
    // Items without a size cannot be told apart.
    if len < MIN_LEN || size_of::<T>() == 0 {
        sort(slice, is_less);
        return None;
    }
    // A slice that is in order is done before the clock has been read.
    if len < LONG && leading_run(slice, len, is_less) == len {
        return None;
    }
    let ns = comparison_ns(slice, is_less);
    if len < LONG && ns * len as f64 * f64::from(len.ilog2()) < WORTH_SHARING_NS {
        sort(slice, is_less);
        return None;
    }
    // A float that is too large becomes the greatest number.
    Some(((ALONE_NS / ns) as usize).max(MIN_LEN))
}

/// About how long a comparison takes.
fn comparison_ns<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> f64 {
    const SAMPLES: usize = 32;
    const REPEATS: usize = 4;
    let step = slice.len() / SAMPLES;
    let compare = || {
        for n in 0..SAMPLES {
            let (a, b) = (n * step, (SAMPLES - n) * step - 1);
            black_box(is_less(&slice[a], &slice[b]));
        }
    };
    // The first pass brings the items into the cache. With fewer comparisons the clock itself would
    // be a good part of what it shows.
    compare();
    let mut clock = fork::Clock::start();
    (0..REPEATS).for_each(|_| compare());
    clock.lap() / (SAMPLES * REPEATS) as f64
}
