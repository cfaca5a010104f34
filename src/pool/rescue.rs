//! Futures beside computing threads: one overcommitted thread that only polls.
//!
//! When every thread that holds a permit computes, ready futures would wait until one of them is
//! done. Then a spare thread is called that polls them without a permit, and the kernel shares the
//! cores out, as it does for two pools; but only while it must. It sleeps in the reactor, and polls
//! what it has woken itself at once.
//!
//! * Who notices: whoever publishes work and finds all permits out ([`Registry::notify`]), and
//!   whoever begins to compute ([`Registry::begin_computing`]). Both call
//!   [`Registry::look_after_waiting`], which is two loads while there is no need.
//! * Who helps: one thread at a time (R1). It looks whether the computing threads move at all, and
//!   takes naps while they do; short computations are no reason to add a thread.
//! * What is likely to compute (`task::heft`) it puts aside, for those who compute. A thread that has
//!   computed is one that the kernel is in no hurry to run when there is something to poll again.
//! * When a future that it polls begins to compute nevertheless, the thread takes a permit like one
//!   that resumes from a wait, and leaves its post to another one. For some time it waits until one
//!   of the others is done, so that requests that compute do not all start at once.
//! * Roots and heavy futures that wait for very long get company for those who compute: one begins
//!   beside them, seldom.
//!
//! No request is missed (R2): a publisher pushes, fences, and looks who computes and whether
//! somebody helps; a thread that begins to compute says so, fences, and looks at the queues; the
//! helper says that it leaves, fences, and looks at both. Models: `pool::rescue_*`.

use super::bench::Role;
use super::driver::{self, By};
use super::find;
use super::registry::Registry;
use super::seat::{Mode, Seat};
use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, lock};
use crate::task::{self, Class, Priority};
use crate::trace::{self, Span};
use crate::util::parker::Parker;
use std::ptr;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Threads that have computed for so long, all of them, are no longer waited for.
const PATIENCE: Duration = Duration::from_micros(100);

/// Nor are others, if a future has been ready for so long.
const LATE: Duration = Duration::from_micros(300);

/// The same for futures that can wait (`Priority::Background`).
const BACKGROUND_PATIENCE: Duration = Duration::from_millis(20);

/// Between two looks at roots and heavy futures whose time has not come.
const REST: Duration = Duration::from_millis(1);

/// What the thread at the post has woken as the driver it polls itself, also if others poll; but no more
/// than so much of it.
const FAVOURS: u32 = 32;

/// The longest nap between two looks.
const MAX_NAP: Duration = Duration::from_millis(1);

/// Roots, heavy futures, and those that begin to compute on the overcommitted thread wait until others
/// are done. When nobody has been taken for so long, one begins beside those who compute;
const TURN: Duration = Duration::from_millis(100);

/// before that, if none of them has moved for a `TURN`, or, when there was little company of late (in
/// one of so many milliseconds), for so long;
const LONG: Duration = Duration::from_millis(10);
const SELDOM: u32 = 30;

/// but those that have begun already wait for so long at least,
const SHORT_TURN: Duration = Duration::from_millis(1);

/// and a future after so long in any case: they may wait for a lock that it holds.
const LAST_TURN: Duration = Duration::from_millis(200);

/// Between two looks at the clock, after the first.
const TURN_NAP: Duration = Duration::from_millis(10);

/// So many may pause without holding up the futures behind them.
const MAX_PAUSED: usize = 16;

/// How long the role of the driver may be free before the thread at the post takes it.
const WATCH: Duration = Duration::from_millis(10);

/// After so many looks at a driver that sleeps, the watch is over.
const QUIET_LOOKS: u32 = 10;

/// Models have no clock: patience is at its end at once, and pauses are over.
const IN_MODEL: bool = cfg!(manyhands_model);

