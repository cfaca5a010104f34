//! Exactly-once accounting on real threads.
//!
//! Every job of every round has a number, and a table counts how often it ran: once, or, for tasks
//! that are aborted or race the end of their pool, as often as their handle says. The tests run one
//! after the other (each takes all cores), under a watchdog: if no job is counted for a minute, it
//! prints the state of every pool and aborts.
//!
//! * `MANYHANDS_STRESS_ROUNDS`: rounds of each scenario (default 20).
//! * `MANYHANDS_STRESS_SEED`: what the random choices depend on. Printed by each test.
//!
//! With `--cfg manyhands_chaos` the crate delays its threads at the points where schedules matter.

use manyhands::{Handle, Pool, Scope};
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WORKERS: [usize; 5] = [1, 2, 3, 8, 64];
const PATIENCE: Duration = Duration::from_secs(60);

/// How often each job ran.
struct Table(Vec<AtomicU8>);

/// Everything that was counted, in any table: what the watchdog looks at.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

impl Table {
    fn new(jobs: usize) -> Arc<Self> {
        Arc::new(Self((0..jobs).map(|_| AtomicU8::new(0)).collect()))
    }

    fn ran(&self, job: usize) {
        self.0[job].fetch_add(1, Ordering::Relaxed);
        PROGRESS.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self, job: usize) -> u8 {
        self.0[job].load(Ordering::Relaxed)
    }

    #[track_caller]
    fn assert_all_ran_once(&self) {
        for job in 0..self.0.len() {
            assert_eq!(self.count(job), 1, "job {job} of {}", self.0.len());
        }
    }
}

/// xorshift64*, seeded by the test's seed and a number.
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

/// One test's turn: its seed, its rounds, its watchdog, its pools.
struct Stress {
    seed: u64,
    rounds: usize,
    pools: Arc<Mutex<Vec<Handle>>>,
    over: Option<mpsc::Sender<()>>,
    watchdog: Option<thread::JoinHandle<()>>,
    _turn: MutexGuard<'static, ()>,
}

impl Stress {
    fn begin(name: &'static str) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |key| std::env::var(key).ok().and_then(|text| text.parse().ok());
        let seed = number("MANYHANDS_STRESS_SEED").unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_or(1, |now| now.as_nanos() as u64)
        });
        let rounds = number("MANYHANDS_STRESS_ROUNDS").unwrap_or(20) as usize;
        println!("stress {name}: MANYHANDS_STRESS_SEED={seed}, {rounds} rounds");
        let pools = Arc::default();
        let (over, waits) = mpsc::channel();
        let watchdog = {
            let pools = Arc::clone(&pools);
            thread::spawn(move || watch(name, seed, &waits, &pools))
        };
        Self {
            seed,
            rounds,
            pools,
            over: Some(over),
            watchdog: Some(watchdog),
            _turn: turn,
        }
    }

    fn rng(&self, salt: usize) -> Rng {
        Rng((self.seed ^ (salt as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1)
    }

    /// A pool that the watchdog knows.
    fn pool(&self, workers: usize) -> Pool {
        let pool = Pool::builder().num_threads(workers).build().unwrap();
        let mut pools = self.pools.lock().unwrap();
        pools.clear();
        pools.push(pool.handle().clone());
        pool
    }

    /// `scenario` on pools of all sizes, in all rounds.
    fn run(self, mut scenario: impl FnMut(&Pool, &mut Rng)) {
        for round in 0..self.rounds {
            for workers in WORKERS {
                let pool = self.pool(workers);
                scenario(&pool, &mut self.rng(round * 100 + workers));
                pool.shutdown();
            }
        }
    }
}

impl Drop for Stress {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(watchdog) = self.watchdog.take() {
            let _ = watchdog.join();
        }
    }
}

fn watch(name: &str, seed: u64, over: &mpsc::Receiver<()>, pools: &Mutex<Vec<Handle>>) {
    let mut seen = PROGRESS.load(Ordering::Relaxed);
    while over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        let now = PROGRESS.load(Ordering::Relaxed);
        if now == seen {
            eprintln!("stress {name}: nothing moves; MANYHANDS_STRESS_SEED={seed}");
            for pool in pools.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                eprintln!("{pool:#?}");
            }
            std::process::abort();
        }
        seen = now;
    }
}

