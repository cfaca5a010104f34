//! The unstable sort: partitions on the first levels, and std below.

use super::{MIN_LEAF, leaf_len, ordering};
use crate::iter::plumbing::fork;
use crate::util::rng::Rng;

/// Sorts in place. Calls `is_less` for items of this slice only, on one thread for an item at a
/// time.
pub(in crate::slice) fn sort<T, F>(slice: &mut [T], is_less: F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    if slice.len() <= MIN_LEAF || size_of::<T>() == 0 {
        return slice.sort_unstable_by(ordering(&is_less));
    }
    if is_one_run(slice, &is_less) {
        return;
    }
    fork::on_seat(|| {
        let leaf = leaf_len(slice.len());
        let patience = slice.len().ilog2();
        divide(slice, leaf, patience, &is_less);
    });
}

/// Is the slice sorted, once it has been reversed if it was in reverse order?
fn is_one_run<T>(slice: &mut [T], is_less: &impl Fn(&T, &T) -> bool) -> bool {
    if slice.is_sorted_by(|a, b| !is_less(b, a)) {
        return true;
    }
    let descends = slice.is_sorted_by(|a, b| is_less(b, a));
    if descends {
        slice.reverse();
    }
    descends
}

/// Sorts; `patience` says how many bad pivots it takes until std sorts the rest.
fn divide<T, F>(mut slice: &mut [T], leaf: usize, mut patience: u32, is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    loop {
        fork::check_cancelled();
        if slice.len() <= leaf || patience == 0 {
            return slice.sort_unstable_by(ordering(is_less));
        }
        let pivot = choose_pivot(slice, is_less);
        slice.swap(0, pivot);
        let (pivot, rest) = slice.split_first_mut().expect("longer than a leaf");
        let less = partition(rest, |item| is_less(item, pivot));
        slice.swap(0, less);
        let (left, right) = slice.split_at_mut(less);
        let (pivot, right) = right.split_first_mut().expect("the pivot is there");
        let is_lopsided = left.len().min(right.len()) < left.len().max(right.len()) / 8;
        if !is_lopsided {
            fork::join(
                |_| divide(left, leaf, patience, is_less),
                |_| divide(right, leaf, patience, is_less),
            );
            return;
        }
        // Either the pivot was bad, or it has many equals, which are all on the right. They are
        // where they belong once they stand next to it.
        patience -= 1;
        let equal = partition(right, |item| !is_less(pivot, item));
        let right = &mut right[equal..];
        let (short, long) = if left.len() < right.len() {
            (left, right)
        } else {
            (right, left)
        };
        divide(short, leaf, patience, is_less);
        slice = long;
    }
}

/// Brings the items that `belongs_left` to the left; returns how many they are.
fn partition<T>(slice: &mut [T], belongs_left: impl Fn(&T) -> bool) -> usize {
    let mut left = 0;
    for place in 0..slice.len() {
        // No branch on the outcome: it cannot be predicted. An item that stays is swapped with
        // the first one of the right side, or itself, and back by the next one.
        let goes_left = belongs_left(&slice[place]);
        slice.swap(left, place);
        left += usize::from(goes_left);
    }
    left
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
    // A median of medians of 27 items from everywhere, a little off a regular grid, which patterns
    // in the input might fit.
    let random = Rng::new(slice.len() as u64);
    let step = slice.len() / 27;
    let mut grid = (0..27).map(|n| n * step + random.below(step));
    let mut next = || grid.next().expect("27 places");
    let mut nine = || median(next(), next(), next());
    let mut three = || median(nine(), nine(), nine());
    median(three(), three(), three())
}
