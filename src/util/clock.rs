//! A cheap stopwatch, for guesses about how long a block takes.
//!
//! On x86-64 it reads the time stamp counter, for a third of what the system's clock costs (12 ns
//! instead of 32 in a virtual machine). Its readings choose block lengths; nothing that must be
//! right depends on them. If a processor's counter stands still, jumps or differs from core to
//! core, loops split worse, and nothing else happens. The same ticks stamp what people look at:
//! times of computations, ages of tasks, events of a trace.

use crate::sim;
use crate::sync::OnceLock;
use std::time::{Duration, Instant};

/// The present instant; in a simulation, the virtual one.
#[inline]
pub(crate) fn now() -> Instant {
    match sim::now() {
        Some(now) => now,
        None => Instant::now(),
    }
}

/// Does this target have no clock? std's panics there.
const NO_CLOCK: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));

/// As [`now`]; `None` where the target has no clock.
#[inline]
pub(crate) fn try_now() -> Option<Instant> {
    (!NO_CLOCK).then(now)
}

/// A point in time for measures inside the pool, which a target without a clock has, too.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) type Moment = Instant;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) type Moment = Duration;

/// The present moment. Without a clock it is always the same.
#[inline]
pub(crate) fn moment() -> Moment {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    return now();
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    Duration::ZERO
}

/// The time since `start`, which came from [`moment`].
#[inline]
pub(crate) fn after(start: Moment) -> Duration {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    return since(start);
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    start
}

/// The time since `start`, which came from [`now`].
#[inline]
pub(crate) fn since(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}

/// A stamp of the cheap clock, never 0. Stamps of one process can be subtracted.
#[inline]
pub(crate) fn ticks() -> u64 {
    match sim::nanos() {
        Some(nanos) => nanos.max(1),
        None => stamp(read()).max(1),
    }
}

/// The duration of `ticks` ticks. The clock is compared with the system's over the time since the
/// first call, so later answers are more exact.
pub(crate) fn duration(ticks: u64) -> Duration {
    Duration::from_nanos((ticks as f64 * ns_per_tick()) as u64)
}

/// Both clocks at one moment.
static ANCHOR: OnceLock<(Instant, u64)> = OnceLock::new();

/// Starts the comparison of the clocks, so that [`duration`] is exact when it is needed.
pub(crate) fn start() {
    if !NO_CLOCK {
        ANCHOR.get_or_init(|| (Instant::now(), ticks()));
    }
}

/// The length of a tick, as exact as [`duration`].
pub(crate) fn ns_per_tick() -> f64 {
    if NO_CLOCK || sim::is_on() {
        return 1.0;
    }
    const LONG_ENOUGH: Duration = Duration::from_millis(1);
    start();
    if let Some((instant, before)) = ANCHOR.get() {
        let (time, ticks) = (instant.elapsed(), ticks().saturating_sub(*before));
        if time >= LONG_ENOUGH && ticks > 0 {
            return time.as_nanos() as f64 / ticks as f64;
        }
    }
    short_measure()
}

/// A stopwatch that measures laps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Either);

/// A reading of the processor's clock, or of a simulation's, in nanoseconds.
#[cfg(feature = "sim")]
#[derive(Clone, Copy, Debug)]
enum Either {
    Real(Reading),
    Virtual(u64),
}

/// A reading of the processor's clock.
#[cfg(not(feature = "sim"))]
type Either = Reading;

#[cfg(feature = "sim")]
#[inline]
fn read_either() -> Either {
    match sim::nanos() {
        Some(nanos) => Either::Virtual(nanos),
        None => Either::Real(read()),
    }
}

#[cfg(not(feature = "sim"))]
#[inline]
fn read_either() -> Either {
    read()
}

#[cfg(feature = "sim")]
#[inline]
fn between_either(start: Either, end: Either) -> f64 {
    match (start, end) {
        (Either::Real(start), Either::Real(end)) => between(start, end),
        (Either::Virtual(start), Either::Virtual(end)) => end.saturating_sub(start) as f64,
        // The thread has entered or left a simulation meanwhile.
        _ => 0.0,
    }
}

