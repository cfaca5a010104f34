//! Whole pools under random schedules.
//!
//! Each test builds a real pool, works with it, and waits for its end, thousands of times. A
//! schedule under which nobody can go on is a failure (a lost wake-up, a wait in a circle), and so
//! is one that takes a million steps (a loop that never yields).
//!
//! `MANYHANDS_SHUTTLE_ITERATIONS` sets how many schedules each of a test's three explorations
//! tries. Two of them have fixed seeds; the third one's is fresh and printed, and
//! `MANYHANDS_SHUTTLE_SEED` repeats it. A failure prints its schedule, for `shuttle::replay`.
//!
//! Panics are raised with `resume_unwind`, which calls no panic hook: shuttle's hook would take
//! each one for the failure of the test and print its schedule.

use super::super::shutdown;
use crate::entry::{JoinSet, Pool, Scope, ScopeFifo};
use crate::sync::{Condvar, Mutex, lock, thread};
use crate::task::JoinHandle;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

const DEFAULT_ITERATIONS: usize = 300;

/// Explores `test` by random choice, by PCT (priorities with three changes), and by random choice
/// from a fresh seed.
fn explore(name: &str, test: fn()) {
    let number = |key| std::env::var(key).ok().and_then(|text| text.parse().ok());
    let iterations = number("MANYHANDS_SHUTTLE_ITERATIONS").unwrap_or(DEFAULT_ITERATIONS);
    let fresh = number("MANYHANDS_SHUTTLE_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| now.as_nanos() as usize)
    });
    println!("shuttle {name}: fresh seed MANYHANDS_SHUTTLE_SEED={fresh}");
    let seen = run(RandomScheduler::new_from_seed(0x5eed, iterations), test)
        + run(PctScheduler::new_from_seed(0x5eed, 3, iterations), test)
        + run(
            RandomScheduler::new_from_seed(fresh as u64, iterations),
            test,
        );
    assert_eq!(seen, 3 * iterations, "{name} was cut off");
    println!("shuttle {name}: {seen} schedules");
}

fn run(scheduler: impl Scheduler + 'static, test: fn()) -> usize {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    Runner::new(scheduler, config).run(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        test();
    });
    seen.load(Ordering::Relaxed)
}

fn pool(threads: usize) -> Pool {
    Pool::builder()
        .num_threads(threads)
        .max_spare_threads(2)
        .max_blocking_threads(1)
        .build()
        .unwrap()
}

/// A pool without spare threads and guest seats.
fn bare_pool(threads: usize) -> Pool {
    Pool::builder()
        .num_threads(threads)
        .max_spare_threads(0)
        .max_blocking_threads(1)
        .build()
        .unwrap()
}

/// Counts, out of shuttle's sight: a yield at each count would only make the schedules longer.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts its drop.
struct Tracked(Count);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Blocks a thread until another one opens it.
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn new() -> Self {
        Self(Mutex::new(false), Condvar::new())
    }

    fn open(&self) {
        *lock(&self.0) = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let mut open = lock(&self.0);
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }
}

/// Rules H1 and H2: a first half blocks until its second half has run, which is private. The other
/// thread takes it, be it idle, or in a wait for the thread that blocks.
#[test]
fn a_half_may_wait_for_its_sibling() {
    fn meet() {
        let gate = Gate::new();
        crate::join(|| crate::join(|| gate.wait(), || gate.open()), || ());
    }
    explore("a_half_may_wait_for_its_sibling", || {
        let pool = bare_pool(2);
        pool.install(|| {
            meet();
            crate::join(|| (), meet);
        });
    });
}

/// The pool grows in a half that blocks until its sibling has run, which was put down when nobody
/// could come for it.
#[test]
fn shuttle_a_pool_grows_for_a_half() {
    explore("a_pool_grows_for_a_half", || {
        let pool = Pool::builder().num_threads(1).max_num_threads(2);
        let pool = pool.max_spare_threads(0).build().unwrap();
        let gate = Gate::new();
        pool.install(|| {
            let first = || {
                crate::Handle::current().set_num_threads(2);
                gate.wait();
            };
            crate::join(first, || gate.open());
        });
        pool.shutdown();
    });
}

