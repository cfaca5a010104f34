//! A closure in a box of its own, freed by running it.

use super::{Header, JobRef, SeatIndex};
use crate::trace::{self, Span};
use crate::util::unwind::AbortOnDrop;
use std::ptr::NonNull;

/// One allocation: header and closure.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct HeapJob<F> {
    header: Header,
    func: F,
}

impl<F: FnOnce(SeatIndex) + Send> HeapJob<F> {
    /// Boxes `func`, which must catch its own panics.
    ///
    /// # Safety
    ///
    /// What `func` borrows stays valid until the job has run.
    pub(crate) unsafe fn new_ref(func: F) -> JobRef {
        let job = Box::new(Self {
            // SAFETY: `execute` below consumes the box once and does not unwind.
            header: unsafe { Header::new(Self::execute) },
            func,
        });
        let pointer = NonNull::from(Box::leak(job)).cast();
        // SAFETY: the box is live until `execute` takes it back; `func` is `Send`; one `JobRef`.
        unsafe { JobRef::new(pointer) }
    }

    unsafe fn execute(this: NonNull<Header>, seat: SeatIndex) {
        // SAFETY: `this` came from `Box::leak` in `new_ref`, and job.J1 says that this happens
        // once.
        let job = unsafe { Box::from_raw(this.cast::<Self>().as_ptr()) };
        let guard = AbortOnDrop("a heap job must catch its own panics");
        trace::begin(Span::Job);
        (job.func)(seat);
        trace::end(Span::Job);
        guard.disarm();
    }
}
