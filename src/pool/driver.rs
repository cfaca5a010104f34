//! Who waits for the clock, and for the system: one sleeping thread at a time, the *driver*.
//!
//! A thread that parks takes the role if it is free, and then sleeps until the next timer at most,
//! inside a reactor if there is one (`events`). There is no thread for this alone. The driver is
//!
//! * an idle worker. It sleeps apart from the stack of sleepers, so that it can leave by itself: it
//!   takes a permit, is a searcher, and what the timers wake lands on its own queues;
//! * a thread in `block_on`. It runs nothing but its own future, so what is woken besides goes to
//!   the others, and the role with it. (Not in the pool's own runtime, see `events`);
//! * the overcommitted thread, while all others compute;
//! * a spare thread, if no worker sleeps: a worker's stack may be deep in a wait. The next worker
//!   that goes to sleep wakes the spare thread, which leaves the role to it, and can end.
//!
//! A driver that finds a task to poll releases the role, and wakes no successor: most polls are
//! short, and it will be back. Meanwhile every thread that polls looks at the clock and at the
//! events in one round of 61. Before such a thread begins to compute, it calls another one. And the
//! thread at the post of `rescue` keeps watch while the pool is busy. If no thread has taken the
//! role for 10 ms, because a poll blocks its thread, the post takes it.
//!
//! Inside a tokio runtime of the pool's own, the driver also runs that runtime's tasks, whose polls
//! may last. It says so ([`Driver::begin_tasks`]), and for the clock it counts as absent then: each
//! thread that is awake fires timers in its place, and the post watches, from timer to timer.
//!
//! driver.D1. *While timers or events are pending, one of three holds: a driver sleeps no longer
//! than until the next timer (or a millisecond after the last one); a thread that polls or searches
//! will look before it parks; a thread has been called to look.* For that, a free role counts as
//! visible work (`Registry::has_visible_work`) and as something that waits (`rescue/sight.rs`). A
//! thread that parks, lends its permit, leaves, or begins to compute looks at it there, after its
//! own fence. A thread that adds a timer stores the next tick, fences, and reads who is the driver;
//! a thread that becomes the driver says so, fences, and reads the next tick. So either the driver
//! is woken to look again, or it has seen the new tick. Likewise a driver that begins to run tasks
//! says so, fences, and looks for timers; a thread that adds one looks behind its fence whether the
//! driver runs tasks. So one of the two calls the post. Models: `pool::driver_*`.

use super::events::{self, Events, Facts};
use super::seat::Occupant;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use crate::timer::Timers;
use crate::util::parker::Parker;
use crate::util::unwind;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::ptr;
use std::time::Instant;

/// Who asks for the role, to sleep with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A worker that has nothing to do. It sleeps in any case.
    Worker,
    /// A spare thread that has nothing to do, or the overcommitted one: until a worker sleeps.
    Spare,
    /// A thread that waits for a future.
    Waiter,
    /// The same, and nobody else could.
    LastWaiter,
}

impl Asker {
    /// A thread of the pool's that is not on top of a job.
    fn is_own(self) -> bool {
        matches!(self, Self::Worker | Self::Spare)
    }
}

#[derive(Debug)]
pub(super) struct Driver {
    /// Whose the role is; null: nobody's.
    holder: AtomicPtr<Parker>,
    /// How often the role was taken. Written by its holder.
    takes: AtomicU32,
    /// Was it taken by a spare thread? Written by its holder.
    by_spare: AtomicBool,
    /// Was it taken by a thread of the pool's, which may be [hosted](Self::host)? Written by its
    /// holder.
    by_own: AtomicBool,
    /// Its holder may run tasks of the reactor. Written by its holder.
    in_tasks: AtomicBool,
    timers: Timers,
    events: Box<dyn Events>,
    facts: Facts,
}

impl Driver {
    pub(super) fn new(events: Box<dyn Events>) -> Self {
        Self {
            holder: AtomicPtr::new(ptr::null_mut()),
            takes: AtomicU32::new(0),
            by_spare: AtomicBool::new(false),
            by_own: AtomicBool::new(false),
            in_tasks: AtomicBool::new(false),
            timers: Timers::new(),
            facts: events.facts(),
            events,
        }
    }

    pub(super) fn timers(&self) -> &Timers {
        &self.timers
    }

    fn is_free(&self) -> bool {
        // Ordering: Relaxed; callers rely on their fences (driver.D1), or it is a hint.
        self.holder.load(Ordering::Relaxed).is_null()
    }

