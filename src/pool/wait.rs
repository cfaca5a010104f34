//! How a thread with a seat waits: it runs no stranger, and lends its core while it sleeps.
//!
//! *Closed waits* (join, scope, install, broadcast): everything awaited descends from the waiter.
//! It runs its own pending descendants, then steals back from whoever stole from it (leapfrogging),
//! spins for a moment, and at last gives up its permit and parks. If its thief has something to
//! give later, it is the first to be asked ([`tell_of_half`]). *Open waits* (`block_on`,
//! `JoinHandle::join`, `block_in_place`) may need anything, so they make all of the seat's work
//! visible first, and then lend the permit in the same way ([`lend`]).
//!
//! Two exceptions to "no strangers", both because nobody else could do it:
//!
//! * Mail (a broadcast) is addressed to this very thread.
//! * The last resort: if no thread of the pool works or sleeps and no spare can be created, a
//!   waiter runs visible work, because otherwise nothing would ever happen again.
//!
//! The proof that leapfrogging takes descendants only is in `pool/README.md`.

use super::driver::By;
use super::find;
use super::registry::Registry;
use super::seat::{Mode, Seat};
use crate::job::share::ShareRef;
use crate::job::stack::Public;
use crate::job::{JobRef, NO_SEAT, SeatIndex};
use crate::latch::Latch;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::deque::Steal;
use crate::sync::hint;
use crate::trace::{self, Span};
use crate::util::parker::{Level, Parker};
use std::fmt;
// What people look at is no part of any protocol, and no model needs to see it.
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// How long a closed wait looks at its latch before it lends the core, if cores are free. The thief
/// of a loop's half looks up about every 5 µs, so that it has answered by then.
const SPIN: Duration = Duration::from_micros(20);

