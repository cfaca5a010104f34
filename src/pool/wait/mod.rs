//! How a thread with a seat waits: it runs no stranger, and lends its core while it sleeps.
//!
//! *Closed waits* (join, scope, install, broadcast): everything awaited descends from the waiter.
//! It runs its own pending descendants, then steals back from its thief (leapfrogging), spins for a
//! moment, and at last gives up its permit and parks. If its thief has something to give later, the
//! waiter is the first to be asked (`tell::half`). *Open waits* (`block_on`, `JoinHandle::join`,
//! `block_in_place`) may need anything, so they make all of the seat's work visible first, and then
//! lend the permit in the same way (`lend.rs`).
//!
//! Two exceptions to "no strangers", both because nobody else could do it:
//!
//! * Mail (a broadcast) is addressed to this very thread.
//! * The last resort: if no thread of the pool works or sleeps and no spare can be created, a
//!   waiter runs visible work, because otherwise nothing would ever happen again.
//!
//! The proof that leapfrogging takes descendants only is in `pool/README.md`.

mod lend;
mod spin;

pub(crate) use self::lend::{begin_outside, outside, while_blocking};
pub(super) use self::spin::Spin;

use self::lend::{Lent, lend};
use super::registry::Registry;
use super::seat::{Mode, Occupant, Reached, Seat, Shown, Wait, may_reach};
use super::{computing, publish, tell};
use crate::job::JobRef;
use crate::job::stack::Public;
use crate::latch::Latch;
use crate::sync;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::deque::Steal;
use crate::trace::{self, Span};
use crate::util::parker::Level;

/// Waits for a join half that was stolen from this seat.
///
/// The seat's public deque was empty when the theft was noticed, so whatever is in it from here on
/// was put there by descendants that this wait itself runs.
#[cold]
pub(crate) fn for_half(me: Occupant<'_>, half: &Public) {
    loop {
        while let Some(job) = me.slots().pop_public() {
            computing::run_on_top(me, job);
        }
        match watch(me, half) {
            Watched::Done => return,
            Watched::Stole(job) => {
                if let Some(thief) = thief(me, half) {
                    tell::taken(me.registry(), thief);
                }
                computing::run_on_top(me, job);
            }
            Watched::Nothing => {
                if sleep_for_half(me, half) {
                    return;
                }
                // The thief offers something; another thread may be just taking it.
                sync::spin();
            }
        }
    }
}

/// What a closed wait has seen while it spun.
enum Watched {
    Done,
    Stole(JobRef),
    Nothing,
}

/// Looks at the half, and at what its thief has to give, for a moment.
fn watch(me: Occupant<'_>, half: &Public) -> Watched {
    /// The thief knows that a waiter asks, until this is dropped.
    struct Asking<'a>(Option<&'a Seat>);
    impl Drop for Asking<'_> {
        fn drop(&mut self) {
            if let Some(thief) = self.0 {
                thief.offer().set_asked_by_waiter(false);
            }
        }
    }

    let mut asking = Asking(None);
    let spin = Spin::new(me.registry());
    loop {
        if half.latch().probe() {
            return Watched::Done;
        }
        if let Some(job) = leapfrog(me, half) {
            return Watched::Stole(job);
        }
        if !spin.again() {
            return match reach(me, half) {
                Some(job) => Watched::Stole(job),
                None => Watched::Nothing,
            };
        }
        if asking.0.is_none() {
            asking.0 = thief(me, half);
            if let Some(thief) = asking.0 {
                thief.offer().set_asked_by_waiter(true);
            }
        }
    }
}

/// The seat that runs the half, if a thief has begun with it.
fn thief<'a>(me: Occupant<'a>, half: &Public) -> Option<&'a Seat> {
    me.registry().used_seat(half.thief()? as usize)
}

/// Lends the permit and sleeps until the half is done (`true`), or its thief seems to have
/// something to give.
fn sleep_for_half(me: Occupant<'_>, half: &Public) -> bool {
    let parker = me.parker();
    let thief = thief(me, half);
    let is_over = || match thief {
        Some(thief) => {
            let offers = thief.offer().has_public() || thief.hides_unasked();
            !half.latch().announce(parker) || offers
        }
        // No thread has begun with it, or this one does not know which: it must hear of that, as
        // it may be the only one that can help.
        None => {
            if !half.latch().announce_curious(parker) {
                return true;
            }
            // Ordering: SeqCst fence; pairs with the one in `StackJob::execute`.
            fence(Ordering::SeqCst);
            half.thief().is_some()
        }
    };
    lend(me, Wait::Half(half.thief()), is_over);
    !half.latch().retract(parker)
}

