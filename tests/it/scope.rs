//! Scopes: jobs that borrow, all done when the scope is; order, panics, many pools.

use crate::util::{
    Census, SIZES, build, fib, message_of, pool, pool_without_spares, spin_until, watched,
};
use manyhands::{
    Pool, Scope, ScopeFifo, current_num_threads, in_place_scope, join, scope, scope_fifo,
};
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};

#[test]
fn jobs_borrow_and_are_done_when_the_scope_is() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let mut parts = vec![0; 100];
            let length = pool.scope(|s| {
                for (i, part) in parts.iter_mut().enumerate() {
                    s.spawn(move |_| *part = i);
                }
                100
            });
            assert_eq!(length, 100);
            assert!(parts.iter().copied().eq(0..100));
            assert_eq!(scope(|_| "nothing spawned"), "nothing spawned");
        }
    });
}

#[test]
fn jobs_spawn_jobs() {
    fn tree<'scope>(s: &Scope<'scope>, depth: u32, count: &'scope AtomicUsize) {
        count.fetch_add(1, Ordering::Relaxed);
        if depth > 0 {
            s.spawn(move |s| tree(s, depth - 1, count));
            s.spawn(move |s| tree(s, depth - 1, count));
        }
    }
    fn tree_fifo<'scope>(s: &ScopeFifo<'scope>, depth: u32, count: &'scope AtomicUsize) {
        count.fetch_add(1, Ordering::Relaxed);
        if depth > 0 {
            s.spawn_fifo(move |s| tree_fifo(s, depth - 1, count));
            s.spawn_fifo(move |s| tree_fifo(s, depth - 1, count));
        }
    }

    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let count = AtomicUsize::new(0);
            pool.scope(|s| tree(s, 9, &count));
            pool.scope_fifo(|s| tree_fifo(s, 9, &count));
            pool.in_place_scope(|s| tree(s, 9, &count));
            pool.in_place_scope_fifo(|s| tree_fifo(s, 9, &count));
            assert_eq!(count.into_inner(), 4 * 1023);
        }
    });
}

/// The order in which one thread runs ten jobs, each of which spawns another.
fn order(run: impl FnOnce(&Mutex<Vec<u32>>)) -> Vec<u32> {
    let log = Mutex::new(Vec::new());
    run(&log);
    log.into_inner().unwrap()
}

// These run on the only worker of a pool: beside a guest it might take one of the jobs.

#[test]
fn one_thread_runs_the_newest_job_first() {
    watched(|| {
        let pool = pool(1);
        let order = pool.install(|| {
            order(|log| {
                scope(|s| {
                    for i in 0..4 {
                        s.spawn(move |s| {
                            log.lock().unwrap().push(i);
                            s.spawn(move |_| log.lock().unwrap().push(10 + i));
                        });
                    }
                });
            })
        });
        assert_eq!(order, [3, 13, 2, 12, 1, 11, 0, 10]);
    });
}

#[test]
fn one_thread_of_a_fifo_scope_runs_the_oldest_job_first() {
    watched(|| {
        let pool = pool(1);
        let order = pool.install(|| {
            order(|log| {
                scope_fifo(|s| {
                    for i in 0..4 {
                        s.spawn_fifo(move |s| {
                            log.lock().unwrap().push(i);
                            s.spawn_fifo(move |_| log.lock().unwrap().push(10 + i));
                        });
                    }
                });
            })
        });
        assert_eq!(order, [0, 1, 2, 3, 10, 11, 12, 13]);
    });
}

#[test]
fn nested_scopes_keep_their_orders_apart() {
    watched(|| {
        let pool = pool(1);
        // Outside newest first, inside oldest first, and an inner scope ends before its opener
        // goes on.
        let order = pool.install(|| {
            order(|log| {
                scope(|outer| {
                    for i in 0..2 {
                        outer.spawn(move |_| {
                            scope_fifo(|inner| {
                                for j in 0..3 {
                                    inner.spawn_fifo(move |_| log.lock().unwrap().push(10 * i + j));
                                }
                            });
                            log.lock().unwrap().push(10 * i + 9);
                        });
                    }
                });
            })
        });
        assert_eq!(order, [10, 11, 12, 19, 0, 1, 2, 9]);
    });
}

