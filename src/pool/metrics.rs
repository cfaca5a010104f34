//! What a pool does and has done, to look at.

use super::BlockingMetrics;
use std::time::Duration;

/// A pool at one moment, and what it has done so far; see [`Handle::metrics`](super::Handle::metrics).
///
/// The numbers are read one after the other while the pool goes on, so that sums may be off by what
/// happens meanwhile. [`to_prometheus`](Self::to_prometheus) writes them down for a monitoring system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// How many threads compute at a time: [`Handle::current_num_threads`](super::Handle::current_num_threads).
    pub permits: usize,
    /// Threads that hold a permit now. For moments more than there are permits: a thread that
    /// resumes from a wait takes one without asking.
    pub active: usize,
    /// Those of them that look for something to do.
    pub searching: usize,
    /// Threads of the pool that exist: workers, spare threads, and those for blocking closures.
    pub threads: usize,
    /// Spare threads among them.
    pub spare_threads: usize,
    /// Spare threads that have nothing to do, and end when that lasts.
    pub idle_spare_threads: usize,
    /// Tasks that have not ended: futures, and closures with a handle.
    pub tasks: usize,
    /// Tasks that were ever spawned.
    pub spawned_tasks: u64,
    /// Ready futures in the queues that belong to no seat.
    pub injected_futures: usize,
    /// Closures that wait to be started there.
    pub injected_closures: usize,
    /// The threads of [`spawn_blocking`](crate::spawn_blocking), and the queue before them; see
    /// [`Handle::blocking_metrics`](super::Handle::blocking_metrics).
    pub blocking: BlockingMetrics,
    /// One entry for each seat that was ever used: workers first, then guests, then spare threads.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// assert_eq!(pool.metrics().seats.len(), 2);
    /// ```
    pub seats: Vec<SeatMetrics>,
}

/// Who sits on a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeatKind {
    /// One of the threads that the pool began with.
    Worker,
    /// A thread from outside, as long as it works in a call of this crate.
    Guest,
    /// A thread that was created because others waited or computed.
    Spare,
}

/// What one seat of a pool has done so far; see [`Handle::metrics`](super::Handle::metrics).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeatMetrics {
    /// The seat's index, as [`current_thread_index`](crate::current_thread_index) reports it.
    pub index: usize,
    /// Who sits there.
    pub kind: SeatKind,
    /// Jobs and task polls taken from a queue by the thread's main loop. What a join or a loop
    /// runs in place does not count.
    pub jobs: u64,
    /// Those of them that were polls of futures.
    pub polls: u64,
    /// Wakers used on this thread that made a task ready.
    pub wakes: u64,
    /// Visits to another seat that brought work.
    pub steals: u64,
    /// How often the thread began to compute: at the first `join`, `scope` or parallel loop of a
    /// poll, or with a closure from a queue.
    pub computations: u64,
    /// How long it has computed, waits left out. Not measured for guests.
    pub computing: Duration,
    /// How often the thread waited or blocked, and gave its permit up meanwhile.
    pub lent: u64,
    /// Futures polled, and closures begun, without a permit, because all permits were held by
    /// threads that computed.
    pub overcommitted: u64,
    /// The longest of the polls and closures that were timed: one in 61, because to read the clock
    /// each time would cost more than a short poll.
    pub slowest_poll: Duration,
    /// The longest time from when ready work was found waiting behind computing threads to its
    /// poll or start on this seat, without a permit.
    pub longest_rescue: Duration,
    /// How often the seat's thread went to sleep, idle or in a wait.
    pub parks: u64,
    /// How long the seat's thread has slept, idle or in a wait.
    pub parked: Duration,
    /// How long the seat has existed.
    pub age: Duration,
    /// Join halves and scope jobs in the seat's queue that others could steal now. Private ones
    /// do not count.
    pub queued_jobs: usize,
    /// Ready tasks in the seat's queues now.
    pub queued_tasks: usize,
}

impl SeatMetrics {
    /// The time that the seat's thread was awake: working, or looking for work. (A guest's seat
    /// counts as awake while nobody sits there.)
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// pool.install(|| std::hint::black_box((0..10_000).sum::<u64>()));
    /// for seat in pool.metrics().seats {
    ///     println!("{}: {:?} awake, {} jobs", seat.index, seat.awake(), seat.jobs);
    ///     assert!(seat.awake() <= seat.age);
    /// }
    /// ```
    pub fn awake(&self) -> Duration {
        self.age.saturating_sub(self.parked)
    }
}
