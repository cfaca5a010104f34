//! `Pool`, which owns threads, and `Handle`, which refers to them.
//!
//! What can be done with them (`block_on`, `join`, ...) is added in `entry.rs`, above the layer of
//! the things done.

use super::limit::Limit;
use super::{BlockingMetrics, Metrics, PoolBuilder, Registry, current_registry, seat};
use crate::task::{Priority, TaskInfo};
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A pool of threads of its own.
///
/// All work goes through its [`Handle`], to which it dereferences. Most programs need no `Pool`:
/// the free functions of this crate use a default one.
///
/// Dropping a pool tells its threads to end and does not wait for them, so it may happen on one of
/// its own threads. [`shutdown`](Self::shutdown) waits.
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

/// A reference to a pool: cheap to clone, and free to outlive the pool.
///
/// After the pool has ended, tasks spawned through a handle are cancelled at once, and calls that
/// must return a value run on the calling thread.
#[derive(Clone)]
pub struct Handle {
    registry: Arc<Registry>,
    priority: Priority,
    limit: Option<Arc<Limit>>,
}

// User code never runs in the middle of a change to the pool's state, so a panic leaves nothing
// half done.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl Pool {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            handle: Handle::new(registry),
        }
    }

    /// A builder with the defaults.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// A handle to this pool.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the pool, and waits until its threads have ended.
    ///
    /// What runs is finished: closures to their end, futures to the end of their poll. What has not
    /// started is cancelled, and so are futures that wait: their handles say so.
    ///
    /// On a thread of the pool itself this only begins the end, as dropping does: that thread would
    /// wait for itself.
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
    /// threads have ended; if not, they will when their present jobs are done.
    ///
    /// ```
    /// use std::time::Duration;
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// assert!(pool.shutdown_timeout(Duration::from_secs(60)));
    /// ```
    pub fn shutdown_timeout(self, timeout: Duration) -> bool {
        self.end(Some(timeout))
    }

    fn end(self, timeout: Option<Duration>) -> bool {
        let registry = &self.handle.registry;
        registry.shut_down();
        if seat::try_current().is_some_and(|seat| registry.owns(seat)) {
            return false;
        }
        // A timeout beyond what the clock can say is no timeout.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        registry.wait_until_over(deadline)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.handle.registry.shut_down();
        // Once, and here: a thread that wrote after this could be cut short by the end of `main`.
        self.handle.registry.trace().save();
    }
}