/// Waits for a join half that was stolen from this seat.
///
/// The seat's public deque was empty when the theft was noticed, so whatever is in it from here on
/// was put there by descendants that this wait itself runs.
#[cold]
pub(crate) fn for_half(seat: &Seat, half: &Public) {
    let registry = seat.registry();
    loop {
        while let Some(job) = seat.pop_public() {
            job.execute(seat.index());
        }
        match watch(registry, half) {
            Watched::Done => return,
            Watched::Stole(job) => job.execute(seat.index()),
            Watched::Nothing => {
                if sleep_for_half(seat, half) {
                    return;
                }
                // The thief offers something; another thread may be just taking it.
                hint::spin_loop();
                #[cfg(manyhands_model)]
                crate::sync::thread::yield_now();
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
fn watch(registry: &Registry, half: &Public) -> Watched {
    /// The thief knows that somebody asks, until this is dropped.
    struct Asking<'a>(Option<&'a Seat>);
    impl Drop for Asking<'_> {
        fn drop(&mut self) {
            if let Some(thief) = self.0 {
                thief.set_watched(false);
            }
        }
    }

    let mut asking = Asking(None);
    let spin = Spin::new(registry);
    loop {
        if half.latch().probe() {
            return Watched::Done;
        }
        if let Some(job) = leapfrog(registry, half) {
            return Watched::Stole(job);
        }
        if !spin.again() {
            return Watched::Nothing;
        }
        if asking.0.is_none() {
            asking.0 = half
                .thief()
                .and_then(|thief| registry.used_seat(thief as usize));
            if let Some(thief) = asking.0 {
                thief.set_watched(true);
            }
        }
    }
}

/// Lends the permit and sleeps until the half is done (`true`), or its thief seems to have
/// something to give.
fn sleep_for_half(seat: &Seat, half: &Public) -> bool {
    let registry = seat.registry();
    let parker = seat.parker();
    let thief = half.thief();
    let offers = || {
        let thief = thief.and_then(|thief| registry.used_seat(thief as usize));
        thief.is_some_and(Seat::has_public_jobs)
    };
    let is_over = || !half.latch().announce(parker) || offers();
    lend(seat, Wait::Half(thief), is_over);
    !half.latch().retract(parker)
}

/// Tells about a join half that the occupant of `seat` has just made visible. Whoever waits for
/// what this seat runs may take it, has nothing else to do, and sleeps on a core that is free: so
/// it is asked first.
pub(super) fn tell_of_half(seat: &Seat) {
    let registry = seat.registry();
    if !(registry.sleep.wants_one() && registry.threads.ask_waiter_for(seat.index())) {
        registry.notify();
    }
}

/// Steals from the thief of `half` what descends from `half`.
///
/// While the latch is pinned the thief cannot finish `half`; so all through the steal it is
/// running it, and its public deque holds only descendants of it (invariant S4).
pub(super) fn leapfrog(registry: &Registry, half: &Public) -> Option<JobRef> {
    let thief = registry.used_seat(half.thief()? as usize)?;
    if !thief.offers_jobs() {
        return None;
    }
    let _pin = half.latch().pin()?;
    match thief.steal_job() {
        Steal::Success(job) => Some(job),
        Steal::Empty | Steal::Retry => None,
    }
}

/// Waits for a scope: `base` is the back end of the seat's deque when the scope began, and what
/// lies above it was spawned inside.
#[cold]
pub(crate) fn for_scope(seat: &Seat, base: usize, done: &Latch) {
    let registry = seat.registry();
    let spin = Spin::new(registry);
    loop {
        while seat.is_above(base) {
            let Some(job) = seat.pop_public() else { break };
            job.execute(seat.index());
        }
        if done.probe() {
            return;
        }
        if !spin.again() {
            break;
        }
    }
    park(seat, Wait::Scope, done);
}

/// Waits for something that another pool or another worker does.
#[cold]
pub(crate) fn until(seat: &Seat, done: &Latch) {
    seat.expose_all();
    park(seat, Wait::Others, done);
}

/// Waits until this thread's parker is asked for a poll at the given level: an open wait.
pub(crate) fn for_poll(seat: &Seat, level: Level, poll: PollOf) {
    seat.expose_all();
    seat.registry().fire_timers();
    if seat.next_turn() == 0 {
        give_way(seat);
    }
    let parker = seat.parker();
    lend(seat, Wait::Future, || parker.take_poll_request(level));
    if poll.0 == Mode::Polling && seat.phase().mode() == Mode::Computing {
        // What the last poll has computed is over.
        seat.set_mode(Mode::Polling);
        trace::end(Span::Compute);
    }
}

/// A future that always wants another poll never lends its permit. If it is the last one, this lends
/// it for a moment: long enough for another thread to run one job.
fn give_way(seat: &Seat) {
    let registry = seat.registry();
    if !registry.sleep.wants_one() && registry.has_visible_work() {
        drop(Permit::give_up(seat));
    }
}

/// What the thread was doing when it began to poll a future in `block_on`: it does the same again
/// at the next poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollOf(Mode);

impl PollOf {
    pub(crate) fn on(seat: &Seat) -> Self {
        Self(seat.phase().mode())
    }
}

/// Lends the permit and sleeps until the latch is set.
fn park(seat: &Seat, wait: Wait, done: &Latch) {
    let parker = seat.parker();
    lend(seat, wait, || !done.announce(parker));
}

/// Lends the permit until `is_over`, which is asked after every wake-up of this thread's parker.
/// The thief of a half may wake it as well, when it has something to give.
fn lend(seat: &Seat, wait: Wait, mut is_over: impl FnMut() -> bool) {
    if is_over() {
        return;
    }
    let thief = match wait {
        Wait::Half(thief) => thief,
        _ => None,
    };
    let _shown = Shown::new(seat, wait);
    let registry = seat.registry();
    registry.check_process();
    let parker = seat.parker();
    // Registered before the permit is gone: who finds nobody at work finds us.
    let waiter = Waiter::register(registry, parker, thief);
    // Whoever offers something after this look finds us.
    if is_over() {
        return;
    }
    let mut by = By::Waiter;
    // Before the permit is gone, or another thread would be called to be the driver.
    let mut may_drive = wait == Wait::Future && seat.phase().mode() != Mode::Away;
    let mut driver = may_drive
        .then(|| registry.driver.take(parker, By::Waiter))
        .flatten();
    let _asleep = registry
        .is_own_thread(seat)
        .then(|| registry.hooks.asleep());
    let permit = Permit::give_up(seat);
    loop {
        if let Some(letter) = seat.open_mail() {
            // What runs here may have to wait for the clock in its turn.
            driver = None;
            permit.take_back_for(|| letter.execute(seat.index()));
            continue;
        }
        if registry.is_stuck() {
            // The last resort. Nobody else moves, so whatever is visible stays until we take it,
            // and nobody else looks at the clock.
            may_drive = true;
            by = By::LastWaiter;
            driver = driver.or_else(|| registry.driver.take(parker, by));
            let work = permit.take_back_for(|| {
                let work = find::own(registry, seat).or_else(|| find::others(registry, seat, true));
                let found = work.is_some();
                if let Some(job) = work {
                    // As above.
                    driver = None;
                    job.run(seat);
                    seat.expose_all();
                }
                found
            });
            if work {
                continue;
            }
        }
        // A letter, or the work, may have swallowed the wake-up.
        if is_over() {
            break;
        }
        if may_drive && driver.is_none() {
            driver = registry.driver.take(parker, by);
        }
        {
            let _parked = seat.counters().parked();
            match &driver {
                Some(role) => role.drive(Some(seat), || ()),
                None => parker.park(),
            }
        }
        if driver.is_some() {
            if is_over() {
                break;
            }
            // It drives for its own sake only, unless nobody else can. What others wait for is for
            // a thread that runs it.
            if !registry.is_stuck() {
                driver = None;
                may_drive = false;
                // Ordering: SeqCst fence of D1: the role is free, then the look at the sleepers.
                fence(Ordering::SeqCst);
                registry.notify_if_visible();
            }
        }
        waiter.follow(thief);
    }
    drop(permit);
    if driver.take().is_some() && seat.phase().mode() != Mode::Polling {
        // A thread that polls looks at the clock before it does anything else.
        // Ordering: SeqCst fence of D1, as above.
        fence(Ordering::SeqCst);
        registry.look_after_waiting();
        registry.notify_if_visible();
    }
}

/// The permit is given up, until dropped. Inside [`while_blocking`] there is none to give up.
struct Permit<'a> {
    seat: &'a Seat,
    /// What the thread goes back to, if this guard gave the permit up.
    before: Option<Mode>,
    /// The token that was given up with it.
    share: ShareRef,
}

impl<'a> Permit<'a> {
    fn give_up(seat: &'a Seat) -> Self {
        let before = match seat.phase().mode() {
            Mode::Away => None,
            Mode::Overcommitted => {
                seat.set_mode(Mode::Away);
                seat.registry().hand_over();
                // It comes back with a permit.
                Some(Mode::Computing)
            }
            mode => {
                Self::release(seat);
                Some(mode)
            }
        };
        seat.counters().count_lent();
        trace::begin(Span::Lent);
        let share = ShareRef::current();
        if before.is_some() {
            share.give();
        }
        Self {
            seat,
            before,
            share,
        }
    }

    fn release(seat: &Seat) {
        let registry = seat.registry();
        seat.set_mode(Mode::Away);
        registry.sleep.release();
        registry.notify_if_visible();
    }

    fn take_back(&self, mode: Mode) {
        self.seat.registry().sleep.acquire();
        self.seat.set_mode(mode);
    }

    /// Works for a moment.
    fn take_back_for<R>(&self, f: impl FnOnce() -> R) -> R {
        self.take_back(self.before.unwrap_or(Mode::Computing));
        let result = f();
        Self::release(self.seat);
        result
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        trace::end(Span::Lent);
        if let Some(mode) = self.before {
            self.share.take();
            self.take_back(mode);
        }
    }
}

/// The thread is known as a waiter, until dropped.
struct Waiter<'a> {
    registry: &'a Registry,
    parker: &'static Parker,
}

