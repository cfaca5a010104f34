//! How often which times were measured: recorded by one thread, read by any.

use crate::sync::atomic::{AtomicU64, Ordering};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Each power of two is cut into `2^FINE` buckets of equal length.
const FINE: u32 = 2;

/// Shorter times than `2^FIRST` ns share the first bucket.
const FIRST: u32 = 8;

/// Times from `2^LAST` ns on (69 seconds) share the last one.
const LAST: u32 = 36;

/// The number of buckets.
const BUCKETS: usize = (((LAST - FIRST) << FINE) + 2) as usize;

/// The bucket of a time.
fn bucket_of(nanos: u64) -> usize {
    if nanos < 1 << FIRST {
        return 0;
    }
    if nanos >= 1 << LAST {
        return BUCKETS - 1;
    }
    let power = nanos.ilog2();
    // The highest bit, which is always set, and the `FINE` bits below it.
    let head = (nanos >> (power - FINE)) as usize;
    1 + ((power - FIRST) as usize) * (1 << FINE) + (head - (1 << FINE))
}

/// The shortest time of a bucket, in nanoseconds.
fn start_of(bucket: usize) -> u64 {
    let Some(bucket) = bucket.checked_sub(1) else {
        return 0;
    };
    let power = FIRST + (bucket >> FINE) as u32;
    let head = (1 << FINE) + (bucket as u64 & ((1 << FINE) - 1));
    head << (power - FINE)
}

