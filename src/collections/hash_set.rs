//! Parallel iterators over `HashSet`s, in no particular order.
//!
//! std's iterator cannot be divided, so the items (or references to them) are put into a `Vec`
//! first, by one thread.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::HashSet;
//!
//! let mut set = HashSet::from([1, 2, 3]);
//! assert_eq!(set.par_iter().sum::<u32>(), 6);
//! assert_eq!(set.par_drain().max(), Some(3));
//! assert!(set.is_empty());
//! ```

use super::{clones, sources};
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelDrainFull, ParallelIterator};
use crate::vec;
use std::collections::HashSet;
use std::marker::PhantomData;

sources! {
    /// Parallel iterator that owns the items of a `HashSet`.
    IntoIter[T: Send][T], {S} HashSet<T, S> => vec::IntoIter<T>, T,
        |this| this.into_iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over shared references to the items of a `HashSet`.
    Iter['data, T: Sync]['data, T], {S} &'data HashSet<T, S> => vec::IntoIter<&'data T>, &'data T,
        |this| this.iter().collect::<Vec<_>>().into_par_iter();
}

clones! {
    [T: Clone] IntoIter<T>;
    [T] Iter<'_, T>;
}

/// Parallel iterator that takes all items out of a `HashSet`.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'a, T> {
    inner: vec::IntoIter<T>,
    /// Nothing is left in the set, but the iterator borrows it, as rayon's does: its lifetime is
    /// part of the interface.
    emptied: PhantomData<&'a mut ()>,
}

impl<'a, T: Send, S> ParallelDrainFull for &'a mut HashSet<T, S> {
    type Iter = Drain<'a, T>;
    type Item = T;

    fn par_drain(self) -> Self::Iter {
        Drain {
            inner: self.drain().collect::<Vec<_>>().into_par_iter(),
            emptied: PhantomData,
        }
    }
}

impl<T: Send> ParallelIterator for Drain<'_, T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.inner.drive_unindexed(consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        self.inner.opt_len()
    }
}
