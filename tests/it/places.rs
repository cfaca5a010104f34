//! Where code runs: in which pool.

use crate::util::{Census, build, pool, pool_without_spares, watched};
use manyhands::prelude::*;
use manyhands::task::{Builder, JoinSet};
use manyhands::{
    Handle, block_on, current_num_threads, join, scope, spawn, spawn_blocking, spawn_compute,
};
use std::future::pending;
use std::sync::mpsc;

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
        let pool = build(manyhands::Pool::builder().num_threads(3).on_thread_start(note));
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
        let pool = pool(2);
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
            )
        });
        heard.recv().unwrap();
        drop(pool);
        drop(go);
        assert_eq!(closure.join().unwrap(), (true, (2, 3), 4, 5));
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
