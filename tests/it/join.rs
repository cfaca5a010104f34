//! `join`: both halves, once each, whatever happens; and really in parallel.

use crate::util::{
    Bomb, Census, SIZES, build, fib, message_of, pool, pool_without_spares, spin_until, text,
    watched,
};
use manyhands::{
    Pool, block_in_place, current_num_threads, current_thread_index, join, join_context,
};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};

#[test]
fn results_come_back_in_order() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            assert_eq!(pool.install(|| join(|| 1, || "b")), (1, "b"));
            assert_eq!(pool.join(|| [7; 100], || ()), ([7; 100], ()));
            assert_eq!(join(|| (), || 'x'), ((), 'x'));
        }
    });
}

/// Runs a join on a pool of two, once so that the second half stays on the thread of the first, and
/// once so that it is stolen for sure: the halves are given a function to call first.
fn alone_and_stolen(check: impl Fn(&(dyn Fn() + Sync)) + Sync) {
    pool(1).install(|| check(&|| ()));
    let barrier = Barrier::new(2);
    pool(2).install(|| {
        check(&|| {
            barrier.wait();
        });
    });
}

#[test]
fn both_halves_run_and_the_first_panic_wins() {
    watched(|| {
        alone_and_stolen(|meet| {
            for (a, b, winner) in [
                (true, false, "first"),
                (false, true, "second"),
                (true, true, "first"),
            ] {
                let ran = AtomicUsize::new(0);
                let half = |panics: bool, name: &'static str| {
                    meet();
                    ran.fetch_add(1, Ordering::Relaxed);
                    if panics {
                        panic_any(name);
                    }
                };
                let message = message_of(|| join(|| half(a, "first"), || half(b, "second")));
                assert_eq!(message, winner);
                assert_eq!(ran.load(Ordering::Relaxed), 2);
            }
        });
    });
}

#[test]
fn closures_and_results_are_dropped_once() {
    watched(|| {
        alone_and_stolen(|meet| {
            for panics in [[false, false], [true, false], [false, true], [true, true]] {
                let census = Census::default();
                let captured = [census.make(), census.make()];
                let [a, b] = captured;
                let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let half = |value, panics: bool| {
                        meet();
                        let result = census.make();
                        drop(value);
                        if panics {
                            panic_any(census.make());
                        }
                        result
                    };
                    join(|| half(a, panics[0]), || half(b, panics[1]))
                }));
                assert_eq!(caught.is_err(), panics != [false, false]);
                drop(caught);
                census.assert_all_dropped(4 + usize::from(panics[0]) + usize::from(panics[1]));
            }
        });
    });
}

/// A half that panics must leave no job behind that points into its frame: the pool goes on, and
/// every job of every level has run before the frames are gone.
#[test]
fn panics_at_every_depth_leave_nothing_behind() {
    fn tree(depth: u32, bad: u32, at: &AtomicUsize, census: &Census) {
        let value = census.make();
        if depth == 0 {
            if at.fetch_add(1, Ordering::Relaxed) as u32 % 64 == bad {
                panic_any("leaf");
            }
            return;
        }
        join(
            || tree(depth - 1, bad, at, census),
            || tree(depth - 1, bad, at, census),
        );
        drop(value);
    }

    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for bad in 0..64 {
                let (at, census) = (AtomicUsize::new(0), Census::default());
                let message = message_of(|| pool.install(|| tree(6, bad, &at, &census)));
                assert_eq!(message, "leaf");
                assert_eq!(at.load(Ordering::Relaxed), 64);
                census.assert_all_dropped(127);
            }
            assert_eq!(pool.install(|| fib(12)), 144);
        }
    });
}

#[test]
fn a_result_with_a_panicking_drop_does_not_hide_the_panic() {
    watched(|| {
        alone_and_stolen(|meet| {
            let message = message_of(|| {
                let (a, b) = join(
                    || {
                        meet();
                        panic_any("first");
                    },
                    || {
                        meet();
                        Bomb("drop of the second result")
                    },
                );
                std::mem::forget(b);
                a
            });
            assert_eq!(message, "first");
        });
    });
}

