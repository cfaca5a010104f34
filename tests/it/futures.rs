//! Tasks and their handles: results, aborts, wakes, order.

use crate::util::{
    Census, SIZES, fib, message_of, occupy, pool, pool_without_spares, spin_until, text, watched,
};
use futures::channel::{mpsc, oneshot};
use futures::task::{Spawn, SpawnExt};
use futures::{SinkExt, StreamExt};
use manyhands::{Pool, block_on, spawn, task};
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

#[test]
fn a_handle_brings_the_output_or_the_panic() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
            assert_eq!(block_on(pool.spawn(async { "two" })).unwrap(), "two");
            assert_eq!(
                pool.block_on(async { spawn(async { [3; 300] }).await.unwrap() }),
                [3; 300]
            );
            let error = pool
                .spawn(async { panic!("number {}", 4) })
                .join()
                .unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled());
            assert!(error.to_string().ends_with("panicked: number 4"));
            assert_eq!(text(&*error.into_panic()), "number 4");
            let compute = pool.spawn_compute(|| fib(10));
            assert_eq!(compute.join().unwrap(), 55);
        }
    });
}

#[test]
fn ids_are_unique_and_known_inside() {
    watched(|| {
        let pool = pool(2);
        assert_eq!(task::try_id(), None);
        let handles: Vec<_> = (0..500).map(|_| pool.spawn(async { task::id() })).collect();
        let names: HashSet<_> = handles.iter().map(|handle| handle.id()).collect();
        assert_eq!(names.len(), 500);
        for handle in handles {
            let name = handle.id();
            assert_eq!(handle.abort_handle().id(), name);
            assert_eq!(handle.join().unwrap(), name);
        }
        let failed = pool.spawn(async { panic_any(1) });
        let name = failed.id();
        assert_eq!(failed.join().unwrap_err().id(), name);
    });
}

#[test]
fn abort_ends_a_waiting_task_and_drops_its_future() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let census = Census::default();
            let (say, heard) = std::sync::mpsc::channel();
            let value = census.make();
            let handle = pool.spawn(async move {
                say.send(()).unwrap();
                pending::<()>().await;
                drop(value);
            });
            heard.recv().unwrap();
            assert!(!handle.is_finished());
            handle.abort();
            handle.abort();
            let error = handle.join().unwrap_err();
            assert!(error.is_cancelled() && !error.is_panic());
            assert!(error.try_into_panic().is_err());
            census.assert_all_dropped(1);
        }
    });
}

#[test]
fn a_task_that_is_aborted_before_it_starts_is_never_polled() {
    watched(|| {
        let pool = pool_without_spares(1);
        let busy = occupy(&pool);
        let polled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&polled);
        let task = pool.spawn(async move { flag.store(true, Ordering::Relaxed) });
        let flag = Arc::clone(&polled);
        let closure = pool.spawn_compute(move || flag.store(true, Ordering::Relaxed));
        task.abort();
        closure.abort();
        drop(busy.release());
        assert!(task.join().unwrap_err().is_cancelled());
        assert!(closure.join().unwrap_err().is_cancelled());
        assert!(!polled.load(Ordering::Relaxed));
    });
}

#[test]
fn abort_during_a_poll_takes_effect_when_the_poll_is_over() {
    watched(|| {
        let pool = pool(1);
        let census = Census::default();
        let value = census.make();
        let (say, heard) = std::sync::mpsc::channel();
        let (go, went) = std::sync::mpsc::channel::<()>();
        let handle = pool.spawn(async move {
            say.send(()).unwrap();
            let _ = went.recv();
            task::yield_now().await;
            drop(value);
            unreachable!("the task was aborted");
        });
        heard.recv().unwrap();
        handle.abort();
        assert_eq!(census.dropped(), 0);
        drop(go);
        assert!(handle.join().unwrap_err().is_cancelled());
        census.assert_all_dropped(1);
    });
}

#[test]
fn abort_after_the_end_changes_nothing() {
    watched(|| {
        let pool = pool(2);
        let handle = pool.spawn(async { 5 });
        let abort = handle.abort_handle();
        spin_until(|| handle.is_finished());
        abort.clone().abort();
        assert!(abort.is_finished());
        assert_eq!(handle.join().unwrap(), 5);
        abort.abort();
    });
}

#[test]
fn cancel_on_drop_cancels_when_dropped_and_only_then() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let value = census.make();
        let guard = pool
            .spawn(async move {
                pending::<()>().await;
                drop(value);
            })
            .cancel_on_drop();
        let watch = guard.abort_handle();
        assert_eq!(watch.id(), guard.id());
        assert!(!guard.is_finished());
        drop(guard);
        spin_until(|| watch.is_finished());
        census.assert_all_dropped(1);
        assert_eq!(
            block_on(pool.spawn(async { 6 }).cancel_on_drop()).unwrap(),
            6
        );
    });
}

