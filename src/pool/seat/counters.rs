//! What the occupants of a seat have done: counted without shared writes, read at any time.

use super::SeatKind;
use super::histogram::{Histogram, Record};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::trace::{self, Span};
use crate::util::clock::{self, Moment};
use crate::util::coarse;
use std::time::Duration;

/// The counters of one seat. Written by the occupant only.
#[derive(Debug)]
pub(crate) struct Counters {
    start: Moment,
    polls: AtomicU64,
    closures: AtomicU64,
    wakes: AtomicU64,
    steals: AtomicU64,
    nested: AtomicU64,
    computations: AtomicU64,
    lent: AtomicU64,
    overcommitted: AtomicU64,
    /// In ticks of the clock, of those that were timed.
    slowest_poll: AtomicU64,
    /// In nanoseconds.
    longest_rescue: AtomicU64,
    /// Time spent computing, in ticks of the clock, without the present computation.
    computed: AtomicU64,
    /// When the present computation began, by the same clock; 0: there is none.
    computing: AtomicU64,
    parks: AtomicU64,
    /// Time spent asleep, in nanoseconds, without the present sleep.
    parked: AtomicU64,
    /// When the present sleep began, in nanoseconds since `start`, plus 1; 0: awake.
    since: AtomicU64,
    /// Of the pools that measure polls.
    measured: Option<Box<Measured>>,
}

/// The times of the polls that were measured.
#[derive(Debug)]
struct Measured {
    polls: Record,
    waits: Record,
}

/// The thread sleeps until this is dropped.
#[derive(Debug)]
pub(crate) struct Parked<'a>(&'a Counters);

