//! Descriptions of tasks, for a dump.

use super::id::Id;
use super::{Kind, Priority};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The place where a task was spawned.
pub(crate) type Site = &'static Location<'static>;

/// An unfinished task, as it was for a moment; see [`Handle::tasks`](crate::Handle::tasks).
///
/// The `Display` form is one line of text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's id, that of [`JoinHandle::id`](super::JoinHandle::id).
    pub id: Id,
    /// The name that [`Builder::name`](super::Builder::name) gave it.
    pub name: Option<Arc<str>>,
    /// The place in the program where the task was spawned.
    pub location: &'static Location<'static>,
    /// The state of the task.
    pub state: TaskState,
    /// The task's kind: a future, or one of two sorts of closure.
    pub kind: TaskKind,
    /// The priority of the task.
    pub priority: Priority,
    /// The time since the task was spawned. The clock of tasks is coarse: the age may be 10 to 20
    /// ms off, and by the time that the spawning thread had already spent in its poll. `None` on
    /// 32-bit systems. Wraps after some 100 days.
    pub age: Option<Duration>,
    /// The time since the task's last poll, or the run of its closure, began; as coarse as `age`.
    /// `None` before the first poll.
    pub last_poll: Option<Duration>,
}

/// The state of a task; see [`TaskInfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// The task waits to be woken. (A closure for blocking waits for a thread.)
    Idle,
    /// The task is ready, and waits for a thread.
    Scheduled,
    /// The task is being polled, or its closure runs.
    Running,
    /// The task has just ended.
    Complete,
}

/// The kind of a task; see [`TaskInfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskKind {
    /// A future.
    Future,
    /// A closure of [`spawn_compute`](crate::spawn_compute) or [`compute`](crate::compute()).
    Compute,
    /// A closure of [`spawn_blocking`](crate::spawn_blocking).
    Blocking,
}

impl TaskKind {
    pub(super) fn new(kind: Kind, blocking: bool) -> Self {
        match kind {
            _ if blocking => Self::Blocking,
            Kind::Future => Self::Future,
            Kind::Root => Self::Compute,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "idle",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Complete => "complete",
        })
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Future => "future",
            Self::Compute => "compute",
            Self::Blocking => "blocking",
        })
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, state, kind, ..
        } = self;
        write!(f, "task {id} {state:<9} {kind:<8}")?;
        match self.age {
            Some(age) => write!(f, " age {:>9.2}s", age.as_secs_f64())?,
            None => f.write_str(" age          ?")?,
        }
        match self.last_poll {
            Some(time) => write!(f, " polled {:>9.2}s ago", time.as_secs_f64())?,
            None => f.write_str(" never polled        ")?,
        }
        write!(f, "  {}", self.location)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        Ok(())
    }
}
