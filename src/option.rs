//! `Option`s as targets of `collect`.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let halves = |v: &[u32]| -> Option<Vec<u32>> {
//!     v.par_iter().map(|x| (x % 2 == 0).then_some(x / 2)).collect()
//! };
//! assert_eq!(halves(&[2, 4]), Some(vec![1, 2]));
//! assert_eq!(halves(&[2, 3]), None);
//! ```
#![deny(unsafe_code)]

use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelIterator};

/// `None` if any item is; the loop stops soon after one is found.
impl<C, T> FromParallelIterator<Option<T>> for Option<C>
where
    C: FromParallelIterator<T>,
    T: Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = Option<T>>>(par_iter: I) -> Self {
        let results = par_iter.into_par_iter().map(|item| item.ok_or(()));
        Result::<C, ()>::from_par_iter(results).ok()
    }
}
