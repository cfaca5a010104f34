//! The backend of `--cfg manyhands_loom`: loom's model of the memory and of the scheduler.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint;
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::*;
}

use self::atomic::{AtomicU32, Ordering};

/// A futex out of a mutex and a condition variable: the check and the sleep are one step.
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
        let guard = super::lock(&self.lock);
        // Ordering: Relaxed; the kernel's own check orders nothing for the caller either.
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.wake.wait(guard));
        }
    }

    pub(crate) fn wake_one(&self) {
        let _guard = super::lock(&self.lock);
        self.wake.notify_one();
    }
}

macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $t:ty = $init:expr;) => {
        ::loom::thread_local! { $(#[$meta])* static $name: $t = $init; }
    };
}
pub(crate) use thread_cell;
