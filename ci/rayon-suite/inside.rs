//! What rayon-core's unit tests call inside of it, for `rayon-core/` with those tests in its modules
//! (`ci/rayon-suite.sh`).

use crate::registry::Registry;
use std::sync::Arc;

impl Registry {
    pub(crate) fn num_threads(&self) -> usize {
        self.handle().current_num_threads()
    }

    /// Each thread of the pool has a reference, and the test has one.
    pub(crate) fn wait_until_stopped(self: &Arc<Self>) {
        while Arc::strong_count(self) > 1 {
            std::thread::yield_now();
        }
    }
}

/// Runs `op` on a worker of the current pool. (No test looks at what it gets.)
pub(crate) fn in_worker<R: Send>(op: impl FnOnce((), bool) -> R + Send) -> R {
    crate::scope(|_| op((), false))
}

pub(crate) fn halt_unwinding<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}