/// The number changes from outside, down and up, while joins and tasks go on; then two tasks must
/// run at the same time.
#[test]
fn shuttle_the_number_of_threads_changes_under_load() {
    explore("the_number_of_threads_changes_under_load", || {
        let pool = Pool::builder().num_threads(2).max_num_threads(3);
        let pool = Arc::new(pool.max_spare_threads(1).build().unwrap());
        let changer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                pool.set_num_threads(1);
                pool.set_num_threads(3);
            })
        };
        let task = pool.spawn(async { 1 });
        assert_eq!(pool.install(|| fib(4)), 3);
        assert_eq!(task.join().unwrap(), 1);
        changer.join().unwrap();
        let gate = Arc::new(Gate::new());
        let waits = Arc::clone(&gate);
        let waiter = pool.spawn(async move { waits.wait() });
        let opener = pool.spawn(async move { gate.open() });
        waiter.join().unwrap();
        opener.join().unwrap();
        let pool = Arc::try_unwrap(pool).unwrap();
        pool.shutdown();
    });
}

/// A channel of one's own, so that the waker's way is the only one under test.
struct Channel<T>(Mutex<(VecDeque<T>, Option<Waker>)>);

impl<T> Channel<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((VecDeque::new(), None))))
    }

    fn send(&self, value: T) {
        let waker = {
            let mut state = lock(&self.0);
            state.0.push_back(value);
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn receive(&self) -> T {
        poll_fn(|context| {
            let mut state = lock(&self.0);
            match state.0.pop_front() {
                Some(value) => Poll::Ready(value),
                None => {
                    state.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = crate::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

#[test]
fn shuttle_join_tree() {
    explore("join_tree", || {
        let pool = pool(2);
        assert_eq!(pool.install(|| fib(4)), 3);
        pool.shutdown();
    });
}

#[test]
fn shuttle_join_tree_of_three() {
    explore("join_tree_of_three", || {
        let pool = bare_pool(3);
        assert_eq!(pool.install(|| fib(5)), 5);
        pool.shutdown();
    });
}

#[test]
fn shuttle_guest_join_beside_workers() {
    explore("guest_join_beside_workers", || {
        let pool = Arc::new(pool(2));
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.join(|| fib(3), || fib(2)))
        };
        assert_eq!(pool.join(|| fib(3), || fib(3)), (2, 2));
        assert_eq!(other.join().unwrap(), (2, 1));
        Arc::into_inner(pool).unwrap().shutdown();
    });
}

#[test]
fn shuttle_nested_scopes() {
    fn grow(scope: &Scope<'_>, depth: usize, count: &Count) {
        count.add();
        for _ in 0..if depth == 0 { 0 } else { 2 } {
            let count = count.clone();
            scope.spawn(move |scope| grow(scope, depth - 1, &count));
        }
    }
    explore("nested_scopes", || {
        let pool = pool(2);
        let count = Count::default();
        pool.scope(|scope| {
            grow(scope, 2, &count);
            let inner = Count::default();
            crate::scope(|scope| grow(scope, 1, &inner));
            assert_eq!(inner.get(), 3);
        });
        assert_eq!(count.get(), 7);
        pool.shutdown();
    });
}

#[test]
fn shuttle_scope_fifo() {
    fn grow(scope: &ScopeFifo<'_>, depth: usize, count: &Count) {
        count.add();
        for _ in 0..if depth == 0 { 0 } else { 2 } {
            let count = count.clone();
            scope.spawn_fifo(move |scope| grow(scope, depth - 1, &count));
        }
    }
    explore("scope_fifo", || {
        let pool = pool(2);
        let count = Count::default();
        pool.scope_fifo(|scope| grow(scope, 2, &count));
        assert_eq!(count.get(), 7);
        pool.shutdown();
    });
}

#[test]
fn shuttle_in_place_scope_from_another_thread() {
    explore("in_place_scope_from_another_thread", || {
        let pool = bare_pool(2);
        let count = Count::default();
        pool.in_place_scope(|scope| {
            for _ in 0..3 {
                let count = count.clone();
                scope.spawn(move |_| count.add());
            }
        });
        assert_eq!(count.get(), 3);
        pool.shutdown();
    });
}

/// The body of an in-place scope blocks until its job has run, and has the only permit at first.
/// The job is one of two; the other one may run on the guest, which then computes.
#[test]
fn shuttle_the_body_of_an_in_place_scope_blocks() {
    explore("the_body_of_an_in_place_scope_blocks", || {
        let pool = pool(1);
        let count = Count::default();
        let gate = Gate::new();
        pool.in_place_scope(|scope| {
            let inner = count.clone();
            scope.spawn(|scope| {
                gate.open();
                scope.spawn(move |_| inner.add());
            });
            gate.wait();
            let count = count.clone();
            scope.spawn(move |_| count.add());
        });
        assert_eq!(count.get(), 2);
        pool.shutdown();
    });
}

#[test]
fn shuttle_futures_ping_pong() {
    explore("futures_ping_pong", || {
        let pool = pool(2);
        let (ping, pong) = (Channel::new(), Channel::new());
        let first = {
            let (ping, pong) = (Arc::clone(&ping), Arc::clone(&pong));
            pool.spawn(async move {
                for i in 0..3 {
                    ping.send(i);
                    assert_eq!(pong.receive().await, i);
                }
            })
        };
        let second = pool.spawn(async move {
            for i in 0..3 {
                assert_eq!(ping.receive().await, i);
                pong.send(i);
            }
        });
        pool.block_on(async {
            first.await.unwrap();
            second.await.unwrap();
        });
        pool.shutdown();
    });
}

#[test]
fn shuttle_block_on_with_spawns() {
    explore("block_on_with_spawns", || {
        let pool = pool(2);
        let sum = pool.block_on(async {
            let tasks: Vec<_> = (0..3)
                .map(|i| {
                    crate::spawn(async move {
                        crate::task::yield_now().await;
                        i + fib(2)
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 6);
        pool.shutdown();
    });
}

#[test]
fn shuttle_nested_block_on_in_a_pool_of_one() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = crate::spawn(async move { nest(depth - 1) });
        1 + crate::block_on(inner).unwrap()
    }
    explore("nested_block_on_in_a_pool_of_one", || {
        let pool = pool(1);
        assert_eq!(pool.install(|| nest(3)), 3);
        pool.shutdown();
    });
}

#[test]
fn shuttle_last_resort_in_a_pool_of_one() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = crate::spawn(async move { nest(depth - 1) });
        1 + inner.join().unwrap()
    }
    explore("last_resort_in_a_pool_of_one", || {
        let pool = bare_pool(1);
        assert_eq!(pool.install(|| nest(3)), 3);
        pool.shutdown();
    });
}

#[test]
fn shuttle_waiters_help_each_other_without_spares() {
    explore("waiters_help_each_other_without_spares", || {
        let pool = Arc::new(bare_pool(2));
        let tasks: Vec<_> = (0..2)
            .map(|i| {
                pool.spawn(async move {
                    let inner = crate::spawn(async move { fib(2) + i });
                    inner.join().unwrap()
                })
            })
            .collect();
        let sum: u64 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, 3);
        Arc::into_inner(pool).unwrap().shutdown();
    });
}

#[test]
fn shuttle_block_in_place_lends_the_core() {
    explore("block_in_place_lends_the_core", || {
        let pool = pool(1);
        let got = pool.block_on(async {
            let channel = Channel::new();
            let sender = Arc::clone(&channel);
            let task = crate::spawn(async move { sender.send(5) });
            let got = crate::block_in_place(|| crate::block_on(channel.receive()));
            task.await.unwrap();
            got
        });
        assert_eq!(got, 5);
        pool.shutdown();
    });
}

#[test]
fn shuttle_spawn_blocking() {
    explore("spawn_blocking", || {
        let pool = pool(1);
        let tasks: Vec<_> = (0..2).map(|i| pool.spawn_blocking(move || i)).collect();
        let sum: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, 1);
        pool.shutdown();
    });
}

/// A closure that waits for the only blocking thread is aborted, and runs or does not.
#[test]
fn shuttle_abort_races_the_start_of_a_blocking_closure() {
    explore("abort_races_the_start_of_a_blocking_closure", || {
        let pool = pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let first = pool.spawn_blocking(|| ());
        let second = {
            let (ran, guard) = (ran.clone(), Tracked(dropped.clone()));
            pool.spawn_blocking(move || {
                ran.add();
                drop(guard);
            })
        };
        let abort = second.abort_handle();
        let aborter = thread::spawn(move || abort.abort());
        first.join().unwrap();
        match second.join() {
            Ok(()) => assert_eq!(ran.get(), 1),
            Err(error) => {
                assert!(error.is_cancelled());
                assert_eq!(ran.get(), 0);
            }
        }
        assert_eq!(dropped.get(), 1);
        aborter.join().unwrap();
        assert_eq!(pool.blocking_metrics().queued, 0);
        pool.shutdown();
    });
}

#[test]
fn shuttle_blocking_closures_race_shutdown() {
    explore("blocking_closures_race_shutdown", || {
        let pool = pool(1);
        let handle = pool.handle().clone();
        let (ran, dropped) = (Count::default(), Count::default());
        let spawner = {
            let (ran, dropped) = (ran.clone(), dropped.clone());
            thread::spawn(move || {
                let tasks: Vec<_> = (0..2)
                    .map(|_| {
                        let (ran, guard) = (ran.clone(), Tracked(dropped.clone()));
                        handle.spawn_blocking(move || {
                            ran.add();
                            drop(guard);
                        })
                    })
                    .collect();
                tasks
                    .into_iter()
                    .map(JoinHandle::join)
                    .filter(Result::is_ok)
                    .count()
            })
        };
        pool.shutdown();
        let told = spawner.join().unwrap();
        assert_eq!(told, ran.get());
        assert_eq!(dropped.get(), 2);
    });
}

/// A call that must return a value does so, although a blocking closure keeps a thread of the pool
/// alive for longer (shutdown.C4).
#[test]
fn shuttle_install_races_the_end_beside_a_blocking_closure() {
    explore("install_races_the_end_beside_a_blocking_closure", || {
        let pool = bare_pool(1);
        let handle = pool.handle().clone();
        let (begun, gate) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
        let closure = {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            pool.spawn_blocking(move || {
                begun.open();
                gate.wait();
            })
        };
        begun.wait();
        let caller = thread::spawn(move || {
            assert_eq!(handle.install(|| fib(2)), 1);
            assert_eq!(handle.join(|| 1, || 2), (1, 2));
        });
        shutdown::begin(pool.handle().registry());
        caller.join().unwrap();
        gate.open();
        closure.join().unwrap();
        pool.shutdown();
    });
}

#[test]
fn shuttle_broadcasts_from_two_workers() {
    explore("broadcasts_from_two_workers", || {
        let pool = pool(2);
        let count = Count::default();
        pool.scope(|scope| {
            for _ in 0..2 {
                let count = count.clone();
                scope.spawn(move |_| {
                    let indexes = crate::broadcast(|context| {
                        count.add();
                        context.index()
                    });
                    assert_eq!(indexes, [0, 1]);
                });
            }
        });
        assert_eq!(count.get(), 4);
        pool.shutdown();
    });
}

#[test]
fn shuttle_spawn_broadcast_races_shutdown() {
    explore("spawn_broadcast_races_shutdown", || {
        let pool = pool(2);
        let count = Count::default();
        let counter = count.clone();
        pool.spawn_broadcast(move |_| counter.add());
        pool.shutdown();
        assert_eq!(count.get(), 2);
    });
}

/// Nobody may be left waiting, and every future and output is dropped exactly once.
#[test]
fn shuttle_shutdown_at_any_step() {
    explore("shutdown_at_any_step", || {
        let pool = Arc::new(pool(2));
        let drops = Count::default();
        let worker = {
            let (pool, drops) = (Arc::clone(&pool), drops.clone());
            thread::spawn(move || {
                let channel = Channel::<u32>::new();
                let tasks: Vec<JoinHandle<Tracked>> = (0..3)
                    .map(|i| {
                        let tracked = Tracked(drops.clone());
                        let channel = Arc::clone(&channel);
                        pool.spawn(async move {
                            match i {
                                0 => crate::task::yield_now().await,
                                1 => drop(fib(2)),
                                _ => drop(channel.receive().await),
                            }
                            tracked
                        })
                    })
                    .collect();
                // A result, or cancelled; but an answer. The last task has none before the end.
                for task in tasks {
                    if let Err(error) = task.join() {
                        assert!(error.is_cancelled());
                    }
                }
            })
        };
        shutdown::begin(pool.handle().registry());
        worker.join().unwrap();
        assert_eq!(drops.get(), 3);
        Arc::into_inner(pool).unwrap().shutdown();
    });
}

#[test]
fn shuttle_install_races_shutdown() {
    explore("install_races_shutdown", || {
        let pool = Arc::new(pool(2));
        let worker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.install(|| fib(3)))
        };
        shutdown::begin(pool.handle().registry());
        assert_eq!(worker.join().unwrap(), 2);
        Arc::into_inner(pool).unwrap().shutdown();
    });
}

#[test]
fn shuttle_spawn_from_outside_races_shutdown() {
    explore("spawn_from_outside_races_shutdown", || {
        let pool = bare_pool(1);
        let handle = pool.handle().clone();
        let ran = Count::default();
        let outsiders: Vec<_> = (0..2)
            .map(|_| {
                let (handle, ran) = (handle.clone(), ran.clone());
                thread::spawn(move || {
                    let counter = ran.clone();
                    let task = handle.spawn(async move { counter.add() });
                    usize::from(task.join().is_ok())
                })
            })
            .collect();
        pool.shutdown();
        let told: usize = outsiders.into_iter().map(|it| it.join().unwrap()).sum();
        assert_eq!(told, ran.get());
    });
}

#[test]
fn shuttle_drop_from_its_own_worker() {
    explore("drop_from_its_own_worker", || {
        let pool = pool(2);
        let handle = pool.handle().clone();
        let task = handle.spawn(async move {
            let left = crate::spawn(std::future::pending::<()>());
            drop(pool);
            left
        });
        let left = task.join().unwrap();
        assert!(left.join().unwrap_err().is_cancelled());
        assert!(shutdown::wait_until_ended(handle.registry(), None));
    });
}

#[test]
fn shuttle_panic_in_any_job() {
    /// Panics at the leaf with number `bomb`; every leaf is counted.
    fn tree(leaves: std::ops::Range<usize>, bomb: usize, count: &Count) {
        if leaves.len() == 1 {
            count.add();
            if leaves.start == bomb {
                resume_unwind(Box::new(bomb));
            }
            return;
        }
        let mid = (leaves.start + leaves.end) / 2;
        crate::join(
            || tree(leaves.start..mid, bomb, count),
            || tree(mid..leaves.end, bomb, count),
        );
    }
    explore("panic_in_any_job", || {
        let pool = pool(2);
        for bomb in 0..4 {
            let count = Count::default();
            let result = crate::util::unwind::catch(|| pool.install(|| tree(0..4, bomb, &count)));
            assert_eq!(*result.unwrap_err().downcast::<usize>().unwrap(), bomb);
            assert_eq!(count.get(), 4);
        }
        pool.shutdown();
    });
}

#[test]
fn shuttle_panic_in_a_scope_and_in_a_task() {
    explore("panic_in_a_scope_and_in_a_task", || {
        let pool = pool(2);
        let count = Count::default();
        let result = crate::util::unwind::catch(|| {
            pool.scope(|scope| {
                for i in 0..3 {
                    let count = count.clone();
                    scope.spawn(move |_| {
                        count.add();
                        if i == 1 {
                            resume_unwind(Box::new("scope"));
                        }
                    });
                }
            });
        });
        assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "scope");
        assert_eq!(count.get(), 3);
        let task = pool.spawn(async {
            crate::task::yield_now().await;
            resume_unwind(Box::new("task"));
        });
        let error = task.join().unwrap_err();
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "task");
        pool.shutdown();
    });
}

