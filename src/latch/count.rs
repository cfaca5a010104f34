//! A latch that is done when a number of jobs are done.

use super::Latch;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// A latch that is set when its count falls to zero. The owner itself counts as one, so that the
/// count cannot reach zero while jobs may be added.
#[derive(Debug)]
pub(crate) struct CountLatch {
    count: AtomicUsize,
    done: Latch,
}

impl CountLatch {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            count: AtomicUsize::new(count),
            done: Latch::new(),
        }
    }

    /// Adds a job to wait for. The caller is itself counted.
    ///
    /// # Panics
    ///
    /// Panics when `usize::MAX / 2` jobs are pending, long before the count could wrap.
    pub(crate) fn increment(&self) {
        // Ordering: Relaxed; the caller is counted, so the count is at least 1 and the decrement
        // that ends the wait comes later in the modification order.
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        debug_assert_ne!(before, 0, "a finished latch cannot be reused");
        if before > usize::MAX / 2 {
            // Ordering: Relaxed; undoes the line above.
            self.count.fetch_sub(1, Ordering::Relaxed);
            too_many();
        }
    }

    /// Counts one job less: it is done. The last one sets the latch.
    ///
    /// # Safety
    ///
    /// As for [`Latch::set`]: `this` is alive until the call says done, and the caller does not use
    /// it afterwards.
    pub(crate) unsafe fn decrement(this: *const Self) {
        // SAFETY: alive until the count reaches zero and `set` has said done.
        // Ordering: AcqRel: Release publishes this job's writes. Acquire collects those of the
        // earlier jobs, so that the last job's `set` hands them all to the waiter.
        let before = unsafe { (*this).count.fetch_sub(1, Ordering::AcqRel) };
        debug_assert_ne!(before, 0);
        if before == 1 {
            // SAFETY: the waiter returns only after `done` is set, so `this` is alive here.
            unsafe { Latch::set(&raw const (*this).done) };
        }
    }

    /// The latch that the owner waits for.
    pub(crate) fn done(&self) -> &Latch {
        &self.done
    }

    /// A count near the limit, for tests of the overflow check.
    #[cfg(test)]
    pub(crate) fn starting_at(count: usize) -> Self {
        Self::new(count)
    }
}

#[cold]
pub(super) fn too_many() -> ! {
    panic!("too many jobs in one scope: wait for some before you spawn more")
}
