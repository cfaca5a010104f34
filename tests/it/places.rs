//! Where code runs: on which stack, in which pool, on which cores.

use crate::util::{Census, build, pool, pool_without_spares, watched};
use manyhands::prelude::*;
use manyhands::task::{Builder, JoinSet};
use manyhands::{
    Handle, Pool, block_on, current_num_threads, join, scope, spawn, spawn_blocking, spawn_compute,
};
use std::future::pending;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

/// Larger than the stack of any thread that these tests run on.
const LARGE: usize = 256 << 20;

/// A pool with large stacks.
fn deep_pool(threads: usize) -> Pool {
    build(Pool::builder().num_threads(threads).stack_size(LARGE))
}

/// Recursion through joins.
fn joins(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    black_box([depth; 64]);
    join(|| joins(depth - 1), || ()).0 + 1
}

/// Recursion without any.
#[inline(never)]
fn calls(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    let frame = black_box([depth; 64]);
    calls(depth - 1) + u32::from(frame[3] == depth)
}

#[test]
fn calls_from_outside_have_the_stacks_that_were_asked_for() {
    const DEPTH: u32 = 60_000;
    watched(|| {
        for threads in [1, 2] {
            let pool = deep_pool(threads);
            assert_eq!(pool.join(|| joins(DEPTH), || ()).0, DEPTH);
            assert_eq!(pool.join(|| (), || joins(DEPTH)).1, DEPTH);
            assert_eq!(pool.scope(|_| calls(DEPTH)), DEPTH);
            assert_eq!(pool.scope_fifo(|_| calls(DEPTH)), DEPTH);
            let inner = AtomicUsize::new(0);
            pool.scope(|s| {
                s.spawn(|_| inner.store(joins(DEPTH) as usize, Ordering::Relaxed));
            });
            assert_eq!(inner.into_inner(), DEPTH as usize);
            assert_eq!(pool.install(|| joins(DEPTH)), DEPTH);
            let handle = pool.spawn_blocking(|| joins(DEPTH));
            assert_eq!(handle.join().unwrap(), DEPTH);
        }
    });
}

#[test]
fn a_call_moves_only_from_a_thread_that_the_pool_has_not_created() {
    let here = || thread::current().id();
    watched(|| {
        let pool = deep_pool(1);
        let outside = here();
        // In place, and with what is called there.
        let stays = |id| assert_eq!(id, outside);
        pool.in_place_scope(|_| stays(here()));
        pool.in_place_scope(|_| stays(join(here, || ()).0));
        pool.in_place_scope(|_| stays(scope(|_| here())));
        pool.block_on(async { stays(join(here, || ()).0) });
        // Moved, and not again by what is called there.
        let (first, second) = pool.join(|| (here(), join(here, || ()).0), || ());
        assert_ne!(first.0, outside);
        assert_eq!(first.0, first.1);
        let () = second;
        // Already on a thread with such a stack.
        let blocking = pool.spawn_blocking(move || (here(), join(here, || ()).0));
        let (itself, called) = blocking.join().unwrap();
        assert_eq!(itself, called);
    });
    watched(|| {
        // A pool that was given no size lets its callers work themselves.
        let pool = pool(1);
        let outside = here();
        assert_eq!(pool.join(here, || ()).0, outside);
        assert_eq!(pool.scope(|_| here()), outside);
    });
}

/// When the pool has ended, calls run where they are, on the stack that there is.
#[test]
fn a_call_to_a_pool_that_has_ended_moves_nowhere() {
    watched(|| {
        let pool = deep_pool(2);
        let handle = pool.handle().clone();
        pool.shutdown();
        let here = || thread::current().id();
        let outside = here();
        assert_eq!(handle.join(here, here), (outside, outside));
        assert_eq!(handle.scope(|_| here()), outside);
    });
}

/// The sizes of the pool that each kind of free function finds.
fn sizes_found() -> Vec<(&'static str, usize)> {
    let size = current_num_threads;
    let mut set = JoinSet::new();
    set.spawn(async move { size() });
    let built = Builder::new().spawn(async move { size() });
    vec![
        ("current_num_threads", size()),
        ("Handle::current", Handle::current().current_num_threads()),
        (
            "Handle::try_current",
            Handle::try_current().map_or(0, |handle| handle.current_num_threads()),
        ),
        ("spawn", spawn(async move { size() }).join().unwrap()),
        ("spawn_compute", spawn_compute(size).join().unwrap()),
        ("spawn_blocking", spawn_blocking(size).join().unwrap()),
        ("JoinSet", block_on(set.join_next()).unwrap().unwrap()),
        ("Builder", built.join().unwrap()),
        ("block_on", block_on(async move { size() })),
        ("join", join(size, || ()).0),
        ("scope", scope(|_| size())),
        ("in_place_scope", manyhands::in_place_scope(|_| size())),
        ("broadcast", manyhands::broadcast(|_| ()).len()),
        (
            "a loop",
            (0..100).into_par_iter().map(|_| size()).max().unwrap(),
        ),
    ]
}

