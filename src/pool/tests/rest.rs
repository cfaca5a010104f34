//! Loom models of a paused clock (`pool::rest`). A driver looks until the clock jumps; others work
//! meanwhile. Each asserts that the clock stands while it works (rest.T1), and the driver that all
//! have done what was to be done before the jump (rest.T2). A driver that is not told hangs, which
//! loom sees (rest.T3).

use super::super::driver::{Asker, Role};
use super::super::registry::Registry;
use super::super::rest::{InBlockOn, Seen, look};
use super::super::seat::{Mode, Shown, Wait};
use super::super::threads::Waiter;
use super::super::{publish, tell, timers, wait};
use super::loom::registry_with_guests;
use crate::job::JobRef;
use crate::job::heap::HeapJob;
use crate::sleep::{Before, Rescan};
use crate::sync::thread;
use crate::task::{Class, Priority};
use crate::util::model;
use crate::util::parker::Parker;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A pool with a paused clock and a timer; its clock when it began; and how often something was
/// done. (The count is none of loom's: it orders nothing.)
#[derive(Clone)]
struct Paused {
    registry: Arc<Registry>,
    start: Instant,
    done: Arc<AtomicUsize>,
}

impl Paused {
    fn new(workers: usize) -> Self {
        Self::with_spares(workers, 0)
    }

    fn with_spares(workers: usize, spares: usize) -> Self {
        let registry = registry_with_guests(workers, 0, spares);
        assert!(timers::pause(&registry));
        let start = registry.timers().present();
        let hour = Duration::from_secs(3600);
        // Nobody is told: the driver comes, and these registries cannot create a thread.
        assert!(registry.timers().add(start + hour, Waker::noop()).is_some());
        Self {
            registry,
            start,
            done: Arc::default(),
        }
    }

    /// What a poll does: it looks at the clock, twice.
    fn poll(&self) {
        assert_eq!(self.registry.timers().present(), self.start);
        assert_eq!(self.registry.timers().present(), self.start);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// A thread gives its permit back, and tells.
    fn release(&self) {
        self.registry.sleep.release();
        tell::permit(&self.registry);
    }

    fn role(&self) -> Role<'_> {
        let role = self.registry.driver.take(Parker::current(), Asker::Waiter);
        role.expect("nobody else takes it")
    }

    /// Drives until the clock jumps, which must not be before `jobs` were done.
    fn drive(&self, role: &Role<'_>, jobs: usize) {
        loop {
            match look(&self.registry, role, None) {
                Seen::Jumped => break,
                Seen::Moving => thread::yield_now(),
                Seen::Busy => role.drive(None, || ()),
            }
        }
        assert_eq!(self.done.load(Ordering::Relaxed), jobs);
        assert!(self.registry.timers().present() > self.start);
    }

    /// A thread that waits for its parker to be woken, then polls, and waits for no more.
    fn waiter(&self) -> (thread::JoinHandle<()>, &'static Parker) {
        let parker: &'static Parker = Box::leak(Box::new(Parker::new()));
        let pool = self.clone();
        let registered = Waiter::register(&self.registry.waiters, parker, None);
        std::mem::forget(registered);
        let thread = thread::spawn(move || {
            while !parker.take_poll_request(0) {
                parker.park();
            }
            pool.registry.sleep.acquire();
            // As `wait::lend` does: no waiter any more, and not yet polled.
            drop(Waiter::adopt(&pool.registry.waiters, parker));
            pool.poll();
            pool.release();
        });
        (thread, parker)
    }
}

/// A job that polls.
fn job(pool: &Paused) -> JobRef {
    let pool = pool.clone();
    // SAFETY: the closure borrows nothing.
    unsafe { HeapJob::new_ref(move |_| pool.poll()) }
}

fn class() -> Class {
    Class::future(Priority::Normal)
}

/// A thread with a permit ends its poll.
#[test]
fn rest_waits_for_a_poll() {
    model::check("pool::rest_waits_for_a_poll", || {
        let pool = Paused::new(1);
        pool.registry.sleep.acquire();
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.poll();
                pool.release();
            })
        };
        pool.drive(&pool.role(), 1);
        worker.join().unwrap();
    });
}

/// A thread with a permit wakes one that waits, as a task wakes a `block_on`, and rests.
#[test]
fn rest_waits_for_a_thread_that_was_woken() {
    model::check("pool::rest_waits_for_a_thread_that_was_woken", || {
        let pool = Paused::new(2);
        let role = pool.role();
        let (waiter, parker) = pool.waiter();
        pool.registry.sleep.acquire();
        let waker = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.poll();
                parker.request_poll(0);
                pool.release();
            })
        };
        pool.drive(&role, 2);
        waker.join().unwrap();
        waiter.join().unwrap();
    });
}

