//! Pools: threads with seats, and everything that the seats of one pool share.
//!
//! Called by every entry point above (`join`, `scope`, `spawn`, `block_on`, ...). The parts:
//!
//! | file | story |
//! |---|---|
//! | `registry.rs` | what the seats of one pool share; how work is published |
//! | `seat.rs` | the queues of one seat; private slots and their exposure |
//! | `find.rs` | where a worker looks for its next job, in which order |
//! | `worker.rs` | a worker thread's main loop |
//! | `wait.rs` | how a thread with a seat waits, and lends its core |
//! | `permit.rs` | guest seats; who is called when a permit is free |
//! | `bench.rs` | spare threads: called, kept for a while, gone |
//! | `driver.rs` | who waits for timers and for the system |
//! | `events/` | the reactors that the driver sleeps in; the tokio runtime around a pool's threads |
//! | `rescue.rs` | futures beside computing threads |
//! | `limit.rs` | a part of the pool that uses only so many threads |
//! | `injectors.rs` | the queues that no seat owns |
//! | `blocking.rs` | threads for closures that block |
//! | `shutdown.rs` | how a pool ends |
//! | `yielding.rs` | one step of the main loop, on request |
//! | `hooks.rs` | closures of the user around threads |
//! | `builder.rs`, `error.rs`, `global.rs`, `handle.rs` | sizes, the default pool, `Pool` and `Handle` |
//! | `counters.rs`, `metrics.rs`, `prometheus.rs` | what is counted on seats, shown, and written down |
//!
//! It knows nothing of joins, scopes or iterators: they are closures in jobs.
#![doc = include_str!("README.md")]

mod bench;
mod blocking;
mod builder;
mod counters;
#[cfg_attr(
    not(feature = "time"),
    allow(dead_code, reason = "timers are added by `time`")
)]
mod driver;
mod error;
mod events;
mod find;
pub(crate) mod global;
mod handle;
mod hooks;
mod injectors;
mod limit;
mod metrics;
mod permit;
mod prometheus;
mod registry;
mod rescue;
pub(crate) mod seat;
mod shutdown;
#[cfg(test)]
mod tests;
pub(crate) mod wait;
mod worker;
pub(crate) mod yielding;

pub use self::blocking::BlockingMetrics;
pub use self::builder::{
    CustomSpawn, DefaultSpawn, PoolBuilder, ThreadBuilder, ThreadSpawn, max_num_threads,
};
pub use self::error::PoolBuildError;
pub use self::handle::{Handle, Pool};
pub use self::metrics::{Metrics, SeatKind, WorkerMetrics};

pub(crate) use self::limit::Limited;
pub(crate) use self::registry::{Home, Registry};
pub(crate) use self::seat::{Popped, Seat, SlotIndex};

use std::sync::Arc;

/// The pool that the calling thread works for, else the default pool.
#[inline]
pub(crate) fn current_registry() -> Arc<Registry> {
    match seat::try_current() {
        Some(seat) => Registry::of(seat),
        None => seat::AtHome::current().unwrap_or_else(|| Arc::clone(global::registry())),
    }
}

/// Runs `op`, which computes, on a seat: the calling thread's, else a guest seat of the default pool
/// on this thread, else on a worker.
#[inline]
pub(crate) fn on_seat<R: Send>(op: impl FnOnce() -> R + Send) -> R {
    match seat::current() {
        Some(seat) => {
            seat.compute();
            op()
        }
        None => current_registry().on_seat(|_, _| op()),
    }
}

/// As [`on_seat`], for what must stay on this thread: it may have to do without a seat.
pub(crate) fn in_place<R>(op: impl FnOnce() -> R) -> R {
    match seat::current() {
        Some(seat) => {
            seat.compute();
            op()
        }
        None => current_registry().in_place(|_| op()),
    }
}

/// Does the calling thread work for a pool?
pub(crate) fn has_seat() -> bool {
    seat::current().is_some()
}

/// Who would take work from the calling thread if it offered some now? One load of an owned cache
/// line while the answer is nobody.
#[inline]
pub(crate) fn takers() -> Takers {
    match seat::current() {
        Some(seat) if seat.is_asked() => seat.registry().takers(seat),
        _ => Takers::None,
    }
}

/// Who could take work that is offered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takers {
    /// Nobody: all are busy.
    None,
    /// A thread that sleeps would have to be woken.
    Asleep,
    /// A thread is looking for work right now.
    Awake,
}

/// How many threads the current pool computes with: the pool of the calling thread, else the
/// default pool (which this call starts).
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
/// assert_eq!(pool.install(manyhands::current_num_threads), 3);
/// ```
pub fn current_num_threads() -> usize {
    match seat::try_current() {
        Some(seat) => seat.registry().num_threads(),
        None => current_registry().num_threads(),
    }
}

/// How many threads of the current pool, as in [`current_num_threads`], have a core each.
pub(crate) fn current_parallelism() -> usize {
    match seat::try_current() {
        Some(seat) => seat.registry().parallelism(),
        None => current_registry().parallelism(),
    }
}

/// The index of the calling thread in its pool, if it works for one.
///
/// No two threads of a pool have the same index at the same time, and a thread keeps its index
/// while a closure or a poll runs on it. Indexes are below [`thread_index_bound`]: workers come
/// first (`0..current_num_threads()`), then guests (threads from outside that work inside `join`,
/// `scope` or a loop), then spare threads. On a pool built with
/// [`spare_threads(0)`](PoolBuilder::spare_threads), `spawn_handler`, `build_scoped` or
/// `use_current_thread` there are only workers, and so, as with rayon, every index is below
/// [`current_num_threads`].
///
/// ```
/// assert_eq!(manyhands::current_thread_index(), None);
/// let pool = manyhands::Pool::builder().num_threads(2).spare_threads(0).build().unwrap();
/// assert!(pool.install(manyhands::current_thread_index).unwrap() < 2);
/// ```
pub fn current_thread_index() -> Option<usize> {
    seat::try_current().map(|seat| seat.index() as usize)
}

/// All values of [`current_thread_index`] on the current pool are below this number, for its whole
/// life: the length of a table with one entry a thread.
///
/// ```
/// use std::sync::Mutex;
/// let counts: Vec<Mutex<u32>> =
///     (0..manyhands::thread_index_bound()).map(|_| Mutex::new(0)).collect();
/// let count = || *counts[manyhands::current_thread_index().unwrap()].lock().unwrap() += 1;
/// manyhands::join(count, count);
/// assert_eq!(counts.iter().map(|count| *count.lock().unwrap()).sum::<u32>(), 2);
/// ```
pub fn thread_index_bound() -> usize {
    match seat::try_current() {
        Some(seat) => seat.registry().index_bound(),
        None => current_registry().index_bound(),
    }
}
