//! Timers: tokio's edge cases, and that none is missed whatever the threads do. A test that waits
//! for a timer that never comes hangs, and is then ended by its watchdog; none looks at how long
//! anything took, but for "not before its time".

#![cfg(feature = "time")]

#[path = "it/util.rs"]
#[allow(dead_code)]
mod util;

use crate::util::{SIZES, pool, pool_without_spares, watched};
use futures::future::{Either, join_all, select};
use manyhands::prelude::*;
use manyhands::time::{
    self, Duration, Instant, MissedTickBehavior, interval, interval_at, sleep, sleep_until, timeout,
};
use manyhands::{Pool, block_in_place, block_on, spawn, task};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::task::{Context, Poll, Wake, Waker};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn pools() -> impl Iterator<Item = Pool> {
    SIZES
        .into_iter()
        .map(pool)
        .chain([pool_without_spares(1), pool_without_spares(2)])
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn not_before_its_time() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                for n in [0, 1, 2, 5] {
                    let start = Instant::now();
                    sleep(n * MS).await;
                    assert!(start.elapsed() >= n * MS);
                }
                let start = Instant::now();
                spawn(async move { sleep_until(start + 3 * MS).await })
                    .await
                    .unwrap();
                assert!(start.elapsed() >= 3 * MS);
            });
        }
    });
}

#[test]
fn many_sleepers_all_wake() {
    watched(|| {
        for pool in pools() {
            let start = Instant::now();
            let tasks: Vec<_> = (0..500_u32)
                .map(|i| {
                    let deadline = start + i % 50 * MS / 4;
                    pool.spawn(async move {
                        sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline);
                        i
                    })
                })
                .collect();
            let sum: u32 = pool
                .block_on(join_all(tasks))
                .into_iter()
                .map(Result::unwrap)
                .sum();
            assert_eq!(sum, 499 * 500 / 2);
        }
    });
}

#[test]
fn an_earlier_timer_overtakes_a_later_one() {
    watched(|| {
        for pool in pools() {
            let late = pool.spawn(sleep(HOUR));
            // All threads sleep now, or soon; one of them until the hour is over.
            for _ in 0..20 {
                pool.spawn(sleep(MS / 2)).join().unwrap();
                pool.block_on(sleep(MS / 2));
            }
            late.abort();
            assert!(late.join().unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn timers_go_on_while_all_threads_compute() {
    watched(|| {
        for threads in [1, 2, 4] {
            let pool = pool(threads);
            let over = Arc::new(AtomicBool::new(false));
            let (say, heard) = mpsc::channel();
            let hogs: Vec<_> = (0..threads)
                .map(|_| {
                    let (over, say) = (Arc::clone(&over), say.clone());
                    pool.spawn_compute(move || {
                        say.send(()).unwrap();
                        while !over.load(Ordering::SeqCst) {
                            (0..64_u64).into_par_iter().for_each(|n| {
                                std::hint::black_box(n);
                            });
                        }
                    })
                })
                .collect();
            for _ in 0..threads {
                heard.recv().unwrap();
            }
            let ticks = pool.spawn(async {
                for _ in 0..10 {
                    sleep(MS).await;
                }
            });
            ticks.join().unwrap();
            // And one that is set from outside.
            let mut nap = pin!(sleep(MS));
            futures::executor::block_on(nap.as_mut());
            over.store(true, Ordering::SeqCst);
            for hog in hogs {
                hog.join().unwrap();
            }
        }
    });
}

#[test]
fn a_thread_that_begins_to_compute_leaves_no_timer_behind() {
    watched(|| {
        for pool in pools().filter(|pool| pool.current_num_threads() < 8) {
            let over = Arc::new(AtomicBool::new(false));
            let (say, heard) = mpsc::channel();
            let threads = pool.current_num_threads();
            let tasks: Vec<_> = (0..threads)
                .map(|_| {
                    let (over, say) = (Arc::clone(&over), say.clone());
                    pool.spawn(async move {
                        let ends = spawn(async move {
                            sleep(2 * MS).await;
                            over.store(true, Ordering::SeqCst);
                            say.send(()).unwrap();
                        });
                        task::yield_now().await;
                        ends.await.unwrap();
                    })
                })
                .collect();
            let busy = pool.spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    manyhands::join(|| std::hint::black_box(1), || 2);
                    task::yield_now().await;
                }
            });
            heard.recv().unwrap();
            busy.join().unwrap();
            for task in tasks {
                task.join().unwrap();
            }
        }
    });
}

#[test]
fn waits_of_all_kinds_leave_the_clock_to_somebody() {
    watched(|| {
        for pool in pools() {
            let nested = pool.spawn(async {
                manyhands::block_on(async {
                    sleep(MS).await;
                    manyhands::block_on(sleep(MS));
                });
                let inner = spawn(sleep(MS));
                inner.join().unwrap();
                block_in_place(|| manyhands::block_on(sleep(MS)));
                (0..4).into_par_iter().for_each(|_| {
                    manyhands::block_on(sleep(MS));
                });
                manyhands::join(
                    || manyhands::block_on(sleep(MS)),
                    || manyhands::block_on(sleep(2 * MS)),
                );
                manyhands::scope(|s| {
                    s.spawn(|_| manyhands::block_on(sleep(MS)));
                });
            });
            nested.join().unwrap();
        }
    });
}

#[test]
fn a_busy_block_on_still_sees_its_own_timer() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let mut nap = sleep(MS);
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    Pin::new(&mut nap).poll(context)
                })
                .await;
            });
        }
    });
}

