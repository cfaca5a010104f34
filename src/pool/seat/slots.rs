//! The private slots of a seat, and how a join gives half of its work away.
//!
//! A join puts its second half into the next *private slot*: two plain stores that no other thread
//! looks at. Jobs become public, oldest first, only when a thief is hungry:
//!
//! * a thief that finds the public deque empty sets the *hunger* word;
//! * the owner compares `top < hunger.limit()` at every fork, and looks at the word again at every
//!   join end. So its next fork or join end takes the slow path, and moves its oldest private job
//!   to the public deque.
//!
//! The thieves' side is `offer.rs`. This file moves jobs to it, and says so ([`Exposed`]). Who
//! hears of that is decided in `tell.rs`; whether a thief may be expected at all is told by the
//! caller.
//!
//! Invariants (proofs in `pool/README.md`):
//!
//! * `seat.S2`: private jobs are newer than public join halves, and belong to the frames of the
//!   owner's stack in order. So if a job has been exposed, every older one was exposed before, and
//!   when its join ends every newer one is done.
//! * `seat.S3`: at every fork or join end with a hungry thief and an empty public deque, the oldest
//!   private job becomes public before user code goes on.
//! * `seat.S4`: the public deque holds join halves and scope jobs only; whatever runs on this seat
//!   on top of a stolen job pushes only descendants of that job there.
//! * `seat.S5`: if a slot holds a job whose join goes on, then that job is private and was put
//!   there by the push that returned the slot; every slot that a job leaves by exposure is cleared.

use super::Own;
use super::offer::{Offer, SLOTS};
use crate::job::JobRef;
use crate::job::stack::StackHeader;
use crate::sync::Cell;
use crate::sync::deque::Worker;
use crate::util::count::Event;
use crossbeam_utils::CachePadded;
use std::cell;
use std::ptr::NonNull;

/// The place of a job between its push and its pop. Eight bits into an array of 256 need no bounds
/// check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u8);

impl Slot {
    /// The place of jobs that are public from the beginning: a slot that is never used.
    const PUBLIC: Self = Self(u8::MAX);

    /// The place of jobs that stay with their join, because the slots are full and no other thread
    /// may join in: another slot that is never used.
    const KEPT: Self = Self(u8::MAX - 1);
}

/// Did jobs become public?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "sleepers do not hear of a job by themselves: `tell::half` or `tell::work`"]
pub(crate) enum Exposed {
    Nothing,
    Jobs,
}

/// Where a job is, when the join that made it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Popped {
    /// Back in the owner's hands, with the right to run it.
    Mine,
    /// A thief has it.
    Stolen,
}

/// What the owner of the slots may assume of other threads just now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MayExpose {
    /// May another thread join in? Not if a limit's tokens are all taken.
    pub(crate) share: bool,
    /// Are thieves expected at all? Not on a pool with one permit.
    pub(crate) thieves: bool,
}

/// The join halves and scope jobs of one seat.
#[repr(C)]
pub(crate) struct Slots {
    offer: Offer,
    own: CachePadded<Private>,
}

/// `seat.S1`: the occupant's.
struct Private {
    /// The first free slot.
    top: Cell<u8>,
    /// Full below `top`. Above it there may be pointers of joins that have ended, but none of a
    /// join that goes on (`seat.S5`). There are 256 of them, too many for loom to watch.
    slots: [cell::Cell<Option<NonNull<StackHeader>>>; 256],
    /// Pushes minus own pops of `jobs`: the absolute index of its back end, which thieves do not
    /// move. A wait may pop while this is above the value at its beginning.
    back: Cell<usize>,
    jobs: Worker<JobRef>,
}

impl Slots {
    pub(super) fn new() -> Self {
        let jobs = Worker::new_lifo();
        Self {
            offer: Offer::new(jobs.stealer()),
            own: CachePadded::new(Private {
                top: Cell::new(0),
                slots: [const { cell::Cell::new(None) }; 256],
                back: Cell::new(0),
                jobs,
            }),
        }
    }

