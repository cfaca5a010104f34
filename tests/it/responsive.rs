//! Futures, roots and pools while every thread computes.

use crate::util::{SIZES, build, pool, pool_without_spares, watched};
use manyhands::prelude::*;
use manyhands::{Handle, Pool, Priority, spawn, task};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

/// A loop that computes until told otherwise.
#[derive(Clone, Default)]
struct Hog(Arc<AtomicBool>);

impl Hog {
    fn run(&self) {
        while !self.0.load(Ordering::Relaxed) {
            let sum: u64 = (0..10_000_u64)
                .into_par_iter()
                .map(std::hint::black_box)
                .sum();
            assert_eq!(sum, 49_995_000);
        }
    }

    fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Keeps every permit of a pool busy with roots that have begun.
fn occupy(pool: &Pool, hog: &Hog) -> Vec<manyhands::JoinHandle<()>> {
    let (begun, has_begun) = mpsc::channel();
    let hogs = (0..pool.current_num_threads()).map(|_| {
        let (hog, begun) = (hog.clone(), begun.clone());
        pool.spawn_compute(move || {
            begun.send(()).unwrap();
            hog.run();
        })
    });
    let hogs: Vec<_> = hogs.collect();
    for _ in &hogs {
        has_begun.recv().unwrap();
    }
    hogs
}

fn finish(hog: &Hog, hogs: Vec<manyhands::JoinHandle<()>>) {
    hog.stop();
    for hog in hogs {
        hog.join().unwrap();
    }
}

/// A turn that goes to and fro between two tasks.
#[derive(Default)]
struct Turns(Mutex<(usize, Option<Waker>)>);

impl Turns {
    async fn take(&self, turn: usize) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.0 == turn {
                return Poll::Ready(());
            }
            state.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn pass(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 += 1;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Two tasks that wake each other so many times.
fn ping_pong(handle: &Handle, turns: usize) {
    let shared = Arc::new(Turns::default());
    let players: Vec<_> = (0..2)
        .map(|player| {
            let shared = Arc::clone(&shared);
            handle.spawn(async move {
                for turn in (player..turns).step_by(2) {
                    shared.take(turn).await;
                    shared.pass();
                }
            })
        })
        .collect();
    for player in players {
        player.join().unwrap();
    }
}

#[test]
fn tasks_go_on_while_every_permit_is_held_by_a_computing_root() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs = occupy(&pool, &hog);
            ping_pong(&pool, 1000);
            finish(&hog, hogs);
            let helped: u64 = pool
                .metrics()
                .seats
                .iter()
                .map(|seat| seat.overcommitted)
                .sum();
            assert!(helped > 0, "nobody was overcommitted");
            let metrics = pool.metrics();
            assert!(
                metrics
                    .seats
                    .iter()
                    .any(|seat| seat.longest_rescue > Duration::ZERO)
            );
            let begun: u64 = metrics.seats.iter().map(|seat| seat.computations).sum();
            assert!(begun >= threads as u64);
        }
    });
}

/// Loops straight inside async functions: also on the overcommitted thread, which then becomes a
/// computing one, and must be replaced.
#[test]
fn tasks_go_on_beside_more_computing_tasks_than_permits() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs: Vec<_> = (0..2 * threads + 3)
                .map(|_| {
                    let hog = hog.clone();
                    pool.spawn(async move {
                        task::yield_now().await;
                        hog.run();
                    })
                })
                .collect();
            ping_pong(&pool, 100);
            finish(&hog, hogs);
        }
    });
}

#[test]
fn a_root_begins_while_endless_ones_run() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs = occupy(&pool, &hog);
            assert_eq!(pool.install(|| 1), 1);
            for priority in [Priority::High, Priority::Normal, Priority::Background] {
                let handle = pool.with_priority(priority);
                let sum = handle.spawn_compute(|| (0..1000).into_par_iter().sum::<u32>());
                assert_eq!(sum.join().unwrap(), 499_500);
                assert_eq!(handle.spawn(async { 3 }).join().unwrap(), 3);
            }
            finish(&hog, hogs);
        }
    });
}

/// A future that waits on the overcommitted thread leaves that to another one.
#[test]
fn the_overcommitted_thread_may_wait() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs = occupy(&pool, &hog);
            let outer = pool.spawn(async {
                let inner = spawn(async { 5 });
                let by_handle = inner.join().unwrap();
                let by_block_on = manyhands::block_on(spawn(async { 6 })).unwrap();
                let (sender, receiver) = mpsc::channel();
                let last = spawn(async move { sender.send(7).unwrap() });
                let blocked = manyhands::block_in_place(|| receiver.recv().unwrap());
                last.await.unwrap();
                by_handle + by_block_on + blocked
            });
            assert_eq!(outer.join().unwrap(), 18);
            finish(&hog, hogs);
        }
    });
}

