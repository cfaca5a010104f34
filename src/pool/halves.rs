//! What a join does at its seat: it puts its second half down, and takes it back.
//!
//! The quiet paths are those of [`Slots`](super::seat::Slots), a few instructions each. When a
//! thief is hungry the loud paths make a job public, and tell about it.

use super::computing;
use super::publish;
use super::seat::{self, Exposed, MayExpose, Occupant, Popped, Slot};
use super::tell;
use crate::job::share::ShareRef;
use crate::job::stack::StackHeader;
use std::ptr::NonNull;

/// Puts a join's second half where its owner finds it again: usually two plain stores. The slot is
/// to be given back to [`pop`].
#[inline(always)]
pub(crate) fn push(me: Occupant<'_>, job: NonNull<StackHeader>) -> Slot {
    match me.slots().push(job) {
        Some(slot) => slot,
        None => push_loud(me, job),
    }
}

/// As [`push`], for a half that stays private although a thief is hungry.
#[inline(always)]
pub(crate) fn push_quietly(me: Occupant<'_>, job: NonNull<StackHeader>) -> Slot {
    match me.slots().push_quietly(job) {
        Some(slot) => slot,
        None => push_loud(me, job),
    }
}

#[cold]
fn push_loud(me: Occupant<'_>, job: NonNull<StackHeader>) -> Slot {
    // A computation begins: the newest task must not wait behind it.
    publish::flush_lifo(me);
    computing::begin(me);
    let (slot, exposed) = me.slots().push_loud(job, may_expose(me));
    tell_of(me, exposed);
    slot
}

/// Takes back the job that was pushed last, when its join ends: usually two loads.
#[inline(always)]
pub(crate) fn pop(me: Occupant<'_>, slot: Slot, job: NonNull<StackHeader>) -> Popped {
    if me.slots().pop(slot, job) {
        return Popped::Mine;
    }
    pop_loud(me, slot, job)
}

/// As [`pop`], but a thief that is hungry gets nothing.
#[inline(always)]
pub(crate) fn pop_quietly(me: Occupant<'_>, slot: Slot, job: NonNull<StackHeader>) -> Popped {
    if me.slots().pop_quietly(slot, job) {
        return Popped::Mine;
    }
    pop_loud(me, slot, job)
}

#[cold]
fn pop_loud(me: Occupant<'_>, slot: Slot, job: NonNull<StackHeader>) -> Popped {
    let run = |job: crate::job::JobRef| job.execute(me.index());
    let popped = me.slots().pop_loud(slot, job, run);
    if popped == Popped::Mine {
        feed(me);
    }
    popped
}

/// Offers the oldest private job, if a thief has asked for one (`seat.S3`).
pub(crate) fn feed(me: Occupant<'_>) {
    let exposed = me.slots().feed(|| may_expose(me));
    tell_of(me, exposed);
}

fn may_expose(me: Occupant<'_>) -> MayExpose {
    MayExpose {
        share: ShareRef::current().has_free(),
        thieves: me.registry().expects_thieves(),
    }
}

fn tell_of(me: Occupant<'_>, exposed: Exposed) {
    if exposed == Exposed::Jobs {
        tell::half(me);
    }
}

/// Who could take work that is offered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takers {
    /// Nobody: all are busy.
    None,
    /// A thread that sleeps would have to be woken.
    Asleep,
    /// A thread is looking for work right now.
    Awake,
}

/// Who would take work from the calling thread if it offered some now? One load of an owned cache
/// line while the answer is nobody.
#[inline]
pub(crate) fn takers() -> Takers {
    match seat::current() {
        Some(me) if me.offer().is_asked() => takers_from(me),
        _ => Takers::None,
    }
}

/// The number of join halves of the calling thread that no thief has seen yet.
#[inline]
pub(crate) fn private_jobs() -> usize {
    seat::current().map_or(0, |me| me.slots().num_private())
}

#[cold]
fn takers_from(me: Occupant<'_>) -> Takers {
    let registry = me.registry();
    if !registry.expects_thieves() || !ShareRef::current().has_free() {
        Takers::None
    } else if me.offer().is_asked_by_waiter() || registry.sleep.has_searchers() {
        Takers::Awake
    } else if registry.sleep.wants_one() {
        Takers::Asleep
    } else {
        Takers::None
    }
}
