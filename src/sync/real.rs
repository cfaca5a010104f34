//! The backend of every normal build: std, with a futex from `atomic-wait`.

#[cfg(manyhands_tsan)]
pub(crate) use super::tsan::{Condvar, Mutex, MutexGuard, OnceLock};
pub(crate) use std::cell::Cell;
pub(crate) use std::hint;
#[cfg(test)]
pub(crate) use std::sync::Arc;
#[cfg(not(manyhands_tsan))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, atomic};
pub(crate) use std::thread;

#[cfg(manyhands_tsan)]
pub(crate) mod atomic {
    pub(crate) use super::super::tsan::fence;
    pub(crate) use std::sync::atomic::*;
}

use self::atomic::AtomicU32;

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

/// A 32-bit word that a thread can sleep on.
#[derive(Debug)]
pub(crate) struct Futex(AtomicU32);

impl Futex {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// Sleeps while the word is `expected`. May return for no reason.
    pub(crate) fn wait(&self, expected: u32) {
        atomic_wait::wait(&self.0, expected);
    }

    /// Wakes one thread that sleeps on the word.
    pub(crate) fn wake_one(&self) {
        atomic_wait::wake_one(&self.0);
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
