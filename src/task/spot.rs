//! What the tasks of a pool see of the seat that the calling thread has there.

use super::Class;
use super::slabs::Cursor;
use crate::job::JobRef;

/// What a thread has of its own in a pool. It outlives the scheduler that it was asked of,
/// which goes with its task's last reference: the thread holds it.
pub(crate) trait Spot {
    /// The thread's cursor in the list of unfinished tasks.
    fn cursor(&self) -> &Cursor;

    /// May a task of this class go to the thread's own queue? Only where the pool is plain.
    fn has_queue(&self, class: Class) -> bool;

    /// Puts a task that the thread has spawned just now to the back of its own queue.
    fn push_spawned(self, job: JobRef);

    /// Puts a task that the thread has polled just now to the back of its own queue.
    fn push_yielded(self, job: JobRef);
}

/// The spot of threads that have none.
#[derive(Debug)]
pub(crate) enum NoSpot {}

impl Spot for NoSpot {
    fn cursor(&self) -> &Cursor {
        match *self {}
    }

    fn has_queue(&self, _: Class) -> bool {
        match *self {}
    }

    fn push_spawned(self, _: JobRef) {
        match self {}
    }

    fn push_yielded(self, _: JobRef) {
        match self {}
    }
}
