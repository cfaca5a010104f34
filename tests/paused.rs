//! A paused clock: exact, still while anything is left to do, and never for longer. None of these
//! tests takes the time that it speaks of; one whose clock does not jump is ended by its watchdog.

#![cfg(feature = "test-util")]

#[path = "it/util.rs"]
#[allow(dead_code)]
mod util;

use crate::util::{build, message_of, pool, watched};
use futures::channel::{mpsc as messages, oneshot};
use futures::future::{join_all, pending};
use futures::{SinkExt, StreamExt};
use manyhands::prelude::*;
use manyhands::task::LocalPoolHandle;
use manyhands::time::{
    self, Duration, Instant, MissedTickBehavior, advance, interval, interval_at, now, pause,
    resume, sleep, sleep_until, timeout,
};
use manyhands::{Pool, block_in_place, block_on, spawn, spawn_blocking, task};
use std::sync::{Arc, Mutex, mpsc};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn paused(threads: usize) -> Pool {
    build(Pool::builder().num_threads(threads).start_paused(true))
}

/// Pools of 1, 2 and 8 threads, and some that cannot have more than that.
fn pools() -> impl Iterator<Item = Pool> {
    let bare = |threads| {
        let builder = Pool::builder().num_threads(threads).max_spare_threads(0);
        build(builder.start_paused(true))
    };
    [1, 2, 8].map(paused).into_iter().chain([bare(1), bare(2)])
}

#[test]
fn time_stands_still_and_sleeps_are_exact() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                assert_eq!(now(), start);
                sleep(HOUR).await;
                assert_eq!(now() - start, HOUR);
                spawn(sleep(Duration::from_nanos(1))).await.unwrap();
                assert_eq!(now() - start, HOUR + Duration::from_nanos(1));
                sleep_until(start).await;
                assert_eq!(now() - start, HOUR + Duration::from_nanos(1));
            });
        }
    });
}

#[test]
fn pausing_and_going_on() {
    watched(|| {
        for threads in [1, 2, 8] {
            let pool = pool(threads);
            pool.block_on(async {
                // A timer that was set before counts by ticks: it may be late by one.
                let before = spawn(async {
                    let start = now();
                    sleep(HOUR).await;
                    (start, now())
                });
                task::yield_now().await;
                pause();
                let (start, end) = before.await.unwrap();
                assert!(end >= start + HOUR, "{:?}", end - start);
                let paused = now();
                sleep(HOUR).await;
                assert_eq!(now() - paused, HOUR);
                resume();
                let (shown, real) = (now(), Instant::now());
                sleep(2 * MS).await;
                assert!(real.elapsed() >= 2 * MS);
                assert!(now() - shown >= 2 * MS);
                assert!(now() - start >= 2 * HOUR);
                pause();
                let paused = now();
                timeout(HOUR, pending::<()>()).await.unwrap_err();
                assert_eq!(now() - paused, HOUR);
            });
        }
    });
}

#[test]
fn timers_expire_in_their_order_at_their_time() {
    watched(|| {
        // From a nanosecond to half an hour.
        let after = |n: u32| Duration::from_nanos(1 + u64::from(n).pow(5));
        for pool in pools() {
            let seen = pool.block_on(async {
                let seen: Arc<Mutex<Vec<(u32, Duration)>>> = Arc::default();
                let start = now();
                let tasks = (0..200).map(|n| {
                    let (n, seen) = (n * 37 % 200, Arc::clone(&seen));
                    spawn(async move {
                        sleep_until(start + after(n)).await;
                        seen.lock().unwrap().push((n, now() - start));
                    })
                });
                for task in join_all(tasks.collect::<Vec<_>>()).await {
                    task.unwrap();
                }
                Arc::into_inner(seen).unwrap().into_inner().unwrap()
            });
            let expected: Vec<_> = (0..200).map(|n| (n, after(n))).collect();
            assert_eq!(seen, expected);
        }
    });
}