/// Steals from the thief of `half` what descends from `half`.
///
/// While the latch is pinned the thief cannot finish `half`; so all through the steal it is
/// running it, and its public deque holds only descendants of it (`seat.S4`).
pub(super) fn leapfrog(me: Occupant<'_>, half: &Public) -> Option<JobRef> {
    let thief = thief(me, half)?;
    if !thief.offer().ask_for_jobs() {
        return None;
    }
    let _pin = half.latch().pin()?;
    match thief.offer().steal() {
        Steal::Success(job) => Some(job),
        Steal::Empty | Steal::Retry => None,
    }
}

/// Takes from the thief's private slots what descends from `half`, while the thief is away from
/// them (rule H2). The proof is that of [`leapfrog`]: what is private on its seat is work on top of
/// `half`, as what is public there.
#[cold]
pub(super) fn reach(me: Occupant<'_>, half: &Public) -> Option<JobRef> {
    let thief = thief(me, half)?;
    if !thief.may_hide_jobs() {
        return None;
    }
    loop {
        let asked = thief.hidden().ask();
        if !may_reach() {
            return None;
        }
        let _pin = half.latch().pin()?;
        match thief.hidden().reach(asked) {
            Reached::Job(job) => return Some(job),
            Reached::Missed => sync::spin(),
            Reached::Nothing | Reached::Refused => return None,
        }
    }
}

/// Runs what lies above `base` on the public deque of this seat.
#[cold]
pub(crate) fn run_above(me: Occupant<'_>, base: usize) {
    while me.slots().is_above(base) {
        let Some(job) = me.slots().pop_public() else {
            break;
        };
        computing::begin(me);
        job.execute(me.index());
    }
}

/// Waits for a scope. `run_own` runs what the scope has left on this seat's deque.
#[cold]
pub(crate) fn for_scope(me: Occupant<'_>, done: &Latch, run_own: impl Fn()) {
    let spin = Spin::new(me.registry());
    loop {
        if done.probe() {
            return;
        }
        if !spin.again() {
            break;
        }
        run_own();
    }
    park(me, Wait::Scope, done);
}

/// Waits for something that threads of the pool `registry` do.
#[cold]
pub(crate) fn until(me: Occupant<'_>, registry: &Registry, done: &Latch) {
    if !registry.owns(&me) {
        return elsewhere(me, done);
    }
    publish::expose_all(me);
    park(me, Wait::Others, done);
}

/// Waits for something that another pool does.
#[cold]
pub(crate) fn elsewhere(me: Occupant<'_>, done: &Latch) {
    publish::expose_all(me);
    park(me, Wait::Pool, done);
}

/// Waits until this thread's parker is asked for a poll at the given level: an open wait.
pub(crate) fn for_poll(me: Occupant<'_>, level: Level, poll: PollOf) {
    publish::expose_all(me);
    me.registry().driver.fire_if_unattended();
    if me.next_round() == 0 {
        give_way(me);
    }
    let parker = me.parker();
    lend(me, Wait::Future, || parker.take_poll_request(level));
    if poll.0 == Mode::Polling && me.mode() == Mode::Computing {
        // The computation of the last poll has ended with it.
        me.set_mode(Mode::Polling);
        trace::end(Span::Compute);
    }
}

/// A future that always wants another poll never lends its permit. If it is the last one, this
/// lends it for a moment: long enough for another thread to run one job.
fn give_way(me: Occupant<'_>) {
    let registry = me.registry();
    if !registry.sleep.wants_one() && registry.has_visible_work() {
        // (It has not looked yet whether it was woken.)
        let _shown = Shown::new(me, Wait::Blocking);
        drop(Lent::give_up(me));
    }
}

/// What the thread was doing when it began to poll a future in `block_on`: it does the same again
/// at the next poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollOf(Mode);

impl PollOf {
    pub(crate) fn on(me: Occupant<'_>) -> Self {
        Self(me.mode())
    }
}

/// Lends the permit and sleeps until the latch is set.
fn park(me: Occupant<'_>, wait: Wait, done: &Latch) {
    let parker = me.parker();
    lend(me, wait, || !done.announce(parker));
}
