//! The public API, in one binary.

mod layers;
mod smoke;