#[test]
fn all_jobs_run_whatever_panics() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for (body, jobs, expected) in [
                (true, false, "body"),
                (false, true, "job"),
                (true, true, "body"),
            ] {
                let census = Census::default();
                let message = message_of(|| {
                    pool.scope(|s| {
                        for i in 0..20 {
                            let value = census.make();
                            s.spawn(move |_| {
                                drop(value);
                                if jobs && i % 3 == 0 {
                                    panic_any("job");
                                }
                            });
                        }
                        if body {
                            panic_any("body");
                        }
                        // Dropped, because a job panicked.
                        census.make()
                    })
                });
                assert_eq!(message, expected);
                census.assert_all_dropped(20 + usize::from(!body));
            }
        }
    });
}

#[test]
fn the_first_panic_of_the_jobs_wins() {
    watched(|| {
        // On the only worker: beside a guest it might take the oldest job, and be the slower one.
        let message = message_of(|| {
            pool(1).install(|| {
                scope_fifo(|s| {
                    s.spawn_fifo(|_| panic_any("oldest"));
                    s.spawn_fifo(|_| panic_any("newer"));
                });
            });
        });
        assert_eq!(message, "oldest");
        // A job of a job.
        let message = message_of(|| {
            pool(2).scope(|s| s.spawn(|s| s.spawn(|s| s.spawn(|_| panic_any("inner")))));
        });
        assert_eq!(message, "inner");
    });
}

#[test]
fn a_foreign_thread_may_spawn_into_a_scope() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let count = AtomicUsize::new(0);
            pool.scope(|s| {
                std::thread::scope(|threads| {
                    for _ in 0..3 {
                        threads.spawn(|| {
                            for _ in 0..50 {
                                s.spawn(|_| {
                                    count.fetch_add(1, Ordering::Relaxed);
                                });
                            }
                        });
                    }
                });
            });
            assert_eq!(count.into_inner(), 150);
        }
    });
}

/// The calling thread is none of the pool's, so it may block in the body: the pool goes on.
#[test]
fn the_body_of_an_in_place_scope_may_block_until_its_jobs_have_run() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..20 {
                let (sender, receiver) = channel();
                let seen = &receiver;
                let all = pool.in_place_scope(|s| {
                    for i in 0..=size {
                        let sender = sender.clone();
                        s.spawn(move |_| sender.send(i).unwrap());
                    }
                    (0..=size).map(|_| seen.recv().unwrap()).sum::<usize>()
                });
                assert_eq!(all, (0..=size).sum());
                pool.in_place_scope_fifo(|s| {
                    let first = sender.clone();
                    s.spawn_fifo(move |_| first.send(7).unwrap());
                    assert_eq!(seen.recv(), Ok(7));
                    // Such a scope inside of the other, and a join beside it.
                    pool.in_place_scope(|s| {
                        let sender = sender.clone();
                        s.spawn(move |_| sender.send(8).unwrap());
                        assert_eq!(seen.recv(), Ok(8));
                    });
                    assert_eq!(join(|| fib(10), || fib(11)), (55, 89));
                });
                let message = message_of(|| {
                    pool.in_place_scope(|s| {
                        let sender = sender.clone();
                        s.spawn(move |_| sender.send(9).unwrap());
                        assert_eq!(seen.recv(), Ok(9));
                        panic_any("over");
                    });
                });
                assert_eq!(message, "over");
            }
            // Each permit comes back.
            spin_until(|| pool.metrics().active == 0);
        }
    });
}

#[test]
fn the_body_of_an_in_place_scope_stays_on_its_thread() {
    watched(|| {
        for pool in [pool(2), pool_without_spares(2)] {
            let not_send = Rc::new(5);
            let here = std::thread::current().id();
            let mut doubled = 0;
            let body = |s: &Scope<'_>| {
                assert_eq!(std::thread::current().id(), here);
                s.spawn(|_| ());
                *not_send
            };
            doubled += pool.in_place_scope(body);
            doubled += in_place_scope(body);
            assert_eq!(doubled, 10);
            // Without a seat, the workers do the jobs.
            let mut done = [false; 10];
            pool.in_place_scope_fifo(|s| {
                for done in &mut done {
                    s.spawn_fifo(move |_| *done = true);
                }
            });
            assert_eq!(done, [true; 10]);
        }
    });
}

#[test]
fn slow_jobs_start_on_all_threads_at_once() {
    watched(|| {
        for size in SIZES {
            let barrier = Barrier::new(size);
            let pool = pool(size);
            for _ in 0..20 {
                pool.install(|| {
                    scope(|s| {
                        for _ in 0..size {
                            s.spawn(|_| {
                                barrier.wait();
                            });
                        }
                    });
                });
            }
            // From outside, with a body that takes part itself.
            pool.in_place_scope(|s| {
                for _ in 1..size {
                    s.spawn(|_| {
                        barrier.wait();
                    });
                }
                barrier.wait();
            });
        }
    });
}

