//! A worker thread: from its creation through its main loop to its end.

use super::bench::{Place, Role};
use super::driver::{self, By};
use super::events;
use super::find::{self, Found};
use super::registry::Registry;
use super::rescue::{self, Left};
use super::seat::{Mode, Seat};
use crate::job::SeatIndex;
use crate::sleep::{Before, Rescan};
use crate::trace::LaneKind;
use crate::util::parker::Parker;
use crate::util::{clock, coarse};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a searcher looks around before it sleeps, if there are cores to spare and its last
/// sleep was a short one.
const SPIN: Duration = Duration::from_micros(20);

/// A sleep that ends within this time was hardly worth it: work comes in quick succession, and
/// looking around for a moment saves the next sleep. After a longer one the next gap is likely to
/// be long as well, and looking around would only burn the core.
const SHORT: Duration = Duration::from_micros(100);

/// In which of [`find::FAIRNESS`] rounds a busy worker looks at the events of the system.
const EVENTS_TURN: u32 = 51;

/// The life of a worker or spare thread. The caller has counted it: as live, and for
/// [`Role::Work`] as a searcher.
pub(super) fn run(registry: &Arc<Registry>, index: SeatIndex, role: Role) {
    let _context = registry.hooks.context.enter();
    let stays = (index as usize) < registry.workers();
    let seat = registry.seat(index);
    {
        // SAFETY: this thread was created for this seat and is its only occupant; `registry`
        // outlives the guard.
        let _occupied = unsafe { seat.occupy() };
        let _stamps = coarse::keep();
        let kind = if stays {
            LaneKind::Worker
        } else {
            LaneKind::Spare
        };
        let _traced = registry.trace().enter(kind, index as usize);
        registry.hooks.on_start(Some(index as usize));
        if stays {
            work(registry, seat, true, true);
            registry.clear_seat(seat);
        } else {
            serve(registry, seat, role);
        }
        for letter in seat.close_mail() {
            letter.execute(index);
        }
        registry.hooks.on_exit(Some(index as usize));
    }
    if !stays {
        registry.bench.leave(index);
    }
    if registry.threads.leave() {
        registry.drain();
    }
    registry.threads.say_ended();
}

/// What a spare thread does: what it is called for, again and again.
fn serve(registry: &Registry, seat: &Seat, role: Role) {
    let place = Place::new(seat.index());
    let mut role = Some(role);
    while let Some(now) = role {
        match now {
            Role::Work => work(registry, seat, true, false),
            Role::Poll => {
                if rescue::poll_futures(registry, seat) == Left::WithPermit {
                    work(registry, seat, false, false);
                }
            }
        }
        let _asleep = registry.hooks.asleep();
        registry.clear_seat(seat);
        let _parked = seat.counters().parked();
        role = registry.bench.sit(&place, || registry.notify_if_visible());
    }
}

/// The main loop. Begins with a permit, as a searcher or not; the permit is given back at the end:
/// when the pool is over, or, unless the thread `stays`, when it has nothing to do.
fn work(registry: &Registry, seat: &Seat, searching: bool, stays: bool) {
    let life = Life {
        registry,
        seat,
        parker: Parker::current(),
        stays,
        searching,
        keen: true,
        has_polled: false,
        has_glanced: false,
    };
    if stays {
        registry.driver.host(life.live());
    } else {
        events::run_to_end(life.live());
    }
}

/// The state of the main loop.
struct Life<'a> {
    registry: &'a Registry,
    seat: &'a Seat,
    parker: &'static Parker,
    /// A worker; else a spare thread.
    stays: bool,
    searching: bool,
    /// Was the last sleep a short one?
    keen: bool,
    /// Was the last job a poll?
    has_polled: bool,
    /// In this round.
    has_glanced: bool,
}

