//! The thread at the post: looks, asks the policy, and does what it says.

use super::policy::{
    self, Begin, CALM_LOOKS, IN_MODEL, MAX_PAUSED, Next, Pausing, REST, Sight, WATCH,
};
use super::{WakesFor, sight};
use crate::pool::driver::{Asker, Role};
use crate::pool::find::{self, Found};
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Occupant};
use crate::pool::{publish, rest, tell};
use crate::task;
use crate::trace::{self, Span};
use crate::util::clock;
use std::time::{Duration, Instant};

/// How a thread has left the post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::pool) enum Left {
    /// There is nothing to do there.
    Idle,
    /// It has begun to compute, and holds a permit now.
    WithPermit,
}

/// Polls ready futures while all threads with permits compute. The caller has the post, and no
/// permit.
pub(in crate::pool) async fn poll_futures(me: Occupant<'_>) -> Left {
    let registry = me.registry();
    let rescue = &registry.rescue;
    me.set_mode(Mode::Overcommitted);
    rescue.arrive(me.index());
    // Of a thread that it has taken over from.
    rescue.note_sleep(false);
    let mut post = Post::new(me);
    while !registry.is_closed() {
        post.let_events_in().await;
        if me.mode() != Mode::Overcommitted {
            // In the reactor it ran a task that has begun to compute.
            return Left::WithPermit;
        }
        if !rescue.is_held_by(me.index()) {
            // Or one that lasted, and its deputy has the post now.
            me.set_mode(Mode::Away);
            return Left::Idle;
        }
        let next = policy::next(&post.see());
        match next {
            Next::Poll { patient, otherwise } => {
                if let Some(left) = post.poll(patient, otherwise).await {
                    return left;
                }
            }
            Next::HandOut => publish::clear_seat(me),
            Next::Relieve => post.relieve(),
            Next::Drive => post.drive().await,
            Next::Watch { last } => post.watch(last).await,
            Next::Clock => post.clock().await,
            Next::Nap(time) => nap(me, time).await,
            Next::Leave => {
                rescue.leave_post(me.index());
                let is_left = sight::has_ready(registry) && !registry.sleep.wants_one();
                let has_to_watch =
                    registry.driver.has_waiting_timers() && !sight::needs_hand(registry);
                let is_needed = is_left || has_to_watch || sight::needs_rescue(registry);
                if !(is_needed && rescue.take_post()) {
                    me.set_mode(Mode::Away);
                    return Left::Idle;
                }
                rescue.arrive(me.index());
            }
        }
    }
    rescue.leave_post(me.index());
    me.set_mode(Mode::Away);
    Left::Idle
}

/// The post's thread, and what it counts.
struct Post<'a> {
    me: Occupant<'a>,
    registry: &'a Registry,
    /// `Driver::takes` at the last look, and for how many looks it has been the same.
    takes: u32,
    quiet_looks: u32,
    /// For how many looks nothing was ready.
    calm_looks: u32,
    /// How often it had something to poll since it slept as the driver.
    own_polls: u32,
    /// It has polled since it last let events in: then it does so once in 61 rounds, as workers do.
    has_polled: bool,
}

impl<'a> Post<'a> {
    fn new(me: Occupant<'a>) -> Self {
        let registry = me.registry();
        Self {
            me,
            registry,
            takes: registry.driver.takes(),
            quiet_looks: 0,
            calm_looks: 0,
            own_polls: 0,
            has_polled: false,
        }
    }

    /// Timers that have expired and events that have happened are let in: before each look, but
    /// between two polls no more often than a busy worker does it.
    async fn let_events_in(&mut self) {
        let (driver, me) = (&self.registry.driver, self.me);
        driver.fire_if_unattended();
        if std::mem::take(&mut self.has_polled) && !find::lets_events_in(me.round()) {
            return;
        }
        if let Some(role) = driver.role_to_glance(me.parker()) {
            role.glance().await;
            // By this the role has not changed hands: `look_at_role` asks what others do.
            self.takes = self.takes.wrapping_add(1);
        }
    }