#[test]
fn a_single_job_is_stealable_while_its_spawner_is_busy() {
    watched(|| {
        for size in [2, 8] {
            let pool = pool(size);
            for _ in 0..200 {
                let done = AtomicBool::new(false);
                pool.install(|| {
                    scope(|s| {
                        s.spawn(|_| done.store(true, Ordering::Release));
                        spin_until(|| done.load(Ordering::Acquire));
                    });
                });
            }
            for _ in 0..200 {
                let done = AtomicBool::new(false);
                pool.scope_fifo(|s| {
                    s.spawn_fifo(|_| done.store(true, Ordering::Release));
                    spin_until(|| done.load(Ordering::Acquire));
                });
            }
        }
    });
}

#[test]
fn scopes_joins_and_installs_nest() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let total = AtomicUsize::new(0);
            pool.scope(|s| {
                for _ in 0..5 {
                    s.spawn(|_| {
                        pool.install(|| {
                            scope(|s| {
                                for _ in 0..5 {
                                    s.spawn(|_| {
                                        let (a, b) = join(|| fib(8), || fib(8));
                                        total.fetch_add((a + b) as usize, Ordering::Relaxed);
                                    });
                                }
                            });
                        });
                    });
                }
            });
            assert_eq!(total.into_inner(), 25 * 42);
        }
    });
}

#[test]
fn scopes_go_from_pool_to_pool_and_back() {
    watched(|| {
        for size in SIZES {
            let (one, other) = (pool(size), pool(size + 1));
            let mut counts = [0; 3];
            one.scope(|_| {
                counts[0] = current_num_threads();
                let counts = &mut counts[1..];
                other.scope(|_| {
                    counts[0] = current_num_threads();
                    one.scope(|_| counts[1] = current_num_threads());
                });
            });
            assert_eq!(counts, [size, size + 1, size]);
        }
    });
}

/// A job of a scope of `one` that is spawned by a thread of `other` runs on `one`.
#[test]
fn jobs_run_on_the_pool_of_their_scope() {
    watched(|| {
        let (one, other) = (pool(1), pool(3));
        let seen = Mutex::new(Vec::new());
        one.in_place_scope(|s| {
            other.install(|| {
                for _ in 0..10 {
                    s.spawn(|_| seen.lock().unwrap().push(current_num_threads()));
                }
            });
        });
        assert_eq!(seen.into_inner().unwrap(), [1; 10]);
    });
}

#[test]
fn a_broadcast_in_a_scope_borrows_and_runs_everywhere() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let calls: Vec<_> = (0..size).map(|_| AtomicUsize::new(0)).collect();
            pool.scope(|s| {
                for _ in 0..3 {
                    s.spawn_broadcast(|s, context| {
                        assert_eq!(context.num_threads(), size);
                        let calls = &calls[context.index()];
                        calls.fetch_add(1, Ordering::Relaxed);
                        s.spawn(|_| {
                            calls.fetch_add(10, Ordering::Relaxed);
                        });
                    });
                }
            });
            assert!(
                calls
                    .iter()
                    .all(|calls| calls.load(Ordering::Relaxed) == 33)
            );
            let message = message_of(|| {
                pool.scope_fifo(|s| s.spawn_broadcast(|_, _| panic_any("everywhere")));
            });
            assert_eq!(message, "everywhere");
        }
    });
}

