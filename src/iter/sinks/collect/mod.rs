//! Items into collections.
//!
//! Where the number of items is known, they are written in place, into one allocation
//! ([`indexed`]). Where it is not, each piece fills a `Vec` of its own, and the collection takes
//! them one after the other ([`list`]).

pub(crate) mod indexed;
#[deny(unsafe_code)]
pub(crate) mod list;
