//! What a piece of work runs under, and what a job takes along from where it was made.
//!
//! A thread works under a [`Cancel`] flag and a
//! [`Share`], or none: its [`Ambient`]. One thread-local holds both pointers.
//! [`Ambient::enter`] replaces them, and its guard puts the former ones back. A join half that
//! becomes public takes them along, with the current span of `tracing`: its [`Origin`].
//!
//! | work | flag | share | span |
//! |---|---|---|---|
//! | half of a join, closure of `install` | of where it became public | the same | the same |
//! | job of a scope | of where the scope was opened | the same | of its spawn |
//! | letter of `broadcast` | of the call | of the thread that runs it | - |
//! | letter of `spawn_broadcast` | none | of the thread that runs it | - |
//! | poll of a task | of the task | of the thread that runs it | of the task |
//! | drop of a task's future or output | none | of the thread that runs it | of the task, for the future |
//! | job of a limit | of the thread that runs it | of the limit | - |
//!
//! That flags and shares outlive those who use them is job.J3 (see [`crate::job`]).

use super::cancel::{Cancel, CancelRef, Cancelled};
use super::share::{Share, ShareRef};
use crate::sync::thread_cell;
use crate::util::spans::Carried;
use crate::util::unwind::{self, Payload};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

thread_cell! {
    static HERE: Here = Here::new();
}

/// What one thread works under, where a thief can read it as well ([`Here::look`]).
#[derive(Debug)]
pub(crate) struct Here {
    cancel: AtomicPtr<Cancel>,
    share: AtomicPtr<Share>,
}

impl Here {
    const fn new() -> Self {
        Self {
            cancel: AtomicPtr::new(std::ptr::null_mut()),
            share: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The cell of the calling thread. It lives as long as the thread.
    pub(crate) fn of_this_thread() -> NonNull<Self> {
        HERE.with(|here| NonNull::from(here))
    }

    #[inline]
    fn get(&self) -> Ambient {
        // Ordering: Relaxed, here and in `set`. The thread itself needs no more. A thief looks only
        // while the thread is away from its slots with a private half there (`seat.S6`), and what
        // that half was pushed under has been set before the push.
        Ambient {
            cancel: CancelRef::from_ptr(self.cancel.load(Ordering::Relaxed)),
            share: ShareRef::from_ptr(self.share.load(Ordering::Relaxed)),
        }
    }

    #[inline]
    fn set(&self, ambient: Ambient) {
        // Ordering: Relaxed, as in `get`.
        let (cancel, share) = (ambient.cancel.as_ptr(), ambient.share.as_ptr());
        self.cancel.store(cancel, Ordering::Relaxed);
        self.share.store(share, Ordering::Relaxed);
    }

    #[inline]
    fn replace(&self, ambient: Ambient) -> Ambient {
        let before = self.get();
        self.set(ambient);
        before
    }

    #[inline]
    fn set_share(&self, share: ShareRef) {
        // Ordering: Relaxed, as in `get`.
        self.share.store(share.as_ptr(), Ordering::Relaxed);
    }

    #[inline]
    fn set_cancel(&self, cancel: CancelRef) {
        // Ordering: Relaxed, as in `get`.
        self.cancel.store(cancel.as_ptr(), Ordering::Relaxed);
    }

    /// What the thread works under, seen by another one: the origin of a half that a thief takes
    /// from its private slots. (Not its span, which only the thread itself can tell.)
    pub(crate) fn look(&self) -> Origin {
        Origin {
            ambient: self.get().of_jobs(),
            span: Carried::none(),
        }
    }
}

/// The cancel flag and the share that a thread works under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ambient {
    cancel: CancelRef,
    share: ShareRef,
}

impl Ambient {
    /// What the calling thread works under, for the jobs that it makes.
    #[inline]
    pub(crate) fn here() -> Self {
        HERE.with(Here::get).of_jobs()
    }

    /// The same for a job, which holds a token of its own.
    fn of_jobs(self) -> Self {
        Self {
            cancel: self.cancel.of_jobs(),
            share: self.share.held(),
        }
    }

    /// This share with another flag.
    #[cfg(all(test, not(manyhands_model)))]
    pub(crate) fn with_cancel(self, cancel: CancelRef) -> Self {
        Self { cancel, ..self }
    }

    /// This flag with another share.
    #[inline]
    pub(crate) fn with_share(self, share: ShareRef) -> Self {
        Self { share, ..self }
    }

    /// The share alone.
    #[inline]
    pub(crate) fn share(self) -> ShareRef {
        self.share
    }

    /// Does the calling thread work under these two already, and in no region?
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        let here = HERE.with(Here::get);
        here.cancel == self.cancel && here.share == self.share && !here.cancel.is_region()
    }

