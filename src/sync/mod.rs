//! The one door to threads, atomics and locks.
//!
//! Everything above this layer takes its atomics, cells, mutexes, futexes and deques from here, so
//! that one private cfg swaps the whole crate onto a model checker:
//!
//! | cfg | backend | what it finds |
//! |---|---|---|
//! | none | std, `atomic-wait`, `crossbeam-deque` | - |
//! | `manyhands_no_futex` | a mutex and a condition variable in place of `atomic-wait`, as on systems that it does not know | what such systems run |
//! | `manyhands_loom` | loom | wrong orderings, lost wake-ups in small protocols |
//! | `manyhands_shuttle` | shuttle | wrong interleavings of the whole pool (all atomics act SeqCst) |
//! | `manyhands_model` | set beside one of those two: "under a model checker" | - |
//! | `manyhands_chaos` | std, with seeded delays at [`chaos::point`] | rare schedules on real threads |
//! | `manyhands_tsan` | std, with notes for ThreadSanitizer (`tsan.rs`) | two threads on plain memory |
//!
//! With feature `sim`, `sim.rs` lies before std: a thread of a simulation ([`crate::sim`]) sleeps,
//! wakes and spins there. No cfg may be combined with it but `manyhands_chaos`.
//!
//! Invariants:
//!
//! * sync.I1: a protocol never relies on a deque for ordering. It puts its own `fence(SeqCst)`
//!   between publishing work and reading which threads sleep. The model-time deque is therefore
//!   free to be weak.
//! * sync.I2: data handed over by an atomic lives in [`UnsafeCell`], or in [`Cell`] if it belongs
//!   to one thread until it is handed on. So loom sees a missing edge.
//!
//! This module knows nothing of jobs, seats or pools.

pub(crate) mod asymmetric;
pub(crate) mod chaos;
pub(crate) mod deque;
mod ring;
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod sim;
#[cfg(manyhands_tsan)]
mod tsan;
pub(crate) mod wide;

// The systems are those of `atomic-wait`; Cargo.toml has the same list.
#[cfg(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "ios",
        target_os = "watchos",
        target_os = "freebsd",
        windows,
    ),
    not(any(manyhands_model, manyhands_no_futex))
))]
#[path = "futex/kernel.rs"]
mod futex;

#[cfg(any(
    manyhands_model,
    manyhands_no_futex,
    not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "ios",
        target_os = "watchos",
        target_os = "freebsd",
        windows,
    ))
))]
#[path = "futex/locked.rs"]
mod futex;

#[cfg(manyhands_loom)]
#[path = "loom.rs"]
mod backend;

#[cfg(manyhands_shuttle)]
#[path = "shuttle.rs"]
mod backend;

#[cfg(not(manyhands_model))]
#[path = "real.rs"]
mod backend;

pub(crate) use futex::Futex;

// Models of the pool have a stand-in: see `deque.rs`.
#[cfg(manyhands_loom)]
pub(crate) use deque::Ring;
#[cfg(not(manyhands_loom))]
pub(crate) use ring::Ring;

pub(crate) use backend::{
    Cell, Condvar, Mutex, MutexGuard, OnceLock, UnsafeCell, atomic, hint, thread, thread_cell,
};

// Only models and their tests take `Arc` from this door; pools use std's.
#[cfg(any(test, manyhands_model))]
pub(crate) use backend::Arc;

use std::sync::PoisonError;

#[cfg(any(
    all(manyhands_model, not(any(manyhands_loom, manyhands_shuttle))),
    all(not(manyhands_model), any(manyhands_loom, manyhands_shuttle))
))]
compile_error!("set `--cfg manyhands_model` beside `manyhands_loom` or `manyhands_shuttle`");

/// A moment for another thread, which is about to do what this one looks for. A model lets it.
pub(crate) fn spin() {
    hint::spin_loop();
    #[cfg(manyhands_model)]
    thread::yield_now();
}

/// Locks `mutex`, ignoring poison. What these locks guard is whole at every moment at which user
/// code may panic, so a poisoned one would only say that a panic has passed by. (The locks of
/// queues, tasks and timers are not held while user code runs at all.)
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