    /// Is the role of use, and free?
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        self.is_of_use() && self.is_free()
    }

    /// Is there anything that only the driver sees to?
    #[inline]
    pub(super) fn is_of_use(&self) -> bool {
        self.has_timers() || self.has_events()
    }

    /// Does the pool wait for events of the system?
    #[inline]
    pub(super) fn has_events(&self) -> bool {
        events::MAY_EXIST && self.facts.exist
    }

    fn has_timers(&self) -> bool {
        !self.timers.is_empty()
    }

    /// Has the reactor tasks of its own?
    pub(super) fn has_tasks(&self) -> bool {
        cfg!(manyhands_loom) || self.has_events() && self.events.has_tasks()
    }

    /// Is the driver, which is the calling thread, one of the pool's that has nothing else to do?
    pub(super) fn is_held_by_own(&self) -> bool {
        // Ordering: Relaxed; from this thread to itself.
        self.by_own.load(Ordering::Relaxed) || cfg!(manyhands_loom)
    }

    /// The driver, which is the calling thread, may run tasks of the reactor now. The caller sees
    /// to the timers that [wait](Self::has_waiting_timers).
    pub(super) fn begin_tasks(&self) {
        // Ordering: Relaxed, then the SeqCst fence of driver.D1; it pairs with the one in
        // `look_again`.
        self.in_tasks.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// It sleeps again, or comes back.
    pub(super) fn end_tasks(&self) {
        // Ordering: Relaxed; whoever sees it late looks at the clock once more.
        self.in_tasks.store(false, Ordering::Relaxed);
    }

    /// May the driver run tasks of the reactor, if that has any?
    #[inline]
    fn may_run_tasks(&self) -> bool {
        // Ordering: Relaxed; callers rely on their fences (driver.D1), or it is a hint.
        let may = events::MAY_EXIST || cfg!(manyhands_loom);
        may && self.in_tasks.load(Ordering::Relaxed)
    }

    /// Are there timers while the driver runs tasks of the reactor, and may not come back soon?
    #[inline]
    pub(super) fn has_waiting_timers(&self) -> bool {
        self.has_timers() && self.may_run_tasks() && self.has_tasks()
    }

    /// How often the role was taken so far.
    pub(super) fn takes(&self) -> u32 {
        // Ordering: Relaxed, as in `take`.
        self.takes.load(Ordering::Relaxed)
    }

    fn is_of_use_to(&self, by: Asker) -> bool {
        match by {
            Asker::Waiter if self.has_events() => !self.facts.no_waiters,
            _ => self.is_of_use(),
        }
    }

    /// The role for a thread that is about to park, if it is free and of use.
    #[inline]
    pub(super) fn take<'a>(&'a self, parker: &'static Parker, by: Asker) -> Option<Role<'a>> {
        if !self.is_of_use_to(by) || !self.is_free() {
            return None;
        }
        let holder = ptr::from_ref(parker).cast_mut();
        // Ordering: Release hands over the parker as it was made; pairs with the Acquire in
        // `look_again`. Acquire pairs with the Release of the holder before (`Role::drop`). The
        // fence below orders it against the look at the timers.
        let taken = self.holder.compare_exchange(
            ptr::null_mut(),
            holder,
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        taken.ok()?;
        // Ordering: Relaxed; the post, which watches, looks again and again.
        let takes = self.takes.load(Ordering::Relaxed);
        self.takes.store(takes.wrapping_add(1), Ordering::Relaxed);
        // Ordering: Relaxed, ordered by the fence; `by_own` is a hint.
        self.by_spare.store(by == Asker::Spare, Ordering::Relaxed);
        if events::MAY_EXIST {
            self.by_own.store(by.is_own(), Ordering::Relaxed);
        }
        // Ordering: SeqCst fence of driver.D1; pairs with the one in `look_again`.
        fence(Ordering::SeqCst);
        Some(Role {
            driver: self,
            parker,
            by,
        })
    }

    /// Runs the life of a worker or spare thread, which may sleep and [glance](Role::glance) as the
    /// driver.
    pub(super) fn host(&self, life: impl Future<Output = ()>) {
        self.events.host(pin!(life));
    }

    /// The pool has ended.
    pub(super) fn close(&self) {
        self.events.close();
    }

    /// The role for a [hosted](Self::host) thread between two polls, to let events in, if it is
    /// free.
    #[inline]
    pub(super) fn role_to_glance<'a>(&'a self, parker: &'static Parker) -> Option<Role<'a>> {
        self.has_events()
            .then(|| self.take(parker, Asker::Worker))
            .flatten()
    }

    /// Calls the wakers of timers that have expired, if no thread has the role, or its thread does
    /// something else: a thread that is awake looks at the clock.
    #[inline]
    pub(super) fn fire_if_unattended(&self) {
        let is_unattended = || self.is_free() || self.may_run_tasks();
        if self.has_timers() && is_unattended() && self.timers.is_due() {
            self.timers.fire();
        }
    }

    /// A thread without a seat has woken a task. If it is one that the reactor has brought along,
    /// the driver goes back to the reactor.
    #[inline]
    pub(super) fn woken_outside(&self) {
        // Ordering: Relaxed; a hint. A waiter would leave the reactor by a wake.
        let is_hosted = || self.facts.hosts && self.by_own.load(Ordering::Relaxed);
        if self.has_events() && is_hosted() && self.events.is_helper() {
            self.look_again();
        }
    }

    /// Has a spare thread the role?
    #[inline]
    pub(super) fn is_held_by_spare(&self) -> bool {
        // Ordering: Relaxed; a thread that gives a permit back fences and reads this, and a spare
        // thread writes it (`take`), fences, and looks who sleeps.
        self.by_spare.load(Ordering::Relaxed) && !self.is_free()
    }

    /// The driver, if it is not this thread, looks again whether anything is left to do. The caller
    /// has put a fence.
    pub(super) fn look_at_rest(&self) {
        // Ordering: Acquire, as in `look_again`; else ordered by the caller's fence.
        let holder = self.holder.load(Ordering::Acquire);
        if !holder.is_null() && !ptr::eq(holder, Parker::current()) {
            // SAFETY: holders are parkers, which live for ever.
            unsafe { (*holder).unpark() };
        }
    }

    /// The driver looks at the next tick again, which may come earlier than it thinks. `false`:
    /// there is no driver.
    pub(super) fn look_again(&self) -> bool {
        // Ordering: SeqCst fence of driver.D1; pairs with the one in `take`.
        fence(Ordering::SeqCst);
        // Ordering: Acquire pairs with the Release in `take`; else ordered by the fence.
        let holder = self.holder.load(Ordering::Acquire);
        if holder.is_null() {
            return false;
        }
        // SAFETY: holders are parkers, which live for ever.
        unsafe { (*holder).unpark() };
        true
    }
}

/// The role of the driver. It is given up by [`Role::give_up`], which tells others that it is free.
#[must_use]
#[derive(Debug)]
pub(super) struct Role<'a> {
    driver: &'a Driver,
    parker: &'static Parker,
    by: Asker,
}

