//! Anything runnable: one thin pointer to a header whose first field says how to run it.
//!
//! | kind | lives in | made by |
//! |---|---|---|
//! | [`StackJob`](stack::StackJob) | the frame of the `join` or `install` that waits for it | `join`, `install` |
//! | [`HeapJob`](heap::HeapJob) | its own block of memory ([`blocks`]), given back by running it | scope spawns, broadcasts, runners of limits |
//! | [probe] | a block | pools that measure, in place of a task's job |
//! | task | its own cell, counted by reference | `spawn`, `spawn_compute` ([`crate::task`]) |
//!
//! Called by every layer above. Invariants:
//!
//! * job.J1: a [`JobRef`] is the right to run its job once. It is moved, never copied, and whoever
//!   holds one must run it or put it where somebody will.
//! * job.J2: a job that lives in a waiter's frame publishes "done" as its very last access to it.
//! * job.J3: the cancel flag and the share that work runs under ([`origin`]) outlive that work and
//!   every job that carries pointers to them. The thread that enters them keeps them alive, and
//!   waits for its descendants before it leaves (closed waits).
//!
//! A job knows nothing of pools: who runs it is told by a number, the index of a seat.

pub(crate) mod blocks;
pub(crate) mod cancel;
pub(crate) mod heap;
pub(crate) mod origin;
pub(crate) mod probe;
pub(crate) mod share;
pub(crate) mod stack;

use std::fmt;
use std::ptr::NonNull;

/// Index of the seat that runs a job; [`NO_SEAT`] for a thread without one.
pub(crate) type SeatIndex = u32;

/// A thread that runs a job without sitting at the pool.
pub(crate) const NO_SEAT: SeatIndex = SeatIndex::MAX;

/// In place of a seat, for the function of a task's job: its right to run was used already
/// (`task/nest.rs`).
pub(crate) const BEGUN: SeatIndex = SeatIndex::MAX - 1;

/// The first field of every job (`repr(C)`).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Header {
    /// Runs the job, which consumes the right to do so. Must not unwind.
    execute: unsafe fn(NonNull<Header>, SeatIndex),
}

impl Header {
    /// # Safety
    ///
    /// `execute` is only ever called by [`JobRef::execute`]: once for each `JobRef`, with the
    /// pointer that the `JobRef` was made of. It must not unwind.
    pub(crate) const unsafe fn new(execute: unsafe fn(NonNull<Header>, SeatIndex)) -> Self {
        Self { execute }
    }
}

/// The right to run one job, once: 8 bytes in a queue.
#[must_use = "a job that is dropped is never run, and whoever waits for it waits for ever"]
pub(crate) struct JobRef(NonNull<Header>);

// SAFETY: whoever makes a `JobRef` promises (`JobRef::new`) that its job may run on any thread.
unsafe impl Send for JobRef {}

impl JobRef {
    /// # Safety
    ///
    /// * `header` is the first field of a live job, which stays where it is until it has run.
    /// * The job may run on any thread, and no other `JobRef` for this run of it exists (job.J1).
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// Runs the job on the thread that occupies `seat`.
    #[inline]
    pub(crate) fn execute(self, seat: SeatIndex) {
        // SAFETY: job.J1: we hold the only right to run, and the header is alive until we did.
        unsafe {
            let execute = self.0.as_ref().execute;
            execute(self.0, seat);
        }
    }

    /// Identity, to recognise one's own job in a queue.
    pub(crate) fn is(&self, header: NonNull<Header>) -> bool {
        self.0 == header
    }

    /// Gives up the right without using it: the caller has another way to run the job.
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        self.0
    }
}

impl fmt::Debug for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobRef").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, JobRef};

    #[test]
    fn a_queue_entry_is_one_word() {
        assert_eq!(size_of::<JobRef>(), size_of::<usize>());
        assert_eq!(size_of::<Option<JobRef>>(), size_of::<usize>());
        assert_eq!(size_of::<Header>(), size_of::<usize>());
    }
}