impl Counters {
    /// The counters of a new seat, whose pool `measures` polls or does not.
    pub(crate) fn new(measures: bool) -> Self {
        let measured = || {
            Box::new(Measured {
                polls: Record::new(),
                waits: Record::new(),
            })
        };
        Self {
            measured: measures.then(measured),
            start: clock::moment(),
            polls: AtomicU64::new(0),
            closures: AtomicU64::new(0),
            wakes: AtomicU64::new(0),
            steals: AtomicU64::new(0),
            nested: AtomicU64::new(0),
            computations: AtomicU64::new(0),
            lent: AtomicU64::new(0),
            overcommitted: AtomicU64::new(0),
            slowest_poll: AtomicU64::new(0),
            longest_rescue: AtomicU64::new(0),
            computed: AtomicU64::new(0),
            computing: AtomicU64::new(0),
            parks: AtomicU64::new(0),
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

    /// A job was taken from a queue: a poll, or a closure.
    #[inline]
    pub(crate) fn count_job(&self, poll: bool) {
        let counter = if poll { &self.polls } else { &self.closures };
        Self::add(counter, 1);
    }

    /// The number of jobs that were taken from queues so far.
    pub(crate) fn jobs(&self) -> u64 {
        // Ordering: Relaxed; a snapshot.
        let polls = self.polls.load(Ordering::Relaxed);
        polls.wrapping_add(self.closures.load(Ordering::Relaxed))
    }

    /// A task was made ready by a waker.
    #[inline]
    pub(crate) fn count_wake(&self) {
        Self::add(&self.wakes, 1);
    }

    /// A task was begun by its awaiter.
    #[inline]
    pub(crate) fn count_nested(&self) {
        Self::add(&self.nested, 1);
    }

    /// A computation begins whose time is taken.
    pub(crate) fn begin_computing(&self) {
        // Ordering: Relaxed; statistics.
        self.computing.store(clock::ticks(), Ordering::Relaxed);
    }

    /// It ends, if there is one.
    pub(crate) fn end_computing(&self) {
        // Ordering: Relaxed; statistics, with one writer.
        let since = self.computing.load(Ordering::Relaxed);
        if since != 0 {
            self.computing.store(0, Ordering::Relaxed);
            Self::add(&self.computed, clock::ticks().saturating_sub(since));
        }
    }

    pub(crate) fn count_steal(&self) {
        Self::add(&self.steals, 1);
    }

    fn raise(longest: &AtomicU64, time: u64) {
        // Ordering: Relaxed; statistics, with one writer.
        if time > longest.load(Ordering::Relaxed) {
            longest.store(time, Ordering::Relaxed);
        }
    }

    /// One of the polls that are timed, in ticks.
    pub(crate) fn saw_poll(&self, took: u64) {
        Self::raise(&self.slowest_poll, took);
    }

    /// A measured poll: how long its task was ready before, and how long it took, in ticks.
    pub(crate) fn saw_measured(&self, wait: u64, poll: u64) {
        if let Some(measured) = &self.measured {
            let tick = clock::ns_per_tick();
            measured.waits.add((wait as f64 * tick) as u64);
            measured.polls.add((poll as f64 * tick) as u64);
        }
    }

    pub(crate) fn saw_rescue(&self, after: Duration) {
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        Self::raise(&self.longest_rescue, nanos);
    }

    pub(crate) fn count_computation(&self) {
        Self::add(&self.computations, 1);
    }

    pub(crate) fn count_lent(&self) {
        Self::add(&self.lent, 1);
    }

    pub(crate) fn count_overcommitted(&self) {
        Self::add(&self.overcommitted, 1);
    }

    /// Nanoseconds since the seat was made.
    fn now(&self) -> u64 {
        u64::try_from(clock::after(self.start).as_nanos()).unwrap_or(u64::MAX - 1)
    }

    pub(crate) fn parked(&self) -> Parked<'_> {
        trace::begin(Span::Park);
        Self::add(&self.parks, 1);
        // Ordering: Relaxed; statistics.
        self.since.store(self.now() + 1, Ordering::Relaxed);
        Parked(self)
    }

    /// Does the thread sleep just now?
    pub(crate) fn is_parked(&self) -> bool {
        // Ordering: Relaxed; statistics.
        self.since.load(Ordering::Relaxed) != 0
    }

    /// Without what the counters do not know: the depths of the queues are left at 0.
    pub(crate) fn read(&self, index: usize, kind: SeatKind) -> SeatMetrics {
        // Ordering: Relaxed for all; statistics. A sleep or computation that ends meanwhile may be
        // counted a bit short.
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let nanos = |time: &AtomicU64| Duration::from_nanos(get(time));
        let asleep = match get(&self.since) {
            0 => 0,
            since => self.now().saturating_sub(since - 1),
        };
        let computing = match get(&self.computing) {
            0 => 0,
            since => clock::ticks().saturating_sub(since),
        };
        let polls = get(&self.polls);
        SeatMetrics {
            index,
            kind,
            jobs: polls + get(&self.closures),
            polls,
            wakes: get(&self.wakes),
            steals: get(&self.steals),
            nested: get(&self.nested),
            computations: get(&self.computations),
            computing: clock::duration(get(&self.computed) + computing),
            lent: get(&self.lent),
            overcommitted: get(&self.overcommitted),
            slowest_poll: clock::duration(get(&self.slowest_poll)),
            longest_rescue: nanos(&self.longest_rescue),
            parks: get(&self.parks),
            parked: nanos(&self.parked) + Duration::from_nanos(asleep),
            age: clock::after(self.start),
            queued_jobs: 0,
            queued_tasks: 0,
            poll_times: self.measured.as_ref().map(|it| it.polls.read()),
            wake_to_poll: self.measured.as_ref().map(|it| it.waits.read()),
        }
    }
}

impl Parked<'_> {
    /// The thread is awake again; returns how long it has slept.
    pub(crate) fn end(self) -> Duration {
        let slept = self.count();
        std::mem::forget(self);
        Duration::from_nanos(slept)
    }

    fn count(&self) -> u64 {
        // Ordering: Relaxed; statistics.
        let since = self.0.since.swap(0, Ordering::Relaxed);
        let slept = (self.0.now() + 1).saturating_sub(since);
        Counters::add(&self.0.parked, slept);
        coarse::expire();
        trace::end(Span::Park);
        slept
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

/// What one seat of a pool has done so far; see [`Handle::metrics`](crate::Handle::metrics).
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
    /// Tasks that were awaited before any thread had begun them, and were begun by their awaiter,
    /// on top of its poll. They count neither as jobs nor as polls.
    pub nested: u64,
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
    /// How long the measured polls of futures took here, if the pool measures any: see
    /// [`enable_poll_histograms`](crate::PoolBuilder::enable_poll_histograms).
    pub poll_times: Option<Histogram>,
    /// How long their tasks were ready before.
    pub wake_to_poll: Option<Histogram>,
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
