//! The backend of `--cfg manyhands_loom`: loom's model of the memory and of the scheduler.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint;
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;
pub(crate) use std::sync::OnceLock;

/// `std::cell::Cell`, in which loom notices two threads at once.
pub(crate) struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub(crate) fn get(&self) -> T
    where
        T: Copy,
    {
        // SAFETY: loom checks that there is no writer now.
        self.0.with(|value| unsafe { *value })
    }

    pub(crate) fn set(&self, value: T) {
        drop(self.replace(value));
    }

    pub(crate) fn replace(&self, value: T) -> T {
        // SAFETY: loom checks that there is no other access now.
        self.0
            .with_mut(|place| unsafe { std::mem::replace(&mut *place, value) })
    }

    pub(crate) fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }
}

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::*;
}

macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $t:ty = $init:expr;) => {
        ::loom::thread_local! { $(#[$meta])* static $name: $t = $init; }
    };
}
pub(crate) use thread_cell;
