//! The backend of every normal build: std.

#[cfg(all(feature = "sim", not(manyhands_tsan)))]
pub(crate) use super::sim::{Condvar, Mutex, MutexGuard, hint, thread};
#[cfg(manyhands_tsan)]
pub(crate) use super::tsan::{Condvar, Mutex, MutexGuard, OnceLock};
pub(crate) use std::cell::Cell;
#[cfg(any(not(feature = "sim"), manyhands_tsan))]
pub(crate) use std::hint;
#[cfg(test)]
pub(crate) use std::sync::Arc;
#[cfg(not(manyhands_tsan))]
pub(crate) use std::sync::OnceLock;
#[cfg(all(target_has_atomic = "64", not(manyhands_tsan)))]
pub(crate) use std::sync::atomic;
#[cfg(all(not(feature = "sim"), not(manyhands_tsan)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(any(not(feature = "sim"), manyhands_tsan))]
pub(crate) use std::thread;

#[cfg(manyhands_tsan)]
pub(crate) mod atomic {
    pub(crate) use super::super::tsan::fence;
    pub(crate) use std::sync::atomic::*;
}

#[cfg(not(any(target_has_atomic = "64", manyhands_tsan)))]
pub(crate) mod atomic {
    pub(crate) use super::super::wide::AtomicU64;
    pub(crate) use std::sync::atomic::*;
}

/// `std::cell::UnsafeCell` behind loom's closure interface.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Shared access: no writer may be active.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Exclusive access: no other thread may read or write.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Declares a `thread_local!` with a const initialiser and no destructor: access is one load in an
/// executable.
macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $t:ty = $init:expr;) => {
        ::std::thread_local! { $(#[$meta])* static $name: $t = const { $init }; }
    };
}
pub(crate) use thread_cell;