#[test]
fn shuttle_abort_races_run() {
    explore("abort_races_run", || {
        let pool = pool(2);
        let ran = Count::default();
        let counter = ran.clone();
        let task = pool.spawn(async move {
            crate::task::yield_now().await;
            counter.add();
        });
        let abort = task.abort_handle();
        let aborter = thread::spawn(move || abort.abort());
        match task.join() {
            Ok(()) => assert_eq!(ran.get(), 1),
            Err(error) => assert!(error.is_cancelled()),
        }
        aborter.join().unwrap();
        pool.shutdown();
    });
}

#[test]
fn shuttle_dropped_compute_races_its_run() {
    explore("dropped_compute_races_its_run", || {
        let pool = pool(2);
        let started = Count::default();
        pool.block_on(async {
            let counter = started.clone();
            let mut compute = Box::pin(crate::compute(move || {
                counter.add();
                fib(2)
            }));
            let first = poll_fn(|context| Poll::Ready(compute.as_mut().poll(context))).await;
            if let Poll::Ready(value) = first {
                assert_eq!(value, 1);
            }
            drop(compute);
            crate::spawn(async {}).await.unwrap();
        });
        assert!(started.get() <= 1);
        pool.shutdown();
    });
}

#[test]
fn shuttle_two_pools_wait_for_each_other() {
    explore("two_pools_wait_for_each_other", || {
        let (left, right) = (Arc::new(pool(1)), Arc::new(pool(1)));
        let answer = {
            let (left, right) = (Arc::clone(&left), Arc::clone(&right));
            thread::spawn(move || {
                left.install(|| right.install(|| left.install(|| fib(2)) + fib(2)))
            })
        };
        assert_eq!(answer.join().unwrap(), 2);
        Arc::into_inner(left).unwrap().shutdown();
        Arc::into_inner(right).unwrap().shutdown();
    });
}

