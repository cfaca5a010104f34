//! Loom models of errands: the driver runs tasks of its reactor (`errand.rs`). There is no reactor;
//! the models call what one would.

use super::super::driver::{Asker, Role};
use super::super::errand;
use super::super::registry::Registry;
use super::super::seat::{Mode, Occupant};
use super::super::worker::{self, Looked};
use super::super::{tell, timers};
use super::loom::{future, registry_of};
use crate::job::JobRef;
use crate::job::stack::StackJob;
use crate::sync::thread;
use crate::task::{Class, Priority};
use crate::util::model;
use crate::util::parker::Parker;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// For the post and its deputy. No thread is started here.
const SPARES: usize = 2;

fn add_timer(registry: &Registry) {
    let _ = timers::add(registry, Instant::now() + HOUR, Waker::noop());
}

/// A thread that publishes a future.
fn publisher(registry: &Arc<Registry>, job: JobRef) -> thread::JoinHandle<()> {
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        registry
            .injectors
            .push(job, Class::future(Priority::Normal));
        tell::work(&registry);
    })
}

/// A thread that begins an errand, as far as timers are concerned.
fn driver(registry: &Arc<Registry>) -> thread::JoinHandle<()> {
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        registry.driver.begin_tasks();
        tell::driver_is_away(&registry);
    })
}

/// The role of the driver, for a thread that holds a permit. No timer is left, and the post is
/// free.
fn role(registry: &Registry) -> Role<'_> {
    let timer = timers::add(registry, Instant::now() + HOUR, Waker::noop());
    let role = registry.driver.take(Parker::current(), Asker::Worker);
    registry.timers().remove(timer.expect("an hour from now"));
    registry.timers().fire();
    registry.rescue.give_post_back();
    role.expect("nobody else takes it")
}

/// The only worker of a pool, asleep in a reactor as the driver.
fn fall_asleep(me: Occupant<'_>) -> Role<'_> {
    let registry = me.registry();
    registry.sleep.admit();
    let role = role(registry);
    me.set_mode(Mode::Away);
    registry.sleep.begin_driving(
        me.index(),
        Parker::current(),
        || worker::rescan(me, Looked::Everywhere),
        || tell::work(registry),
    );
    me.set_driving(true);
    role
}

/// driver.D1: an errand begins, while the first timer is added. One of the two calls the post.
#[test]
fn an_errand_sees_a_timer() {
    model::check("pool::an_errand_sees_a_timer", || {
        let registry = registry_of(1, SPARES);
        registry.sleep.acquire();
        let role = role(&registry);
        let driver = driver(&registry);
        add_timer(&registry);
        driver.join().unwrap();
        assert!(registry.rescue.is_taken());
        drop(role);
    });
}

/// driver.D1: an errand begins, while the thread that watched leaves the post.
#[test]
fn an_errand_is_watched() {
    model::check("pool::an_errand_is_watched", || {
        let registry = registry_of(1, SPARES);
        registry.sleep.acquire();
        let role = role(&registry);
        add_timer(&registry);
        assert!(registry.rescue.take_post() || registry.rescue.is_taken());
        registry.rescue.arrive(1);
        let driver = driver(&registry);
        registry.rescue.leave_post(1);
        let has_seen = registry.driver.has_waiting_timers();
        driver.join().unwrap();
        assert!(has_seen || registry.rescue.is_taken());
        drop(role);
    });
}

/// A future becomes ready while the only worker begins an errand, which does not end: a thread
/// comes to the post for it.
#[test]
fn an_errand_holds_up_no_future() {
    model::check("pool::an_errand_holds_up_no_future", || {
        let registry = registry_of(1, SPARES);
        // SAFETY: no other thread takes the seat, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let role = fall_asleep(me);
        let job = StackJob::new(|_| ());
        let publisher = publisher(&registry, future(&job));
        errand::begin(me, true);
        publisher.join().unwrap();
        assert!(registry.rescue.is_taken());
        let job = registry.injectors.take_any();
        job.expect("nobody else takes it").execute(0);
        drop(role);
    });
}

/// A future becomes ready while an errand ends: the worker comes back to it, or has seen it.
#[test]
fn an_errand_that_ends_misses_no_future() {
    model::check("pool::an_errand_that_ends_misses_no_future", || {
        let registry = registry_of(1, 0);
        // SAFETY: no other thread takes the seat, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let role = fall_asleep(me);
        errand::begin(me, true);
        let job = StackJob::new(|_| ());
        let publisher = publisher(&registry, future(&job));
        errand::end(me);
        publisher.join().unwrap();
        assert!(registry.sleep.take_token(0));
        let job = registry.injectors.take_any();
        job.expect("nobody else takes it").execute(0);
        drop(role);
    });
}

/// A future becomes ready during the whole of an errand.
#[test]
fn a_short_errand_misses_no_future() {
    model::check_within(2, "pool::a_short_errand_misses_no_future", || {
        let registry = registry_of(1, 0);
        // SAFETY: no other thread takes the seat, and the registry outlives the guard.
        let occupied = unsafe { registry.occupy(0) };
        let me = occupied.me();
        let role = fall_asleep(me);
        let job = StackJob::new(|_| ());
        let publisher = publisher(&registry, future(&job));
        errand::begin(me, true);
        errand::end(me);
        publisher.join().unwrap();
        assert!(registry.sleep.take_token(0));
        let (active, searching) = registry.sleep.at_work();
        assert_eq!((active, searching), (1, 1));
        let job = registry.injectors.take_any();
        job.expect("nobody else takes it").execute(0);
        drop(role);
    });
}
