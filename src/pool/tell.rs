//! Who hears of what: everything that happens after something has changed.
//!
//! | what has changed | who calls | who hears of it |
//! |---|---|---|
//! | work is visible | [`work`], [`work_from`] | a sleeper; if none sleeps, a spare thread; if all permits are out, the post |
//! | a scope job is public | [`job`] | a sleeper; if none sleeps, a spare thread; not the post, for which nothing has changed |
//! | a poll leaves a task behind it on its own seat | [`watch`] | the post, if no thread looks from there |
//! | the post begins to poll | [`poll_begins`] | a deputy, if there is none |
//! | a join half is public | [`half`] | a waiter that follows this seat; else as for work |
//! | a permit was given back, or the last searcher has stopped | [`permit`] | a thread that pauses; if there is work, visible or private, as for work; else a spare driver, whose role a worker takes over |
//! | the number of permits | [`permits`] | as for a permit, whatever the number was; all owners are asked for jobs |
//! | a searcher has found work | [`found`] | if it was the last one, and there is more, visible or private, as for work; the post, which watches a free role of the driver |
//! | another thread has taken a job of a seat | [`taken`] | if that seat has more, as for work |
//! | a thread computes from now on | [`computing`] | the post, if ready work waits; if the role of the driver is free, as for work |
//! | a limit has a token again | [`token`] | if a half is private, as for work |
//! | the post is left | [`post_is_left`] | another thread, if it is still needed |
//! | a timer is the first one | [`timer`] | the driver; if there is none, as for work; if it is away, the post |
//! | the driver may be away, while timers wait | [`driver_is_away`] | the post, if no thread looks from there |
//! | the role of the driver is free | [`Role::give_up`] | as for a permit; if all permits are out, the post |
//! | a thread has stopped doing something | [`rests`] | if the clock is paused, and no thread is active: the driver |
//! | letters are posted | [`mail`] | every sleeper and every waiter |
//!
//! Each of them is called *behind* the change and a SeqCst fence, or puts that fence itself; what
//! is read here is read after it. That is one half of `sleep.P2`, `rescue.R2` and `driver.D1`; the
//! other halves are in those who go to sleep, leave the post, or take the role. The proofs are in
//! `pool/README.md` and `sleep/README.md`. Only [`watch`] does without a fence, and says why.
//!
//! This room pushes no job (that is `publish.rs`), runs none, and takes no decision about what runs
//! next (that is `find.rs` and `rescue/policy.rs`).

use super::driver::Role;
use super::registry::Registry;
use super::rescue::{WakesFor, sight};
use super::seat::{Mode, Occupant, Seat, may_reach};
use super::threads::{Call, Called};
use crate::sleep::Notified;
use crate::sync::asymmetric;
use crate::sync::atomic::{Ordering, fence};
use crate::task;
use crate::timer::{Added, Key};

/// Work has become visible. One sleeper hears of it. If none sleeps because all wait, a spare
/// thread takes the free permit. If all permits are out, a thread that only polls may have to come.
#[inline]
pub(super) fn work(registry: &Registry) {
    heed(registry, registry.sleep.notify());
}

/// [`work`], on the seat of this thread or in the shared queues.
#[inline]
pub(super) fn work_from(me: Occupant<'_>) {
    let registry = me.registry();
    // What was pushed, then the number of permits: whoever raises that looks at the queues behind
    // the heavy fence (`permits`).
    asymmetric::light();
    // A thread that polls is counted as active. So the one permit is out, `work` would find that
    // (`sleep.P3`), and nobody computes.
    if registry.sleep.permits() == 1 && me.mode() == Mode::Polling {
        return watch(registry);
    }
    match registry.sleep.notify() {
        // This thread comes back to it, if it does come back.
        Notified::AllBusy if me.mode() == Mode::Polling => watch(registry),
        notified => heed(registry, notified),
    }
}

/// A job of a scope is public on the seat of this thread. One sleeper hears of it, or a spare
/// thread. Where all permits are out there is no more to do: the post runs no jobs of scopes, and
/// nothing that it looks at has changed (rescue.R2).
#[inline]
pub(super) fn job(me: Occupant<'_>) {
    let registry = me.registry();
    if registry.sleep.notify() == Notified::NobodySleeps {
        call_spare(registry);
    }
}

