//! The 64-bit atomic of real memory, also under a model checker, and on every target.
//!
//! Where the processor has none it comes from `portable-atomic`, which takes a lock. What it keeps
//! under the lock is made of smaller atomics, so a fence beside it orders it as it orders any
//! other.

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use portable_atomic::AtomicU64;
#[cfg(target_has_atomic = "64")]
pub(crate) use std::sync::atomic::AtomicU64;
