//! Parallel iterators over `BTreeMap`s, in the order of keys.
//!
//! std's iterator cannot be divided, so the items (or references to them) are put into a `Vec`
//! first, by one thread.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::BTreeMap;
//!
//! let mut map = BTreeMap::from([(2, 'b'), (1, 'a')]);
//! map.par_iter_mut().for_each(|(_, c)| *c = c.to_ascii_uppercase());
//! assert_eq!(map.into_par_iter().collect::<Vec<_>>(), [(1, 'A'), (2, 'B')]);
//! ```

use super::{clones, sources};
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelIterator};
use crate::vec;
use std::collections::BTreeMap;

sources! {
    /// Parallel iterator that owns the pairs of a `BTreeMap`.
    IntoIter[K: Send, V: Send][K, V], {} BTreeMap<K, V> => vec::IntoIter<(K, V)>, (K, V),
        |this| this.into_iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over shared references to the pairs of a `BTreeMap`.
    Iter['data, K: Sync, V: Sync]['data, K, V], {} &'data BTreeMap<K, V> => vec::IntoIter<(&'data K, &'data V)>, (&'data K, &'data V),
        |this| this.iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over the pairs of a `BTreeMap`: the values may be changed.
    IterMut['data, K: Sync, V: Send]['data, K, V], {} &'data mut BTreeMap<K, V> => vec::IntoIter<(&'data K, &'data mut V)>, (&'data K, &'data mut V),
        |this| this.iter_mut().collect::<Vec<_>>().into_par_iter();
}

clones! {
    [K: Clone, V: Clone] IntoIter<K, V>;
    [K, V] Iter<'_, K, V>;
}
