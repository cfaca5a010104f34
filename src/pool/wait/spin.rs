//! Looking around for a moment before a sleep.

use crate::pool::registry::Registry;
use crate::sync::{hint, thread};
use crate::util::clock;
use std::time::{Duration, Instant};

/// How long a thread looks around before it sleeps, if cores are free. The thief of a loop's half
/// looks up about every 5 µs, so that it has answered by then.
const SPIN: Duration = Duration::from_micros(20);

/// A bounded spin, by time. None if cores are scarce.
pub(in crate::pool) struct Spin {
    until: Option<Instant>,
}

impl Spin {
    pub(in crate::pool) fn new(registry: &Registry) -> Self {
        Self {
            until: registry.may_spin().then(|| clock::now() + SPIN),
        }
    }

    /// Spins for 16 hints, the time between two looks at one latch. `false`: the time has passed.
    pub(in crate::pool) fn again(&self) -> bool {
        self.rest(16)
    }

    /// Spins for 64 hints, about a microsecond: a look at everything takes cache lines away from
    /// threads that work. `false`: the time has passed.
    pub(in crate::pool) fn again_slowly(&self) -> bool {
        self.rest(64)
    }

    /// As [`again_slowly`](Self::again_slowly), but offers the core to a thread that has none: one
    /// outside the pool may be about to hand over the next job.
    pub(in crate::pool) fn again_politely(&self) -> bool {
        if self.until.is_some() {
            thread::yield_now();
        }
        self.rest(32)
    }

    fn rest(&self, hints: u32) -> bool {
        let Some(until) = self.until else {
            return false;
        };
        for _ in 0..hints {
            hint::spin_loop();
        }
        clock::now() < until
    }
}
