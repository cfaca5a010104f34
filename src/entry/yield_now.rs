//! Running one job of the pool in the middle of another.

use crate::pool::{seat, yielding};

/// What became of a [`yield_now`] or [`yield_local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// A job was run.
    Executed,
    /// There was none.
    Idle,
}

/// Runs one pending job, of whatever kind and from wherever in the pool, on top of the present one.
/// `None` on a thread that does not work for a pool.
///
/// Unlike the waits of this crate, this may run a stranger, because that is what it is asked for:
/// don't call it while you hold a lock that other jobs want. In async code use
/// [`task::yield_now`](crate::task::yield_now).
///
/// ```
/// assert_eq!(manyhands::yield_now(), None);
/// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
/// assert_eq!(pool.install(manyhands::yield_now), Some(manyhands::Yield::Idle));
/// ```
pub fn yield_now() -> Option<Yield> {
    seat::try_current().map(|me| told(yielding::run_any(me)))
}

/// Runs one pending job of the calling thread's own queues, on top of the present one. `None` on a
/// thread that does not work for a pool.
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
/// let mut ran = false;
/// pool.scope(|s| {
///     s.spawn(|_| ran = true);
///     assert_eq!(manyhands::yield_local(), Some(manyhands::Yield::Executed));
///     assert_eq!(manyhands::yield_local(), Some(manyhands::Yield::Idle));
/// });
/// assert!(ran);
/// ```
pub fn yield_local() -> Option<Yield> {
    seat::try_current().map(|me| told(yielding::run_own(me)))
}

/// Is there anything on the calling thread's own queues that no thread has begun? `None` on a
/// thread that does not work for a pool.
///
/// Counted are second halves of joins, jobs of scopes, pieces of loops and ready futures. What
/// waits in queues that all threads share does not count. It is a hint, as other threads may take a
/// job at any moment: for code that cuts its work into fewer pieces while nobody takes them. It
/// costs a few loads. (rayon-core has this as `current_thread_has_pending_tasks`.)
///
/// ```
/// use manyhands::{current_thread_has_pending_jobs, join};
/// assert_eq!(current_thread_has_pending_jobs(), None);
/// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
/// let (during, behind) = pool.install(|| {
///     let (during, ()) = join(current_thread_has_pending_jobs, || ());
///     (during, current_thread_has_pending_jobs())
/// });
/// assert_eq!((during, behind), (Some(true), Some(false)));
/// ```
pub fn current_thread_has_pending_jobs() -> Option<bool> {
    seat::try_current().map(|me| me.has_visible_work() || me.hides_jobs())
}

fn told(executed: bool) -> Yield {
    if executed {
        Yield::Executed
    } else {
        Yield::Idle
    }
}
