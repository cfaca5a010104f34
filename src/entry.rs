//! Every entry point as a method of [`Handle`], and so of [`Pool`](crate::Pool).

use crate::block_on::block_on_in;
use crate::broadcast::{self, BroadcastContext};
use crate::compute::{Compute, compute_by};
use crate::join::{join, join_on};
use crate::pool::Handle;
use crate::scope::{
    Scope, ScopeFifo, in_place_scope_fifo_on, in_place_scope_on, scope, scope_fifo, scope_fifo_on,
    scope_on,
};
use crate::spawn::spawn_on;
use crate::task::{self, Class, JoinHandle, Site};
use crate::yield_now::{Yield, yield_local, yield_now};
use futures_task::{FutureObj, Spawn, SpawnError};
use std::panic::Location;
use std::sync::Arc;

impl Handle {
    /// As [`manyhands::block_on`](crate::block_on()): on this thread, as a guest of this pool
    /// unless the thread works for a pool already.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// assert_eq!(pool.block_on(async { manyhands::current_num_threads() }), 1);
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on_in(self.registry(), future)
    }

    /// As [`manyhands::spawn`](crate::spawn()), on this pool.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
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

    /// As [`manyhands::compute`](crate::compute()), on this pool.
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
        Arc::clone(self.registry()).spawn_blocking(f, Location::caller(), None)
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
            Some(limit) => self.registry().install_limited(limit, op),
            None => self.registry().install_op(op),
        }
    }

    /// As [`manyhands::join`](crate::join()), on this pool.
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
