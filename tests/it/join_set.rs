//! Sets of tasks: order of ends, aborts, panics, wake-ups.

use crate::util::{Census, SIZES, fib, message_of, pool, spin_until, text, watched};
use futures::channel::oneshot;
use manyhands::task::{self, JoinSet};
use manyhands::{Handle, Priority, block_on};
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[test]
fn tasks_come_in_the_order_in_which_they_end() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let mut set = JoinSet::new();
                let mut senders = Vec::new();
                for number in 0..20 {
                    let (sender, receiver) = oneshot::channel::<()>();
                    senders.push(sender);
                    set.spawn(async move {
                        receiver.await.unwrap();
                        number
                    });
                }
                // The last one first.
                for number in (0..20).rev() {
                    assert_eq!(set.len(), number + 1);
                    senders.pop().unwrap().send(()).unwrap();
                    assert_eq!(set.join_next().await.unwrap().unwrap(), number);
                }
                assert!(set.is_empty());
                assert!(set.join_next().await.is_none());
                assert!(set.try_join_next().is_none());
            });
        }
    });
}

#[test]
fn a_set_is_used_again_and_again() {
    watched(|| {
        pool(2).block_on(async {
            let mut set = JoinSet::new();
            assert!(set.join_next().await.is_none());
            let mut sum = 0;
            for round in 0..100 {
                for number in 0..5 {
                    set.spawn(async move { round * 5 + number });
                }
                // Some stay for later rounds.
                while set.len() > round % 3 {
                    sum += set.join_next().await.unwrap().unwrap();
                }
            }
            while let Some(number) = set.join_next().await {
                sum += number.unwrap();
            }
            assert_eq!(sum, 499 * 500 / 2);
        });
    });
}

#[test]
fn every_way_to_spawn_ends_in_the_set() {
    watched(|| {
        let (here, there) = (pool(2), pool(1));
        let background = there.with_priority(Priority::Background);
        let mut outputs = here.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { 1 });
            set.spawn_on(
                async { 10 + Handle::current().current_num_threads() },
                &there,
            );
            set.spawn_blocking(|| 2);
            set.spawn_blocking_on(|| 3, &there);
            set.spawn_compute(|| fib(10) as usize);
            set.spawn_compute_on(|| 20 + Handle::current().current_num_threads(), &background);
            assert_eq!(set.len(), 6);
            set.join_all().await
        });
        outputs.sort_unstable();
        assert_eq!(outputs, [1, 2, 3, 11, 21, 55]);
    });
}

#[test]
fn names_tell_whose_result_it_is() {
    watched(|| {
        pool(2).block_on(async {
            let mut set = JoinSet::new();
            let good = set.spawn(async { task::id() }).id();
            let bad = set.spawn(async { panic!("bad") }).id();
            let gone = set.spawn(pending());
            gone.abort();
            let mut seen = HashSet::new();
            while let Some(result) = set.join_next_with_id().await {
                match result {
                    Ok((id, inside)) => {
                        assert_eq!((id, inside), (good, good));
                        seen.insert(id);
                    }
                    Err(error) => {
                        assert_eq!(error.is_panic(), error.id() == bad);
                        assert_eq!(error.is_cancelled(), error.id() == gone.id());
                        seen.insert(error.id());
                    }
                }
            }
            assert_eq!(seen, HashSet::from([good, bad, gone.id()]));
        });
    });
}

#[test]
fn a_panic_is_the_error_of_one_task() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let mut set: JoinSet<u32> = JoinSet::new();
                for number in 0..10 {
                    set.spawn(async move {
                        assert!(number % 3 != 0, "three divides {number}");
                        number
                    });
                }
                let (mut good, mut bad) = (Vec::new(), Vec::new());
                while let Some(result) = set.join_next().await {
                    match result {
                        Ok(number) => good.push(number),
                        Err(error) => bad.push(text(&*error.into_panic())),
                    }
                }
                good.sort_unstable();
                bad.sort_unstable();
                assert_eq!(good, [1, 2, 4, 5, 7, 8]);
                assert_eq!(bad, [0, 3, 6, 9].map(|n| format!("three divides {n}")));
            });
        }
    });
}

#[test]
fn dropping_the_set_aborts_its_tasks() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let mut set = JoinSet::new();
        let mut aborts = Vec::new();
        for _ in 0..50 {
            let value = census.make();
            let future = async move {
                pending::<()>().await;
                drop(value);
            };
            aborts.push(set.spawn_on(future, &pool));
        }
        drop(set);
        spin_until(|| aborts.iter().all(|abort| abort.is_finished()));
        census.assert_all_dropped(50);
    });
}

#[test]
fn results_that_nobody_takes_are_dropped() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let mut set = JoinSet::new();
        let mut aborts = Vec::new();
        for _ in 0..20 {
            let value = census.make();
            aborts.push(set.spawn_on(async move { value }, &pool));
        }
        spin_until(|| aborts.iter().all(|abort| abort.is_finished()));
        assert_eq!(set.len(), 20);
        assert!(set.try_join_next().unwrap().is_ok());
        drop(set);
        spin_until(|| census.dropped() == 20);
    });
}

