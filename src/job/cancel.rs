//! "Nobody wants the result any more": the flag of a computation, and where it cuts.
//!
//! Each task owns a [`Cancel`] flag. Its polls run under that flag, and so does each descendant of
//! them, on every thread ([`super::origin`]). A set flag cuts nothing by itself: what has begun
//! goes on to its end. Only inside a region that asks for it, [`cancellable`](crate::cancellable),
//! do loops and joins look at the flag and leave by unwinding, as far as that call. So a
//! [`CancelRef`] says two things: which flag, and whether it cuts here.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// The flag of one computation. A plain std atomic: it orders nothing, it only stops work.
#[derive(Debug, Default)]
pub(crate) struct Cancel(AtomicBool);

impl Cancel {
    /// A flag that is not set.
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Says that nobody wants the result any more.
    pub(crate) fn cancel(&self) {
        // Ordering: Relaxed; the flag publishes no data, and late sight only means late stop.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Has the computation been cancelled?
    pub(crate) fn is_cancelled(&self) -> bool {
        // Ordering: Relaxed, as in `cancel`.
        self.0.load(Ordering::Relaxed)
    }
}

/// A flag of a test, where the two bits of its address are free.
#[cfg(all(test, not(manyhands_model)))]
#[repr(align(4))]
pub(crate) struct Aligned(pub(crate) Cancel);

#[cfg(all(test, not(manyhands_model)))]
impl std::ops::Deref for Aligned {
    type Target = Cancel;

    fn deref(&self) -> &Cancel {
        &self.0
    }
}

/// Set in the address of a flag that cuts.
const CUTS: usize = 1;

/// Set in the address of a flag that would cut, but the thread unwinds: what its destructors run is
/// whole.
const UNWINDS: usize = 2;

/// How many bytes the address of a flag is a multiple of: two bits of it are taken.
pub(crate) const ALIGN: usize = 4;

/// A borrowed flag, or none, and whether it cuts. Copied into jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CancelRef(*const Cancel);

// SAFETY: a `Cancel` may be shared between threads, and outlives those that hold the pointer
// (job.J3).
unsafe impl Send for CancelRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for CancelRef {}

impl CancelRef {
    /// No flag: work that nobody can cancel.
    pub(crate) const NONE: Self = Self(std::ptr::null());

    /// A pointer to a flag that cuts nothing, at a multiple of [`ALIGN`]. Whoever makes a thread
    /// work under it promises that the flag lives.
    pub(crate) fn to(flag: &Cancel) -> Self {
        debug_assert_eq!(std::ptr::from_ref(flag).addr() % ALIGN, 0);
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

    /// The same flag, for a region that it cuts. No flag stays no flag.
    pub(crate) fn cutting(self) -> Self {
        if self.0.is_null() {
            return self;
        }
        Self(self.whole().0.map_addr(|address| address | CUTS))
    }

    /// The same flag, for a region of which the thread unwinds.
    pub(super) fn unwinding(self) -> Self {
        Self(self.whole().0.map_addr(|address| address | UNWINDS))
    }

    /// The same flag, for work that runs whole.
    pub(crate) fn whole(self) -> Self {
        Self(self.0.map_addr(|address| address & !(CUTS | UNWINDS)))
    }

    /// Is this a flag that cuts, now or when the unwinding has ended?
    #[inline]
    pub(super) fn is_region(self) -> bool {
        self.0.addr() & (CUTS | UNWINDS) != 0
    }

    /// Is this a flag that cuts now?
    #[inline]
    pub(super) fn cuts(self) -> bool {
        self.0.addr() & CUTS != 0
    }

    /// The same flag, for the jobs that are made under it: those of destructors run whole.
    pub(crate) fn of_jobs(self) -> Self {
        match self.cuts() {
            true => self,
            false => self.whole(),
        }
    }

    /// Is there a flag, and is it set?
    ///
    /// # Safety
    ///
    /// The calling thread works under the flag.
    #[inline]
    pub(super) unsafe fn is_cancelled(self) -> bool {
        let flag = self.whole().0;
        // SAFETY: job.J3: a flag outlives the work done under it.
        !flag.is_null() && unsafe { (*flag).is_cancelled() }
    }
}

/// A region that asked to be cut was cut: the error of [`cancellable`](crate::cancellable).
///
/// It is also the payload with which loops and joins unwind to the end of the region, so that a
/// `catch_unwind` on the way can tell it from a panic.
///
/// ```
/// use manyhands::Cancelled;
/// // A `catch_unwind` inside of a region that passes on what is not a panic:
/// fn guarded(work: impl FnOnce() + std::panic::UnwindSafe) -> Result<(), String> {
///     match std::panic::catch_unwind(work) {
///         Ok(()) => Ok(()),
///         Err(payload) if payload.is::<Cancelled>() => std::panic::resume_unwind(payload),
///         Err(_) => Err("it panicked".into()),
///     }
/// }
/// assert_eq!(guarded(|| ()), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the computation was cancelled")
    }
}

impl std::error::Error for Cancelled {}