#[test]
fn ticks_are_exact() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                let mut ticks = interval(300 * MS);
                for n in 0..10 {
                    assert_eq!(ticks.tick().await - start, n * 300 * MS);
                    assert_eq!(now() - start, n * 300 * MS);
                }
                let mut late = interval_at(now() + SECOND, SECOND);
                late.set_missed_tick_behavior(MissedTickBehavior::Skip);
                sleep(3500 * MS).await;
                let from = now();
                late.tick().await;
                assert_eq!(now(), from);
                late.tick().await;
                assert_eq!(now() - from, 500 * MS);
            });
        }
    });
}

#[test]
fn timeouts_are_exact() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                assert!(timeout(SECOND, pending::<()>()).await.is_err());
                assert_eq!(now() - start, SECOND);
                assert_eq!(timeout(SECOND, async { 7 }).await, Ok(7));
                assert_eq!(timeout(HOUR, sleep(MS)).await, Ok(()));
                assert!(timeout(MS, sleep(HOUR)).await.is_err());
                assert_eq!(now() - start, SECOND + 2 * MS);
            });
        }
    });
}

#[test]
fn a_step_expires_all_timers_on_its_way() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                let (say, mut heard) = messages::unbounded();
                let tasks: Vec<_> = [30, 10, 20]
                    .map(|n| {
                        let say = say.clone();
                        spawn(async move {
                            let nap = sleep_until(start + n * SECOND);
                            let mut begun = say.clone();
                            begun.send((0, now())).await.unwrap();
                            nap.await;
                            say.unbounded_send((n, now())).unwrap();
                        })
                    })
                    .into();
                for _ in 0..3 {
                    assert_eq!(heard.next().await.unwrap(), (0, start));
                }
                advance(60 * SECOND).await;
                assert_eq!(now() - start, 60 * SECOND);
                let mut seen = Vec::new();
                for _ in 0..3 {
                    let (n, at) = heard.next().await.unwrap();
                    // One that had not begun to wait finds its time passed.
                    assert_eq!(at - start, 60 * SECOND);
                    seen.push(n);
                }
                seen.sort_unstable();
                assert_eq!(seen, [10, 20, 30]);
                for task in tasks {
                    task.await.unwrap();
                }
                advance(Duration::ZERO).await;
                assert_eq!(now() - start, 60 * SECOND);
            });
        }
    });
}

/// The claim of `pool/rest/` at its sharpest: what is woken is polled before the clock jumps. Many
/// tasks send each other the time, and sleep between that.
#[test]
fn the_clock_does_not_jump_over_what_is_ready() {
    watched(|| {
        for pool in pools() {
            const TASKS: u64 = 12;
            const ROUNDS: u64 = 60;
            let (says, hears): (Vec<_>, Vec<_>) =
                (0..TASKS).map(|_| messages::unbounded::<Instant>()).unzip();
            pool.block_on(async {
                let listen = |mut hears: messages::UnboundedReceiver<Instant>| {
                    spawn(async move {
                        for _ in 0..ROUNDS {
                            let sent = hears.next().await.unwrap();
                            assert_eq!(now(), sent, "woken at one time, polled at another");
                        }
                    })
                };
                let mut tasks: Vec<_> = hears.into_iter().map(listen).collect();
                tasks.extend((0..TASKS).map(|n| {
                    let say = says[(n as usize + 1) % says.len()].clone();
                    spawn(async move {
                        for round in 0..ROUNDS {
                            sleep(Duration::from_nanos((n + round) * 7919 % 1000)).await;
                            say.unbounded_send(now()).unwrap();
                            if round % 8 == 0 {
                                task::yield_now().await;
                            }
                        }
                    })
                }));
                for task in tasks {
                    task.await.unwrap();
                }
            });
        }
    });
}

