//! Parallel iterators over `BTreeSet`s, in order.
//!
//! std's iterator cannot be divided, so the items (or references to them) are put into a `Vec`
//! first, by one thread.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::BTreeSet;
//!
//! let set = BTreeSet::from([3, 1, 2]);
//! assert_eq!(set.into_par_iter().collect::<Vec<u32>>(), [1, 2, 3]);
//! ```

use super::{clones, sources};
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelIterator};
use crate::vec;
use std::collections::BTreeSet;

sources! {
    /// Parallel iterator that owns the items of a `BTreeSet`.
    IntoIter[T: Send][T], {} BTreeSet<T> => vec::IntoIter<T>, T,
        |this| this.into_iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over shared references to the items of a `BTreeSet`.
    Iter['data, T: Sync]['data, T], {} &'data BTreeSet<T> => vec::IntoIter<&'data T>, &'data T,
        |this| this.iter().collect::<Vec<_>>().into_par_iter();
}

clones! {
    [T: Clone] IntoIter<T>;
    [T] Iter<'_, T>;
}
