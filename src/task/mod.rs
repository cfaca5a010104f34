//! Spawned futures: their ids, their results, values of their own, and giving way to others.
//!
//! [`spawn`] makes a task of a future and returns its [`JoinHandle`]. In a task,
//! [`id()`] tells which task it is, and [`yield_now()`] lets other tasks run first. A [`JoinSet`]
//! awaits many tasks, in the order in which they end; a [`JoinMap`] knows them by keys, and a
//! [`JoinQueue`] keeps to the order in which they were spawned. A [`LocalKey`] gives a future
//! values of its own. A [`LocalPoolHandle`] runs futures that are not `Send`.
//!
//! ```
//! use manyhands::task::JoinSet;
//!
//! let sum = manyhands::block_on(async {
//!     let mut tasks = JoinSet::new();
//!     for number in 1..=10 {
//!         tasks.spawn(async move { number * number });
//!     }
//!     let mut sum = 0;
//!     while let Some(square) = tasks.join_next().await {
//!         sum += square?;
//!     }
//!     Ok::<_, manyhands::JoinError>(sum)
//! });
//! assert_eq!(sum.unwrap(), 385);
//! ```
// For readers of the source: layer 2. `launch` allocates the cell of a task, whose right to run is
// a `JobRef`. Where ready tasks go is the business of the pool, known here by the trait `Schedule`
// only. README.md tells how it all works, and states the rules task.I1 to task.I7 that comments
// cite.

pub(crate) mod big;
mod cell;
mod class;
pub mod coop;
mod current;
mod entry;
mod error;
mod handle;
mod heft;
mod id;
mod info;
mod labelled;
mod local;
pub(crate) mod nest;
mod observer;
mod owned;
mod run;
mod slabs;
mod spawnable;
mod spot;
mod state;
#[cfg(test)]
mod tests;
mod waker;
mod yield_now;

pub use self::class::Priority;
pub use self::coop::{Unconstrained, consume_budget, unconstrained};
pub use self::current::{id, try_id};
pub use self::error::JoinError;
/// The name of [`CancelOnDrop`] in tokio-util.
pub use self::handle::CancelOnDrop as AbortOnDropHandle;
pub use self::handle::{AbortHandle, CancelOnDrop, JoinHandle};
pub use self::id::Id;
pub use self::info::{TaskInfo, TaskKind, TaskState};
#[doc(hidden)]
pub use self::local::LocalSlot;
pub use self::local::{AccessError, LocalKey, TaskLocalFuture};
pub use self::observer::TaskMeta;
pub use self::spawnable::Spawnable;
pub use self::yield_now::{YieldNow, yield_now};
// Where users look for them; they need a pool, and live above it.
pub use crate::entry::{
    Builder, JoinMap, JoinMapKeys, JoinQueue, JoinSet, LocalPoolHandle, block_in_place, spawn,
    spawn_blocking,
};

pub(crate) use self::class::{Class, Kind};
pub(crate) use self::current::note_computing;
pub(crate) use self::info::Site;
pub(crate) use self::observer::Observer;
pub(crate) use self::owned::Owned;
pub(crate) use self::slabs::Cursor;
pub(crate) use self::spot::{NoSpot, Spot};

use self::cell::Cell;
use self::labelled::Labelled;
use self::nest::Unbegun;
use self::observer::Moment;
use crate::job::JobRef;
use crate::util::spans::Carried;
use crate::util::unwind::Payload;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Why a task becomes ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The task was spawned just now.
    Spawn,
    /// A waker was called, or the task is to be cancelled.
    Wake,
    /// The same, and by the end of a task that it awaits.
    Join,
    /// The task was woken during its own poll: it goes to the back of the queue.
    Yield,
    /// The task was ready before, and is heavy: the calling thread leaves it to others.
    Aside,
}

impl How {
    /// Was a waker called?
    #[inline]
    pub(crate) fn is_wake(self) -> bool {
        matches!(self, Self::Wake | Self::Join)
    }
}

