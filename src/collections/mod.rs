//! The collections of std as targets of `collect` and `par_extend`.
//!
//! Items are made in parallel and put in one after the other, in order.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::{BTreeSet, HashMap};
//!
//! let squares: HashMap<u32, u32> = (0..10_u32).into_par_iter().map(|x| (x, x * x)).collect();
//! assert_eq!(squares[&7], 49);
//!
//! let rests: BTreeSet<u32> = (0..100_u32).into_par_iter().map(|x| x % 7).collect();
//! assert_eq!(rests.len(), 7);
//! ```
#![deny(unsafe_code)]

use crate::iter::sinks::collect::list;
use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};

/// `Extend` with pieces, so that a collection can reserve space for each.
fn extend<C, T, I>(collection: &mut C, par_iter: I)
where
    C: Extend<T>,
    T: Send,
    I: IntoParallelIterator<Item = T>,
{
    for piece in list::collect(par_iter.into_par_iter()) {
        collection.extend(piece);
    }
}

macro_rules! extends {
    ($({$($params:tt)*} $item:ty => $collection:ty;)*) => {$(
        impl<$($params)*> ParallelExtend<$item> for $collection {
            fn par_extend<I: IntoParallelIterator<Item = $item>>(&mut self, par_iter: I) {
                extend(self, par_iter);
            }
        }
    )*};
}

extends! {
    {T: Send} T => VecDeque<T>;
    {T: Send} T => LinkedList<T>;
    {T: Ord + Send} T => BinaryHeap<T>;
    {T: Ord + Send} T => BTreeSet<T>;
    {T: Eq + Hash + Send, S: BuildHasher + Send} T => HashSet<T, S>;
    {K: Ord + Send, V: Send} (K, V) => BTreeMap<K, V>;
    {K: Eq + Hash + Send, V: Send, S: BuildHasher + Send} (K, V) => HashMap<K, V, S>;
    {'a, T: Copy + Send + Sync + 'a} &'a T => VecDeque<T>;
    {'a, T: Copy + Send + Sync + 'a} &'a T => LinkedList<T>;
    {'a, T: Copy + Ord + Send + Sync + 'a} &'a T => BinaryHeap<T>;
    {'a, T: Copy + Ord + Send + Sync + 'a} &'a T => BTreeSet<T>;
    {'a, T: Copy + Eq + Hash + Send + Sync + 'a, S: BuildHasher + Send} &'a T => HashSet<T, S>;
}

macro_rules! collects {
    ($({$($params:tt)*} $item:ty => $collection:ty;)*) => {$(
        impl<$($params)*> FromParallelIterator<$item> for $collection {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(par_iter: I) -> Self {
                let mut collection = <$collection>::default();
                collection.par_extend(par_iter);
                collection
            }
        }
    )*};
}

collects! {
    {T: Send} T => LinkedList<T>;
    {T: Ord + Send} T => BTreeSet<T>;
    {T: Eq + Hash + Send, S: BuildHasher + Default + Send} T => HashSet<T, S>;
    {K: Ord + Send, V: Send} (K, V) => BTreeMap<K, V>;
    {K: Eq + Hash + Send, V: Send, S: BuildHasher + Default + Send} (K, V) => HashMap<K, V, S>;
}

/// Through a `Vec`, whose allocation is kept.
impl<T: Send> FromParallelIterator<T> for VecDeque<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        Vec::from_par_iter(par_iter).into()
    }
}

/// Through a `Vec`, whose allocation is kept.
impl<T: Ord + Send> FromParallelIterator<T> for BinaryHeap<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        Vec::from_par_iter(par_iter).into()
    }
}
