//! The backend of `--cfg manyhands_shuttle`: shuttle's scheduler; every atomic acts SeqCst.

pub(crate) use shuttle::hint;
pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};
pub(crate) use shuttle::thread;

use self::atomic::{AtomicU32, Ordering};

/// `std::cell::UnsafeCell` behind loom's closure interface.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

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
        ::shuttle::thread_local! { $(#[$meta])* static $name: $t = $init; }
    };
}
pub(crate) use thread_cell;