#[test]
fn a_lone_thread_migrates_nothing() {
    watched(|| {
        let migrated =
            pool(1).install(|| join_context(|context| context.migrated(), |b| b.migrated()));
        assert_eq!(migrated, (false, false));
    });
}

#[test]
fn a_stolen_half_is_told_that_it_migrated() {
    watched(|| {
        let barrier = Barrier::new(2);
        let migrated = pool(2).install(|| {
            let half = |context: manyhands::FnContext| {
                barrier.wait();
                (context.migrated(), std::thread::current().id())
            };
            let (a, b) = join_context(half, half);
            assert_ne!(a.1, b.1);
            (a.0, b.0)
        });
        assert_eq!(migrated, (false, true));
    });
}

#[test]
fn long_chains_of_joins_on_either_side() {
    fn left(n: u32) -> u64 {
        if n == 0 {
            return 0;
        }
        let (rest, one) = join(|| left(n - 1), || 1);
        rest + one
    }
    fn right(n: u32) -> u64 {
        if n == 0 {
            return 0;
        }
        let (one, rest) = join(|| 1, || right(n - 1));
        rest + one
    }

    watched(|| {
        for size in SIZES {
            // Frames are large without optimisation.
            let pool = build(Pool::builder().num_threads(size).stack_size(256 << 20));
            assert_eq!(pool.install(|| left(10_000)), 10_000);
            assert_eq!(pool.install(|| right(10_000)), 10_000);
        }
    });
}

/// Neither half can end without the other.
fn rendezvous() {
    let barrier = Barrier::new(2);
    join(
        || {
            barrier.wait();
        },
        || {
            barrier.wait();
        },
    );
}

#[test]
fn two_long_halves_run_at_the_same_time() {
    watched(|| {
        for size in [2, 8] {
            let pool = pool(size);
            for _ in 0..200 {
                pool.install(rendezvous);
            }
            // As a guest.
            let barrier = Barrier::new(2);
            let wait = || {
                barrier.wait();
            };
            for _ in 0..200 {
                pool.join(wait, wait);
            }
            pool_without_spares(size).join(wait, wait);
        }
    });
}

/// Joins that nobody takes part in put the pool to sleep; the next long one must wake it.
#[test]
fn a_long_half_after_many_short_ones_wakes_the_pool() {
    watched(|| {
        let pool = pool(2);
        pool.install(|| {
            for i in 0..100 {
                assert_eq!(fib(i % 12), fib(i % 12));
                rendezvous();
            }
        });
    });
}

/// While the owner goes on forking, all of its older, hidden halves come out, also when there are
/// more of them than private slots.
#[test]
fn hidden_halves_come_out_while_the_owner_forks() {
    fn nest(depth: usize, started: &AtomicUsize, total: usize) {
        if depth == 0 {
            // The thieves alone can start the others.
            while started.load(Ordering::Acquire) < total {
                join(|| (), std::thread::yield_now);
            }
            return;
        }
        join(
            || nest(depth - 1, started, total),
            || started.fetch_add(1, Ordering::Release),
        );
    }

    watched(|| {
        for size in [2, 3, 8] {
            let pool = pool(size);
            for depth in [1, 2, 15, 16, 17, 40, 100] {
                pool.install(|| nest(depth, &AtomicUsize::new(0), depth));
            }
        }
    });
}

