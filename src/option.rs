//! Parallel iterators over the content of an `Option`, and `Option`s as targets of `collect`.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let halves = |v: &[u32]| -> Option<Vec<u32>> {
//!     v.par_iter().map(|x| (x % 2 == 0).then_some(x / 2)).collect()
//! };
//! assert_eq!(halves(&[2, 4]), Some(vec![1, 2]));
//! assert_eq!(halves(&[2, 3]), None);
//!
//! let v: Vec<u32> = Some(7).into_par_iter().chain(0..3).collect();
//! assert_eq!(v, [7, 0, 1, 2]);
//! ```
#![deny(unsafe_code)]

use crate::iter::plumbing::*;
use crate::iter::{
    FromParallelIterator, IndexedParallelIterator, IntoParallelIterator, ParallelIterator,
};

/// Parallel iterator over the content of an `Option`: one item or none.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct IntoIter<T> {
    item: Option<T>,
}

impl<T: Send> IntoParallelIterator for Option<T> {
    type Iter = IntoIter<T>;
    type Item = T;

    fn into_par_iter(self) -> IntoIter<T> {
        IntoIter { item: self }
    }
}

impl<T: Send> ParallelIterator for IntoIter<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Send> IndexedParallelIterator for IntoIter<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        usize::from(self.item.is_some())
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(OptionProducer { item: self.item })
    }
}

struct OptionProducer<T> {
    item: Option<T>,
}

impl<T: Send> Producer for OptionProducer<T> {
    type Item = T;
    type IntoIter = std::option::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.item.into_iter()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let nothing = Self { item: None };
        match index {
            0 => (nothing, self),
            _ => (self, nothing),
        }
    }
}

macro_rules! by_reference {
    ($($(#[$doc:meta])* {$($bound:tt)*} $name:ident, $reference:ty, $item:ty, |$this:ident| $as_ref:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
        pub struct $name<'data, T> {
            inner: IntoIter<$item>,
        }

        impl<'data, T: $($bound)* + 'data> IntoParallelIterator for $reference {
            type Iter = $name<'data, T>;
            type Item = $item;

            fn into_par_iter(self) -> Self::Iter {
                let $this = self;
                $name { inner: IntoIter { item: $as_ref } }
            }
        }

        impl<'data, T: $($bound)* + 'data> ParallelIterator for $name<'data, T> {
            type Item = $item;

            fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
                self.inner.drive_unindexed(consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                self.inner.opt_len()
            }
        }

        impl<'data, T: $($bound)* + 'data> IndexedParallelIterator for $name<'data, T> {
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

by_reference! {
    /// Parallel iterator over a shared reference to the content of an `Option`.
    {Sync} Iter, &'data Option<T>, &'data T, |this| this.as_ref();
    /// Parallel iterator over a mutable reference to the content of an `Option`.
    {Send} IterMut, &'data mut Option<T>, &'data mut T, |this| this.as_mut();
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

/// The result is `None` if any item is. The loop stops soon after one is found.
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
