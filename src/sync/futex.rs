//! The futex of the model checkers.

use super::atomic::{AtomicU32, Ordering};
use super::{Condvar, Mutex, lock};

/// A futex made of a mutex and a condition variable: the check and the sleep are one step.
#[derive(Debug)]
pub(crate) struct Futex {
    word: AtomicU32,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.word
    }

    pub(crate) fn wait(&self, expected: u32) {
        let guard = lock(&self.lock);
        // Ordering: Relaxed; the kernel's own check orders nothing for the caller either.
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.wake.wait(guard));
        }
    }

    pub(crate) fn wake_one(&self) {
        let _guard = lock(&self.lock);
        self.wake.notify_one();
    }
}
