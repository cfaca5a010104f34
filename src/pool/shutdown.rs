//! How a pool ends. A protocol, not a method:
//!
//! * C1: `closed` is set. From now on a task that is run is cancelled instead of polled.
//! * C2: every unfinished task is cancelled: those that nobody runs lose their future here and now
//!   (jobs of theirs that are still queued become stale, and only free memory when run); running
//!   ones at the end of their poll. Tasks that are spawned later are cancelled at once.
//! * C3: every sleeper is woken. A worker that finds nothing to do now ends, instead of sleeping.
//!   What somebody waits for with borrowed data (join halves, scope jobs, `install`) is still run.
//!   Then all timers end: whoever waits for one elsewhere looks again, and finds the pool over.
//! * C4: the last worker to end runs what is left in the injector; whoever pushes after that finds
//!   no thread alive, and runs what it pushed itself. A fence on both sides makes sure that one of
//!   the two sees the other (`Threads::leave`, `Registry::drain_if_over`).
//!
//! Nothing here waits, except [`Registry::wait_until_over`]. So a pool can be dropped from its own
//! worker. Wakers hold the registry's memory, not its threads.

use super::registry::Registry;
use std::time::Instant;

impl Registry {
    /// Steps C1 to C3. Later calls do nothing, and so do those of a forked child, which has none of
    /// the pool's threads, and perhaps copies of locks that somebody held.
    pub(crate) fn shut_down(&self) {
        if self.is_forked() || !self.close() {
            return;
        }
        self.owned().close_and_cancel_all();
        self.blocking.close();
        self.bench.close();
        self.rescue.close();
        self.sleep.wake_all();
        self.timers().fire_all();
        self.drain_if_over();
    }

    /// Blocks until every thread of the pool has ended. `false`: not in time.
    pub(crate) fn wait_until_over(&self, deadline: Option<Instant>) -> bool {
        self.check_process();
        self.threads.wait_until_ended(deadline)
    }
}
