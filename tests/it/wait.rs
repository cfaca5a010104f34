//! No wait runs a stranger: locks held across waits, waits inside waits, and a direct look.

use crate::util::{SIZES, build, fib, pool, pool_without_spares, watched};
use manyhands::{Handle, Pool, broadcast, current_num_threads, join, scope};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};

/// Runs `job` many times beside itself: as jobs of a scope, and as roots.
fn beside_itself(pool: &Pool, job: impl Fn() + Send + Sync + 'static) {
    let job = Arc::new(job);
    let roots: Vec<_> = (0..20)
        .map(|_| {
            let job = Arc::clone(&job);
            pool.spawn_compute(move || job())
        })
        .collect();
    pool.scope(|s| {
        for _ in 0..20 {
            s.spawn(|_| job());
        }
    });
    for root in roots {
        root.join().unwrap();
    }
}

#[test]
fn a_lock_may_be_held_across_a_join() {
    watched(|| {
        for size in SIZES {
            let count = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&count);
            beside_itself(&pool(size), move || {
                let mut count = counter.lock().unwrap();
                let (a, b) = join(|| fib(8), || fib(8));
                *count += a + b;
            });
            assert_eq!(*count.lock().unwrap(), 40 * 42);
        }
    });
}

#[test]
fn a_lock_may_be_held_across_a_scope() {
    watched(|| {
        for size in SIZES {
            let count = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&count);
            beside_itself(&pool(size), move || {
                let mut count = counter.lock().unwrap();
                let done = AtomicUsize::new(0);
                scope(|s| {
                    for _ in 0..8 {
                        s.spawn(|_| {
                            done.fetch_add(fib(6) as usize, Ordering::Relaxed);
                        });
                    }
                });
                *count += done.into_inner();
            });
            assert_eq!(*count.lock().unwrap(), 40 * 64);
        }
    });
}

#[test]
fn a_lock_may_be_held_across_a_loop_of_joins() {
    watched(|| {
        for size in SIZES {
            let count = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&count);
            beside_itself(&pool(size), move || {
                let mut count = counter.lock().unwrap();
                for _ in 0..30 {
                    let (a, b) = join(|| fib(4), std::thread::yield_now);
                    let () = b;
                    *count += a;
                }
            });
            assert_eq!(*count.lock().unwrap(), 40 * 90);
        }
    });
}

#[test]
fn a_once_lock_may_be_filled_by_a_join() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..20 {
                let cell = Arc::new(OnceLock::new());
                beside_itself(&pool, move || {
                    let value = cell.get_or_init(|| {
                        let (a, b) = join(|| fib(8), || fib(7));
                        a + b
                    });
                    assert_eq!(*value, 34);
                });
            }
        }
    });
}

#[test]
fn two_workers_broadcast_at_once() {
    watched(|| {
        for pool in [pool(2), pool_without_spares(2), pool(8)] {
            let size = pool.current_num_threads();
            for _ in 0..50 {
                let barrier = Barrier::new(2);
                let shout = || {
                    barrier.wait();
                    broadcast(|context| context.index()).len()
                };
                assert_eq!(pool.install(|| join(shout, shout)), (size, size));
            }
        }
    });
}

#[test]
fn a_broadcast_reaches_workers_that_wait_in_a_join() {
    watched(|| {
        for pool in [pool(2), pool_without_spares(2)] {
            for _ in 0..50 {
                let barrier = Barrier::new(2);
                // The first half is over, and its thread waits for the second half, whose
                // broadcast needs that very thread.
                let ((), indexes) = pool.install(|| {
                    join(
                        || {
                            barrier.wait();
                        },
                        || {
                            barrier.wait();
                            broadcast(|context| context.index())
                        },
                    )
                });
                assert_eq!(indexes, [0, 1]);
            }
        }
    });
}

#[test]
fn a_broadcast_from_outside_reaches_a_busy_pool() {
    watched(|| {
        let pool = pool(3);
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    for _ in 0..30 {
                        assert_eq!(pool.install(|| fib(12)), 144);
                        assert_eq!(pool.broadcast(|context| context.index()), [0, 1, 2]);
                    }
                });
            }
        });
    });
}

#[test]
fn installs_go_to_and_fro_between_pools_of_one() {
    fn to_and_fro(near: &Handle, far: &Handle, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        1 + near.install(|| to_and_fro(far, near, depth - 1))
    }

    watched(|| {
        for (near, far) in [
            (pool(1), pool(1)),
            (pool_without_spares(1), pool_without_spares(1)),
            (pool(1), pool_without_spares(1)),
            (pool_without_spares(1), pool(2)),
        ] {
            for depth in [1, 4, 12] {
                assert_eq!(to_and_fro(&near, &far, depth), depth);
            }
            // From both sides at once.
            std::thread::scope(|threads| {
                for _ in 0..3 {
                    threads.spawn(|| assert_eq!(to_and_fro(&near, &far, 4), 4));
                    threads.spawn(|| assert_eq!(to_and_fro(&far, &near, 4), 4));
                }
            });
        }
    });
}

