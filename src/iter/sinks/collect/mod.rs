//! Items into collections.
//!
//! Where the number of items is known, they are written in place, into one allocation
//! ([`indexed`]). Where it is not, each piece fills a `Vec` of its own ([`list`]), and the collection
//! takes them one after the other; a `Vec` takes them all at once ([`mod@concat`]).

pub(crate) mod concat;
pub(crate) mod indexed;
#[deny(unsafe_code)]
pub(crate) mod list;
