//! Parallel iterators over `LinkedList`s.
//!
//! std's iterator cannot be divided, so the items (or references to them) are put into a `Vec`
//! first, by one thread.
//!
//! ```
//! use manyhands::prelude::*;
//! use std::collections::LinkedList;
//!
//! let mut list = LinkedList::from([1, 2, 3]);
//! list.par_iter_mut().for_each(|x| *x *= 2);
//! assert_eq!(list.into_par_iter().collect::<Vec<u32>>(), [2, 4, 6]);
//! ```

use super::{clones, sources};
use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelIterator};
use crate::vec;
use std::collections::LinkedList;

sources! {
    /// Parallel iterator that owns the items of a `LinkedList`.
    IntoIter[T: Send][T], {} LinkedList<T> => vec::IntoIter<T>, T,
        |this| this.into_iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over shared references to the items of a `LinkedList`.
    Iter['data, T: Sync]['data, T], {} &'data LinkedList<T> => vec::IntoIter<&'data T>, &'data T,
        |this| this.iter().collect::<Vec<_>>().into_par_iter();
    /// Parallel iterator over mutable references to the items of a `LinkedList`.
    IterMut['data, T: Send]['data, T], {} &'data mut LinkedList<T> => vec::IntoIter<&'data mut T>, &'data mut T,
        |this| this.iter_mut().collect::<Vec<_>>().into_par_iter();
}

clones! {
    [T: Clone] IntoIter<T>;
    [T] Iter<'_, T>;
}