impl Role<'_> {
    /// Sleeps until the parker is woken, an event happens, or the next timer expires. If timers
    /// have expired, before or after that, calls `begin` and then their wakers. For a thread that
    /// waits on top of a job.
    pub(super) fn drive(&self, me: Option<Occupant<'_>>, begin: impl Fn()) {
        events::run_to_end(self.drive_until(None, me, begin));
    }

    /// As [`drive`](Self::drive), but sleeps no longer than until `end`; and for a
    /// [hosted](Driver::host) thread, which waits as a future.
    pub(super) async fn drive_until(
        &self,
        end: Option<Instant>,
        me: Option<Occupant<'_>>,
        begin: impl Fn(),
    ) {
        if !self.fires(&begin) {
            self.sleep_until_woken(end, me).await;
            self.fires(&begin);
        }
    }

    async fn sleep_until_woken(&self, end: Option<Instant>, me: Option<Occupant<'_>>) {
        let driver = self.driver;
        let events = &driver.events;
        let deadline = self.next_wake().into_iter().chain(end).min();
        let nested = matches!(self.by, Asker::Waiter | Asker::LastWaiter);
        if !driver.has_events() || !events.admit(nested) {
            return self.parker.drive(deadline);
        }
        let set_driving = |driving| {
            if let Some(me) = me {
                me.set_driving(driving);
            }
        };
        set_driving(true);
        if let Some(mut driving) = self.parker.drive_inside() {
            if self.is_hosted() {
                poll_fn(|context| events.poll_sleep(&mut driving, deadline, context)).await;
            } else if let Err(payload) = unwind::catch(|| events.sleep(&mut driving, deadline)) {
                // Not let in: the thread is inside another `block_on` of the same runtime.
                unwind::discard(payload);
            }
        }
        set_driving(false);
    }

    /// Is it that of a thread that stays inside the reactor, where it waits as a future?
    fn is_hosted(&self) -> bool {
        self.by.is_own() && self.driver.facts.hosts
    }

    /// If timers have expired, calls `begin` and then their wakers.
    fn fires(&self, begin: impl Fn()) -> bool {
        let timers = &self.driver.timers;
        let is_due = timers.is_due();
        if is_due {
            begin();
            timers.fire();
        }
        is_due
    }

    /// When to wake up for timers.
    fn next_wake(&self) -> Option<Instant> {
        let timers = &self.driver.timers;
        match self.driver.facts.coarse_clock {
            true => timers.next(),
            false => timers.next_wake(),
        }
    }

    /// Who has the role.
    pub(super) fn asker(&self) -> Asker {
        self.by
    }

    /// Is it a spare thread's, which has it only until a worker sleeps?
    pub(super) fn is_by_spare(&self) -> bool {
        self.by == Asker::Spare
    }

    /// Lets events in, without a sleep, on a [hosted](Driver::host) thread.
    pub(super) async fn glance(&self) {
        match self.is_hosted() {
            true => events::glance_hosted().await,
            false => self.driver.events.glance(),
        }
    }

    /// As [`glance`](Self::glance), if there are events, and this thread can.
    #[cfg(feature = "test-util")]
    pub(super) async fn glance_if_possible(&self) {
        let is_possible = self.is_hosted() || !self.driver.facts.hosts;
        if self.driver.has_events() && is_possible {
            self.glance().await;
        }
    }

    /// Where its thread sleeps.
    #[cfg(feature = "test-util")]
    pub(super) fn parker(&self) -> &'static Parker {
        self.parker
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        // Ordering: Release pairs with the Acquire in `take`: what this holder has written of
        // itself comes before what the next one writes. (driver.D1 needs the fences of those who
        // look.)
        self.driver.holder.store(ptr::null_mut(), Ordering::Release);
    }
}