/// Where the occupant of a seat records times.
pub(super) struct Record {
    counts: [AtomicU64; BUCKETS],
    /// The sum of all times, in nanoseconds.
    nanos: AtomicU64,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            counts: [(); BUCKETS].map(|()| AtomicU64::new(0)),
            nanos: AtomicU64::new(0),
        }
    }

    /// One time more, in nanoseconds. Called by the occupant only.
    pub(super) fn add(&self, nanos: u64) {
        for (counter, more) in [(&self.counts[bucket_of(nanos)], 1), (&self.nanos, nanos)] {
            // Ordering: Relaxed; statistics, with one writer.
            let before = counter.load(Ordering::Relaxed);
            counter.store(before.wrapping_add(more), Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Histogram {
        // Ordering: Relaxed; statistics.
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Histogram {
            counts: self.counts.iter().map(get).collect(),
            sum: Duration::from_nanos(get(&self.nanos)),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

/// How often which times were measured; see
/// [`PoolBuilder::enable_poll_histograms`](crate::PoolBuilder::enable_poll_histograms).
///
/// # Buckets
///
/// There are 114 of them, the same on every machine. Each power of two is cut into four of equal
/// length, so a bucket ends at most a quarter above its start. The first one holds all times below
/// 256 ns, the last one those from 2<sup>36</sup> ns (69 seconds) on.
///
/// # Examples
///
/// ```
/// let pool = manyhands::Pool::builder()
///     .num_threads(2)
///     .poll_histogram_sampling(1)
///     .build()
///     .unwrap();
/// pool.spawn(async {}).join().unwrap();
/// let polls = pool.metrics().poll_times().unwrap();
/// assert_eq!(polls.count(), 1);
/// for (times, count) in polls.buckets().filter(|(_, count)| *count > 0) {
///     println!("{count} polls took {times:?}");
/// }
/// println!("99 % of the polls took less than {:?}", polls.quantile(0.99).unwrap());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    sum: Duration,
}

impl Histogram {
    /// No times.
    pub(crate) fn empty() -> Self {
        Self {
            counts: Box::new([0; BUCKETS]),
            sum: Duration::ZERO,
        }
    }

    /// How many times were measured.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).enable_poll_histograms().build().unwrap();
    /// assert_eq!(pool.metrics().poll_times().unwrap().count(), 0);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of all measured times. (Divided by [`count`](Self::count) it is the mean.)
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// All buckets, from the shortest times to the longest: which times, and how often. The last
    /// one ends at [`Duration::MAX`].
    pub fn buckets(&self) -> impl Iterator<Item = (Range<Duration>, u64)> + '_ {
        let start = |bucket| Duration::from_nanos(start_of(bucket));
        self.counts.iter().enumerate().map(move |(bucket, count)| {
            let is_last = bucket + 1 == BUCKETS;
            let end = if is_last {
                Duration::MAX
            } else {
                start(bucket + 1)
            };
            (start(bucket)..end, *count)
        })
    }

    /// A time than which a share `q` of the measured times is shorter: the end of a bucket, so up
    /// to a quarter too long. `None` if nothing was measured.
    ///
    /// # Panics
    ///
    /// If `q` is not between 0 and 1.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).poll_histogram_sampling(1).build().unwrap();
    /// for _ in 0..10 {
    ///     pool.spawn(async {}).join().unwrap();
    /// }
    /// let waits = pool.metrics().wake_to_poll().unwrap();
    /// assert!(waits.quantile(0.5) <= waits.quantile(1.0));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        assert!((0.0..=1.0).contains(&q), "{q} is not between 0 and 1");
        let wanted = ((self.count() as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        let mut buckets = self.buckets();
        let found = buckets.find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        found.map(|(times, _)| times.end)
    }

    /// What was measured since an earlier look at the same pool or seat.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).poll_histogram_sampling(1).build().unwrap();
    /// pool.spawn(async {}).join().unwrap();
    /// let before = pool.metrics().poll_times().unwrap();
    /// pool.spawn(async {}).join().unwrap();
    /// let after = pool.metrics().poll_times().unwrap();
    /// assert_eq!(after.since(&before).count(), 1);
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.counts.iter().zip(&earlier.counts);
        Self {
            counts: counts
                .map(|(now, then)| now.saturating_sub(*then))
                .collect(),
            sum: self.sum.saturating_sub(earlier.sum),
        }
    }

    /// The times of both.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).poll_histogram_sampling(1).build().unwrap();
    /// pool.spawn(async {}).join().unwrap();
    /// let metrics = pool.metrics();
    /// let seats: Vec<_> = metrics.seats.iter().filter_map(|it| it.poll_times.clone()).collect();
    /// let all = seats.into_iter().reduce(|a, b| a.merge(&b)).unwrap();
    /// assert_eq!(Some(all), metrics.poll_times());
    /// ```
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        self
    }

    /// For each power of two (in nanoseconds) at which a bucket begins: how many times were
    /// shorter.
    pub(crate) fn powers(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        (FIRST..=LAST).map(|power| {
            let below = bucket_of(1 << power);
            let end = Duration::from_nanos(1 << power);
            (end, self.counts[..below].iter().sum())
        })
    }
}

impl fmt::Debug for Histogram {
    /// Only the buckets with something in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.buckets().filter(|(_, count)| *count > 0))
            .finish()
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_and_are_narrow() {
        assert_eq!(BUCKETS, 114);
        assert_eq!((bucket_of(0), bucket_of(u64::MAX)), (0, BUCKETS - 1));
        for bucket in 1..BUCKETS {
            let start = start_of(bucket);
            assert_eq!(
                (bucket_of(start - 1), bucket_of(start)),
                (bucket - 1, bucket)
            );
            if bucket + 1 < BUCKETS {
                let end = start_of(bucket + 1);
                assert!(4 * (end - start) <= start, "{start} to {end}");
            }
        }
        assert_eq!(start_of(1), 1 << FIRST);
        assert_eq!(start_of(BUCKETS - 1), 1 << LAST);
    }

    #[test]
    fn what_is_recorded_is_read() {
        let record = Record::new();
        assert_eq!(record.read(), Histogram::empty());
        assert_eq!(record.read().quantile(1.0), None);
        for micros in 1..=100 {
            record.add(micros * 1_000);
        }
        let before = record.read();
        assert_eq!(before.count(), 100);
        assert_eq!(before.sum(), Duration::from_micros(5050));
        for (q, micros) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
            let exact = Duration::from_micros(micros);
            let found = before.quantile(q).unwrap();
            assert!(found > exact && found <= exact * 5 / 4, "{q}: {found:?}");
        }
        record.add(3600 * 1_000_000_000);
        let after = record.read();
        assert_eq!(after.quantile(1.0), Some(Duration::MAX));
        let more = after.since(&before);
        assert_eq!((more.count(), more.sum()), (1, Duration::from_secs(3600)));
        assert_eq!(before.merge(&more), after);
        assert_eq!(after.powers().last().unwrap().1, 100);
    }
}
