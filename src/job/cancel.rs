//! Which computation does this thread work for, and has it been cancelled?
//!
//! A compute root (`compute(f).await`) owns a [`Cancel`] flag. While its closure runs, and while
//! any descendant of it runs on whatever thread, that thread's *current flag* points to it: a job
//! takes the pointer along when it becomes visible to thieves, and its executor installs it.
//! Loops ask [`is_cancelled`] between blocks; [`check`] unwinds out of the computation.
//!
//! Invariant: a flag outlives every job that carries it, because the root waits for its
//! descendants before it completes (closed waits), and the flag lives in the root's cell.

use crate::sync::thread_cell;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// "Nobody wants the result any more." Plain std atomics: it orders nothing, it only stops work.
#[derive(Debug, Default)]
pub(crate) struct Cancel(AtomicBool);

impl Cancel {
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks the computation to stop at its next check.
    pub(crate) fn cancel(&self) {
        // Ordering: Relaxed; the flag publishes no data, and late sight only means late stop.
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // Ordering: Relaxed, as in `cancel`.
        self.0.load(Ordering::Relaxed)
    }
}

/// A borrowed flag, or none. Copied into jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CancelRef(*const Cancel);

impl CancelRef {
    pub(crate) const NONE: Self = Self(std::ptr::null());

    /// The flag of a root. Harmless in itself: [`enter`] is where its life matters.
    pub(crate) fn to(flag: &Cancel) -> Self {
        Self(flag)
    }

    /// The flag that the calling thread works under.
    pub(crate) fn current() -> Self {
        Self(CURRENT.with(Cell::get))
    }
}

// SAFETY: a `Cancel` may be shared, and it outlives whoever holds the pointer (module invariant).
unsafe impl Send for CancelRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for CancelRef {}

/// Carried by the unwinding of a cancelled computation.
#[derive(Debug)]
pub(crate) struct Cancelled;

thread_cell! {
    static CURRENT: Cell<*const Cancel> = Cell::new(std::ptr::null());
}

/// Works under another flag until dropped.
#[derive(Debug)]
pub(crate) struct Under(*const Cancel);

impl Drop for Under {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// Runs what follows under `flag`.
///
/// # Safety
///
/// The flag behind `flag`, if any, outlives the returned guard and every job made meanwhile.
#[inline]
pub(crate) unsafe fn enter(flag: CancelRef) -> Under {
    Under(CURRENT.with(|current| current.replace(flag.0)))
}

/// Has the computation that this thread works for been cancelled?
#[inline]
pub(crate) fn is_cancelled() -> bool {
    let flag = CURRENT.with(Cell::get);
    // SAFETY: a current flag outlives the work done under it (`enter`).
    !flag.is_null() && unsafe { (*flag).is_cancelled() }
}

/// Leaves a cancelled computation by unwinding (quietly: no panic message is printed). With
/// `panic = "abort"` there is no way out, and the computation runs to its end.
#[inline]
pub(crate) fn check() {
    if is_cancelled() {
        stop();
    }
}

#[cold]
fn stop() {
    // Not in a destructor that runs while the thread unwinds already: that would abort.
    if cfg!(panic = "unwind") && !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Cancelled));
    }
}