#[test]
fn a_dropped_handle_detaches() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let (sender, receiver) = std::sync::mpsc::channel();
            for i in 0..100 {
                let sender = sender.clone();
                drop(pool.spawn(async move {
                    task::yield_now().await;
                    sender.send(i).unwrap();
                }));
            }
            drop(sender);
            let mut all: Vec<_> = receiver.iter().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..100));
        }
    });
}

#[test]
fn a_handle_gives_its_result_once() {
    watched(|| {
        let pool = pool(1);
        let mut handle = pool.spawn(async { 1 });
        assert_eq!(block_on(&mut handle).unwrap(), 1);
        assert!(message_of(|| block_on(&mut handle)).contains("polled again"));
    });
}

#[test]
fn ten_thousand_tasks() {
    watched(|| {
        for size in SIZES {
            let sum = pool(size).block_on(async {
                let tasks: Vec<_> = (0..10_000_u64).map(|i| spawn(async move { i })).collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            });
            assert_eq!(sum, 49_995_000);
        }
    });
}

#[test]
fn channels_of_other_crates_work() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let (sender, receiver) = oneshot::channel();
            let task = pool.spawn(receiver);
            std::thread::spawn(move || sender.send(8).unwrap());
            assert_eq!(task.join().unwrap().unwrap(), 8);

            let (mut there, mut here) = mpsc::channel::<u64>(0);
            let (mut back, mut answers) = mpsc::channel::<u64>(0);
            let echo = pool.spawn(async move {
                while let Some(value) = here.next().await {
                    back.send(value + 1).await.unwrap();
                }
            });
            let asker = pool.spawn(async move {
                let mut value = 0;
                for _ in 0..500 {
                    there.send(value).await.unwrap();
                    value = answers.next().await.unwrap();
                }
                value
            });
            assert_eq!(asker.join().unwrap(), 500);
            echo.join().unwrap();
        }
    });
}

#[test]
fn handle_spawns_for_other_crates() {
    watched(|| {
        let pool = pool(2);
        let handle = pool.handle().clone();
        assert!(handle.status().is_ok());
        let (sender, receiver) = oneshot::channel();
        SpawnExt::spawn(&handle, async { sender.send(1).unwrap() }).unwrap();
        assert_eq!(block_on(receiver).unwrap(), 1);
        let remote = handle.spawn_with_handle(async { 2 }).unwrap();
        assert_eq!(block_on(remote), 2);
        pool.shutdown();
        assert!(handle.status().unwrap_err().is_shutdown());
        assert!(
            SpawnExt::spawn(&handle, async {})
                .unwrap_err()
                .is_shutdown()
        );
    });
}

#[test]
fn a_wake_during_the_poll_reschedules_once() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let mut polls = 0;
            let task = pool.spawn(poll_fn(move |context| {
                polls += 1;
                if polls == 1000 {
                    return Poll::Ready(polls);
                }
                // Three wakes, one more poll.
                context.waker().wake_by_ref();
                context.waker().wake_by_ref();
                context.waker().wake_by_ref();
                Poll::Pending
            }));
            assert_eq!(task.join().unwrap(), 1000);
        }
    });
}

#[test]
fn many_foreign_wakers_lose_no_wake() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let waker = Arc::new(Mutex::new(None::<Waker>));
            let ticks = Arc::new(AtomicUsize::new(0));
            let (slot, seen) = (Arc::clone(&waker), Arc::clone(&ticks));
            let task = pool.spawn(poll_fn(move |context| {
                *slot.lock().unwrap() = Some(context.waker().clone());
                if seen.load(Ordering::Acquire) == 600 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
            std::thread::scope(|threads| {
                for _ in 0..3 {
                    threads.spawn(|| {
                        for _ in 0..200 {
                            ticks.fetch_add(1, Ordering::Release);
                            if let Some(waker) = waker.lock().unwrap().take() {
                                waker.wake();
                            }
                        }
                    });
                }
            });
            task.join().unwrap();
        }
    });
}

#[test]
fn a_waker_may_outlive_its_task() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let value = census.make();
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = pool.spawn(poll_fn(move |context| {
            let _ = &value;
            sender.send(context.waker().clone()).unwrap();
            Poll::Ready(())
        }));
        task.join().unwrap();
        let waker = receiver.recv().unwrap();
        waker.wake_by_ref();
        // The future is gone, though the waker is not.
        census.assert_all_dropped(1);
        assert!(waker.will_wake(&waker.clone()));
        pool.shutdown();
        waker.wake_by_ref();
        waker.wake();
    });
}

#[test]
fn a_waiting_task_whose_last_waker_is_dropped_ends() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let value = census.make();
        // `pending` keeps no waker, and the handle is gone: nobody can ever wake it.
        drop(pool.spawn(async move {
            pending::<()>().await;
            drop(value);
        }));
        spin_until(|| census.dropped() == 1);
    });
}

