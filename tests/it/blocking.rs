//! `spawn_blocking`: the bound, the queue, what an abort and the end of the pool do to it.

use crate::util::{Census, SIZES, build, pool, spin_until, watched};
use manyhands::{JoinHandle, Pool};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// A pool of one whose blocking threads are all at work until the sender is dropped.
fn held_pool(threads: usize) -> (Pool, Vec<JoinHandle<()>>, mpsc::Sender<()>) {
    let pool = build(Pool::builder().num_threads(1).max_blocking_threads(threads));
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let (say, heard) = mpsc::channel();
    let held = (0..threads)
        .map(|_| {
            let (say, released) = (say.clone(), Arc::clone(&released));
            pool.spawn_blocking(move || {
                say.send(()).unwrap();
                let _ = released.lock().unwrap().recv();
            })
        })
        .collect();
    for _ in 0..threads {
        heard.recv().unwrap();
    }
    (pool, held, release)
}

#[test]
fn the_queue_can_be_seen() {
    watched(|| {
        let (pool, held, release) = held_pool(2);
        let queued: Vec<_> = (0..5).map(|i| pool.spawn_blocking(move || i)).collect();
        let now = pool.blocking_metrics();
        assert_eq!(
            (now.threads, now.idle, now.queued, now.max_threads),
            (2, 0, 5, 2)
        );
        drop(release);
        for held in held {
            held.join().unwrap();
        }
        for (i, queued) in queued.into_iter().enumerate() {
            assert_eq!(queued.join().unwrap(), i);
        }
        assert_eq!(pool.blocking_metrics().queued, 0);
        // The threads stay for a while, and are used again.
        spin_until(|| pool.blocking_metrics().idle == 2);
        pool.spawn_blocking(|| ()).join().unwrap();
        assert_eq!(pool.blocking_metrics().threads, 2);
    });
}

#[test]
fn an_idle_pool_has_no_blocking_threads() {
    watched(|| {
        let pool = pool(2);
        assert_eq!(pool.blocking_metrics().threads, 0);
        assert_eq!(pool.blocking_metrics().max_threads, 512);
    });
}

/// The only blocking thread is busy all the time.
#[test]
fn an_abort_takes_a_closure_off_the_queue() {
    watched(|| {
        let (pool, held, release) = held_pool(1);
        let census = Census::default();
        let queued: Vec<_> = (0..20)
            .map(|_| {
                let value = census.make();
                pool.spawn_blocking(move || {
                    drop(value);
                    unreachable!("aborted before it started");
                })
            })
            .collect();
        let last = pool.spawn_blocking(|| 7);
        assert_eq!(pool.blocking_metrics().queued, 21);
        for (i, queued) in queued.iter().enumerate() {
            match i % 3 {
                0 => queued.abort(),
                1 => queued.abort_handle().abort(),
                _ => {
                    queued.abort();
                    queued.abort();
                }
            }
        }
        assert_eq!(pool.blocking_metrics().queued, 1);
        for queued in queued {
            assert!(queued.join().unwrap_err().is_cancelled());
        }
        census.assert_all_dropped(20);
        let value = census.make();
        drop(pool.spawn_blocking(move || drop(value)).cancel_on_drop());
        assert_eq!(pool.blocking_metrics().queued, 1);
        assert!(!held[0].is_finished());
        drop(release);
        assert_eq!(last.join().unwrap(), 7);
        spin_until(|| census.dropped() == 21);
    });
}

#[test]
fn an_abort_comes_too_late_for_a_closure_that_runs() {
    watched(|| {
        let (_pool, held, release) = held_pool(3);
        for held in &held {
            held.abort();
        }
        drop(release);
        for held in held {
            held.join().unwrap();
        }
    });
}

#[test]
fn closures_start_in_the_order_in_which_they_came() {
    watched(|| {
        let (pool, _held, release) = held_pool(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let handles: Vec<_> = (0..100)
            .map(|i| {
                let order = Arc::clone(&order);
                pool.spawn_blocking(move || order.lock().unwrap().push(i))
            })
            .collect();
        for (i, handle) in handles.iter().enumerate() {
            if i % 10 == 3 {
                handle.abort();
            }
        }
        drop(release);
        for handle in handles {
            let _ = handle.join();
        }
        let expected: Vec<_> = (0..100).filter(|i| i % 10 != 3).collect();
        assert_eq!(*order.lock().unwrap(), expected);
    });
}

/// The pool's only worker goes on, with all blocking threads busy, and releases them itself.
#[test]
fn the_caller_does_not_wait() {
    watched(|| {
        let (pool, held, release) = held_pool(2);
        let sum = pool.block_on(async {
            let task = manyhands::spawn(async move {
                let handles: Vec<_> = (0..100)
                    .map(|i| manyhands::spawn_blocking(move || i))
                    .collect();
                drop(release);
                let mut sum = 0;
                for handle in handles {
                    sum += handle.await.unwrap();
                }
                sum
            });
            task.await.unwrap()
        });
        assert_eq!(sum, 4950);
        for held in held {
            held.join().unwrap();
        }
    });
}

#[test]
fn a_dropped_handle_detaches() {
    watched(|| {
        let (pool, _held, release) = held_pool(1);
        let (say, heard) = mpsc::channel();
        for i in 0..10 {
            let say = say.clone();
            drop(pool.spawn_blocking(move || say.send(i).unwrap()));
        }
        drop(release);
        assert!(heard.iter().take(10).eq(0..10));
    });
}

#[test]
fn shutdown_cancels_the_queue_and_waits_for_what_runs() {
    watched(|| {
        let (pool, held, release) = held_pool(2);
        let census = Census::default();
        let queued: Vec<_> = (0..20)
            .map(|_| {
                let value = census.make();
                pool.spawn_blocking(move || drop(value))
            })
            .collect();
        let over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                pool.shutdown();
                over.store(true, Ordering::Release);
            });
            for queued in queued {
                assert!(queued.join().unwrap_err().is_cancelled());
            }
            census.assert_all_dropped(20);
            assert!(!over.load(Ordering::Acquire), "two closures still run");
            drop(release);
        });
        for held in held {
            held.join().unwrap();
        }
    });
}

