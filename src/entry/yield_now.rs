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

fn told(executed: bool) -> Yield {
    if executed {
        Yield::Executed
    } else {
        Yield::Idle
    }
}