/// The same for a thread in `block_on`, which no queue knows.
#[test]
fn the_clock_does_not_jump_over_a_thread_that_was_woken() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let late = spawn(sleep(HOUR));
                for _ in 0..100 {
                    let (say, heard) = oneshot::channel();
                    spawn(async move {
                        sleep(MS).await;
                        say.send(now()).unwrap();
                    });
                    assert_eq!(heard.await.unwrap(), now());
                }
                late.abort();
            });
        }
    });
}

#[test]
fn blocking_closures_hold_the_clock() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(HOUR));
                let blocks = spawn_blocking(move || {
                    for _ in 0..1000 {
                        assert_eq!(now(), start);
                        std::thread::yield_now();
                    }
                });
                blocks.await.unwrap();
                // And until the one who awaits it was polled.
                assert_eq!(now(), start);
                late.await.unwrap();
                assert_eq!(now(), start + HOUR);
            });
        }
    });
}

#[test]
fn a_task_that_blocks_its_thread_holds_the_clock() {
    watched(|| {
        for pool in [1, 2, 8].map(paused) {
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(HOUR));
                let blocks = spawn(async move {
                    block_in_place(|| {
                        for _ in 0..1000 {
                            assert_eq!(now(), start);
                            std::thread::yield_now();
                        }
                    });
                    assert_eq!(now(), start);
                });
                blocks.await.unwrap();
                assert_eq!(now(), start);
                late.await.unwrap();
                assert_eq!(now(), start + HOUR);
            });
        }
    });
}

#[test]
fn what_blocks_only_to_wait_does_not_hold_it() {
    watched(|| {
        for pool in [1, 2, 8].map(paused) {
            pool.block_on(async {
                let start = now();
                // On a blocking thread, inside and outside of the pool's own waits.
                spawn_blocking(|| block_on(sleep(HOUR))).await.unwrap();
                assert_eq!(now() - start, HOUR);
                spawn_blocking(|| spawn(sleep(HOUR)).join().unwrap())
                    .await
                    .unwrap();
                assert_eq!(now() - start, 2 * HOUR);
                // On a worker.
                spawn(async { block_in_place(|| block_on(sleep(HOUR))) })
                    .await
                    .unwrap();
                assert_eq!(now() - start, 3 * HOUR);
                spawn(async { block_on(async { block_on(sleep(HOUR)) }) })
                    .await
                    .unwrap();
                assert_eq!(now() - start, 4 * HOUR);
                // In halves and jobs, whose owners wait for them.
                spawn(async {
                    manyhands::join(|| block_on(sleep(HOUR)), || block_on(sleep(2 * HOUR)));
                })
                .await
                .unwrap();
                assert!(now() - start <= 7 * HOUR);
                let from = now();
                manyhands::scope(|s| s.spawn(|_| block_on(sleep(HOUR))));
                assert_eq!(now() - from, HOUR);
            });
        }
    });
}

#[test]
fn computations_hold_the_clock() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(HOUR));
                let sum = manyhands::compute(move || {
                    (0..20_000_u64)
                        .into_par_iter()
                        .map(|n| {
                            if n % 100 == 0 {
                                assert_eq!(now(), start);
                            }
                            n
                        })
                        .sum::<u64>()
                });
                assert_eq!(sum.await, 19_999 * 10_000);
                assert_eq!(now(), start);
                // Short loops, which keep their halves to themselves.
                for _ in 0..100 {
                    (0..64_u64).into_par_iter().for_each(|n| {
                        std::hint::black_box(n);
                    });
                }
                sleep(MS).await;
                assert_eq!(now(), start + MS);
                late.await.unwrap();
            });
        }
    });
}

#[test]
fn the_body_of_a_scope_holds_the_clock() {
    watched(|| {
        for pool in [1, 2, 8].map(paused) {
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(HOUR));
                manyhands::in_place_scope(|s| {
                    for _ in 0..20 {
                        s.spawn(|_| ());
                        for _ in 0..50 {
                            assert_eq!(now(), start);
                            std::thread::yield_now();
                        }
                    }
                });
                late.await.unwrap();
            });
        }
    });
}

