//! The sort by cached keys, which makes each key once.

use super::copy::copy_back;
use super::{MIN_LEN, unstable};
use crate::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator,
};
use std::mem::MaybeUninit;
use std::ptr;

/// Sorts by keys; items with equal keys keep their order.
pub(in crate::slice) fn sort_by_cached_key<T, K, F>(slice: &mut [T], key: F)
where
    T: Send,
    K: Ord + Send,
    F: Fn(&T) -> K + Sync,
{
    if slice.len() < 2 * MIN_LEN || size_of::<T>() == 0 {
        return slice.sort_by_cached_key(key);
    }
    // Short places mean less to move.
    if u32::try_from(slice.len()).is_ok() {
        by_places(slice, key, |place| place as u32, |place| place as usize);
    } else {
        by_places(slice, key, |place| place, |place| place);
    }
}

/// Sorts the places of the items, and then the items. `short` and `long` are inverse to each other
/// for all places of the slice.
fn by_places<T, K, P, F>(
    slice: &mut [T],
    key: F,
    short: impl Fn(usize) -> P + Sync + Send,
    long: impl Fn(P) -> usize + Sync + Send,
) where
    T: Send,
    K: Ord + Send,
    P: Copy + Ord + Send + Sync,
    F: Fn(&T) -> K + Sync,
{
    let mut keyed: Vec<(K, P)> = slice
        .par_iter_mut()
        .enumerate()
        .map(|(place, item)| (key(item), short(place)))
        .collect();
    // No two pairs are equal, because the places are not. So this is stable.
    unstable(&mut keyed, |a, b| a < b);
    let places: Vec<P> = keyed.into_par_iter().map(|(_, place)| place).collect();
    // SAFETY: the places of all items were sorted, and each is there once, however the keys
    // compare.
    unsafe { gather(slice, &places, long) }
}

/// Brings the item at `places[n]` to place `n`, for each `n`.
///
/// # Safety
///
/// `long` makes each place of the slice from exactly one of the `places`.
unsafe fn gather<T, P>(slice: &mut [T], places: &[P], long: impl Fn(P) -> usize + Sync + Send)
where
    T: Send,
    P: Copy + Send + Sync,
{
    let len = slice.len();
    assert_eq!(places.len(), len);
    let mut buffer = Vec::with_capacity(len);
    let buffer = &mut buffer.spare_capacity_mut()[..len];
    let source = Source(slice.as_ptr().cast());
    // To follow the cycles in place would be slower: each step would wait for the one before.
    buffer.par_iter_mut().zip(places).for_each(|(out, &place)| {
        let place = long(place);
        assert!(place < len);
        // SAFETY: a place of the slice (asserted), which no thread changes meanwhile.
        unsafe { ptr::copy_nonoverlapping(source.get().add(place), out, 1) }
    });
    // SAFETY: there are as many copies as items, each of another item (the caller's promise).
    unsafe { copy_back(buffer, slice) }
}

/// A slice whose bits all threads read. None of them looks at an item as such, so `T` need not be
/// `Sync`.
struct Source<T>(*const MaybeUninit<T>);

// SAFETY: a pointer to bits that are only copied.
unsafe impl<T: Send> Sync for Source<T> {}

impl<T> Source<T> {
    fn get(&self) -> *const MaybeUninit<T> {
        self.0
    }
}
