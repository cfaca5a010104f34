//! Loom models of what the protocol stands on: the parker and the latch. Each looks at one
//! ordering; `latch::tests` has more.

use crate::latch::{CountLatch, Latch};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, UnsafeCell, thread};
use crate::util::model;
use crate::util::parker::Parker;

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// The parker itself: a thread that returns from `park` because of an `unpark` sees what was
/// written before it, in a plain flag.
#[test]
fn park_sees_what_the_waker_wrote() {
    model::check("parker::park_sees_what_the_waker_wrote", || {
        let parker = Parker::current();
        let flags = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let wakers: Vec<_> = (0..2)
            .map(|i| {
                let flags = flags.clone();
                thread::spawn(move || {
                    flags[i].store(1, Ordering::Relaxed);
                    parker.unpark();
                })
            })
            .collect();
        for flag in flags.iter() {
            while flag.load(Ordering::Relaxed) == 0 {
                parker.park();
            }
        }
        join(wakers);
    });
}

/// A thread that takes a poll request sees what its waker wrote, without any sleep between.
#[test]
fn poll_request_carries_what_the_waker_wrote() {
    model::check("parker::poll_request_carries_what_the_waker_wrote", || {
        let parker = Parker::current();
        let flag = Arc::new(AtomicUsize::new(0));
        let waker = {
            let flag = flag.clone();
            thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                parker.request_poll(0);
            })
        };
        if parker.take_poll_request(0) {
            assert_eq!(flag.load(Ordering::Relaxed), 1);
        }
        join([waker]);
    });
}

/// A cell that two threads write in turn.
struct Cell(UnsafeCell<usize>);
// SAFETY: the models below check that its users are ordered.
unsafe impl Sync for Cell {}
// SAFETY: as above.
unsafe impl Send for Cell {}

impl Cell {
    fn add(&self) {
        // SAFETY: as above.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }
}

/// latch.L2: what the waiter does while it holds a pin happens before all that the setter does
/// next.
#[test]
fn pin_orders_the_steal_before_the_set() {
    model::check("latch::pin_orders_the_steal_before_the_set", || {
        let shared = Arc::new((Latch::new(), Cell(UnsafeCell::new(0))));
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const shared.0) };
                shared.1.add();
            })
        };
        if let Some(pin) = shared.0.pin() {
            shared.1.add();
            drop(pin);
        }
        join([setter]);
    });
}

/// A waiter that cannot pin because the latch is set sees the result, without asking again.
#[test]
fn pin_that_fails_sees_the_result() {
    model::check("latch::pin_that_fails_sees_the_result", || {
        let shared = Arc::new((Latch::new(), Cell(UnsafeCell::new(0))));
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.add();
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const shared.0) };
            })
        };
        if shared.0.pin().is_none() {
            shared.1.add();
        }
        join([setter]);
    });
}

/// A wake of the thread that was meant for something else does not end a wait.
#[test]
fn stray_wake_does_not_end_a_wait() {
    model::check("latch::stray_wake_does_not_end_a_wait", || {
        let shared = Arc::new((Latch::new(), Cell(UnsafeCell::new(0))));
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.add();
                // SAFETY: both sides hold the latch by an `Arc`.
                unsafe { Latch::set(&raw const shared.0) };
            })
        };
        let parker = Parker::current();
        parker.unpark();
        shared.0.wait(parker);
        shared.1.add();
        join([setter]);
    });
}

/// The last of several jobs hands the writes of all to the waiter, in each way that the waiter may
/// learn of it.
#[test]
fn count_hands_over_every_write() {
    model::check("latch::count_hands_over_every_write", || {
        let shared = Arc::new((
            CountLatch::new(2),
            [Cell(UnsafeCell::new(0)), Cell(UnsafeCell::new(0))],
        ));
        let jobs: Vec<_> = (0..2)
            .map(|i| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1[i].add();
                    // SAFETY: both sides hold the latch by an `Arc`.
                    unsafe { CountLatch::decrement(&raw const shared.0) };
                })
            })
            .collect();
        if shared.0.done().probe() {
            shared.1.iter().for_each(Cell::add);
        }
        join(jobs);
    });
}
