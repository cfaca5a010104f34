//! The driver runs tasks of its reactor: an errand, of which nobody knows how long it lasts.
//!
//! A runtime of the pool's own has tasks too (`tokio::spawn`). The thread that sleeps in it runs
//! them, up to 61 polls in a row, and is away for as long. So the reactor calls here when that
//! begins, and when its thread is going to sleep again or comes back. During an errand
//!
//! * a worker or spare thread that was asleep holds a permit and polls, as with a task of the
//!   pool: it counts neither as a sleeper, which publishers would wake in vain, nor as a searcher,
//!   which they would wait for. What it wakes is for others as well; and the rules of the rescue
//!   hold (promise P9);
//! * the thread at the post counts as one that polls, so that its deputy may take over (rescue.R4);
//! * a thread that is awake fires the pool's timers, and the post watches for it (driver.D1).
//!
//! Sockets and timers of the runtime itself have to wait: no other thread can look after them.
//!
//! A thread that was called back by a waker of the pool is on no errand: it leaves the runtime
//! before that runs tasks. An errand without tasks ends at once. So for the sake of timers, and at
//! the post, other threads are called only while the runtime has tasks. It may get its first one
//! just after that look: then timers may be late by one poll.
//!
//! While the clock is paused there are no errands: time is not to pass then.

use super::events::Tasks;
use super::seat::{Errand, Mode, Occupant};
use super::tell;
use super::worker::{self, Looked};

/// What the reactor of a pool calls.
pub(super) const TASKS: Tasks = Tasks { begin, end };

/// The occupant may run tasks of the reactor from now on. It was `asleep` there, or looks in
/// between two jobs.
pub(super) fn begin(me: Occupant<'_>, asleep: bool) {
    let registry = me.registry();
    let driver = &registry.driver;
    let is_called_back = asleep && !me.is_driving();
    if is_called_back || registry.timers().is_paused() {
        return;
    }
    driver.begin_tasks();
    let errand = if me.mode() == Mode::Overcommitted {
        from_post(me)
    } else if asleep && driver.is_held_by_own() {
        from_sleep(me)
    } else {
        Errand::OfPoll
    };
    me.set_errand(errand);
    tell::driver_is_away(registry);
}

fn from_post(me: Occupant<'_>) -> Errand {
    let registry = me.registry();
    // (Not if its deputy is there by now.)
    let is_there = registry.rescue.is_held_by(me.index());
    if is_there && registry.driver.has_tasks() && registry.rescue.begin_poll(me.index()) {
        tell::poll_begins(registry);
    }
    Errand::FromPost
}

fn from_sleep(me: Occupant<'_>) -> Errand {
    let wakes_itself = me.registry().sleep.begin_errand(me.index());
    me.set_mode(Mode::Polling);
    if wakes_itself {
        return Errand::FromSleep;
    }
    // It was woken for work, and does not come to it.
    tell::found(me, false);
    Errand::OfWoken
}

/// It sleeps, or leaves the reactor.
pub(super) fn end(me: Occupant<'_>) {
    let registry = me.registry();
    let sleep = &registry.sleep;
    let Some(errand) = me.take_errand() else {
        return;
    };
    registry.driver.end_tasks();
    match errand {
        Errand::OfPoll => {}
        Errand::FromPost => {
            if !registry.rescue.end_poll(me.index()) {
                // It does not sleep in the place of its deputy.
                me.parker().unpark();
            }
        }
        Errand::FromSleep if me.tasks.are_there() => {
            sleep.end_errand(me.index());
            me.parker().unpark();
        }
        Errand::FromSleep => {
            me.set_mode(Mode::Away);
            let rescan = || worker::rescan(me, Looked::InPublic);
            let tell = || tell::work(registry);
            sleep.drive_again(rescan, tell);
        }
        // As it was: the token is there, or on its way.
        Errand::OfWoken => sleep.start_searching(),
    }
}
