//! Strings as targets of `collect`, and characters taken out of them.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let text: String = "work".par_chars().map(|c| c.to_ascii_uppercase()).collect();
//! assert_eq!(text, "WORK");
//!
//! let mut text = String::from("many");
//! text.par_extend([" ", "hands"].par_iter().copied());
//! assert_eq!(text, "many hands");
//!
//! assert_eq!(text.par_drain(4..).filter(|c| *c == 'n').count(), 1);
//! assert_eq!(text, "many");
//! ```
#![deny(unsafe_code)]

use crate::iter::drain::places;
use crate::iter::plumbing::*;
use crate::iter::sinks::collect::list;
use crate::iter::{
    FromParallelIterator, IntoParallelIterator, ParallelDrainRange, ParallelExtend,
    ParallelIterator,
};
use crate::str::ParallelString;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::ops::{Range, RangeBounds};

/// Parallel iterator that takes some characters out of a `String`.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Drain<'a> {
    text: &'a mut String,
    range: Range<usize>,
}

impl<'a> ParallelDrainRange<usize> for &'a mut String {
    type Iter = Drain<'a>;
    type Item = char;

    /// # Panics
    ///
    /// Panics in two more cases: if the range begins or ends within a character.
    fn par_drain<R: RangeBounds<usize>>(self, range: R) -> Self::Iter {
        let range = places(&range, self.len());
        assert!(
            self.is_char_boundary(range.start) && self.is_char_boundary(range.end),
            "a range that begins or ends within a character"
        );
        Drain { text: self, range }
    }
}

impl ParallelIterator for Drain<'_> {
    type Item = char;

    fn drive_unindexed<C: UnindexedConsumer<char>>(self, consumer: C) -> C::Result {
        self.text[self.range.clone()]
            .par_chars()
            .drive_unindexed(consumer)
    }
}

impl Drop for Drain<'_> {
    fn drop(&mut self) {
        self.text.drain(self.range.clone());
    }
}

/// Extends `text`. Each piece of the loop makes a string of its own; then these are put together.
fn extend<T, I>(text: &mut String, par_iter: I)
where
    I: IntoParallelIterator<Item = T>,
    T: Send,
    String: Extend<T>,
{
    let pieces = par_iter
        .into_par_iter()
        .fold(String::new, |mut piece, item| {
            piece.extend(std::iter::once(item));
            piece
        });
    let pieces: Vec<String> = list::collect(pieces).into_iter().flatten().collect();
    text.reserve(pieces.iter().map(String::len).sum());
    pieces.iter().for_each(|piece| text.push_str(piece));
}

macro_rules! strings {
    ($(<$($lifetime:lifetime)?> $item:ty;)*) => {$(
        impl<$($lifetime)?> ParallelExtend<$item> for String {
            fn par_extend<I: IntoParallelIterator<Item = $item>>(&mut self, par_iter: I) {
                extend(self, par_iter);
            }
        }

        impl<$($lifetime)?> FromParallelIterator<$item> for String {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(par_iter: I) -> Self {
                let mut text = String::new();
                extend(&mut text, par_iter);
                text
            }
        }

        impl<$($lifetime)?> FromParallelIterator<$item> for Box<str> {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(par_iter: I) -> Self {
                String::from_par_iter(par_iter).into()
            }
        }
    )*};
}

strings! {
    <> char;
    <'a> &'a char;
    <'a> &'a str;
    <> String;
    <> Box<str>;
    <'a> Cow<'a, str>;
}

macro_rules! os_strings {
    ($(<$($lifetime:lifetime)?> $item:ty;)*) => {$(
        impl<$($lifetime)?> ParallelExtend<$item> for OsString {
            fn par_extend<I: IntoParallelIterator<Item = $item>>(&mut self, par_iter: I) {
                for piece in list::collect(par_iter.into_par_iter()) {
                    self.extend(piece);
                }
            }
        }

        impl<$($lifetime)?> FromParallelIterator<$item> for OsString {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(par_iter: I) -> Self {
                let mut text = OsString::new();
                text.par_extend(par_iter);
                text
            }
        }
    )*};
}

os_strings! {
    <'a> &'a OsStr;
    <> OsString;
    <'a> Cow<'a, OsStr>;
}
