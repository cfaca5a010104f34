//! Parallel loops over ranges of integers and characters.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let total: u64 = (0..100_u64).into_par_iter().sum();
//! assert_eq!(total, 4950);
//!
//! let letters: String = ('a'..'f').into_par_iter().rev().collect();
//! assert_eq!(letters, "edcba");
//! ```
#![deny(unsafe_code)]

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::ops::Range;

/// Parallel iterator over the integers of a range.
///
/// It is indexed for integers of up to 32 bits, `usize`, `isize` and `char`. Loops over other
/// integers are split as well as these, but have no methods that need places, as in std.
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Iter<T> {
    range: Range<T>,
}

impl<T: RangeInteger> IntoParallelIterator for Range<T> {
    type Iter = Iter<T>;
    type Item = T;

    fn into_par_iter(self) -> Iter<T> {
        Iter { range: self }
    }
}

impl<T: RangeInteger> ParallelIterator for Iter<T> {
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        let producer = RangeProducer { range: self.range };
        match T::count(&producer.range) {
            Some(len) => bridge_producer_consumer(len, producer, consumer),
            None => bridge_unindexed(producer, consumer),
        }
    }

    fn opt_len(&self) -> Option<usize> {
        T::count(&self.range)
    }
}

impl<T: IndexedRangeInteger> IndexedParallelIterator for Iter<T> {
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        T::count(&self.range).expect("an indexed range has a length that fits a usize")
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        callback.callback(RangeProducer { range: self.range })
    }
}

struct RangeProducer<T> {
    range: Range<T>,
}

impl<T: Integer> Producer for RangeProducer<T> {
    type Item = T;
    type IntoIter = T::Sequence;

    fn into_iter(self) -> T::Sequence {
        T::sequence(self.range)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = cut(self.range, |range| range.start.after(index));
        (Self { range: left }, Self { range: right })
    }
}

impl<T: Integer> UnindexedProducer for RangeProducer<T> {
    type Item = T;

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = cut(self.range, T::halfway);
        if left.start == left.end {
            return (Self { range: right }, None);
        }
        (Self { range: left }, Some(Self { range: right }))
    }

    fn fold_with<F: Folder<T>>(self, folder: F) -> F {
        folder.consume_iter(T::sequence(self.range))
    }
}

fn cut<T: Copy>(range: Range<T>, place: impl FnOnce(&Range<T>) -> T) -> (Range<T>, Range<T>) {
    let middle = place(&range);
    (range.start..middle, middle..range.end)
}

/// The integers over whose ranges a loop can run, and `char`. Sealed.
pub trait RangeInteger: Integer {}

/// The integers whose ranges are indexed. Sealed.
pub trait IndexedRangeInteger: RangeInteger {}

pub(crate) use self::sealed::Integer;

use self::sealed::{Chars, Wide};

mod sealed {
    use std::ops::Range;

    /// The operations that loops over ranges need of an integer.
    pub trait Integer: Copy + Eq + Send + 'static {
        /// The range as a sequential iterator that knows its length.
        type Sequence: DoubleEndedIterator<Item = Self> + ExactSizeIterator + Send;

        fn sequence(range: Range<Self>) -> Self::Sequence;

        /// The number of integers in the range; `None` if it does not fit a `usize`.
        fn count(range: &Range<Self>) -> Option<usize>;

        /// The integer `n` places after `self`, where there is one.
        fn after(self, n: usize) -> Self;

        /// The middle of a range; its start, if it has less than two integers.
        fn halfway(range: &Range<Self>) -> Self;
    }

    /// A range whose length fits a `usize`, as the loop has checked, although std does not promise
    /// that for its type.
    #[derive(Clone, Debug)]
    pub struct Wide<T> {
        pub(super) range: Range<T>,
    }

    /// An iterator over the characters of a range, which knows their number.
    #[derive(Clone, Debug)]
    pub struct Chars {
        pub(super) places: Range<u32>,
    }
}

