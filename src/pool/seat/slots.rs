//! The private slots of a seat, and how a join gives half of its work away.
//!
//! A join puts its second half into the next *private slot*: two plain stores. There are two ways
//! out of it:
//!
//! * *Exposure.* A thief that finds the public deque empty sets the *hunger* word. The owner
//!   compares `depth < hunger.limit()` at every fork, and looks at the word again at every join
//!   end. So its next fork or join end takes the slow path, and moves its oldest private jobs to
//!   the public deque.
//! * *Reach.* The owner may do neither for a long time, or for ever: its half computes, or blocks.
//!   Then a thief takes the oldest private job itself ([`Slots::reach`]). Owner and thief meet in a
//!   lock, which the owner takes on its slow paths only. What makes sure that it is there, and
//!   not in the middle of a quiet push or pop, is a pair of fences of which the owner's costs
//!   nothing (`sync::asymmetric`).
//!
//! The thieves' side of the public deque is `offer.rs`, that of the slots `reach.rs`. This file
//! moves jobs to it, and says so ([`Exposed`]). Who hears of that is decided in `tell.rs`; how many
//! jobs thieves want is told by the caller ([`Wanted`]).
//!
//! Invariants (proofs in `pool/README.md`):
//!
//! * `seat.S2`: private jobs are newer than public join halves, and belong to the frames of the
//!   owner's stack in order. So if a job has left the slots, every older one has before, and when
//!   its join ends every newer one is done.
//! * `seat.S3`: at every fork (but a quiet one) or join end with a hungry thief and an empty public
//!   deque, the oldest private job becomes public before user code goes on.
//! * `seat.S4`: the public deque holds join halves and scope jobs only; whatever runs on this seat
//!   on top of a stolen job pushes only descendants of that job there.
//! * `seat.S5`: if a slot holds a job whose join goes on, then that job is private and was put
//!   there by the push that returned the slot; every slot that a job leaves is overwritten.
//! * `seat.S6`: a thief that has asked, put the heavy fence behind that, and then holds the lock
//!   with no answer since it asked, sees every private job. And the owner will take the lock before
//!   it takes a job back.

use super::Own;
use super::offer::Offer;
use crate::job::JobRef;
use crate::job::origin::Here;
use crate::job::stack::StackHeader;
use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sync::deque::Worker;
use crate::sync::{Cell, Mutex, MutexGuard, asymmetric, lock};
use crate::util::count::Event;
use crossbeam_utils::CachePadded;
use std::ptr::{self, NonNull};

/// Private jobs of a seat, at most.
const SLOTS: u32 = if cfg!(manyhands_model) { 3 } else { 32 };

/// Places for them. More than [`SLOTS`], because a push writes its slot before it looks whether
/// that was the last one. A power of two, so that eight bits need no bounds check.
const PLACES: usize = if cfg!(manyhands_model) { 4 } else { 256 };

/// The place of a job between its push and its pop: how many joins of this thread were open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    /// Marks a job that stays with its join, because the slots are full and no other thread may
    /// join in.
    const KEPT: u32 = 1 << 31;

    /// The depth without that mark.
    fn depth(self) -> u32 {
        self.0 & !Self::KEPT
    }

    fn is_kept(self) -> bool {
        self.0 & Self::KEPT != 0
    }
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

/// What the owner of the slots is told of other threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// May another thread join in? Not if a limit's tokens are all taken.
    pub(crate) share: bool,
    /// The number of threads that are idle; `None` if there is no other thread at all.
    pub(crate) idle: Option<u32>,
}

/// The join halves and scope jobs of one seat.
#[repr(C)]
pub(crate) struct Slots {
    pub(super) offer: Offer,
    pub(super) private: CachePadded<Private>,
    pub(super) gate: CachePadded<Gate>,
}

