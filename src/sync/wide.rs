//! The 64-bit atomic for what no model needs to see; also on targets whose processor has none.
//!
//! There it comes from `portable-atomic`, which takes a lock of its own. What the protocols of the
//! pool ask for holds all the same: it makes every access of an atomic word.

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use portable_atomic::AtomicU64;
#[cfg(target_has_atomic = "64")]
pub(crate) use std::sync::atomic::AtomicU64;
