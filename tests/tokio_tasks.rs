//! Tasks of `tokio::spawn` on the thread that looks after the events of a pool (feature `tokio`).

use manyhands::{Handle, Pool, PoolBuilder, prelude::*};
use std::future::pending;
use std::hint;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::sleep;

const MOMENT: Duration = Duration::from_millis(1);
/// No test takes that long.
const GUARD: Duration = Duration::from_secs(60);

fn pool(threads: usize) -> PoolBuilder {
    Pool::builder().num_threads(threads)
}

/// Polls until it is told that a task of the pool has come on, on the thread that looks after the
/// events of the pool.
async fn poll_until(done: Arc<AtomicBool>) {
    let begin = Instant::now();
    while !done.load(Relaxed) {
        if begin.elapsed() > GUARD {
            let pool = manyhands::Handle::current();
            panic!("the task of the pool is held up: {pool:#?}");
        }
        hint::spin_loop();
    }
}

/// A pool whose runtime has a task.
fn pool_with_tasks(threads: usize) -> Pool {
    let pool = pool(threads).build().unwrap();
    has_tasks(&pool);
    pool
}

/// The runtime of the pool has a task from now on, and the driver has been there since.
fn has_tasks(pool: &Pool) {
    pool.block_on(async {
        tokio::spawn(pending::<()>());
        sleep(MOMENT).await;
    });
}

#[test]
fn polls_that_last_hold_up_no_timer_of_the_pool() {
    for threads in [1, 2, 4] {
        let pool = pool_with_tasks(threads);
        for round in 0..20 {
            let done = Arc::new(AtomicBool::new(false));
            pool.block_on(async {
                let long = tokio::spawn(poll_until(Arc::clone(&done)));
                let sleeps = manyhands::spawn(async move {
                    for _ in 0..round {
                        manyhands::time::sleep(MOMENT / 10).await;
                    }
                    done.store(true, Relaxed);
                });
                sleeps.await.unwrap();
                long.await.unwrap();
            });
        }
    }
}

/// A task of tokio sends messages to one of the pool and then polls until that one has them all,
/// and has slept in between, while this many threads of the pool compute.
fn messages_arrive(pool: &Pool, computing: usize, messages: usize) {
    let done = Arc::new(AtomicBool::new(false));
    let compute = || {
        let done = Arc::clone(&done);
        move || {
            while !done.load(Relaxed) {
                hint::spin_loop();
            }
        }
    };
    let computing: Vec<_> = (0..computing)
        .map(|_| pool.spawn_compute(compute()))
        .collect();
    let (to_task, mut received) = mpsc::unbounded_channel();
    let task = pool.spawn({
        let done = Arc::clone(&done);
        async move {
            for _ in 0..messages {
                received.recv().await;
                manyhands::time::sleep(MOMENT / 10).await;
            }
            done.store(true, Relaxed);
        }
    });
    let sender = pool.spawn(async move {
        let sender = tokio::spawn(async move {
            for message in 0..messages {
                to_task.send(message).unwrap();
            }
            poll_until(done).await;
        });
        sender.await.unwrap();
    });
    task.join().unwrap();
    sender.join().unwrap();
    for computing in computing {
        computing.join().unwrap();
    }
}

#[test]
fn polls_that_last_hold_up_no_task_of_the_pool() {
    for threads in [1, 2, 4] {
        let pool = pool_with_tasks(threads);
        for messages in 0..20 {
            // If all compute, events are left to the one at the post.
            for computing in [0, threads - 1, threads] {
                messages_arrive(&pool, computing, messages);
            }
        }
    }
}

/// Waits until this holds, for some seconds at most.
fn eventually(pool: &Pool, what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < GUARD, "{what}: {pool:#?}");
        thread::yield_now();
    }
}

/// Nothing is left to do, so no thread holds a permit, and each would come for more.
fn comes_to_rest(pool: &Pool) {
    let is_at_rest = || {
        let metrics = pool.metrics();
        (metrics.active, metrics.searching) == (0, 0)
    };
    eventually(pool, "a permit is kept", is_at_rest);
    assert_eq!(pool.spawn_compute(|| 7).join().unwrap(), 7);
}