#[test]
fn pools_have_clocks_of_their_own() {
    watched(|| {
        let (here, there) = (paused(2), paused(2));
        let start = here.block_on(async { now() });
        there.block_on(sleep(HOUR));
        assert_eq!(here.block_on(async { now() }), start);
        // What this pool has asked the other one for is not over.
        here.block_on(async {
            let start = now();
            let late = spawn(sleep(HOUR));
            there.install(|| block_on(sleep(HOUR)));
            assert_eq!(now(), start);
            late.await.unwrap();
        });
        // Outside of pools it is the default pool's time, which nobody has paused.
        let real = Instant::now();
        assert!(now() >= real);
    });
}

#[test]
fn pinned_futures_sleep_through_hours() {
    watched(|| {
        for pool in [1, 2, 8].map(paused) {
            pool.block_on(async {
                let start = now();
                let threads = LocalPoolHandle::new(2);
                let naps = (1..=4).map(|n| {
                    threads.spawn_pinned(move || async move {
                        sleep(n * HOUR).await;
                        now()
                    })
                });
                for (n, nap) in (1..).zip(join_all(naps).await) {
                    assert_eq!(nap.unwrap() - start, n * HOUR);
                }
            });
        }
    });
}

#[test]
fn many_threads_wait() {
    watched(|| {
        // More than there are seats for.
        let pool = paused(2);
        let start = pool.block_on(async { now() });
        std::thread::scope(|scope| {
            let (say, heard) = mpsc::channel();
            for n in 1..=40 {
                let (pool, say) = (&pool, say.clone());
                scope.spawn(move || {
                    pool.block_on(async {
                        say.send(()).unwrap();
                        sleep_until(start + n * HOUR).await;
                        assert!(now() >= start + n * HOUR);
                    });
                });
            }
            for _ in 0..40 {
                heard.recv().unwrap();
            }
        });
        assert_eq!(pool.block_on(async { now() }), start + 40 * HOUR);
    });
}

#[test]
fn a_thread_of_the_program_may_be_a_worker() {
    watched(|| {
        let builder = Pool::builder().use_current_thread().num_threads(2);
        let pool = build(builder.start_paused(true));
        pool.block_on(async {
            let start = now();
            sleep(HOUR).await;
            spawn(sleep(HOUR)).await.unwrap();
            assert_eq!(now() - start, 2 * HOUR);
        });
    });
}

#[test]
fn many_sleepers() {
    watched(|| {
        for pool in [1, 2, 8].map(paused) {
            pool.block_on(async {
                let start = now();
                let tasks = (0..5000_u32).map(|n| {
                    let end = start + n * 7919 % 100 * SECOND;
                    spawn(async move {
                        sleep_until(end).await;
                        now() == end
                    })
                });
                let exact = join_all(tasks.collect::<Vec<_>>()).await;
                assert!(exact.into_iter().all(|exact| exact.unwrap()));
            });
        }
    });
}

#[test]
fn misuse_panics() {
    watched(|| {
        let pool = pool(1);
        let said = |future: fn()| message_of(|| pool.block_on(async { future() }));
        assert!(said(resume).contains("not paused"));
        let step = || pool.block_on(advance(HOUR));
        assert!(message_of(step).contains("not paused"));
        pool.block_on(async { pause() });
        assert!(said(pause).contains("paused already"));
        pool.block_on(async { resume() });
        assert!(said(resume).contains("not paused"));
        pool.block_on(time::sleep(MS));
    });
}

/// With the feature `sim` as well it is a simulation, which rounds to its ticks.
#[cfg(feature = "macros")]
#[manyhands::test(start_paused = true, num_threads = 2)]
async fn an_attribute_pauses_the_clock() {
    let start = now();
    spawn(sleep(HOUR)).await.unwrap();
    let passed = now() - start;
    assert!(passed >= HOUR && passed < HOUR + SECOND, "{passed:?}");
}
