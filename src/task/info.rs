//! What a dump says of a task.

use super::id::Id;
use super::{Kind, Priority};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// Where a task was spawned.
pub(crate) type Site = &'static Location<'static>;

/// A task that has not ended, as it was for a moment; see
/// [`Handle::tasks`](crate::Handle::tasks).
///
/// The `Display` form is one line of text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's id, as [`JoinHandle::id`](super::JoinHandle::id) tells it.
    pub id: Id,
    /// The name that [`Builder::name`](super::Builder::name) gave it.
    pub name: Option<Arc<str>>,
    /// Where in the program it was spawned.
    pub location: &'static Location<'static>,
    /// What it was doing.
    pub state: TaskState,
    /// A future, or which sort of closure.
    pub kind: TaskKind,
    /// How urgent it is.
    pub priority: Priority,
    /// How long ago it was spawned. Clocks of tasks are coarse: 10 to 20 ms, and as much more as
    /// the thread that spawned it had been at its present poll. `None` on 32-bit systems. Wraps
    /// after some 100 days.
    pub age: Option<Duration>,
    /// How long ago its last poll began, or the run of its closure, as coarse as `age`; `None`
    /// before the first.
    pub last_poll: Option<Duration>,
}

/// What a task is doing; see [`TaskInfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// It waits to be woken. (A closure for blocking waits for a thread.)
    Idle,
    /// It is ready, and waits for a thread.
    Scheduled,
    /// It is being polled, or its closure runs.
    Running,
    /// It has ended just now.
    Complete,
}

/// What a task was made of; see [`TaskInfo`].
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
