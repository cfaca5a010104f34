//! `compute(f).await`: starts when polled, stops when dropped.

use crate::util::{
    Census, SIZES, fib, message_of, occupy, pool, pool_without_spares, spin_until, watched,
};
use futures::FutureExt;
use manyhands::prelude::*;
use manyhands::{Cancelled, cancellable, compute, current_num_threads, join, scope};
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[test]
fn the_result_is_awaited() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let sum = pool.block_on(async { compute(|| fib(10)).await + compute(|| fib(9)).await });
            assert_eq!(sum, 89);
            // On its own pool, whoever polls it.
            let threads = manyhands::block_on(pool.compute(current_num_threads));
            assert_eq!(threads, size);
            assert_eq!(
                futures::executor::block_on(pool.compute(|| "foreign")),
                "foreign"
            );
        }
    });
}

#[test]
fn many_at_once() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let all = futures::future::join_all((0..50).map(|i| pool.compute(move || fib(i % 12))));
            let sum: u64 = pool.block_on(all).into_iter().sum();
            assert_eq!(sum, (0..50).map(|i| fib(i % 12)).sum());
        }
    });
}

#[test]
fn a_panic_reaches_whoever_awaits() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let message = message_of(|| pool.block_on(compute(|| panic_any("computed"))));
            assert_eq!(message, "computed");
            let half = || join(|| (), || panic_any("half"));
            assert_eq!(message_of(|| pool.block_on(compute(half))), "half");
        }
    });
}

#[test]
fn dropped_before_the_first_poll_it_never_runs() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let value = census.make();
        drop(pool.compute(move || drop(value)));
        // The closure was dropped on this thread.
        census.assert_all_dropped(1);
    });
}

#[test]
fn dropped_before_it_starts_it_never_runs() {
    watched(|| {
        let pool = pool_without_spares(1);
        let busy = occupy(&pool);
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let mut computation = pool.compute(move || flag.store(true, Ordering::Relaxed));
        assert!((&mut computation).now_or_never().is_none());
        drop(computation);
        busy.release().join().unwrap();
        // Queued behind it on the only thread.
        pool.spawn_compute(|| ()).join().unwrap();
        assert!(!ran.load(Ordering::Relaxed));
        assert_eq!(Arc::strong_count(&ran), 1);
    });
}

/// Runs `work`, which does not end unless it is stopped, and drops its future while it runs.
fn is_stopped(size: usize, work: impl FnOnce(&AtomicUsize) + Send + 'static) {
    let pool = pool(size);
    let steps = Arc::new(AtomicUsize::new(0));
    let census = Census::default();
    let (value, counter) = (census.make(), Arc::clone(&steps));
    let mut computation = pool.compute(move || {
        let _value = value;
        let _ = cancellable(|| work(&counter));
    });
    assert!((&mut computation).now_or_never().is_none());
    spin_until(|| steps.load(Ordering::Relaxed) > 1000);
    drop(computation);
    spin_until(|| census.dropped() == 1);
    // The pool is free again.
    assert_eq!(pool.install(|| fib(10)), 55);
}

#[test]
fn dropped_while_a_loop_runs_it_stops() {
    watched(|| {
        for size in SIZES {
            is_stopped(size, |steps| {
                (0..u64::MAX).into_par_iter().for_each(|_| {
                    steps.fetch_add(1, Ordering::Relaxed);
                });
            });
        }
    });
}

#[test]
fn dropped_while_loops_run_inside_joins_and_scopes_it_stops() {
    watched(|| {
        for size in SIZES {
            is_stopped(size, |steps| {
                let forever = || {
                    (0..u64::MAX).into_par_iter().for_each(|_| {
                        steps.fetch_add(1, Ordering::Relaxed);
                    });
                };
                join(forever, || scope(|s| s.spawn(|_| forever())));
            });
        }
    });
}

#[test]
fn an_aborted_spawn_compute_stops_and_says_so() {
    watched(|| {
        // Often, so that threads which leave their halves run those of others meanwhile.
        for size in SIZES.into_iter().cycle().take(60) {
            let pool = pool(size);
            let steps = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&steps);
            let handle = pool.spawn_compute(move || {
                cancellable(|| {
                    (0..u64::MAX).into_par_iter().for_each(|_| {
                        counter.fetch_add(1, Ordering::Relaxed);
                    });
                })
            });
            spin_until(|| steps.load(Ordering::Relaxed) > 0);
            handle.abort();
            assert_eq!(handle.join().unwrap(), Err(Cancelled));
        }
    });
}

#[test]
fn a_computation_ends_once() {
    watched(|| {
        let pool = pool(1);
        let mut computation = pool.compute(|| 1);
        assert_eq!(pool.block_on(&mut computation), 1);
        assert!(message_of(|| pool.block_on(&mut computation)).contains("after it had ended"));
        let handle = pool.handle().clone();
        pool.shutdown();
        let message = message_of(|| manyhands::block_on(handle.compute(|| 1)));
        assert!(message.contains("shut down"));
    });
}