/// The state of one pool's help for futures.
#[derive(Debug)]
pub(super) struct Rescue {
    /// Can there be an overcommitted thread at all?
    possible: bool,
    /// R1: a thread has this post, or is being called for it.
    manned: AtomicBool,
    /// The thread at the post sleeps, as the driver or on watch, and is to be woken for anything else.
    dozes: AtomicPtr<Parker>,
    /// If it does: in spite of roots and heavy futures.
    resting: AtomicBool,
    look: Mutex<Look>,
    /// Is the pool over? Ends naps.
    closed: Mutex<bool>,
    closing: Condvar,
    pauses: Mutex<Pauses>,
    go: Condvar,
    /// Is anybody in a pause?
    has_paused: AtomicBool,
}

#[derive(Debug)]
struct Pauses {
    /// Threads in a pause. Each of them has a permit in the books of `sleep`.
    waiting: usize,
    closed: bool,
}

type Pausing<'a> = MutexGuard<'a, Pauses>;

/// What the computing threads were doing at the last look.
#[derive(Debug)]
struct Look {
    phases: Vec<u64>,
    since: Instant,
    /// When help was asked for, if that has not come yet.
    asked: Option<Instant>,
    /// While roots or heavy futures wait: how many had been taken at the last look, and since when
    /// nobody has taken one.
    waiting: Option<(u32, Instant)>,
    company: Company,
}

/// When more threads computed than there are permits, as far as was seen.
#[derive(Debug)]
struct Company {
    is_there: bool,
    from: Instant,
    to: Instant,
}

impl Company {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            is_there: false,
            from: now,
            to: now,
        }
    }

    fn look(&mut self, is_there: bool) {
        let now = Instant::now();
        if is_there {
            if !self.is_there {
                self.from = now;
            }
            self.to = now;
        }
        self.is_there = is_there;
    }

    /// Has there been none for long, measured by how long it was there the last time?
    fn is_rare(&self) -> bool {
        self.to.elapsed() >= SELDOM * (self.to - self.from)
    }
}

impl Look {
    /// How long all threads that compute have been at the same computation.
    fn unmoved(&mut self, registry: &Registry) -> Duration {
        let seats = registry.used_seats();
        self.phases.resize(seats, 0);
        let mut moved = false;
        for (index, before) in self.phases.iter_mut().enumerate() {
            let Some(seat) = registry.used_seat(index) else {
                continue;
            };
            let phase = seat.phase();
            moved |= phase.mode() == Mode::Computing && phase.0 != *before;
            *before = phase.0;
        }
        if moved {
            self.since = Instant::now();
        }
        self.company.look(registry.sleep.is_crowded());
        self.since.elapsed()
    }

    /// All that compute have been at the same computation for so long: may one more compute beside them?
    fn welcomes_company(&self, unmoved: Duration) -> bool {
        unmoved >= TURN || unmoved >= LONG && self.company.is_rare()
    }

    /// For how long have roots and heavy futures waited, and nobody has taken one?
    fn waited(&mut self, taken: u32) -> Duration {
        let now = Instant::now();
        let since = match self.waiting {
            Some((before, since)) if before == taken => since,
            _ => now,
        };
        self.waiting = Some((taken, since));
        now - since
    }

    /// The occupant of `seat` computes beside the others: none of those has moved.
    fn overlook(&mut self, seat: &Seat) {
        let at = seat.index() as usize;
        self.phases.resize(self.phases.len().max(at + 1), 0);
        self.phases[at] = seat.phase().0;
    }
}

/// How a thread has left the post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Left {
    /// There is nothing to do there.
    Idle,
    /// It has begun to compute, and holds a permit now.
    WithPermit,
}

impl Rescue {
    pub(super) fn new(possible: bool) -> Self {
        Self {
            possible,
            manned: AtomicBool::new(false),
            dozes: AtomicPtr::new(ptr::null_mut()),
            resting: AtomicBool::new(false),
            look: Mutex::new(Look {
                phases: Vec::new(),
                since: Instant::now(),
                asked: None,
                waiting: None,
                company: Company::new(),
            }),
            closed: Mutex::new(false),
            closing: Condvar::new(),
            pauses: Mutex::new(Pauses {
                waiting: 0,
                closed: false,
            }),
            go: Condvar::new(),
            has_paused: AtomicBool::new(false),
        }
    }

