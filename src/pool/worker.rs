//! A worker or spare thread: from its creation through its main loop to its end.

use super::asleep::Asleep;
use super::driver::{Asker, Role};
use super::find::{self, Found, Hidden};
use super::registry::Registry;
use super::rescue::deputy;
use super::rescue::post::{self, Left};
use super::seat::{Mode, Occupant, SeatKind};
use super::threads::{Call, Number, Sitter};
use super::wait::Spin;
use super::{computing, publish, rest, tell};
use crate::job::SeatIndex;
use crate::sleep::{Before, Rescan};
use crate::trace::LaneKind;
use crate::util::{clock, coarse};
use std::sync::Arc;
use std::time::Duration;

/// A sleep that ends within this time was hardly worth it: work comes in quick succession, and
/// looking around for a moment saves the next sleep. After a longer one the next gap is likely to
/// be long as well, and looking around would only burn the core.
const SHORT: Duration = Duration::from_micros(100);

/// The life of a worker or spare thread. The caller has counted it: as live, and for
/// [`Call::Work`] as a searcher.
pub(super) fn run(registry: &Arc<Registry>, index: SeatIndex, call: Call, number: Number) {
    let is_worker = registry.seat(index).kind() == SeatKind::Worker;
    if !is_worker {
        registry.place.enter();
    }
    let _context = registry.hooks.context.enter();
    {
        // SAFETY: this thread was created for this seat and is its only occupant; `registry`
        // outlives the guard.
        let occupied = unsafe { registry.occupy(index) };
        let me = occupied.me();
        let _stamps = coarse::keep();
        let worker = is_worker.then_some(index as usize);
        let kind = if is_worker {
            LaneKind::Worker
        } else {
            LaneKind::Spare
        };
        let _traced = registry.trace().enter(kind, index as usize);
        registry.hooks.on_start(worker);
        if is_worker {
            registry.driver.host(MainLoop::new(me, true, true).live());
            publish::clear_seat(me);
        } else {
            registry.driver.host(serve(me, call));
        }
        close_mail(registry, index);
        registry.hooks.on_exit(worker);
    }
    if !is_worker {
        registry.bench.leave(index);
    }
    leave(registry, number, !registry.is_closed());
}

/// The thread has left its seat for good; the last one to do so at the end of its pool runs what is
/// left (`shutdown.C4`).
fn leave(registry: &Registry, number: Number, reaps: bool) {
    if registry.threads.leave_seated() && registry.is_closed() {
        publish::drain(registry);
    }
    registry.threads.leave(number, reaps);
}

/// Runs the letters that are left for a thread that opens no more.
fn close_mail(registry: &Registry, index: SeatIndex) {
    for letter in registry.seat(index).mail.close() {
        letter.execute(index);
    }
}

/// The end of a thread that was counted and never ran: what was reserved for it is given back.
pub(super) fn never_ran(registry: &Registry, index: SeatIndex, call: Call, number: Number) {
    close_mail(registry, index);
    let is_worker = registry.seat(index).kind() == SeatKind::Worker;
    if !is_worker {
        registry.bench.refuse(index);
    }
    if call == Call::Work {
        registry.sleep.release_searcher();
    }
    if is_worker {
        // While it counted as searching, nobody else was told about new work. (A thread that calls
        // for a spare thread does this by itself.)
        tell::permit(registry);
    }
    leave(registry, number, false);
}

/// What a spare thread does: what it is called for, again and again.
async fn serve(me: Occupant<'_>, call: Call) {
    let registry = me.registry();
    let sitter = Sitter::new(me.index());
    let mut call = Some(call);
    while let Some(now) = call {
        match now {
            Call::Work => MainLoop::new(me, true, false).live().await,
            Call::Poll | Call::StandBy => {
                let left = match now {
                    Call::StandBy => deputy::stand_by(me).await,
                    _ => post::poll_futures(me).await,
                };
                if left == Left::WithPermit {
                    MainLoop::new(me, false, false).live().await;
                }
            }
        }
        let _asleep = Asleep::begin(me);
        publish::clear_seat(me);
        call = registry.bench.sit(&sitter, || tell::permit(registry));
    }
}

/// The main loop, and what it remembers from one job to the next. It begins with a permit, which is
/// given back at the end: when the pool is closed, or, for a spare thread, when it has nothing to
/// do.
struct MainLoop<'a> {
    registry: &'a Registry,
    me: Occupant<'a>,
    /// It stays, and sleeps when there is nothing to do; a spare thread leaves.
    is_worker: bool,
    /// It counts as a searcher.
    searching: bool,
    /// The last sleep was a short one.
    slept_shortly: bool,
    /// Where it has looked for work in vain.
    looked: Looked,
    /// The last job was a poll.
    has_polled: bool,
    /// Events were let in in this round.
    has_glanced: bool,
}