#[test]
fn a_pool_may_end_while_its_overcommitted_thread_works() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs = occupy(&pool, &hog);
            let (began, has_begun) = mpsc::channel();
            let endless = pool.spawn(async move {
                began.send(()).unwrap();
                loop {
                    task::yield_now().await;
                }
            });
            has_begun.recv().unwrap();
            drop(pool);
            hog.stop();
            for hog in hogs {
                // Cancelled, if it had not come to its end before.
                let _ = hog.join();
            }
            endless.join().unwrap_err();
        }
    });
}

#[test]
fn spare_threads_end_when_they_are_not_needed_any_more() {
    watched(|| {
        for threads in SIZES {
            let alive = Arc::new(AtomicUsize::new(0));
            let (start, exit) = (Arc::clone(&alive), Arc::clone(&alive));
            let builder = Pool::builder()
                .num_threads(threads)
                .thread_keep_alive(Duration::from_millis(1))
                .on_thread_start(move || {
                    start.fetch_add(1, Ordering::SeqCst);
                })
                .on_thread_stop(move || {
                    exit.fetch_sub(1, Ordering::SeqCst);
                });
            let pool = build(builder);
            for _ in 0..3 {
                // Each wait lends its permit to a thread more.
                fn nested(depth: u32) -> u32 {
                    if depth == 0 {
                        return 0;
                    }
                    1 + spawn(async move { nested(depth - 1) }).join().unwrap()
                }
                assert_eq!(pool.install(|| nested(20)), 20);
                while alive.load(Ordering::SeqCst) > threads {
                    std::thread::yield_now();
                }
            }
        }
    });
}

/// Urgent work goes first, what can wait last.
#[test]
fn priorities_say_who_goes_first() {
    watched(|| {
        // With spare threads, one would come to those who wait behind `first`.
        let pool = pool_without_spares(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let first = pool.spawn(async move {
            begun.send(()).unwrap();
            // Blocks the only worker, which is not known to compute.
            gate.recv().unwrap();
        });
        has_begun.recv().unwrap();
        let classes = [Priority::Background, Priority::Normal, Priority::High];
        let tasks: Vec<_> = classes
            .into_iter()
            .map(|priority| {
                let order = Arc::clone(&order);
                let note = async move { order.lock().unwrap().push(priority) };
                pool.with_priority(priority).spawn(note)
            })
            .collect();
        open.send(()).unwrap();
        first.join().unwrap();
        for task in tasks {
            task.join().unwrap();
        }
        let expected = [Priority::High, Priority::Normal, Priority::Background];
        assert_eq!(*order.lock().unwrap(), expected);
    });
}

/// None of the classes starves, however much there is of the others.
#[test]
fn no_priority_starves() {
    watched(|| {
        for busy in [Priority::High, Priority::Normal] {
            let pool = pool(1);
            let stop = Arc::new(AtomicBool::new(false));
            let busy = pool.with_priority(busy);
            let endless: Vec<_> = (0..3)
                .map(|_| {
                    let stop = Arc::clone(&stop);
                    busy.spawn(async move {
                        while !stop.load(Ordering::Relaxed) {
                            task::yield_now().await;
                        }
                    })
                })
                .collect();
            for priority in [Priority::Normal, Priority::Background] {
                let handle = pool.with_priority(priority);
                handle.spawn(task::yield_now()).join().unwrap();
                handle.spawn_compute(|| ()).join().unwrap();
            }
            stop.store(true, Ordering::Relaxed);
            for task in endless {
                task.join().unwrap();
            }
        }
    });
}

/// A channel on which polls block, with as many receivers as one likes.
#[derive(Clone)]
struct Gate(Arc<Mutex<mpsc::Receiver<()>>>);

impl Gate {
    fn new() -> (mpsc::Sender<()>, Self) {
        let (open, gate) = mpsc::channel();
        (open, Self(Arc::new(Mutex::new(gate))))
    }

    /// Blocks until the gate is opened once for each caller.
    fn pass(&self) {
        self.0.lock().unwrap().recv().unwrap();
    }
}

/// All threads block in polls until a future has run that became ready after that.
#[test]
fn a_future_is_polled_while_every_poll_blocks() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let (open, gate) = Gate::new();
            let blocked: Vec<_> = (0..threads + 3)
                .map(|_| {
                    let gate = gate.clone();
                    pool.spawn(async move { gate.pass() })
                })
                .collect();
            let last = pool.spawn(async move {
                task::yield_now().await;
                for _ in 0..threads + 3 {
                    open.send(()).unwrap();
                }
            });
            last.join().unwrap();
            for task in blocked {
                task.join().unwrap();
            }
        }
    });
}

