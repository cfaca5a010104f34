//! The futex of the operating system, from `atomic-wait`.

use super::atomic::{AtomicU32, Ordering};
use crate::sim;

/// A 32-bit word that a thread can sleep on.
#[derive(Debug)]
pub(crate) struct Futex(AtomicU32);

impl Futex {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// Sleeps while the word is `expected`. May return for no reason.
    pub(crate) fn wait(&self, expected: u32) {
        // Ordering: Relaxed; the kernel's own check orders nothing for the caller either.
        let still = || self.0.load(Ordering::Relaxed) == expected;
        if sim::sleep(self.place(), None, still).is_none() {
            atomic_wait::wait(&self.0, expected);
        }
    }

    /// Wakes one thread that sleeps on the word.
    pub(crate) fn wake_one(&self) {
        if !sim::wake(self.place(), false) {
            atomic_wait::wake_one(&self.0);
        }
    }

    /// The name of this futex in a simulation.
    fn place(&self) -> usize {
        std::ptr::from_ref(&self.0).addr()
    }
}