/// Where a thread has looked for work before it sleeps. Its last look depends on that.
#[derive(Clone, Copy)]
pub(super) enum Looked {
    /// Not into the slots of others: more threads were active than there are permits. By now its
    /// permit may be free, as several such threads may leave at once.
    InPublic,
    /// Everywhere. A private job that is there now came later. That its owner has been asked does
    /// not help: the question may be that of a thread that does not reach for the job itself.
    Everywhere,
    /// Everywhere, and there were jobs that no thread may take just now. Or its permit is needed by
    /// another thread, which looks for itself.
    InVain,
}

/// Where the main loop may have to wait as a future: some reactors are one around it
/// (`pool::events`).
enum Pause<'a> {
    /// It lets events in.
    Glance(Role<'a>),
    /// It sleeps as the driver.
    Drive(Role<'a>),
    /// It has ended.
    End,
}

impl<'a> MainLoop<'a> {
    fn new(me: Occupant<'a>, searching: bool, is_worker: bool) -> Self {
        Self {
            registry: me.registry(),
            me,
            is_worker,
            searching,
            slept_shortly: true,
            looked: Looked::InPublic,
            has_polled: false,
            has_glanced: false,
        }
    }

    async fn live(mut self) {
        loop {
            match self.run() {
                Pause::Glance(role) => {
                    role.glance().await;
                    self.has_glanced = true;
                }
                Pause::Drive(role) => {
                    let slept = sleep_driving(self.me, role, self.looked).await;
                    self.searching = true;
                    self.slept_shortly = slept < SHORT;
                }
                Pause::End => return,
            }
        }
    }

    /// Job after job, until there is none, or the loop has to wait as a future.
    fn run(&mut self) -> Pause<'a> {
        loop {
            self.me.return_to_queues();
            if let Some(role) = self.role_to_glance() {
                return Pause::Glance(role);
            }
            if !self.searching && self.registry.sleep.is_crowded() {
                if let Some(end) = self.make_room() {
                    return end;
                }
            }
            let found = find::own(self.me).or_else(|| self.search());
            if let Some(job) = found {
                self.execute(job);
            } else if self.me.mail.has_letters() {
                // Found at the next turn of the loop.
            } else if let Some(pause) = self.rest() {
                return pause;
            }
        }
    }

    /// The role of the driver, in the round in which a busy thread lets events in.
    #[inline]
    fn role_to_glance(&mut self) -> Option<Role<'a>> {
        if !find::lets_events_in(self.me.round()) || std::mem::take(&mut self.has_glanced) {
            return None;
        }
        if self.searching {
            // It comes from a sleep. And where it would be led away (`errand.rs`), others would
            // wait for it.
            return None;
        }
        self.registry.driver.role_to_glance(self.me.parker())
    }

    /// More threads work than there are permits: a worker sleeps, a spare thread leaves.
    #[cold]
    fn make_room(&mut self) -> Option<Pause<'a>> {
        if self.is_worker {
            // Those who stay awake may find enough in the injectors never to look here.
            publish::clear_seat(self.me);
            self.sleep(Before::Crowded);
            return None;
        }
        self.me.set_mode(Mode::Away);
        self.registry.sleep.release();
        tell::permit(self.registry);
        Some(Pause::End)
    }

    /// Nothing was found: the thread sleeps, as the driver if that role is free, or leaves.
    fn rest(&mut self) -> Option<Pause<'a>> {
        let (registry, me) = (self.registry, self.me);
        let asker = if self.is_worker {
            Asker::Worker
        } else {
            Asker::Spare
        };
        let mut role = registry.driver.take(me.parker(), asker);
        if !self.is_worker && registry.sleep.has_sleepers() {
            // It is for them: one is woken below. Looked at behind the fence of `take`, so that a
            // worker that comes later finds out whose the role is (`tell::relieve_spare`).
            role = None;
        }
        let leaves = registry.is_closed() || !self.is_worker && role.is_none();
        if leaves {
            drop(role);
            me.set_mode(Mode::Away);
            registry.sleep.release_searcher();
            // While we counted as searching, nobody else was told about new work.
            tell::permit(registry);
            return Some(Pause::End);
        }
        match role {
            Some(role) => Some(Pause::Drive(role)),
            None => {
                self.slept_shortly = self.sleep(Before::Searching) < SHORT;
                None
            }
        }
    }

    /// Looks for work of others, as a searcher from now on: for a while, if that promises
    /// something.
    #[inline(never)]
    fn search(&mut self) -> Option<Found> {
        let (registry, me) = (self.registry, self.me);
        if !self.searching {
            registry.sleep.start_searching();
            self.searching = true;
        }
        registry.driver.fire_if_unattended();
        // One thread too many: a guest has come, or a waiter has resumed. This one goes.
        let is_surplus = || registry.sleep.is_crowded();
        if self.may_spin() && registry.may_spin() {
            let spin = Spin::new(registry);
            while !is_surplus() {
                if let Some(job) = find::others(me, false) {
                    return Some(job);
                }
                let is_called = registry.is_closed() || me.mail.has_letters();
                let goes_on = || match self.has_polled {
                    true => spin.again_slowly(),
                    false => spin.again_politely(),
                };
                if is_called || !goes_on() || !registry.may_spin() {
                    break;
                }
            }
        }
        if is_surplus() {
            self.looked = Looked::InPublic;
            return None;
        }
        if let Some(job) = find::others(me, true) {
            return Some(job);
        }
        match find::hidden(me) {
            Hidden::Job(job) => return Some(job),
            Hidden::Nothing => self.looked = Looked::Everywhere,
            Hidden::Refused => self.looked = Looked::InVain,
        }
        None
    }

    /// May this thread spin before it sleeps? Not after a poll in a pool with a reactor: the next
    /// event goes to the driver, and the client that is to answer may need this core.
    fn may_spin(&self) -> bool {
        self.slept_shortly && !(self.has_polled && self.registry.driver.has_events())
    }

    #[inline]
    fn execute(&mut self, job: Found) {
        if self.searching {
            self.searching = false;
            tell::found(self.me, !job.is_poll());
        }
        self.has_polled = job.is_poll();
        execute(self.me, job);
    }

    /// Sleeps until there is a reason not to; returns how long. The thread searches then (except
    /// that a crowded one may have found room again and gone on).
    fn sleep(&mut self, before: Before) -> Duration {
        let (registry, me) = (self.registry, self.me);
        let asleep = Asleep::begin(me);
        let looked = match before {
            Before::Searching => self.looked,
            Before::Crowded => Looked::InVain,
        };
        let rescan = || {
            let found = rescan(me, looked);
            if found == Rescan::Nothing {
                tell::relieve_spare(registry);
                tell::driver_is_away(registry);
                tell::rests(registry);
            }
            found
        };
        let tell = || tell::work(registry);
        self.searching = registry
            .sleep
            .sleep(me.index(), me.parker(), before, rescan, tell);
        asleep.end()
    }
}

