//! The public API, in one binary.

mod iter_equiv;
mod join;
mod plumbing;
mod scope;
mod smoke;
mod util;