    /// Makes the calling thread work under these two until the guard is dropped.
    ///
    /// # Safety
    ///
    /// job.J3: flag and share, if any, outlive the returned guard and every job made meanwhile.
    #[inline]
    pub(crate) unsafe fn enter(self) -> Under {
        Under {
            before: HERE.with(|here| here.replace(self)),
            _thread: PhantomData,
        }
    }
}

/// Makes the calling thread work under another flag, and the share that it is under already, until
/// the returned guard is dropped.
///
/// # Safety
///
/// As [`Ambient::enter`].
#[inline]
pub(crate) unsafe fn enter_flag(flag: CancelRef) -> UnderFlag {
    UnderFlag {
        before: HERE.with(|here| {
            // Ordering: Relaxed, as in `Here::get`.
            let before = here.cancel.load(Ordering::Relaxed);
            here.set_cancel(flag);
            CancelRef::from_ptr(before)
        }),
        _thread: PhantomData,
    }
}

/// Guard of [`enter_flag`]: its drop puts the former flag back.
#[derive(Debug)]
pub(crate) struct UnderFlag {
    before: CancelRef,
    /// Not `Send`: the thread that entered leaves.
    _thread: PhantomData<*mut ()>,
}

impl Drop for UnderFlag {
    #[inline]
    fn drop(&mut self) {
        HERE.with(|here| here.set_cancel(self.before));
    }
}

/// Guard of [`Ambient::enter`]: its drop puts back what the thread worked under before.
#[derive(Debug)]
pub(crate) struct Under {
    before: Ambient,
    /// Not `Send`: the thread that entered leaves.
    _thread: PhantomData<*mut ()>,
}

impl Drop for Under {
    #[inline]
    fn drop(&mut self) {
        HERE.with(|here| here.set(self.before));
    }
}

/// What a job takes along from where it was made.
#[derive(Debug)]
pub(crate) struct Origin {
    ambient: Ambient,
    /// No bytes without the feature `tracing`.
    span: Carried,
}

impl Origin {
    /// What the calling thread is under now, and its current span.
    #[inline]
    pub(crate) fn here() -> Self {
        Self {
            ambient: Ambient::here(),
            span: Carried::current(),
        }
    }

    /// The share of which the job holds a token.
    pub(crate) fn share(&self) -> ShareRef {
        self.ambient.share
    }

    /// The job runs on the thread that made it, with a token of its own. If the thread unwinds out
    /// of the region of the job, the destructors that ran on top of it (see [`check_region`]) have
    /// ended.
    pub(super) fn return_home(self) {
        self.share().give();
        if self.ambient.cancel.cuts() {
            HERE.with(|here| here.set_cancel(self.ambient.cancel));
        }
    }

    /// Makes the calling thread work under the flag and the share until the guard is dropped. The
    /// span is for [`in_span`](Self::in_span).
    ///
    /// # Safety
    ///
    /// As [`Ambient::enter`].
    #[inline]
    pub(crate) unsafe fn enter(&self) -> Under {
        // SAFETY: the caller's promise.
        unsafe { self.ambient.enter() }
    }

    /// Runs `f` inside the span, and then lets go of the span: a subscriber is code of users.
    #[inline]
    pub(crate) fn in_span<R>(self, f: impl FnOnce() -> R) -> R {
        self.span.run(f)
    }
}

impl CancelRef {
    /// The flag that the calling thread works under.
    #[inline]
    pub(crate) fn current() -> Self {
        // Ordering: Relaxed, as in `Here::get`.
        Self::from_ptr(HERE.with(|here| here.cancel.load(Ordering::Relaxed)))
    }
}

impl ShareRef {
    /// The share that the calling thread works under.
    #[inline]
    pub(crate) fn current() -> Self {
        // Ordering: Relaxed, as in `Here::get`.
        Self::from_ptr(HERE.with(|here| here.share.load(Ordering::Relaxed)))
    }
}

/// The token of the calling thread's frame has been given back, until dropped: the frame waits, or
/// a job runs on top of it.
#[derive(Debug)]
pub(crate) struct TokenLent {
    /// The share to which this guard gave a token.
    share: Option<ShareRef>,
    /// Not `Send`: the thread that gave the token takes one again.
    _thread: PhantomData<*mut ()>,
}

/// Gives the token of the calling thread's frame back, if it holds one. When the guard is dropped
/// the frame takes one again, without asking.
#[inline]
pub(crate) fn lend_token() -> TokenLent {
    let share = ShareRef::current();
    let share = share.is_held().then(|| {
        HERE.with(|here| here.set_share(share.lent()));
        share.give();
        share
    });
    TokenLent {
        share,
        _thread: PhantomData,
    }
}