impl<'a> Waiter<'a> {
    /// It wants to be woken, once, when the seat `thief` offers a job.
    fn register(registry: &'a Registry, parker: &'static Parker, thief: Option<SeatIndex>) -> Self {
        registry.threads.register_waiter(parker, thief);
        Self { registry, parker }
    }

    /// It may have been woken for that, and wants to be once more.
    fn follow(&self, thief: Option<SeatIndex>) {
        if thief.is_some() {
            self.registry.threads.follow(self.parker, thief);
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.registry.threads.unregister_waiter(self.parker);
    }
}

/// Blocks in user code (`block_in_place`): lends the permit around `f`. Calls into the pool in `f`
/// work as ever; they find the permit given up already.
pub(crate) fn while_blocking<R>(seat: &Seat, f: impl FnOnce() -> R) -> R {
    seat.expose_all();
    let _shown = Shown::new(seat, Wait::Blocking);
    let _lent = Permit::give_up(seat);
    f()
}

/// What the occupant of a seat waits for. Nothing depends on it but what `Debug` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Nothing,
    /// The second half of a join or a piece of a loop, and the seat that runs it, if it has begun.
    Half(Option<SeatIndex>),
    Scope,
    /// `block_on`, or the handle of a task.
    Future,
    /// What other threads were asked to do: `install` from another pool, a broadcast.
    Others,
    /// User code in `block_in_place`.
    Blocking,
}