/// Written by the occupant (`seat.S1`); `top` and the places are read by thieves as well.
pub(super) struct Private {
    /// The number of open joins: the first free slot. While a pop is on its way it may carry the
    /// mark of a slot that was kept.
    top: AtomicU32,
    /// Full from `Gate::base` up to `top`. Elsewhere there may be pointers of joins that have
    /// ended, but none of a join that goes on (`seat.S5`).
    places: [AtomicPtr<StackHeader>; PLACES],
    /// Pushes minus own pops of `jobs`: the absolute index of its back end, which thieves do not
    /// move. A wait may pop while this is above the value at its beginning.
    back: Cell<usize>,
    jobs: Worker<JobRef>,
    /// What the occupant works under.
    pub(super) here: AtomicPtr<Here>,
}

/// What owner and thieves write, under its lock.
pub(super) struct Gate {
    pub(super) lock: Mutex<()>,
    /// The slot of the oldest private job, if there is one.
    pub(super) base: AtomicU32,
    /// How often the owner has answered a thief.
    pub(super) answers: AtomicU32,
}

type Locked<'a> = MutexGuard<'a, ()>;

/// What a slot holds after a thief has taken its job. No job has this address.
pub(super) fn taken() -> *mut StackHeader {
    ptr::without_provenance_mut(align_of::<StackHeader>())
}

impl Slots {
    pub(super) fn new() -> Self {
        let jobs = Worker::new_lifo();
        Self {
            offer: Offer::new(jobs.stealer()),
            private: CachePadded::new(Private {
                top: AtomicU32::new(0),
                places: [(); PLACES].map(|()| AtomicPtr::new(ptr::null_mut())),
                back: Cell::new(0),
                jobs,
                here: AtomicPtr::new(ptr::null_mut()),
            }),
            gate: CachePadded::new(Gate {
                lock: Mutex::new(()),
                base: AtomicU32::new(0),
                answers: AtomicU32::new(0),
            }),
        }
    }

    /// The side of thieves and waiters.
    #[inline(always)]
    pub(super) fn offer(&self) -> &Offer {
        &self.offer
    }

    #[inline(always)]
    pub(super) fn place(&self, depth: u32) -> &AtomicPtr<StackHeader> {
        &self.private.places[depth as usize % PLACES]
    }

    /// The slot of the oldest private job. Exact under the lock of the gate.
    pub(super) fn base(&self) -> u32 {
        // Ordering: Relaxed; changed under the lock.
        self.gate.base.load(Ordering::Relaxed)
    }

    /// The first free slot, as a thief sees it: with what stands in the slots below.
    pub(super) fn top(&self) -> u32 {
        // Ordering: Acquire pairs with the Release of a push or pop: slots and jobs below are seen
        // as they were written.
        Slot(self.private.top.load(Ordering::Acquire)).depth()
    }

    /// How many private jobs are there? To others than the owner a hint.
    pub(crate) fn private_jobs(&self) -> u32 {
        self.top().saturating_sub(self.base())
    }
}

