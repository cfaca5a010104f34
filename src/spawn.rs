//! Futures and closures that start at once and are awaited through a handle.

use crate::job::JobRef;
use crate::pool::{Home, Registry, current_registry};
use crate::task::{self, Class, How, JoinHandle, Owned, Priority, Schedule};
use crate::util::unwind::Payload;
use std::sync::Arc;

/// Starts a future on the current pool (the default pool outside of any).
///
/// The task runs whether or not its handle is awaited, on any of the pool's threads, one poll at a
/// time. In it, `join`, `scope` and parallel iterators use the same threads.
///
/// # Cost
///
/// One allocation, which also holds the result.
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
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let class = Class::future(Priority::Normal);
    task::spawn(future, Home::new(current_registry()), class)
}

/// Starts a closure that computes on the current pool: it may use `join`, `scope` and parallel
/// iterators. Dropping the handle detaches it; [`abort`](JoinHandle::abort) stops its loops at
/// their next check. [`compute`](crate::compute) is the awaited form, which cancels when dropped.
///
/// ```
/// let handle = manyhands::spawn_compute(|| {
///     let (a, b) = manyhands::join(|| 20, || 22);
///     a + b
/// });
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
pub fn spawn_compute<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    task::spawn_compute(f, Home::new(current_registry()), Priority::Normal)
}

/// Runs a closure that blocks (on files, locks, other processes) on a thread of its own kind, so
/// that it takes no core from the pool. There are at most
/// [`max_blocking_threads`](crate::PoolBuilder::max_blocking_threads) such threads; further
/// closures queue. For closures that compute use [`spawn_compute`].
///
/// ```
/// let text = manyhands::spawn_blocking(|| std::fs::read_to_string("Cargo.toml"));
/// assert!(manyhands::block_on(text).unwrap().unwrap().contains("[package]"));
/// ```
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_blocking_on(current_registry(), f)
}

pub(crate) fn spawn_blocking_on<F, R>(registry: Arc<Registry>, f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    task::spawn_compute(f, OnBlockingThread(registry), Priority::Normal)
}

/// Schedules on the blocking threads of a pool.
struct OnBlockingThread(Arc<Registry>);

impl Schedule for OnBlockingThread {
    fn schedule(&self, job: JobRef, _: How, _: Class) {
        self.0.run_blocking(job);
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn owned(&self) -> &Owned {
        self.0.owned()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.0.report_panic(payload);
    }
}