    /// The side of thieves and waiters.
    #[inline(always)]
    pub(super) fn offer(&self) -> &Offer {
        &self.offer
    }
}

impl Own<'_, Slots> {
    /// Puts a join's second half where the owner finds it again: two plain stores. `None`: the
    /// slots are full or a thief is hungry, and [`push_loud`](Self::push_loud) is to be called.
    #[inline(always)]
    pub(crate) fn push(self, job: NonNull<StackHeader>) -> Option<Slot> {
        let top = self.own.top.get();
        (top < self.offer.hunger.limit()).then(|| self.put(top, job))
    }

    /// As [`push`](Self::push), although a thief is hungry. `None`: the slots are full.
    #[inline(always)]
    pub(crate) fn push_quietly(self, job: NonNull<StackHeader>) -> Option<Slot> {
        let top = self.own.top.get();
        (top < SLOTS).then(|| self.put(top, job))
    }

    #[inline(always)]
    fn put(self, slot: u8, job: NonNull<StackHeader>) -> Slot {
        self.own.slots[slot as usize].set(Some(job));
        self.own.top.set(slot + 1);
        Slot(slot)
    }

    /// Takes back the job that was pushed last, when its join ends: two loads. `false`: it has
    /// moved, or a thief is hungry, and [`pop_loud`](Self::pop_loud) is to be called.
    ///
    /// `top` is not read here: the slot is known since the push, so the next fork does not wait
    /// for this one's loads and stores to come through memory.
    #[inline(always)]
    pub(crate) fn pop(self, slot: Slot, job: NonNull<StackHeader>) -> bool {
        let is_there = self.own.slots[slot.0 as usize].get() == Some(job);
        if is_there && !self.offer.hunger.is_asked() {
            // `seat.S5`: the job is where it was put, and all that were above it are done.
            self.own.top.set(slot.0);
            return true;
        }
        false
    }

    /// As [`pop`](Self::pop), although a thief is hungry. `false`: the job has moved.
    #[inline(always)]
    pub(crate) fn pop_quietly(self, slot: Slot, job: NonNull<StackHeader>) -> bool {
        let is_there = self.own.slots[slot.0 as usize].get() == Some(job);
        if is_there {
            // `seat.S5`, as in `pop`.
            self.own.top.set(slot.0);
        }
        is_there
    }

    /// [`push`](Self::push) where the public deque is empty and a thief is hungry, or the slots are
    /// full.
    pub(crate) fn push_loud(self, job: NonNull<StackHeader>, may: MayExpose) -> (Slot, Exposed) {
        self.offer.hunger.answer();
        let mut exposed = Exposed::Nothing;
        if self.own.top.get() == SLOTS {
            if !may.share {
                return (Slot::KEPT, exposed);
            }
            self.expose(SLOTS / 2);
            exposed = Exposed::Jobs;
        }
        if may.share && may.thieves && self.own.jobs.is_empty() {
            if self.own.top.get() == 0 {
                // SAFETY: the job is the caller's, in place until its join ends.
                self.push_public(unsafe { StackHeader::expose(job) });
                Event::Exposure.count();
                return (Slot::PUBLIC, Exposed::Jobs);
            }
            self.expose(1);
            exposed = Exposed::Jobs;
        }
        (self.put(self.own.top.get(), job), exposed)
    }

    /// [`pop`](Self::pop) where the job has moved, or a thief is hungry (then
    /// [`feed`](Self::feed) is to follow). `run` is called with jobs that lie above it.
    pub(crate) fn pop_loud(
        self,
        slot: Slot,
        job: NonNull<StackHeader>,
        run: impl Fn(JobRef),
    ) -> Popped {
        if slot == Slot::KEPT {
            return Popped::Mine;
        }
        let top = self.own.top.get();
        if top != 0 && self.own.slots[top as usize - 1].get() == Some(job) {
            self.own.top.set(top - 1);
            return Popped::Mine;
        }
        // `seat.S2`: it was exposed, and what lies above it in the deque are scope jobs spawned by
        // the first half: descendants of what this join waits for.
        debug_assert_eq!(top, 0, "jobs newer than this join are done");
        while let Some(found) = self.pop_public() {
            if found.is(job.cast()) {
                // The right to run goes to the caller, who calls the closure directly.
                let _ = found.into_raw();
                // SAFETY: it was on the public deque, so it has been exposed; and the right to run
                // it is ours.
                unsafe { StackHeader::public_of(job).take_back() };
                return Popped::Mine;
            }
            run(found);
        }
        Popped::Stolen
    }

    /// Offers the oldest private job, if a thief has asked for one and there is one. (If there is
    /// none, the hunger stays, and the next fork answers it.)
    pub(crate) fn feed(self, may: impl FnOnce() -> MayExpose) -> Exposed {
        if !self.offer.hunger.is_asked() || self.own.top.get() == 0 {
            return Exposed::Nothing;
        }
        self.offer.hunger.answer();
        let may = may();
        if may.thieves && self.own.jobs.is_empty() && may.share {
            self.expose(1);
            return Exposed::Jobs;
        }
        Exposed::Nothing
    }

    /// The next fork takes the slow path.
    pub(crate) fn slow_next_fork(self) {
        self.offer.hunger.ask();
    }

    /// Moves all private jobs to the public deque.
    pub(crate) fn expose_all(self) -> Exposed {
        let top = self.own.top.get();
        if top == 0 {
            return Exposed::Nothing;
        }
        self.expose(top);
        Exposed::Jobs
    }

    /// Moves the `count` oldest private jobs to the public deque.
    fn expose(self, count: u8) {
        let own = &self.own;
        let top = own.top.get() as usize;
        let count = count as usize;
        debug_assert!(count <= top);
        for slot in &own.slots[..count] {
            let job = slot.get().expect("a slot below the top is full");
            // SAFETY: a private job lives in a frame below us on this thread's stack, and leaves
            // the slots here: it is exposed once.
            self.push_public(unsafe { StackHeader::expose(job) });
            Event::Exposure.count();
        }
        for i in count..top {
            own.slots[i - count].set(own.slots[i].get());
        }
        for slot in &own.slots[top - count..top] {
            slot.set(None);
        }
        own.top.set((top - count) as u8);
    }

    /// Puts a job on top of the public deque.
    pub(crate) fn push_public(self, job: JobRef) {
        let back = &self.own.back;
        back.set(back.get().wrapping_add(1));
        self.own.jobs.push(job);
    }

    /// The newest public job.
    #[inline]
    pub(crate) fn pop_public(self) -> Option<JobRef> {
        let mut job = None;
        // Most threads that look here poll futures, and a look costs less than a pop.
        if !self.own.jobs.is_empty() {
            job = self.own.jobs.pop();
        }
        if job.is_some() {
            let back = &self.own.back;
            back.set(back.get().wrapping_sub(1));
        }
        if self.own.jobs.is_empty() {
            // The next fork makes something public again.
            self.offer.hunger.ask();
        }
        job
    }

    /// The absolute index of the back end of the public jobs. See `Private::back`.
    pub(crate) fn back(self) -> usize {
        self.own.back.get()
    }

    /// Has the owner pushed jobs above `base` that it has not popped itself? They may have been
    /// stolen since.
    pub(crate) fn is_above(self, base: usize) -> bool {
        // The difference, not the order: the counter may wrap.
        self.own.back.get().wrapping_sub(base) as isize > 0
    }

    /// The number of private jobs.
    #[inline]
    pub(crate) fn num_private(self) -> usize {
        usize::from(self.own.top.get())
    }

    #[cfg(all(test, not(manyhands_model)))]
    pub(crate) fn has_private(self) -> bool {
        self.own.top.get() > 0
    }
}
