//! How many jobs of a scope are pending.
//!
//! The count is a [`SpreadLatch`], and a change of it is a locked instruction. So a thread takes
//! counts in advance, and keeps those of jobs that have ended: its *credit*. It lies on the seat of
//! the thread, which gives it to the jobs that it spawns.
//!
//! So the count is never less than the number of pending jobs, and no scope ends too early. It is
//! more only while a thread *holds* credit, and nobody waits for that:
//!
//! * A thread that holds it for a job, or for the body, of the scope gives it back at the end of
//!   that job, which is pending itself until then.
//! * The thread that has opened the scope holds it while it runs what is left on its deque. It is
//!   the only one that waits for the scope, and gives the credit back before it does.
//!
//! What runs on top of such a job on the same thread may use its credit, and adds to it. What
//! belongs to another scope has its own meanwhile.
//!
//! The models are in `tests.rs`; `ci/mutants/scope.txt` lists what they notice.

use crate::latch::{Latch, Part, SpreadLatch};
use crate::pool::{Credit, Occupant};
use std::fmt;
use std::ptr;

/// The number of counts that a thread takes at a time.
const BATCH: usize = 16;

/// The counter of one scope.
pub(super) struct Pending(SpreadLatch);

/// Where a job is counted.
pub(super) type Place = Part;

/// Where a thread counts the jobs that it spawns.
#[inline]
fn place(me: Option<Occupant<'_>>) -> Place {
    Part::of(me.map_or(0, |me| me.index()))
}

impl Pending {
    /// A counter with one count, that of the scope's body, which runs on this thread.
    pub(super) fn new(me: Option<Occupant<'_>>) -> (Self, Place) {
        let body = place(me);
        (Self(SpreadLatch::new(body)), body)
    }

    fn address(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// Counts a job that this thread spawns.
    #[inline]
    pub(super) fn count_in(&self, me: Option<Occupant<'_>>) -> Place {
        let place = place(me);
        match me.map(Occupant::credit) {
            Some(cell) if cell.get().of == self.address() => {
                let mut credit = cell.get();
                if credit.counts == 0 {
                    self.0.add(place, BATCH);
                    credit.counts = BATCH;
                }
                credit.counts -= 1;
                cell.set(credit);
            }
            _ => self.0.add(place, 1),
        }
        place
    }

    /// From now on the calling thread, on this seat if it has one, may have credit of this scope.
    #[inline]
    pub(super) fn hold<'a>(&self, me: Option<Occupant<'a>>) -> Held<'a> {
        let of = self.address();
        let before = me.and_then(|me| {
            let before = me.credit().get();
            (before.of != of).then(|| {
                me.credit().set(Credit { of, counts: 0 });
                before
            })
        });
        Held { me, before }
    }

    /// The end of a job, or of the body, that was counted at `place` and for which the thread has
    /// held credit. If it goes on with another job of the same scope, the count is for that.
    ///
    /// # Safety
    ///
    /// As for [`SpreadLatch::remove`].
    #[inline]
    pub(super) unsafe fn count_out(this: *const Self, place: Place, held: Held<'_>) {
        let here = self::place(held.me);
        if let (Some(me), None) = (held.me, held.before) {
            if here == place {
                let mut credit = me.credit().get();
                credit.counts += 1;
                return me.credit().set(credit);
            }
        }
        // SAFETY: the caller's promise. It is counted until the second call, which is the last use.
        unsafe {
            let mut counts = 1;
            match held.take_back() {
                0 => {}
                left if here == place => counts += left,
                left => SpreadLatch::remove(&raw const (*this).0, here, left),
            }
            SpreadLatch::remove(&raw const (*this).0, place, counts);
        }
    }

    /// The thread holds no credit any more. (It has opened the scope.)
    pub(super) fn release(&self, held: Held<'_>) {
        let here = place(held.me);
        let left = held.take_back();
        if left > 0 {
            // SAFETY: the opener keeps the scope in its frame, and goes on to use it.
            unsafe { SpreadLatch::remove(&raw const self.0, here, left) };
        }
    }

    /// Set when no job is pending.
    pub(super) fn done(&self) -> &Latch {
        self.0.done()
    }
}

/// The thread may have credit. Returned by [`Pending::hold`].
#[must_use]
pub(super) struct Held<'a> {
    me: Option<Occupant<'a>>,
    /// What it held before. `None`: the same, or nothing can be held.
    before: Option<Credit>,
}

impl Held<'_> {
    /// Ends it, and takes what is left from the seat.
    #[inline]
    fn take_back(self) -> usize {
        match (self.me, self.before) {
            (Some(me), Some(before)) => me.credit().replace(before).counts,
            _ => 0,
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
