//! Unit tests and loom models of tasks, on a scheduler that is a queue and nothing more.

#[cfg(manyhands_loom)]
mod models;
#[cfg(not(manyhands_model))]
mod unit;

use super::nest::Unbegun;
use super::{Class, Cursor, How, JoinHandle, Owned, Priority, Schedule, Spot};
use crate::job::{JobRef, NO_SEAT};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};
use crate::util::unwind::Payload;
use std::collections::VecDeque;
use std::panic::Location;

/// Makes a task of a future.
#[track_caller]
fn spawn<F, S>(future: F, scheduler: S) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let class = Class::future(Priority::Normal);
    super::launch(future, scheduler, class, Location::caller())
}

#[cfg(not(manyhands_model))]
#[track_caller]
fn spawn_compute<F, R, S>(f: F, scheduler: S) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
    S: Schedule,
{
    let class = Class::root(Priority::Normal);
    super::launch(super::closure(f), scheduler, class, Location::caller())
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(JobRef, How)>,
    /// No thread will look into the queue again.
    ended: bool,
}

/// A pool without threads: the caller of `run` is a worker.
pub(super) struct Mock {
    queue: Mutex<Queue>,
    closed: AtomicBool,
    owned: Owned,
    panics: Mutex<Vec<Payload>>,
    /// A woken task runs on the spot. The lock of a queue would hide orderings that the state word
    /// lacks.
    inline: bool,
    /// Does it begin tasks on top of the polls that await them? As `aside`.
    nests: std::sync::atomic::AtomicBool,
    /// Are heavy tasks put aside? Not modelled: tests set it before anything else.
    aside: std::sync::atomic::AtomicBool,
    /// The cursor of the only thread that spawns, if it has one.
    own: Option<Own>,
}

pub(super) struct Own(Cursor);

// SAFETY: one thread at a time uses it (loom checks that).
unsafe impl Sync for Own {}

impl Spot for &Own {
    fn cursor(&self) -> &Cursor {
        &self.0
    }

    fn has_queue(&self, _: Class) -> bool {
        false
    }

    fn push_spawned(self, _: JobRef) {
        unreachable!("it has no queue");
    }

    fn push_yielded(self, _: JobRef) {
        unreachable!("it has no queue");
    }
}

impl Mock {
    pub(super) fn new() -> Arc<Self> {
        Self::build(false, None)
    }

    /// One thread at a time spawns here: it has a cursor of its own.
    #[cfg(manyhands_loom)]
    pub(super) fn seated() -> Arc<Self> {
        Self::build(false, Some(Own(Cursor::new())))
    }

    /// Runs woken tasks on the waking thread.
    #[cfg(manyhands_loom)]
    pub(super) fn inline() -> Arc<Self> {
        Self::build(true, None)
    }

    fn build(inline: bool, own: Option<Own>) -> Arc<Self> {
        Arc::new(Self {
            inline,
            own,
            nests: std::sync::atomic::AtomicBool::new(false),
            aside: std::sync::atomic::AtomicBool::new(false),
            queue: Mutex::new(Queue::default()),
            closed: AtomicBool::new(false),
            owned: Owned::new(1),
            panics: Mutex::new(Vec::new()),
        })
    }

    /// From now on heavy tasks are put aside, or polled as others.
    pub(super) fn put_heavy_aside(&self, aside: bool) {
        self.aside.store(aside, Ordering::Relaxed);
    }

    /// From now on tasks are begun on top of the polls that await them.
    pub(super) fn nest(&self) {
        self.nests.store(true, Ordering::Relaxed);
    }

    /// Runs the newest job.
    pub(super) fn run_newest(&self) {
        let newest = lock(&self.queue).jobs.pop_back();
        if let Some((job, _)) = newest {
            job.execute(NO_SEAT);
        }
    }

    /// Runs the oldest job. Returns why it was there.
    pub(super) fn run(&self) -> Option<How> {
        let (job, how) = lock(&self.queue).jobs.pop_front()?;
        job.execute(NO_SEAT);
        Some(how)
    }

    /// Runs jobs until there are none.
    pub(super) fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.run()).count()
    }

    pub(super) fn queued(&self) -> usize {
        lock(&self.queue).jobs.len()
    }

    /// Closes, as a pool does: sets the flag, cancels all tasks, and clears the queue.
    pub(super) fn close(&self) {
        // Ordering: Relaxed on purpose: tasks must not rely on more.
        self.closed.store(true, Ordering::Relaxed);
        self.owned.close_and_cancel_all();
        lock(&self.queue).ended = true;
        self.run_all();
    }

    /// The number of unhandled panics since the last call.
    pub(super) fn take_panics(&self) -> usize {
        std::mem::take(&mut *lock(&self.panics)).len()
    }
}

impl Schedule for Arc<Mock> {
    type Spot<'a> = &'a Own;

    fn schedule(&self, job: JobRef, how: How, _: Class) {
        let mut queue = lock(&self.queue);
        if queue.ended || (self.inline && how == How::Wake) {
            drop(queue);
            job.execute(NO_SEAT);
        } else {
            queue.jobs.push_back((job, how));
        }
    }

    fn is_closed(&self) -> bool {
        // Ordering: Relaxed on purpose, as in `close`.
        self.closed.load(Ordering::Relaxed)
    }

    fn owned(&self) -> &Owned {
        &self.owned
    }

    fn spot(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    fn unhandled_panic(&self, payload: Payload) {
        lock(&self.panics).push(payload);
    }

    fn begin_awaited(&self, task: &Unbegun<'_>) {
        if !self.nests.load(Ordering::Relaxed) {
            return;
        }
        if let Some((on_top, _)) = task.enter() {
            if let Some(right) = task.start() {
                right.poll(&on_top);
            }
        }
    }

    fn puts_heavy_aside(&self) -> bool {
        self.aside.load(Ordering::Relaxed)
    }
}