/// Receives tasks that become ready; implemented by the pool. Every cell owns a scheduler.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// What [`spot`](Self::spot) gives; [`NoSpot`] if it gives none.
    type Spot<'a>: Spot;

    /// Puts the task's right to run where a worker finds it. Any thread may call this at any time,
    /// even while the pool closes, and it must not unwind. A pool that has looked into its queues
    /// for the last time executes the job at once. That only frees memory, or cancels the task
    /// (task.I6).
    fn schedule(&self, job: JobRef, how: How, class: Class);

    /// Is the pool closed? From then on, for ever, running a task cancels it instead of polling it.
    /// The pool sets this before it calls [`Owned::close_and_cancel_all`], which soon follows.
    fn is_closed(&self) -> bool;

    /// Is the pool neither closed nor observed? One look for both, at every poll.
    fn is_plain(&self) -> bool {
        !self.is_closed()
    }

    /// What the pool wants to know of its tasks. Asked where it is not plain.
    fn observer(&self) -> Option<&Observer> {
        None
    }

    /// A measured poll has ended on the calling thread. The task was ready for `wait` ticks of the
    /// clock before, and the poll took `poll` of them.
    fn measured(&self, wait: u64, poll: u64) {
        let _ = (wait, poll);
    }

    /// The list of all unfinished tasks.
    fn owned(&self) -> &Owned;

    /// The calling thread's spot, if it has one.
    fn spot(&self) -> Option<Self::Spot<'_>> {
        None
    }

    /// Takes a panic that no handle will ever report. Either the handle was dropped, or the drop of
    /// an output or a foreign waker panicked. Must not unwind.
    fn unhandled_panic(&self, payload: Payload);

    /// Is the calling thread to poll only futures that will not compute? Heavy tasks are then
    /// scheduled again, [`How::Aside`].
    fn puts_heavy_aside(&self) -> bool {
        false
    }

    /// The task that the calling thread polls awaits another one, of this scheduler, that no thread
    /// has begun. The scheduler may begin it here, on top of that poll; or do nothing. See
    /// `nest.rs`.
    fn begin_awaited(&self, _task: &Unbegun<'_>) {}

    /// The name of the task, if it has one.
    fn name(&self) -> Option<&Arc<str>> {
        None
    }

    /// The span that the task runs in, if there is one.
    fn span(&self) -> Option<&Carried> {
        None
    }

    /// Do the scheduler's tasks run on threads for blocking closures?
    const BLOCKING: bool = false;
}

/// Makes a task of a future, and schedules it. If the pool is closed, the future is dropped at
/// once, and the handle says that the task was cancelled.
pub(crate) fn launch<F, S>(
    future: F,
    scheduler: S,
    class: Class,
    site: Site,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let id = Id::next();
    let span = Carried::for_task(id, None, site);
    if span.is_some() {
        let scheduler = Labelled {
            name: None,
            span,
            scheduler,
        };
        return start(future, scheduler, class, site, id);
    }
    start(future, scheduler, class, site, id)
}

/// Like [`launch`], with a name or without.
pub(crate) fn spawn_named<F, S>(
    future: F,
    scheduler: S,
    class: Class,
    site: Site,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    if name.is_none() {
        return launch(future, scheduler, class, site);
    }
    let id = Id::next();
    let span = Carried::for_task(id, name.as_deref(), site);
    let scheduler = Labelled {
        name,
        span,
        scheduler,
    };
    start(future, scheduler, class, site, id)
}

#[inline]
fn start<F, S>(future: F, scheduler: S, class: Class, site: Site, id: Id) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let task = Cell::<F, S>::allocate(future, scheduler, class, site, id);
    // SAFETY: a new task has three references; this one is for the handle.
    let handle = unsafe { JoinHandle::from_raw(task) };
    // SAFETY: the handle keeps the cell.
    let scheduler = unsafe { &(*task.cast::<Cell<F, S>>().as_ptr()).scheduler };
    let is_plain = scheduler.is_plain();
    if !is_plain {
        // The task has not begun, so this is what its hooks hear first.
        // SAFETY: as above.
        observer::tell(scheduler, Moment::Spawn, unsafe { task.as_ref() }.meta());
    }
    let spot = scheduler.spot();
    let own = spot.as_ref().map(Spot::cursor);
    // SAFETY: the second reference is for the list.
    if unsafe { scheduler.owned().insert(task, own) } {
        // SAFETY: the third is for the job that a new task is owed. The handle's lasts longer. (A
        // pool that has closed since then finds the task listed: task.I6.)
        unsafe {
            match spot.filter(|spot| is_plain && spot.has_queue(class)) {
                Some(spot) => spot.push_spawned(JobRef::new(task.cast())),
                None => cell::submit(task, How::Spawn),
            }
        }
    } else {
        // SAFETY: no list and no job: `close` consumes one reference, `release` the other.
        unsafe {
            cell::close(task);
            cell::release(task);
        }
    }
    handle
}

/// Makes a future of a closure, for [`launch`] with [`Class::root`]. The closure runs once, on a
/// worker, under the task's cancel flag.
pub(crate) fn closure<R, F: FnOnce() -> R>(f: F) -> impl Future<Output = R> + use<F, R> {
    Call(Some(f))
}

/// A closure as a future that is ready at its first poll.
struct Call<F>(Option<F>);

impl<F> Unpin for Call<F> {}

impl<R, F: FnOnce() -> R> Future for Call<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let f = self.0.take().expect("a closure runs once");
        Poll::Ready(coop::unlimited(f))
    }
}
