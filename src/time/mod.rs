//! Timers: sleeping, timeouts and intervals in async code.
//!
//! Names and behaviour are those of `tokio::time`; [`Instant`] is that of the standard library.
//!
//! There is no timer thread: the next thread of the pool that parks sleeps only until the next
//! timer. A timer costs no allocation except its share of the pool's table, some 40 bytes. Starting
//! and dropping one takes a short lock each, however many timers there are.
//!
//! A timer expires at its deadline or up to 66 µs later (the length of a tick), plus the time that
//! it takes to wake a thread. No thread is woken for timers twice within a millisecond, so timers
//! in quick succession may be late by that. While all threads compute, one more thread waits for
//! the clock (see the book's chapter "Timers and sockets").
//!
//! A timer belongs to the pool of the thread that first polls it, else to the default pool. It may
//! be polled anywhere, even by other executors.
//!
//! ```
//! use manyhands::time::{self, Duration, Instant};
//!
//! manyhands::block_on(async {
//!     let start = Instant::now();
//!     time::sleep(Duration::from_millis(2)).await;
//!     assert!(start.elapsed() >= Duration::from_millis(2));
//! });
//! ```

mod interval;
mod sleep;
#[cfg(feature = "test-util")]
mod test_util;
mod timeout;

pub use self::interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use self::sleep::{Sleep, sleep, sleep_until};
#[cfg(feature = "test-util")]
pub use self::test_util::{advance, pause, resume};
pub use self::timeout::{Timeout, timeout, timeout_at};
pub use std::time::{Duration, Instant};

/// The present instant, by the clock of timers: that of [`Instant::now`], except where time is
/// virtual. That is so in a simulation (`manyhands::sim`, feature `sim`), and in a pool whose clock
/// was paused (`pause`, feature `test-util`): then it is the current pool's, else the default
/// pool's.
///
/// ```
/// use manyhands::time;
///
/// let start = time::now();
/// assert!(time::now() >= start);
/// ```
pub fn now() -> Instant {
    #[cfg(feature = "test-util")]
    if let Some(now) = self::test_util::pool_now() {
        return now;
    }
    crate::util::clock::now()
}

/// The errors of timers.
pub mod error {
    pub use super::timeout::Elapsed;
}

/// The instant `at + duration`. An instant that the clock cannot express is replaced by one 30
/// years away.
fn later(at: Instant, duration: Duration) -> Instant {
    const LONG: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    at.checked_add(duration)
        .or_else(|| at.checked_add(LONG))
        .unwrap_or(at)
}
