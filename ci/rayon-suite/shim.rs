//! rayon's names where manyhands has others, for rayon's own tests. What is not here is the same.

pub use manyhands::*;

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

pub type Configuration = ThreadPoolBuilder;

thread_local! {
    /// The pool that the running closure was spawned on.
    static KEPT: RefCell<Option<Arc<Registry>>> = const { RefCell::new(None) };
}

pub fn spawn(f: impl FnOnce() + Send + 'static) {
    drop(spawn_compute(keeping(KEPT.with_borrow(Clone::clone), f)));
}

/// In rayon, what was spawned keeps its pool alive.
fn keeping(
    registry: Option<Arc<Registry>>,
    f: impl FnOnce() + Send + 'static,
) -> impl FnOnce() + Send + 'static {
    struct Restore(Option<Arc<Registry>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            KEPT.set(self.0.take());
        }
    }

    move || {
        let _restore = Restore(KEPT.replace(registry));
        f();
    }
}

pub fn spawn_fifo(f: impl FnOnce() + Send + 'static) {
    spawn(f);
}

#[derive(Debug)]
pub struct ThreadPoolBuilder<S = DefaultSpawn>(PoolBuilder<S>);

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        // With SUITE_SPARES=0 all pools are of the kind without spare threads and guests.
        Self(match std::env::var("SUITE_SPARES") {
            Ok(spares) => PoolBuilder::new().max_spare_threads(spares.parse().unwrap()),
            Err(_) => PoolBuilder::new(),
        })
    }
}

impl ThreadPoolBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn build_scoped<W, F, R>(self, wrapper: W, with_pool: F) -> Result<R, PoolBuildError>
    where
        W: Fn(ThreadBuilder) + Sync,
        F: FnOnce(&Handle) -> R,
    {
        self.0.build_scoped(wrapper, |pool| with_pool(pool.handle()))
    }

    pub fn spawn_handler<F>(self, spawn: F) -> ThreadPoolBuilder<CustomSpawn<F>>
    where
        F: FnMut(ThreadBuilder) -> io::Result<()>,
    {
        ThreadPoolBuilder(self.0.spawn_handler(spawn))
    }
}

impl<S: ThreadSpawn> ThreadPoolBuilder<S> {
    pub fn num_threads(self, num_threads: usize) -> Self {
        Self(self.0.num_threads(num_threads))
    }

    pub fn use_current_thread(self) -> Self {
        Self(self.0.use_current_thread())
    }

    pub fn stack_size(self, bytes: usize) -> Self {
        Self(self.0.stack_size(bytes))
    }

    pub fn thread_name(self, name: impl FnMut(usize) -> String + Send + 'static) -> Self {
        Self(self.0.thread_name(name))
    }

    pub fn start_handler(self, handler: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self(self.0.start_handler(handler))
    }

    pub fn exit_handler(self, handler: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self(self.0.exit_handler(handler))
    }

    pub fn panic_handler(
        self,
        handler: impl Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.panic_handler(handler))
    }

    pub fn breadth_first(self) -> Self {
        self
    }

    pub fn build(self) -> Result<ThreadPool, PoolBuildError> {
        let pool = self.0.build()?;
        Ok(ThreadPool {
            handle: pool.handle().clone(),
            registry: Arc::new(Registry {
                num_threads: pool.current_num_threads(),
                pool: Mutex::new(Some(pool)),
            }),
        })
    }

    pub fn build_global(self) -> Result<(), PoolBuildError> {
        self.0.build_global()
    }
}

#[derive(Debug)]
pub struct ThreadPool {
    handle: Handle,
    pub registry: Arc<Registry>,
}

impl ThreadPool {
    pub fn new(configuration: Configuration) -> Result<Self, PoolBuildError> {
        configuration.build()
    }

    pub fn spawn(&self, f: impl FnOnce() + Send + 'static) {
        let f = keeping(Some(Arc::clone(&self.registry)), f);
        drop(self.handle.spawn_compute(f));
    }

    pub fn spawn_fifo(&self, f: impl FnOnce() + Send + 'static) {
        self.spawn(f);
    }
}

impl Deref for ThreadPool {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

/// What rayon-core's tests see of its registry. The last owner signals the end of the pool.
#[derive(Debug)]
pub struct Registry {
    num_threads: usize,
    pool: Mutex<Option<Pool>>,
}

impl Registry {
    pub fn num_threads(&self) -> usize {
        self.num_threads
    }

    pub fn wait_until_stopped(&self) {
        self.pool.lock().unwrap().take().expect("once").shutdown();
    }
}

pub mod registry {
    pub fn in_worker<R: Send>(op: impl FnOnce((), bool) -> R + Send) -> R {
        manyhands::Handle::current().install(|| op((), false))
    }
}

pub mod unwind {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    pub fn halt_unwinding<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
        catch_unwind(AssertUnwindSafe(f))
    }
}
