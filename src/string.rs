//! Strings as targets of `collect`.
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
//! ```
#![deny(unsafe_code)]

use crate::iter::sinks::collect::list;
use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};
use std::borrow::Cow;

/// Each piece of the loop makes a string of its own; then they are put together.
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
