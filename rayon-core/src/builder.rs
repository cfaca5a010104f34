//! How a pool is made: worker threads, and no others.
//!
//! The threads are created here, and not by manyhands, because the closure that names them need not
//! be [`Send`]: it is called while the pool is built, on the thread that builds it.

use crate::ThreadPool;
use crate::default_pool;
use crate::error::ThreadPoolBuildError;
use crate::local::Worker;
use crate::registry::{PanicHandler, Registry};
use std::any::Any;
use std::env;
use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

/// The largest number of threads that a pool can have: 1024. Larger requests are cut down to it.
///
/// ```
/// assert_eq!(rayon_core::max_num_threads(), 1024);
/// ```
pub fn max_num_threads() -> usize {
    manyhands::max_num_threads()
}

/// Builds a [`ThreadPool`], or configures the default pool.
///
/// ```
/// let pool = rayon_core::ThreadPoolBuilder::new()
///     .num_threads(3)
///     .thread_name(|index| format!("compute-{index}"))
///     .build()
///     .unwrap();
/// assert_eq!(pool.current_num_threads(), 3);
/// assert!(pool.install(|| std::thread::current().name().unwrap().starts_with("compute-")));
/// ```
pub struct ThreadPoolBuilder<S = DefaultSpawn> {
    num_threads: usize,
    use_current_thread: bool,
    panic_handler: Option<Arc<PanicHandler>>,
    thread_name: Option<Box<dyn FnMut(usize) -> String>>,
    stack_size: Option<usize>,
    start_handler: Option<Box<IndexHandler>>,
    exit_handler: Option<Box<IndexHandler>>,
    spawn: S,
}

type IndexHandler = dyn Fn(usize) + Send + Sync;

/// Threads are created with [`std::thread::Builder`].
#[derive(Debug, Default)]
pub struct DefaultSpawn(());

/// Threads are created by a function; see [`ThreadPoolBuilder::spawn_handler`].
#[derive(Debug)]
pub struct CustomSpawn<F>(F);

/// Who creates a pool's threads. Sealed.
pub trait ThreadSpawn: sealed::Sealed {
    #[doc(hidden)]
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DefaultSpawn {}
    impl<F> Sealed for super::CustomSpawn<F> {}
}

impl ThreadSpawn for DefaultSpawn {
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()> {
        let builder = thread.to_std();
        builder.spawn(|| thread.run()).map(drop)
    }
}

impl<F: FnMut(ThreadBuilder) -> io::Result<()>> ThreadSpawn for CustomSpawn<F> {
    fn spawn(&mut self, thread: ThreadBuilder) -> io::Result<()> {
        (self.0)(thread)
    }
}

/// One thread that is to be created; see [`ThreadPoolBuilder::spawn_handler`].
///
/// Dropping it without calling [`run`](Self::run) leaves the pool one thread short.
///
/// ```
/// use rayon_core::ThreadPoolBuilder;
/// let pool = ThreadPoolBuilder::new()
///     .num_threads(1)
///     .thread_name(|index| format!("only {index}"))
///     .stack_size(1 << 20)
///     .spawn_handler(|thread| {
///         assert_eq!((thread.index(), thread.stack_size()), (0, Some(1 << 20)));
///         let name = thread.name().unwrap().to_owned();
///         std::thread::Builder::new().name(name).spawn(|| thread.run())?;
///         Ok(())
///     })
///     .build()
///     .unwrap();
/// assert_eq!(pool.install(|| std::thread::current().name().map(str::len)), Some(6));
/// ```
#[derive(Debug)]
pub struct ThreadBuilder {
    thread: manyhands::ThreadBuilder,
    name: Option<String>,
}

impl ThreadBuilder {
    /// The index of the thread in its pool.
    pub fn index(&self) -> usize {
        self.thread.index()
    }

    /// The name that the pool's builder asked for.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The stack size that the pool's builder asked for.
    pub fn stack_size(&self) -> Option<usize> {
        self.thread.stack_size()
    }

    /// Works for the pool on this thread, until the pool ends.
    pub fn run(self) {
        self.thread.run();
    }

    fn to_std(&self) -> std::thread::Builder {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = self.name() {
            builder = builder.name(name.to_owned());
        }
        if let Some(size) = self.stack_size() {
            builder = builder.stack_size(size);
        }
        builder
    }
}

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        Self {
            num_threads: 0,
            use_current_thread: false,
            panic_handler: None,
            thread_name: None,
            stack_size: None,
            start_handler: None,
            exit_handler: None,
            spawn: DefaultSpawn(()),
        }
    }
}

