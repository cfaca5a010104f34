//! Building pools: sizes, names, hooks, threads that cannot be had.

use crate::util::{build, fib, message_of, pool, spin_until, watched};
use manyhands::{Pool, PoolBuilder, current_num_threads, max_num_threads, spawn};
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
#[cfg(feature = "time")]
use std::time::Duration;

/// How many threads of this process have a name that begins so (at most 15 bytes count).
#[cfg(target_os = "linux")]
fn threads_named(prefix: &str) -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with(prefix))
        .count()
}

#[test]
fn threads_have_names() {
    watched(|| {
        let pool = build(
            Pool::builder()
                .num_threads(3)
                .thread_name(|index| format!("named-{index}")),
        );
        let name = || std::thread::current().name().map(str::to_owned);
        let names = pool.broadcast(|_| name());
        assert_eq!(
            names,
            ["named-0", "named-1", "named-2"].map(|name| Some(name.to_owned()))
        );
        // A spare thread.
        let spare = pool.install(|| {
            manyhands::join(
                || pool.block_on(async { spawn(async move { name() }).await.unwrap() }),
                || (),
            )
        });
        assert!(spare.0.unwrap().starts_with("named-"));
    });
}

#[test]
fn rayons_handlers_are_called_once_on_each_worker_and_on_no_other_thread() {
    watched(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let log = Arc::clone(&log);
            move |index| {
                log.lock()
                    .unwrap()
                    .push((what, index, std::thread::current().id()));
            }
        };
        let pool = build(
            Pool::builder()
                .num_threads(4)
                .start_handler(note("start"))
                .exit_handler(note("exit")),
        );
        // With some spare threads, and one for blocking closures.
        pool.spawn_blocking(|| ()).join().unwrap();
        pool.scope(|s| {
            for _ in 0..8 {
                s.spawn(|_| spawn(async { fib(5) }).join().map(drop).unwrap());
            }
        });
        pool.shutdown();
        let log = log.lock().unwrap();
        let calls = |what| {
            let calls = log.iter().filter(|call| call.0 == what);
            let calls: Vec<_> = calls.map(|call| (call.1, call.2)).collect();
            let mut calls = calls;
            calls.sort_by_key(|call| call.0);
            let indexes: Vec<usize> = calls.iter().map(|call| call.0).collect();
            assert_eq!(indexes, [0, 1, 2, 3], "{what}: once on each worker");
            calls
        };
        assert_eq!(calls("start"), calls("exit"));
    });
}

#[test]
fn panics_of_handlers_go_to_the_panic_handler() {
    watched(|| {
        let heard = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&heard);
        let pool = build(
            Pool::builder()
                .num_threads(3)
                .max_spare_threads(0)
                .start_handler(|_| panic_any("start"))
                .exit_handler(|_| panic_any("exit"))
                .panic_handler(move |payload| {
                    count.fetch_add(1, Ordering::Relaxed);
                    std::panic::resume_unwind(payload);
                }),
        );
        assert_eq!(pool.broadcast(|context| context.index()), [0, 1, 2]);
        pool.shutdown();
        assert_eq!(heard.load(Ordering::Relaxed), 6);
    });
}