/// A thread that polls leaves something ready behind it, and comes back to it when the poll ends: a
/// thread looks whether it does.
///
/// There need not be a fence before this. A thread that stops to look says so ([`Rescue`] asks to
/// be told), and looks a last time a tick later: it sees by then what was pushed before that.
///
/// [`Rescue`]: super::rescue::Rescue
#[inline]
pub(super) fn watch(registry: &Registry) {
    if !registry.rescue.watches() {
        call_watch(registry);
    }
}

/// Nobody looks, or the thread that does wants to be told.
#[cold]
fn call_watch(registry: &Registry) {
    let rescue = &registry.rescue;
    if rescue.wakes_for().is_none() && !sight::may_watch(registry) {
        return;
    }
    // Ordering: SeqCst fence of rescue.R2: the push, then the look at the post. It pairs with the
    // one in `Rescue::leave_post`.
    fence(Ordering::SeqCst);
    match rescue.wakes_for() {
        None => {
            if rescue.take_post() {
                call_poller(registry);
            }
        }
        Some(WakesFor::Any) => rescue.wake(),
        _ => look_after_ready(registry),
    }
}

/// What is left to do after the sleepers were told.
#[inline]
fn heed(registry: &Registry, notified: Notified) {
    match notified {
        Notified::Enough => {}
        Notified::AllBusy => look_after_ready(registry),
        Notified::NobodySleeps => call_spare(registry),
    }
}

/// A join half of this seat has become public. A waiter for what this seat runs may take it, has
/// nothing else to do, and sleeps on a core that is free: so it hears of it before others do.
pub(super) fn half(me: Occupant<'_>) {
    let registry = me.registry();
    // Ordering: SeqCst fence of rule H2: the job, then the look who waits. It pairs with the one in
    // `Sleep::release`: either a follower that lends its permit is seen, or it sees the job.
    fence(Ordering::SeqCst);
    if !(registry.sleep.wants_one() && registry.waiters.ask_follower_of(me.index())) {
        work(registry);
    }
}

/// A permit was given back or the last searcher has stopped. If work is visible it is told about;
/// a thread that pauses may go on.
pub(super) fn permit(registry: &Registry) {
    registry.rescue.turnstile.grant();
    if registry.sleep.has_one_free() && registry.expects_thieves() {
        // Until now nobody was idle, and owners kept their halves to themselves (rule H1).
        ask_all(registry);
    }
    tell_of_jobs(registry);
    rests(registry);
}

/// A thread has stopped doing something. If no other one does anything, a paused clock may jump:
/// the driver looks whether that is so (`rest/`).
#[inline]
pub(super) fn rests(registry: &Registry) {
    if !registry.timers().is_paused() {
        return;
    }
    // Ordering: SeqCst fence of rest.T3: what this thread has just said, then the looks at the word
    // and at the driver. It pairs with those in `rest::look` and in `Driver::take`.
    fence(Ordering::SeqCst);
    if registry.sleep.active() == 0 {
        registry.driver.look_at_rest();
    }
}

/// The number of permits has changed, and a SeqCst fence was put behind that. Raised, it is as if
/// that many permits were given back at once: sleepers hear of work, and owners, who kept their
/// halves to themselves while nobody was idle, are asked for some (rule H1). Lowered, it may be
/// that a future is ready and no permit free for it (`rescue.R2`).
pub(super) fn permits(registry: &Registry) {
    registry.rescue.turnstile.grant();
    registry.ask_all_for_jobs();
    // Ordering: SeqCst fence of rule H1, as in `ask_all`.
    fence(Ordering::SeqCst);
    // Against a push, and against `work_from`, which both have a light fence only. Refused by the
    // system: then the next fork tells, and a thread that polls comes back to what it has pushed.
    let _ = may_reach();
    tell_of_jobs(registry);
}

/// Tells of what is visible or private; a permit may be free for it.
fn tell_of_jobs(registry: &Registry) {
    if registry.driver.is_wanted() || registry.has_jobs() {
        work(registry);
    } else {
        relieve_spare(registry);
        driver_is_away(registry);
    }
}

