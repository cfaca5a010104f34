//! Tasks that are awaited before any thread has begun them, and are begun by their awaiters.

use crate::util::{SIZES, pool, text, watched};
use manyhands::{JoinHandle, Pool, join, spawn, task};
use std::panic;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

/// A sum over a tree of tasks with ten children each.
fn skynet(first: u64, size: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if size == 1 {
            return first;
        }
        let part = size / 10;
        let children: Vec<_> = (0..10)
            .map(|n| spawn(skynet(first + n * part, part)))
            .collect();
        let mut sum = 0;
        for child in children {
            sum += child.await.unwrap();
        }
        sum
    })
}

fn nested(pool: &Pool) -> u64 {
    pool.metrics().seats.iter().map(|seat| seat.nested).sum()
}

/// The most tasks that a pool was seen to have.
fn most_tasks(pool: &Pool, work: impl FnOnce() + Send) -> usize {
    let (ended, end) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let look = scope.spawn(move || {
            let mut most = 0;
            while end.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
                most = most.max(pool.metrics().tasks);
                std::thread::yield_now();
            }
            most
        });
        work();
        drop(ended);
        look.join().unwrap()
    })
}

#[test]
fn a_tree_of_awaited_tasks_is_walked_depth_first() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let count = 100_000;
            let most = most_tasks(&pool, || {
                let sum = pool.spawn(skynet(0, count)).join().unwrap();
                assert_eq!(sum, count * (count - 1) / 2);
            });
            assert!(nested(&pool) > 0);
            // A generation would be all of them.
            assert!(most < count as usize / 2, "{most} tasks at a time");
        }
    });
}

/// Tells the pool that tasks of this place are short.
async fn prove_quick<T>(make: impl Fn() -> JoinHandle<T>) {
    for _ in 0..100 {
        let tasks = [(); 4].map(|()| make());
        task::yield_now().await;
        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[test]
fn panics_and_aborts_of_a_nested_task_are_its_own() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            // Other threads may be faster, and begin the children before they are awaited.
            while nested(&pool) == 0 {
                pool.block_on(async {
                    let outer = spawn(async {
                        let child = |n: u32| {
                            spawn(async move {
                                // Without the hook: while that writes a backtrace, others
                                // come and help.
                                if n == 5 {
                                    panic::resume_unwind(Box::new("too many"));
                                }
                                task::id()
                            })
                        };
                        prove_quick(|| child(0)).await;
                        let me = task::id();
                        let inner = child(1);
                        let id = inner.id();
                        assert_eq!(inner.await.unwrap(), id);
                        assert_eq!(task::id(), me);
                        let error = child(5).await.unwrap_err();
                        assert_eq!(text(error.into_panic().as_ref()), "too many");
                        let inner = child(2);
                        inner.abort();
                        let result = inner.await;
                        assert!(result.is_ok_and(|of| of != me) || task::id() == me);
                    });
                    outer.await.unwrap();
                });
            }
        }
    });
}

/// What a nested task waits for, by blocking its thread, lies behind its awaiter.
#[test]
fn a_nested_task_may_block_for_another_task() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let blocks = |wait: Option<mpsc::Receiver<u32>>| {
                spawn(async move { wait.map_or(0, |wait| wait.recv().unwrap()) })
            };
            let outer = pool.spawn(async move {
                prove_quick(|| blocks(None)).await;
                let (sender, receiver) = mpsc::channel();
                let first = blocks(Some(receiver));
                let second = spawn(async move { sender.send(7).unwrap() });
                let got = first.await.unwrap();
                second.await.unwrap();
                got
            });
            assert_eq!(outer.join().unwrap(), 7);
        }
    });
}

/// A nested task that forks lets other threads take its halves, and its awaiter goes on after it.
#[test]
fn a_nested_task_may_compute() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let sums = |n: u64| {
                spawn(async move {
                    match n {
                        0 => 0,
                        _ => {
                            let (a, b) = join(|| (0..n).sum::<u64>(), || n);
                            a + b
                        }
                    }
                })
            };
            let outer = pool.spawn(async move {
                prove_quick(|| sums(0)).await;
                let mut all = 0;
                for n in 1..100 {
                    let two = [sums(n), sums(n)];
                    for task in two {
                        all += task.await.unwrap();
                    }
                }
                all
            });
            let expected: u64 = (1..100).map(|n| n * (n - 1) + 2 * n).sum();
            assert_eq!(outer.join().unwrap(), expected);
        }
    });
}

/// A chain that is longer than any stack.
#[test]
fn a_chain_of_awaits_fits_a_small_stack() {
    fn link(left: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            match left {
                0 => 0,
                _ => spawn(link(left - 1)).await.unwrap() + 1,
            }
        })
    }

    watched(|| {
        let builder = Pool::builder().num_threads(2).stack_size(128 << 10);
        let pool = builder.build().unwrap();
        for _ in 0..3 {
            assert_eq!(pool.spawn(link(20_000)).join().unwrap(), 20_000);
        }
        assert!(nested(&pool) > 0);
    });
}

/// A task that yields, and one that came from outside, go on beside a long tree.
#[test]
fn others_go_on_beside_a_tree() {
    watched(|| {
        let pool = pool(1);
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let tree = pool.spawn(async move {
            skynet(0, 1_000_000).await;
            done.store(true, Ordering::Relaxed);
        });
        let beside = pool.spawn(async move {
            for _ in 0..3 {
                task::yield_now().await;
            }
            is_done.load(Ordering::Relaxed)
        });
        let was_done = beside.join().unwrap();
        assert!(!was_done, "the tree was shorter than three rounds");
        tree.abort();
        let _ = tree.join();
    });
}
