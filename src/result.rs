//! Parallel iterators over the content of a `Result`, and `Result`s as targets of `collect`.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let parse = |v: &[&str]| -> Result<Vec<u8>, _> { v.par_iter().map(|s| s.parse::<u8>()).collect() };
//! assert_eq!(parse(&["1", "2"]), Ok(vec![1, 2]));
//! assert!(parse(&["1", "x"]).is_err());
//!
//! assert_eq!("7".parse::<u32>().into_par_iter().sum::<u32>(), 7);
//! ```
#![deny(unsafe_code)]

use crate::iter::plumbing::*;
use crate::iter::{
    FromParallelIterator, IndexedParallelIterator, IntoParallelIterator, ParallelIterator,
};
use crate::option;
use std::sync::{Mutex, PoisonError};

macro_rules! sources {
    ($($(#[$doc:meta])* {$($params:tt)*} $name:ident<$($arg:tt),*>, $result:ty, $item:ty, $inner:ty, |$this:ident| $ok:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
        pub struct $name<$($arg),*> {
            inner: $inner,
        }

        impl<$($params)*, E> IntoParallelIterator for $result {
            type Iter = $name<$($arg),*>;
            type Item = $item;

            fn into_par_iter(self) -> Self::Iter {
                let $this = self;
                $name { inner: $ok.into_par_iter() }
            }
        }

        impl<$($params)*> ParallelIterator for $name<$($arg),*> {
            type Item = $item;

            fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
                self.inner.drive_unindexed(consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                self.inner.opt_len()
            }
        }

        impl<$($params)*> IndexedParallelIterator for $name<$($arg),*> {
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

sources! {
    /// Parallel iterator over the content of an `Ok`: one item, or none of an `Err`.
    {T: Send} IntoIter<T>, Result<T, E>, T, option::IntoIter<T>, |this| this.ok();
    /// Parallel iterator over a shared reference to the content of an `Ok`.
    {'data, T: Sync} Iter<'data, T>, &'data Result<T, E>, &'data T,
        option::IntoIter<&'data T>, |this| this.as_ref().ok();
    /// Parallel iterator over a mutable reference to the content of an `Ok`.
    {'data, T: Send} IterMut<'data, T>, &'data mut Result<T, E>, &'data mut T,
        option::IntoIter<&'data mut T>, |this| this.as_mut().ok();
}

impl<T: Clone> Clone for IntoIter<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

/// The result is `Err` if any item is: some error, not necessarily the first. The loop stops soon
/// after one is found.
impl<C, T, E> FromParallelIterator<Result<T, E>> for Result<C, E>
where
    C: FromParallelIterator<T>,
    T: Send,
    E: Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = Result<T, E>>>(par_iter: I) -> Self {
        let saved = Mutex::new(None);
        let keep_error = |item: Result<T, E>| item.map_err(|error| save(&saved, error)).ok();
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

/// Saves an error, if there is none yet. The lock is taken for errors only. A piece that comes
/// later drops its error, and need not wait for that.
#[cold]
#[inline(never)]
fn save<E>(saved: &Mutex<Option<E>>, error: E) {
    if let Ok(mut saved) = saved.try_lock() {
        saved.get_or_insert(error);
    }
}