#[test]
fn free_functions_in_a_blocking_closure_use_its_pool() {
    /// No other pool of these tests has as many threads.
    const SIZE: usize = 13;
    watched(|| {
        for pool in [pool(SIZE), pool_without_spares(SIZE)] {
            for (what, size) in pool.spawn_blocking(sizes_found).join().unwrap() {
                assert_eq!(size, SIZE, "{what}");
            }
        }
        // Another pool's, while the thread works there.
        let (outer, inner) = (pool(SIZE), pool(2));
        let sizes = outer.spawn_blocking(move || {
            let there = inner.block_on(async { current_num_threads() });
            (
                there,
                inner.install(current_num_threads),
                current_num_threads(),
            )
        });
        assert_eq!(sizes.join().unwrap(), (2, 2, SIZE));
        // Nor is anything left behind on a thread that was a guest.
        assert!(Handle::try_current().is_none());
    });
}

#[test]
fn hooks_of_a_blocking_thread_know_their_pool() {
    watched(|| {
        let (say, heard) = mpsc::channel();
        let note = move || {
            let size = Handle::try_current().map(|handle| handle.current_num_threads());
            say.send(size).unwrap_or(());
        };
        let pool = build(Pool::builder().num_threads(3).on_thread_start(note));
        pool.spawn_blocking(|| ()).join().unwrap();
        let sizes: Vec<_> = heard.iter().take(4).collect();
        assert_eq!(sizes, [Some(3); 4]);
    });
}

/// With tokio, what a blocking closure spawns dies with the runtime; so here.
#[test]
fn what_a_blocking_closure_spawns_ends_with_its_pool() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let value = census.make();
        let spawned = pool.spawn_blocking(move || {
            spawn(async move {
                let _value = value;
                pending::<()>().await;
            })
        });
        let waits = spawned.join().unwrap();
        pool.shutdown();
        assert!(waits.join().unwrap_err().is_cancelled());
        census.assert_all_dropped(1);
    });
}

/// What a closure calls after the end of its pool gives an answer.
#[test]
fn a_blocking_closure_may_outlive_its_pool() {
    watched(|| {
        for pool in [pool(2), pool(1), pool_without_spares(1)] {
            let (go, wait) = mpsc::channel::<()>();
            let (say, heard) = mpsc::channel();
            let closure = pool.spawn_blocking(move || {
                say.send(()).unwrap();
                let _ = wait.recv();
                let late = spawn(async { 1 }).join();
                #[cfg(feature = "time")]
                block_on(manyhands::time::sleep(std::time::Duration::from_millis(1)));
                (
                    late.is_err(),
                    join(|| 2, || 3),
                    scope(|_| 4),
                    block_on(async { 5 }),
                    (0..1000).into_par_iter().sum::<u32>(),
                )
            });
            heard.recv().unwrap();
            drop(pool);
            drop(go);
            let end = (true, (2, 3), 4, 5, 499_500);
            assert_eq!(closure.join().unwrap(), end);
        }
    });
}

#[cfg(feature = "time")]
#[test]
fn timers_of_a_blocking_closure_expire() {
    use manyhands::time::{Duration, sleep, timeout};
    watched(|| {
        for pool in [pool(1), pool_without_spares(1)] {
            let closure = pool.spawn_blocking(|| {
                block_on(sleep(Duration::from_millis(1)));
                let never = block_on(timeout(Duration::from_millis(1), pending::<()>()));
                let task = spawn(async { sleep(Duration::from_millis(1)).await });
                (never.is_err(), task.join().is_ok())
            });
            assert_eq!(closure.join().unwrap(), (true, true));
        }
    });
}

#[cfg(target_os = "linux")]
mod cores {
    //! Which cores a thread may run on, and its nice value.

    use super::*;
    use libc::{c_int, cpu_set_t};

