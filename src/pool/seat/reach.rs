//! A thief reaches into the private slots of a seat whose owner is away from them (`seat.S6`).

use super::slots::{Slots, taken};
use crate::job::JobRef;
use crate::job::stack::StackHeader;
use crate::sync::atomic::Ordering;
use crate::sync::{asymmetric, chaos, lock};
use crate::util::count::Event;
use std::ptr::NonNull;

/// A thief has asked for jobs, at a certain count of answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(u32);

/// What a thief gets that reaches into the slots.
#[derive(Debug)]
pub(crate) enum Reached {
    /// The oldest job, with the right to run it.
    Job(JobRef),
    /// Another thread was faster. The owner may be away again, with more: ask anew.
    Missed,
    /// There is no private job.
    Nothing,
    /// There is one, but the limit that it is under has no token for another thread.
    Refused,
}

/// Puts the heavy fence between [`Slots::ask`] and [`Slots::reach`]. `false`: the system has
/// refused it. Where it does not exist, owners go through the lock each time, and no fence is
/// needed.
#[must_use]
pub(crate) fn may_reach() -> bool {
    !asymmetric::exists() || asymmetric::heavy()
}

impl Slots {
    /// A thief asks for jobs, and may [`reach`](Self::reach) for one after the heavy fence.
    pub(crate) fn ask(&self) -> Asked {
        // Ordering: Acquire, so that the store below does not come first: an answer to what was
        // asked here is counted later.
        let answers = self.gate.answers.load(Ordering::Acquire);
        if !self.offer.hunger.is_asked() {
            self.offer.hunger.ask();
        }
        Asked(answers)
    }

    /// The oldest private job, for a thief that has asked, and put `asymmetric::heavy` behind that.
    /// Its owner may be anywhere meanwhile, and may never come back. If there are public jobs, or
    /// the owner has answered meanwhile by making some public: the oldest of them.
    #[cold]
    pub(crate) fn reach(&self, asked: Asked) -> Reached {
        let gate = lock(&self.gate.lock);
        // Ordering: Relaxed; the owner counts and answers under the lock.
        let answers = self.gate.answers.load(Ordering::Relaxed);
        let is_answered = answers != asked.0 || !self.offer.hunger.is_asked();
        if is_answered || self.offer.has_public() {
            drop(gate);
            let stolen = self.offer.steal().success();
            return stolen.map_or(Reached::Missed, Reached::Job);
        }
        let base = self.base();
        if self.top() <= base {
            return Reached::Nothing;
        }
        let place = self.place(base);
        // Ordering: Relaxed; `top` has read the owner's push with Acquire.
        let job = NonNull::new(place.load(Ordering::Relaxed)).expect("a slot below the top");
        // Ordering: Relaxed; as for the job.
        let here = self.private.here.load(Ordering::Relaxed);
        // SAFETY: `seat.S6`: the job's owner does not get past the end of its join before we let
        // the lock go; so it sits on this seat, and its thread, whose cell this is, lives.
        let origin = unsafe { (*here).look() };
        if !origin.share().try_take() {
            return Reached::Refused;
        }
        chaos::point("reach before it is marked");
        // Ordering: Relaxed for both; the owner looks under the lock.
        place.store(taken(), Ordering::Relaxed);
        self.gate.base.store(base + 1, Ordering::Relaxed);
        Event::Reach.count();
        // SAFETY: the job is in place until its join ends, which waits for its latch from now on.
        // It leaves the slots here, under the lock, so it is exposed once, and nobody else has it.
        Reached::Job(unsafe { StackHeader::expose_under(job, origin) })
    }
}