#[test]
fn a_shutdown_with_a_timeout_does_not_wait_for_ever() {
    watched(|| {
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            let (pool, held, release) = held_pool(2);
            let never = pool.spawn_blocking(|| unreachable!("the pool ends before"));
            assert!(!pool.shutdown_timeout(timeout));
            assert!(never.join().unwrap_err().is_cancelled());
            drop(release);
            for held in held {
                held.join().unwrap();
            }
        }
    });
}

#[test]
fn a_dropped_pool_leaves_running_closures_alone() {
    watched(|| {
        let (pool, held, release) = held_pool(2);
        let handle = pool.handle().clone();
        let never = pool.spawn_blocking(|| unreachable!("the pool ends before"));
        drop(pool);
        assert!(never.join().unwrap_err().is_cancelled());
        assert_eq!(handle.blocking_metrics().queued, 0);
        let late = handle.spawn_blocking(|| unreachable!("the pool has ended"));
        assert!(late.join().unwrap_err().is_cancelled());
        drop(release);
        for held in held {
            held.join().unwrap();
        }
        spin_until(|| handle.blocking_metrics().threads == 0);
    });
}

/// The workers' threads are made by the test, those for closures would have stacks of 2^46 bytes.
#[test]
#[cfg(target_pointer_width = "64")]
fn where_no_thread_can_be_had_workers_run_the_closures() {
    watched(|| {
        for size in SIZES {
            let pool = Pool::builder()
                .num_threads(size)
                .stack_size(1 << 46)
                .spawn_handler(|thread| {
                    std::thread::Builder::new().spawn(|| thread.run())?;
                    Ok(())
                })
                .build()
                .unwrap();
            let handles: Vec<_> = (0..50)
                .map(|i| {
                    pool.spawn_blocking(move || {
                        assert!(manyhands::current_thread_index().is_some());
                        i
                    })
                })
                .collect();
            for (i, handle) in handles.into_iter().enumerate() {
                assert_eq!(handle.join().unwrap(), i);
            }
            let now = pool.blocking_metrics();
            assert_eq!((now.threads, now.queued), (0, 0));
            pool.shutdown();
        }
    });
}

/// Each closure runs, or its handle says that it was cancelled, and nothing is lost.
#[test]
fn aborts_race_starts() {
    watched(|| {
        for threads in [1, 2, 8] {
            let pool = build(Pool::builder().num_threads(2).max_blocking_threads(threads));
            let census = Census::default();
            let ran = Arc::new(AtomicUsize::new(0));
            let finished: usize = std::thread::scope(|scope| {
                let spawners: Vec<_> = (0..4)
                    .map(|_| {
                        scope.spawn(|| {
                            let handles: Vec<_> = (0..500)
                                .map(|i| {
                                    let (value, ran) = (census.make(), Arc::clone(&ran));
                                    let handle = pool.spawn_blocking(move || {
                                        ran.fetch_add(1, Ordering::Relaxed);
                                        drop(value);
                                    });
                                    if i % 4 == 0 {
                                        std::thread::yield_now();
                                    }
                                    if i % 2 == 0 {
                                        handle.abort();
                                    }
                                    handle
                                })
                                .collect();
                            let results = handles.into_iter().map(JoinHandle::join);
                            results
                                .filter(|result| match result {
                                    Ok(()) => true,
                                    Err(error) => {
                                        assert!(error.is_cancelled());
                                        false
                                    }
                                })
                                .count()
                        })
                    })
                    .collect();
                spawners.into_iter().map(|it| it.join().unwrap()).sum()
            });
            assert_eq!(ran.load(Ordering::Relaxed), finished);
            assert!(finished >= 1000, "half of them were not aborted");
            census.assert_all_dropped(2000);
            assert_eq!(pool.blocking_metrics().queued, 0);
            assert!(pool.blocking_metrics().threads <= threads);
        }
    });
}
