//! Tasks with a name, or with a span (feature `tracing`). Other tasks pay for neither.

use super::nest::Unbegun;
use super::{Class, How, Observer, Owned, Schedule};
use crate::job::JobRef;
use crate::util::spans::Carried;
use crate::util::unwind::Payload;
use std::sync::Arc;

/// The scheduler of a task that has a name or runs in a span.
pub(super) struct Labelled<S> {
    pub(super) name: Option<Arc<str>>,
    pub(super) span: Carried,
    pub(super) scheduler: S,
}

impl<S: Schedule> Schedule for Labelled<S> {
    type Spot<'a> = S::Spot<'a>;

    const BLOCKING: bool = S::BLOCKING;

    fn schedule(&self, job: JobRef, how: How, class: Class) {
        self.scheduler.schedule(job, how, class);
    }

    fn is_closed(&self) -> bool {
        self.scheduler.is_closed()
    }

    fn is_plain(&self) -> bool {
        self.scheduler.is_plain()
    }

    fn observer(&self) -> Option<&Observer> {
        self.scheduler.observer()
    }

    fn measured(&self, wait: u64, poll: u64) {
        self.scheduler.measured(wait, poll);
    }

    fn owned(&self) -> &Owned {
        self.scheduler.owned()
    }

    fn spot(&self) -> Option<S::Spot<'_>> {
        self.scheduler.spot()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.scheduler.unhandled_panic(payload);
    }

    fn puts_heavy_aside(&self) -> bool {
        self.scheduler.puts_heavy_aside()
    }

    fn begin_awaited(&self, task: &Unbegun<'_>) {
        self.scheduler.begin_awaited(task);
    }

    fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    fn span(&self) -> Option<&Carried> {
        self.span.is_some().then_some(&self.span)
    }
}
