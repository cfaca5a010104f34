//! What a thread that is about to poll a task must know of its pool, in one word.

use crate::sync::atomic::{AtomicU32, Ordering};

/// The pool is closed. Set once.
const CLOSED: u32 = 1 << 0;

/// The pool wants to know of its tasks. Never changes.
const OBSERVED: u32 = 1 << 1;

/// Is the pool closed, and does it want to know of its tasks?
#[derive(Debug)]
pub(super) struct Standing(AtomicU32);

impl Standing {
    pub(super) fn new(observed: bool) -> Self {
        Self(AtomicU32::new(if observed { OBSERVED } else { 0 }))
    }

    /// Neither closed nor observed?
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        // Ordering: Acquire, as in `is_closed`.
        self.0.load(Ordering::Acquire) == 0
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        // Ordering: Acquire pairs with the Release half of the write in `close`.
        self.0.load(Ordering::Acquire) & CLOSED != 0
    }

    /// `true`: this call has closed it.
    pub(super) fn close(&self) -> bool {
        // Ordering: SeqCst, as the store of a store-then-look pair; the fence of `Sleep::wake_all`
        // follows anyway.
        self.0.fetch_or(CLOSED, Ordering::SeqCst) & CLOSED == 0
    }
}
