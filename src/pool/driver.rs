//! Who waits for the clock, and for the system: one sleeping thread at a time, the *driver*.
//!
//! A thread that parks takes the role if it is free, and then sleeps until the next timer at most
//! (with the feature `async-io`, inside that crate's reactor). There is no thread for this alone.
//! Who is the driver:
//!
//! * An idle worker or spare thread. It sleeps apart from the stack of sleepers, so that it can
//!   leave by itself: it takes a permit, is a searcher, and whatever the timers wake lands on its
//!   own queues.
//! * A thread in `block_on`. It runs nothing but its own future, so what is woken besides goes to
//!   the others, and the role with it.
//! * The overcommitted thread, while all others compute.
//!
//! D1. *If there is a timer, then somebody is the driver and sleeps no longer than until it, or some
//! thread polls or searches and will look before it parks, or publishers are told that there is
//! work.* For that, a free role with a timer counts as visible work (`Registry::has_visible_work`)
//! and as waiting (`rescue`): whoever parks, lends its permit, leaves, or begins to compute looks at
//! it there, after its own fence. Whoever adds a timer stores the next tick, fences, and reads who is
//! the driver; whoever becomes the driver says so, fences, and reads the next tick. So either the
//! driver is woken to look again, or it has seen the new tick. Models: `pool::driver_*`.

use super::registry::Registry;
use super::seat::{Mode, Seat};
use crate::sync::atomic::{AtomicPtr, Ordering, fence};
use crate::timer::{Added, Key, Timers};
use crate::util::parker::{Level, Parker};
use std::ptr;
use std::task::Waker;
use std::time::Instant;

/// Can anything ever be waited for? Otherwise the compiler takes all of this out.
const HAS_TIMERS: bool = cfg!(any(feature = "time", test));

/// Does the driver wait for events of the system? Then an idle pool has one even without timers.
const HAS_EVENTS: bool = cfg!(feature = "async-io");

#[derive(Debug)]
pub(super) struct Driver {
    /// Whose the role is; null: nobody's.
    holder: AtomicPtr<Parker>,
    timers: Timers,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self {
            holder: AtomicPtr::new(ptr::null_mut()),
            timers: Timers::new(),
        }
    }

    fn is_free(&self) -> bool {
        // Ordering: Relaxed; callers rely on their fences (D1), or it is a hint.
        self.holder.load(Ordering::Relaxed).is_null()
    }

    /// Must somebody take the role?
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        HAS_TIMERS && !self.timers.is_empty() && self.is_free()
    }

    /// The role for a thread that is about to park, if it is free and of use. Threads that do not
    /// stay take it only if there are timers.
    #[inline]
    pub(super) fn take<'a>(&'a self, parker: &'static Parker, stays: bool) -> Option<Role<'a>> {
        let useful = (HAS_EVENTS && stays) || (HAS_TIMERS && !self.timers.is_empty());
        if !useful || !self.is_free() {
            return None;
        }
        let holder = ptr::from_ref(parker).cast_mut();
        // Ordering: Relaxed; the fence below orders it against the look at the timers.
        let taken = self.holder.compare_exchange(
            ptr::null_mut(),
            holder,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        taken.ok()?;
        // Ordering: SeqCst fence of D1; pairs with the one in `look_again`.
        fence(Ordering::SeqCst);
        Some(Role {
            driver: self,
            parker,
        })
    }

    /// The next tick comes earlier than the driver may think. `false`: there is no driver.
    fn look_again(&self) -> bool {
        // Ordering: SeqCst fence of D1; pairs with the one in `take`.
        fence(Ordering::SeqCst);
        // Ordering: Relaxed; ordered by the fence.
        let holder = self.holder.load(Ordering::Relaxed);
        if holder.is_null() {
            return false;
        }
        // SAFETY: holders are parkers, which live for ever.
        unsafe { (*holder).unpark() };
        true
    }
}

/// The role of the driver, until dropped. Whoever drops it looks at [`Driver::is_wanted`] before it
/// parks or leaves (D1).
#[derive(Debug)]
pub(super) struct Role<'a> {
    driver: &'a Driver,
    parker: &'static Parker,
}

impl Role<'_> {
    /// If timers are over, calls `begin` and then their wakers. Else sleeps until the parker is
    /// woken, something happens, or it is time for a timer.
    pub(super) fn drive(&self, seat: Option<&Seat>, begin: impl FnOnce()) {
        let timers = &self.driver.timers;
        if timers.is_due() {
            begin();
            timers.fire();
        } else {
            let set_driving = |driving| {
                if let (true, Some(seat)) = (HAS_EVENTS, seat) {
                    seat.set_driving(driving);
                }
            };
            set_driving(true);
            self.parker.drive(timers.next());
            set_driving(false);
        }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        // Ordering: Relaxed; D1 needs no more than the fences of whoever looks.
        self.driver.holder.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

impl Registry {
    /// Calls `waker` at a deadline, or soon after. `None`: it is over already.
    pub(crate) fn add_timer(&self, deadline: Instant, waker: &Waker) -> Option<Key> {
        let added = self.driver.timers.add(deadline, waker)?;
        Some(self.heed_timer(added))
    }

    /// Gives a timer another deadline, and another key. `None`: it is over, and its waker was called.
    pub(crate) fn move_timer(&self, key: Key, deadline: Instant) -> Option<Key> {
        let added = self.driver.timers.reset(key, deadline)?;
        Some(self.heed_timer(added))
    }

    /// Tells the driver, or whoever may have to become it, about the first timer.
    fn heed_timer(&self, Added { key, first }: Added) -> Key {
        if first && !self.driver.look_again() && !self.will_look() {
            // As for any other work that has become visible.
            self.notify();
        }
        key
    }

    /// Is this a thread that will look at the timers before it parks, lends, leaves or computes?
    fn will_look(&self) -> bool {
        super::seat::try_current()
            .is_some_and(|seat| self.owns(seat) && seat.phase().mode() == Mode::Polling)
    }

    /// How a thread without a seat waits until its parker is asked for a poll.
    pub(crate) fn wait_outside(&self, parker: &'static Parker, level: Level) {
        self.fire_timers();
        while !parker.take_poll_request(level) {
            let Some(role) = self.driver.take(parker, true) else {
                parker.park();
                continue;
            };
            role.drive(None, || ());
            drop(role);
            // Whether it takes the role again or comes back: others may have to see to the timers.
            // Ordering: SeqCst fence of D1: the role is free, then the look at the sleepers.
            fence(Ordering::SeqCst);
            self.notify_if_visible();
        }
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.driver.timers
    }

    /// A thread that is awake looks at the clock, if nobody else does.
    #[inline]
    pub(super) fn fire_timers(&self) {
        if self.driver.is_wanted() && self.driver.timers.is_due() {
            self.driver.timers.fire();
        }
    }

    /// The driver has something for the pool, and is asked to come back from where it sleeps. An
    /// idle thread takes a permit, if one is free, so that what is woken now finds it awake.
    #[cold]
    pub(super) fn wake_driver(&self, seat: &Seat) {
        seat.set_driving(false);
        if seat.phase().mode() == Mode::Away && self.sleep.leave_driving(seat.index()) {
            seat.set_mode(Mode::Polling);
        }
        seat.parker().unpark();
    }
}