/// A [`Wait`] that other threads can look at.
#[derive(Debug)]
pub(super) struct WaitWord(AtomicU64);

impl WaitWord {
    const KIND: u32 = 32;

    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Replaces the word's value by the occupant's; returns the one before.
    fn set(&self, wait: Wait) -> Wait {
        let (kind, seat) = match wait {
            Wait::Nothing => (0, 0),
            Wait::Half(thief) => (1, thief.unwrap_or(NO_SEAT)),
            Wait::Scope => (2, 0),
            Wait::Future => (3, 0),
            Wait::Others => (4, 0),
            Wait::Blocking => (5, 0),
        };
        let before = self.get();
        let word = kind << Self::KIND | u64::from(seat);
        // Ordering: Relaxed; only looked at by people.
        self.0.store(word, Ordering::Relaxed);
        before
    }

    pub(super) fn get(&self) -> Wait {
        // Ordering: Relaxed, as above.
        let word = self.0.load(Ordering::Relaxed);
        let seat = word as SeatIndex;
        match word >> Self::KIND {
            0 => Wait::Nothing,
            1 => Wait::Half((seat != NO_SEAT).then_some(seat)),
            2 => Wait::Scope,
            3 => Wait::Future,
            4 => Wait::Others,
            _ => Wait::Blocking,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "waits for nothing",
            Self::Half(Some(thief)) => return write!(f, "waits for a half that seat {thief} runs"),
            Self::Half(None) => "waits for a half that another seat has taken",
            Self::Scope => "waits for the jobs of a scope",
            Self::Future => "waits for a future",
            Self::Others => "waits for other threads",
            Self::Blocking => "blocks",
        })
    }
}

/// The seat shows what its occupant waits for, until this is dropped.
struct Shown<'a> {
    seat: &'a Seat,
    before: Wait,
}

impl<'a> Shown<'a> {
    fn new(seat: &'a Seat, wait: Wait) -> Self {
        let before = seat.wait_word().set(wait);
        Self { seat, before }
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.seat.wait_word().set(self.before);
    }
}

/// A bounded spin, by time. None if cores are scarce.
struct Spin {
    until: Option<Instant>,
}

impl Spin {
    fn new(registry: &Registry) -> Self {
        Self {
            until: registry.may_spin().then(|| Instant::now() + SPIN),
        }
    }

    /// Spins a little. `false`: the time is over.
    fn again(&self) -> bool {
        let Some(until) = self.until else {
            return false;
        };
        for _ in 0..16 {
            hint::spin_loop();
        }
        Instant::now() < until
    }
}