/// Roots that compute until a future has run: it must be polled beside them.
fn roots_that_wait_for_a_future(threads: usize) {
    let pool = pool(threads);
    let flag = Count::default();
    let roots: Vec<_> = (0..threads)
        .map(|_| {
            let flag = flag.clone();
            pool.spawn_compute(move || {
                while flag.get() == 0 {
                    thread::yield_now();
                }
            })
        })
        .collect();
    let future = pool.spawn(async move {
        crate::task::yield_now().await;
        flag.add();
    });
    for task in roots {
        task.join().unwrap();
    }
    future.join().unwrap();
    pool.shutdown();
}

#[test]
fn shuttle_a_future_is_polled_beside_computing_roots() {
    explore("a_future_is_polled_beside_computing_roots", || {
        roots_that_wait_for_a_future(1);
    });
    explore("a_future_is_polled_beside_two_computing_roots", || {
        roots_that_wait_for_a_future(2);
    });
}

/// A root that waits for another root, in no queue's order.
#[test]
fn shuttle_a_root_begins_beside_computing_ones() {
    explore("a_root_begins_beside_computing_ones", || {
        let pool = pool(1);
        let flag = Count::default();
        let seen = flag.clone();
        let first = pool.spawn_compute(move || {
            while seen.get() == 0 {
                thread::yield_now();
            }
        });
        let second = pool.spawn_compute(move || flag.add());
        first.join().unwrap();
        second.join().unwrap();
        pool.shutdown();
    });
}

