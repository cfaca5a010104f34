//! The futex of systems without one that `atomic-wait` knows, and of the model checkers. Every
//! model that parks a thread runs on it.

use super::atomic::{AtomicU32, Ordering};
use super::{Condvar, Mutex, lock};

/// Is there one thread only? It can sleep, but nobody could wake it.
const NO_THREADS: bool = cfg!(all(target_family = "wasm", not(target_feature = "atomics")));

/// A futex made of a mutex and a condition variable: the check and the sleep are one step.
#[derive(Debug)]
pub(crate) struct Futex {
    word: AtomicU32,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Futex {
    #[cfg(not(manyhands_model))]
    pub(crate) const fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    #[cfg(manyhands_model)]
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

    /// Sleeps while the word is `expected`. May return for no reason.
    pub(crate) fn wait(&self, expected: u32) {
        let guard = lock(&self.lock);
        // Ordering: Relaxed; the kernel's own check orders nothing for the caller either.
        if self.word.load(Ordering::Relaxed) == expected {
            if NO_THREADS {
                panic!("this thread waits for another one, and its target has no threads");
            }
            drop(self.wake.wait(guard));
        }
    }

    /// Wakes one thread that sleeps on the word.
    pub(crate) fn wake_one(&self) {
        let _guard = lock(&self.lock);
        self.wake.notify_one();
    }
}
