//! `Result`s as targets of `collect`.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let parse = |v: &[&str]| -> Result<Vec<u8>, _> { v.par_iter().map(|s| s.parse::<u8>()).collect() };
//! assert_eq!(parse(&["1", "2"]), Ok(vec![1, 2]));
//! assert!(parse(&["1", "x"]).is_err());
//! ```
#![deny(unsafe_code)]

use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelIterator};
use std::sync::{Mutex, PoisonError};

/// `Err` if any item is: some error, not necessarily the first. The loop stops soon after one is
/// found.
impl<C, T, E> FromParallelIterator<Result<T, E>> for Result<C, E>
where
    C: FromParallelIterator<T>,
    T: Send,
    E: Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = Result<T, E>>>(par_iter: I) -> Self {
        let saved = Mutex::new(None);
        let keep_error = |item: Result<T, E>| {
            item.map_err(|error| {
                // Taken for errors only. Whoever comes later loses; nobody need wait for that.
                if let Ok(mut saved) = saved.try_lock() {
                    saved.get_or_insert(error);
                }
            })
            .ok()
        };
        let collection = par_iter
            .into_par_iter()
            .map(keep_error)
            .while_some()
            .collect();
        match saved.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(collection),
        }
    }
}
