//! How a pool is made: sizes, hooks, and who creates its threads.

use super::build_error::PoolBuildError;
use super::{Pool, global};
use crate::pool::{Hooks, MAX_THREADS, Registry, Sizes, Start, ThreadBuilder};
use crate::sync::Mutex;
use crate::task::TaskMeta;
use crate::util::unwind::Payload;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// One in this many polls is measured, if the pool measures polls at all. (A prime, so that it does
/// not beat with the loops of programs.)
const SAMPLING: u32 = 61;

/// The largest number of worker threads that a pool can have: 1024. Larger requests are cut down
/// to it.
///
/// ```
/// assert_eq!(manyhands::max_num_threads(), 1024);
/// ```
pub fn max_num_threads() -> usize {
    MAX_THREADS
}

/// Builds a [`Pool`], or configures the default one.
///
/// ```
/// let pool = manyhands::Pool::builder()
///     .num_threads(3)
///     .thread_name(|index| format!("compute-{index}"))
///     .build()
///     .unwrap();
/// assert_eq!(pool.current_num_threads(), 3);
/// assert_eq!(pool.install(|| std::thread::current().name().map(str::len)), Some(9));
/// ```
#[must_use = "a builder does nothing until `build` or `build_global` is called"]
pub struct PoolBuilder<S = DefaultSpawn> {
    num_threads: usize,
    max_threads: Option<usize>,
    spares: Option<usize>,
    blocking: Option<usize>,
    keep_alive: Option<Duration>,
    use_current_thread: bool,
    start_paused: bool,
    hooks: Hooks,
    spawn: S,
}

/// Threads are created with [`std::thread::Builder`].
#[derive(Debug, Default)]
pub struct DefaultSpawn(());

/// Threads are created by a function; see [`PoolBuilder::spawn_handler`].
#[derive(Debug)]
pub struct CustomSpawn<F>(F);

/// Who creates a pool's worker threads. Sealed.
pub trait ThreadSpawn: sealed::Sealed {
    #[doc(hidden)]
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()>;
    /// May the pool create further threads by itself?
    #[doc(hidden)]
    const HAS_SPARES: bool;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DefaultSpawn {}
    impl<F> Sealed for super::CustomSpawn<F> {}
}

impl ThreadSpawn for DefaultSpawn {
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()> {
        thread.spawn()
    }
    const HAS_SPARES: bool = true;
}

impl<F: FnMut(ThreadBuilder) -> io::Result<()>> ThreadSpawn for CustomSpawn<F> {
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()> {
        (self.0)(thread)
    }
    const HAS_SPARES: bool = false;
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self {
            num_threads: 0,
            max_threads: None,
            spares: None,
            blocking: None,
            keep_alive: None,
            use_current_thread: false,
            start_paused: false,
            hooks: Hooks::default(),
            spawn: DefaultSpawn(()),
        }
    }
}

impl PoolBuilder {
    /// A builder with the defaults; the same as [`Pool::builder`].
    ///
    /// ```
    /// let pool = manyhands::PoolBuilder::new().num_threads(1).build().unwrap();
    /// assert_eq!(pool.install(|| 6 * 7), 42);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds a pool whose threads may borrow from the caller: `wrapper` runs on each thread and
    /// calls [`ThreadBuilder::run`]; the pool ends, and all its threads with it, when `with_pool`
    /// returns. Such a pool has no spare threads and no guest seats.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    ///
    /// ```
    /// let greeting = String::from("hello");
    /// let length = manyhands::Pool::builder()
    ///     .num_threads(2)
    ///     .build_scoped(
    ///         |thread| {
    ///             assert_eq!(greeting, "hello"); // borrowed on every thread
    ///             thread.run()
    ///         },
    ///         |pool| pool.install(|| greeting.len()),
    ///     )
    ///     .unwrap();
    /// assert_eq!(length, 5);
    /// ```
    pub fn build_scoped<W, F, R>(self, wrapper: W, with_pool: F) -> Result<R, PoolBuildError>
    where
        W: Fn(ThreadBuilder) + Sync,
        F: FnOnce(&Pool) -> R,
    {
        std::thread::scope(|scope| {
            let wrapper = &wrapper;
            let pool = self
                .spawn_handler(|thread| {
                    let mut builder = std::thread::Builder::new();
                    if let Some(name) = thread.name() {
                        builder = builder.name(name.to_owned());
                    }
                    if let Some(size) = thread.stack_size() {
                        builder = builder.stack_size(size);
                    }
                    builder
                        .spawn_scoped(scope, move || wrapper(thread))
                        .map(drop)
                })
                .build()?;
            Ok(with_pool(&pool))
        })
    }

