//! What the occupants of a seat have done: counted without shared writes, read at any time.

use crate::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The counters of one seat. Written by the occupant only.
#[derive(Debug)]
pub(crate) struct Counters {
    start: Instant,
    jobs: AtomicU64,
    steals: AtomicU64,
    computations: AtomicU64,
    lent: AtomicU64,
    overcommitted: AtomicU64,
    /// Time spent asleep, in nanoseconds, without the present sleep.
    parked: AtomicU64,
    /// When the present sleep began, in nanoseconds since `start`, plus 1; 0: awake.
    since: AtomicU64,
}

/// The thread sleeps until this is dropped.
#[derive(Debug)]
pub(crate) struct Parked<'a>(&'a Counters);

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            jobs: AtomicU64::new(0),
            steals: AtomicU64::new(0),
            computations: AtomicU64::new(0),
            lent: AtomicU64::new(0),
            overcommitted: AtomicU64::new(0),
            parked: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }

    /// One writer: a load and a store do.
    fn add(counter: &AtomicU64, count: u64) {
        // Ordering: Relaxed; statistics.
        let before = counter.load(Ordering::Relaxed);
        counter.store(before.wrapping_add(count), Ordering::Relaxed);
    }

    pub(super) fn count_job(&self) {
        Self::add(&self.jobs, 1);
    }

    pub(super) fn count_steal(&self) {
        Self::add(&self.steals, 1);
    }

    pub(super) fn count_computation(&self) {
        Self::add(&self.computations, 1);
    }

    pub(super) fn count_lent(&self) {
        Self::add(&self.lent, 1);
    }

    pub(super) fn count_overcommitted(&self) {
        Self::add(&self.overcommitted, 1);
    }

    /// Nanoseconds since the seat was made.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX - 1)
    }

    pub(super) fn parked(&self) -> Parked<'_> {
        // Ordering: Relaxed; statistics.
        self.since.store(self.now() + 1, Ordering::Relaxed);
        Parked(self)
    }

    /// Does the thread sleep just now?
    pub(super) fn is_parked(&self) -> bool {
        // Ordering: Relaxed; statistics.
        self.since.load(Ordering::Relaxed) != 0
    }

    pub(super) fn read(&self, index: usize) -> WorkerMetrics {
        // Ordering: Relaxed; statistics. A sleep that ends meanwhile may be counted a bit short.
        let since = self.since.load(Ordering::Relaxed);
        let present = if since == 0 {
            0
        } else {
            self.now().saturating_sub(since - 1)
        };
        WorkerMetrics {
            index,
            jobs: self.jobs.load(Ordering::Relaxed),
            steals: self.steals.load(Ordering::Relaxed),
            computations: self.computations.load(Ordering::Relaxed),
            lent: self.lent.load(Ordering::Relaxed),
            overcommitted: self.overcommitted.load(Ordering::Relaxed),
            parked: Duration::from_nanos(self.parked.load(Ordering::Relaxed) + present),
            age: self.start.elapsed(),
        }
    }
}

impl Parked<'_> {
    /// The thread is awake again; returns how long it has slept.
    pub(super) fn end(self) -> Duration {
        let slept = self.count();
        std::mem::forget(self);
        Duration::from_nanos(slept)
    }

    fn count(&self) -> u64 {
        // Ordering: Relaxed; statistics.
        let since = self.0.since.swap(0, Ordering::Relaxed);
        let slept = (self.0.now() + 1).saturating_sub(since);
        Counters::add(&self.0.parked, slept);
        slept
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

/// What one seat of a pool has done so far; see [`Handle::metrics`](super::Handle::metrics).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// The seat's index, as [`current_thread_index`](crate::current_thread_index) reports it.
    pub index: usize,
    /// Jobs and task polls taken from a queue by the thread's main loop. What a join or a loop
    /// runs in place does not count.
    pub jobs: u64,
    /// Visits to another seat that brought work.
    pub steals: u64,
    /// How often the thread began to compute: at the first `join`, `scope` or parallel loop of a
    /// poll, or with a closure from a queue.
    pub computations: u64,
    /// How often the thread waited or blocked, and gave its permit up meanwhile.
    pub lent: u64,
    /// Futures polled, and closures begun, without a permit, because all permits were held by
    /// threads that computed.
    pub overcommitted: u64,
    /// How long the seat's thread has slept, idle or in a wait.
    pub parked: Duration,
    /// How long the seat has existed.
    pub age: Duration,
}

impl WorkerMetrics {
    /// The time that the seat's thread was awake: working, or looking for work.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// pool.install(|| std::hint::black_box((0..10_000).sum::<u64>()));
    /// for worker in pool.metrics() {
    ///     println!("{}: {:?} awake, {} jobs", worker.index, worker.awake(), worker.jobs);
    ///     assert!(worker.awake() <= worker.age);
    /// }
    /// ```
    pub fn awake(&self) -> Duration {
        self.age.saturating_sub(self.parked)
    }
}
