//! `Handle`, which refers to a pool: everything that can be done with a pool is a method here.

use super::block_on::block_on_in;
use super::broadcast::{self, BroadcastContext};
use super::compute::{Compute, compute_by};
use super::current::{current_registry, own_registry};
use super::enter::{self, EnterGuard};
use super::join::{join, join_on};
use super::scope::{
    Scope, ScopeFifo, in_place_scope_fifo_on, in_place_scope_on, scope, scope_fifo, scope_fifo_on,
    scope_on,
};
use super::yield_now::{Yield, yield_local, yield_now};
use crate::pool::{
    BlockingMetrics, Home, Limit, Limited, Metrics, Registry, guest, metrics, resize, seat,
    spawn_blocking,
};
use crate::task::big::is_big;
use crate::task::{self, Class, JoinHandle, Priority, Site, Spawnable, TaskInfo};
use futures_task::{FutureObj, Spawn, SpawnError};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// A reference to a pool: cheap to clone, and free to outlive the pool.
///
/// After the pool has ended, tasks spawned through a handle are cancelled at once, and calls that
/// must return a value run on the calling thread, at once, also while a blocking closure keeps a
/// thread of the pool alive. (On a thread of another pool, that pool serves in place of this one.)
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

impl Handle {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
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
    /// A thread that waits, or blocks in [`block_in_place`](crate::block_in_place), does not count,
    /// so that waiting for another task of the same part is no deadlock; for a moment after it
    /// resumes there may be one thread too many. Jobs of a [`scope`](crate::scope()) count but do
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

    /// The pool that the calling thread works for, if it works for one. (A thread that runs a
    /// closure of [`spawn_blocking`](crate::spawn_blocking) works for the pool of that closure.)
    ///
    /// ```
    /// use manyhands::Handle;
    /// assert!(Handle::try_current().is_none());
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let blocks = pool.spawn_blocking(|| Handle::try_current().is_some());
    /// assert!(blocks.join().unwrap());
    /// ```
    pub fn try_current() -> Option<Self> {
        own_registry().map(Self::new)
    }