/// Asks all owners for jobs, before a look at their slots. One that is in the middle of a push sees
/// the question, or the job is to be seen behind this.
pub(super) fn ask_all(registry: &Registry) {
    registry.ask_all_for_jobs();
    // Ordering: SeqCst fence of rule H1: the question, then the look at the slots. Against a push,
    // which has a light fence only, it takes the heavy one.
    fence(Ordering::SeqCst);
    if registry.seats().any(Seat::may_hide_jobs) {
        // Refused by the system: then a push that is not seen yet is told by the next fork.
        let _ = may_reach();
    }
}

/// A thread that does not count as a searcher has taken a job of `seat`, and it may have been the
/// last one in sight (rule H2).
#[inline]
pub(super) fn taken(registry: &Registry, seat: &Seat) {
    if registry.sleep.wants_one() && (seat.offer().has_public() || seat.hides_jobs()) {
        work(registry);
    }
}

/// A limit has a token again: an idle thread may take a half that was kept for want of one (rule
/// H2).
pub(super) fn token(registry: &Registry) {
    if !registry.sleep.wants_one() {
        return;
    }
    ask_all(registry);
    if registry.seats().any(Seat::hides_jobs) {
        work(registry);
    }
}

/// A searcher has found work, and `computes` with it or polls; if it was the last searcher, the
/// next sleeper is woken for more. Not for the role of the driver alone: this thread looks after
/// that while it polls (`driver.D1`), and the post watches that it does. (Other searchers take the
/// role before they sleep, or come here.)
pub(super) fn found(me: Occupant<'_>, computes: bool) {
    let registry = me.registry();
    if registry.sleep.stop_searching() {
        if registry.has_jobs() {
            heed(registry, registry.sleep.spread());
            // A second one, so that many are awake after a few wake-ups in a row.
            if registry.sleep.wants_more() && registry.has_jobs() {
                heed(registry, registry.sleep.spread());
            }
        }
        watch_role(registry);
    }
    if computes {
        computing(me);
    }
}

/// If the role of the driver is free and of use, the post watches that a thread takes it: the
/// threads that would may block in their polls.
fn watch_role(registry: &Registry) {
    let rescue = &registry.rescue;
    if registry.driver.is_wanted() && rescue.is_possible && rescue.take_post() {
        call_poller(registry);
    }
}

/// The occupant of a seat, which has polled so far, computes from now on.
pub(super) fn computing(me: Occupant<'_>) {
    let registry = me.registry();
    me.note_computation();
    task::note_computing();
    me.set_mode(Mode::Computing);
    // Ordering: SeqCst fence of rescue.R2 and driver.D1: the mode, then the look at the queues and
    // at the role of the driver. It pairs with those of publishers, of `Rescue::leave_post` and of
    // `Driver::take`.
    fence(Ordering::SeqCst);
    if registry.driver.is_wanted() {
        // It may have been this thread's until now.
        work(registry);
    } else {
        look_after_ready(registry);
    }
}

/// Calls a thread to the post, or wakes the one that is there, if ready work waits and no thread is
/// known to come back soon.
#[cold]
fn look_after_ready(registry: &Registry) {
    if !sight::needs_rescue(registry) {
        return;
    }
    let to_be_called = registry.rescue.take_post();
    registry.rescue.look().ask();
    if to_be_called {
        call_poller(registry);
    } else {
        registry.rescue.wake();
    }
}

/// The thread at the post does something else from now on. (Its deputy may have taken the post over
/// from it before.)
pub(super) fn post_is_left(me: Occupant<'_>) {
    let registry = me.registry();
    // What it runs may be a task of the reactor: it leaves that, too, as soon as it can.
    come_back_if_driving(me);
    registry.rescue.leave_post(me.index());
    look_after_ready(registry);
    driver_is_away(registry);
    rests(registry);
}

/// The thread at the post begins to run code of users: another one stands by.
pub(super) fn poll_begins(registry: &Registry) {
    let rescue = &registry.rescue;
    if cfg!(manyhands_loom) || !sight::may_watch(registry) || !rescue.take_deputy() {
        return;
    }
    if !call(registry, Call::StandBy) {
        rescue.leave_as_deputy();
        ask_last_resort(registry);
    }
}

fn call_poller(registry: &Registry) {
    if cfg!(manyhands_loom) {
        // Its models have no threads to call; they look at the post.
        return;
    }
    if !call(registry, Call::Poll) {
        // As it was before there was such a thread. The next to publish tries again.
        registry.rescue.give_post_back();
        rests(registry);
        ask_last_resort(registry);
    }
}

