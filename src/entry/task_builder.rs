//! Tasks with a name or a priority.

use super::Handle;
use super::handle::spawn_on;
use crate::pool::spawn_blocking;
use crate::task::{self, Class, JoinHandle, Priority, Spawnable};
use std::panic::Location;
use std::sync::Arc;

/// Starts tasks with a name or a priority.
///
/// The name is shown by [`Handle::tasks`](crate::Handle::tasks), in the timeline (feature `trace`)
/// and in the task's span (feature `tracing`). A task without a name costs nothing for it; one with
/// a name two words, and what the name itself takes.
///
/// ```
/// use manyhands::{Handle, Priority, task};
/// let task = task::Builder::new()
///     .name("refresh the cache")
///     .priority(Priority::Background)
///     .spawn(std::future::pending::<()>());
/// let all = Handle::current().tasks();
/// let mine = all.iter().find(|it| it.id == task.id()).unwrap();
/// assert_eq!(mine.name.as_deref(), Some("refresh the cache"));
/// assert_eq!(mine.priority, Priority::Background);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until one of its `spawn` methods is called"]
pub struct Builder {
    name: Option<Arc<str>>,
    priority: Option<Priority>,
}

impl Builder {
    /// A builder of tasks without a name, and with the priority of the handle that spawns them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task. Names need not differ.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The task's priority. Without effect on blocking closures, which have a queue of their own.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// As [`manyhands::spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Out>
    where
        F: Spawnable + Send + 'static,
        F::Out: Send + 'static,
    {
        self.spawn_on(future, &Handle::current())
    }

    /// As [`Handle::spawn`].
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let task = manyhands::task::Builder::new().name("six");
    /// assert_eq!(task.spawn_on(async { 6 }, pool.handle()).join().unwrap(), 6);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> JoinHandle<F::Out>
    where
        F: Spawnable + Send + 'static,
        F::Out: Send + 'static,
    {
        let class = Class::future(self.priority.unwrap_or(handle.priority()));
        spawn_on(future, handle, class, Location::caller(), self.name)
    }

    /// As [`manyhands::spawn_compute`](crate::spawn_compute).
    #[track_caller]
    pub fn spawn_compute<F, R>(self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_compute_on(f, &Handle::current())
    }

    /// As [`Handle::spawn_compute`].
    #[track_caller]
    pub fn spawn_compute_on<F, R>(self, f: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let class = Class::root(self.priority.unwrap_or(handle.priority()));
        let call = task::closure(f);
        spawn_on(call, handle, class, Location::caller(), self.name)
    }

    /// As [`manyhands::spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_on(f, &Handle::current())
    }

    /// As [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(self, f: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let registry = Arc::clone(handle.registry());
        spawn_blocking(registry, f, Location::caller(), self.name)
    }
}