#[test]
fn a_hundred_thousand_jobs() {
    watched(|| {
        for size in SIZES {
            let count = AtomicUsize::new(0);
            pool(size).scope(|s| {
                for _ in 0..100_000 {
                    s.spawn(|_| {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(count.into_inner(), 100_000);
        }
    });
}

/// Each job of the chain runs when its spawner has returned, not on top of it.
#[test]
fn chains_of_spawns_do_not_grow_the_stack() {
    fn chain<'scope>(s: &Scope<'scope>, left: u32, stack: &'scope Mutex<(usize, usize)>) {
        let here = 0_u8;
        let address = std::ptr::from_ref(&here).addr();
        {
            let mut stack = stack.lock().unwrap();
            *stack = (stack.0.min(address), stack.1.max(address));
        }
        if left > 0 {
            s.spawn(move |s| chain(s, left - 1, stack));
        }
    }

    watched(|| {
        // On one thread, so that all addresses are those of one stack.
        let pool = build(Pool::builder().num_threads(1).stack_size(1 << 20));
        let stack = Mutex::new((usize::MAX, 0));
        pool.install(|| scope(|s| s.spawn(|s| chain(s, 100_000, &stack))));
        let (low, high) = stack.into_inner().unwrap();
        assert!(
            high - low < 64 << 10,
            "the stack grew by {} bytes",
            high - low
        );
    });
}

/// A job of `N` bytes, which spawns another one and perhaps panics.
fn spawn_of_size<'scope, const N: usize>(s: &Scope<'scope>, census: &'scope Census) {
    let (value, bytes) = (census.make(), [N as u8; N]);
    s.spawn(move |s| {
        let child = census.make();
        s.spawn(move |_| drop(child));
        let _value = value;
        assert!(bytes.iter().all(|byte| usize::from(*byte) == N));
        if N % 3 == 1 {
            panic_any("a job");
        }
    });
}

#[test]
fn jobs_of_all_sizes_are_dropped_once() {
    #[repr(align(64))]
    struct Line(usize);

    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let census = Census::default();
            for round in 1..=20 {
                let message = message_of(|| {
                    pool.scope(|s| {
                        for _ in 0..10 {
                            spawn_of_size::<0>(s, &census);
                            spawn_of_size::<1>(s, &census);
                            spawn_of_size::<9>(s, &census);
                            spawn_of_size::<40>(s, &census);
                            spawn_of_size::<55>(s, &census);
                            spawn_of_size::<96>(s, &census);
                            spawn_of_size::<97>(s, &census);
                            spawn_of_size::<250>(s, &census);
                            let (line, value) = (Line(7), census.make());
                            s.spawn(move |_| {
                                assert_eq!(std::ptr::from_ref(&line).addr() % 64, 0);
                                assert_eq!(line.0, 7);
                                drop(value);
                            });
                        }
                    });
                });
                assert_eq!(message, "a job");
                census.assert_all_dropped(round * 10 * 17);
            }
        }
    });
}

/// The jobs of one thread are spawned on another one, and their memory stays with those who run
/// them. The pool ends meanwhile on a third.
#[test]
fn jobs_go_from_thread_to_thread() {
    watched(|| {
        for _ in 0..20 {
            let (census, pool) = (Census::default(), pool(3));
            pool.in_place_scope(|s| {
                std::thread::scope(|threads| {
                    for _ in 0..2 {
                        threads.spawn(|| {
                            for _ in 0..100 {
                                let value = census.make();
                                s.spawn(move |_| drop(value));
                            }
                        });
                    }
                });
                for _ in 0..100 {
                    spawn_of_size::<6>(s, &census);
                }
            });
            std::thread::spawn(move || drop(pool)).join().unwrap();
            census.assert_all_dropped(400);
        }
    });
}

/// A thread that has run a job of a scope, and turns to something else, keeps nothing back that the
/// end of the scope needs.
#[test]
fn a_thread_that_turns_to_other_work_holds_up_no_scope() {
    watched(|| {
        let pool = pool(2);
        for children in 0..40 {
            let (sender, receiver) = channel::<()>();
            let (started, root) = (AtomicBool::new(false), Mutex::new(None));
            pool.install(|| {
                scope(|s| {
                    let (started, root) = (&started, &root);
                    s.spawn(move |s| {
                        started.store(true, Ordering::Relaxed);
                        for _ in 0..children {
                            s.spawn(|_| ());
                        }
                        // It blocks until the scope has ended.
                        let waits = manyhands::spawn_compute(move || receiver.recv().unwrap());
                        *root.lock().unwrap() = Some(waits);
                    });
                    spin_until(|| started.load(Ordering::Relaxed));
                });
            });
            sender.send(()).unwrap();
            root.into_inner().unwrap().expect("spawned").join().unwrap();
        }
    });
}

/// The thread that has opened a scope runs jobs of others meanwhile, on top of the scope's wait and
/// inside its body.
#[test]
fn scopes_inside_scopes_count_their_own_jobs() {
    fn grow<'outer>(outer: &Scope<'outer>, depth: u32, count: &'outer AtomicUsize) {
        let inside = AtomicUsize::new(0);
        scope(|inner| {
            for _ in 0..3 {
                if depth > 0 {
                    outer.spawn(move |outer| grow(outer, depth - 1, count));
                }
                inner.spawn(|inner| {
                    inside.fetch_add(1, Ordering::Relaxed);
                    inner.spawn(|_| {
                        join(|| (), || ());
                        inside.fetch_add(1, Ordering::Relaxed);
                    });
                });
            }
        });
        assert_eq!(inside.into_inner(), 6);
        count.fetch_add(1, Ordering::Relaxed);
    }

    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let count = AtomicUsize::new(0);
            pool.scope(|s| grow(s, 6, &count));
            assert_eq!(count.into_inner(), 1093);
        }
    });
}
