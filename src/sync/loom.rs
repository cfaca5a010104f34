//! The backend of `--cfg manyhands_loom`: loom's model of the memory and of the scheduler.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint;
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::*;
}

macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $t:ty = $init:expr;) => {
        ::loom::thread_local! { $(#[$meta])* static $name: $t = $init; }
    };
}
pub(crate) use thread_cell;
