//! "Nobody wants the result any more": the flag of a computation.
//!
//! A compute root (`compute(f).await`) owns a [`Cancel`] flag. Its closure runs under that flag,
//! and so does each descendant of it, on every thread ([`super::origin`]). Loops ask the flag
//! between blocks, and unwind out of the computation when it is set.

use std::sync::atomic::{AtomicBool, Ordering};

/// The flag of one computation. A plain std atomic: it orders nothing, it only stops work.
#[derive(Debug, Default)]
pub(crate) struct Cancel(AtomicBool);

impl Cancel {
    /// A flag that is not set.
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks the computation to stop at its next check.
    pub(crate) fn cancel(&self) {
        // Ordering: Relaxed; the flag publishes no data, and late sight only means late stop.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Has the computation been asked to stop?
    pub(crate) fn is_cancelled(&self) -> bool {
        // Ordering: Relaxed, as in `cancel`.
        self.0.load(Ordering::Relaxed)
    }
}

/// A borrowed flag, or none. Copied into jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CancelRef(*const Cancel);

// SAFETY: a `Cancel` may be shared between threads, and outlives those that hold the pointer
// (job.J3).
unsafe impl Send for CancelRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for CancelRef {}

impl CancelRef {
    /// No flag: work that nobody can cancel.
    pub(crate) const NONE: Self = Self(std::ptr::null());

    /// A pointer to a flag. Whoever makes a thread work under it promises that the flag lives.
    pub(crate) fn to(flag: &Cancel) -> Self {
        Self(flag)
    }

    #[inline]
    pub(super) fn from_ptr(flag: *mut Cancel) -> Self {
        Self(flag)
    }

    #[inline]
    pub(super) fn as_ptr(self) -> *mut Cancel {
        self.0.cast_mut()
    }

    /// Is there a flag, and is it set?
    ///
    /// # Safety
    ///
    /// The calling thread works under the flag.
    #[inline]
    pub(super) unsafe fn is_cancelled(self) -> bool {
        // SAFETY: job.J3: a flag outlives the work done under it.
        !self.0.is_null() && unsafe { (*self.0).is_cancelled() }
    }
}

/// Carried by the unwinding of a cancelled computation.
#[derive(Debug)]
pub(crate) struct Cancelled;
