//! How a pool ends. A protocol, not a method:
//!
//! * `shutdown.C1`: `closed` is set. From now on a task that is run is cancelled instead of polled.
//! * `shutdown.C2`: every unfinished task is cancelled: those that nobody runs lose their future
//!   here and now (jobs of theirs that are still queued become stale, and only free memory when
//!   run); running ones at the end of their poll. Tasks that are spawned later are cancelled at
//!   once.
//! * `shutdown.C3`: every sleeper is woken. A worker that finds nothing to do now ends, instead of
//!   sleeping. What is waited for with borrowed data (join halves, scope jobs, `install`) is still
//!   run. Then all timers are fired: a thread that waits for one elsewhere looks again, and finds
//!   the pool closed.
//! * `shutdown.C4`: the last thread to leave a seat of its own (threads for blocking closures have
//!   none, run nothing else, and may take long) runs what is left in the injectors; a thread that
//!   pushes after that finds no such thread, and runs what it pushed itself. A fence on both sides
//!   makes sure that one of the two sees the other (`Threads::leave_seated`,
//!   `publish::drain_if_last`). What needs a seat then finds a guest's, or that of a worker that
//!   has left it (`guest::here`).
//!
//! * `shutdown.C5`: who waits for the end waits for every thread that was counted, and joins those
//!   that the pool made (`threads/roster.rs`). A thread of the pool does not wait: it would wait
//!   for itself.
//!
//! Nothing here waits, except [`wait_until_ended`]. So a pool can be dropped from its own worker.
//! Wakers hold the registry's memory, not its threads.

use super::registry::Registry;
use super::{publish, seat, wait};
use std::time::Instant;

/// Steps C1 to C3. Later calls do nothing, and so do those of a forked child, which has none of
/// the pool's threads, and perhaps copies of locks that a thread of the parent held.
pub(crate) fn begin(registry: &Registry) {
    if registry.is_forked() || !registry.close() {
        return;
    }
    registry.owned().close_and_cancel_all();
    registry.blocking.close();
    registry.bench.close();
    registry.rescue.close();
    registry.sleep.wake_all();
    registry.timers().fire_all();
    publish::drain_if_last(registry);
}

/// Step C5: blocks until every thread of the pool has ended and is gone. `false`: not in time; or
/// the calling thread would wait for itself, being one of them (perhaps at its very end), or in a
/// call into the pool. A thread of another pool lends its core meanwhile.
pub(crate) fn wait_until_ended(registry: &Registry, deadline: Option<Instant>) -> bool {
    registry.check_process();
    if registry.threads.has_caller() {
        return false;
    }
    let wait = || loop {
        if !registry.threads.wait_until_ended(deadline) {
            return false;
        }
        if registry.bench.threads().0 == 0 {
            return true;
        }
        // A spare thread was called before the end began, and is just being made.
        crate::sync::thread::yield_now();
    };
    match seat::try_current() {
        Some(me) if registry.owns(&me) => false,
        Some(me) => wait::while_blocking(me, wait),
        None => wait(),
    }
}