/// A thread with a permit makes a task ready, and rests; a worker that sleeps is popped for it.
#[test]
fn rest_waits_for_a_task() {
    model::check("pool::rest_waits_for_a_task", || {
        let pool = Paused::new(2);
        let role = pool.role();
        pool.registry.sleep.admit();
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || {
                let registry = &pool.registry;
                let job = loop {
                    if let Some(job) = registry.injectors.take_any() {
                        break job;
                    }
                    let rescan = || match registry.has_visible_jobs() {
                        true => Rescan::Work,
                        false => {
                            tell::rests(registry);
                            Rescan::Nothing
                        }
                    };
                    let (parker, tell) = (Parker::current(), || tell::work(registry));
                    let slept = registry
                        .sleep
                        .sleep(0, parker, Before::Searching, rescan, tell);
                    assert!(slept);
                };
                job.execute(0);
                registry.sleep.release_searcher();
                tell::permit(registry);
            })
        };
        pool.registry.sleep.acquire();
        publish::inject(&pool.registry, job(&pool), class());
        pool.release();
        pool.drive(&role, 1);
        worker.join().unwrap();
    });
}

/// The thread at the post, which has no permit, awakes from a nap, takes a task, and naps again.
#[test]
fn rest_waits_for_the_post() {
    model::check_within(2, "pool::rest_waits_for_the_post", || {
        let pool = Paused::with_spares(1, 1);
        let role = pool.role();
        let (waiter, parker) = pool.waiter();
        pool.registry.injectors.push(job(&pool), class());
        assert!(pool.registry.rescue.take_post());
        pool.registry.rescue.arrive(1);
        // SAFETY: no other thread takes seat 1, and the registry outlives the guard.
        unsafe { pool.registry.occupy(1) }
            .me()
            .set_mode(Mode::Overcommitted);
        pool.registry.rescue.note_sleep(true);
        let post = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.registry.rescue.note_sleep(false);
                let job = pool.registry.injectors.take_any();
                job.expect("nobody else takes it").execute(1);
                parker.request_poll(0);
                pool.registry.rescue.note_sleep(true);
                tell::rests(&pool.registry);
            })
        };
        pool.drive(&role, 2);
        post.join().unwrap();
        waiter.join().unwrap();
    });
}

/// A thread that blocked begins to wait for a future, and finds that another one is active; that
/// one gives its permit back. One of the two tells.
#[test]
fn rest_waits_for_a_thread_that_blocks() {
    model::check("pool::rest_waits_for_a_thread_that_blocks", || {
        let pool = Paused::new(2);
        let role = pool.role();
        // SAFETY: no other thread takes seat 0, and the registry outlives the guard.
        let occupied = unsafe { pool.registry.occupy(0) };
        occupied.me().set_mode(Mode::Away);
        std::mem::forget(Shown::new(occupied.me(), Wait::Blocking));
        pool.registry.sleep.acquire();
        let blocks = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.poll();
                // SAFETY: the thread that sat down does no more there.
                let waits = unsafe { pool.registry.occupy(0) };
                std::mem::forget(Shown::new(waits.me(), Wait::Future));
                tell::rests(&pool.registry);
            })
        };
        let active = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.poll();
                pool.release();
            })
        };
        pool.drive(&role, 2);
        blocks.join().unwrap();
        active.join().unwrap();
    });
}

/// A thread that polls without a seat wakes another one, and then does as `rests` says with its
/// parker.
fn waits_for_a_thread_without_a_seat(name: &str, rests: fn(&Paused, &'static Parker)) {
    model::check(name, move || {
        let pool = Paused::new(1);
        let role = pool.role();
        let (waiter, parker) = pool.waiter();
        let (outside, own) = {
            let own: &'static Parker = Box::leak(Box::new(Parker::new()));
            let entered = wait::begin_outside(&pool.registry, own);
            std::mem::forget(entered);
            let pool = pool.clone();
            let outside = thread::spawn(move || {
                pool.poll();
                parker.request_poll(0);
                rests(&pool, own);
            });
            (outside, own)
        };
        pool.drive(&role, 2);
        own.unpark();
        outside.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn rest_waits_for_a_thread_without_a_seat() {
    let name = "pool::rest_waits_for_a_thread_without_a_seat";
    waits_for_a_thread_without_a_seat(name, |pool, own| {
        pool.registry.outside.set_waits(own, true);
        tell::rests(&pool.registry);
        own.park();
    });
}

/// The last poll is told, too.
#[test]
fn rest_waits_for_a_thread_without_a_seat_that_leaves() {
    let name = "pool::rest_waits_for_a_thread_without_a_seat_that_leaves";
    waits_for_a_thread_without_a_seat(name, |pool, own| {
        drop(InBlockOn::adopt(&pool.registry, own));
    });
}