macro_rules! integers {
    ($($t:ident as $unsigned:ident in $sequence:ty, $make:expr;)*) => {$(
        impl RangeInteger for $t {}

        impl Integer for $t {
            type Sequence = $sequence;

            fn sequence(range: Range<$t>) -> $sequence {
                $make(range)
            }

            fn count(range: &Range<$t>) -> Option<usize> {
                if range.is_empty() {
                    return Some(0);
                }
                // The distance always fits the unsigned type of the same width.
                usize::try_from(range.end.wrapping_sub(range.start) as $unsigned).ok()
            }

            fn after(self, n: usize) -> $t {
                // This is exact: both are exact modulo 2^width, and the result is known to fit.
                self.wrapping_add(n as $t)
            }

            fn halfway(range: &Range<$t>) -> $t {
                if range.is_empty() {
                    return range.start;
                }
                let distance = range.end.wrapping_sub(range.start) as $unsigned;
                range.start.wrapping_add((distance / 2) as $t)
            }
        }
    )*};
}

macro_rules! indexed {
    ($($t:ident as $unsigned:ident),*) => {
        integers! { $($t as $unsigned in Range<$t>, std::convert::identity;)* }
        $(impl IndexedRangeInteger for $t {})*
    };
}

macro_rules! wide {
    ($($t:ident as $unsigned:ident),*) => {
        integers! { $($t as $unsigned in Wide<$t>, |range| Wide { range };)* }
        $(
            impl Iterator for Wide<$t> {
                type Item = $t;

                fn next(&mut self) -> Option<$t> {
                    self.range.next()
                }

                fn size_hint(&self) -> (usize, Option<usize>) {
                    self.range.size_hint()
                }

                fn nth(&mut self, n: usize) -> Option<$t> {
                    self.range.nth(n)
                }

                fn fold<A, F: FnMut(A, $t) -> A>(self, init: A, f: F) -> A {
                    self.range.fold(init, f)
                }
            }

            impl DoubleEndedIterator for Wide<$t> {
                fn next_back(&mut self) -> Option<$t> {
                    self.range.next_back()
                }
            }

            impl ExactSizeIterator for Wide<$t> {}
        )*
    };
}

indexed!(u8 as u8, u16 as u16, u32 as u32, usize as usize);
indexed!(i8 as u8, i16 as u16, i32 as u32, isize as usize);
wide!(u64 as u64, u128 as u128, i64 as u64, i128 as u128);

/// The number of characters before the surrogates, which are no characters.
const BEFORE_SURROGATES: u32 = 0xD800;
/// The number of surrogates.
const SURROGATES: u32 = 0x800;

/// The place of a character among all characters.
fn place(c: char) -> u32 {
    match u32::from(c) {
        n if n < BEFORE_SURROGATES => n,
        n => n - SURROGATES,
    }
}

fn character(place: u32) -> char {
    let n = match place {
        n if n < BEFORE_SURROGATES => n,
        n => n + SURROGATES,
    };
    char::from_u32(n).expect("the place of a character")
}

impl RangeInteger for char {}
impl IndexedRangeInteger for char {}

impl Integer for char {
    type Sequence = Chars;

    fn sequence(range: Range<char>) -> Chars {
        Chars {
            places: place(range.start)..place(range.end),
        }
    }

    fn count(range: &Range<char>) -> Option<usize> {
        Some(place(range.end).saturating_sub(place(range.start)) as usize)
    }

    fn after(self, n: usize) -> char {
        // This does not overflow: the character is there.
        character(place(self) + n as u32)
    }

    fn halfway(range: &Range<char>) -> char {
        let places = place(range.start)..place(range.end);
        character(places.start + (places.len() / 2) as u32)
    }
}

impl Iterator for Chars {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.places.next().map(character)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<char> {
        self.places.nth(n).map(character)
    }
}

impl DoubleEndedIterator for Chars {
    fn next_back(&mut self) -> Option<char> {
        self.places.next_back().map(character)
    }
}

// The range of places knows its length: `u32` fits a `usize` wherever std's `Range<u32>` does.
impl ExactSizeIterator for Chars {}