    /// Looks at the pool.
    fn see(&mut self) -> Sight {
        let (registry, me) = (self.registry, self.me);
        let rescue = &registry.rescue;
        let crowded = registry.sleep.is_crowded();
        let mut look = rescue.look();
        let unmoved = look.unmoved(registry.seats(), crowded);
        let is_busy = sight::is_busy(registry);
        let held_up = look.is_held_up(is_busy, unmoved, registry.num_threads());
        rescue.set_held_up(held_up);
        let saturated = sight::is_saturated(registry);
        let computing = sight::any_computes(registry);
        let ready = sight::has_ready(registry);
        let ready_future = ready && sight::has_ready_future(registry);
        let own_tasks = me.tasks.are_there();
        let injectors = &registry.injectors;
        let mut others = registry.seats().filter(|seat| seat.index() != me.index());
        let left_behind = ready_future && others.any(|seat| look.is_left_behind(seat));
        // While a permit is free, what is ready is for those who look for it. Perhaps only this
        // thread can: it leaves the post for that.
        if ready && !registry.sleep.wants_one() {
            self.calm_looks = 0;
        }
        // It has asked before it leaves, and does so until then.
        rescue.set_asks(me.index(), held_up || self.calm_looks >= CALM_LOOKS);
        if !ready {
            let _ = look.answer();
        } else if saturated || own_tasks || ready_future && computing && !IN_MODEL {
            look.ask();
        }
        Sight {
            saturated,
            computing,
            crowded,
            unmoved,
            surplus_is_rare: look.surplus_is_rare(),
            ready,
            ready_future,
            own_tasks,
            left_behind,
            own_polls: self.own_polls,
            asked: look.asked(),
            waited: look.waited(injectors.has_long().then(|| injectors.taken())),
            role_is_free: registry.driver.is_wanted(),
            role_is_of_use: registry.driver.is_of_use(),
            driver_is_away: registry.driver.has_waiting_timers(),
            quiet_looks: self.quiet_looks,
            calm_looks: self.calm_looks,
            at_rest: registry.sleep.active() == 0,
            needs_hand: sight::needs_hand(registry),
        }
    }

    /// Polls a ready future; if others were faster, lets something else begin, or rests.
    async fn poll(&mut self, patient: bool, otherwise: Begin) -> Option<Left> {
        let (registry, me) = (self.registry, self.me);
        self.own_polls = (self.own_polls + 1).min(policy::OWN_POLLS);
        if let Some(future) = find::future_only(me, patient) {
            self.has_polled = true;
            self.note_rescue(&future);
            if registry.rescue.begin_poll(me.index()) {
                tell::poll_begins(registry);
            }
            future.execute(me);
            if me.mode() != Mode::Overcommitted {
                return Some(Left::WithPermit);
            }
            if !registry.rescue.end_poll(me.index()) {
                // The deputy has the post.
                me.set_mode(Mode::Away);
                return Some(Left::Idle);
            }
            return None;
        }
        let job = match otherwise {
            Begin::Nothing => None,
            Begin::Heavy => find::heavy_only(registry),
            Begin::AtLeast(priority) => find::long_only(registry, priority),
        };
        if let Some(job) = job {
            self.note_rescue(&job);
            take_permit(me);
            tell::post_is_left(me);
            me.note_computation();
            job.execute(me);
            return Some(Left::WithPermit);
        }
        if sight::has_ready(registry) {
            self.rest().await;
        }
        None
    }

    /// A future or root is about to run without a permit.
    fn note_rescue(&self, job: &Found) {
        let counters = self.me.counters();
        counters.count_job(job.is_poll());
        counters.count_overcommitted();
        if let Some(after) = self.registry.rescue.look().answer() {
            counters.saw_rescue(after);
        }
    }

    /// Sleeps as the driver, until a timer expires, something happens, or a publisher asks; or
    /// until a worker sleeps that may have the role.
    async fn drive(&mut self) {
        if let Some(role) = self.take_role() {
            // Looked at behind the fence of `take`, so that a worker that comes later finds out
            // whose the role is (`tell::relieve_spare`).
            if !tell::is_worker_free(self.registry) {
                sleep(self.me, None, WakesFor::Any, Some(&role)).await;
            }
            self.give_up(role);
        }
    }

    /// Sleeps for a tick, or until something is ready behind threads that are not expected back
    /// soon. The `last` time before the post is left, anything that is ready wakes it.
    async fn watch(&mut self, last: bool) {
        let wakes_for = if last { WakesFor::Any } else { WakesFor::All };
        match IN_MODEL {
            true => nap(self.me, WATCH).await,
            false => sleep(self.me, Some(clock::now() + WATCH), wakes_for, None).await,
        }
        self.calm_looks = if last {
            CALM_LOOKS
        } else {
            self.calm_looks + 1
        };
        self.look_at_role();
    }

    /// Sleeps for a tick, or until the next timer expires: the driver may not see to it.
    async fn clock(&mut self) {
        let tick = clock::now() + WATCH;
        let end = self
            .registry
            .timers()
            .next_wake()
            .map_or(tick, |next| next.min(tick));
        sleep(self.me, Some(end), WakesFor::All, None).await;
        self.quiet_looks = 0;
        self.calm_looks = 0;
    }

    /// Moves the tasks of seats whose threads do not come back to where others find them.
    fn relieve(&self) {
        let (registry, me) = (self.registry, self.me);
        let look = registry.rescue.look();
        let others = registry.seats().filter(|seat| seat.index() != me.index());
        for seat in others.filter(|seat| look.is_left_behind(seat)) {
            find::all_tasks_of(seat, me);
        }
        drop(look);
        publish::clear_seat(me);
    }