#[test]
fn yielding_tasks_do_not_starve_timers() {
    watched(|| {
        for pool in pools() {
            let over = Arc::new(AtomicBool::new(false));
            let yielders: Vec<_> = (0..2 * pool.current_num_threads())
                .map(|_| {
                    let over = Arc::clone(&over);
                    pool.spawn(async move {
                        while !over.load(Ordering::SeqCst) {
                            task::yield_now().await;
                        }
                    })
                })
                .collect();
            pool.spawn(async {
                for _ in 0..5 {
                    sleep(MS).await;
                }
            })
            .join()
            .unwrap();
            over.store(true, Ordering::SeqCst);
            for yielder in yielders {
                yielder.join().unwrap();
            }
        }
    });
}

/// Ticks that are always due.
async fn ticks_for_ever() {
    let mut ticks = interval(Duration::from_nanos(1));
    loop {
        ticks.tick().await;
    }
}

#[test]
fn timers_that_are_always_ready_let_others_run() {
    watched(|| {
        for pool in pools() {
            let flag = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&flag);
            let sleeper = async move {
                while !seen.load(Ordering::SeqCst) {
                    sleep(Duration::ZERO).await;
                }
            };
            let sleeper = pool.spawn(sleeper);
            pool.spawn(async move { flag.store(true, Ordering::SeqCst) })
                .join()
                .unwrap();
            sleeper.join().unwrap();

            let ticking = pool.spawn(ticks_for_ever());
            assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
            ticking.abort();
            assert!(ticking.join().unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_timeout_expires_around_what_is_always_ready() {
    watched(|| {
        for pool in pools() {
            assert!(pool.block_on(timeout(5 * MS, ticks_for_ever())).is_err());
            let late = pool.spawn(timeout(5 * MS, ticks_for_ever())).join();
            assert!(late.unwrap().is_err());
            // The budget is spent whenever the outer one looks at its deadline.
            let nested = timeout(5 * MS, timeout(HOUR, ticks_for_ever()));
            assert!(pool.spawn(nested).join().unwrap().is_err());
            let spender = async {
                loop {
                    task::consume_budget().await;
                }
            };
            let late: Result<(), _> = pool.spawn(timeout(5 * MS, spender)).join().unwrap();
            assert!(late.is_err());
        }
    });
}

#[test]
fn a_timer_spends_a_unit_when_it_is_ready() {
    watched(|| {
        block_on(async {
            for _ in 0..100 {
                sleep(Duration::ZERO).await;
            }
            for _ in 0..100 {
                assert!(sleep(HOUR).now_or_never().is_none());
            }
            let mut ticks = interval(Duration::from_nanos(1));
            for _ in 0..28 {
                assert!(task::coop::has_budget_remaining());
                assert!(ticks.tick().now_or_never().is_some());
            }
            assert!(!task::coop::has_budget_remaining());
            assert!(sleep(Duration::ZERO).now_or_never().is_none());
            sleep(Duration::ZERO).await;
        });
    });
}

#[test]
fn forever_does_not_end_and_zero_does_not_wait() {
    let mut forever = sleep(Duration::MAX);
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut forever).poll(&mut context).is_pending());
    assert!(!forever.is_elapsed());
    let mut none = sleep(Duration::ZERO);
    assert!(Pin::new(&mut none).poll(&mut context).is_ready());
    assert!(none.is_elapsed());
    let mut past = sleep_until(Instant::now().checked_sub(MS).unwrap());
    assert!(Pin::new(&mut past).poll(&mut context).is_ready());
    // Polling it once more is allowed.
    assert!(Pin::new(&mut past).poll(&mut context).is_ready());
    assert!(timeout(Duration::MAX, async { 3 }).now_or_never().unwrap() == Ok(3));
}

#[test]
fn the_last_waker_is_the_one_that_is_called() {
    watched(|| {
        let pool = pool(1);
        let [first, second] = [(); 2].map(|()| Arc::new(Count(AtomicUsize::new(0))));
        let mut nap = Box::pin(sleep(HOUR));
        pool.block_on(async {
            for count in [&first, &second] {
                let waker = Waker::from(Arc::clone(count));
                let mut context = Context::from_waker(&waker);
                assert!(nap.as_mut().poll(&mut context).is_pending());
            }
            nap.as_mut().reset(Instant::now() + MS);
            while second.0.load(Ordering::SeqCst) == 0 {
                sleep(MS).await;
            }
        });
        assert_eq!(first.0.load(Ordering::SeqCst), 0);
        assert_eq!(Arc::strong_count(&first), 1);
        let mut context = Context::from_waker(Waker::noop());
        assert!(nap.as_mut().poll(&mut context).is_ready());
    });
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, for a test");
        }
    }
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let waker = Waker::from(Arc::new(Panics));
                let mut nap = sleep(HOUR);
                let mut context = Context::from_waker(&waker);
                assert!(Pin::new(&mut nap).poll(&mut context).is_pending());
                Pin::new(&mut nap).reset(Instant::now() + MS);
                spawn(sleep(3 * MS)).await.unwrap();
                sleep(MS).await;
                assert!(nap.is_elapsed());
            });
        }
    });
}