/// Runs a job. One round of 61 is timed, because to read the clock each time would cost more than a
/// short poll.
#[inline]
fn execute(me: Occupant<'_>, job: Found) {
    me.counters().count_job(job.is_poll());
    let _ = me.tasks().poll_begins();
    if me.round() == 1 {
        let start = clock::ticks();
        computing::run(me, job);
        me.counters().saw_poll(clock::ticks().saturating_sub(start));
        coarse::expire();
    } else {
        computing::run(me, job);
    }
}

/// The last look before a sleep: is there a reason not to? A thread that pauses may go on, because
/// a permit has come back.
pub(super) fn rescan(me: Occupant<'_>, looked: Looked) -> Rescan {
    let registry = me.registry();
    registry.rescue.turnstile.grant();
    if me.mail.has_letters() || registry.is_closed() {
        return Rescan::Mine;
    }
    let is_work_left = match looked {
        Looked::InPublic => {
            registry.has_visible_work() || {
                tell::ask_all(registry);
                registry.has_jobs()
            }
        }
        Looked::Everywhere => registry.driver.is_wanted() || registry.has_jobs(),
        Looked::InVain => registry.has_work_left(),
    };
    if is_work_left {
        Rescan::Work
    } else {
        Rescan::Nothing
    }
}

/// Sleeps as the driver until there is a reason not to; returns how long. The thread searches then.
async fn sleep_driving(me: Occupant<'_>, role: Role<'_>, looked: Looked) -> Duration {
    let registry = me.registry();
    let sleep = &registry.sleep;
    let asleep = Asleep::begin(me);
    sleep.begin_driving(
        me.index(),
        me.parker(),
        || rescan(me, looked),
        || tell::work(registry),
    );
    while !sleep.take_token(me.index()) {
        rest::pass_time_hosted(registry, &role, me.index()).await;
        role.drive_until(None, Some(me), || tell::come_back(me))
            .await;
        if role.is_by_spare() && sleep.has_sleepers() {
            // It is for them. If all permits are out, the next to be free asks again.
            sleep.leave_driving(me.index());
        }
    }
    drop(role);
    asleep.end()
}
