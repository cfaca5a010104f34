//! What the occupant of a seat is doing, as others see it.
//!
//! The occupant writes one word with relaxed stores; nobody else writes it. Where the word must be
//! ordered against the queues, callers put a fence (`rescue.R2`).

use super::{Occupant, Seat};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::trace::{self, Span};
use crate::util::coarse;

/// What the occupant of a seat is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// It holds no permit: it sleeps, waits, blocks, or is not there.
    Away = 0,
    /// It looks for something to do, or polls a future that has not begun to compute.
    Polling = 1,
    /// It runs something that may take long.
    Computing = 2,
    /// It polls futures without a permit.
    Overcommitted = 3,
}

/// What the occupant did before it began to run tasks of the reactor (`errand.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// It looked after events in between two jobs, or waited without a permit.
    OfPoll,
    /// It slept, and was not woken.
    FromSleep,
    /// It was woken from its sleep, and would search now.
    OfWoken,
    /// It was at the post.
    FromPost,
}

/// A [`Mode`], and how often the occupant has begun to poll, or to look for something to do, after
/// another mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase(u64);

impl Phase {
    #[inline]
    pub(crate) fn mode(self) -> Mode {
        match self.0 & 3 {
            0 => Mode::Away,
            1 => Mode::Polling,
            2 => Mode::Computing,
            _ => Mode::Overcommitted,
        }
    }

    fn next(self, mode: Mode) -> Self {
        let returns = self.0 >> 2;
        let returns = match mode {
            Mode::Polling => returns.wrapping_add(1),
            _ => returns,
        };
        Self(returns << 2 | mode as u64)
    }
}

/// The phase of one seat.
#[derive(Debug)]
pub(super) struct PhaseWord(AtomicU64);

impl PhaseWord {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}

/// How far an occupant has come: two looks that see the same have seen the same poll or
/// computation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    phase: u64,
    jobs: u64,
}

impl Progress {
    #[inline]
    pub(crate) fn mode(self) -> Mode {
        Phase(self.phase).mode()
    }

    /// The number of times that the occupant has come back to its queues since it had come as far
    /// as `before`.
    pub(crate) fn returns_since(self, before: Self) -> u64 {
        let jobs = self.jobs.wrapping_sub(before.jobs);
        jobs.max(u64::from(self != before))
    }
}

impl Seat {
    /// How far the occupant has come. To others a snapshot.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            phase: self.phase().0,
            jobs: self.counters().jobs(),
        }
    }

    /// What the occupant is doing. To others a snapshot.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        // Ordering: Relaxed, as in `Occupant::show_mode`.
        Phase(self.phase.0.load(Ordering::Relaxed))
    }

    /// The mode of [`phase`](Self::phase).
    #[inline]
    pub(crate) fn mode(&self) -> Mode {
        self.phase().mode()
    }
}

impl Occupant<'_> {
    /// What the occupant does from now on.
    pub(crate) fn set_mode(self, mode: Mode) {
        let before = self.mode();
        self.show_mode(mode);
        if before == Mode::Computing {
            self.counters().end_computing();
        }
        // Not for guests: two looks at the clock would be a third of what a call from outside
        // costs.
        if mode == Mode::Computing && !self.is_guest() {
            self.counters().begin_computing();
        }
    }

    /// The errand that the occupant has begun, if any, and that it ends by this.
    pub(crate) fn take_errand(self) -> Option<Errand> {
        self.desk().errand.take()
    }

    /// The occupant, which did this before, runs tasks of the reactor from now on.
    pub(crate) fn set_errand(self, errand: Errand) {
        self.desk().errand.set(Some(errand));
    }

    /// The occupant, as the driver, goes to sleep in the system's reactor, or comes back.
    pub(crate) fn set_driving(self, driving: bool) {
        self.desk().driving.set(driving);
    }

    /// Is the occupant called back from a sleep in a reactor just now, by a waker that the reactor
    /// calls on this thread?
    #[inline]
    pub(crate) fn is_driving(self) -> bool {
        cfg!(any(feature = "async-io", feature = "tokio", manyhands_loom))
            && self.desk().driving.get()
    }

    /// As [`set_mode`](Self::set_mode), by a guest, whose time is not taken.
    #[inline]
    pub(crate) fn show_mode(self, mode: Mode) {
        let phase = self.phase().next(mode);
        // Ordering: Relaxed; where it must be ordered against the queues, callers put a fence
        // (`rescue.R2`).
        self.seat().phase.0.store(phase.0, Ordering::Relaxed);
    }

    /// The occupant is back at its queues, and looks for its next job.
    #[inline]
    pub(crate) fn return_to_queues(self) {
        let computed = self.mode() != Mode::Polling;
        self.desk().last_computed.set(computed);
        if computed {
            coarse::expire();
            self.set_mode(Mode::Polling);
            trace::end(Span::Compute);
        }
    }

    /// Has the last job computed? Then the next one is likely to, and the thread takes no more
    /// tasks than it can begin with: the others would wait behind the first.
    #[inline]
    pub(crate) fn last_computed(self) -> bool {
        self.desk().last_computed.get()
    }

    /// A computation begins: it is counted, and shown in the timeline.
    pub(crate) fn note_computation(self) {
        self.counters().count_computation();
        trace::begin(Span::Compute);
    }
}