    /// `true`: the caller is to man the post.
    pub(super) fn man(&self) -> bool {
        // Ordering: Relaxed to look and to take; the fences of R2 order it against the queues.
        !self.manned.load(Ordering::Relaxed) && !self.manned.swap(true, Ordering::Relaxed)
    }

    /// Is somebody at the post who will look by himself?
    fn is_awake(&self) -> bool {
        // Ordering: Relaxed; the callers' fences order it.
        self.manned.load(Ordering::Relaxed) && self.dozes.load(Ordering::Relaxed).is_null()
    }

    /// Wakes the thread at the post, if it sleeps as the driver.
    fn wake(&self) {
        // Ordering: Acquire pairs with the Release in `doze`: the parker is seen as it was made.
        let parker = self.dozes.load(Ordering::Acquire);
        if !parker.is_null() {
            // SAFETY: parkers live for ever.
            unsafe { (*parker).unpark() };
        }
    }

    /// The thread at the post sleeps by `sleep`, as the driver or between two looks, unless there is
    /// something to do for it.
    pub(super) fn doze(&self, registry: &Registry, seat: &Seat, sleep: impl FnOnce()) {
        let parker = ptr::from_ref(seat.parker()).cast_mut();
        // Ordering: Release hands over the parker. SeqCst fence of R2, as in `unman`.
        self.dozes.store(parker, Ordering::Release);
        fence(Ordering::SeqCst);
        let is_needed = registry.is_saturated() && registry.has_waiting();
        if !is_needed && !registry.is_closed() {
            let _parked = seat.counters().parked();
            sleep();
        }
        // Ordering: Relaxed; whoever still finds it wakes a thread that is awake.
        self.dozes.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// The thread at the post knows that there are roots and heavy futures, and sleeps nevertheless.
    pub(super) fn set_resting(&self, rests: bool) {
        // Ordering: Relaxed, ordered by the fence in `doze`. Whoever misses that it is over finds a
        // thread that is awake.
        self.resting.store(rests, Ordering::Relaxed);
    }

    fn rests(&self) -> bool {
        // Ordering: Relaxed; the callers' fences order it.
        self.resting.load(Ordering::Relaxed)
    }

    #[cfg(all(test, manyhands_loom))]
    pub(super) fn is_manned(&self) -> bool {
        self.manned.load(Ordering::Relaxed)
    }

    fn unman(&self) {
        // Ordering: Relaxed, as in `man`.
        self.manned.store(false, Ordering::Relaxed);
        // Ordering: SeqCst fence of R2; pairs with those of publishers and of `begin_computing`:
        // either they see the post empty, or whoever leaves it sees what they wrote.
        fence(Ordering::SeqCst);
    }

    /// Ends naps and pauses: the pool is over.
    pub(super) fn close(&self) {
        // Ordering: SeqCst fence; pairs with the one in `doze`, which looks whether the pool is over.
        fence(Ordering::SeqCst);
        self.wake();
        *lock(&self.closed) = true;
        self.closing.notify_all();
        lock(&self.pauses).closed = true;
        self.go.notify_all();
    }

    fn nap(&self, seat: &Seat, time: Duration) {
        let _parked = seat.counters().parked();
        let closed = lock(&self.closed);
        if *closed {
            return;
        }
        // Models have no clock.
        #[cfg(manyhands_model)]
        {
            let _ = time;
            drop(closed);
            crate::sync::thread::yield_now();
        }
        #[cfg(not(manyhands_model))]
        drop(
            self.closing
                .wait_timeout(closed, time)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// The calling thread has taken a permit, and computes as soon as there is room: there is for as
    /// many as there are permits. Then, or later if it must (models have no clock), it returns.
    pub(super) fn pause(&self, registry: &Registry) {
        let start = Instant::now();
        let mut nap = SHORT_TURN;
        let mut pauses = lock(&self.pauses);
        pauses.waiting += 1;
        // Ordering: Relaxed; the fence pairs with those of whoever gives a permit back and then
        // looks at this (`grant`): either that one sees it, or this thread sees the permit.
        self.has_paused.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while !pauses.closed && !self.has_turn(registry, pauses.waiting, start) {
            pauses = self.wait_for_turn(pauses, nap);
            nap = TURN_NAP;
        }
        pauses.waiting -= 1;
        if pauses.waiting == 0 {
            // Ordering: Relaxed, as above.
            self.has_paused.store(false, Ordering::Relaxed);
        }
    }

    #[cfg(not(manyhands_model))]
    fn wait_for_turn<'a>(&self, pauses: Pausing<'a>, nap: Duration) -> Pausing<'a> {
        let woken = self.go.wait_timeout(pauses, nap);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    #[cfg(manyhands_model)]
    fn wait_for_turn<'a>(&self, pauses: Pausing<'a>, _: Duration) -> Pausing<'a> {
        let woken = self.go.wait(pauses);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    /// May one of those who pause go on, which has done so since `start`?
    fn has_turn(&self, registry: &Registry, paused: usize, start: Instant) -> bool {
        let computing = (registry.sleep.active() as usize).saturating_sub(paused);
        let permits = registry.num_threads();
        if computing < permits {
            return true;
        }
        if IN_MODEL {
            return false;
        }
        let waited = start.elapsed();
        let is_turn = || {
            let mut look = lock(&self.look);
            let unmoved = look.unmoved(registry);
            waited >= TURN || waited >= SHORT_TURN && look.welcomes_company(unmoved)
        };
        waited >= LAST_TURN || computing == permits && is_turn()
    }

    fn paused(&self) -> usize {
        lock(&self.pauses).waiting
    }

    /// A permit was given back, and a SeqCst fence put behind that: one in a pause may go on.
    #[inline]
    pub(super) fn grant(&self) {
        // Ordering: Relaxed, as in `pause`.
        if self.has_paused.load(Ordering::Relaxed) {
            self.grant_one();
        }
    }

    #[cold]
    fn grant_one(&self) {
        // With the lock: whoever pauses has not looked yet, or sleeps.
        let _pauses = lock(&self.pauses);
        self.go.notify_one();
    }
}

impl Registry {
    /// The occupant of a seat begins with something that is not just a poll.
    pub(super) fn begin_computing(&self, seat: &Seat) {
        match seat.phase().mode() {
            Mode::Polling => {
                begin(seat);
                task::note_computing();
                seat.set_mode(Mode::Computing);
                // Ordering: SeqCst fence of R2 and D1: the mode, then the look at the queues and at
                // the role of the driver.
                fence(Ordering::SeqCst);
                if self.driver.is_wanted() {
                    // It may have been this thread's until now.
                    self.notify();
                } else {
                    self.look_after_waiting();
                }
            }
            Mode::Overcommitted => {
                begin(seat);
                task::note_computing();
                self.begin_at_post(seat);
            }
            // It computes already, or inside `block_in_place`, without a permit.
            Mode::Computing | Mode::Away => {}
        }
    }

