//! The public API, in one binary.

mod iter_equiv;
mod plumbing;
mod smoke;
