//! Sinks that collect items.
//!
//! Where the number of items is known, they are written in place, into one allocation
//! ([`indexed`]), or into an array ([`mod@array`]). Where it is not known, each piece fills a `Vec`
//! of its own ([`list`], [`growing`]), and the collection takes these one after the other. A `Vec`
//! takes them all at once ([`mod@concat`]).

pub(crate) mod array;
pub(crate) mod concat;
pub(crate) mod growing;
pub(crate) mod indexed;
#[deny(unsafe_code)]
pub(crate) mod list;