    /// Calls the overcommitted thread if ready work waits and everybody computes. The caller has put
    /// a SeqCst fence between what it has changed and this.
    #[cold]
    pub(super) fn look_after_waiting(&self) {
        if !self.needs_rescue() {
            return;
        }
        let to_be_called = self.rescue.man();
        lock(&self.rescue.look)
            .asked
            .get_or_insert_with(Instant::now);
        if to_be_called {
            self.call_poller();
        } else {
            self.rescue.wake();
        }
    }

    /// R2. Is there work that nobody will look at before a computation ends?
    fn needs_rescue(&self) -> bool {
        self.rescue.possible
            // Ordering: Relaxed; the callers' fences order it.
            && !self.rescue.is_awake()
            && self.is_saturated()
            && self.has_waiting()
            && !self.is_closed()
    }

    /// Are all permits out, and is nobody polling?
    fn is_saturated(&self) -> bool {
        !self.sleep.wants_one() && self.all_compute()
    }

    /// Does nobody poll, or look for something to do?
    fn all_compute(&self) -> bool {
        !self.sleep.has_searchers()
            && self
                .seats()
                .all(|seat| seat.phase().mode() != Mode::Polling)
    }

    /// Are there ready futures, or roots that have not begun, or timers that nobody looks after?
    /// Whoever rests at the post knows of roots and of heavy futures.
    fn has_waiting(&self) -> bool {
        let has_ready = if self.rescue.rests() {
            self.has_ready_future()
        } else {
            self.has_ready()
        };
        has_ready || self.driver.is_wanted()
    }

