//! Ticks at equal distances.

use super::sleep::{Sleep, sleep_until};
use super::{later, now};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Ticks with a period, the first one at once.
///
/// # Panics
///
/// Panics if the period is zero.
///
/// ```
/// use manyhands::time::{Duration, interval};
///
/// manyhands::block_on(async {
///     let mut ticks = interval(Duration::from_millis(1));
///     let first = ticks.tick().await;
///     let second = ticks.tick().await;
///     assert_eq!(second - first, Duration::from_millis(1));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(now(), period)
}

/// Ticks with a period, the first one at `start`.
///
/// # Panics
///
/// Panics if the period is zero.
///
/// ```
/// use manyhands::time::{Duration, Instant, interval_at};
///
/// manyhands::block_on(async {
///     let start = Instant::now() + Duration::from_millis(2);
///     let mut ticks = interval_at(start, Duration::from_millis(1));
///     assert_eq!(ticks.tick().await, start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        period > Duration::ZERO,
        "the period of an interval must not be zero"
    );
    Interval {
        sleep: sleep_until(start),
        period,
        missed: MissedTickBehavior::default(),
    }
}

/// The behaviour of an [`Interval`] that was not asked for ticks in time.
///
/// An example: the period is 10 ms, ticks are due at 0, 10, 20, ..., and the program asks for the
/// tick of 10 at 35.
///
/// | | the tick of 10 comes at | further ticks |
/// |---|---|---|
/// | `Burst` | 35 | those of 20 and 30 at once, then 40, 50, ... |
/// | `Delay` | 35 | 45, 55, ... |
/// | `Skip` | 35 | 40, 50, ... |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Catches up: missed ticks come at once.
    #[default]
    Burst,
    /// Counts the period from the late tick on.
    Delay,
    /// Leaves out missed ticks, and keeps to the original times.
    Skip,
}

/// A source of ticks, made by [`interval`] or [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick, and returns the time at which it was due. Dropping the future loses
    /// no tick.
    ///
    /// ```
    /// # use manyhands::time::{Duration, interval};
    /// # manyhands::block_on(async {
    /// let mut ticks = interval(Duration::from_millis(1));
    /// for _ in 0..3 {
    ///     ticks.tick().await;
    /// }
    /// # });
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|context| self.poll_tick(context)).await
    }

    /// Like [`tick`](Self::tick), for hand-written futures.
    ///
    /// ```
    /// # use manyhands::time::{Duration, interval};
    /// let mut ticks = interval(Duration::from_millis(1));
    /// manyhands::block_on(std::future::poll_fn(|context| ticks.poll_tick(context)));
    /// ```
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(context));
        let due = self.sleep.deadline();
        let now = now();
        let next = match self.missed {
            MissedTickBehavior::Delay if now.duration_since(due) > SLACK => later(now, self.period),
            MissedTickBehavior::Skip if now.duration_since(due) > SLACK => {
                later(now, self.period) - since_last(due, now, self.period)
            }
            _ => later(due, self.period),
        };
        Pin::new(&mut self.sleep).reset(next);
        Poll::Ready(due)
    }

    /// Sets the next tick to a period from now.
    ///
    /// ```
    /// # use manyhands::time::{Duration, Instant, interval};
    /// # manyhands::block_on(async {
    /// let mut ticks = interval(Duration::from_millis(1));
    /// let now = Instant::now();
    /// ticks.reset();
    /// assert!(ticks.tick().await >= now + Duration::from_millis(1));
    /// # });
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick come at once.
    ///
    /// ```
    /// # use manyhands::time::{Duration, Instant, interval_at};
    /// # manyhands::block_on(async {
    /// let hour = Duration::from_secs(3600);
    /// let mut ticks = interval_at(Instant::now() + hour, hour);
    /// ticks.reset_immediately();
    /// ticks.tick().await;
    /// # });
    /// ```
    pub fn reset_immediately(&mut self) {
        self.reset_at(now());
    }

    /// Sets the next tick to `after` from now.
    ///
    /// ```
    /// # use manyhands::time::{Duration, interval};
    /// # manyhands::block_on(async {
    /// let mut ticks = interval(Duration::from_secs(3600));
    /// ticks.tick().await;
    /// ticks.reset_after(Duration::from_millis(1));
    /// ticks.tick().await;
    /// # });
    /// ```
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(later(now(), after));
    }

    /// Sets the next tick to `deadline`.
    ///
    /// ```
    /// # use manyhands::time::{Duration, Instant, interval};
    /// # manyhands::block_on(async {
    /// let mut ticks = interval(Duration::from_secs(3600));
    /// ticks.reset_at(Instant::now() + Duration::from_millis(1));
    /// ticks.tick().await;
    /// # });
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        Pin::new(&mut self.sleep).reset(deadline);
    }

    /// The behaviour after missed ticks.
    ///
    /// ```
    /// # use manyhands::time::{Duration, MissedTickBehavior, interval};
    /// let ticks = interval(Duration::from_millis(1));
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
    /// ```
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets the behaviour after missed ticks.
    ///
    /// ```
    /// # use manyhands::time::{Duration, MissedTickBehavior, interval};
    /// let mut ticks = interval(Duration::from_millis(1));
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Skip);
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The period.
    ///
    /// ```
    /// # use manyhands::time::{Duration, interval};
    /// let second = Duration::from_secs(1);
    /// assert_eq!(interval(second).period(), second);
    /// ```
    pub fn period(&self) -> Duration {
        self.period
    }
}

/// The time by which a tick may be late without having been missed: timers are never exact.
const SLACK: Duration = Duration::from_millis(5);

/// The time since the last of the ticks `due`, `due + period`, ...
fn since_last(due: Instant, now: Instant, period: Duration) -> Duration {
    let nanos = now.duration_since(due).as_nanos() % period.as_nanos();
    // The remainder is less than the time between two instants.
    Duration::new(
        u64::try_from(nanos / 1_000_000_000).unwrap_or(0),
        (nanos % 1_000_000_000) as u32,
    )
}
