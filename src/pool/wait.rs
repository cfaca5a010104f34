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

use super::find;
use super::registry::Registry;
use super::seat::{Mode, Seat};
use crate::job::stack::Public;
use crate::job::{JobRef, SeatIndex};
use crate::latch::Latch;
use crate::sync::deque::Steal;
use crate::sync::hint;
use crate::util::parker::{Level, Parker};
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
                #[cfg(any(manyhands_loom, manyhands_shuttle))]
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
    lend(seat, thief, || !half.latch().announce(parker) || offers());
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
    park(seat, done);
}

/// Waits for something that another pool or another worker does.
#[cold]
pub(crate) fn until(seat: &Seat, done: &Latch) {
    seat.expose_all();
    park(seat, done);
}

/// Waits until this thread's parker is asked for a poll at the given level: an open wait.
pub(crate) fn for_poll(seat: &Seat, level: Level, poll: PollOf) {
    seat.expose_all();
    let parker = seat.parker();
    lend(seat, None, || parker.take_poll_request(level));
    if poll.0 == Mode::Polling && seat.phase().mode() == Mode::Computing {
        // What the last poll has computed is over.
        seat.set_mode(Mode::Polling);
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
fn park(seat: &Seat, done: &Latch) {
    let parker = seat.parker();
    lend(seat, None, || !done.announce(parker));
}

/// Lends the permit until `is_over`, which is asked after every wake-up of this thread's parker.
/// The seat `thief`, if any, may wake it as well, when it has something to give.
fn lend(seat: &Seat, thief: Option<SeatIndex>, mut is_over: impl FnMut() -> bool) {
    if is_over() {
        return;
    }
    let registry = seat.registry();
    registry.check_process();
    let parker = seat.parker();
    // Registered before the permit is gone: who finds nobody at work finds us.
    let waiter = Waiter::register(registry, parker, thief);
    // Whoever offers something after this look finds us.
    if is_over() {
        return;
    }
    let permit = Permit::give_up(seat);
    loop {
        if let Some(letter) = seat.open_mail() {
            permit.take_back_for(|| letter.execute(seat.index()));
            continue;
        }
        if registry.is_stuck() {
            // The last resort. Nobody else moves, so whatever is visible stays until we take it.
            let work = permit.take_back_for(|| {
                let work = find::own(registry, seat).or_else(|| find::others(registry, seat, true));
                let found = work.is_some();
                if let Some(job) = work {
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
            return;
        }
        {
            let _parked = seat.counters().parked();
            parker.park();
        }
        waiter.follow(thief);
    }
}

/// The permit is given up, until dropped. Inside [`while_blocking`] there is none to give up.
struct Permit<'a> {
    seat: &'a Seat,
    /// What the thread goes back to, if this guard gave the permit up.
    before: Option<Mode>,
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
        Self { seat, before }
    }

    fn release(seat: &Seat) {
        let registry = seat.registry();
        seat.set_mode(Mode::Away);
        registry.rescue.grant();
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
        if let Some(mode) = self.before {
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
    let _lent = Permit::give_up(seat);
    f()
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
