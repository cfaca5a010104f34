//! The public API, in one binary.

mod join;
mod scope;
mod smoke;
mod util;
