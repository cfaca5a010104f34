//! The clock of a pool in builds in which it cannot be paused.

use crate::util::clock;
use std::time::Instant;

/// The time of the system, or of a simulation.
#[derive(Debug)]
pub(crate) struct Clock;

impl Clock {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(super) fn now(&self) -> Instant {
        clock::now()
    }

    #[inline(always)]
    pub(super) fn by_system(&self, instant: Instant) -> Instant {
        instant
    }

    #[inline(always)]
    pub(super) fn is_paused(&self) -> bool {
        false
    }
}
