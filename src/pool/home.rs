//! What a task keeps of its pool: a counted reference, and where it becomes ready.
//!
//! Every task keeps its pool's registry, since a waker may outlive the pool. On a seat of the pool
//! the reference is taken from the seat's stock (`registry.rs`), and goes back there with the task.
//! So threads that spawn and finish tasks do not fight for the count.

use super::registry::Registry;
use super::seat::{self, Mode, Occupant};
use super::{nested, publish};
use crate::job::JobRef;
use crate::task::nest::Unbegun;
use crate::task::{Class, Cursor, How, Observer, Owned, Schedule, Spot};
use crate::util::unwind::Payload;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// A task's reference to its pool.
pub(crate) struct Home(ManuallyDrop<Arc<Registry>>);

impl Home {
    #[inline]
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self(ManuallyDrop::new(registry))
    }

    /// The calling thread's seat in this pool.
    #[inline]
    fn seat(&self) -> Option<Occupant<'_>> {
        seat::try_current().filter(|me| self.0.owns(me))
    }
}

impl Drop for Home {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let registry = unsafe { ManuallyDrop::take(&mut self.0) };
        match seat::try_current() {
            Some(me) if registry.owns(&me) => me.put_counted(registry),
            _ => drop(registry),
        }
    }
}

/// A measured poll has ended on this thread, if it is one with a seat.
pub(super) fn measured(registry: &Registry, wait: u64, poll: u64) {
    if let Some(me) = seat::try_current().filter(|me| registry.owns(me)) {
        me.counters().saw_measured(wait, poll);
    }
}

/// A thread that sits at the pool.
pub(crate) struct Here<'a>(Occupant<'a>);

impl Spot for Here<'_> {
    #[inline]
    fn cursor(&self) -> &Cursor {
        self.0.cursor()
    }

    #[inline]
    fn has_queue(&self, class: Class) -> bool {
        class.is_usual() && self.0.mode() != Mode::Away
    }

    #[inline]
    fn push_spawned(self, job: JobRef) {
        publish::spawn_here(self.0, job);
    }

    #[inline]
    fn push_yielded(self, job: JobRef) {
        publish::yield_here(self.0, job);
    }
}

impl Schedule for Home {
    type Spot<'a> = Here<'a>;

    fn schedule(&self, job: JobRef, how: How, class: Class) {
        publish::schedule(&self.0, job, how, class);
    }

    #[inline]
    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    #[inline]
    fn is_plain(&self) -> bool {
        self.0.standing.is_plain()
    }

    fn observer(&self) -> Option<&Observer> {
        Some(&self.0.hooks.tasks)
    }

    fn measured(&self, wait: u64, poll: u64) {
        measured(&self.0, wait, poll);
    }

    fn owned(&self) -> &Owned {
        self.0.owned()
    }

    #[inline]
    fn spot(&self) -> Option<Here<'_>> {
        self.seat().map(Here)
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.0.report_panic(payload);
    }

    fn begin_awaited(&self, task: &Unbegun<'_>) {
        // Where polls are told of, each is one of the queues'.
        if !self.is_plain() {
            return;
        }
        if let Some(me) = self.seat() {
            nested::begin(me, task);
        }
    }

    fn puts_heavy_aside(&self) -> bool {
        self.seat()
            .is_some_and(|me| me.mode() == Mode::Overcommitted)
    }
}
