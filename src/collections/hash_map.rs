//! Parallel iterators over `HashMap`s, in no particular order.
//!
//! std's iterator cannot be divided, so the items (or references to them) are put into a `Vec`
//! first, by one thread.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::HashMap;
//!
//! let mut map = HashMap::from([(2, 'b'), (1, 'a')]);
//! assert_eq!(map.par_iter().map(|(n, _)| n).max(), Some(&2));
//! assert_eq!(map.par_drain().map(|(_, c)| c).min(), Some('a'));
//! assert!(map.is_empty());
//! ```

use super::{clones, sources};
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelDrainFull, ParallelIterator};
use crate::vec;
use std::collections::HashMap;
use std::marker::PhantomData;

sources! {
    /// Parallel iterator that owns the pairs of a `HashMap`.
    IntoIter[K: Send, V: Send][K, V], {S} HashMap<K, V, S> => vec::IntoIter<(K, V)>, (K, V),
        |this| this.into_iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over shared references to the pairs of a `HashMap`.
    Iter['data, K: Sync, V: Sync]['data, K, V], {S} &'data HashMap<K, V, S> => vec::IntoIter<(&'data K, &'data V)>, (&'data K, &'data V),
        |this| this.iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over the pairs of a `HashMap`: the values may be changed.
    IterMut['data, K: Sync, V: Send]['data, K, V], {S} &'data mut HashMap<K, V, S> => vec::IntoIter<(&'data K, &'data mut V)>, (&'data K, &'data mut V),
        |this| this.iter_mut().collect::<Vec<_>>().into_par_iter();
}

clones! {
    [K: Clone, V: Clone] IntoIter<K, V>;
    [K, V] Iter<'_, K, V>;
}

/// Parallel iterator that takes all pairs out of a `HashMap`.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'a, K, V> {
    inner: vec::IntoIter<(K, V)>,
    /// Nothing is left in the map, but the iterator borrows it, as rayon's does: its lifetime is
    /// part of the interface.
    emptied: PhantomData<&'a mut ()>,
}

impl<'a, K: Send, V: Send, S> ParallelDrainFull for &'a mut HashMap<K, V, S> {
    type Iter = Drain<'a, K, V>;
    type Item = (K, V);

    fn par_drain(self) -> Self::Iter {
        Drain {
            inner: self.drain().collect::<Vec<_>>().into_par_iter(),
            emptied: PhantomData,
        }
    }
}

impl<K: Send, V: Send> ParallelIterator for Drain<'_, K, V> {
    type Item = (K, V);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.inner.drive_unindexed(consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        self.inner.opt_len()
    }
}