impl Own<'_, Slots> {
    /// The thread sits down: this is where it keeps what it works under.
    pub(super) fn set_here(self, here: NonNull<Here>) {
        // Ordering: Relaxed; the push of a job hands it to thieves.
        self.private.here.store(here.as_ptr(), Ordering::Relaxed);
    }

    /// Puts a join's second half where the owner finds it again: two plain stores. `Err`: the slots
    /// are full or a thief is hungry, and [`push_loud`](Self::push_loud) is to be called.
    #[inline(always)]
    pub(crate) fn push(self, job: NonNull<StackHeader>) -> Result<Slot, Slot> {
        // Ordering: Relaxed; written by this thread only.
        let top = self.private.top.load(Ordering::Relaxed);
        // Ordering: Relaxed; the next store publishes it.
        self.place(top).store(job.as_ptr(), Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `Slots::top`.
        self.private.top.store(top + 1, Ordering::Release);
        // Either a thief sees the job, or this thread sees that a thief has asked (`seat.S6`).
        asymmetric::light();
        if top < self.offer.hunger.limit() {
            Ok(Slot(top))
        } else {
            Err(Slot(top))
        }
    }

    /// Takes back the job that was pushed last, when its join ends: a store and two loads. `false`:
    /// it has left its slot, or a thief is hungry, and [`pop_loud`](Self::pop_loud) is to be
    /// called.
    ///
    /// `top` is not read here: the slot is known since the push, so the next fork does not wait
    /// for this one's loads and stores to come through memory.
    #[inline(always)]
    pub(crate) fn pop(self, slot: Slot, job: NonNull<StackHeader>) -> bool {
        // Ordering: Release, so that whoever reads it sees the slots below as they were written.
        self.private.top.store(slot.0, Ordering::Release);
        // Either a thief sees that the job is not there any more, or this thread sees that a thief
        // has asked (`seat.S6`).
        asymmetric::light();
        // Ordering: Relaxed; a thief changes it under the lock, and only while it has asked.
        let is_there = self.place(slot.0).load(Ordering::Relaxed) == job.as_ptr();
        is_there && !self.offer.hunger.is_asked()
    }

    /// [`push`](Self::push) where a thief is hungry, or the slots are full. `wanted` is asked
    /// behind a SeqCst fence.
    pub(crate) fn push_loud(self, slot: Slot, wanted: impl FnOnce() -> Wanted) -> (Slot, Exposed) {
        let gate = lock(&self.gate.lock);
        let (exposed, wanted) = self.serve(&gate, wanted);
        if !wanted.share && self.private_jobs() > SLOTS {
            // Ordering: Relaxed for both; under the lock.
            self.place(slot.0).store(ptr::null_mut(), Ordering::Relaxed);
            self.private.top.store(slot.0, Ordering::Release);
            return (Slot(slot.0 | Slot::KEPT), exposed);
        }
        (slot, exposed)
    }

    /// [`pop`](Self::pop) where the job has moved, or a thief is hungry (then
    /// [`feed`](Self::feed) is to follow). `run` is called with jobs that lie above it.
    pub(crate) fn pop_loud(
        self,
        slot: Slot,
        job: NonNull<StackHeader>,
        run: impl Fn(JobRef),
    ) -> Popped {
        {
            let _gate = lock(&self.gate.lock);
            let depth = slot.depth();
            // Ordering: Release, as in `pop`; Relaxed for the others, which are under the lock.
            self.private.top.store(depth, Ordering::Release);
            if slot.is_kept() {
                return Popped::Mine;
            }
            let found = self.place(depth).load(Ordering::Relaxed);
            if found == job.as_ptr() {
                return Popped::Mine;
            }
            debug_assert!(self.base() >= depth, "jobs newer than this join are done");
            self.gate.base.store(depth, Ordering::Relaxed);
            self.offer.hunger.lower(depth + SLOTS);
            if found == taken() {
                return Popped::Stolen;
            }
        }
        // `seat.S2`: it was exposed, and what lies above it in the deque are scope jobs spawned by
        // the first half: descendants of what this join waits for.
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

    /// Offers the oldest private jobs, if a thief has asked for them and there are any. (If there
    /// is none, the hunger stays, and the next fork answers it.)
    pub(crate) fn feed(self, wanted: impl FnOnce() -> Wanted) -> Exposed {
        if !self.offer.hunger.is_asked() || self.private_jobs() == 0 {
            return Exposed::Nothing;
        }
        let gate = lock(&self.gate.lock);
        self.serve(&gate, wanted).0
    }

    /// Answers hungry thieves, and exposes as many jobs as they want, the oldest first. If there
    /// are fewer than that, the hunger stays.
    fn serve(self, gate: &Locked<'_>, wanted: impl FnOnce() -> Wanted) -> (Exposed, Wanted) {
        let is_asked = self.offer.hunger.is_asked();
        let before = self.private_jobs();
        // The slots are full: half of them become free.
        let mut least = if before > SLOTS { SLOTS / 2 } else { 0 };
        // Ordering: Relaxed; written under the lock.
        let answers = self.gate.answers.load(Ordering::Relaxed);
        self.gate
            .answers
            .store(answers.wrapping_add(1), Ordering::Relaxed);
        self.offer.hunger.answer(self.base() + SLOTS);
        let wanted = wanted();
        if !wanted.share {
            return (Exposed::Nothing, wanted);
        }
        let mut short = 0;
        if let Some(idle) = wanted.idle {
            let public = self.private.jobs.len() as u32;
            // A waiter that looks here is hungry, and not idle.
            let asked = u32::from(is_asked);
            short = idle.max(asked).saturating_sub(public);
            least = least.max(short);
        }
        let count = least.min(before);
        self.expose(gate, count);
        if short > before || !asymmetric::exists() {
            self.offer.hunger.ask();
        }
        let exposed = match count {
            0 => Exposed::Nothing,
            _ => Exposed::Jobs,
        };
        (exposed, wanted)
    }

    /// Has the last push taken the last slot?
    pub(crate) fn are_full(self) -> bool {
        self.private_jobs() > SLOTS
    }

    /// The next fork takes the slow path.
    pub(crate) fn slow_next_fork(self) {
        self.offer.hunger.ask();
    }

    /// Moves all private jobs to the public deque.
    pub(crate) fn expose_all(self) -> Exposed {
        if self.private_jobs() == 0 {
            return Exposed::Nothing;
        }
        let gate = lock(&self.gate.lock);
        let count = self.private_jobs();
        self.expose(&gate, count);
        match count {
            0 => Exposed::Nothing,
            _ => Exposed::Jobs,
        }
    }

    /// Moves the `count` oldest private jobs to the public deque.
    fn expose(self, _: &Locked<'_>, count: u32) {
        let base = self.base();
        for depth in base..base + count {
            let place = self.place(depth);
            // Ordering: Relaxed, here and below; under the lock.
            let job = NonNull::new(place.load(Ordering::Relaxed)).expect("a slot below the top");
            place.store(ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: a private job lives in a frame below us on this thread's stack, and leaves
            // the slots here: it is exposed once.
            self.push_public(unsafe { StackHeader::expose(job) });
            Event::Exposure.count();
        }
        self.gate.base.store(base + count, Ordering::Relaxed);
    }

    /// Puts a job on top of the public deque.
    pub(crate) fn push_public(self, job: JobRef) {
        let back = &self.private.back;
        back.set(back.get().wrapping_add(1));
        self.private.jobs.push(job);
    }

    /// The newest public job.
    #[inline]
    pub(crate) fn pop_public(self) -> Option<JobRef> {
        // Most threads that look here poll futures, and a look costs less than a pop.
        if self.private.jobs.is_empty() {
            // The next fork makes something public.
            self.offer.hunger.ask();
            return None;
        }
        let job = self.private.jobs.pop();
        if job.is_some() {
            let back = &self.private.back;
            back.set(back.get().wrapping_sub(1));
        }
        if self.private.jobs.is_empty() {
            // The next fork makes something public again.
            self.offer.hunger.ask();
        }
        job
    }

    /// The absolute index of the back end of the public jobs. See `Private::back`.
    pub(crate) fn back(self) -> usize {
        self.private.back.get()
    }

    /// Has the owner pushed jobs above `base` that it has not popped itself? They may have been
    /// stolen since.
    pub(crate) fn is_above(self, base: usize) -> bool {
        // The difference, not the order: the counter may wrap.
        self.private.back.get().wrapping_sub(base) as isize > 0
    }

    #[cfg(all(test, not(manyhands_model)))]
    pub(crate) fn has_private(self) -> bool {
        self.private_jobs() > 0
    }
}
