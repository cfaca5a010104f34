//! A closure in a block of memory of its own ([`blocks`]), given back by running it.

use super::{Header, JobRef, SeatIndex, blocks};
use crate::trace::{self, Span};
use crate::util::unwind::AbortOnDrop;
use std::ptr::NonNull;

/// One block: header and closure.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct HeapJob<F> {
    header: Header,
    func: F,
}

impl<F: FnMut(SeatIndex) + Send> HeapJob<F> {
    /// Puts `func` into a block. It is called once, where it lies, and then dropped; neither may
    /// unwind.
    ///
    /// # Safety
    ///
    /// What `func` borrows stays valid until the job has run.
    pub(crate) unsafe fn new_ref(func: F) -> JobRef {
        let job = blocks::take();
        // SAFETY: `execute` below consumes the job once and does not unwind.
        let header = unsafe { Header::new(Self::execute) };
        // SAFETY: the block is a new one for a `Self`.
        unsafe { job.write(Self { header, func }) };
        // SAFETY: the job is live until `execute` gives the block back; `func` is `Send`; one
        // `JobRef`.
        unsafe { JobRef::new(job.cast()) }
    }

    unsafe fn execute(this: NonNull<Header>, seat: SeatIndex) {
        let job = this.cast::<Self>();
        // SAFETY: `this` came from `new_ref`, and job.J1 says that this happens once: nobody else
        // uses the closure, or the block after it.
        unsafe {
            let guard = AbortOnDrop("a heap job must catch its own panics");
            trace::begin(Span::Job);
            let func = &raw mut (*job.as_ptr()).func;
            (*func)(seat);
            func.drop_in_place();
            trace::end(Span::Job);
            guard.disarm();
            blocks::give(job);
        }
    }
}
