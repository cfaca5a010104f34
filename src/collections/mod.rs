//! The collections of std, as sources and as targets of `collect` and `par_extend`.
//!
//! As targets: items are made in parallel, and put in one after the other, in order. For an empty
//! `BTreeMap` or `BTreeSet` they are also sorted in parallel, and the collection is then built at
//! once.
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

pub mod binary_heap;
pub mod btree_map;
pub mod btree_set;
pub mod hash_map;
pub mod hash_set;
pub mod linked_list;
pub mod vec_deque;

use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};
use crate::slice::ParallelSliceMut;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};

/// Declares sources that pass everything on to an existing iterator.
macro_rules! sources {
    ($(
        $(#[$doc:meta])*
        $name:ident[$($params:tt)*][$($args:tt)*], {$($more:ident)?} $collection:ty => $inner:ty, $item:ty,
        |$this:ident| $make:expr;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
        pub struct $name<$($args)*> {
            inner: $inner,
        }

        impl<$($params)*, $($more)?> IntoParallelIterator for $collection {
            type Iter = $name<$($args)*>;
            type Item = $item;

            fn into_par_iter(self) -> Self::Iter {
                let $this = self;
                $name { inner: $make }
            }
        }

        impl<$($params)*> ParallelIterator for $name<$($args)*> {
            type Item = $item;

            fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
                self.inner.drive_unindexed(consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                self.inner.opt_len()
            }
        }
    )*};
}

/// Makes sources of [`sources`] indexed.
macro_rules! indexed {
    ($([$($params:tt)*] $name:ty;)*) => {$(
        impl<$($params)*> IndexedParallelIterator for $name {
            fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
                self.inner.drive(consumer)
            }

            fn len(&self) -> usize {
                self.inner.len()
            }

            fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
                self.inner.with_producer(callback)
            }
        }
    )*};
}

macro_rules! clones {
    ($([$($params:tt)*] $name:ty;)*) => {$(
        impl<$($params)*> Clone for $name {
            fn clone(&self) -> Self {
                Self {
                    inner: self.inner.clone(),
                }
            }
        }
    )*};
}

use {clones, indexed, sources};

/// Extends a collection with all items at once, so that it makes room for them once.
fn extend<C, T, I>(collection: &mut C, par_iter: I)
where
    C: Extend<T>,
    T: Send,
    I: IntoParallelIterator<Item = T>,
{
    collection.extend(Vec::from_par_iter(par_iter));
}

/// Like [`extend`], for collections that are built faster from sorted items. std's `BTreeMap` and
/// `BTreeSet` sort what they are collected from, and notice when it is sorted already. Sorting is
/// stable, so of equal keys the last one stays, as with `extend`.
fn extend_sorted<C, T, K, I>(collection: &mut C, par_iter: I, key: fn(&T) -> &K)
where
    C: Extend<T> + FromIterator<T>,
    for<'c> &'c C: IntoIterator,
    T: Send,
    K: Ord,
    I: IntoParallelIterator<Item = T>,
{
    if (&*collection).into_iter().next().is_some() {
        return extend(collection, par_iter);
    }
    let mut items = Vec::from_par_iter(par_iter);
    items.par_sort_by(|a, b| key(a).cmp(key(b)));
    *collection = items.into_iter().collect();
}

macro_rules! sorted_extends {
    ($({$($params:tt)*} $item:ty => $collection:ty, $key:expr;)*) => {$(
        impl<$($params)*> ParallelExtend<$item> for $collection {
            fn par_extend<I: IntoParallelIterator<Item = $item>>(&mut self, par_iter: I) {
                extend_sorted(self, par_iter, $key);
            }
        }
    )*};
}

sorted_extends! {
    {T: Ord + Send} T => BTreeSet<T>, |item| item;
    {K: Ord + Send, V: Send} (K, V) => BTreeMap<K, V>, |(key, _)| key;
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
    {T: Eq + Hash + Send, S: BuildHasher + Send} T => HashSet<T, S>;
    {K: Eq + Hash + Send, V: Send, S: BuildHasher + Send} (K, V) => HashMap<K, V, S>;
    {'a, T: Copy + Send + Sync + 'a} &'a T => VecDeque<T>;
    {'a, T: Copy + Send + Sync + 'a} &'a T => LinkedList<T>;
    {'a, T: Copy + Ord + Send + Sync + 'a} &'a T => BinaryHeap<T>;
    {'a, T: Copy + Eq + Hash + Send + Sync + 'a, S: BuildHasher + Send} &'a T => HashSet<T, S>;
    {'a, K: Copy + Eq + Hash + Send + Sync + 'a, V: Copy + Send + Sync + 'a, S: BuildHasher + Send} (&'a K, &'a V) => HashMap<K, V, S>;
}

impl<'a, T: Copy + Ord + Send + Sync + 'a> ParallelExtend<&'a T> for BTreeSet<T> {
    fn par_extend<I: IntoParallelIterator<Item = &'a T>>(&mut self, par_iter: I) {
        self.par_extend(par_iter.into_par_iter().copied());
    }
}

impl<'a, K, V> ParallelExtend<(&'a K, &'a V)> for BTreeMap<K, V>
where
    K: Copy + Ord + Send + Sync + 'a,
    V: Copy + Send + Sync + 'a,
{
    fn par_extend<I: IntoParallelIterator<Item = (&'a K, &'a V)>>(&mut self, par_iter: I) {
        let pairs = par_iter.into_par_iter();
        self.par_extend(pairs.map(|(key, value)| (*key, *value)));
    }
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

/// Collects into a `Vec`, and keeps its allocation.
impl<T: Send> FromParallelIterator<T> for VecDeque<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        Vec::from_par_iter(par_iter).into()
    }
}

/// Collects into a `Vec`, and keeps its allocation.
impl<T: Ord + Send> FromParallelIterator<T> for BinaryHeap<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        Vec::from_par_iter(par_iter).into()
    }
}

/// The result is always `Owned`, collected as the owned type is.
impl<'a, C, T> FromParallelIterator<T> for Cow<'a, C>
where
    C: ToOwned<Owned: FromParallelIterator<T>> + ?Sized,
    T: Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(par_iter: I) -> Self {
        Cow::Owned(C::Owned::from_par_iter(par_iter))
    }
}
