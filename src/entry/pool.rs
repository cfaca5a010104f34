//! `Pool`, which owns threads.

use super::Handle;
use crate::pool::{Registry, shutdown};
use crate::util::clock;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// A pool of threads of its own.
///
/// All work goes through its [`Handle`], to which it dereferences: each method of a handle is one
/// of the pool, too. Most programs need no `Pool`: the free functions of this crate use a default
/// one.
///
/// | methods of [`Handle`] | |
/// |---|---|
/// | [`block_on`](Handle::block_on), [`spawn`](Handle::spawn), [`enter`](Handle::enter) | futures |
/// | [`join`](Handle::join), [`scope`](Handle::scope), [`install`](Handle::install), [`broadcast`](Handle::broadcast) | work that is waited for |
/// | [`compute`](Handle::compute), [`spawn_compute`](Handle::spawn_compute), [`spawn_blocking`](Handle::spawn_blocking) | closures that compute or block |
/// | [`with_priority`](Handle::with_priority), [`with_limit`](Handle::with_limit), [`set_num_threads`](Handle::set_num_threads) | how much of the machine work may have |
/// | [`metrics`](Handle::metrics), [`tasks`](Handle::tasks), [`blocking_metrics`](Handle::blocking_metrics) | what the pool does |
///
/// Dropping a pool tells its threads to end and does not wait for them, so it may happen on one of
/// its own threads. [`shutdown`](Self::shutdown) waits. (tokio's `Runtime` waits for its workers
/// when it is dropped; [`shutdown_background`](Self::shutdown_background) is the same here.)
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
/// let (a, b) = pool.join(|| 1, || 2);
/// assert_eq!(a + b, 3);
/// pool.shutdown();
/// ```
pub struct Pool {
    handle: Handle,
}

impl Pool {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            handle: Handle::new(registry),
        }
    }

    /// A handle to this pool.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the pool, and waits until its threads are gone.
    ///
    /// What runs is finished: closures to their end, futures to the end of their poll. What has not
    /// started is cancelled, and so are futures that wait: their handles say so.
    ///
    /// When it returns, the system's threads have ended, and destructors of their thread-locals
    /// have run: workers, spare threads, and those of
    /// [`spawn_blocking`](crate::spawn_blocking). Threads that
    /// [`spawn_handler`](crate::PoolBuilder::spawn_handler) has created have returned from
    /// [`ThreadBuilder::run`](crate::ThreadBuilder::run); the program joins them.
    ///
    /// A thread never waits for itself. On a thread of the pool (of any kind; in a task, a closure,
    /// a hook, or a destructor of a thread-local) and inside a call into the pool this only begins
    /// the end, as dropping does, and returns at once. A thread of another pool lends its core
    /// while it waits.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let waits = pool.spawn(std::future::pending::<()>());
    /// pool.shutdown();
    /// assert!(waits.join().unwrap_err().is_cancelled());
    /// ```
    pub fn shutdown(self) {
        let _ = self.end(None);
    }

    /// As [`shutdown`](Self::shutdown), but waits no longer than `timeout`. Returns whether all
    /// threads are gone; if not, they will be when their present jobs are done. `false` also where
    /// `shutdown` would not wait at all.
    ///
    /// ```
    /// use std::time::Duration;
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// assert!(pool.shutdown_timeout(Duration::from_secs(60)));
    /// ```
    pub fn shutdown_timeout(self, timeout: Duration) -> bool {
        self.end(Some(timeout))
    }

    /// Begins the end of the pool, and returns at once on every thread. The same as dropping it;
    /// the name is tokio's.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let waits = pool.spawn(std::future::pending::<()>());
    /// pool.shutdown_background();
    /// assert!(waits.join().unwrap_err().is_cancelled());
    /// ```
    pub fn shutdown_background(self) {
        drop(self);
    }

    fn end(self, timeout: Option<Duration>) -> bool {
        let registry = self.handle.registry();
        shutdown::begin(registry);
        // A timeout beyond what the clock can say is no timeout.
        let deadline = timeout.and_then(|timeout| clock::try_now()?.checked_add(timeout));
        shutdown::wait_until_ended(registry, deadline)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        shutdown::begin(self.handle.registry());
        // Once, and here: a thread that wrote after this could be cut short by the end of `main`.
        self.handle.registry().trace().save();
    }
}

// Hidden, or the page of a pool would be the page of a handle once more.
#[doc(hidden)]
impl Deref for Pool {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(self.handle.registry()).finish()
    }
}