#[test]
fn a_hundred_outside_threads_join_at_once() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let start = Barrier::new(100);
            std::thread::scope(|scope| {
                for _ in 0..100 {
                    scope.spawn(|| {
                        start.wait();
                        for _ in 0..3 {
                            assert_eq!(pool.join(|| fib(10), || fib(9)), (55, 34));
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn joins_from_outside_work_while_all_guest_seats_are_taken() {
    watched(|| {
        let pool = pool(2);
        std::thread::scope(|scope| {
            let (senders, seated): (Vec<_>, Vec<_>) = (0..64)
                .map(|_| {
                    let (sender, receiver) = mpsc::channel::<()>();
                    let (say, seated) = mpsc::channel();
                    let pool = &pool;
                    scope.spawn(move || {
                        let guest = || {
                            say.send(()).unwrap();
                            block_in_place(|| receiver.recv()).unwrap_err();
                        };
                        pool.in_place_scope(|_| guest());
                    });
                    (sender, seated)
                })
                .unzip();
            seated.iter().for_each(|seated| seated.recv().unwrap());
            assert_eq!(pool.join(|| fib(10), || fib(9)), (55, 34));
            assert_eq!(pool.scope(|_| fib(10)), 55);
            assert_eq!(pool.block_on(async { fib(10) }), 55);
            drop(senders);
        });
    });
}

/// Forks down to leaves that look whether anybody else works under the same index.
fn leaves_have_indexes_of_their_own(depth: u32, taken: &[AtomicBool]) {
    if depth > 0 {
        join(
            || leaves_have_indexes_of_their_own(depth - 1, taken),
            || leaves_have_indexes_of_their_own(depth - 1, taken),
        );
        return;
    }
    let index = current_thread_index().expect("a join runs on a thread of the pool");
    assert!(
        !taken[index].swap(true, Ordering::AcqRel),
        "index {index} is used twice"
    );
    std::thread::yield_now();
    assert_eq!(current_thread_index(), Some(index));
    taken[index].store(false, Ordering::Release);
}

fn free(bound: usize) -> Vec<AtomicBool> {
    (0..bound).map(|_| AtomicBool::new(false)).collect()
}

#[test]
fn indexes_are_unique_and_below_their_bound() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let taken = free(pool.thread_index_bound());
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        pool.install(|| leaves_have_indexes_of_their_own(7, &taken));
                        pool.join(
                            || leaves_have_indexes_of_their_own(7, &taken),
                            || leaves_have_indexes_of_their_own(7, &taken),
                        );
                        // While this waits, a spare thread may come.
                        pool.block_on(pool.spawn_compute(|| fib(10))).unwrap();
                    });
                }
            });
        }
    });
}

#[test]
fn without_spares_every_index_is_that_of_a_worker() {
    watched(|| {
        for size in SIZES {
            let pool = pool_without_spares(size);
            assert_eq!(pool.thread_index_bound(), size);
            assert_eq!(pool.install(current_num_threads), size);
            let taken = free(size);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        pool.join(
                            || leaves_have_indexes_of_their_own(7, &taken),
                            || leaves_have_indexes_of_their_own(7, &taken),
                        );
                    });
                }
            });
        }
    });
}

#[test]
fn a_thread_outside_has_no_index_before_and_after_it_is_a_guest() {
    watched(|| {
        let pool = pool(2);
        assert_eq!(current_thread_index(), None);
        let (a, _) = pool.join(current_thread_index, || ());
        assert!(a.unwrap() >= 2, "guests come after the workers");
        assert_eq!(current_thread_index(), None);
        assert_eq!(pool.current_thread_index(), None);
    });
}

/// The second half is taken by a thread that then needs the first half's thread to go on: no wait
/// may stand in the way.
#[test]
fn halves_hand_values_back_and_forth() {
    watched(|| {
        let pool = pool(2);
        let (ping, pong) = (AtomicUsize::new(0), AtomicUsize::new(0));
        pool.join(
            || {
                for round in 1..=100 {
                    ping.store(round, Ordering::Release);
                    spin_until(|| pong.load(Ordering::Acquire) == round);
                }
            },
            || {
                for round in 1..=100 {
                    spin_until(|| ping.load(Ordering::Acquire) == round);
                    join(|| pong.store(round, Ordering::Release), || ());
                }
            },
        );
    });
}

#[test]
fn a_panic_crosses_install_with_its_payload() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let payload = crate::util::panic_of(|| pool.install(|| panic_any(7_u64)));
            assert_eq!(payload.downcast_ref(), Some(&7_u64));
            let payload = crate::util::panic_of(|| pool.join(|| (), || panic!("formatted {}", 1)));
            assert_eq!(text(&*payload), "formatted 1");
        }
    });
}