impl ThreadPoolBuilder {
    /// A builder with the defaults.
    ///
    /// ```
    /// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    /// assert_eq!(pool.install(|| 6 * 7), 42);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds a pool whose threads may borrow from the caller: `wrapper` runs on each thread and
    /// calls [`ThreadBuilder::run`]. When `with_pool` returns, the pool ends with its threads.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// ```
    /// let greeting = String::from("hello");
    /// let length = rayon_core::ThreadPoolBuilder::new()
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
    pub fn build_scoped<W, F, R>(self, wrapper: W, with_pool: F) -> Result<R, ThreadPoolBuildError>
    where
        W: Fn(ThreadBuilder) + Sync,
        F: FnOnce(&ThreadPool) -> R,
    {
        std::thread::scope(|scope| {
            let wrapper = &wrapper;
            let pool = self
                .spawn_handler(|thread| {
                    let builder = thread.to_std();
                    builder
                        .spawn_scoped(scope, move || wrapper(thread))
                        .map(drop)
                })
                .build()?;
            Ok(with_pool(&pool))
        })
    }
}

impl<S: ThreadSpawn> ThreadPoolBuilder<S> {
    /// Builds the pool and creates its threads.
    ///
    /// # Errors
    ///
    /// If a thread could not be created: those already created are ended. If
    /// [`use_current_thread`](Self::use_current_thread) was asked for on a thread of a pool.
    ///
    /// ```
    /// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    /// assert_eq!(pool.broadcast(|context| context.index()), [0, 1]);
    /// ```
    pub fn build(self) -> Result<ThreadPool, ThreadPoolBuildError> {
        let (registry, builder) = self.prepare();
        let pool = builder.build()?;
        Ok(ThreadPool::of(registry.adopt(pool)))
    }

    /// Builds the default pool, also that of manyhands: workers, and no other threads.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), or if there is a default pool already, because it was built or
    /// used before.
    ///
    /// ```
    /// rayon_core::ThreadPoolBuilder::new().num_threads(2).build_global().unwrap();
    /// assert_eq!(rayon_core::current_num_threads(), 2);
    /// assert_eq!(manyhands::current_num_threads(), 2);
    /// ```
    pub fn build_global(self) -> Result<(), ThreadPoolBuildError> {
        let (_registry, builder) = self.prepare();
        builder.build_global()?;
        default_pool::is_made();
        Ok(())
    }

    /// The builder of manyhands that makes the pool, and what is to be known of it here.
    fn prepare(
        mut self,
    ) -> (
        Arc<Registry>,
        manyhands::PoolBuilder<impl manyhands::ThreadSpawn>,
    ) {
        let registry = Registry::new(self.panic_handler.clone());
        let first_to_start = usize::from(self.use_current_thread);
        let mut builder = manyhands::PoolBuilder::new()
            .num_threads(self.asked_for())
            .start_handler(start(&registry, self.start_handler, first_to_start))
            .exit_handler(move |index| {
                // Also if the handler panics.
                let _end = End;
                if let Some(handler) = &self.exit_handler {
                    handler(index);
                }
            });
        if let Some(handler) = self.panic_handler {
            builder = builder.panic_handler(move |payload| handler(payload));
        }
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        if self.use_current_thread {
            builder = builder.use_current_thread();
            if let Some(name) = &mut self.thread_name {
                // The closure expects to be asked for each index.
                let _ = name(0);
            }
        }
        let (mut name, mut spawn) = (self.thread_name, self.spawn);
        let builder = builder.spawn_handler(move |thread| {
            let name = name.as_mut().map(|name| name(thread.index()));
            spawn.spawn(ThreadBuilder { thread, name })
        });
        (registry, builder)
    }
}

/// What a worker does first. (The threads from `first` on are the pool's: the handler is for them.)
fn start(
    registry: &Arc<Registry>,
    handler: Option<Box<IndexHandler>>,
    first: usize,
) -> impl Fn(usize) + Send + Sync + 'static + use<> {
    // A counted reference would be one of the pool to itself.
    let registry: Weak<Registry> = Arc::downgrade(registry);
    move |index| {
        if let Some(registry) = registry.upgrade() {
            registry.meet();
            Worker::begin(registry);
        }
        if let Some(handler) = handler.as_ref().filter(|_| index >= first) {
            handler(index);
        }
    }
}

/// What a worker does last.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        Worker::end();
    }
}

impl<S> ThreadPoolBuilder<S> {
    /// Creates threads with `spawn` instead of [`std::thread::Builder`]. It is called once for each
    /// thread, and must see to it that [`ThreadBuilder::run`] is called there.
    ///
    /// ```
    /// let pool = rayon_core::ThreadPoolBuilder::new()
    ///     .num_threads(2)
    ///     .spawn_handler(|thread| {
    ///         std::thread::spawn(|| thread.run());
    ///         Ok(())
    ///     })
    ///     .build()
    ///     .unwrap();
    /// assert_eq!(pool.install(|| 1 + 1), 2);
    /// ```
    pub fn spawn_handler<F>(self, spawn: F) -> ThreadPoolBuilder<CustomSpawn<F>>
    where
        F: FnMut(ThreadBuilder) -> io::Result<()>,
    {
        ThreadPoolBuilder {
            num_threads: self.num_threads,
            use_current_thread: self.use_current_thread,
            panic_handler: self.panic_handler,
            thread_name: self.thread_name,
            stack_size: self.stack_size,
            start_handler: self.start_handler,
            exit_handler: self.exit_handler,
            spawn: CustomSpawn(spawn),
        }
    }

