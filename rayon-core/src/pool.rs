//! `ThreadPool`: threads of its own.

use crate::broadcast::spawn_broadcast_on;
use crate::local::Order;
use crate::registry::{Keep, Registry};
use crate::spawn::spawn_on;
use crate::{BroadcastContext, Scope, ScopeFifo, Yield};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A pool of worker threads of its own, and of no others.
///
/// Dropping it tells its threads to end and does not wait for them. What was spawned on it before
/// is run to its end.
///
/// ```
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
/// let (a, b) = pool.install(|| rayon_core::join(|| 20, || 22));
/// assert_eq!(a + b, 42);
/// ```
pub struct ThreadPool {
    registry: Arc<Registry>,
    /// Until the owner drops the pool.
    _keep: Keep,
}

impl ThreadPool {
    pub(crate) fn of(keep: Keep) -> Self {
        Self {
            registry: Arc::clone(keep.registry()),
            _keep: keep,
        }
    }

    /// What [`ThreadPoolBuilder::build`](crate::ThreadPoolBuilder::build) was called once.
    ///
    /// # Errors
    ///
    /// As there.
    #[deprecated(note = "Use `ThreadPoolBuilder::build`")]
    #[allow(deprecated)]
    pub fn new(configuration: crate::Configuration) -> Result<Self, Box<dyn Error>> {
        configuration.build()
    }

    /// Runs `op` on a worker of this pool and waits for it; on one of its own workers, right here.
    ///
    /// Everything in `op` that uses the current pool uses this one. A worker of another pool that
    /// calls this runs nothing else while it waits.
    ///
    /// # Panics
    ///
    /// If `op` does.
    ///
    /// ```
    /// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    /// assert_eq!(pool.install(rayon_core::current_num_threads), 2);
    /// ```
    pub fn install<OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce() -> R + Send,
        R: Send,
    {
        self.registry.handle().install(op)
    }

    /// As [`rayon_core::broadcast`](crate::broadcast()), on this pool.
    pub fn broadcast<OP, R>(&self, op: OP) -> Vec<R>
    where
        OP: Fn(BroadcastContext<'_>) -> R + Sync,
        R: Send,
    {
        self.registry.handle().broadcast(op)
    }

    /// How many threads the pool has.
    #[inline]
    pub fn current_num_threads(&self) -> usize {
        self.registry.handle().current_num_threads()
    }

    /// The index of the calling thread, if it is a worker of this pool.
    #[inline]
    pub fn current_thread_index(&self) -> Option<usize> {
        self.registry.handle().current_thread_index()
    }

    /// As [`rayon_core::current_thread_has_pending_tasks`](crate::current_thread_has_pending_tasks),
    /// on a worker of this pool; `None` on other threads.
    #[inline]
    pub fn current_thread_has_pending_tasks(&self) -> Option<bool> {
        self.current_thread_index()?;
        crate::current_thread_has_pending_tasks()
    }

    /// As [`rayon_core::join`](crate::join()), on this pool.
    pub fn join<A, B, RA, RB>(&self, oper_a: A, oper_b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        self.registry.handle().join(oper_a, oper_b)
    }

    /// As [`rayon_core::scope`](crate::scope()), on this pool.
    pub fn scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R + Send,
        R: Send,
    {
        self.registry.handle().scope(op)
    }

    /// As [`rayon_core::scope_fifo`](crate::scope_fifo), on this pool.
    pub fn scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
        R: Send,
    {
        self.registry.handle().scope_fifo(op)
    }

    /// As [`rayon_core::in_place_scope`](crate::in_place_scope), with its jobs on this pool.
    pub fn in_place_scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R,
    {
        self.registry.handle().in_place_scope(op)
    }

    /// As [`rayon_core::in_place_scope_fifo`](crate::in_place_scope_fifo), with its jobs on this
    /// pool.
    pub fn in_place_scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R,
    {
        self.registry.handle().in_place_scope_fifo(op)
    }

    /// As [`rayon_core::spawn`](crate::spawn()), on this pool, which lives until `op` has ended.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// let (sender, receiver) = channel();
    /// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    /// pool.spawn(move || sender.send(42).unwrap());
    /// drop(pool);
    /// assert_eq!(receiver.recv(), Ok(42));
    /// ```
    pub fn spawn<OP>(&self, op: OP)
    where
        OP: FnOnce() + Send + 'static,
    {
        spawn_on(&self.registry, op, Order::NewestFirst);
    }

    /// As [`rayon_core::spawn_fifo`](crate::spawn_fifo), on this pool, which lives until `op` has
    /// ended.
    pub fn spawn_fifo<OP>(&self, op: OP)
    where
        OP: FnOnce() + Send + 'static,
    {
        spawn_on(&self.registry, op, Order::OldestFirst);
    }

    /// As [`rayon_core::spawn_broadcast`](crate::spawn_broadcast), on this pool, which lives until
    /// all calls have ended.
    pub fn spawn_broadcast<OP>(&self, op: OP)
    where
        OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
    {
        spawn_broadcast_on(&self.registry, op);
    }

    /// As [`rayon_core::yield_now`](crate::yield_now()), on a worker of this pool; `None` on other
    /// threads.
    pub fn yield_now(&self) -> Option<Yield> {
        self.current_thread_index()?;
        crate::yield_now()
    }

    /// As [`rayon_core::yield_local`](crate::yield_local), on a worker of this pool; `None` on other
    /// threads.
    pub fn yield_local(&self) -> Option<Yield> {
        self.current_thread_index()?;
        crate::yield_local()
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("num_threads", &self.current_num_threads())
            .field("id", &Arc::as_ptr(&self.registry))
            .finish()
    }
}
