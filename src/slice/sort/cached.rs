//! The sort that makes each key once.

use super::unstable;
use crate::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use std::mem;

/// Sorts by keys; items with equal keys keep their order.
pub(in crate::slice) fn sort_by_cached_key<T, K, F>(slice: &mut [T], key: F)
where
    T: Send,
    K: Ord + Send,
    F: Fn(&T) -> K + Sync,
{
    let mut keyed: Vec<(K, usize)> = slice
        .par_iter_mut()
        .enumerate()
        .map(|(place, item)| (key(item), place))
        .collect();
    // No two are equal, because the places are not: so this is stable.
    unstable(&mut keyed, |a, b| a < b);
    let places = keyed.into_iter().map(|(_, place)| place).collect();
    permute(slice, places);
}

/// Brings the item that is at `from[place]` to each `place`.
fn permute<T>(slice: &mut [T], mut from: Vec<usize>) {
    for start in 0..slice.len() {
        // Follow the cycle. The item that was at its start travels ahead of us, and a place that
        // is done refers to itself.
        let mut place = start;
        loop {
            let source = mem::replace(&mut from[place], place);
            if source == start || source == place {
                break;
            }
            slice.swap(place, source);
            place = source;
        }
    }
}
