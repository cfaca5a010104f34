//! What the threads and the owners of one pool share.

use manyhands::{Handle, Pool};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send>;
pub(crate) type PanicHandler = dyn Fn(Payload) + Send + Sync;

/// One pool that this crate has made.
///
/// Its worker threads refer to it, and it must not keep them: the pool ends with the last [`Keep`].
pub(crate) struct Registry {
    /// Set by the first worker, or behind the start of the pool.
    handle: OnceLock<Handle>,
    /// Taken by the last [`Keep`]. `None` for the default pool, which never ends.
    pool: Mutex<Option<Pool>>,
    keeps: AtomicUsize,
    panic_handler: Option<Arc<PanicHandler>>,
}

impl Registry {
    pub(crate) fn new(panic_handler: Option<Arc<PanicHandler>>) -> Arc<Self> {
        Arc::new(Self {
            handle: OnceLock::new(),
            pool: Mutex::new(None),
            keeps: AtomicUsize::new(0),
            panic_handler,
        })
    }

    /// A worker of this pool begins on the calling thread.
    pub(crate) fn meet(&self) {
        self.handle.get_or_init(Handle::current);
    }

    /// The pool has begun.
    pub(crate) fn adopt(self: &Arc<Self>, pool: Pool) -> Keep {
        self.handle.get_or_init(|| pool.handle().clone());
        *self.lock() = Some(pool);
        Keep::new(self)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pool>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool, which has begun.
    pub(crate) fn handle(&self) -> &Handle {
        self.handle.get().expect("the pool has begun")
    }

    /// Does the calling thread work for this pool?
    pub(crate) fn is_current(&self) -> bool {
        let handle = self.handle.get();
        handle.is_some_and(|handle| handle.current_thread_index().is_some())
    }

    /// Starts a closure on some worker. Its panic goes to the panic handler, too.
    pub(crate) fn start(&self, f: impl FnOnce() + Send + 'static) {
        drop(self.handle().spawn_compute(f));
    }

    /// Runs a spawned closure. Its panic goes to the panic handler.
    pub(crate) fn run_contained(&self, f: impl FnOnce()) {
        let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
            return;
        };
        let report = || match &self.panic_handler {
            Some(handler) => handler(payload),
            None => drop(payload),
        };
        if let Err(second) = catch_unwind(AssertUnwindSafe(report)) {
            // Its destructor may be what has panicked.
            std::mem::forget(second);
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.handle.get().map(Handle::current_num_threads);
        f.debug_struct("Registry")
            .field("num_threads", &threads)
            .finish_non_exhaustive()
    }
}

/// Keeps a pool from ending: its owner has one, and every spawned closure.
#[derive(Debug)]
pub(crate) struct Keep(Arc<Registry>);

impl Keep {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        // Ordering: Relaxed; a new one is made by somebody who has one, or inside of a call whose
        // caller has.
        registry.keeps.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(registry))
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.0
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        // Ordering: AcqRel, as for the count of an `Arc`: the pool ends behind all who kept it.
        if self.0.keeps.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Dropped outside of the lock.
            let _pool = self.0.lock().take();
        }
    }
}