    fn has_ready(&self) -> bool {
        !self.injectors.is_empty() || self.seats().any(Seat::has_tasks)
    }

    /// Is there a ready future that cannot wait? (Some of them turn out to be heavy when somebody
    /// wants to poll them.)
    fn has_ready_future(&self) -> bool {
        let injected = |priority| self.injectors.len(Class::future(priority)) > 0;
        injected(Priority::High) || injected(Priority::Normal) || self.seats().any(Seat::has_tasks)
    }

    /// Is any thread computing?
    fn any_computes(&self) -> bool {
        self.seats()
            .any(|seat| seat.phase().mode() == Mode::Computing)
    }

    /// The role of the driver may be free while this thread polls: sees to it that somebody watches
    /// how long.
    #[inline]
    pub(super) fn watch_driver(&self) {
        if self.driver.is_wanted() && self.rescue.possible && self.rescue.man() {
            self.call_poller();
        }
    }

    fn call_poller(&self) {
        if cfg!(manyhands_loom) {
            // Its models have no threads to call; they look at the post.
            return;
        }
        if !self.call_to(Role::Poll) {
            // As it was before there was such a thread. The next to publish tries again.
            self.rescue.unman();
        }
    }

    /// The overcommitted thread takes a permit without asking.
    fn take_permit(&self, seat: &Seat) {
        self.sleep.acquire();
        seat.set_mode(Mode::Computing);
    }

    /// What the overcommitted thread polls has begun to compute: it leaves its post, and perhaps
    /// waits for its turn.
    fn begin_at_post(&self, seat: &Seat) {
        self.take_permit(seat);
        lock(&self.rescue.look).overlook(seat);
        let pause = self.sleep.is_crowded() && !IN_MODEL;
        let early = !pause || self.rescue.paused() < MAX_PAUSED;
        if early {
            self.hand_over();
        }
        if pause {
            seat.counters().end_computing();
            trace::begin(Span::Pause);
            self.rescue.pause(self);
            trace::end(Span::Pause);
            seat.counters().begin_computing();
        }
        if !early {
            self.hand_over();
        }
    }

    /// The occupant of the post does something else from now on.
    pub(super) fn hand_over(&self) {
        self.rescue.unman();
        self.look_after_waiting();
    }
}

/// Does anybody look at the clock and at events from time to time?
struct Watch {
    /// `Driver::takes` at the last look.
    takes: u32,
    /// For so many looks nobody has taken the role.
    unchanged: u32,
}

impl Watch {
    fn begin(registry: &Registry) -> Self {
        Self {
            takes: registry.driver.takes(),
            unchanged: 0,
        }
    }

    fn look(&mut self, registry: &Registry) {
        let before = std::mem::replace(&mut self.takes, registry.driver.takes());
        self.unchanged = if before == self.takes {
            self.unchanged + 1
        } else {
            0
        };
    }

    /// Did nobody take the role for a while? (It may be taken, for longer.)
    fn has_failed(&self) -> bool {
        self.unchanged > 0
    }