#[test]
fn tasks_that_compute_at_the_post_keep_no_permit() {
    for threads in [1, 2] {
        let pool = pool_with_tasks(threads);
        let stop = Arc::new(AtomicBool::new(false));
        let computing: Vec<_> = (0..threads)
            .map(|_| {
                let stop = Arc::clone(&stop);
                pool.spawn_compute(move || {
                    while !stop.load(Relaxed) {
                        hint::spin_loop();
                    }
                })
            })
            .collect();
        let forks = pool.spawn(async {
            let forks = tokio::spawn(async {
                for _ in 0..10 {
                    sleep(MOMENT).await;
                    manyhands::join(|| hint::black_box(1), || 2);
                }
            });
            forks.await.unwrap();
        });
        forks.join().unwrap();
        stop.store(true, Relaxed);
        for computing in computing {
            computing.join().unwrap();
        }
        comes_to_rest(&pool);
    }
}

#[test]
fn tasks_that_wait_for_the_pool_are_answered() {
    fn nest(pool: Handle, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let inner = pool.clone();
        let closure = pool.spawn_compute(move || 1 + nest(inner, depth - 1));
        closure.join().unwrap()
    }
    // With two, all spare threads are at the post or at work while a timer waits.
    for spares in [2, 8] {
        let pool = pool(1).max_spare_threads(spares).build().unwrap();
        has_tasks(&pool);
        let _timer = pool.spawn(manyhands::time::sleep(GUARD * 60));
        for _ in 0..20 {
            let handle = pool.handle().clone();
            let depth = pool.spawn(async move {
                let waits = tokio::spawn(async move {
                    sleep(MOMENT).await;
                    nest(handle, 2)
                });
                waits.await.unwrap()
            });
            assert_eq!(depth.join().unwrap(), 2);
        }
        comes_to_rest(&pool);
    }
}

/// SplitMix64, for all threads of a test.
struct Random(AtomicU64);

impl Random {
    fn below(&self, end: u64) -> u64 {
        let number = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % end
    }
}

fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        hint::spin_loop();
    }
}

/// One step of a task of tokio, of all that such a task may do with this pool and another one.
async fn step(kind: u64, random: &Random, pool: &Handle, other: &Handle) {
    let micros = |below| Duration::from_micros(random.below(below));
    match kind {
        0 => drop(manyhands::join(|| spin(micros(50)), || spin(micros(50)))),
        1 => pool.block_on(manyhands::time::sleep(micros(300))),
        2 => pool.spawn_compute(|| spin(MOMENT / 30)).join().unwrap(),
        3 => other.install(|| spin(MOMENT / 50)),
        4 => other.block_on(manyhands::time::sleep(micros(200))),
        5 => spin(micros(3000)),
        6 => {
            let sleeps = manyhands::spawn(manyhands::time::sleep(MOMENT / 10));
            sleeps.await.unwrap();
        }
        7 => tokio::task::yield_now().await,
        8 => drop(pool.spawn(async { spin(MOMENT / 50) })),
        9 => (0..100_u64).into_par_iter().for_each(|_| spin(micros(2))),
        _ => sleep(MOMENT).await,
    }
}

#[test]
fn whatever_tasks_of_tokio_do_the_pool_comes_to_rest() {
    let random = Arc::new(Random(AtomicU64::new(17)));
    let other = pool(1).build().unwrap();
    for _ in 0..60 {
        let threads = 1 + random.below(3) as usize;
        let pool = pool(threads).max_num_threads(threads + 1).build().unwrap();
        if random.below(2) == 0 {
            has_tasks(&pool);
        }
        let tasks: Vec<_> = (0..4 + random.below(8))
            .map(|_| {
                let random = Arc::clone(&random);
                let (handle, other) = (pool.handle().clone(), other.handle().clone());
                let steps = async move {
                    for _ in 0..=random.below(6) {
                        step(random.below(11), &random, &handle, &other).await;
                    }
                };
                pool.spawn(async move { tokio::spawn(steps).await.unwrap() })
            })
            .collect();
        if random.below(2) == 0 {
            let threads = 1 + random.below(threads as u64 + 1);
            pool.set_num_threads(threads as usize);
        }
        if random.below(4) == 0 {
            // In the middle of all that.
            pool.shutdown();
            continue;
        }
        for task in tasks {
            task.join().unwrap();
        }
        comes_to_rest(&pool);
    }
}