    /// Creates worker threads with `spawn` instead of [`std::thread::Builder`]. It is called once
    /// for each worker, and must see to it that [`ThreadBuilder::run`] is called on a thread.
    /// Such a pool has no spare threads and no guest seats.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(2)
    ///     .spawn_handler(|thread| {
    ///         std::thread::Builder::new().spawn(|| thread.run())?;
    ///         Ok(())
    ///     })
    ///     .build()
    ///     .unwrap();
    /// assert_eq!(pool.install(|| 1 + 1), 2);
    /// ```
    pub fn spawn_handler<F>(self, spawn: F) -> PoolBuilder<CustomSpawn<F>>
    where
        F: FnMut(ThreadBuilder) -> io::Result<()>,
    {
        PoolBuilder {
            num_threads: self.num_threads,
            max_threads: self.max_threads,
            spares: self.spares,
            blocking: self.blocking,
            keep_alive: self.keep_alive,
            use_current_thread: self.use_current_thread,
            start_paused: self.start_paused,
            hooks: self.hooks,
            spawn: CustomSpawn(spawn),
        }
    }
}

impl<S: ThreadSpawn> PoolBuilder<S> {
    /// How many threads compute at a time, at first, and how many worker threads the pool has (or
    /// more, see [`max_num_threads`](Self::max_num_threads)). 0, the
    /// default: the value of `MANYHANDS_NUM_THREADS`, else one per core that the process may use
    /// (affinity and cgroup quota heeded). More than [`max_num_threads`] are cut down to it.
    pub fn num_threads(mut self, num_threads: usize) -> Self {
        self.num_threads = num_threads;
        self
    }

    /// The largest number to which [`Handle::set_num_threads`](crate::Handle::set_num_threads) can
    /// raise the number of threads later (default: [`num_threads`](Self::num_threads), and never
    /// less). More than [`max_num_threads`] are cut down to it.
    ///
    /// That many worker threads are created with the pool. Those beyond the present number sleep:
    /// each costs its stack, and nothing while it sleeps. So raising the number creates no thread
    /// and cannot fail.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).max_num_threads(4).build().unwrap();
    /// assert_eq!((pool.current_num_threads(), pool.max_num_threads()), (1, 4));
    /// pool.set_num_threads(4);
    /// assert_eq!(pool.current_num_threads(), 4);
    /// ```
    pub fn max_num_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// How many further threads the pool creates at most when workers wait and lend their cores
    /// (default 256, never more than 2048). They are created one by one when they are needed, and
    /// sleep when they are not.
    ///
    /// A pool with 0 spare threads has no guest seats either: calls from outside run on its
    /// workers, and [`current_thread_index`](crate::current_thread_index) stays below
    /// [`Handle::max_num_threads`](crate::Handle::max_num_threads). Where waiting would stop
    /// everything, such a pool lets a waiter run other jobs of the pool.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).max_spare_threads(0).build().unwrap();
    /// let (a, b) = pool.join(manyhands::current_thread_index, manyhands::current_thread_index);
    /// assert!(a.unwrap() < 2 && b.unwrap() < 2);
    /// ```
    pub fn max_spare_threads(mut self, threads: usize) -> Self {
        self.spares = Some(threads);
        self
    }

