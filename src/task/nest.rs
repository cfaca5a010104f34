//! A task that is awaited before any thread has begun it is begun by its awaiter, on top of the
//! poll that awaits it.
//!
//! So a tree of tasks, each of which spawns others and awaits them, is walked depth first. Its
//! memory is that of a path and not of a generation, and an await that finds its task ready needs
//! no waker, no queue, and no second poll. The rights of I1 in the module's README hold: the
//! awaiter takes the right to run by its own write to the state ([`State::start_by_awaiter`]), and
//! the job that was made for it becomes stale.
//!
//! [`State::start_by_awaiter`]: super::state::State::start_by_awaiter
//!
//! Where is that done? Only where the poll of a task polls the handle of a usual future, with the
//! waker of that very task: a combinator that has its own waker may hold what the child needs. Only
//! for a task that was never polled. Only if tasks that were spawned at the same place are known to
//! end, or to wait, within a moment (`heft.rs`): `timeout` around a handle is to end in time,
//! whatever its task does. Not deeper than [`DEEPEST`], nor on a short stack. The pool has a say as
//! well ([`Schedule::begin_awaited`](super::Schedule::begin_awaited)): it looks after all others
//! that wait for this thread.

use super::cell::{self, Header};
use crate::job::{self, JobRef};
use crate::sync::thread_cell;
use crate::util::stack;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// How many polls lie above the first one, at most.
const DEEPEST: u32 = 32;

/// What the calling thread has on its stack.
struct Here {
    /// How many tasks were begun by their awaiters and have not come back.
    depth: Cell<u32>,
    /// How many were since the thread has last run a job of a queue.
    begun: Cell<u32>,
}

thread_cell! {
    static HERE: Here = Here {
        depth: Cell::new(0),
        begun: Cell::new(0),
    };
}

/// A job of a queue is run.
#[inline]
pub(super) fn job_begins() {
    HERE.with(|here| {
        if here.depth.get() == 0 {
            here.begun.set(0);
        }
    });
}

/// A number that changes with each task that the calling thread begins on top of a poll.
#[inline]
pub(super) fn begun() -> u32 {
    HERE.with(|here| here.begun.get())
}

/// A task that is awaited, and that no thread has begun, as it seems.
#[derive(Debug)]
pub(crate) struct Unbegun<'a> {
    task: NonNull<Header>,
    /// The handle, which has a reference.
    _handle: PhantomData<&'a Header>,
}

/// The calling thread is on top of a poll until this is dropped.
#[derive(Debug)]
pub(crate) struct Nested(PhantomData<*mut ()>);

impl Drop for Nested {
    fn drop(&mut self) {
        HERE.with(|here| here.depth.set(here.depth.get() - 1));
    }
}

impl<'a> Unbegun<'a> {
    pub(super) fn new(task: &'a Header) -> Self {
        Self {
            task: NonNull::from(task),
            _handle: PhantomData,
        }
    }

    /// The thread goes on top of the present poll, if there is room. The number says how many tasks
    /// it has begun there since it has last run a job of a queue.
    pub(crate) fn enter(&self) -> Option<(Nested, u32)> {
        HERE.with(|here| {
            let (depth, begun) = (here.depth.get(), here.begun.get());
            if depth >= DEEPEST || begun == REFUSED || stack::is_short() {
                return None;
            }
            here.depth.set(depth + 1);
            here.begun.set(begun + 1);
            Some((Nested(PhantomData), begun))
        })
    }

    /// The job of the task, as it lies in a queue.
    pub(crate) fn job(&self) -> NonNull<job::Header> {
        self.task.cast()
    }

    /// Takes the right to run from the job, wherever that is. `None`: another thread was faster, or
    /// the task is to be cancelled.
    #[must_use]
    pub(crate) fn start(&self) -> Option<Begun> {
        // SAFETY: the handle's reference keeps the cell.
        let started = unsafe { self.task.as_ref() }.state.start_by_awaiter();
        started.then_some(Begun(self.task))
    }
}

/// The right to poll a task, taken from its job.
#[must_use]
#[derive(Debug)]
pub(crate) struct Begun(NonNull<Header>);

impl Begun {
    /// Polls the task.
    pub(crate) fn poll(self, _on_top: &Nested) {
        // SAFETY: `start_by_awaiter` has given us RUNNING and a reference.
        unsafe { cell::poll_begun(self.0) };
    }
}

/// Until the thread has run the next job of a queue, no further task is begun on top of a poll.
pub(crate) fn refuse() {
    HERE.with(|here| here.begun.set(REFUSED));
}

/// The thread is to come back to its queues.
const REFUSED: u32 = u32::MAX;

/// Lets go of a stale job that its queue has given back.
///
/// # Safety
///
/// The job is that of a task whose awaiter has taken its right to run.
pub(crate) unsafe fn let_go(job: JobRef) {
    // SAFETY: the job's reference is ours, and there is no right to run in it.
    unsafe { cell::release(job.into_raw().cast()) };
}
