//! Running one pending job in the middle of another, and whether there is one.

use crate::Yield;
use crate::default_pool::current_thread_index;
use crate::local::Worker;

/// Runs one pending job, of whatever kind and from wherever in the pool, on top of the present one.
/// `None` where [`current_thread_index`] is.
///
/// [`Yield::Executed`] may also stand for a job that had nothing left to do. [`Yield::Idle`] says
/// that there was none.
///
/// ```
/// use rayon_core::{ThreadPoolBuilder, Yield};
/// assert_eq!(rayon_core::yield_now(), None);
/// let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// assert_eq!(pool.install(rayon_core::yield_now), Some(Yield::Idle));
/// ```
pub fn yield_now() -> Option<Yield> {
    yield_to(manyhands::yield_now)
}

/// As [`yield_now`], but runs only what this thread has forked or spawned.
///
/// ```
/// use rayon_core::{ThreadPoolBuilder, Yield};
/// use std::sync::mpsc::channel;
/// let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// let (sender, receiver) = channel();
/// pool.install(move || {
///     rayon_core::spawn(move || sender.send(42).unwrap());
///     assert_eq!(rayon_core::yield_local(), Some(Yield::Executed));
///     assert_eq!(receiver.recv(), Ok(42));
/// });
/// ```
pub fn yield_local() -> Option<Yield> {
    yield_to(manyhands::yield_local)
}

fn yield_to(otherwise: impl FnOnce() -> Option<Yield>) -> Option<Yield> {
    current_thread_index()?;
    if let Some(worker) = Worker::current() {
        if let Some(job) = worker.local.take_newest() {
            worker.registry.run_contained(job);
            return Some(Yield::Executed);
        }
    }
    otherwise()
}

/// Has the calling thread forked or spawned anything that no thread has begun? `None` where
/// [`current_thread_index`] is.
///
/// Counted are second halves of joins, jobs of scopes and closures of
/// [`spawn`](crate::spawn()), while they wait on this thread. A hint: other threads may take them
/// at any moment.
///
/// ```
/// use rayon_core::{ThreadPoolBuilder, current_thread_has_pending_tasks};
/// assert_eq!(current_thread_has_pending_tasks(), None);
/// let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// let (during, behind) = pool.install(|| {
///     let (during, ()) = rayon_core::join(current_thread_has_pending_tasks, || ());
///     (during, current_thread_has_pending_tasks())
/// });
/// assert_eq!((during, behind), (Some(true), Some(false)));
/// ```
pub fn current_thread_has_pending_tasks() -> Option<bool> {
    current_thread_index()?;
    let has_spawned = Worker::current().is_some_and(|worker| !worker.local.is_empty());
    Some(has_spawned || manyhands::current_thread_has_pending_jobs()?)
}