/// Every leaf of a join tree counts its number. One of 64 takes much longer than the others:
/// meanwhile thieves reach for what its thread keeps private.
fn tree(table: &Table, jobs: Range<usize>) -> usize {
    match jobs.len() {
        0 => 0,
        1 => {
            if jobs.start % 64 == 7 {
                (0..2_000).for_each(|_| std::hint::spin_loop());
            }
            table.ran(jobs.start);
            1
        }
        len => {
            // Lopsided, so that thieves find large and small halves.
            let mid = jobs.start + (len / 3).max(1);
            let (left, right) = manyhands::join(
                || tree(table, jobs.start..mid),
                || tree(table, mid..jobs.end),
            );
            left + right
        }
    }
}

fn grow<'scope>(scope: &Scope<'scope>, table: &'scope Table, jobs: Range<usize>) {
    let mid = jobs.start + jobs.len() / 2;
    if jobs.len() > 1 {
        scope.spawn(move |scope| grow(scope, table, mid..jobs.end));
        scope.spawn(move |scope| grow(scope, table, jobs.start..mid));
    } else {
        table.ran(jobs.start);
    }
}

/// Wakes whoever waits for it.
#[derive(Default)]
struct Bell(Mutex<(bool, Option<Waker>)>);

impl Bell {
    fn ring(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn rung(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// Rings when dropped: also a task that is cancelled lets the chain go on.
struct Ring(Arc<Bell>);

impl Drop for Ring {
    fn drop(&mut self) {
        self.0.ring();
    }
}

#[test]
fn every_half_of_a_join_tree_runs_once() {
    Stress::begin("join").run(|pool, rng| {
        let jobs = 2000 + rng.below(2000);
        let table = Table::new(jobs);
        assert_eq!(pool.install(|| tree(&table, 0..jobs)), jobs);
        table.assert_all_ran_once();
    });
}

#[test]
fn every_job_of_a_scope_runs_once() {
    Stress::begin("scope").run(|pool, rng| {
        let jobs = 1000 + rng.below(1000);
        let table = Table::new(2 * jobs);
        pool.scope(|scope| {
            grow(scope, &table, 0..jobs);
            pool.scope_fifo(|scope| {
                for job in jobs..2 * jobs {
                    let table = &table;
                    scope.spawn_fifo(move |_| table.ran(job));
                }
            });
        });
        table.assert_all_ran_once();
    });
}

#[test]
fn every_task_runs_once_or_is_cancelled() {
    Stress::begin("spawn").run(|pool, rng| {
        let jobs = 600;
        let table = Table::new(jobs);
        // A chain: each task waits for the bell of the one before it, and rings its own.
        let bells: Vec<_> = (0..=jobs).map(|_| Arc::new(Bell::default())).collect();
        let tasks: Vec<_> = (0..jobs)
            .map(|job| {
                let table = Arc::clone(&table);
                let before = Arc::clone(&bells[job]);
                // Made before the task: one that is cancelled before its first poll rings, too.
                let ring = Ring(Arc::clone(&bells[job + 1]));
                let yields = rng.below(4);
                let waits = job % 8 != 0;
                pool.spawn(async move {
                    let _ring = ring;
                    for _ in 0..yields {
                        manyhands::task::yield_now().await;
                    }
                    if waits {
                        before.rung().await;
                    }
                    table.ran(job);
                })
            })
            .collect();
        for task in &tasks {
            if rng.below(5) == 0 {
                task.abort();
            }
        }
        for (job, task) in tasks.into_iter().enumerate() {
            let expected = match task.join() {
                Ok(()) => 1,
                Err(error) => {
                    assert!(error.is_cancelled(), "{error}");
                    0
                }
            };
            assert_eq!(table.count(job), expected, "job {job}");
        }
    });
}

/// Futures that compute, scopes that block on futures, waits inside waits.
#[test]
fn everything_mixed_runs_once() {
    type Work = Pin<Box<dyn Future<Output = usize> + Send>>;

    fn work(table: Arc<Table>, jobs: Range<usize>, depth: usize) -> Work {
        Box::pin(async move {
            if depth == 0 || jobs.len() < 8 {
                return tree(&table, jobs);
            }
            let at = |quarter: usize| jobs.start + jobs.len() * quarter / 4;
            let part = |quarter: usize| at(quarter)..at(quarter + 1);
            let again = |quarter| work(Arc::clone(&table), part(quarter), depth - 1);
            let spawned = manyhands::spawn(again(0));
            let mut sum = manyhands::compute({
                let (table, jobs) = (Arc::clone(&table), part(1));
                move || tree(&table, jobs)
            })
            .await;
            manyhands::task::yield_now().await;
            // Waits of a thread of the pool, for tasks of the pool.
            let nested = manyhands::spawn(again(2));
            manyhands::scope(|scope| scope.spawn(|_| sum += manyhands::block_on(again(3))));
            sum += manyhands::block_in_place(|| nested.join().unwrap());
            sum + spawned.await.unwrap()
        })
    }

    Stress::begin("mixed").run(|pool, rng| {
        let jobs = 500 + rng.below(500);
        let table = Table::new(jobs);
        assert_eq!(pool.block_on(work(Arc::clone(&table), 0..jobs, 3)), jobs);
        table.assert_all_ran_once();
    });
}

#[test]
fn guests_from_many_threads_run_everything_once() {
    Stress::begin("guests").run(|pool, rng| {
        let (outsiders, each) = (40, 50 + rng.below(50));
        let table = Table::new(outsiders * each);
        thread::scope(|scope| {
            for outsider in 0..outsiders {
                let (table, first) = (Arc::clone(&table), outsider * each);
                scope.spawn(move || {
                    let jobs = first..first + each;
                    match outsider % 4 {
                        0 => drop(pool.join(|| tree(&table, jobs.clone()), || ())),
                        1 => pool.scope(|scope| grow(scope, &table, jobs)),
                        2 => drop(pool.install(|| tree(&table, jobs))),
                        _ => pool.block_on(async {
                            for job in jobs {
                                let table = Arc::clone(&table);
                                manyhands::spawn(async move { table.ran(job) })
                                    .await
                                    .unwrap();
                            }
                        }),
                    }
                });
            }
        });
        table.assert_all_ran_once();
    });
}

#[test]
fn broadcasts_reach_every_worker_once() {
    Stress::begin("broadcast").run(|pool, _| {
        let workers = pool.current_num_threads();
        let table = Table::new(4 * workers);
        pool.scope(|scope| {
            for turn in 0..4 {
                let table = &table;
                scope.spawn(move |_| {
                    manyhands::broadcast(|context| table.ran(turn * workers + context.index()));
                });
            }
        });
        table.assert_all_ran_once();
    });
}

/// Pools that end while others spawn on them: each handle tells the truth.
#[test]
fn pools_come_and_go() {
    let stress = Stress::begin("pools");
    for round in 0..stress.rounds * 20 {
        let mut rng = stress.rng(round);
        let pool = stress.pool([1, 2, 3, 8][round % 4]);
        let jobs = 30;
        let table = Table::new(jobs);
        let ending = Arc::new(AtomicBool::new(false));
        let spawner = {
            let (handle, table, ending) = (
                pool.handle().clone(),
                Arc::clone(&table),
                Arc::clone(&ending),
            );
            thread::spawn(move || {
                let spawn = |job| {
                    if job == 10 {
                        ending.store(true, Ordering::Relaxed);
                    }
                    let table = Arc::clone(&table);
                    handle.spawn(async move {
                        if job % 3 == 0 {
                            manyhands::task::yield_now().await;
                        }
                        table.ran(job);
                    })
                };
                (0..jobs).map(spawn).collect::<Vec<_>>()
            })
        };
        while !ending.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        if rng.below(2) == 0 {
            pool.shutdown();
        } else {
            drop(pool);
        }
        for (job, task) in spawner.join().unwrap().into_iter().enumerate() {
            let expected = match task.join() {
                Ok(()) => 1,
                Err(error) => {
                    assert!(error.is_cancelled(), "{error}");
                    0
                }
            };
            assert_eq!(table.count(job), expected, "job {job}");
        }
        PROGRESS.fetch_add(1, Ordering::Relaxed);
    }
}
