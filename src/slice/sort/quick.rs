//! The unstable sort: existing runs are merged; the rest is partitioned on the first levels, and
//! sorted by std below.

use super::leaf::{heap_sort, sort_unstable};
use super::merge_in_place::merge_in_place;
use super::partition::{join_sides, partition, partition_shared};
use super::runs::leading_run;
use super::{Lens, MIN_LEN, nearly, sort_alone};
use crate::iter::plumbing::fork;
use crate::util::rng::Rng;
use std::mem;

/// The number of pieces for each thread: a few, so that slow threads find help.
const LEAVES_PER_THREAD: usize = 8;

/// The number of items in the sample for each pivot, of which there is one per thread.
const SAMPLE: usize = 64;

/// Sorts in place. Calls `is_less` for items of this slice only, on one thread for an item at a
/// time.
pub(in crate::slice) fn sort<T, F>(slice: &mut [T], is_less: F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    if let Some(alone) = sort_alone(slice, &is_less, sort_unstable) {
        fork::on_seat(|| conquer(slice, alone, &is_less));
    }
}

/// Sorts, on a seat. Looks for existing order first. One thread partitions pieces of up to `alone`
/// items.
pub(super) fn conquer<T, F>(slice: &mut [T], alone: usize, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    if slice.len() < MIN_LEN {
        return sort_unstable(slice, is_less);
    }
    let len = slice.len();
    let run = leading_run(slice, alone, is_less);
    if run == len {
        return;
    }
    if run >= len / 4 {
        // The run is long enough to stay as it is.
        conquer(&mut slice[run..], alone, is_less);
        return merge_in_place(slice, run, is_less);
    }
    if nearly::sort(slice, is_less, |rest| conquer(rest, alone, is_less)) {
        return;
    }
    let threads = fork::parallelism();
    let leaf = match threads {
        // For a single thread, nothing is better than std's sort of the whole.
        0 | 1 => len,
        _ => len.div_ceil(threads * LEAVES_PER_THREAD).max(MIN_LEN),
    };
    let lens = Lens { leaf, alone };
    divide(slice, None, threads, lens, len.ilog2(), is_less);
}

/// Sorts by partitions, together with up to `threads - 1` other threads. No item is less than
/// `least`. `patience` says after how many bad pivots std sorts the rest.
fn divide<'a, T, F>(
    mut slice: &'a mut [T],
    mut least: Option<&'a mut T>,
    threads: usize,
    lens: Lens,
    mut patience: u32,
    is_less: &F,
) where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    loop {
        fork::check_cancelled();
        if slice.len() <= lens.leaf || patience == 0 {
            return sort_unstable(slice, is_less);
        }
        // Later, there is a piece for each thread.
        if threads > 1 && slice.len() > lens.alone && fork::is_hungry() {
            let less = partition_by_all(slice, threads, is_less);
            let (left, right) = slice.split_at_mut(less);
            if is_balanced(left, right) {
                let half = threads / 2;
                fork::join(
                    || divide(left, least, threads - half, lens, patience, is_less),
                    |_| divide(right, None, half, lens, patience, is_less),
                );
                return merge_in_place(slice, less, is_less);
            }
            // Many items are equal.
        }
        let pivot = choose_pivot(slice, is_less);
        slice.swap(0, pivot);
        let (pivot, rest) = slice.split_first_mut().expect("longer than a leaf");
        if least.as_ref().is_some_and(|least| !is_less(least, pivot)) {
            // So the pivot is one of the least items. All of them are in place once they stand in
            // front.
            let equal = partition(rest, |item| !is_less(pivot, item));
            slice = &mut mem::take(&mut slice)[1 + equal..];
            patience -= 1;
            continue;
        }
        let less = partition(rest, |item| is_less(item, pivot));
        slice.swap(0, less);
        let (left, right) = mem::take(&mut slice).split_at_mut(less);
        let (pivot, right) = right.split_first_mut().expect("the pivot is there");
        if is_balanced(left, right) {
            let half = threads / 2;
            fork::join(
                || divide(left, least, threads - half, lens, patience, is_less),
                |_| divide(right, Some(pivot), half, lens, patience, is_less),
            );
            return;
        }
        // Either the pivot was bad, or it has many equals, which are all on the right.
        patience -= 1;
        if left.len() < right.len() {
            divide(left, least, 1, lens, patience, is_less);
            (slice, least) = (right, Some(pivot));
        } else {
            divide(right, Some(pivot), 1, lens, patience, is_less);
            slice = left;
        }
    }
}

/// Did a partition make two parts worth having?
fn is_balanced<T>(left: &[T], right: &[T]) -> bool {
    left.len().min(right.len()) >= left.len().max(right.len()) / 8
}

/// Partitions, together with threads that help, around pivots near the middle. Returns where the
/// right side begins. A few items between the pivots may be on either side.
fn partition_by_all<T, F>(slice: &mut [T], pivots: usize, is_less: &F) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let sample = (pivots * SAMPLE).min(slice.len() / 8);
    let random = Rng::new(slice.len() as u64);
    for place in 0..sample {
        slice.swap(place, place + random.below(slice.len() - place));
    }
    heap_sort(&mut slice[..sample], is_less);
    let first = (sample - pivots.min(sample)) / 2;
    let (sampled, rest) = slice.split_at_mut(sample);
    let less = partition_shared(rest, &mut sampled[first..][..pivots.min(sample)], is_less);
    // The items in front of the pivots stay; the pivots and all others belong to the right. So do
    // NaNs that equal everything, as with a single pivot: among a few of them std's sort panics.
    let (front, others) = sampled.split_at_mut(first);
    let in_front = match others {
        [pivot, ..] => partition(front, |item| is_less(item, pivot)),
        [] => first,
    };
    join_sides(slice, sample, in_front, less)
}

/// The place of an item that is probably near the middle of the order.
fn choose_pivot<T>(slice: &[T], is_less: &impl Fn(&T, &T) -> bool) -> usize {
    let median = |a: usize, b: usize, c: usize| {
        let (low, high) = if is_less(&slice[b], &slice[a]) {
            (b, a)
        } else {
            (a, b)
        };
        if is_less(&slice[c], &slice[low]) {
            low
        } else if is_less(&slice[high], &slice[c]) {
            high
        } else {
            c
        }
    };
    // A median of medians of 27 items from the whole slice, a little off a regular grid, which
    // patterns in the input might fit.
    let random = Rng::new(slice.len() as u64);
    let step = slice.len() / 27;
    let mut grid = (0..27).map(|n| n * step + random.below(step));
    let mut next = || grid.next().expect("27 places");
    let mut nine = || median(next(), next(), next());
    let mut three = || median(nine(), nine(), nine());
    median(three(), three(), three())
}