#[test]
fn the_panic_handler_hears_of_what_nobody_awaits() {
    watched(|| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        let pool = build(
            Pool::builder()
                .num_threads(2)
                .panic_handler(move |payload| {
                    log.lock().unwrap().push(crate::util::text(&*payload));
                }),
        );
        drop(pool.spawn(async { panic_any("detached") }));
        drop(pool.spawn_compute(|| panic_any("detached")));
        drop(pool.spawn_blocking(|| panic_any("detached")));
        pool.spawn_broadcast(|_| panic_any("detached"));
        spin_until(|| heard.lock().unwrap().len() == 5);
        // Not of what somebody awaits.
        assert!(pool.spawn(async { panic_any("awaited") }).join().is_err());
        assert_eq!(
            message_of(|| pool.install(|| panic_any("waited"))),
            "waited"
        );
        assert_eq!(*heard.lock().unwrap(), ["detached"; 5]);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_panicking_thread_name_leaves_no_thread_behind() {
    watched(|| {
        let builder = Pool::builder().num_threads(4).thread_name(|index| {
            if index == 3 {
                panic_any("no name");
            }
            format!("unnamed-{index}")
        });
        assert_eq!(message_of(|| builder.build()), "no name");
        spin_until(|| threads_named("unnamed-") == 0);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_thread_is_an_error_and_leaves_no_thread_behind() {
    watched(|| {
        let builder = || {
            Pool::builder()
                .num_threads(4)
                .thread_name(|index| format!("refused-{index}"))
        };
        let error = builder().stack_size(1 << 50).build().unwrap_err();
        assert!(error.to_string().contains("refused to create a thread"));
        assert!(!error.is_already_initialized());
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(threads_named("refused-"), 0);
        // After some were granted.
        let error = builder()
            .spawn_handler(|thread| {
                if thread.index() == 3 {
                    return Err(std::io::Error::other("enough"));
                }
                let name = thread.name().unwrap().to_owned();
                std::thread::Builder::new()
                    .name(name)
                    .spawn(|| thread.run())
                    .map(drop)
            })
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("enough"));
        spin_until(|| threads_named("refused-") == 0);
    });
}

#[test]
fn spawn_handlers_create_the_threads() {
    watched(|| {
        let pool = Pool::builder()
            .num_threads(3)
            .stack_size(1 << 20)
            .spawn_handler(|thread| {
                assert_eq!(thread.stack_size(), Some(1 << 20));
                assert_eq!(thread.name(), None);
                let name = format!("custom-{}", thread.index());
                std::thread::Builder::new()
                    .name(name)
                    .spawn(|| thread.run())
                    .map(drop)
            })
            .build()
            .unwrap();
        let names = pool.broadcast(|_| std::thread::current().name().map(str::to_owned));
        assert_eq!(
            names,
            ["custom-0", "custom-1", "custom-2"].map(|name| Some(name.to_owned()))
        );
        // No spares, no guests.
        assert_eq!(pool.thread_index_bound(), 3);
        assert_eq!(pool.join(|| fib(8), || fib(9)), (21, 34));
        pool.shutdown();
    });
}

#[test]
fn scoped_pools_borrow() {
    watched(|| {
        let (entered, names) = (AtomicUsize::new(0), ["left", "right"].map(str::to_owned));
        let result = Pool::builder()
            .num_threads(2)
            .build_scoped(
                |thread| {
                    assert!(!names[thread.index()].is_empty());
                    entered.fetch_add(1, Ordering::Relaxed);
                    thread.run();
                    entered.fetch_add(10, Ordering::Relaxed);
                },
                |pool| {
                    assert_eq!(pool.install(current_num_threads), 2);
                    pool.join(|| names[0].len(), || names[1].len())
                },
            )
            .unwrap();
        assert_eq!(result, (4, 5));
        assert_eq!(entered.into_inner(), 22);
    });
}

#[test]
fn sizes_are_cut_to_what_is_documented() {
    watched(|| {
        let default = build(Pool::builder()).current_num_threads();
        assert!((1..=max_num_threads()).contains(&default));
        assert_eq!(pool(0).current_num_threads(), default);
        for (asked, granted) in [
            (usize::MAX, max_num_threads()),
            (max_num_threads() + 1, max_num_threads()),
            (7, 7),
        ] {
            let mut threads = 0;
            let pool = Pool::builder()
                .num_threads(asked)
                .spawn_handler(|_| {
                    threads += 1;
                    Ok(())
                })
                .build()
                .unwrap();
            assert_eq!(pool.current_num_threads(), granted);
            drop(pool);
            assert_eq!(threads, granted);
        }
    });
}

/// Waits inside of waits.
fn nest(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    1 + spawn(async move { nest(depth - 1) }).join().unwrap()
}

#[test]
fn no_more_spares_than_allowed() {
    watched(|| {
        for spares in [0, 1, 3] {
            let threads = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&threads);
            let pool = build(
                Pool::builder()
                    .num_threads(2)
                    .max_spare_threads(spares)
                    .on_thread_start(move || {
                        count.fetch_add(1, Ordering::Relaxed);
                    }),
            );
            assert_eq!(pool.install(|| nest(30)), 30);
            pool.shutdown();
            assert!(threads.load(Ordering::Relaxed) <= 2 + spares);
        }
    });
}

/// The only spare thread may look after a timer: it comes when all others wait.
#[cfg(feature = "time")]
#[test]
fn one_spare_thread_watches_a_timer_and_runs_nested_waits() {
    watched(|| {
        let pool = build(Pool::builder().num_threads(2).max_spare_threads(1));
        let sleeper = pool.spawn(manyhands::time::sleep(Duration::from_secs(3600)));
        for _ in 0..50 {
            assert_eq!(pool.install(|| nest(30)), 30);
        }
        drop(sleeper);
        pool.shutdown();
    });
}

#[test]
fn a_thread_of_a_pool_cannot_become_a_worker_of_another() {
    watched(|| {
        let error = pool(1).install(|| {
            let builder = Pool::builder().num_threads(1).use_current_thread();
            builder.build().map(drop).unwrap_err()
        });
        assert!(error.to_string().contains("belongs to a pool already"));
    });
}

#[test]
fn metrics_count_jobs_by_seat() {
    watched(|| {
        let pool = pool(2);
        for _ in 0..10 {
            pool.install(|| ());
        }
        let seats = pool.metrics().seats;
        assert!(seats.is_sorted_by(|a, b| a.index < b.index));
        assert!(seats.len() >= 2);
        assert_eq!(seats.iter().map(|seat| seat.jobs).sum::<u64>(), 10);
        for seat in seats {
            assert!(seat.parked <= seat.age && seat.awake() <= seat.age);
        }
    });
}

#[test]
fn everything_can_be_printed() {
    watched(|| {
        let pool = pool(2);
        assert!(format!("{:?}", Pool::builder().num_threads(3)).contains('3'));
        assert!(format!("{:?}", PoolBuilder::new()).contains("PoolBuilder"));
        for text in [format!("{pool:?}"), format!("{:?}", pool.handle())] {
            assert!(text.contains("num_threads: 2"), "{text}");
        }
        pool.scope(|s| assert!(format!("{s:?}").contains("Scope")));
        pool.scope_fifo(|s| assert!(format!("{s:?}").contains("Scope")));
        pool.broadcast(|context| assert!(format!("{context:?}").contains("num_threads: 2")));
    });
}
