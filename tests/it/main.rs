//! The public API, in one binary.

mod smoke;
