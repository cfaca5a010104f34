//! Tasks with a span (feature `tracing`).

use super::{Class, How, Owned, Schedule};
use crate::job::JobRef;
use crate::util::spans::Carried;
use crate::util::unwind::Payload;
use std::sync::Arc;

/// The scheduler of a task that runs in a span.
pub(super) struct Spanned<S> {
    pub(super) span: Carried,
    pub(super) scheduler: S,
}

impl<S: Schedule> Schedule for Spanned<S> {
    const BLOCKING: bool = S::BLOCKING;

    fn schedule(&self, job: JobRef, how: How, class: Class) {
        self.scheduler.schedule(job, how, class);
    }

    fn is_closed(&self) -> bool {
        self.scheduler.is_closed()
    }

    fn owned(&self) -> &Owned {
        self.scheduler.owned()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.scheduler.unhandled_panic(payload);
    }

    fn name(&self) -> Option<&Arc<str>> {
        self.scheduler.name()
    }

    fn span(&self) -> Option<&Carried> {
        Some(&self.span)
    }
}
