//! Virtual time: the clock of a pool is paused, set forward, and goes on.

use super::Instant;
use crate::entry::current::{current_registry, own_registry};
use crate::entry::global;
use crate::pool::timers;
use crate::task;
use crate::timer;
use std::time::Duration;

/// Pauses the clock of the current pool: [`now`](super::now) shows the same instant from now on
/// (feature `test-util`).
///
/// *Auto-advance*: when no thread of the pool has anything left to do, the clock jumps to the
/// deadline of the next timer. So a test that sleeps for an hour takes no time, and its timers
/// expire in the order of their deadlines, exactly. The pool has nothing left to do when
///
/// * no task is ready, no thread polls, computes or searches, on any number of threads;
/// * every [`block_on`](crate::block_on) waits, and was not woken;
/// * no closure of [`spawn_blocking`](crate::spawn_blocking) waits for a thread or runs, and
///   nothing runs in [`block_in_place`](crate::block_in_place), except in a `block_on` that waits.
///
/// Only the current pool's clock is paused: that of the pool which this thread works for, else of
/// the default pool. The pool does not know what other pools, other threads and the system are
/// about to do, so the clock does not wait for them. [`Instant::now`] is the real time always.
///
/// As in tokio, whose function works in a runtime with one thread only. To begin with a paused
/// clock, use [`PoolBuilder::start_paused`](crate::PoolBuilder::start_paused).
///
/// # Cost
///
/// To pause and to resume take time in proportion to the number of timers. Each jump is a look at
/// all seats of the pool, some microseconds.
///
/// # Panics
///
/// If the clock is paused already.
///
/// ```
/// use manyhands::time::{self, Duration};
///
/// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
/// pool.block_on(async {
///     time::pause();
///     let start = time::now();
///     time::sleep(Duration::from_secs(3600)).await;
///     assert_eq!(time::now() - start, Duration::from_secs(3600));
/// });
/// ```
#[track_caller]
pub fn pause() {
    let paused = timers::pause(&current_registry());
    assert!(paused, "the clock of this pool is paused already");
}

/// The clock of the current pool goes on, from what it shows (feature `test-util`).
///
/// Timers keep their deadlines, by this clock: one that was to expire in a second will do so in a
/// second of real time.
///
/// # Panics
///
/// If the clock is not paused.
///
/// ```
/// use manyhands::time::{self, Duration};
///
/// let pool = manyhands::Pool::builder().num_threads(1).start_paused(true).build().unwrap();
/// pool.block_on(async {
///     let start = time::now();
///     time::sleep(Duration::from_secs(3600)).await;
///     time::resume();
///     time::sleep(Duration::from_millis(2)).await;
///     assert!(time::now() - start >= Duration::from_millis(3_600_002));
/// });
/// ```
#[track_caller]
pub fn resume() {
    let resumed = timers::resume(&current_registry());
    assert!(resumed, "the clock of this pool is not paused");
}

/// Sets the paused clock of the current pool forward, and gives way to other tasks once (feature
/// `test-util`).
///
/// The clock makes one step. All timers whose deadline is passed by it expire in the order of their
/// deadlines, but their tasks see the same time. The step is made whatever other tasks do at the
/// moment. Those that are woken have not necessarily been polled when the future is ready: await
/// them, or what they send. To see tasks at each of their deadlines, [`sleep`](super::sleep()) for
/// that time instead: the clock stops at every timer on the way.
///
/// # Panics
///
/// If the clock is not paused when the future is first polled.
///
/// ```
/// use manyhands::time::{self, Duration};
///
/// let pool = manyhands::Pool::builder().num_threads(2).start_paused(true).build().unwrap();
/// pool.block_on(async {
///     let start = time::now();
///     let nap = manyhands::spawn(time::sleep(Duration::from_secs(60)));
///     time::advance(Duration::from_secs(90)).await;
///     assert_eq!(time::now() - start, Duration::from_secs(90));
///     // It begins with its first poll, which may come after the step.
///     nap.await.unwrap();
/// });
/// ```
pub async fn advance(duration: Duration) {
    let advanced = timers::advance(&current_registry(), duration);
    assert!(advanced, "the clock of this pool is not paused");
    task::yield_now().await;
}

/// The present instant by the clock of the current pool, if that may differ from the usual one.
pub(super) fn pool_now() -> Option<Instant> {
    if !timer::may_differ() {
        return None;
    }
    let own = own_registry();
    let registry = own.as_ref().or_else(|| global::existing())?;
    Some(registry.timers().present())
}
