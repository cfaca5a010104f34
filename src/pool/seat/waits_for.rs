//! What the occupant of a seat waits for, shown to people. One thing depends on it: an owner that
//! blocks by its own word may fork without a permit (`Seat::may_hide_jobs`).

use super::{Mode, Occupant, Seat};
use crate::job::{NO_SEAT, SeatIndex};
use crate::sync::atomic::{AtomicU64, Ordering};
use std::fmt;

/// What the occupant of a seat waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Nothing,
    /// The second half of a join or a piece of a loop, and the seat that runs it, if it has begun.
    Half(Option<SeatIndex>),
    Scope,
    /// `block_on`, or the handle of a task.
    Future,
    /// What other threads of the pool were asked to do: a broadcast, a limited `install`.
    Others,
    /// What another pool was asked to do.
    Pool,
    /// User code in `block_in_place`.
    Blocking,
}

/// A [`Wait`] that other threads can look at.
#[derive(Debug)]
pub(crate) struct WaitWord(AtomicU64);

impl WaitWord {
    const KIND: u32 = 32;

    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Replaces the word's value by the occupant's; returns the one before.
    fn set(&self, wait: Wait) -> Wait {
        let (kind, seat) = match wait {
            Wait::Nothing => (0, 0),
            Wait::Half(thief) => (1, thief.unwrap_or(NO_SEAT)),
            Wait::Scope => (2, 0),
            Wait::Future => (3, 0),
            Wait::Others => (4, 0),
            Wait::Pool => (5, 0),
            Wait::Blocking => (6, 0),
        };
        let before = self.get();
        let word = kind << Self::KIND | u64::from(seat);
        // Ordering: Relaxed; people look at it, and thieves (`Seat::may_hide_jobs`). Where a permit
        // is given up, the fence in `Sleep::release` stands between this and the first fork.
        self.0.store(word, Ordering::Relaxed);
        before
    }

    pub(crate) fn get(&self) -> Wait {
        // Ordering: Relaxed, as above.
        let word = self.0.load(Ordering::Relaxed);
        let seat = word as SeatIndex;
        match word >> Self::KIND {
            0 => Wait::Nothing,
            1 => Wait::Half((seat != NO_SEAT).then_some(seat)),
            2 => Wait::Scope,
            3 => Wait::Future,
            4 => Wait::Others,
            5 => Wait::Pool,
            _ => Wait::Blocking,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "waits for nothing",
            Self::Half(Some(thief)) => return write!(f, "waits for a half that seat {thief} runs"),
            Self::Half(None) => "waits for a half that another seat has taken",
            Self::Scope => "waits for the jobs of a scope",
            Self::Future => "waits for a future",
            Self::Others => "waits for other threads",
            Self::Pool => "waits for another pool",
            Self::Blocking => "blocks",
        })
    }
}

/// The seat shows what its occupant waits for, until this is dropped.
#[must_use]
pub(crate) struct Shown<'a> {
    me: Occupant<'a>,
    before: Wait,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(me: Occupant<'a>, wait: Wait) -> Self {
        let before = me.waits_for.set(wait);
        Self { me, before }
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.me.waits_for.set(self.before);
    }
}

impl fmt::Debug for Seat {
    /// For people who look at a pool that does not move: who waits for whom. A wait is shown while
    /// its thread holds no permit, not while it runs something on top.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only what any thread may read.
        let wait = self.waits_for.get();
        let doing: &dyn fmt::Display = match self.mode() {
            Mode::Polling => &"looks for work, or polls",
            Mode::Computing => &"computes",
            Mode::Overcommitted => &"polls without a permit",
            Mode::Away if wait != Wait::Nothing => &wait,
            Mode::Away if self.counters.is_parked() => &"sleeps",
            Mode::Away => &"is empty",
        };
        f.debug_struct("Seat")
            .field("index", &self.index)
            .field("doing", &format_args!("{doing}"))
            .field("asked", &self.offer().is_asked())
            .field("jobs", &self.offer().has_public())
            .field("tasks", &self.tasks.are_there())
            .field("mail", &self.mail.has_letters())
            .finish_non_exhaustive()
    }
}