impl Deref for Pool {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Handle {
    fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            priority: Priority::Normal,
            limit: None,
        }
    }

    /// The priority of what this handle starts.
    pub(crate) fn priority(&self) -> Priority {
        self.priority
    }

    /// A handle to the same pool that starts futures ([`spawn`](Self::spawn)) and computations
    /// ([`spawn_compute`](Self::spawn_compute), [`compute`](Self::compute)) with this priority.
    /// What they start themselves, through other handles or by free functions, is not affected.
    ///
    /// ```
    /// use manyhands::{Handle, Priority};
    /// let background = Handle::current().with_priority(Priority::Background);
    /// let sum = background.spawn_compute(|| (1..=100).sum::<u32>());
    /// assert_eq!(sum.join().unwrap(), 5050);
    /// ```
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// What this handle is limited to, if it is.
    pub(crate) fn limited(&self) -> Option<&Arc<Limit>> {
        self.limit.as_ref()
    }

    /// A handle to a part of the same pool, which uses at most `max` threads at a time (at least
    /// one), whatever is started through it or its clones: futures are polled, and closures run,
    /// when it is their turn, in the order in which they became ready; loops and joins inside them
    /// share the `max` threads. No thread is reserved: what one part does not use, others do.
    ///
    /// A thread that waits, or blocks in [`block_in_place`](crate::block_in_place), does not
    /// count, so that waiting for another task of the same part is no deadlock; for a moment after
    /// it resumes there may be one thread too many. Jobs of a [`scope`](crate::scope()) count but do
    /// not queue, and [`block_on`](Self::block_on), `in_place_scope` and `broadcast` are not
    /// limited. A limit of a limited handle is a new one, at most as large. (The idea is that of
    /// Kotlin's `limitedParallelism`. For a single loop there is
    /// [`with_max_threads`](crate::iter::IndexedParallelIterator::with_max_threads).)
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// let reports = manyhands::Handle::current().with_limit(2);
    /// let sums: Vec<_> = (0..8_u64)
    ///     .map(|n| reports.spawn_compute(move || (0..n * 1000).into_par_iter().sum::<u64>()))
    ///     .collect();
    /// assert_eq!(sums.into_iter().map(|sum| sum.join().unwrap()).max(), Some(24_496_500));
    /// ```
    #[must_use]
    pub fn with_limit(&self, max: usize) -> Self {
        let max = match &self.limit {
            Some(limit) => max.min(limit.max()),
            None => max,
        };
        Self {
            limit: Some(Limit::new(Arc::clone(&self.registry), max.max(1))),
            ..self.clone()
        }
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The pool that the calling thread works for, else the default pool (which this call starts).
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
    /// let handle = pool.install(manyhands::Handle::current);
    /// assert_eq!(handle.current_num_threads(), 3);
    /// ```
    pub fn current() -> Self {
        Self::new(current_registry())
    }

    /// The pool that the calling thread works for, if it works for one.
    ///
    /// ```
    /// assert!(manyhands::Handle::try_current().is_none());
    /// ```
    pub fn try_current() -> Option<Self> {
        Some(Self::new(Registry::of(seat::try_current()?)))
    }

    /// How many threads this pool computes with.
    pub fn current_num_threads(&self) -> usize {
        self.registry.num_threads()
    }

    /// The calling thread's index, if it works for this pool; see
    /// [`current_thread_index`](crate::current_thread_index).
    pub fn current_thread_index(&self) -> Option<usize> {
        let seat = seat::try_current()?;
        self.registry.owns(seat).then_some(seat.index() as usize)
    }

    /// All thread indexes on this pool are below this number; see
    /// [`thread_index_bound`](crate::thread_index_bound).
    pub fn thread_index_bound(&self) -> usize {
        self.registry.index_bound()
    }

    /// What the pool does now, and what each of its seats has done so far. Counting is always on:
    /// threads write to counters of their own, and whoever asks adds up. Asking takes the locks of
    /// the lists of tasks, of spare threads and of blocking closures, one after the other.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// let task = pool.spawn(std::future::pending::<()>());
    /// pool.install(|| ());
    /// let metrics = pool.metrics();
    /// assert_eq!((metrics.permits, metrics.tasks), (2, 1));
    /// let closures: u64 = metrics.seats.iter().map(|it| it.jobs - it.polls).sum();
    /// assert_eq!(closures, 1);
    /// # drop(task);
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.registry.metrics()
    }

    /// All tasks of the pool that have not ended, in the order of their ids: futures and closures
    /// with a handle. For a look at a program that does not do what it should, also in production.
    ///
    /// Nothing is stopped, and no future is touched: each entry says what was so when it was looked
    /// at, and tasks that come or go meanwhile may be there or not. The tasks stand in lists, four
    /// to eight for each thread, one lock each; a list is locked for some 0.1 µs for each of
    /// its tasks.
    ///
    /// ```
    /// use manyhands::task::{Builder, TaskState};
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let stuck = Builder::new()
    ///     .name("stuck")
    ///     .spawn_on(std::future::pending::<()>(), pool.handle());
    /// for task in pool.tasks() {
    ///     println!("{task}");
    ///     assert_eq!(task.name.as_deref(), Some("stuck"));
    ///     assert_eq!(task.location.file(), file!());
    ///     assert_ne!(task.state, TaskState::Complete);
    /// }
    /// # stuck.abort();
    /// ```
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.registry.tasks()
    }

    /// The threads of [`spawn_blocking`](crate::spawn_blocking), and the queue before them, right
    /// now. Takes the lock of that queue and no other, so that a program can ask before each closure
    /// and hold back. ([`metrics`](Self::metrics) reports the same numbers as `blocking`, with
    /// all others and at their price.)
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// let pool = manyhands::Pool::builder().max_blocking_threads(1).build().unwrap();
    /// let (go, wait) = channel::<()>();
    /// let first = pool.spawn_blocking(move || wait.recv().is_err());
    /// let second = pool.spawn_blocking(|| "after the first");
    /// let now = pool.blocking_metrics();
    /// assert_eq!((now.threads, now.max_threads), (1, 1));
    /// assert!((1..=2).contains(&now.queued)); // the first one may still be on its way
    /// drop(go);
    /// assert!(first.join().unwrap());
    /// assert_eq!(second.join().unwrap(), "after the first");
    /// assert_eq!(pool.blocking_metrics().queued, 0);
    /// ```
    pub fn blocking_metrics(&self) -> BlockingMetrics {
        self.registry.blocking.metrics()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.handle.registry).finish()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.registry).finish()
    }
}
