//! A closure that lives in the frame of the thread that waits for it.
//!
//! The owner either takes the closure back and calls it ([`StackJob::take`]), or waits for the
//! latch and collects the result ([`StackJob::take_result`]). A thief gets it as a [`JobRef`].

use super::origin::{self, Origin};
use super::{Header, JobRef, NO_SEAT, SeatIndex};
use crate::latch::Latch;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU32, Ordering, fence};
use crate::trace::{self, Span};
use crate::util::unwind::Payload;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;

/// The part of a stack job that does not depend on its closure.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct StackHeader {
    header: Header,
    /// Uninitialised while the job is private: most jobs never need it, and a join does not pay
    /// for it.
    public: UnsafeCell<MaybeUninit<Public>>,
}

/// What a thief and the waiting owner need of a job.
#[derive(Debug)]
pub(crate) struct Public {
    latch: Latch,
    /// The seat that runs the job, written by the thief before it starts; [`NO_SEAT`] before.
    thief: AtomicU32,
    /// Where it was made public; the job holds a token of its share. Belongs to whoever has the
    /// right to run the job, who takes it once.
    origin: UnsafeCell<ManuallyDrop<Origin>>,
}

impl Public {
    /// Gives the job's token back: its owner runs it after all, with a token and in a span of its
    /// own.
    ///
    /// # Safety
    ///
    /// The caller has the right to run the job.
    pub(crate) unsafe fn take_back(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.take_origin() }.return_home();
    }

    /// Takes the origin, to run the job where it was made.
    ///
    /// # Safety
    ///
    /// The caller has the right to run the job, and calls this once.
    unsafe fn take_origin(&self) -> Origin {
        // SAFETY: job.J1: the right to run includes the origin, and it is taken once.
        self.origin
            .with_mut(|origin| unsafe { ManuallyDrop::take(&mut *origin) })
    }

    pub(crate) fn latch(&self) -> &Latch {
        &self.latch
    }

    /// The seat that runs the job, if a thief has started it.
    pub(crate) fn thief(&self) -> Option<SeatIndex> {
        // Ordering: Relaxed; a hint where to leapfrog. The latch's pin makes the steal exact.
        let seat = self.thief.load(Ordering::Relaxed);
        (seat != NO_SEAT).then_some(seat)
    }
}

impl StackHeader {
    /// Turns the private job into one that thieves may run, and takes a token for it.
    ///
    /// # Safety
    ///
    /// The job stays in place until it has run, it is called by its owner, and once.
    pub(crate) unsafe fn expose(this: NonNull<Self>) -> JobRef {
        let origin = Origin::here();
        origin.share().take();
        // SAFETY: the caller's promise.
        unsafe { Self::expose_under(this, origin) }
    }

    /// As [`expose`](Self::expose), with the origin of the private job's owner; the caller has
    /// taken the token.
    ///
    /// # Safety
    ///
    /// The job stays in place until it has run, the call is made once, and no other thread touches
    /// the job before it returns.
    pub(crate) unsafe fn expose_under(this: NonNull<Self>, origin: Origin) -> JobRef {
        // SAFETY: nobody else touches the job until this call returns (the caller's promise).
        unsafe {
            this.as_ref().public.with_mut(|public| {
                (*public).write(Public {
                    latch: Latch::new(),
                    thief: AtomicU32::new(NO_SEAT),
                    origin: UnsafeCell::new(ManuallyDrop::new(origin)),
                });
            });
            JobRef::new(this.cast())
        }
    }

    /// What thieves see of the job.
    ///
    /// # Safety
    ///
    /// The job has been exposed, and stays in place for `'a`.
    pub(crate) unsafe fn public_of<'a>(this: NonNull<Self>) -> &'a Public {
        // SAFETY: `expose` has written it, and nobody writes it again.
        unsafe {
            let public = &this.as_ref().public;
            public.with(|public| (*public).assume_init_ref())
        }
    }
}

/// A closure `F` that runs here, or on a thief with its result brought back.
///
/// Access: `func` belongs to whoever has the right to run the job. `result` belongs to the thief
/// until it sets the latch, and to the owner after that.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct StackJob<F, R> {
    header: StackHeader,
    func: UnsafeCell<ManuallyDrop<F>>,
    result: UnsafeCell<MaybeUninit<Result<R, Payload>>>,
}

// SAFETY: the fields are handed from thread to thread by the queue and the latch (see "Access");
// what crosses is `F` (to the thief) and `R` or a panic payload (back), all `Send`.
unsafe impl<F: Send, R: Send> Sync for StackJob<F, R> {}

impl<F, R> StackJob<F, R>
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    /// `func` is told whether a thief runs it.
    #[inline(always)]
    pub(crate) fn new(func: F) -> Self {
        Self {
            header: StackHeader {
                // SAFETY: `execute` below runs the job once and does not unwind.
                header: unsafe { Header::new(Self::execute) },
                public: UnsafeCell::new(MaybeUninit::uninit()),
            },
            func: UnsafeCell::new(ManuallyDrop::new(func)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The job's identity and its thin pointer.
    #[inline(always)]
    pub(crate) fn as_header(&self) -> NonNull<StackHeader> {
        NonNull::from(self).cast()
    }

    /// Latch and thief of the job.
    ///
    /// # Safety
    ///
    /// The job has been exposed.
    pub(crate) unsafe fn public(&self) -> &Public {
        // SAFETY: the caller's promise; `self` is borrowed for as long.
        unsafe { StackHeader::public_of(self.as_header()) }
    }

    /// Takes the closure, to be called in place.
    ///
    /// # Safety
    ///
    /// The caller holds the right to run the job, and the job is neither run nor dropped after.
    #[inline(always)]
    pub(crate) unsafe fn take(&self) -> F {
        // SAFETY: the right to run includes the closure, and it is taken once.
        self.func
            .with_mut(|func| unsafe { ManuallyDrop::take(&mut *func) })
    }

    /// The result that a thief left.
    ///
    /// # Safety
    ///
    /// The latch has been seen set, and this is called once.
    pub(crate) unsafe fn take_result(&self) -> Result<R, Payload> {
        // SAFETY: the latch says that the result was written, and makes it visible.
        self.result
            .with(|result| unsafe { (*result).assume_init_read() })
    }

    unsafe fn execute(this: NonNull<Header>, seat: SeatIndex) {
        let this = this.cast::<Self>().as_ptr();
        // SAFETY: the owner waits for the latch, so the job is alive until `Latch::set` says done,
        // which is the last access (job.J2). We hold the right to run: closure and result are ours.
        unsafe {
            let public = std::ptr::from_ref((*this).public());
            // Ordering: Relaxed; see `Public::thief`. SeqCst fence; pairs with the one in
            // `wait::sleep_for_half`: either the waiter sees who its thief is, or it is nudged.
            (*public).thief.store(seat, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            (*public).latch.nudge();
            let func = (*this).take();
            let origin = (*public).take_origin();
            let share = origin.share();
            let result = {
                // job.J3: flag and share outlive this job.
                let _under = origin.enter();
                trace::begin(Span::Job);
                let result = origin::run_or_skip(move || origin.in_span(|| func(true)));
                trace::end(Span::Job);
                result
            };
            (*this).result.with_mut(|slot| {
                (*slot).write(result);
            });
            // Before the latch: the share may go with the computation.
            share.give();
            Latch::set(&raw const (*public).latch);
        }
    }
}