#[test]
fn tasks_that_yield_take_turns() {
    watched(|| {
        let pool = pool_without_spares(1);
        let log = Arc::new(Mutex::new(Vec::new()));
        let turns = |name: char| {
            let log = Arc::clone(&log);
            async move {
                for _ in 0..200 {
                    log.lock().unwrap().push(name);
                    task::yield_now().await;
                }
            }
        };
        let (a, b) = (turns('a'), turns('b'));
        let both = pool.spawn(async move { [spawn(a), spawn(b)] });
        for task in both.join().unwrap() {
            task.join().unwrap();
        }
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 400);
        assert!(log.windows(2).all(|pair| pair[0] != pair[1]), "{log:?}");
    });
}

#[test]
fn a_busy_queue_does_not_starve_tasks_from_outside() {
    watched(|| {
        let pool = pool_without_spares(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let busy = pool.spawn(async move {
            while !stopped.load(Ordering::Acquire) {
                task::yield_now().await;
            }
        });
        for i in 0..20 {
            assert_eq!(pool.spawn(async move { i }).join().unwrap(), i);
        }
        stop.store(true, Ordering::Release);
        busy.join().unwrap();
    });
}

/// The newest task waits in a slot of its own, where others must find it.
#[test]
fn a_child_runs_while_its_parent_is_busy() {
    watched(|| {
        let pool = pool(2);
        for _ in 0..200 {
            let task = pool.spawn(async {
                let done = Arc::new(AtomicBool::new(false));
                let flag = Arc::clone(&done);
                let child = spawn(async move { flag.store(true, Ordering::Release) });
                spin_until(|| done.load(Ordering::Acquire));
                child.await.unwrap();
            });
            task.join().unwrap();
        }
    });
}

/// So does a woken one, from the moment its waker computes or blocks.
#[test]
fn a_woken_task_runs_while_its_waker_computes_or_blocks() {
    fn check(pool: &manyhands::Handle, wait: impl Fn(&AtomicBool) + Copy + Send + 'static) {
        for _ in 0..100 {
            let (sender, receiver) = oneshot::channel();
            let done = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&done);
            let waiter = pool.spawn(async move {
                receiver.await.unwrap();
                flag.store(true, Ordering::Release);
            });
            let task = pool.spawn(async move {
                // Let the waiter wait first.
                task::yield_now().await;
                sender.send(()).unwrap();
                wait(&done);
            });
            task.join().unwrap();
            waiter.join().unwrap();
        }
    }

    watched(|| {
        for pool in [pool(2), pool_without_spares(2)] {
            check(&pool, |done| {
                while !done.load(Ordering::Acquire) {
                    manyhands::join(|| (), std::thread::yield_now);
                }
            });
            check(&pool, |done| {
                manyhands::block_in_place(|| spin_until(|| done.load(Ordering::Acquire)));
            });
        }
    });
}

/// A task that awaits others one after the other is not polled for each of them before the rest
/// of the queue has its turn.
#[test]
fn a_woken_task_overtakes_the_queue_a_few_times_only() {
    watched(|| {
        let pool = pool(1);
        let polls = pool.spawn(async {
            let mut handles: Vec<_> = (0..1000).map(|_| spawn(async {})).collect();
            let (mut polls, mut next) = (0, 0);
            poll_fn(move |context| {
                polls += 1;
                while next < handles.len() {
                    if Pin::new(&mut handles[next]).poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    next += 1;
                }
                Poll::Ready(polls)
            })
            .await
        });
        let polls = polls.join().unwrap();
        assert!(polls < 50, "{polls} polls for 1000 tasks");
    });
}

/// Counts of the registry move between tasks and seats; none is lost and none is made up.
#[test]
fn a_pool_is_freed_with_its_last_task() {
    watched(|| {
        for size in SIZES {
            let witness = Arc::new(());
            let kept = Arc::clone(&witness);
            // Not the one of `util`, which keeps a handle of it.
            let builder = Pool::builder().num_threads(size).panic_handler(move |_| {
                let _ = &kept;
            });
            let pool = builder.build().unwrap();
            let work = || async {
                let handles: Vec<_> = (0..100).map(|_| spawn(task::yield_now())).collect();
                for handle in handles {
                    handle.await.unwrap();
                }
            };
            // Tasks end on workers, on a guest's seat, and off the pool.
            pool.block_on(work());
            pool.spawn(work()).join().unwrap();
            pool.scope(|_| drop(spawn(async {})));
            let (say, heard) = std::sync::mpsc::channel();
            let waits = pool.spawn(poll_fn(move |context| {
                say.send(context.waker().clone()).unwrap();
                Poll::<()>::Pending
            }));
            let waker = heard.recv().unwrap();
            drop(waits);
            pool.shutdown();
            assert_eq!(Arc::strong_count(&witness), 2, "the waker keeps the pool");
            drop(waker);
            // A worker may still be on its way out.
            spin_until(|| Arc::strong_count(&witness) == 1);
        }
    });
}
