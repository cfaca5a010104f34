//! `once`: one item.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};
use std::option;

/// An iterator of one item: `item` itself. It is indexed.
///
/// ```
/// use manyhands::iter::once;
/// use manyhands::prelude::*;
///
/// let v: Vec<u32> = (0..2_u32).into_par_iter().chain(once(7)).collect();
/// assert_eq!(v, [0, 1, 7]);
/// ```
pub fn once<T: Send>(item: T) -> Once<T> {
    Once { item }
}

/// Iterator returned by [`once`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Once<T> {
    item: T,
}

bridged!(Once<T> => T, impl<T: Send>);

impl<T: Send> IndexedParallelIterator for Once<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        1
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(OnceProducer {
            item: Some(self.item),
        })
    }
}

struct OnceProducer<T> {
    item: Option<T>,
}

impl<T: Send> Producer for OnceProducer<T> {
    type Item = T;
    type IntoIter = option::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.item.into_iter()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let none = Self { item: None };
        if index == 0 {
            (none, self)
        } else {
            (self, none)
        }
    }
}