    /// How many threads run closures of [`spawn_blocking`](crate::spawn_blocking) at most (default
    /// 512, at least 1). Further closures queue. These threads come on top of `num_threads` and of
    /// the spare ones, and hold no permit.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().max_blocking_threads(2).build().unwrap();
    /// let files: Vec<_> = ["Cargo.toml", "README.md", "src/lib.rs"]
    ///     .map(|path| pool.spawn_blocking(move || std::fs::read(path)))
    ///     .into();
    /// assert!(files.into_iter().all(|file| file.join().unwrap().is_ok()));
    /// ```
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        self.blocking = Some(threads);
        self
    }

    /// How long a spare thread, or one of [`spawn_blocking`](crate::spawn_blocking), waits for work
    /// before it ends (default 10 seconds).
    ///
    /// ```
    /// use std::time::Duration;
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(1)
    ///     .thread_keep_alive(Duration::from_millis(100))
    ///     .build()
    ///     .unwrap();
    /// // A spare thread runs the task while the only worker waits for it.
    /// let answer = pool.install(|| manyhands::spawn(async { 42 }).join());
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    pub fn thread_keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = Some(time);
        self
    }

    /// Does the pool begin with a paused clock, as if its first act was
    /// [`time::pause`](crate::time::pause)? (Feature `test-util`.)
    ///
    /// ```
    /// use manyhands::time::{self, Duration};
    /// let pool = manyhands::Pool::builder().num_threads(2).start_paused(true).build().unwrap();
    /// let nap = pool.spawn(time::sleep(Duration::from_secs(3600)));
    /// nap.join().unwrap();
    /// ```
    #[cfg(feature = "test-util")]
    pub fn start_paused(mut self, start_paused: bool) -> Self {
        self.start_paused = start_paused;
        self
    }

    /// Makes the calling thread worker 0 of the pool, for good. It runs jobs only while it waits
    /// in a call of this crate. Such a pool has no spare threads and no guest seats, and its
    /// memory is never freed.
    pub fn use_current_thread(mut self) -> Self {
        self.use_current_thread = true;
        self
    }

    /// The stack of each thread that the pool creates, in bytes.
    ///
    /// Calls from threads that the pool has not created then move to a worker, so that what they
    /// compute finds a stack of this size: `join`, `scope`, loops, sorts. (Without this call they
    /// run on the caller's stack, with the caller as a guest.) What must stay on its thread stays
    /// on its stack: [`block_on`](crate::block_on), [`in_place_scope`](crate::in_place_scope),
    /// loops that consume in order, and what is called inside of them.
    ///
    /// ```
    /// fn depth(n: u32) -> u32 {
    ///     if n == 0 {
    ///         return 0;
    ///     }
    ///     manyhands::join(|| depth(n - 1), || ()).0 + 1
    /// }
    /// // Deeper than the stacks of most main threads are.
    /// let pool = manyhands::Pool::builder().num_threads(2).stack_size(256 << 20).build().unwrap();
    /// assert_eq!(pool.join(|| depth(60_000), || ()).0, 60_000);
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.hooks.stack_size = Some(bytes);
        self
    }

    /// Names each thread by its index. (Spare threads are named later, from any thread: hence
    /// `Send`.)
    pub fn thread_name<F>(mut self, name: F) -> Self
    where
        F: FnMut(usize) -> String + Send + 'static,
    {
        self.hooks.name = Mutex::new(Some(Box::new(name)));
        self
    }

    /// Called on each worker before its first job, with the worker's index: a number below
    /// [`num_threads`](Self::num_threads). So the closure may pin its thread to the core with this
    /// number, or fill a table. A panic goes to the panic handler; the thread works on.
    ///
    /// Spare threads and those of [`spawn_blocking`](crate::spawn_blocking) do not call it, but
    /// [`on_thread_start`](Self::on_thread_start). On Linux they begin with the cores (affinity)
    /// and the nice value of the thread that built the pool, whatever a worker has done to its own.
    ///
    /// ```
    /// let cores = [0, 1];
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(cores.len())
    ///     .start_handler(move |index| println!("core {} is for worker {index}", cores[index]))
    ///     .build()
    ///     .unwrap();
    /// // A worker waits, and a spare thread may run the task: without a call of the handler.
    /// assert_eq!(pool.install(|| manyhands::spawn(async { 42 }).join()).unwrap(), 42);
    /// ```
    pub fn start_handler<H>(mut self, handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.hooks.start = Some(Box::new(handler));
        self
    }

    /// Called on each worker after its last job, with the worker's index; not on other threads,
    /// as [`start_handler`](Self::start_handler). A panic goes to the panic handler.
    pub fn exit_handler<H>(mut self, handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.hooks.exit = Some(Box::new(handler));
        self
    }

    /// Called on each thread that the pool creates when it begins: workers, spare threads, and
    /// those of [`spawn_blocking`](crate::spawn_blocking). A panic goes to the panic handler, and
    /// the thread works on. (The name is tokio's. [`start_handler`](Self::start_handler), rayon's,
    /// knows the thread's index and is for workers only; both may be set.)
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// let begun = Arc::new(AtomicUsize::new(0));
    /// let ended = Arc::new(AtomicUsize::new(0));
    /// let (starts, stops) = (Arc::clone(&begun), Arc::clone(&ended));
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(2)
    ///     .on_thread_start(move || { starts.fetch_add(1, Ordering::Relaxed); })
    ///     .on_thread_stop(move || { stops.fetch_add(1, Ordering::Relaxed); })
    ///     .build()
    ///     .unwrap();
    /// pool.spawn_blocking(|| ()).join().unwrap();
    /// pool.shutdown();
    /// assert_eq!(begun.load(Ordering::Relaxed), 3);
    /// assert_eq!(ended.load(Ordering::Relaxed), 3);
    /// ```
    pub fn on_thread_start<H>(mut self, handler: H) -> Self
    where
        H: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread_start = Some(Box::new(handler));
        self
    }

    /// Called on each thread that the pool creates when it ends, after its last job: on those that
    /// have called [`on_thread_start`](Self::on_thread_start). A panic goes to the panic handler.
    pub fn on_thread_stop<H>(mut self, handler: H) -> Self
    where
        H: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread_stop = Some(Box::new(handler));
        self
    }

    /// Called on a worker or spare thread that is about to sleep: because there is nothing to do,
    /// or in a wait. It still holds its core, and may find something to do after all. What the
    /// closure spawns is run before the pool sleeps. A panic goes to the panic handler.
    ///
    /// Such calls come in pairs with those of [`on_thread_unpark`](Self::on_thread_unpark), and
    /// may be many; a closure that waits delays whatever the thread is needed for. Not set, they
    /// cost a branch.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// let (parks, parked) = channel();
    /// let (unparks, unparked) = channel();
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(1)
    ///     .on_thread_park(move || parks.send(()).unwrap())
    ///     .on_thread_unpark(move || unparks.send(()).unwrap_or(()))
    ///     .build()
    ///     .unwrap();
    /// parked.recv().unwrap(); // the worker has nothing to do
    /// pool.install(|| ());
    /// unparked.recv().unwrap();
    /// ```
    pub fn on_thread_park<H>(mut self, handler: H) -> Self
    where
        H: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread_park = Some(Box::new(handler));
        self
    }

    /// Called on a worker or spare thread when it has slept; see
    /// [`on_thread_park`](Self::on_thread_park).
    pub fn on_thread_unpark<H>(mut self, handler: H) -> Self
    where
        H: Fn() + Send + Sync + 'static,
    {
        self.hooks.thread_unpark = Some(Box::new(handler));
        self
    }

    /// Called when a task is spawned, on the thread that spawns it, before the task can run.
    ///
    /// The four hooks of tasks have tokio's names, and are told which task it is ([`TaskMeta`]).
    /// Tasks are the futures and closures that have a [`JoinHandle`](crate::JoinHandle), on
    /// whichever handle of the pool they were spawned: also those of
    /// [`spawn_compute`](crate::spawn_compute), [`spawn_blocking`](crate::spawn_blocking) and
    /// [`JoinSet`](crate::task::JoinSet). The future of [`block_on`](crate::block_on), the halves
    /// of a join, pieces of loops and jobs of scopes are none.
    ///
    /// For each task the calls come in this order, one after the other:
    ///
    /// 1. this one, once;
    /// 2. [`on_before_task_poll`](Self::on_before_task_poll), the poll (or the run of the closure)
    ///    and [`on_after_task_poll`](Self::on_after_task_poll), on one thread, as often as there
    ///    are polls;
    /// 3. [`on_task_terminate`](Self::on_task_terminate), once.
    ///
    /// A hook runs on the way of every task, so it should be short. It may spawn tasks, of which it
    /// hears in turn. It holds no lock of the pool. A panic goes to the panic handler, and the task
    /// goes on.
    ///
    /// # Cost
    ///
    /// A pool without these hooks looks at a word that it reads anyway. With all four, empty, a
    /// poll takes some 20 ns more, and a spawn with its end some 20 ns.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::{Arc, Mutex};
    /// let spawns = Arc::new(Mutex::new(HashMap::new()));
    /// let seen = Arc::clone(&spawns);
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(2)
    ///     .on_task_spawn(move |task| {
    ///         *seen.lock().unwrap().entry(task.spawned_at()).or_insert(0) += 1;
    ///     })
    ///     .build()
    ///     .unwrap();
    /// let tasks: Vec<_> = (0..3).map(|n| pool.spawn(async move { n })).collect();
    /// let sum: i32 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    /// assert_eq!(sum, 3);
    /// // One place in the program has spawned three tasks.
    /// assert_eq!(*spawns.lock().unwrap().values().collect::<Vec<_>>(), [&3]);
    /// ```
    pub fn on_task_spawn<H>(mut self, hook: H) -> Self
    where
        H: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.tasks.spawn = Some(Box::new(hook));
        self
    }

    /// Called before each poll of a task, on the thread that polls it. A closure is told of when it
    /// starts. See [`on_task_spawn`](Self::on_task_spawn).
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::{Duration, Instant};
    /// thread_local! {
    ///     static START: Cell<Option<Instant>> = const { Cell::new(None) };
    /// }
    /// static SLOW: AtomicU64 = AtomicU64::new(0);
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(1)
    ///     .on_before_task_poll(|_| START.set(Some(Instant::now())))
    ///     .on_after_task_poll(|task| {
    ///         let took = START.take().unwrap().elapsed();
    ///         if took >= Duration::from_millis(5) {
    ///             println!("a poll took {took:?}: task spawned at {}", task.spawned_at());
    ///             SLOW.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build()
    ///     .unwrap();
    /// pool.spawn(async { std::thread::sleep(Duration::from_millis(5)) }).join().unwrap();
    /// assert_eq!(SLOW.load(Ordering::Relaxed), 1);
    /// ```
    pub fn on_before_task_poll<H>(mut self, hook: H) -> Self
    where
        H: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.tasks.before_poll = Some(Box::new(hook));
        self
    }

    /// Called after each poll of a task, even if that has panicked, on the thread that has polled
    /// it. If the task is done, its future is dropped by then. See
    /// [`on_before_task_poll`](Self::on_before_task_poll), with an example, and
    /// [`on_task_spawn`](Self::on_task_spawn).
    pub fn on_after_task_poll<H>(mut self, hook: H) -> Self
    where
        H: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.tasks.after_poll = Some(Box::new(hook));
        self
    }

    /// Called when a task has ended, by its result, by a panic or by cancellation: its future is
    /// dropped, and its handle does not know yet. So who awaits the task sees what the hook has
    /// done. The thread is the one that has polled the task last, or that cancels it: at the end of
    /// the pool, the one that shuts it down. See [`on_task_spawn`](Self::on_task_spawn).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicIsize, Ordering};
    /// let alive = Arc::new(AtomicIsize::new(0));
    /// let (more, fewer) = (Arc::clone(&alive), Arc::clone(&alive));
    /// let pool = manyhands::Pool::builder()
    ///     .num_threads(2)
    ///     .on_task_spawn(move |_| { more.fetch_add(1, Ordering::Relaxed); })
    ///     .on_task_terminate(move |_| { fewer.fetch_sub(1, Ordering::Relaxed); })
    ///     .build()
    ///     .unwrap();
    /// let stuck = pool.spawn(std::future::pending::<()>());
    /// pool.spawn(async {}).join().unwrap();
    /// assert_eq!(alive.load(Ordering::Relaxed), 1);
    /// pool.shutdown();
    /// assert_eq!(alive.load(Ordering::Relaxed), 0);
    /// assert!(stuck.join().unwrap_err().is_cancelled());
    /// ```
    pub fn on_task_terminate<H>(mut self, hook: H) -> Self
    where
        H: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.tasks.terminate = Some(Box::new(hook));
        self
    }

    /// Measures how long futures wait when they are ready, and how long their polls take:
    /// [`Metrics::wake_to_poll`](crate::Metrics::wake_to_poll) and
    /// [`Metrics::poll_times`](crate::Metrics::poll_times), and two histograms in
    /// [`to_prometheus`](crate::Metrics::to_prometheus).
    ///
    /// Of the futures that become ready on a thread, one in 61 is measured, because to read the
    /// clock three times costs as much as a short poll. Both histograms are of the same polls. Not
    /// measured are closures, and polls on threads that have no seat.
    /// [`poll_histogram_sampling`](Self::poll_histogram_sampling) takes another number. (tokio's
    /// name is `enable_metrics_poll_time_histogram`; it measures every poll.)
    ///
    /// # Cost
    ///
    /// A wake and a poll take some 10 ns more together, a spawn with its poll some 20 ns, and each
    /// seat 2 KiB. The chapter "Watching the pool" of the book has a table.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).enable_poll_histograms().build().unwrap();
    /// let all: Vec<_> = (0..1000).map(|_| pool.spawn(async {})).collect();
    /// for task in all {
    ///     task.join().unwrap();
    /// }
    /// let waits = pool.metrics().wake_to_poll().unwrap();
    /// assert!((10..30).contains(&waits.count()), "{waits:?}");
    /// ```
    pub fn enable_poll_histograms(self) -> Self {
        self.poll_histogram_sampling(SAMPLING)
    }

    /// As [`enable_poll_histograms`](Self::enable_poll_histograms), but one in `polls` is measured:
    /// with 1, all of them. 0 turns it off.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).poll_histogram_sampling(1).build().unwrap();
    /// for _ in 0..10 {
    ///     pool.spawn(async {}).join().unwrap();
    /// }
    /// assert_eq!(pool.metrics().poll_times().unwrap().count(), 10);
    /// ```
    pub fn poll_histogram_sampling(mut self, polls: u32) -> Self {
        self.hooks.tasks.sampling = NonZeroU32::new(polls);
        self
    }

    /// Called with the payload of every panic that nobody can be told about otherwise: of a
    /// detached task, of a hook, of a `spawn_broadcast`. Without it such a panic is printed by the
    /// panic hook and forgotten; the process goes on in any case.
    pub fn panic_handler<H>(mut self, handler: H) -> Self
    where
        H: Fn(Payload) + Send + Sync + 'static,
    {
        self.hooks.panic = Some(Box::new(handler));
        self
    }

    /// Runs everything that this pool runs in the context of a tokio runtime, so that `tokio::net`,
    /// `tokio::time` and the crates that are built on them work in its tasks (feature `tokio`).
    ///
    /// Without a given runtime the pool has one of its own, of kind `current_thread`, in which an
    /// idle thread of the pool sleeps; it ends with the pool. A runtime that is given must be
    /// driven by its own threads; one of a single thread, only while that thread is in tokio's
    /// `block_on`. It may end before the pool does: tokio's sockets then return errors, and its
    /// timers panic, which is an error for whoever awaits that task. The pool may end first, too.
    ///
    /// A thread that is inside a tokio runtime when it calls into the pool stays in that one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::runtime::Runtime;
    ///
    /// let runtime = Runtime::new().unwrap();
    /// let pool = manyhands::Pool::builder()
    ///     .tokio_handle(runtime.handle().clone())
    ///     .build()
    ///     .unwrap();
    /// let task = pool.spawn(async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     manyhands::join(|| 20, || 22)
    /// });
    /// assert_eq!(task.join().unwrap(), (20, 22));
    /// ```
    #[cfg(all(feature = "tokio", not(manyhands_model)))]
    pub fn tokio_handle(mut self, handle: tokio::runtime::Handle) -> Self {
        self.hooks.context = crate::pool::Context::of(handle);
        self
    }

    /// Builds the pool and starts its worker threads.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread (those already started are stopped), or if
    /// [`use_current_thread`](Self::use_current_thread) was asked for on a thread of a pool.
    pub fn build(self) -> Result<Pool, PoolBuildError> {
        self.start().map(Pool::new)
    }

    /// Builds the default pool: the one that free functions use outside of any other pool.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), or if there is a default pool already, because it was configured
    /// or used before.
    ///
    /// ```
    /// manyhands::Pool::builder().num_threads(2).build_global().unwrap();
    /// assert_eq!(manyhands::current_num_threads(), 2);
    /// let second = manyhands::Pool::builder().build_global().unwrap_err();
    /// assert!(second.is_already_initialized());
    /// ```
    pub fn build_global(self) -> Result<(), PoolBuildError> {
        let mut result = Ok(());
        let fresh = global::init(|| self.start().map_err(|error| result = Err(error)));
        result?;
        if fresh {
            Ok(())
        } else {
            Err(PoolBuildError::already_initialized())
        }
    }

    fn start(mut self) -> Result<Arc<Registry>, PoolBuildError> {
        let has_spares = S::HAS_SPARES && !self.use_current_thread;
        let spares = if has_spares { self.spares } else { Some(0) };
        let is_alone = self.num_threads == 1 && self.max_threads.is_none_or(|most| most <= 1);
        let sizes = if self.use_current_thread && is_alone {
            Sizes::alone(self.blocking, self.keep_alive)
        } else {
            Sizes::new(
                self.num_threads,
                self.max_threads,
                spares,
                self.blocking,
                self.keep_alive,
            )
        };
        let start = Start {
            sizes,
            hooks: std::mem::take(&mut self.hooks),
            lenient: false,
            use_current_thread: self.use_current_thread,
            start_paused: self.start_paused,
            waits_on_failure: S::HAS_SPARES,
        };
        Ok(start.start(|thread| self.spawn.spawn(thread))?)
    }
}

impl Pool {
    /// A builder with the defaults.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }
}

impl<S> fmt::Debug for PoolBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("num_threads", &self.num_threads)
            .field("max_num_threads", &self.max_threads)
            .field("max_spare_threads", &self.spares)
            .field("max_blocking_threads", &self.blocking)
            .field("use_current_thread", &self.use_current_thread)
            .field("stack_size", &self.hooks.stack_size)
            .finish_non_exhaustive()
    }
}