/// A future that begins to compute on the overcommitted thread, and waits there, leaves the post
/// to another thread.
#[test]
fn shuttle_the_post_is_handed_over() {
    explore("the_post_is_handed_over", || {
        // One thread for the post, one for each future that waits, one for what they wait for.
        let pool = Pool::builder().num_threads(1).max_spare_threads(4);
        let pool = pool.max_blocking_threads(1).build().unwrap();
        let flag = Count::default();
        let seen = flag.clone();
        let root = pool.spawn_compute(move || {
            while seen.get() < 2 {
                thread::yield_now();
            }
        });
        let futures = [0; 2].map(|_| {
            let flag = flag.clone();
            pool.spawn(async move {
                fib(2);
                crate::block_on(crate::spawn(async {})).unwrap();
                flag.add();
            })
        });
        for future in futures {
            future.join().unwrap();
        }
        root.join().unwrap();
        pool.shutdown();
    });
}

/// A pool of one with spare threads for the post, its deputy, and polls that block.
fn pool_with_post() -> Pool {
    let pool = Pool::builder().num_threads(1).max_spare_threads(6);
    pool.max_blocking_threads(1).build().unwrap()
}

/// All threads block in a lock, whose holder waits for a task.
#[test]
fn shuttle_threads_block_on_a_lock_whose_holder_waits() {
    explore("threads_block_on_a_lock_whose_holder_waits", || {
        let pool = pool_with_post();
        let shared = Arc::new(Mutex::new(0));
        let tasks = [0; 3].map(|_| {
            let shared = Arc::clone(&shared);
            pool.spawn(async move {
                let mut count = lock(&shared);
                *count += crate::block_on(crate::spawn(async { 1 })).unwrap();
            })
        });
        for task in tasks {
            task.join().unwrap();
        }
        assert_eq!(*lock(&shared), 3);
        pool.shutdown();
    });
}