    /// Is the pool so busy that the role goes from hand to hand, or is free?
    fn goes_on(&self, registry: &Registry) -> bool {
        self.unchanged < QUIET_LOOKS && registry.driver.is_of_use()
    }
}

/// Polls ready futures while all threads with permits compute. The caller has no permit.
pub(super) fn poll_futures(registry: &Registry, seat: &Seat) -> Left {
    seat.set_mode(Mode::Overcommitted);
    let rescue = &registry.rescue;
    let mut post = Post {
        registry,
        seat,
        watch: Watch::begin(registry),
        nap: PATIENCE,
        favours: 0,
    };
    while !registry.is_closed() {
        match post.next() {
            Next::Poll(future) => {
                note_rescue(rescue, seat, &future);
                future.run(seat);
                if seat.phase().mode() != Mode::Overcommitted {
                    return Left::WithPermit;
                }
            }
            Next::Compute(job) => {
                note_rescue(rescue, seat, &job);
                registry.take_permit(seat);
                lock(&rescue.look).overlook(seat);
                registry.hand_over();
                begin(seat);
                job.run(seat);
                return Left::WithPermit;
            }
            Next::Drive(role) => post.drive(role),
            Next::Rest => post.rest(),
            Next::Watch => {
                post.doze(|| seat.parker().drive(Some(Instant::now() + WATCH)));
                post.watch.look(registry);
            }
            Next::Nap(time) => rescue.nap(seat, time),
            Next::Look => {}
            Next::Leave => {
                rescue.unman();
                if !(registry.needs_rescue() && rescue.man()) {
                    seat.set_mode(Mode::Away);
                    return Left::Idle;
                }
            }
        }
    }
    rescue.unman();
    seat.set_mode(Mode::Away);
    Left::Idle
}

/// What the thread at the post does next.
enum Next<'a> {
    /// A future that is ready.
    Poll(find::Found),
    /// What computes, with a permit: somebody else gets the post.
    Compute(find::Found),
    /// It sleeps as the driver: nothing is ready.
    Drive(driver::Role<'a>),
    /// It sleeps for a moment, as the driver if it can: what is ready has to wait.
    Rest,
    /// It sleeps, and looks from time to time whether anybody is the driver.
    Watch,
    /// It lets the others come to what is ready by themselves.
    Nap(Duration),
    /// Others were faster: it looks again.
    Look,
    /// There is nothing to do, and nothing to watch.
    Leave,
}

/// The post and who is at it.
struct Post<'a> {
    registry: &'a Registry,
    seat: &'a Seat,
    watch: Watch,
    /// How long the next nap is while there is nothing to do.
    nap: Duration,
    /// How often it had something to poll since it slept as the driver.
    favours: u32,
}