    /// The cores that the calling thread may run on.
    fn cores() -> Vec<usize> {
        // SAFETY: a set is made of integers; the pointer is to one of the size that is given.
        unsafe {
            let mut set: cpu_set_t = std::mem::zeroed();
            assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &mut set), 0);
            (0..1024)
                .filter(|&core| libc::CPU_ISSET(core, &set))
                .collect()
        }
    }

    /// From now on the calling thread runs on these.
    fn pin(cores: &[usize]) {
        // SAFETY: as in `cores`.
        unsafe {
            let mut set: cpu_set_t = std::mem::zeroed();
            cores.iter().for_each(|&core| libc::CPU_SET(core, &mut set));
            assert_eq!(libc::sched_setaffinity(0, size_of_val(&set), &set), 0);
        }
    }

    fn nice() -> c_int {
        // SAFETY: a system call with two integers.
        unsafe { libc::getpriority(libc::PRIO_PROCESS as _, 0) }
    }

    /// `false`: the system does not permit it.
    fn set_nice(value: c_int) -> bool {
        // SAFETY: a system call with three integers.
        unsafe { libc::setpriority(libc::PRIO_PROCESS as _, 0, value) == 0 }
    }

    /// What `look` sees on a spare and on a blocking thread that the only worker has created.
    fn seen_by_helpers<R: Send + 'static>(pool: &Pool, look: fn() -> R) -> [R; 2] {
        pool.install(|| {
            let on_spare = spawn(async move {
                assert!(manyhands::current_thread_index().unwrap() >= 1);
                look()
            });
            [
                on_spare.join().unwrap(),
                spawn_blocking(look).join().unwrap(),
            ]
        })
    }

    #[test]
    fn threads_created_on_demand_begin_with_the_cores_of_the_builder() {
        watched(|| {
            let all = cores();
            let (first, last) = (all[0], all[all.len() - 1]);
            // What every guide to pinning shows.
            let pinned = |core| {
                let pool = Pool::builder().num_threads(1);
                build(pool.start_handler(move |index| pin(&[[core][index]])))
            };
            let pool = pinned(first);
            assert_eq!(pool.install(cores), [first]);
            assert_eq!(seen_by_helpers(&pool, cores), [all.clone(), all.clone()]);
            // A builder that is pinned itself.
            pin(&[last]);
            let pool = pinned(first);
            pin(&all);
            assert_eq!(pool.install(cores), [first]);
            assert_eq!(seen_by_helpers(&pool, cores), [[last], [last]]);
            // A hook that gives its worker more than the builder had.
            let wide = all.clone();
            pin(&[last]);
            let pool = Pool::builder().num_threads(1);
            let pool = build(pool.start_handler(move |_| pin(&wide)));
            pin(&all);
            assert_eq!(seen_by_helpers(&pool, cores), [all.clone(), all]);
        });
    }

    #[test]
    fn threads_created_on_demand_begin_with_the_nice_value_of_the_builder() {
        watched(|| {
            let mine = nice();
            let may_lower = thread::spawn(move || {
                assert!(set_nice(mine + 1));
                set_nice(mine)
            });
            let expected = if may_lower.join().unwrap() {
                mine
            } else {
                mine + 2
            };
            let nicer = move |_| assert!(set_nice(mine + 2));
            let pool = build(Pool::builder().num_threads(1).start_handler(nicer));
            assert_eq!(pool.install(nice), mine + 2);
            assert_eq!(seen_by_helpers(&pool, nice), [expected; 2]);
        });
    }

    /// tokio's hook is called on every thread of the pool, after the thread has gone to its place.
    #[test]
    fn a_hook_for_every_thread_may_pin_it() {
        watched(|| {
            let first = cores()[0];
            let pinned = Arc::new(AtomicBool::new(true));
            let fails = Arc::clone(&pinned);
            let pool = build(Pool::builder().num_threads(1).on_thread_start(move || {
                pin(&[first]);
                fails.fetch_and(cores() == [first], Ordering::Relaxed);
            }));
            assert_eq!(seen_by_helpers(&pool, cores), [[first], [first]]);
            assert!(pinned.load(Ordering::Relaxed));
        });
    }
}

#[test]
fn a_loop_that_cannot_be_divided_stays_outside() {
    let outside = thread::current().id();
    let looks = AtomicUsize::new(0);
    let look = |_| {
        looks.fetch_add(1, Ordering::Relaxed);
        assert_eq!(thread::current().id(), outside);
        manyhands::current_thread_index()
    };
    let one = (0..1).into_par_iter().map(look);
    assert_eq!(one.collect::<Vec<_>>(), [None]);
    let few = (0..7).into_par_iter().with_min_len(4).map(look);
    assert_eq!(few.collect::<Vec<_>>(), [None; 7]);
    assert_eq!(looks.into_inner(), 8);
    // One that can be divided has a seat, and so has one on a seat.
    let index = |_| manyhands::current_thread_index();
    let two = (0..2).into_par_iter().map(index).collect::<Vec<_>>();
    assert!(two.iter().all(Option::is_some), "{two:?}");
    let pool = pool(1);
    let inside = pool.install(|| (0..1).into_par_iter().map(index).collect::<Vec<_>>());
    assert_eq!(inside, [Some(0)]);
}
