//! Limited handles: how many threads work at a time, and that nothing is forgotten.

use crate::util::{SIZES, pool, watched};
use manyhands::prelude::*;
use manyhands::{Handle, block_on, join, scope, task, yield_local};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is inside at the same time, and how many have been.
#[derive(Default)]
struct Room {
    inside: AtomicUsize,
    most: AtomicUsize,
    visits: AtomicUsize,
}

impl Room {
    fn visit<R>(&self, stay: impl FnOnce() -> R) -> R {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        let result = stay();
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.visits.fetch_add(1, Ordering::SeqCst);
        result
    }

    #[track_caller]
    fn check(&self, most: usize, visits: usize) {
        assert_eq!(self.visits.load(Ordering::SeqCst), visits);
        let seen = self.most.load(Ordering::SeqCst);
        assert!(seen <= most, "{seen} at a time, {most} allowed");
    }
}

#[test]
fn no_more_tasks_are_polled_at_a_time_than_allowed() {
    watched(|| {
        for threads in SIZES {
            for max in [1, 2] {
                let pool = pool(threads);
                let limited = pool.with_limit(max);
                let room = Arc::new(Room::default());
                let tasks: Vec<_> = (0..100)
                    .map(|n| {
                        let room = Arc::clone(&room);
                        limited.spawn(async move {
                            for _ in 0..5 {
                                room.visit(std::thread::yield_now);
                                task::yield_now().await;
                            }
                            n
                        })
                    })
                    .collect();
                for (n, task) in tasks.into_iter().enumerate() {
                    assert_eq!(task.join().unwrap(), n);
                }
                room.check(max, 500);
            }
        }
    });
}

#[test]
fn closures_take_turns() {
    watched(|| {
        for threads in SIZES {
            for max in [1, 2] {
                let pool = pool(threads);
                let limited = pool.with_limit(max);
                let room = Arc::new(Room::default());
                let work = || {
                    let room = Arc::clone(&room);
                    move || room.visit(std::thread::yield_now)
                };
                let mut handles: Vec<_> = (0..20).map(|_| limited.spawn_compute(work())).collect();
                let computed: Vec<_> = (0..20).map(|_| limited.compute(work())).collect();
                block_on(async {
                    for compute in computed {
                        compute.await;
                    }
                });
                limited.install(work());
                handles.drain(..).for_each(|handle| handle.join().unwrap());
                room.check(max, 41);
            }
        }
    });
}

/// Loops and joins inside a part with one thread stay on that thread, however deep.
#[test]
fn one_thread_shares_nothing() {
    fn tree(room: &Room, depth: u32) {
        if depth == 0 {
            room.visit(std::thread::yield_now);
        } else {
            join(|| tree(room, depth - 1), || tree(room, depth - 1));
        }
    }
    fn chain(room: &Room, depth: u32) {
        if depth > 0 {
            join(
                || chain(room, depth - 1),
                || room.visit(std::thread::yield_now),
            );
        }
    }

    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let limited = pool.with_limit(1);
            let room = Room::default();
            limited.install(|| {
                tree(&room, 7);
                // Deeper than a seat has slots.
                chain(&room, 100);
                (0..1000).into_par_iter().for_each(|_| room.visit(|| ()));
            });
            limited.join(|| room.visit(|| ()), || room.visit(|| ()));
            room.check(1, 128 + 100 + 1000 + 2);
        }
    });
}

#[test]
fn loops_and_scopes_give_what_they_give_elsewhere() {
    watched(|| {
        for threads in SIZES {
            for max in [1, 2, 5] {
                let pool = pool(threads);
                let limited = pool.with_limit(max);
                let sum = limited.install(|| (0..100_000_u64).into_par_iter().sum::<u64>());
                assert_eq!(sum, 4_999_950_000);
                let count = AtomicUsize::new(0);
                limited.scope(|s| {
                    for _ in 0..100 {
                        s.spawn(|_| {
                            scope(|s| s.spawn(|_| count.fetch_add(1, Ordering::Relaxed).ignore()))
                        });
                    }
                });
                assert_eq!(count.into_inner(), 100);
                let mut numbers: Vec<_> = (0..10_000).rev().collect();
                limited.install(|| numbers.par_sort());
                assert!(numbers.is_sorted());
            }
        }
    });
}

trait Ignore {
    fn ignore(self);
}

impl<T> Ignore for T {
    fn ignore(self) {}
}

/// Whoever waits makes room for what it waits for.
#[test]
fn waiting_for_a_task_of_the_same_part_is_no_deadlock() {
    fn nested(limited: &Handle, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = limited.clone();
        let task = limited.spawn(async move { nested(&inner, depth - 1) });
        let inner = limited.clone();
        let root = limited.spawn_compute(move || nested(&inner, 0) + 1);
        task.join().unwrap() + block_on(root).unwrap()
    }

    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let limited = pool.with_limit(1);
            assert_eq!(limited.install(|| nested(&limited, 10)), 10);
        }
    });
}

/// A frame with another job on top of it does not work, and needs no token.
#[test]
fn a_job_on_top_may_wait_for_a_task_of_the_same_part() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            for limit in [1, 2] {
                let limited = pool.with_limit(limit);
                for _ in 0..20 {
                    let inside = limited.clone();
                    let task = limited.spawn_compute(move || {
                        // As often as there are tokens.
                        let wait = || inside.spawn(async { 1 }).join().unwrap();
                        let on_top = || join(yield_local, wait).1;
                        join(yield_local, || on_top() + on_top()).1
                    });
                    assert_eq!(task.join().unwrap(), 2);
                }
            }
        }
    });
}

/// Neither the end of the pool nor an abort leaves anybody waiting.
#[test]
fn what_queues_is_cancelled() {
    watched(|| {
        let pool = pool(2);
        let limited = pool.with_limit(1);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let first = limited.spawn_compute(move || gate.recv().is_ok());
        let aborted = limited.spawn(async {});
        let queued: Vec<_> = (0..100).map(|_| limited.spawn(async {})).collect();
        aborted.abort();
        // The pool ends while the first one still runs.
        drop(pool);
        drop(open);
        drop(first.join());
        for task in queued {
            assert!(task.join().unwrap_err().is_cancelled());
        }
        assert!(aborted.join().unwrap_err().is_cancelled());
        assert!(limited.spawn(async {}).join().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_limit_of_a_limit_is_no_larger() {
    watched(|| {
        let pool = pool(8);
        let limited = pool.with_limit(1).with_limit(5);
        let room = Arc::new(Room::default());
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let room = Arc::clone(&room);
                limited.spawn(async move { room.visit(std::thread::yield_now) })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
        room.check(1, 50);
    });
}