/// Polls that do not come back until a future has run: it is polled beside them.
#[test]
fn shuttle_a_future_is_polled_beside_endless_polls() {
    explore("a_future_is_polled_beside_endless_polls", || {
        let pool = pool_with_post();
        let flag = Count::default();
        let endless = [0; 2].map(|_| {
            let flag = flag.clone();
            pool.spawn(async move {
                while flag.get() == 0 {
                    thread::yield_now();
                }
            })
        });
        let future = pool.spawn(async move {
            crate::task::yield_now().await;
            flag.add();
        });
        for task in endless {
            task.join().unwrap();
        }
        future.join().unwrap();
        pool.shutdown();
    });
}

#[test]
fn shuttle_join_set_hears_of_every_end() {
    explore("join_set_hears_of_every_end", || {
        let pool = pool(2);
        let mut set = JoinSet::new();
        let channel = Channel::new();
        for number in 0..3 {
            let channel = Arc::clone(&channel);
            let task = pool.spawn(async move {
                if number == 2 {
                    channel.receive().await;
                }
                number
            });
            set.insert(task);
        }
        let seen = Count::default();
        // From another task, so that completions race the looking of the one that awaits.
        drop(pool.spawn(async move { channel.send(()) }));
        let watch = seen.clone();
        let task = pool.spawn(async move {
            while let Some(number) = set.join_next().await {
                assert!(number.unwrap() < 3);
                watch.add();
            }
        });
        task.join().unwrap();
        assert_eq!(seen.get(), 3);
        pool.shutdown();
    });
}

