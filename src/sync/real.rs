//! The backend of every normal build: std, with a futex from `atomic-wait`.

#[cfg(all(feature = "sim", not(manyhands_tsan)))]
pub(crate) use super::sim::{Condvar, Mutex, MutexGuard, hint, thread};
#[cfg(manyhands_tsan)]
pub(crate) use super::tsan::{Condvar, Mutex, MutexGuard, OnceLock};
pub(crate) use std::cell::Cell;
#[cfg(any(not(feature = "sim"), manyhands_tsan))]
pub(crate) use std::hint;
#[cfg(test)]
pub(crate) use std::sync::Arc;
#[cfg(all(not(feature = "sim"), not(manyhands_tsan)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(manyhands_tsan))]
pub(crate) use std::sync::{OnceLock, atomic};
#[cfg(any(not(feature = "sim"), manyhands_tsan))]
pub(crate) use std::thread;

#[cfg(manyhands_tsan)]
pub(crate) mod atomic {
    pub(crate) use super::super::tsan::fence;
    pub(crate) use std::sync::atomic::*;
}

use self::atomic::{AtomicU32, Ordering};
use crate::sim;

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
        // Ordering: Relaxed; the kernel's own check orders nothing for the caller either.
        let still = || self.0.load(Ordering::Relaxed) == expected;
        if sim::sleep(self.place(), None, still).is_none() {
            atomic_wait::wait(&self.0, expected);
        }
    }

    /// Wakes one thread that sleeps on the word.
    pub(crate) fn wake_one(&self) {
        if !sim::wake(self.place(), false) {
            atomic_wait::wake_one(&self.0);
        }
    }

    /// The name of this futex in a simulation.
    fn place(&self) -> usize {
        std::ptr::from_ref(&self.0).addr()
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