    /// Sleeps until a future is ready, or for a moment, as the driver if it can: what is ready has
    /// to wait.
    async fn rest(&mut self) {
        if IN_MODEL {
            return nap(self.me, REST).await;
        }
        let end = Some(clock::now() + REST);
        let role = self.take_role();
        sleep(self.me, end, WakesFor::Futures, role.as_ref()).await;
        if let Some(role) = role {
            self.give_up(role);
        }
    }

    fn take_role(&self) -> Option<Role<'a>> {
        self.registry.driver.take(self.me.parker(), Asker::Spare)
    }

    fn give_up(&mut self, role: Role<'_>) {
        role.give_up(self.registry);
        self.takes = self.registry.driver.takes();
        self.quiet_looks = 0;
        self.own_polls = 0;
    }

    /// Has any thread taken the role of the driver since the last look?
    fn look_at_role(&mut self) {
        let driver = &self.registry.driver;
        let before = std::mem::replace(&mut self.takes, driver.takes());
        self.quiet_looks = match before == self.takes && driver.is_of_use() {
            true => self.quiet_looks + 1,
            false => 0,
        };
    }
}

/// [`Post::drive`], for models: the caller is at the post.
#[cfg(all(test, manyhands_loom))]
pub(in crate::pool) async fn drive(me: Occupant<'_>) {
    Post::new(me).drive().await;
}

/// Lets the others come to what is ready by themselves.
async fn nap(me: Occupant<'_>, time: Duration) {
    if IN_MODEL {
        let _parked = me.counters().parked();
        return crate::sync::thread::yield_now();
    }
    sleep(me, Some(clock::now() + time), WakesFor::Nothing, None).await;
}

/// The thread at the post sleeps until `end`, until there is what it `wakes_for`, or for no reason;
/// as the driver, if it has that role.
pub(in crate::pool) async fn sleep(
    me: Occupant<'_>,
    end: Option<Instant>,
    wakes_for: WakesFor,
    role: Option<&Role<'_>>,
) {
    let registry = me.registry();
    let rescue = &registry.rescue;
    if wakes_for != WakesFor::Nothing {
        let _ = rescue.look().answer();
    }
    if wakes_for == WakesFor::Any {
        rescue.set_asks(me.index(), true);
    }
    rescue.fall_asleep(me.parker(), wakes_for);
    // (Out of a nap nobody wakes it: it looks by itself, soon.)
    let is_needed = sight::wakes(registry, wakes_for)
        || wakes_for != WakesFor::Nothing && sight::needs_hand(registry);
    if !is_needed && !registry.is_closed() {
        let _parked = me.counters().parked();
        rescue.note_sleep(true);
        tell::rests(registry);
        match role {
            Some(role) => {
                rest::pass_time_hosted(registry, role, me.index()).await;
                role.drive_until(end, Some(me), || ()).await;
            }
            None => me.parker().drive(end),
        }
        if !rescue.is_held_by(me.index()) {
            // It has run tasks of the reactor, and its deputy is here now.
            return;
        }
        rescue.note_sleep(false);
    }
    rescue.wake_up();
}

/// The overcommitted thread takes a permit without asking: it computes beside the others.
fn take_permit(me: Occupant<'_>) {
    let registry = me.registry();
    registry.sleep.acquire();
    me.set_mode(Mode::Computing);
    registry.rescue.look().forgive(me.seat());
}

/// What the overcommitted thread polls has begun to compute: it leaves its post, and perhaps waits
/// for its turn.
pub(in crate::pool) fn begin_at_post(me: Occupant<'_>) {
    let registry = me.registry();
    let turnstile = &registry.rescue.turnstile;
    me.note_computation();
    task::note_computing();
    take_permit(me);
    let pauses = registry.sleep.is_crowded() && !IN_MODEL;
    // Some threads may wait for their turn while another one is at the post, but not all.
    let leaves_first = !pauses || turnstile.waiting() < MAX_PAUSED;
    if leaves_first {
        tell::post_is_left(me);
    }
    if pauses {
        me.counters().end_computing();
        trace::begin(Span::Pause);
        pause(registry);
        trace::end(Span::Pause);
        me.counters().begin_computing();
    }
    if !leaves_first {
        tell::post_is_left(me);
    }
}

/// The calling thread has taken a permit, and computes as soon as there is room: there is for as
/// many threads as there are permits. Then, or later if it must, this returns.
pub(in crate::pool) fn pause(registry: &Registry) {
    let start = clock::moment();
    registry.rescue.turnstile.enter(|waiting| {
        let pausing = Pausing {
            waited: clock::after(start),
            computing: (registry.sleep.active() as usize).saturating_sub(waiting),
            permits: registry.num_threads(),
        };
        policy::has_turn(pausing, || {
            let mut look = registry.rescue.look();
            let unmoved = look.unmoved(registry.seats(), registry.sleep.is_crowded());
            (unmoved, look.surplus_is_rare())
        })
    });
}