impl Drop for TokenLent {
    #[inline]
    fn drop(&mut self) {
        if let Some(share) = self.share {
            share.take();
            HERE.with(|here| here.set_share(share));
        }
    }
}

/// Has the computation that the calling thread works for been cancelled?
#[inline]
pub(crate) fn is_cancelled() -> bool {
    // SAFETY: the calling thread works under its current flag.
    unsafe { CancelRef::current().is_cancelled() }
}

/// Does the calling thread work in a region that is to be left?
#[inline]
pub(crate) fn is_cut() -> bool {
    cfg!(panic = "unwind") && CancelRef::current().cuts() && is_cancelled()
}

/// Runs a job that comes from elsewhere, and catches its panic. One that belongs to a region that
/// is to be left never begins: it is dropped, and the result is that of one that was cut.
pub(crate) fn run_or_skip<R>(job: impl FnOnce() -> R) -> Result<R, Payload> {
    if is_cut() {
        return unwind::catch_drop(job).and(Err(Box::new(Cancelled)));
    }
    unwind::catch(job)
}

/// Is the calling thread in a region? If so, [`check_region`] is to be called.
#[inline]
pub(crate) fn is_in_region() -> bool {
    CancelRef::current().is_region()
}

/// Leaves the region that the calling thread is in, if it was cancelled, by unwinding (quietly: no
/// panic message is printed). With `panic = "abort"` there is no way out.
///
/// If the thread unwinds already, this is called by a destructor. Were that cut, or a half of it on
/// another thread, the process would abort. So it runs whole, and so do the jobs that it makes.
/// Those that the thread has made before are still cut: `publish_older` makes them public first.
#[cold]
pub(crate) fn check_region(publish_older: impl FnOnce()) {
    let here = CancelRef::current();
    match (std::thread::panicking(), here.cuts()) {
        (true, true) => {
            publish_older();
            HERE.with(|cell| cell.set_cancel(here.unwinding()));
            return;
        }
        (true, false) => return,
        // The unwinding was caught.
        (false, false) => HERE.with(|cell| cell.set_cancel(here.cutting())),
        (false, true) => {}
    }
    if is_cut() {
        std::panic::resume_unwind(Box::new(Cancelled));
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{Ambient, Origin, is_cancelled};
    use crate::job::cancel::{Aligned, Cancel, CancelRef};
    use crate::job::share::{Share, ShareRef};
    use crate::util::spans::Carried;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn share() -> Share {
        Share::new(1, |_| ())
    }

    #[test]
    fn guards_put_back_both_pointers() {
        let (flag, outer, inner) = (Aligned(Cancel::new()), share(), share());
        let (outer, inner) = (ShareRef::to(&outer), ShareRef::to(&inner));
        flag.cancel();
        let none = ShareRef::current();
        assert!(!is_cancelled());
        // SAFETY: flag and shares outlive the guards, and no job is made.
        unsafe {
            let first = Ambient::here()
                .with_cancel(CancelRef::to(&flag))
                .with_share(outer)
                .enter();
            assert!(is_cancelled() && ShareRef::current() == outer);
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _second = Ambient::here().with_share(inner).enter();
                assert!(is_cancelled() && ShareRef::current() == inner);
                let _third = Ambient::here().with_cancel(CancelRef::NONE).enter();
                assert!(!is_cancelled() && ShareRef::current() == inner);
                std::panic::resume_unwind(Box::new("on purpose"));
            }));
            assert!(result.is_err());
            assert!(is_cancelled() && ShareRef::current() == outer);
            drop(first);
        }
        assert!(!is_cancelled() && ShareRef::current() == none);
    }

    #[test]
    fn an_origin_is_entered_on_another_thread() {
        let (flag, share) = (Aligned(Cancel::new()), share());
        flag.cancel();
        let here = Ambient::here()
            .with_cancel(CancelRef::to(&flag))
            .with_share(ShareRef::to(&share));
        // SAFETY: flag and share outlive the guard and the thread that gets them.
        let under = unsafe { here.enter() };
        let origin = Origin::here();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!is_cancelled() && ShareRef::current() != origin.share());
                // SAFETY: flag and share outlive this thread.
                let under = unsafe { origin.enter() };
                assert!(is_cancelled() && ShareRef::current() == origin.share());
                drop(under);
                assert!(!is_cancelled() && ShareRef::current() != origin.share());
                assert_eq!(origin.in_span(|| 5), 5);
            });
        });
        drop(under);
    }

    #[test]
    fn an_origin_is_two_pointers_beside_its_span() {
        assert_eq!(
            size_of::<Origin>(),
            2 * size_of::<usize>() + size_of::<Carried>()
        );
        if cfg!(not(feature = "tracing")) {
            assert_eq!(size_of::<Carried>(), 0);
        }
    }
}