#[cfg(not(feature = "sim"))]
#[inline]
fn between_either(start: Either, end: Either) -> f64 {
    between(start, end)
}

impl Clock {
    #[inline]
    pub(crate) fn start() -> Self {
        Self(read_either())
    }

    /// About how many nanoseconds have passed since the start or the last lap. The lap goes on.
    #[inline]
    pub(crate) fn peek(&self) -> f64 {
        between_either(self.0, read_either())
    }

    /// Like [`peek`](Self::peek), and begins the next lap.
    #[inline]
    pub(crate) fn lap(&mut self) -> f64 {
        let now = read_either();
        let lap = between_either(self.0, now);
        self.0 = now;
        lap
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use self::still::{Reading, between, read, short_measure, stamp};
#[cfg(not(any(
    all(target_arch = "x86_64", not(miri)),
    all(target_family = "wasm", target_os = "unknown")
)))]
use self::system::{Reading, between, read, short_measure, stamp};
#[cfg(all(target_arch = "x86_64", not(miri)))]
use self::ticks::{Reading, between, read, short_measure, stamp};

/// A clock that stands still.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod still {
    pub(super) type Reading = ();

    pub(super) fn read() {}

    pub(super) fn between(_start: (), _end: ()) -> f64 {
        0.0
    }

    pub(super) fn stamp(_reading: ()) -> u64 {
        0
    }

    pub(super) fn short_measure() -> f64 {
        1.0
    }
}

#[cfg_attr(
    any(
        all(target_arch = "x86_64", not(miri)),
        all(target_family = "wasm", target_os = "unknown")
    ),
    allow(dead_code)
)]
mod system {
    use super::{Instant, OnceLock};

    pub(super) type Reading = Instant;

    pub(super) fn read() -> Instant {
        Instant::now()
    }

    pub(super) fn between(start: Instant, end: Instant) -> f64 {
        end.saturating_duration_since(start).as_secs_f64() * 1e9
    }

    /// Nanoseconds since the first call.
    pub(super) fn stamp(reading: Instant) -> u64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let first = *FIRST.get_or_init(|| reading);
        reading.saturating_duration_since(first).as_nanos() as u64
    }

    pub(super) fn short_measure() -> f64 {
        1.0
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod ticks {
    use super::{Duration, Instant, OnceLock};

    pub(super) type Reading = u64;

    #[inline]
    pub(super) fn read() -> u64 {
        // SAFETY: every x86-64 processor has the counter. (An operating system may forbid reading
        // it; none that Rust's std supports does.)
        unsafe { std::arch::x86_64::_rdtsc() }
    }

    #[inline]
    pub(super) fn between(start: u64, end: u64) -> f64 {
        end.saturating_sub(start) as f64 * *NS_PER_TICK.get_or_init(measure)
    }

    #[inline]
    pub(super) fn stamp(reading: u64) -> u64 {
        reading
    }

    pub(super) fn short_measure() -> f64 {
        *NS_PER_TICK.get_or_init(measure)
    }

    static NS_PER_TICK: OnceLock<f64> = OnceLock::new();

    /// Measures the length of a tick. Takes some microseconds, once in a process.
    #[cold]
    fn measure() -> f64 {
        const LONG_ENOUGH: Duration = Duration::from_micros(20);
        // A thread may lose its core in the middle of a measurement, which makes it longer, but not
        // wrong: both clocks go on.
        let (start, ticks) = (Instant::now(), read());
        loop {
            let (time, ticks) = (start.elapsed(), read().saturating_sub(ticks));
            if time >= LONG_ENOUGH {
                return time.as_secs_f64() * 1e9 / ticks.max(1) as f64;
            }
        }
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::Clock;
    use std::time::{Duration, Instant};

    /// Holds even on busy machines: the bounds are so wide that only a wrong unit would miss them.
    #[test]
    fn laps_are_nanoseconds() {
        let start = Instant::now();
        let mut clock = Clock::start();
        while start.elapsed() < Duration::from_millis(5) {}
        let lap = clock.lap();
        let most = start.elapsed().as_secs_f64() * 1e9;
        assert!(lap > 1e6 && lap < 5.0 * most, "{lap} ns within {most} ns");
    }
}
