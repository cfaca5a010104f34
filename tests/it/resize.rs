//! The number of threads changes while a pool works. Who is inside at the same time is counted, and
//! threads meet at barriers: a meeting of `k` ends only if `k` threads run at once.

use crate::util::{build, pool, watched};
use manyhands::prelude::*;
use manyhands::{
    Handle, Pool, block_on, broadcast, current_num_threads, current_thread_index, join, scope,
    spawn, task,
};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::yield_now;

/// How many jobs run at the same time.
#[derive(Default)]
struct Room {
    inside: AtomicUsize,
    most: AtomicUsize,
    visits: AtomicUsize,
}

impl Room {
    fn visit(&self, stay: impl FnOnce()) {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        stay();
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.visits.fetch_add(1, Ordering::SeqCst);
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// A pool that computes with one thread, and may do so with `max`.
fn one_of(max: usize) -> Pool {
    build(Pool::builder().num_threads(1).max_num_threads(max))
}

/// Waits until no more threads have a permit than there are.
fn settle(pool: &Handle) {
    while pool.metrics().active > pool.current_num_threads() {
        yield_now();
    }
}

/// Ends if so many threads run at once.
fn meet(count: usize) {
    let barrier = Barrier::new(count);
    scope(|scope| {
        for _ in 0..count {
            scope.spawn(|_| {
                barrier.wait();
            });
        }
    });
}

#[test]
fn as_many_threads_compute_as_were_set() {
    watched(|| {
        let pool = one_of(4);
        for threads in [1, 4, 2, 3, 1, 3] {
            assert_eq!(pool.set_num_threads(threads), threads);
            assert_eq!(pool.current_num_threads(), threads);
            assert_eq!(pool.install(current_num_threads), threads);
            pool.install(|| meet(threads));
            settle(&pool);
            let room = Room::default();
            pool.install(|| {
                scope(|scope| {
                    for _ in 0..200 {
                        scope.spawn(|_| room.visit(yield_now));
                    }
                });
            });
            let most = room.most.into_inner();
            assert!(most <= threads, "{most} at a time, {threads} were set");
        }
    });
}

#[test]
fn the_number_is_cut_to_what_there_can_be() {
    watched(|| {
        let pool = pool(3);
        assert_eq!(pool.max_num_threads(), 3);
        for (asked, set) in [(0, 1), (2, 2), (4, 3), (usize::MAX, 3)] {
            assert_eq!(pool.set_num_threads(asked), set);
            assert_eq!(pool.current_num_threads(), set);
            assert_eq!(pool.metrics().permits, set);
        }
        assert_eq!(pool.metrics().max_permits, 3);
        // No fewer than the number at the beginning.
        let pool = build(Pool::builder().num_threads(2).max_num_threads(1));
        assert_eq!((pool.current_num_threads(), pool.max_num_threads()), (2, 2));
        let text = format!("{pool:?}");
        assert!(text.contains("max_num_threads: 2"), "{text}");
    });
}

/// Four chains of jobs, each of which spawns the next one. All threads but one leave after their
/// present job; and come back, to meet.
#[test]
fn a_pool_shrinks_and_grows_under_load() {
    #[derive(Default)]
    struct State {
        room: Room,
        ends: AtomicBool,
        meets: AtomicBool,
        met: AtomicUsize,
    }

    fn chain<'s>(scope: &manyhands::Scope<'s>, state: &'s State, barrier: &'s Barrier) {
        scope.spawn(move |scope| {
            state.room.visit(|| {
                if state.meets.load(Ordering::SeqCst) {
                    barrier.wait();
                    state.met.fetch_add(1, Ordering::SeqCst);
                }
            });
            if !state.ends.load(Ordering::SeqCst) && state.met.load(Ordering::SeqCst) == 0 {
                chain(scope, state, barrier);
            }
        });
    }

    watched(|| {
        let pool = build(Pool::builder().num_threads(4).max_spare_threads(0));
        for _ in 0..20 {
            let (state, barrier) = (State::default(), Barrier::new(4));
            let (state, barrier) = (&state, &barrier);
            std::thread::scope(|threads| {
                let load = threads.spawn(|| {
                    pool.scope(|scope| (0..4).for_each(|_| chain(scope, state, barrier)));
                });
                pool.set_num_threads(1);
                settle(&pool);
                state.room.most.store(0, Ordering::SeqCst);
                let before = state.room.visits();
                while state.room.visits() < before + 100 {
                    yield_now();
                }
                // One that was inside, and one that came in before that was out of sight.
                let most = state.room.most.load(Ordering::SeqCst);
                assert!(most <= 1, "{most} at a time");
                state.meets.store(true, Ordering::SeqCst);
                assert_eq!(pool.set_num_threads(4), 4);
                load.join().unwrap();
            });
            assert_eq!(state.met.load(Ordering::SeqCst), 4);
        }
    });
}

/// The second half of a join was put down when nobody could come for it, and is needed by the
/// first one.
#[test]
fn a_half_is_taken_by_a_thread_that_was_added() {
    watched(|| {
        for pool in [
            one_of(2),
            build(
                Pool::builder()
                    .num_threads(1)
                    .max_num_threads(2)
                    .max_spare_threads(0),
            ),
        ] {
            for _ in 0..200 {
                pool.set_num_threads(1);
                let barrier = Barrier::new(2);
                pool.install(|| {
                    let grow = || {
                        Handle::current().set_num_threads(2);
                        barrier.wait();
                    };
                    join(|| join(grow, || ()), || barrier.wait());
                });
            }
        }
    });
}

/// So are the items of a loop that has begun alone, and those of a scope.
#[test]
fn a_loop_is_shared_with_the_threads_that_are_added() {
    watched(|| {
        for threads in [2, 4] {
            let pool = one_of(threads);
            for _ in 0..50 {
                pool.set_num_threads(1);
                let barrier = Barrier::new(threads);
                pool.install(|| {
                    (0..threads).into_par_iter().for_each(|item| {
                        if item == 0 {
                            Handle::current().set_num_threads(threads);
                        }
                        barrier.wait();
                    });
                });
                pool.set_num_threads(1);
                pool.install(|| {
                    scope(|scope| {
                        for _ in 1..threads {
                            scope.spawn(|_| {
                                barrier.wait();
                            });
                        }
                        Handle::current().set_num_threads(threads);
                        barrier.wait();
                    });
                });
            }
        }
    });
}

/// Tasks that a poll leaves behind, of which it told nobody.
#[test]
fn tasks_are_polled_by_the_threads_that_are_added() {
    watched(|| {
        let pool = one_of(3);
        for _ in 0..100 {
            pool.set_num_threads(1);
            let barrier = std::sync::Arc::new(Barrier::new(3));
            let meets = barrier.clone();
            let first = pool.spawn(async move {
                let others: Vec<_> = (0..2)
                    .map(|_| {
                        let barrier = meets.clone();
                        spawn(async move {
                            barrier.wait();
                        })
                    })
                    .collect();
                Handle::current().set_num_threads(3);
                meets.wait();
                for other in others {
                    other.await.unwrap();
                }
            });
            first.join().unwrap();
        }
    });
}

/// Threads from outside work in the pool, and the number changes from outside and from inside all
/// the time. Everything is done, and nobody sleeps on.
#[test]
fn everything_is_done_while_the_number_changes() {
    watched(|| {
        for spares in [0, 8] {
            let builder = Pool::builder().num_threads(2).max_num_threads(4);
            let pool = build(builder.max_spare_threads(spares));
            let ends = AtomicBool::new(false);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    let mut number = 1;
                    while !ends.load(Ordering::SeqCst) {
                        number = number * 5 % 7;
                        pool.set_num_threads(number);
                        yield_now();
                    }
                });
                for round in 0..150_usize {
                    let sum = pool.install(|| {
                        let sum: usize = (0..1000_usize).into_par_iter().sum();
                        let (a, b) = join(|| sum, current_num_threads);
                        assert!((1..=4).contains(&b));
                        a
                    });
                    assert_eq!(sum, 499_500);
                    let tasks: Vec<_> = (0..8)
                        .map(|n| {
                            pool.spawn(async move {
                                task::yield_now().await;
                                if n == round % 8 {
                                    Handle::current().set_num_threads(1 + n % 4);
                                }
                                join(|| n, || n).0 + spawn(async move { n }).await.unwrap()
                            })
                        })
                        .collect();
                    let count = AtomicUsize::new(0);
                    pool.scope(|scope| {
                        for _ in 0..20 {
                            scope.spawn(|_| {
                                count.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                    });
                    assert_eq!(count.into_inner(), 20);
                    let sum = block_on(async {
                        let mut sum = 0;
                        for task in tasks {
                            sum += task.await.unwrap();
                        }
                        sum
                    });
                    assert_eq!(sum, 56);
                }
                ends.store(true, Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn a_broadcast_runs_on_every_worker_whatever_the_number_is() {
    watched(|| {
        let pool = build(Pool::builder().num_threads(2).max_num_threads(4));
        for threads in [2, 1, 4, 1] {
            pool.set_num_threads(threads);
            let seen = pool.broadcast(|context| (context.index(), context.num_threads()));
            assert_eq!(seen, [(0, 4), (1, 4), (2, 4), (3, 4)]);
            let nested = pool.install(|| broadcast(|context| context.index()));
            assert_eq!(nested, [0, 1, 2, 3]);
        }
    });
}

#[test]
fn indexes_stay_below_the_largest_number() {
    watched(|| {
        let builder = Pool::builder().num_threads(1).max_num_threads(3);
        let pool = build(builder.max_spare_threads(0));
        assert_eq!(pool.thread_index_bound(), 3);
        for threads in [1, 3, 2] {
            pool.set_num_threads(threads);
            let index = || assert!(current_thread_index().unwrap() < 3);
            pool.install(|| (0..100).into_par_iter().for_each(|_| index()));
        }
    });
}

/// Pools whose threads the program makes.
#[test]
fn threads_of_the_program_are_added() {
    watched(|| {
        let builder = Pool::builder().num_threads(1).max_num_threads(3);
        let met = builder.build_scoped(
            |thread| thread.run(),
            |pool| {
                pool.set_num_threads(3);
                pool.install(|| meet(3));
                pool.set_num_threads(1);
                pool.install(|| meet(1));
                pool.max_num_threads()
            },
        );
        assert_eq!(met.unwrap(), 3);
    });
}

/// The end comes while threads sleep for want of permits.
#[test]
fn a_pool_that_was_made_smaller_ends() {
    watched(|| {
        for _ in 0..20 {
            let pool = build(Pool::builder().num_threads(4));
            let handle = pool.handle().clone();
            pool.install(|| meet(4));
            pool.set_num_threads(1);
            pool.shutdown();
            assert_eq!(handle.metrics().threads, 0);
            // Nothing is left that could hear of it.
            assert_eq!(handle.set_num_threads(4), 4);
        }
    });
}