/// The same where all permits are held by computing roots: the thread at the post blocks as well.
#[test]
fn a_future_is_polled_while_the_overcommitted_thread_blocks() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let hog = Hog::default();
            let hogs = occupy(&pool, &hog);
            let (open, gate) = Gate::new();
            let blocked = [0; 3].map(|_| {
                let gate = gate.clone();
                pool.spawn(async move { gate.pass() })
            });
            let last = pool.spawn(async move {
                for _ in 0..3 {
                    open.send(()).unwrap();
                }
            });
            last.join().unwrap();
            for task in blocked {
                task.join().unwrap();
            }
            finish(&hog, hogs);
        }
    });
}

/// What a poll has spawned or woken lies on the seat of its thread, which blocks.
#[test]
fn a_poll_may_block_for_what_it_has_made_ready() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            for busy in [false, true] {
                let stop = Arc::new(AtomicBool::new(false));
                // Threads that never find their own queues empty, and so never look at others.
                let endless: Vec<_> = (0..if busy { 3 * threads } else { 0 })
                    .map(|_| {
                        let stop = Arc::clone(&stop);
                        pool.spawn(async move {
                            while !stop.load(Ordering::Relaxed) {
                                task::yield_now().await;
                            }
                        })
                    })
                    .collect();
                let spawner = pool.spawn(async {
                    let (open, gate) = Gate::new();
                    let child = spawn(async move { open.send(()).unwrap() });
                    gate.pass();
                    child.await.unwrap();
                });
                spawner.join().unwrap();
                let turns = Arc::new(Turns::default());
                let (open, gate) = Gate::new();
                let woken = {
                    let turns = Arc::clone(&turns);
                    pool.spawn(async move {
                        turns.take(1).await;
                        open.send(()).unwrap();
                    })
                };
                while turns.0.lock().unwrap().1.is_none() {
                    std::thread::yield_now();
                }
                let waker = pool.spawn(async move {
                    turns.pass();
                    gate.pass();
                });
                waker.join().unwrap();
                woken.join().unwrap();
                stop.store(true, Ordering::Relaxed);
                for task in endless {
                    task.join().unwrap();
                }
            }
        }
    });
}

/// Every thread blocks in a lock whose holder waits for the pool.
#[test]
fn tasks_meet_in_a_cell_whose_initialiser_waits_for_the_pool() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let by_task = || manyhands::block_on(async { spawn(async { 1 }).await.unwrap() });
            let by_handle = || spawn(async { 1 }).join().unwrap();
            let by_loop = || (0..100).into_par_iter().map(|_| 1).sum::<i32>() / 100;
            for wait in [by_task as fn() -> i32, by_handle, by_loop] {
                let cell = Arc::new(OnceLock::new());
                let count = Arc::new(Mutex::new(0));
                let tasks: Vec<_> = (0..2 * threads + 5)
                    .map(|_| {
                        let (cell, count) = (Arc::clone(&cell), Arc::clone(&count));
                        pool.spawn(async move {
                            let first = *cell.get_or_init(wait);
                            *count.lock().unwrap() += wait();
                            first
                        })
                    })
                    .collect();
                let sum: i32 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
                assert_eq!(sum as usize, 2 * threads + 5);
                assert_eq!(*count.lock().unwrap(), sum);
            }
        }
    });
}

/// Streams whose polls compute without a word, beside one that blocks and says so.
#[test]
fn tasks_go_on_beside_polls_that_compute_without_a_word() {
    watched(|| {
        for threads in SIZES {
            let pool = pool(threads);
            let stop = Arc::new(AtomicBool::new(false));
            let spinners: Vec<_> = (0..threads + 1)
                .map(|_| {
                    let stop = Arc::clone(&stop);
                    pool.spawn(async move {
                        while !stop.load(Ordering::Relaxed) {
                            std::hint::spin_loop();
                        }
                    })
                })
                .collect();
            let (open, gate) = Gate::new();
            let blocked = pool.spawn(async move { manyhands::block_in_place(|| gate.pass()) });
            ping_pong(&pool, 100);
            open.send(()).unwrap();
            blocked.join().unwrap();
            stop.store(true, Ordering::Relaxed);
            for spinner in spinners {
                spinner.join().unwrap();
            }
        }
    });
}
