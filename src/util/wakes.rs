//! A waker that counts, for unit tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// How often its wakers were used.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        // Ordering: Relaxed, as below; the tests join the threads that wake.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    /// Counts the wakes of the waker that comes with it.
    pub(crate) fn count() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&wakes));
        (wakes, waker)
    }

    /// The number so far.
    pub(crate) fn so_far(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
