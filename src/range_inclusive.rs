//! Parallel loops over inclusive ranges of integers and characters.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let total: u32 = (1..=100_u32).into_par_iter().sum();
//! assert_eq!(total, 5050);
//! ```
#![deny(unsafe_code)]

use crate::iter::plumbing::*;
use crate::iter::{ChainIter, IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use crate::range::{Integer, RangeInteger};
use std::ops::{Range, RangeInclusive};

/// Parallel iterator over the integers of an inclusive range.
///
/// It is indexed for integers of up to 16 bits and `char`.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Iter<T> {
    /// All integers except the last.
    range: Range<T>,
    last: Option<T>,
}

impl<T: RangeInteger + Ord> IntoParallelIterator for RangeInclusive<T> {
    type Iter = Iter<T>;
    type Item = T;

    fn into_par_iter(self) -> Iter<T> {
        // An inclusive range that has been iterated to its end is empty, but its ends do not
        // show it.
        let last = (!self.is_empty()).then(|| *self.end());
        let start = *self.start();
        Iter {
            range: start..last.unwrap_or(start),
            last,
        }
    }
}

impl<T: RangeInteger + Ord> ParallelIterator for Iter<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        match self.opt_len() {
            Some(len) => bridge_producer_consumer(len, self.producer(), consumer),
            None => bridge_unindexed(self.producer(), consumer),
        }
    }

    fn opt_len(&self) -> Option<usize> {
        T::count(&self.range)?.checked_add(usize::from(self.last.is_some()))
    }
}

/// The integers whose inclusive ranges are indexed. Sealed.
pub trait IndexedRangeInteger: RangeInteger + Ord {}

impl IndexedRangeInteger for u8 {}
impl IndexedRangeInteger for u16 {}
impl IndexedRangeInteger for i8 {}
impl IndexedRangeInteger for i16 {}
impl IndexedRangeInteger for char {}

impl<T: IndexedRangeInteger> IndexedParallelIterator for Iter<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.opt_len()
            .expect("an indexed range has a length that fits a usize")
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(self.producer())
    }
}

impl<T> Iter<T> {
    fn producer(self) -> InclusiveProducer<T> {
        InclusiveProducer {
            range: self.range,
            last: self.last,
        }
    }
}

struct InclusiveProducer<T> {
    range: Range<T>,
    last: Option<T>,
}

impl<T: Integer> Producer for InclusiveProducer<T> {
    type Item = T;
    type IntoIter = ChainIter<T::Sequence, std::option::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        ChainIter::new(T::sequence(self.range), self.last.into_iter())
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        if T::count(&self.range).is_some_and(|len| index > len) {
            let end = self.range.end;
            let nothing = Self {
                range: end..end,
                last: None,
            };
            return (self, nothing);
        }
        let middle = self.range.start.after(index);
        self.cut(middle)
    }

    fn fold_with<F: Folder<T>>(self, folder: F) -> F {
        fold(self, folder)
    }
}

impl<T: Integer> UnindexedProducer for InclusiveProducer<T> {
    type Item = T;

    fn split(self) -> (Self, Option<Self>) {
        let middle = T::halfway(&self.range);
        if middle == self.range.start {
            return (self, None);
        }
        let (left, right) = self.cut(middle);
        (left, Some(right))
    }

    fn fold_with<F: Folder<T>>(self, folder: F) -> F {
        fold(self, folder)
    }
}

impl<T: Integer> InclusiveProducer<T> {
    fn cut(self, middle: T) -> (Self, Self) {
        let left = Self {
            range: self.range.start..middle,
            last: None,
        };
        let right = Self {
            range: middle..self.range.end,
            last: self.last,
        };
        (left, right)
    }
}

fn fold<T: Integer, F: Folder<T>>(producer: InclusiveProducer<T>, folder: F) -> F {
    let folder = folder.consume_iter(T::sequence(producer.range));
    match producer.last {
        Some(last) if !folder.full() => folder.consume(last),
        _ => folder,
    }
}