#[test]
fn a_dropped_timer_keeps_nothing() {
    let pool = pool(2);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let mut context = Context::from_waker(&waker);
    pool.block_on(async {
        let mut naps: Vec<_> = (0..1000).map(|i| sleep(HOUR + i * MS)).collect();
        for nap in &mut naps {
            assert!(Pin::new(nap).poll(&mut context).is_pending());
        }
        // In another order than they were made.
        while !naps.is_empty() {
            drop(naps.swap_remove(naps.len() / 2));
        }
    });
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn reset_moves_the_end() {
    watched(|| {
        for pool in pools() {
            pool.block_on(async {
                let mut nap = sleep(HOUR);
                let mut context = Context::from_waker(Waker::noop());
                assert!(Pin::new(&mut nap).poll(&mut context).is_pending());
                let soon = Instant::now() + MS;
                Pin::new(&mut nap).reset(soon);
                assert_eq!(nap.deadline(), soon);
                (&mut nap).await;
                assert!(nap.is_elapsed());
                // Over, and begun again.
                Pin::new(&mut nap).reset(Instant::now() + HOUR);
                assert!(!nap.is_elapsed());
                assert!(Pin::new(&mut nap).poll(&mut context).is_pending());
                // Whoever waits hears of a reset into the past.
                let mut told = false;
                poll_fn(|context| {
                    let poll = Pin::new(&mut nap).poll(context);
                    if !std::mem::replace(&mut told, true) {
                        Pin::new(&mut nap).reset(Instant::now());
                    }
                    poll
                })
                .await;
            });
        }
    });
}

#[test]
fn timeouts() {
    watched(|| {
        for (n, pool) in pools().enumerate() {
            let scarce = n >= SIZES.len();
            pool.block_on(async {
                // The future goes first, even if there is no time.
                assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
                let late = timeout(MS, pending::<()>()).await.unwrap_err();
                let io: std::io::Error = late.into();
                assert_eq!(io.kind(), std::io::ErrorKind::TimedOut);
                let ok = timeout(HOUR, async {
                    sleep(MS).await;
                    2
                });
                assert_eq!(ok.await, Ok(2));
                let past = Instant::now() - MS;
                assert!(time::timeout_at(past, pending::<()>()).await.is_err());
                // A parallel job is stopped by its timeout.
                // (Without spare threads nobody looks at the clock while all threads compute.)
                let end = if scarce { 1 } else { u64::MAX };
                let endless = manyhands::compute(move || {
                    (0..end).into_par_iter().for_each(|n| {
                        std::hint::black_box(n);
                    });
                });
                assert_eq!(
                    timeout(if scarce { HOUR } else { MS }, endless)
                        .await
                        .is_ok(),
                    scarce
                );
                match select(pin!(sleep(MS)), pin!(sleep(HOUR))).await {
                    Either::Left(_) => {}
                    Either::Right(_) => panic!("an hour is longer"),
                }
            });
        }
    });
}

#[test]
fn intervals_tick_at_their_times() {
    watched(|| {
        let pool = pool(2);
        pool.block_on(async {
            let start = Instant::now();
            let mut ticks = interval_at(start, MS);
            for n in 0..5 {
                assert_eq!(ticks.tick().await, start + n * MS);
                assert!(Instant::now() >= start + n * MS);
            }
            assert_eq!(ticks.period(), MS);
            ticks.reset_immediately();
            ticks.tick().await;
            let mut slow = interval(HOUR);
            slow.tick().await;
            slow.reset_after(MS);
            slow.tick().await;
            assert!(slow.tick().now_or_never().is_none());
        });
    });
}

#[test]
fn missed_ticks() {
    watched(|| {
        let pool = pool(1);
        pool.block_on(async {
            let period = 10 * MS;
            let start = Instant::now().checked_sub(35 * MS).unwrap();
            let begun = |behavior| {
                let mut ticks = interval_at(start, period);
                ticks.set_missed_tick_behavior(behavior);
                ticks
            };
            // All that were missed, at once and in order.
            let mut burst = begun(MissedTickBehavior::Burst);
            for n in 0..4 {
                assert_eq!(burst.tick().await, start + n * period);
            }
            // The one, and then a period after now.
            let mut delay = begun(MissedTickBehavior::Delay);
            assert_eq!(delay.tick().await, start);
            let now = Instant::now();
            let next = delay.tick().await;
            assert!(next > start + 3 * period && next <= now + period);
            // The one, and then the next of the old times.
            let mut skip = begun(MissedTickBehavior::Skip);
            assert_eq!(skip.tick().await, start);
            let next = skip.tick().await - start;
            assert!(next >= 4 * period);
            assert_eq!(next.as_nanos() % period.as_nanos(), 0);
        });
    });
}

#[test]
#[should_panic(expected = "must not be zero")]
fn an_interval_needs_a_period() {
    let _ = interval(Duration::ZERO);
}

/// A pool without a thread but the one that waits: it sleeps between the timers of others, too.
#[test]
fn the_only_thread_sleeps_between_timers() {
    let own = std::thread::spawn(|| {
        let pool = Pool::builder()
            .num_threads(1)
            .use_current_thread()
            .build()
            .unwrap();
        let ticks = pool.spawn(async {
            for _ in 0..5 {
                sleep(10 * MS).await;
            }
        });
        pool.block_on(async {
            sleep(100 * MS).await;
            ticks.await.unwrap();
        });
        let metrics = pool.handle().metrics();
        metrics.seats.iter().map(|seat| seat.parks).sum::<u64>()
    });
    // Some for each timer, and not one after the other as fast as it can.
    let parks = own.join().unwrap();
    assert!((2..1000).contains(&parks), "{parks}");
}

/// The thread that looks at the clock takes up a poll that blocks, while the other one sleeps.
#[test]
fn a_poll_that_blocks_holds_up_no_timer() {
    watched(|| {
        let pool = pool(2);
        let (send, receive) = mpsc::channel();
        let blocks = pool.spawn(async move {
            sleep(10 * MS).await;
            receive.recv().unwrap()
        });
        let sends = pool.spawn(async move {
            sleep(30 * MS).await;
            send.send(7).unwrap();
        });
        assert_eq!(blocks.join().unwrap(), 7);
        sends.join().unwrap();
    });
}

/// A thread watches whether polls block those who look at the clock, but not while nothing happens.
#[test]
fn a_pool_at_rest_is_not_watched() {
    watched(|| {
        let pool = pool(2);
        let _never = pool.spawn(sleep(HOUR));
        pool.spawn(sleep(10 * MS)).join().unwrap();
        loop {
            let metrics = pool.metrics();
            if metrics.spare_threads > 0 && metrics.idle_spare_threads == metrics.spare_threads {
                break;
            }
            std::thread::yield_now();
        }
    });
}

#[test]
fn timers_outlive_their_pool() {
    watched(|| {
        let pool = pool(1);
        let mut nap = sleep(HOUR);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        pool.block_on(async { assert!(Pin::new(&mut nap).poll(&mut context).is_pending()) });
        let waits = pool.spawn(sleep(HOUR));
        pool.shutdown();
        assert!(waits.join().unwrap_err().is_cancelled());
        // It was told, and goes on with the default pool.
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(Pin::new(&mut nap).poll(&mut context).is_pending());
        Pin::new(&mut nap).reset(Instant::now() + MS);
        manyhands::block_on(nap);
    });
}

#[test]
fn timers_work_without_a_pool_of_ones_own() {
    watched(|| {
        futures::executor::block_on(sleep(MS));
        manyhands::block_on(async {
            sleep(MS).await;
            spawn(sleep(MS)).await.unwrap();
        });
    });
}

trait NowOrNever: Future + Sized {
    fn now_or_never(self) -> Option<Self::Output> {
        match pin!(self).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl<F: Future> NowOrNever for F {}

/// Every thread blocks in a cell whose initialiser waits for a timer: none of them is left to look
/// at the clock between two polls.
#[test]
fn a_timer_expires_while_all_polls_block() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            for more in 1..=3 {
                let cell = Arc::new(OnceLock::new());
                let tasks: Vec<_> = (0..threads + more)
                    .map(|_| {
                        let cell = Arc::clone(&cell);
                        pool.spawn(async move {
                            *cell.get_or_init(|| {
                                block_on(sleep(10 * MS));
                                1
                            })
                        })
                    })
                    .collect();
                let sum: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
                assert_eq!(sum, threads + more);
            }
        }
    });
}