#[test]
fn shuttle_join_set_is_dropped_while_its_tasks_end() {
    explore("join_set_is_dropped_while_its_tasks_end", || {
        let pool = pool(2);
        let drops = Count::default();
        let mut set = JoinSet::new();
        for number in 0..3 {
            let tracked = Tracked(drops.clone());
            set.insert(pool.spawn(async move {
                if number == 1 {
                    std::future::pending::<()>().await;
                }
                tracked
            }));
        }
        // Either one result or none, then the end.
        let polled = pool.spawn(async move { set.try_join_next().is_some() });
        polled.join().unwrap();
        pool.shutdown();
        assert_eq!(drops.get(), 3);
    });
}

/// A paused clock: with a clock that stands still, models could not wait for a timer before.
#[cfg(feature = "test-util")]
mod paused {
    use super::{Pool, explore, thread};
    use crate::time::{Duration, now, sleep, sleep_until, timeout};
    use crate::{block_on, spawn, spawn_blocking};
    use std::future::pending;
    use std::sync::Arc;

    const HOUR: Duration = Duration::from_secs(3600);

    fn paused(threads: usize) -> Pool {
        let builder = Pool::builder().num_threads(threads).max_spare_threads(2);
        let builder = builder.max_blocking_threads(1).start_paused(true);
        builder.build().unwrap()
    }

