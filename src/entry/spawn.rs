//! Futures and closures that start at once and are awaited through a handle.

use super::current::current_registry;
use crate::pool::{Home, spawn_blocking as spawn_blocking_on};
use crate::task::big::is_big;
use crate::task::{self, Class, JoinHandle, Priority, Site, Spawnable};
use std::panic::Location;

/// Starts a future on the current pool (the default pool outside of any).
///
/// The task runs whether or not its handle is awaited, on any of the pool's threads, one poll at a
/// time. In it, `join`, `scope` and parallel iterators use the same threads.
///
/// # Cost
///
/// One allocation, which also holds the result; two if the future is larger than 16 KiB.
///
/// # Panics
///
/// Never. A panic of the future is kept for its handle, or goes to the pool's panic handler if the
/// handle was dropped. On a pool that was shut down, the handle says that the task was cancelled.
///
/// ```
/// let sum = manyhands::block_on(async {
///     let left = manyhands::spawn(async { 1 + 2 });
///     let right = manyhands::spawn(async { 3 + 4 });
///     left.await.unwrap() + right.await.unwrap()
/// });
/// assert_eq!(sum, 10);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Out>
where
    F: Spawnable + Send + 'static,
    F::Out: Send + 'static,
{
    let class = Class::future(Priority::Normal);
    let home = Home::new(current_registry());
    let site = Location::caller();
    if const { is_big::<F>() } {
        task::launch(Box::pin(future), home, class, site)
    } else {
        task::launch(future, home, class, site)
    }
}

/// Starts a closure that computes on the current pool: it may use `join`, `scope` and parallel
/// iterators. Dropping the handle detaches it. [`abort`](JoinHandle::abort) keeps it from starting;
/// once it runs it goes on to its end, except for [`cancellable`](crate::cancellable) regions.
/// [`compute`](crate::compute) is the awaited form, which cancels when dropped.
///
/// ```
/// let handle = manyhands::spawn_compute(|| {
///     let (a, b) = manyhands::join(|| 20, || 22);
///     a + b
/// });
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
#[track_caller]
pub fn spawn_compute<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_compute_at(f, Location::caller())
}

/// As [`spawn_compute`], in the name of another place of the program.
pub(crate) fn spawn_compute_at<F, R>(f: F, site: Site) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let class = Class::root(Priority::Normal);
    let home = Home::new(current_registry());
    if const { is_big::<F>() } {
        task::launch(task::closure(Box::new(f)), home, class, site)
    } else {
        task::launch(task::closure(f), home, class, site)
    }
}

/// Runs a closure that blocks (on files, locks, other processes) on a thread of its own kind, so
/// that it takes no core from the pool. For closures that compute use [`spawn_compute`].
///
/// The caller never waits. Threads are created as closures come, at most
/// [`max_blocking_threads`](crate::PoolBuilder::max_blocking_threads) of them (default 512);
/// further closures queue, and start in the order in which they came.
/// [`Handle::blocking_metrics`](crate::Handle::blocking_metrics) tells how many wait. A thread that
/// has had nothing to do for a while ends
/// ([`thread_keep_alive`](crate::PoolBuilder::thread_keep_alive), default 10 seconds).
///
/// # The current pool
///
/// The closure works for the pool that it was spawned on. In it, loops and free functions, such as
/// [`spawn`] and [`block_on`](crate::block_on), use that pool. With the feature `tokio` the thread
/// is in the pool's runtime, as all threads of the pool are.
///
/// # Cancelling
///
/// Until the closure has started, [`abort`](JoinHandle::abort) takes it off the queue: it never
/// runs, and the handle says so, also while all blocking threads are busy. Once it runs it goes on
/// to its end. It may ask: [`is_cancelled`](crate::is_cancelled()),
/// [`cancellable`](crate::cancellable).
///
/// # The end of the pool
///
/// Closures in the queue are cancelled. Those that run go on to their end, and
/// [`Pool::shutdown`](crate::Pool::shutdown) waits for them;
/// [`shutdown_timeout`](crate::Pool::shutdown_timeout) as long as it is told to, and dropping the
/// pool not at all.
///
/// # Panics
///
/// Never, as [`spawn`]. Where the system refuses a thread, the closure waits for one that exists;
/// if there is none at all, a worker runs it.
///
/// ```
/// let text = manyhands::spawn_blocking(|| std::fs::read_to_string("Cargo.toml"));
/// assert!(manyhands::block_on(text).unwrap().unwrap().contains("[package]"));
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_blocking_on(current_registry(), f, Location::caller(), None)
}