    /// Names each thread by its index. The closure is called while the pool is built, in the order
    /// of the indexes.
    ///
    /// ```
    /// use std::rc::Rc;
    /// let prefix = Rc::new("compute"); // need not be `Send`
    /// let pool = rayon_core::ThreadPoolBuilder::new()
    ///     .num_threads(1)
    ///     .thread_name(move |index| format!("{prefix} {index}"))
    ///     .build()
    ///     .unwrap();
    /// assert!(pool.install(|| std::thread::current().name() == Some("compute 0")));
    /// ```
    pub fn thread_name<F>(mut self, closure: F) -> Self
    where
        F: FnMut(usize) -> String + 'static,
    {
        self.thread_name = Some(Box::new(closure));
        self
    }

    /// How many threads the pool has. 0, the default, stands for the first of these that is set:
    /// `RAYON_NUM_THREADS`; `RAYON_RS_NUM_CPUS`; `MANYHANDS_NUM_THREADS`; one for each core that the
    /// process may use. (`RAYON_NUM_THREADS=0` skips `RAYON_RS_NUM_CPUS`.)
    pub fn num_threads(mut self, num_threads: usize) -> Self {
        self.num_threads = num_threads;
        self
    }

    /// What manyhands is asked for; 0 stands for its own default.
    fn asked_for(&self) -> usize {
        let from = |variable| env::var(variable).ok()?.parse::<usize>().ok();
        match self.num_threads {
            0 => from("RAYON_NUM_THREADS")
                .or_else(|| from("RAYON_RS_NUM_CPUS"))
                .unwrap_or(0),
            threads => threads,
        }
    }

    /// Makes the calling thread worker 0 of the pool, for good. It runs jobs only while it waits in
    /// a call of this crate. Handlers for start and exit are not called for it.
    ///
    /// ```
    /// let pool = rayon_core::ThreadPoolBuilder::new()
    ///     .num_threads(1)
    ///     .use_current_thread()
    ///     .build()
    ///     .unwrap();
    /// assert_eq!(rayon_core::current_thread_index(), Some(0));
    /// let here = std::thread::current().id();
    /// assert_eq!(pool.install(|| std::thread::current().id()), here);
    /// ```
    pub fn use_current_thread(mut self) -> Self {
        self.use_current_thread = true;
        self
    }

    /// Called with the payload of every panic that nobody waits for: in what was spawned, and in
    /// handlers.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// let (sender, receiver) = channel();
    /// let pool = rayon_core::ThreadPoolBuilder::new()
    ///     .num_threads(1)
    ///     .panic_handler(move |payload| sender.send(payload).unwrap())
    ///     .build()
    ///     .unwrap();
    /// pool.spawn(|| panic!("on purpose"));
    /// assert_eq!(receiver.recv().unwrap().downcast_ref(), Some(&"on purpose"));
    /// ```
    pub fn panic_handler<H>(mut self, panic_handler: H) -> Self
    where
        H: Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    {
        self.panic_handler = Some(Arc::new(panic_handler));
        self
    }

    /// The stack of each thread that the pool creates, in bytes.
    pub fn stack_size(mut self, stack_size: usize) -> Self {
        self.stack_size = Some(stack_size);
        self
    }

    /// Without effect. rayon-core takes it for another order of jobs, which it has deprecated.
    #[deprecated(note = "use `scope_fifo` and `spawn_fifo` for similar effect")]
    pub fn breadth_first(self) -> Self {
        self
    }

    /// Called on each thread before its first job, with the thread's index.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// let (sender, receiver) = channel();
    /// let ends = sender.clone();
    /// let pool = rayon_core::ThreadPoolBuilder::new()
    ///     .num_threads(1)
    ///     .start_handler(move |index| sender.send(("starts", index)).unwrap())
    ///     .exit_handler(move |index| ends.send(("ends", index)).unwrap())
    ///     .build()
    ///     .unwrap();
    /// drop(pool);
    /// assert_eq!(receiver.recv(), Ok(("starts", 0)));
    /// assert_eq!(receiver.recv(), Ok(("ends", 0)));
    /// ```
    pub fn start_handler<H>(mut self, start_handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.start_handler = Some(Box::new(start_handler));
        self
    }

    /// Called on each thread after its last job, with the thread's index.
    pub fn exit_handler<H>(mut self, exit_handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.exit_handler = Some(Box::new(exit_handler));
        self
    }
}

impl<S> fmt::Debug for ThreadPoolBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("num_threads", &self.num_threads)
            .field("use_current_thread", &self.use_current_thread)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