    #[test]
    fn shuttle_a_paused_clock_jumps_from_timer_to_timer() {
        explore("a_paused_clock_jumps_from_timer_to_timer", || {
            let pool = paused(2);
            pool.block_on(async {
                let start = now();
                let tasks = [2, 1].map(|n| {
                    spawn(async move {
                        sleep_until(start + n * HOUR).await;
                        assert_eq!(now(), start + n * HOUR);
                    })
                });
                assert!(timeout(3 * HOUR, pending::<()>()).await.is_err());
                assert_eq!(now(), start + 3 * HOUR);
                for task in tasks {
                    task.await.unwrap();
                }
            });
            pool.shutdown();
        });
    }

    #[test]
    fn shuttle_a_paused_clock_waits_for_what_is_ready() {
        explore("a_paused_clock_waits_for_what_is_ready", || {
            let pool = paused(2);
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(HOUR));
                let task = spawn(async { spawn(async { now() }).await.unwrap() });
                assert_eq!(task.await.unwrap(), start);
                assert_eq!(now(), start);
                late.await.unwrap();
                assert_eq!(now(), start + HOUR);
            });
            pool.shutdown();
        });
    }

    #[test]
    fn shuttle_a_paused_clock_waits_for_what_blocks() {
        explore("a_paused_clock_waits_for_what_blocks", || {
            let pool = paused(1);
            pool.block_on(async {
                let start = now();
                let late = spawn(sleep(2 * HOUR));
                let blocks = spawn_blocking(move || {
                    thread::yield_now();
                    assert_eq!(now(), start);
                    // It does nothing now.
                    block_on(sleep(HOUR));
                    now()
                });
                assert_eq!(blocks.await.unwrap(), start + HOUR);
                assert_eq!(now(), start + HOUR);
                late.await.unwrap();
            });
            pool.shutdown();
        });
    }

    #[test]
    fn shuttle_a_paused_clock_beside_a_loop_and_outside_threads() {
        explore("a_paused_clock_beside_a_loop_and_outside_threads", || {
            let pool = Arc::new(paused(2));
            let other = {
                let pool = Arc::clone(&pool);
                thread::spawn(move || pool.block_on(sleep(HOUR)))
            };
            pool.block_on(async {
                let start = now();
                let (a, b) = crate::join(now, now);
                assert!(a == start && b == start);
                sleep(HOUR).await;
                assert_eq!(now(), start + HOUR);
            });
            other.join().unwrap();
            Arc::try_unwrap(pool).unwrap().shutdown();
        });
    }
}
