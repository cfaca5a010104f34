//! The pool that the calling thread works for, and its place there.

use super::enter::entered;
use super::global;
use crate::pool::{Occupant, Registry, computing, guest, seat};
use std::sync::Arc;

/// The pool that the calling thread works for, else the default pool.
#[inline]
pub(crate) fn current_registry() -> Arc<Registry> {
    own_registry().unwrap_or_else(global::registry)
}

/// The pool that the calling thread works for, on a seat or, for a blocking closure, without one;
/// or, in its place, the one that the program has entered.
#[inline]
pub(crate) fn own_registry() -> Option<Arc<Registry>> {
    if let Some(registry) = entered() {
        return Some(registry);
    }
    match seat::try_current() {
        Some(me) => Some(me.counted_registry()),
        None => guest::unseated(),
    }
}

/// Calls `f` with the pool of a thread that has no seat: see [`current_registry`]. No reference to
/// the default pool is counted.
pub(crate) fn with_unseated<R>(f: impl FnOnce(&Arc<Registry>) -> R) -> R {
    match entered().or_else(guest::unseated) {
        Some(registry) => f(&registry),
        None => global::with(f),
    }
}

/// Runs `op` on a seat: the calling thread's, else a guest seat of the current pool on this thread,
/// else on a worker.
#[inline(always)]
pub(crate) fn on_seat<R: Send>(op: impl FnOnce(Occupant<'_>) -> R + Send) -> R {
    match seat::current() {
        Some(me) => op(me),
        None => {
            let (mut op, mut result) = (Some(op), None);
            outside(&mut |me| result = op.take().map(|op| op(me)));
            result.expect("a guest or a worker has called it")
        }
    }
}

/// Not generic: few calls come from threads without a seat, and there is much code behind it.
#[cold]
fn outside(op: &mut (dyn FnMut(Occupant<'_>) + Send)) {
    guest::on_seat(&current_registry(), |me, _| op(me));
}

/// As [`on_seat`], for what must stay on this thread: it may have to do without a seat.
pub(crate) fn in_place<R>(op: impl FnOnce() -> R) -> R {
    match seat::current() {
        Some(me) => {
            computing::begin(me);
            op()
        }
        None => guest::in_place(&current_registry(), |_| op()),
    }
}

/// Does the calling thread work for a pool?
pub(crate) fn has_seat() -> bool {
    seat::current().is_some()
}

/// How many threads the current pool computes with: the pool of the calling thread, else the
/// default pool (which this call starts). [`Handle::set_num_threads`] changes the number.
///
/// A thread that runs a closure of [`spawn_blocking`](crate::spawn_blocking) works for the pool
/// that the closure was spawned on, so that is the current pool there.
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
/// assert_eq!(pool.install(manyhands::current_num_threads), 3);
/// let blocks = pool.spawn_blocking(manyhands::current_num_threads);
/// assert_eq!(blocks.join().unwrap(), 3);
/// ```
///
/// [`Handle::set_num_threads`]: crate::Handle::set_num_threads
pub fn current_num_threads() -> usize {
    match seat::try_current() {
        Some(me) => me.registry().num_threads(),
        None => current_registry().num_threads(),
    }
}

/// How many threads of the current pool, as in [`current_num_threads`], have a core each.
pub(crate) fn current_parallelism() -> usize {
    match seat::try_current() {
        Some(me) => me.registry().parallelism(),
        None => current_registry().parallelism(),
    }
}

/// The index of the calling thread in its pool, if it works for one.
///
/// No two threads of a pool have the same index at the same time, and a thread keeps its index
/// while a closure or a poll runs on it. Indexes are below [`thread_index_bound`]: workers come
/// first, then guests (threads from outside that work inside `join`,
/// `scope` or a loop), then spare threads. On a pool built with
/// [`max_spare_threads(0)`](crate::PoolBuilder::max_spare_threads), `spawn_handler`, `build_scoped`
/// or `use_current_thread` there are only workers. So there, as with rayon, every index is below
/// [`current_num_threads`], unless [`Handle::set_num_threads`](crate::Handle::set_num_threads) has
/// lowered that: it is always below [`Handle::max_num_threads`](crate::Handle::max_num_threads).
///
/// ```
/// assert_eq!(manyhands::current_thread_index(), None);
/// let pool = manyhands::Pool::builder().num_threads(2).max_spare_threads(0).build().unwrap();
/// assert!(pool.install(manyhands::current_thread_index).unwrap() < 2);
/// ```
pub fn current_thread_index() -> Option<usize> {
    seat::try_current().map(|me| me.index() as usize)
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
        Some(me) => me.registry().index_bound(),
        None => current_registry().index_bound(),
    }
}