#[test]
fn abort_all_leaves_what_was_done() {
    watched(|| {
        let pool = pool(2);
        pool.block_on(async {
            let mut set = JoinSet::new();
            let done: Vec<_> = (0..10).map(|_| set.spawn(async {})).collect();
            spin_until(|| done.iter().all(|task| task.is_finished()));
            for _ in 0..5 {
                set.spawn(pending());
            }
            set.abort_all();
            let (mut ended, mut cancelled) = (0, 0);
            while let Some(result) = set.join_next().await {
                match result {
                    Ok(()) => ended += 1,
                    Err(error) => {
                        assert!(error.is_cancelled());
                        cancelled += 1;
                    }
                }
            }
            assert_eq!((ended, cancelled), (10, 5));
        });
    });
}

#[test]
fn shutdown_waits_until_all_futures_are_dropped() {
    watched(|| {
        for size in SIZES {
            let census = Census::default();
            pool(size).block_on(async {
                let mut set = JoinSet::new();
                for _ in 0..20 {
                    let value = census.make();
                    set.spawn(async move {
                        pending::<()>().await;
                        drop(value);
                    });
                }
                set.spawn(async { panic!("lost") });
                set.shutdown().await;
                census.assert_all_dropped(20);
                assert!(set.is_empty());
                set.spawn(async {});
                assert!(set.join_next().await.unwrap().is_ok());
            });
        }
    });
}

#[test]
fn detached_tasks_run_on_and_are_forgotten() {
    watched(|| {
        let pool = pool(2);
        pool.block_on(async {
            let mut set = JoinSet::new();
            let (release, released) = oneshot::channel();
            let (say, heard) = oneshot::channel();
            set.spawn(async move {
                released.await.unwrap();
                say.send(7).unwrap();
                0
            });
            set.detach_all();
            assert!(set.is_empty() && set.try_join_next().is_none());
            // It gets the number of the task that has left, and must not be taken for it.
            let (end, ended) = oneshot::channel();
            set.spawn(async { ended.await.unwrap() });
            release.send(()).unwrap();
            assert_eq!(heard.await, Ok(7));
            assert!(set.try_join_next().is_none());
            end.send(1).unwrap();
            assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
            assert!(set.join_next().await.is_none());
        });
    });
}

#[test]
fn join_all_goes_on_with_the_first_panic() {
    watched(|| {
        let pool = pool(2);
        let census = Census::default();
        let mut set = JoinSet::new();
        for _ in 0..5 {
            let value = census.make();
            let future = async move {
                pending::<()>().await;
                drop(value);
            };
            set.spawn_on(future, &pool);
        }
        set.spawn_on(async { panic!("first") }, &pool);
        assert_eq!(message_of(|| block_on(set.join_all())), "first");
        spin_until(|| census.dropped() == 5);

        let mut set = JoinSet::new();
        set.spawn_on(pending::<()>(), &pool).abort();
        let message = message_of(|| block_on(set.join_all()));
        assert!(message.contains("was cancelled"), "{message}");
    });
}

#[test]
fn a_pool_that_has_ended_cancels() {
    watched(|| {
        let ended = pool(1);
        let handle = ended.handle().clone();
        let mut set = JoinSet::new();
        set.spawn_on(pending::<()>(), &handle);
        ended.shutdown();
        set.spawn_on(async {}, &handle);
        for _ in 0..2 {
            let error = block_on(set.join_next()).unwrap().unwrap_err();
            assert!(error.is_cancelled());
        }
    });
}

/// Counts its wakes.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_last_waker_is_woken_once_for_all_news() {
    watched(|| {
        let pool = pool(2);
        let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let mut set = JoinSet::new();
        let (senders, tasks): (Vec<_>, Vec<_>) = (0..100)
            .map(|_| {
                let (sender, receiver) = oneshot::channel::<()>();
                (sender, set.spawn_on(receiver, &pool))
            })
            .unzip();
        for counting in [&first, &second] {
            let waker = Waker::from(Arc::clone(counting));
            assert!(
                set.poll_join_next(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        for sender in senders {
            sender.send(()).unwrap();
        }
        spin_until(|| tasks.iter().all(|task| task.is_finished()));
        for left in (0..100).rev() {
            // A task is finished a moment before the set hears of it.
            let result = block_on(set.join_next()).unwrap();
            assert_eq!((result.unwrap(), set.len()), (Ok(()), left));
        }
        assert_eq!(first.0.load(Ordering::SeqCst), 0);
        assert_eq!(second.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_dropped_join_next_loses_nothing() {
    watched(|| {
        let pool = pool(1);
        let task = pool.spawn(async {
            let mut set = JoinSet::new();
            for number in 0..50 {
                set.spawn(async move {
                    task::yield_now().await;
                    number
                });
            }
            let mut sum = 0;
            while !set.is_empty() {
                // Polls once, and gives up.
                let mut next = Box::pin(set.join_next());
                let polled = poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await;
                drop(next);
                if let Poll::Ready(Some(number)) = polled {
                    sum += number.unwrap();
                }
                task::yield_now().await;
            }
            sum
        });
        assert_eq!(task.join().unwrap(), 49 * 50 / 2);
    });
}

#[test]
fn a_set_of_futures_is_collected() {
    watched(|| {
        let mut squares = pool(2).block_on(async {
            let set: JoinSet<_> = (0..10).map(|n| async move { n * n }).collect();
            assert!(format!("{set:?}").starts_with("JoinSet"));
            set.join_all().await
        });
        squares.sort_unstable();
        assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
        assert!(JoinSet::<u8>::default().is_empty());
    });
}
