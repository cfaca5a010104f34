//! `block_on` and its kin: legal everywhere, also where there is one thread only.

use crate::util::{build, fib, message_of, occupy, pool, pool_without_spares, watched};
use futures::channel::oneshot;
use futures::future::join as both;
use manyhands::{
    JoinHandle, Pool, block_in_place, block_on, join, scope, spawn, spawn_blocking, task,
};
use std::future::poll_fn;
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Poll, Waker};

/// Pools on which a thread that blocks may leave nobody else.
fn scarce() -> [Pool; 4] {
    [
        pool(1),
        pool_without_spares(1),
        pool(2),
        pool_without_spares(2),
    ]
}

#[test]
fn a_future_need_not_be_send() {
    watched(|| {
        for pool in scarce() {
            let value = Rc::new(3);
            let here = std::thread::current().id();
            let future = async {
                task::yield_now().await;
                spawn(async {}).await.unwrap();
                assert_eq!(std::thread::current().id(), here);
                *value
            };
            assert_eq!(pool.block_on(future), 3);
        }
    });
}

#[test]
fn tasks_are_awaited_everywhere() {
    fn awaited(n: u64) -> u64 {
        block_on(async move {
            let task = spawn(async move {
                task::yield_now().await;
                n
            });
            task.await.unwrap()
        })
    }

    watched(|| {
        for pool in scarce() {
            assert_eq!(pool.block_on(async { awaited(1) }), 1);
            assert_eq!(pool.install(|| awaited(2)), 2);
            assert_eq!(pool.install(|| join(|| awaited(3), || awaited(4))), (3, 4));
            assert_eq!(pool.spawn(async { awaited(5) }).join().unwrap(), 5);
            assert_eq!(pool.spawn_compute(|| awaited(6)).join().unwrap(), 6);
            assert_eq!(pool.spawn_blocking(|| awaited(7)).join().unwrap(), 7);
            let sum = AtomicUsize::new(0);
            pool.scope(|s| {
                for i in 0..10 {
                    let sum = &sum;
                    s.spawn(move |_| {
                        sum.fetch_add(awaited(i) as usize, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(sum.into_inner(), 45);
            let nested = || block_on(async { block_on(async { block_on(async { awaited(8) }) }) });
            assert_eq!(pool.install(nested), 8);
            assert_eq!(pool.block_on(async { nested() }), 8);
            assert_eq!(nested(), 8);
        }
    });
}

#[test]
fn handles_are_joined_everywhere() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = spawn(async move { nest(depth - 1) });
        1 + inner.join().unwrap()
    }

    watched(|| {
        for pool in scarce() {
            assert_eq!(pool.install(|| nest(20)), 20);
            assert_eq!(pool.block_on(async { nest(20) }), 20);
            assert_eq!(pool.install(|| join(|| nest(10), || nest(10))), (10, 10));
        }
    });
}

/// The inner `block_on` uses the same parker as the outer one: wakes for the outer one that come
/// meanwhile must not be lost.
#[test]
fn a_wake_for_the_outer_future_survives_an_inner_block_on() {
    watched(|| {
        for pool in scarce() {
            let outer = async {
                let (wake_outer, outer) = oneshot::channel();
                let (wake_inner, inner) = oneshot::channel();
                let blocks = async {
                    block_on(async {
                        drop(spawn(async move {
                            wake_outer.send(1).unwrap();
                            task::yield_now().await;
                            wake_inner.send(2).unwrap();
                        }));
                        inner.await.unwrap()
                    })
                };
                both(outer, blocks).await
            };
            assert_eq!(pool.block_on(outer), (Ok(1), 2));
        }
    });
}

#[test]
fn a_panic_passes_through_and_the_thread_goes_on() {
    watched(|| {
        for pool in scarce() {
            let message = message_of(|| {
                pool.block_on(async {
                    task::yield_now().await;
                    panic_any("inside")
                })
            });
            assert_eq!(message, "inside");
            let message = message_of(|| pool.install(|| block_on(async { panic_any("inside") })));
            assert_eq!(message, "inside");
            assert_eq!(pool.block_on(async { pool.install(|| fib(10)) }), 55);
        }
    });
}

#[test]
fn closed_waits_inside_futures() {
    watched(|| {
        for pool in scarce() {
            let future = async {
                let (a, b) = join(|| fib(8), || fib(9));
                task::yield_now().await;
                let mut c = 0;
                scope(|s| s.spawn(|_| c = fib(7)));
                a + b + c
            };
            assert_eq!(pool.block_on(future), 21 + 34 + 13);
        }
    });
}

#[test]
fn block_in_place_lends_the_only_core() {
    watched(|| {
        let pool = pool(1);
        let answer = pool.spawn(async {
            let (sender, receiver) = mpsc::channel();
            drop(spawn(async move { sender.send(fib(10)).unwrap() }));
            block_in_place(|| receiver.recv().unwrap())
        });
        assert_eq!(answer.join().unwrap(), 55);
        // Nested, in a job with pending halves, and with a panic.
        let answer = pool.install(|| {
            let (sender, receiver) = mpsc::channel();
            join(
                move || block_in_place(|| block_in_place(|| receiver.recv().unwrap())),
                || sender.send(4).unwrap(),
            )
        });
        assert_eq!(answer, (4, ()));
        let message = message_of(|| pool.install(|| block_in_place(|| panic_any("blocked"))));
        assert_eq!(message, "blocked");
        assert_eq!(block_in_place(|| 1), 1);
        assert_eq!(pool.install(|| fib(10)), 55);
    });
}

/// Work that is made while the only permit is lent finds a thread to run it.
#[test]
fn what_is_spawned_while_blocking_runs_elsewhere() {
    watched(|| {
        let pool = pool(1);
        let answer = pool.spawn(async {
            block_in_place(|| {
                let (sender, receiver) = mpsc::channel();
                drop(spawn(async move { sender.send(fib(10)).unwrap() }));
                receiver.recv().unwrap()
            })
        });
        assert_eq!(answer.join().unwrap(), 55);
        let answer = pool.install(|| {
            block_in_place(|| {
                let (sender, receiver) = mpsc::channel();
                scope(move |s| {
                    s.spawn(move |_| sender.send(fib(10)).unwrap());
                    receiver.recv().unwrap()
                })
            })
        });
        assert_eq!(answer, 55);
    });
}

#[test]
fn blocking_closures_block_nobody() {
    watched(|| {
        let pool = pool(1);
        // More at once than there are workers.
        let barrier = Arc::new(Barrier::new(8));
        let handles: Vec<_> = (0..8)
            .map(|i| {
                let barrier = Arc::clone(&barrier);
                pool.spawn_blocking(move || {
                    barrier.wait();
                    i
                })
            })
            .collect();
        for (i, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), i);
        }
        let inside = pool.block_on(async {
            let parent = manyhands::Handle::current();
            assert_eq!(parent.current_num_threads(), 1);
            spawn_blocking(|| panic_any("blocking")).await
        });
        assert_eq!(
            crate::util::text(&*inside.unwrap_err().into_panic()),
            "blocking"
        );
    });
}

#[test]
fn blocking_closures_queue_at_the_bound() {
    watched(|| {
        let pool = build(Pool::builder().num_threads(1).max_blocking_threads(1));
        let running = Arc::new(AtomicUsize::new(0));
        let (go, wait) = mpsc::channel::<()>();
        let first = pool.spawn_blocking(move || wait.recv().unwrap_err());
        let never = pool.spawn_blocking(|| unreachable!("aborted before it started"));
        never.abort();
        let others: Vec<_> = (0..20)
            .map(|_| {
                let running = Arc::clone(&running);
                pool.spawn_blocking(move || {
                    assert_eq!(running.fetch_add(1, Ordering::AcqRel), 0, "one at a time");
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::AcqRel);
                })
            })
            .collect();
        drop(go);
        first.join().unwrap();
        assert!(never.join().unwrap_err().is_cancelled());
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn a_guest_waits_while_the_pool_is_busy() {
    watched(|| {
        let pool = pool(1);
        let busy = occupy(&pool);
        let (sender, receiver) = oneshot::channel();
        std::thread::scope(|threads| {
            let guest = threads.spawn(|| pool.block_on(receiver).unwrap());
            sender.send(1).unwrap();
            assert_eq!(guest.join().unwrap(), 1);
        });
        busy.release().join().unwrap();
    });
}

#[test]
fn a_nested_block_on_causes_no_poll_of_the_outer_one() {
    watched(|| {
        let woken = Arc::new(AtomicBool::new(false));
        let mut polls = 0;
        let mut waking = None;
        manyhands::block_on(poll_fn(|context| {
            polls += 1;
            manyhands::block_on(task::yield_now());
            if woken.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            let (waker, woken) = (context.waker().clone(), Arc::clone(&woken));
            waking = Some(std::thread::spawn(move || {
                woken.store(true, Ordering::Release);
                waker.wake();
            }));
            Poll::Pending
        }));
        assert_eq!(polls, 2);
        waking.unwrap().join().unwrap();
    });
}

/// Spawns a task that keeps its waker at its first poll and says "polled", and answers at the next.
fn answerer(pool: &Pool) -> (Waker, mpsc::Receiver<()>, JoinHandle<()>) {
    let (keep, kept) = mpsc::channel();
    let (answer, answered) = mpsc::channel();
    let mut first = true;
    let task = pool.spawn(poll_fn(move |context| {
        if std::mem::take(&mut first) {
            keep.send(context.waker().clone()).unwrap();
            Poll::Pending
        } else {
            answer.send(()).unwrap();
            Poll::Ready(())
        }
    }));
    let waker = kept.recv().unwrap();
    // On one worker, another task begins after the first poll has ended.
    pool.spawn(async {}).join().unwrap();
    (waker, answered, task)
}

#[test]
fn a_future_that_only_yields_lets_tasks_run() {
    watched(|| {
        for pool in scarce() {
            let done = Arc::new(AtomicUsize::new(0));
            for _ in 0..10 {
                let done = Arc::clone(&done);
                pool.spawn(async move {
                    task::yield_now().await;
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
            pool.block_on(async {
                while done.load(Ordering::SeqCst) < 10 {
                    task::yield_now().await;
                }
            });
        }
    });
}

#[test]
fn a_task_woken_inside_block_in_place_runs_meanwhile() {
    watched(|| {
        let pool = pool(1);
        let (waker, answered, task) = answerer(&pool);
        let blocks = pool.spawn(async move {
            block_in_place(|| {
                waker.wake();
                answered.recv().unwrap();
            });
            task.await.unwrap();
        });
        blocks.join().unwrap();
    });
}