/// Where the main loop may have to wait as a future: some reactors are one around it
/// (`pool::events`).
enum Pause<'a> {
    /// It lets events in.
    Glance(driver::Role<'a>),
    /// It sleeps as the driver.
    Drive(driver::Role<'a>),
    /// It is over.
    End,
}

impl<'a> Life<'a> {
    async fn live(mut self) {
        loop {
            match self.run() {
                Pause::Glance(role) => {
                    role.glance_hosted().await;
                    self.has_glanced = true;
                }
                Pause::Drive(role) => {
                    let slept = sleep_driving(self.registry, self.seat, self.parker, role).await;
                    self.searching = true;
                    self.keen = slept < SHORT;
                }
                Pause::End => return,
            }
        }
    }

    fn run(&mut self) -> Pause<'a> {
        let (registry, seat, stays) = (self.registry, self.seat, self.stays);
        loop {
            seat.end_job();
            let is_turn = seat.turn() == EVENTS_TURN;
            if is_turn && !std::mem::take(&mut self.has_glanced) {
                if let Some(role) = registry.role_to_glance(seat, stays) {
                    return Pause::Glance(role);
                }
            }
            if !self.searching && registry.sleep.is_crowded() {
                if !stays {
                    seat.set_mode(Mode::Away);
                    registry.sleep.release();
                    registry.notify_if_visible();
                    return Pause::End;
                }
                // Those who stay awake may find enough in the injectors never to look here.
                registry.clear_seat(seat);
                self.sleep(Before::Crowded);
            }
            let mut found = find::own(registry, seat);
            if found.is_none() {
                found = self.search();
            }
            if let Some(job) = found {
                self.execute(job);
                continue;
            }
            if seat.has_mail() {
                // Found again at the top of the loop.
                continue;
            }
            let by = if stays { By::Worker } else { By::Spare };
            let mut driver = registry.driver.take(self.parker, by);
            if !stays && registry.sleep.has_sleepers() {
                // It is for them: one is woken below. Looked at behind the fence of `take`, so that a
                // worker that comes later finds out whose the role is (`relieve_spare`).
                driver = None;
            }
            if registry.is_closed() || !(stays || driver.is_some()) {
                drop(driver);
                seat.set_mode(Mode::Away);
                registry.sleep.release_searcher();
                // While we counted as searching, nobody else was told about new work.
                registry.notify_if_visible();
                return Pause::End;
            }
            match driver {
                Some(role) => return Pause::Drive(role),
                None => self.keen = self.sleep(Before::Searching) < SHORT,
            }
        }
    }

    /// Looks for work of others, as a searcher from now on.
    #[inline(never)]
    fn search(&mut self) -> Option<Found> {
        if !self.searching {
            self.registry.sleep.start_searching();
            self.searching = true;
        }
        self.registry.fire_timers();
        search(self.registry, self.seat, self.spins())
    }

    /// Is it worth while to look around before a sleep? What polls find in a pool that waits for the
    /// system comes from there: to the driver, while whoever is to answer may need this core.
    fn spins(&self) -> bool {
        self.keen && !(self.has_polled && self.registry.driver.has_events())
    }

    #[inline]
    fn execute(&mut self, job: Found) {
        if self.searching {
            self.searching = false;
            begin(self.registry);
        }
        self.has_polled = job.is_poll();
        execute(self.seat, job);
    }

    /// Sleeps until there is a reason not to; returns how long. The thread searches then (except
    /// that a crowded one may have found room again and gone on).
    fn sleep(&mut self, before: Before) -> Duration {
        let (registry, seat) = (self.registry, self.seat);
        let _asleep = registry.hooks.asleep();
        let parked = seat.counters().parked();
        seat.set_mode(Mode::Away);
        let rescan = || {
            let found = rescan(registry, seat);
            if found == Rescan::Nothing {
                registry.relieve_spare();
            }
            found
        };
        let tell = || registry.notify();
        let index = seat.index();
        self.searching = registry
            .sleep
            .sleep(index, self.parker, before, rescan, tell);
        seat.set_mode(Mode::Polling);
        parked.end()
    }
}

/// From searching to working; the last searcher sees to it that the next is woken. Not for the role
/// of the driver alone: this thread looks after that while it polls (D1), and somebody watches that it
/// does. (Other searchers take the role before they sleep, or come here in their turn.)
#[cold]
fn begin(registry: &Registry) {
    if !registry.sleep.stop_searching() {
        return;
    }
    if registry.has_visible_jobs() {
        registry.notify();
    }
    registry.watch_driver();
}

#[inline]
fn execute(seat: &Seat, job: Found) {
    seat.counters().count_job(job.is_poll());
    if seat.is_timed_round() {
        let start = clock::ticks();
        job.run(seat);
        seat.counters()
            .saw_poll(clock::ticks().saturating_sub(start));
        coarse::expire();
    } else {
        job.run(seat);
    }
}

/// Looks at everything, for a while if that promises something.
fn search(registry: &Registry, seat: &Seat, spins: bool) -> Option<Found> {
    if spins && registry.may_spin() {
        let start = Instant::now();
        while start.elapsed() < SPIN && registry.may_spin() {
            if let Some(job) = find::others(registry, seat, false) {
                return Some(job);
            }
            if registry.is_closed() || seat.has_mail() {
                break;
            }
            // Every look takes cache lines away from those who work; this is about a microsecond.
            for _ in 0..64 {
                crate::sync::hint::spin_loop();
            }
        }
    }
    find::others(registry, seat, true)
}

/// Is there a reason not to sleep?
fn rescan(registry: &Registry, seat: &Seat) -> Rescan {
    registry.rescue.grant();
    if seat.has_mail() || registry.is_closed() {
        Rescan::Mine
    } else if registry.has_visible_work() {
        Rescan::Work
    } else {
        Rescan::Nothing
    }
}

/// Sleeps as the driver until there is a reason not to; returns how long. The thread searches then.
async fn sleep_driving(
    registry: &Registry,
    seat: &Seat,
    parker: &'static Parker,
    role: driver::Role<'_>,
) -> Duration {
    let _asleep = registry.hooks.asleep();
    let parked = seat.counters().parked();
    seat.set_mode(Mode::Away);
    let sleep = &registry.sleep;
    let rescan = || rescan(registry, seat);
    sleep.begin_driving(seat.index(), parker, rescan, || registry.notify());
    while !sleep.take_token(seat.index()) {
        role.drive_hosted(seat, || registry.wake_driver(seat)).await;
        if role.is_by_spare() && sleep.has_sleepers() {
            // It is for them. If all permits are out, the next to be free asks again.
            sleep.leave_driving(seat.index());
        }
    }
    drop(role);
    seat.set_mode(Mode::Polling);
    parked.end()
}
