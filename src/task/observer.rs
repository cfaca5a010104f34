//! Pools that look at their tasks: closures that are told of them, and measured polls.
//!
//! A scheduler says in one look that its pool is neither closed nor observed
//! ([`Schedule::is_plain`]), and all else here is off the way of tasks.
//!
//! A poll is measured if a *probe* stood for its job in the queue ([`probes`]).

use super::id::Id;
use super::info::{Site, TaskKind};
use super::{Class, How, Kind, Schedule};
use crate::job::JobRef;
use crate::job::probe as probes;
use crate::sync::thread_cell;
use crate::util::clock;
use crate::util::unwind;
use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU32;
use std::panic::Location;

/// A closure of the user that is told of tasks.
pub(crate) type TaskHook = Box<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// What the hooks of a pool are told of a task; see
/// [`PoolBuilder::on_task_spawn`](crate::PoolBuilder::on_task_spawn).
///
/// ```
/// use std::sync::mpsc::channel;
/// let (ends, ended) = channel();
/// let pool = manyhands::Pool::builder()
///     .num_threads(1)
///     .on_task_terminate(move |task| {
///         ends.send((task.id(), task.spawned_at().line(), task.name().map(str::to_owned))).unwrap();
///     })
///     .build()
///     .unwrap();
/// let line = line!() + 1;
/// let task = manyhands::task::Builder::new().name("short").spawn_on(async {}, pool.handle());
/// assert_eq!(ended.recv().unwrap(), (task.id(), line, Some("short".to_owned())));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaskMeta<'a> {
    id: Id,
    site: Site,
    kind: TaskKind,
    name: Option<&'a str>,
}

impl<'a> TaskMeta<'a> {
    /// Of a task whose name the scheduler knows, if it has one.
    pub(super) fn new(id: Id, site: Site, kind: TaskKind) -> Self {
        let name = None;
        Self {
            id,
            site,
            kind,
            name,
        }
    }

    /// The task's id, that of [`JoinHandle::id`](super::JoinHandle::id).
    pub fn id(&self) -> Id {
        self.id
    }

    /// The place in the program where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.site
    }

    /// The task's kind: a future, or one of two sorts of closure.
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// The name that [`Builder::name`](super::Builder::name) gave the task.
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }
}

/// What a pool wants to know of its tasks.
#[derive(Default)]
pub(crate) struct Observer {
    /// Called before the task can run.
    pub(crate) spawn: Option<TaskHook>,
    pub(crate) before_poll: Option<TaskHook>,
    pub(crate) after_poll: Option<TaskHook>,
    /// Called when the future is gone, before the handle hears of it.
    pub(crate) terminate: Option<TaskHook>,
    /// One in this many polls is measured. `None`: none is.
    pub(crate) sampling: Option<NonZeroU32>,
}

/// One of the closures of an [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Spawn,
    BeforePoll,
    AfterPoll,
    Terminate,
}

thread_cell! {
    /// How many tasks become ready on this thread before the next one that gets a probe.
    static UNTIL_NEXT: Cell<u32> = Cell::new(0);
}

impl Observer {
    /// Does the pool want to know nothing?
    pub(crate) fn is_idle(&self) -> bool {
        let hooks = [
            &self.spawn,
            &self.before_poll,
            &self.after_poll,
            &self.terminate,
        ];
        self.sampling.is_none() && hooks.iter().all(|hook| hook.is_none())
    }

    fn hook(&self, moment: Moment) -> Option<&TaskHook> {
        match moment {
            Moment::Spawn => self.spawn.as_ref(),
            Moment::BeforePoll => self.before_poll.as_ref(),
            Moment::AfterPoll => self.after_poll.as_ref(),
            Moment::Terminate => self.terminate.as_ref(),
        }
    }

    /// The job of a future that becomes ready, or a probe in its place.
    fn probe(&self, job: JobRef, how: How) -> JobRef {
        let since = match how {
            // It is still the same wait.
            How::Aside => probes::take(),
            _ => self.takes_next().then(clock::ticks),
        };
        match since {
            Some(since) => probes::new_ref(since, job),
            None => job,
        }
    }

    fn takes_next(&self) -> bool {
        let Some(sampling) = self.sampling else {
            return false;
        };
        UNTIL_NEXT.with(|until| {
            // Another pool may have counted from a larger number.
            let left = until.get().min(sampling.get() - 1);
            until.set(left.checked_sub(1).unwrap_or(sampling.get() - 1));
            left == 0
        })
    }
}

/// Calls the pool's hook for this moment, if it has one. A panic is unhandled.
#[cold]
pub(super) fn tell<S: Schedule>(scheduler: &S, moment: Moment, task: TaskMeta<'_>) {
    let Some(hook) = scheduler.observer().and_then(|it| it.hook(moment)) else {
        return;
    };
    let name = scheduler.name().map(|name| &**name);
    let task = TaskMeta { name, ..task };
    if let Err(payload) = unwind::catch(|| hook(&task)) {
        scheduler.unhandled_panic(payload);
    }
}

/// The job of a task that becomes ready, or a probe in its place.
#[cold]
pub(super) fn probe<S: Schedule>(scheduler: &S, job: JobRef, how: How, class: Class) -> JobRef {
    match scheduler.observer() {
        Some(observer) if !S::BLOCKING && class.kind() == Kind::Future => observer.probe(job, how),
        _ => job,
    }
}

/// A poll of which the pool wants to know. Times are ticks of the clock.
#[derive(Debug)]
pub(super) struct Observed {
    /// How long the task was ready before, if the poll is measured.
    waited: Option<u64>,
    start: u64,
}

impl Observed {
    /// A poll begins, as soon as this has returned. `None`: nobody wants to know of it.
    #[cold]
    pub(super) fn begin<S: Schedule>(scheduler: &S, task: TaskMeta<'_>) -> Option<Self> {
        let observer = scheduler.observer()?;
        let since = probes::take();
        let tells = observer.before_poll.is_some() || observer.after_poll.is_some();
        if since.is_none() && !tells {
            return None;
        }
        let waited = since.map(|since| clock::ticks().saturating_sub(since));
        tell(scheduler, Moment::BeforePoll, task);
        let start = waited.map_or(0, |_| clock::ticks());
        Some(Self { waited, start })
    }

    /// It has ended.
    #[cold]
    pub(super) fn end<S: Schedule>(self, scheduler: &S, task: TaskMeta<'_>) {
        if let Some(waited) = self.waited {
            scheduler.measured(waited, clock::ticks().saturating_sub(self.start));
        }
        tell(scheduler, Moment::AfterPoll, task);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}