thread_local! {
    /// Which roots the frames of this thread belong to, outermost first.
    static FRAMES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Runs a piece of a root; on top of another root's frame, that root's wait runs a stranger.
fn piece_of<R>(root: usize, f: impl FnOnce() -> R) -> R {
    FRAMES.with_borrow_mut(|frames| {
        let below = frames.last().copied().unwrap_or(root);
        assert_eq!(below, root, "a wait of root {below} runs root {root}");
        frames.push(root);
    });
    let result = f();
    FRAMES.with_borrow_mut(|frames| assert_eq!(frames.pop(), Some(root)));
    result
}

/// An unbalanced computation with joins and scopes, whose every closure is a piece of `root`.
fn compute(root: usize, size: u32) -> u64 {
    piece_of(root, || {
        if size < 2 {
            std::thread::yield_now();
            return 1;
        }
        if size % 3 != 0 {
            let (a, b) = join(|| compute(root, size - 1), || compute(root, size / 2));
            return a + b;
        }
        let sum = AtomicUsize::new(0);
        scope(|s| {
            for part in [size - 1, size / 2, 1] {
                let sum = &sum;
                s.spawn(move |_| {
                    sum.fetch_add(compute(root, part) as usize, Ordering::Relaxed);
                });
            }
        });
        sum.into_inner() as u64
    })
}

#[test]
fn no_wait_runs_another_root() {
    watched(|| {
        let expected = compute(usize::MAX, 12);
        for size in SIZES {
            let pool = pool(size);
            let next = AtomicUsize::new(0);
            let name = || next.fetch_add(1, Ordering::Relaxed);
            std::thread::scope(|threads| {
                for _ in 0..3 {
                    threads.spawn(|| {
                        let roots: Vec<_> = (0..8)
                            .map(|_| {
                                let root = name();
                                pool.spawn_compute(move || compute(root, 12))
                            })
                            .collect();
                        let tasks: Vec<_> = (0..8)
                            .map(|_| {
                                let root = name();
                                pool.spawn(async move {
                                    let first = compute(root, 12);
                                    manyhands::task::yield_now().await;
                                    assert_eq!(compute(root, 12), first);
                                    first
                                })
                            })
                            .collect();
                        let root = name();
                        assert_eq!(pool.install(|| compute(root, 12)), expected);
                        let root = name();
                        assert_eq!(pool.scope(|_| compute(root, 12)), expected);
                        for handle in roots.into_iter().chain(tasks) {
                            assert_eq!(handle.join().unwrap(), expected);
                        }
                    });
                }
            });
        }
    });
}

/// Open waits, too: what is awaited runs on another thread, as long as the pool may have one.
#[test]
fn no_blocking_wait_runs_another_root() {
    watched(|| {
        for size in SIZES {
            let pool = build(Pool::builder().num_threads(size).max_spare_threads(100));
            let roots: Vec<_> = (0..10)
                .map(|i| {
                    pool.spawn_compute(move || {
                        let wait = || {
                            let child = manyhands::spawn(async move { compute(100 + i, 6) });
                            piece_of(i, || manyhands::block_on(child).unwrap())
                        };
                        let (a, b) = join(|| piece_of(i, wait), || compute(i, 6));
                        assert_eq!(a, b);
                        let child = manyhands::spawn_compute(move || compute(200 + i, 6));
                        assert_eq!(piece_of(i, || child.join()).unwrap(), b);
                    })
                })
                .collect();
            for root in roots {
                root.join().unwrap();
            }
        }
    });
}

/// rayon deadlocks here when the pool's threads all wait in the outer pool's `install`.
#[test]
fn workers_that_wait_for_another_pool_lend_their_cores() {
    watched(|| {
        let (outer, inner) = (pool(2), pool(1));
        let barrier = Barrier::new(2);
        outer.scope(|s| {
            for _ in 0..8 {
                s.spawn(|_| {
                    let threads = inner.install(|| {
                        outer.install(|| fib(5));
                        current_num_threads()
                    });
                    assert_eq!(threads, 1);
                });
            }
        });
        let meet = || {
            barrier.wait();
        };
        outer.install(|| inner.install(|| outer.install(|| join(meet, meet))));
    });
}
