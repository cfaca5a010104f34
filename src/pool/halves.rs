//! What a join does at its seat: it puts its second half down, and takes it back.
//!
//! The quiet paths are those of [`Slots`](super::seat::Slots), a few instructions each. When a
//! thief is hungry the loud paths make a job public, and tell about it.

use super::computing;
use super::publish;
use super::seat::{self, Exposed, Occupant, Popped, Slot, Wanted};
use super::tell;
use super::watch::look;
use crate::job::share::ShareRef;
use crate::job::stack::StackHeader;
use crate::sim::{self, Kind};
use std::ptr::NonNull;

/// Puts a join's second half where its owner finds it again: usually two plain stores. The slot is
/// to be given back to [`pop`].
#[inline(always)]
pub(crate) fn push(me: Occupant<'_>, job: NonNull<StackHeader>) -> Slot {
    sim::point(Kind::Fork);
    match me.slots().push(job) {
        Ok(slot) => slot,
        Err(slot) => push_loud(me, slot),
    }
}

#[cold]
fn push_loud(me: Occupant<'_>, slot: Slot) -> Slot {
    // A computation begins: the newest task must not wait behind it.
    publish::flush_lifo(me);
    computing::begin(me);
    let (slot, exposed) = me.slots().push_loud(slot, || wanted(me));
    tell_of(me, exposed);
    slot
}

/// As [`push`], of a half that should be done before a sleeper is awake: it stays private although
/// threads are idle. (Those that are awake reach for it; for sleepers, see `watch/`.)
#[inline(always)]
pub(crate) fn push_quietly(me: Occupant<'_>, job: NonNull<StackHeader>) -> Slot {
    match me.slots().push(job) {
        Ok(slot) => slot,
        Err(slot) => keep(me, slot),
    }
}

#[cold]
fn keep(me: Occupant<'_>, slot: Slot) -> Slot {
    // Models have no clock, by which somebody would look.
    if cfg!(manyhands_model) || me.slots().are_full() || !me.registry().expects_thieves() {
        return push_loud(me, slot);
    }
    publish::flush_lifo(me);
    computing::begin(me);
    look::over(me);
    slot
}

/// Takes back the job that was pushed last, when its join ends: usually a store and two loads.
#[inline(always)]
pub(crate) fn pop(me: Occupant<'_>, slot: Slot, job: NonNull<StackHeader>) -> Popped {
    sim::point(Kind::Join);
    if me.slots().pop(slot, job) {
        return Popped::Mine;
    }
    pop_loud(me, slot, job)
}

#[cold]
fn pop_loud(me: Occupant<'_>, slot: Slot, job: NonNull<StackHeader>) -> Popped {
    let run = |job| computing::run_on_top(me, job);
    let popped = me.slots().pop_loud(slot, job, run);
    if popped == Popped::Mine {
        feed(me);
    }
    popped
}

/// Offers the oldest private jobs, if a thief has asked for some (`seat.S3`, rule H1).
pub(crate) fn feed(me: Occupant<'_>) {
    let exposed = me.slots().feed(|| wanted(me));
    tell_of(me, exposed);
}

/// How many jobs should be public. Read behind a fence that pairs with those of threads that become
/// idle (rule H1).
fn wanted(me: Occupant<'_>) -> Wanted {
    let registry = me.registry();
    Wanted {
        share: ShareRef::current().has_free(),
        idle: registry.expects_thieves().then(|| registry.sleep.idle()),
    }
}

fn tell_of(me: Occupant<'_>, exposed: Exposed) {
    if exposed == Exposed::Jobs {
        sim::point(Kind::Expose);
        tell::half(me);
    }
}

/// The number of private jobs of the calling thread's seat.
#[inline]
pub(crate) fn private_jobs() -> usize {
    seat::current().map_or(0, |me| me.hidden().private_jobs() as usize)
}

/// Do more threads compute than there are permits? Asked between two jobs.
pub(crate) fn is_surplus() -> bool {
    seat::current().is_some_and(|me| me.registry().sleep.is_crowded())
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
    sim::point(Kind::Chunk);
    match seat::current() {
        Some(me) if me.offer().is_asked() => takers_from(me),
        _ => Takers::None,
    }
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