    /// Makes this pool the current one of the calling thread, until the guard is dropped:
    /// [`spawn`](crate::spawn()), [`spawn_compute`](crate::spawn_compute),
    /// [`spawn_blocking`](crate::spawn_blocking), [`Handle::current`] and timers use it.
    ///
    /// On a thread that works for no pool, joins, loops and [`block_on`](crate::block_on()) use it,
    /// too. On a thread of a pool they stay where they are: they need the thread's seat. What runs
    /// on top of the present closure or poll, for another pool or task, is not affected. Threads of
    /// a pool, and threads in its `block_on`, need no guard for that pool.
    ///
    /// With the feature `tokio`, a thread that is in no tokio runtime is in that of the pool. Then
    /// guards must be dropped in the reverse order; tokio panics if they are not.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
    /// let _entered = pool.enter();
    /// let task = manyhands::spawn(async { manyhands::current_num_threads() });
    /// assert_eq!(task.join().unwrap(), 3);
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        enter::enter(&self.registry)
    }

    /// How many threads this pool computes with at present.
    pub fn current_num_threads(&self) -> usize {
        self.registry.num_threads()
    }

    /// The largest number that [`set_num_threads`](Self::set_num_threads) can set: the number of
    /// the pool's worker threads. It never changes.
    ///
    /// (The free function [`max_num_threads`](crate::max_num_threads) tells how many a pool could
    /// be built with.)
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// pool.set_num_threads(1);
    /// assert_eq!(pool.max_num_threads(), 2);
    /// ```
    pub fn max_num_threads(&self) -> usize {
        self.registry.max_threads()
    }

    /// From now on the pool computes with `num_threads` threads: at least 1, and no more than
    /// [`max_num_threads`](Self::max_num_threads). Returns the number that was set.
    ///
    /// It may be called from any thread, in a task or a loop as well, and returns at once. It holds
    /// for the pool as a whole, through whichever handle it was set; the last call counts.
    ///
    /// * **Fewer.** Nothing is interrupted. A thread that is one too many sleeps when it has
    ///   finished its present job: a closure, a poll, the piece of a loop that it has taken. So the
    ///   number is kept as soon as each has come to such an end. Threads from outside that work in
    ///   `join` or a loop go on, and count; while they do, fewer workers run. A program of which
    ///   `k` threads must run at the same time (they meet at a barrier, say) needs `k` here, too.
    /// * **More.** Threads that sleep are woken if there is work, and take what a loop or a join
    ///   keeps for threads that are idle; a loop that goes on is shared from its next block on.
    ///   What was divided among a number of threads when it began stays so until it ends: a sort, a
    ///   [`par_map_ordered`](crate::iter::ParallelMapOrdered::par_map_ordered).
    ///
    /// [`current_num_threads`](Self::current_num_threads) tells the new number from now on, and
    /// loops that begin later use it. [`broadcast`](Self::broadcast) still runs on every worker.
    /// Indexes of threads stay what they are, so tables by index need
    /// [`thread_index_bound`](Self::thread_index_bound) entries, or, in a pool without spare
    /// threads, `max_num_threads`.
    ///
    /// On a pool with [`use_current_thread`](crate::PoolBuilder::use_current_thread) that thread is
    /// one of the `num_threads` at all times, unless it waits.
    ///
    /// # Cost
    ///
    /// Some microseconds for the caller, and an interrupt of a microsecond for each running thread
    /// of the process (a memory barrier, as when a worker falls asleep). Joins, spawns and loops
    /// cost the same whether the number ever changes or not.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// let pool = manyhands::Pool::builder().num_threads(4).build().unwrap();
    /// let sum = || pool.install(|| (0..1000_u32).into_par_iter().sum::<u32>());
    ///
    /// assert_eq!(pool.set_num_threads(1), 1); // others need the machine
    /// assert_eq!((sum(), pool.current_num_threads()), (499_500, 1));
    ///
    /// assert_eq!(pool.set_num_threads(64), 4); // as many as there can be
    /// assert_eq!((sum(), pool.current_num_threads()), (499_500, 4));
    /// assert_eq!(pool.set_num_threads(0), 1);
    /// ```
    pub fn set_num_threads(&self, num_threads: usize) -> usize {
        resize::set_num_threads(&self.registry, num_threads)
    }

    /// The calling thread's index, if it works for this pool; see
    /// [`current_thread_index`](crate::current_thread_index).
    pub fn current_thread_index(&self) -> Option<usize> {
        let me = seat::try_current()?;
        self.registry.owns(&me).then_some(me.index() as usize)
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
        Metrics::of(&self.registry)
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
    /// now. Takes the lock of that queue and no other, so that a program can ask before each
    /// closure and hold back. ([`metrics`](Self::metrics) reports the same numbers as `blocking`,
    /// with all others and at their price.)
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
        metrics::of_blocking(&self.registry)
    }

    // ---- what can be started and called ----------------------------------------------------

    /// As [`manyhands::block_on`](crate::block_on): on this thread, as a guest of this pool unless
    /// the thread works for a pool already.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// assert_eq!(pool.block_on(async { manyhands::current_num_threads() }), 1);
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on_in(self.registry(), future)
    }

    /// As [`manyhands::spawn`](crate::spawn), on this pool.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Out>
    where
        F: Spawnable + Send + 'static,
        F::Out: Send + 'static,
    {
        let class = Class::future(self.priority());
        spawn_on(future, self, class, Location::caller(), None)
    }

    /// As [`manyhands::spawn_compute`](crate::spawn_compute), on this pool.
    #[track_caller]
    pub fn spawn_compute<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_compute_at(f, Location::caller())
    }

    fn spawn_compute_at<F, R>(&self, f: F, site: Site) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let class = Class::root(self.priority());
        spawn_on(task::closure(f), self, class, site, None)
    }

    /// As [`manyhands::compute`](crate::compute), on this pool.
    #[track_caller]
    pub fn compute<F, R>(&self, f: F) -> Compute<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (handle, site) = (self.clone(), Location::caller());
        compute_by(move || handle.spawn_compute_at(f, site))
    }

    /// As [`manyhands::spawn_blocking`](crate::spawn_blocking), on this pool's blocking threads.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        spawn_blocking(Arc::clone(self.registry()), f, Location::caller(), None)
    }

    /// Runs `op` on a worker of this pool and waits for it. On a thread of this pool, runs it right
    /// here. A thread of another pool lends its core to that pool while it waits, but runs nothing
    /// of it.
    ///
    /// Everything in `op` that uses "the current pool" uses this one.
    ///
    /// # Panics
    ///
    /// If `op` panics.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// assert_eq!(pool.install(|| manyhands::join(|| 1, || 2)), (1, 2));
    /// ```
    pub fn install<OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce() -> R + Send,
        R: Send,
    {
        match self.limited() {
            Some(limit) => guest::install_limited(self.registry(), limit, op),
            None => guest::install(self.registry(), op),
        }
    }

    /// As [`manyhands::join`](crate::join), on this pool.
    pub fn join<A, B, RA, RB>(&self, oper_a: A, oper_b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        match self.limited() {
            Some(_) => self.install(|| join(oper_a, oper_b)),
            None => join_on(self.registry(), |_| oper_a(), |_| oper_b()),
        }
    }

    /// As [`manyhands::scope`](crate::scope()), on this pool.
    pub fn scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R + Send,
        R: Send,
    {
        match self.limited() {
            Some(_) => self.install(|| scope(op)),
            None => scope_on(self.registry(), op),
        }
    }

    /// As [`manyhands::scope_fifo`](crate::scope_fifo), on this pool.
    pub fn scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
        R: Send,
    {
        match self.limited() {
            Some(_) => self.install(|| scope_fifo(op)),
            None => scope_fifo_on(self.registry(), op),
        }
    }

    /// As [`manyhands::in_place_scope`](crate::in_place_scope), on this pool.
    pub fn in_place_scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R,
    {
        in_place_scope_on(self.registry(), op)
    }

    /// As [`manyhands::in_place_scope_fifo`](crate::in_place_scope_fifo), on this pool.
    pub fn in_place_scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R,
    {
        in_place_scope_fifo_on(self.registry(), op)
    }

    /// As [`manyhands::broadcast`](crate::broadcast()), on this pool.
    pub fn broadcast<OP, R>(&self, op: OP) -> Vec<R>
    where
        OP: Fn(BroadcastContext<'_>) -> R + Sync,
        R: Send,
    {
        broadcast::broadcast_on(self.registry(), op)
    }

    /// As [`manyhands::spawn_broadcast`](crate::spawn_broadcast), on this pool.
    pub fn spawn_broadcast<OP>(&self, op: OP)
    where
        OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
    {
        broadcast::spawn_broadcast_on(self.registry(), op);
    }

    /// Writes the timeline of this pool so far: what each of its threads did when. A path that ends
    /// in `.html` gets a page that needs nothing else, any other one the format of Chrome's tracing
    /// and [Perfetto](https://ui.perfetto.dev). The pool works on meanwhile, and records on.
    ///
    /// Recording is on in pools that are made while the environment variable `MANYHANDS_TRACE` is
    /// set. The file that it names is written without this call: when a [`Pool`](crate::Pool) is
    /// dropped or shut down; and for the default pool when the thread that made it ends, on the
    /// main thread with the process, and now and then at the end of a `block_on`.
    ///
    /// # Errors
    ///
    /// If nothing was recorded, or the file cannot be written.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// if let Err(error) = pool.write_trace("/no/such/folder/trace.html") {
    ///     println!("{error}"); // nothing was recorded: MANYHANDS_TRACE was not set ...
    /// }
    /// ```
    #[cfg(feature = "trace")]
    pub fn write_trace(&self, path: impl AsRef<std::path::Path>) -> std::io::Result<()> {
        self.registry().trace().write(path.as_ref())
    }

    /// As [`manyhands::yield_now`](crate::yield_now()), on a thread of this pool; `None` on others.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// assert_eq!(pool.yield_now(), None);
    /// assert_eq!(pool.install(|| pool.yield_now()), Some(manyhands::Yield::Idle));
    /// ```
    pub fn yield_now(&self) -> Option<Yield> {
        self.current_thread_index().and_then(|_| yield_now())
    }

    /// As [`manyhands::yield_local`](crate::yield_local), on a thread of this pool; `None` on
    /// others.
    pub fn yield_local(&self) -> Option<Yield> {
        self.current_thread_index().and_then(|_| yield_local())
    }
}

/// Starts a future in the pool of a handle, within the handle's limit if it has one.
pub(super) fn spawn_on<F>(
    future: F,
    handle: &Handle,
    class: Class,
    site: Site,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if const { is_big::<F>() } {
        spawn_small(Box::pin(future), handle, class, site, name)
    } else {
        spawn_small(future, handle, class, site, name)
    }
}

fn spawn_small<F>(
    future: F,
    handle: &Handle,
    class: Class,
    site: Site,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match handle.limited() {
        Some(limited) => {
            let scheduler = Limited(Arc::clone(limited));
            task::spawn_named(future, scheduler, class, site, name)
        }
        None => {
            let scheduler = Home::new(Arc::clone(handle.registry()));
            task::spawn_named(future, scheduler, class, site, name)
        }
    }
}

impl Spawn for Handle {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.status()?;
        drop(self.spawn(future));
        Ok(())
    }

    fn status(&self) -> Result<(), SpawnError> {
        if self.registry().is_closed() {
            Err(SpawnError::shutdown())
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.registry).finish()
    }
}
