//! Tasks with a name. How they start: `spawn.rs`, above the pool.

use super::Priority;
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
    pub(crate) name: Option<Arc<str>>,
    pub(crate) priority: Option<Priority>,
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
}
