//! The backend of `--cfg manyhands_shuttle`: shuttle's scheduler; every atomic acts SeqCst.

pub(crate) use shuttle::hint;
pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};
pub(crate) use shuttle::thread;
pub(crate) use std::cell::Cell;
pub(crate) use std::sync::OnceLock;

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

macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $t:ty = $init:expr;) => {
        ::shuttle::thread_local! { $(#[$meta])* static $name: $t = $init; }
    };
}
pub(crate) use thread_cell;