impl<'a> Post<'a> {
    fn next(&mut self) -> Next<'a> {
        let (registry, seat) = (self.registry, self.seat);
        let rescue = &registry.rescue;
        let unmoved = lock(&rescue.look).unmoved(registry);
        registry.fire_timers();
        if let Some(role) = registry.role_to_glance(seat, false) {
            role.glance();
        }
        let late = self.time_asked();
        // Or somebody polls, but has no core: the system has given it to another thread.
        let is_saturated = registry.is_saturated();
        if !is_saturated && self.favours == FAVOURS {
            // Those who run polls, or could, do it instead.
            registry.clear_seat(seat);
        }
        let is_needed = is_saturated || late >= Some(LATE) || seat.has_tasks();
        if is_needed && registry.has_ready() {
            self.favours = (self.favours + 1).min(FAVOURS);
            return self.next_of_ready(unmoved);
        }
        if is_needed || self.watch.has_failed() {
            if let Some(role) = registry.driver.take(seat.parker(), By::Spare) {
                return Next::Drive(role);
            }
        }
        if let (false, Some(asked)) = (is_needed, late) {
            // Whoever polls will come to it.
            return Next::Nap(LATE - asked);
        }
        if self.watch.goes_on(registry) {
            return Next::Watch;
        }
        if unmoved < PATIENCE && self.nap < MAX_NAP && !IN_MODEL {
            // There is nothing to do now, but the pool is busy: soon there may be again.
            let nap = self.nap;
            self.nap = (2 * nap).min(MAX_NAP);
            return Next::Nap(nap);
        }
        Next::Leave
    }

    /// For how long has a future been ready, while others compute?
    fn time_asked(&self) -> Option<Duration> {
        let registry = self.registry;
        let has_ready = registry.has_ready();
        let mut look = lock(&registry.rescue.look);
        if !has_ready {
            look.asked = None;
        }
        let may_be_late = has_ready && registry.any_computes() && !IN_MODEL;
        (may_be_late && registry.has_ready_future())
            .then(|| look.asked.get_or_insert_with(Instant::now).elapsed())
    }

    /// The same where something is ready, and everybody computes.
    fn next_of_ready(&mut self, unmoved: Duration) -> Next<'a> {
        let (registry, seat) = (self.registry, self.seat);
        let asked = {
            let mut look = lock(&registry.rescue.look);
            // Nobody asks a thread that looks by itself.
            look.asked.get_or_insert_with(Instant::now).elapsed()
        };
        // What the clock and the events have woken here nobody else knows of.
        let can_wait = asked < LATE && !seat.has_tasks() && !IN_MODEL;
        if can_wait && unmoved < PATIENCE && registry.has_ready_future() {
            // They move: let them come by themselves, for a moment.
            return Next::Nap(PATIENCE);
        }
        let patient = unmoved >= BACKGROUND_PATIENCE;
        if let Some(future) = find::future_only(registry, seat, patient) {
            return Next::Poll(future);
        }
        if let Some(job) = waiting_long(registry, unmoved) {
            return Next::Compute(job);
        }
        if registry.has_ready() {
            Next::Rest
        } else {
            Next::Look
        }
    }

    /// Sleeps until timers are over, something happens, or somebody asks.
    fn drive(&mut self, role: driver::Role<'_>) {
        self.doze(|| role.drive(Some(self.seat), || ()));
        self.give_up(role);
    }

    fn give_up(&mut self, role: driver::Role<'_>) {
        drop(role);
        // Ordering: SeqCst fence of D1: the role is free, then the look at the sleepers.
        fence(Ordering::SeqCst);
        if !self.registry.is_saturated() {
            self.registry.notify_if_visible();
        }
        self.watch = Watch::begin(self.registry);
        self.favours = 0;
    }

    /// Sleeps until a future is ready, or for a moment.
    fn rest(&mut self) {
        let (registry, seat) = (self.registry, self.seat);
        if IN_MODEL {
            return registry.rescue.nap(seat, REST);
        }
        let end = Some(Instant::now() + REST);
        registry.rescue.set_resting(true);
        match registry.driver.take(seat.parker(), By::Spare) {
            Some(role) => {
                self.doze(|| role.drive_until(end, Some(seat), || ()));
                self.give_up(role);
            }
            None => self.doze(|| seat.parker().drive(end)),
        }
        registry.rescue.set_resting(false);
    }

    fn doze(&self, sleep: impl FnOnce()) {
        let rescue = &self.registry.rescue;
        lock(&rescue.look).asked = None;
        rescue.doze(self.registry, self.seat, sleep);
    }
}

/// A computation begins.
fn begin(seat: &Seat) {
    seat.counters().count_computation();
    trace::begin(Span::Compute);
}

/// A future or root is about to run without a permit.
fn note_rescue(rescue: &Rescue, seat: &Seat, job: &find::Found) {
    let counters = seat.counters();
    counters.count_job(job.is_poll());
    counters.count_overcommitted();
    if let Some(asked) = lock(&rescue.look).asked.take() {
        counters.saw_rescue(asked.elapsed());
    }
}

/// A heavy future or a root that may begin beside those who compute: one at a time. Only a future
/// that has waited for very long need not care.
fn waiting_long(registry: &Registry, unmoved: Duration) -> Option<find::Found> {
    let mut look = lock(&registry.rescue.look);
    if !registry.injectors.has_long() {
        look.waiting = None;
        return None;
    }
    let waited = look.waited(registry.injectors.taken());
    let is_turn = waited >= TURN || look.welcomes_company(unmoved);
    drop(look);
    if registry.sleep.is_crowded() {
        let is_due = waited >= LAST_TURN;
        return is_due.then(|| find::heavy_only(registry)).flatten();
    }
    let least = if IN_MODEL || is_turn && unmoved >= BACKGROUND_PATIENCE {
        Priority::Background
    } else if is_turn {
        Priority::Normal
    } else {
        Priority::High
    };
    find::long_only(registry, least)
}