/// A permit is free, work is visible, no thread sleeps: calls a spare thread, or, if there can be
/// none and everybody waits, asks a waiter to run the work (the last resort of `wait/lend.rs`).
#[cold]
fn call_spare(registry: &Registry) {
    if !registry.can_call_spare() {
        return ask_last_resort(registry);
    }
    if !registry.sleep.reserve() {
        // A thread searches, or has resumed and taken the permit: perhaps to compute.
        return look_after_ready(registry);
    }
    if !call(registry, Call::Work) {
        // While the reservation counted as a searcher, nobody else was told about the work.
        permit(registry);
    }
}

/// If nobody else can run what is visible, the thread at the post has to leave it for that, or a
/// waiter has to.
fn ask_last_resort(registry: &Registry) {
    if registry.rescue.is_manned() {
        // rescue.R5: the fence that pairs with the one in `Rescue::fall_asleep` is behind the
        // caller.
        registry.rescue.wake();
    } else if registry.is_stuck() {
        registry.waiters.ask_one();
    }
}

/// Calls a spare thread from the bench, or a new one. If there can be none, what was reserved for
/// it is given back.
fn call(registry: &Registry, call: Call) -> bool {
    match registry.bench.call(call) {
        Called::Up => true,
        Called::Create(seat) => (registry.start_spare)(registry, seat, call),
        Called::Nobody => {
            if call == Call::Work {
                registry.sleep.release_searcher();
            }
            false
        }
    }
}

/// A timer was added: if it is the first one, the driver looks again, or some thread has to become
/// the driver.
pub(super) fn timer(registry: &Registry, added: Added, me: Option<Occupant<'_>>) -> Key {
    // This thread looks at the timers before it parks, lends, leaves or computes.
    let will_look = || me.is_some_and(|me| registry.owns(&me) && me.mode() == Mode::Polling);
    if added.first && !registry.driver.look_again() && !will_look() {
        work(registry);
    } else if added.first && registry.driver.has_waiting_timers() {
        watch(registry);
        // It may sleep longer than until then.
        registry.rescue.wake();
    }
    added.key
}

/// If timers wait while the driver runs tasks of the reactor, the post watches. The caller has put
/// the fence of driver.D1.
#[inline]
pub(super) fn driver_is_away(registry: &Registry) {
    if registry.driver.has_waiting_timers() {
        watch(registry);
    }
}

impl Role<'_> {
    /// Gives the role up, and sees to it that some thread takes it if it is of use (`driver.D1`).
    ///
    /// Only a thread that puts a fence and looks by itself, right behind that, may drop the role
    /// instead: one that gives its permit back, or polls.
    pub(super) fn give_up(self, registry: &Registry) {
        drop(self);
        // Ordering: SeqCst fence of driver.D1: the role is free, then the look at the sleepers. It
        // pairs with the fences of those who go to sleep or begin to compute.
        fence(Ordering::SeqCst);
        permit(registry);
        if sight::is_busy(registry) {
            watch_role(registry);
        }
    }
}

/// Nothing is to be done, and a permit is free: a spare thread that is the driver wakes up, and
/// leaves the role to a worker that sleeps.
#[inline]
pub(super) fn relieve_spare(registry: &Registry) {
    if registry.driver.is_held_by_spare() && is_worker_free(registry) {
        registry.driver.look_again();
    }
}

/// Does a worker sleep, and is a permit free for it?
pub(super) fn is_worker_free(registry: &Registry) -> bool {
    registry.sleep.wants_one() && registry.sleep.has_sleepers()
}

/// The reactor that this thread sleeps in as the driver has called a waker of the pool. The thread
/// is asked to come back; if a permit is free it takes it, so that what is woken now finds it
/// awake.
#[inline]
pub(super) fn come_back_if_driving(me: Occupant<'_>) {
    if me.is_driving() {
        come_back(me);
    }
}

/// [`come_back_if_driving`], by the driver that finds timers expired.
#[cold]
pub(super) fn come_back(me: Occupant<'_>) {
    me.set_driving(false);
    if me.mode() == Mode::Away && me.registry().sleep.leave_driving(me.index()) {
        me.set_mode(Mode::Polling);
    }
    me.parker().unpark();
}

/// Letters were posted.
pub(super) fn mail(registry: &Registry) {
    registry.sleep.wake_all();
    registry.waiters.wake_all();
}
