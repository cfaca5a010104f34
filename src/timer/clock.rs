//! The clock of one pool, which a program may pause, set forward and resume (feature
//! `test-util`; `off.rs` stands in for it elsewhere).
//!
//! The clock is behind a lock. Whoever holds that ([`Still`]) holds off every look at the clock:
//! `pool::rest` does while it finds out whether anything is left to do, and sets the clock forward
//! if not. So a thread that begins to work meanwhile sees the new time only.

use crate::sync::{Mutex, MutexGuard, lock};
use crate::util::clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Was any clock of this process ever paused? Until then all show the time of the system. (Not a
/// modelled atomic: a model that pauses a clock does so first.)
static ANY_PAUSED: AtomicBool = AtomicBool::new(false);

/// What a clock shows.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The time of the system, or of a simulation.
    Real,
    /// Always this.
    Paused(Instant),
    /// It was resumed: it showed `at` when it was `since` by the system's clock.
    Shifted { at: Instant, since: Instant },
}

impl State {
    fn now(self) -> Instant {
        match self {
            Self::Real => clock::now(),
            Self::Paused(at) => at,
            Self::Shifted { at, since } => later(at, clock::since(since)),
        }
    }
}

/// The clock of one pool.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<State>,
    /// Was it ever paused?
    was_paused: AtomicBool,
    /// Is it paused? Written under the lock of the state, and under that of the wheel, whose
    /// ticks are of another length then.
    is_paused: AtomicBool,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::Real),
            was_paused: AtomicBool::new(false),
            is_paused: AtomicBool::new(false),
        }
    }

    /// The present instant by this clock.
    #[inline]
    pub(super) fn now(&self) -> Instant {
        // Ordering: Relaxed; whoever must know that the clock was paused has heard of that from
        // the thread that did it.
        match self.was_paused.load(Ordering::Relaxed) {
            false => clock::now(),
            true => lock(&self.state).now(),
        }
    }

    /// Is the clock paused? A hint, but under one of the two locks.
    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        // Ordering: Relaxed, as in `now`. A driver that has missed it is told to look again.
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Pauses the clock, and calls `change`, which says when others may know that. `false`: it is
    /// paused already.
    pub(super) fn pause(&self, change: impl FnOnce(&dyn Fn())) -> bool {
        let mut state = lock(&self.state);
        if self.is_paused() {
            return false;
        }
        // Ordering: Relaxed, as in `now`.
        ANY_PAUSED.store(true, Ordering::Relaxed);
        self.was_paused.store(true, Ordering::Relaxed);
        let now = state.now();
        *state = State::Paused(now);
        change(&|| self.is_paused.store(true, Ordering::Relaxed));
        true
    }

    /// The clock goes on from what it shows. Calls `change`, as above. `false`: it is not paused.
    pub(super) fn resume(&self, change: impl FnOnce(&dyn Fn())) -> bool {
        let mut state = lock(&self.state);
        let State::Paused(at) = *state else {
            return false;
        };
        let since = clock::now();
        *state = State::Shifted { at, since };
        // Ordering: Relaxed, as in `now`.
        change(&|| self.is_paused.store(false, Ordering::Relaxed));
        true
    }

    /// When it is `instant` by the clock of the system, if the clock is not paused.
    pub(super) fn by_system(&self, instant: Instant) -> Instant {
        // Ordering: Relaxed, as in `now`.
        if !self.was_paused.load(Ordering::Relaxed) {
            return instant;
        }
        match *lock(&self.state) {
            State::Shifted { at, since } => later(since, instant.saturating_duration_since(at)),
            _ => instant,
        }
    }

    /// Holds off all who look at the clock, if it is paused.
    pub(super) fn hold(&self) -> Option<Still<'_>> {
        let state = lock(&self.state);
        match *state {
            State::Paused(at) => Some(Still { state, at }),
            _ => None,
        }
    }
}

/// A paused clock at which nobody can look, until this is dropped.
#[must_use]
#[derive(Debug)]
pub(crate) struct Still<'a> {
    state: MutexGuard<'a, State>,
    at: Instant,
}

impl Still<'_> {
    /// Sets the clock forward, never back.
    pub(super) fn set(mut self, to: Instant) {
        *self.state = State::Paused(to.max(self.at));
    }

    /// Sets the clock forward by a time. The caller calls the wakers of what has expired.
    pub(crate) fn advance(self, time: Duration) {
        let to = later(self.at, time);
        self.set(to);
    }
}

/// The instant `at + time`. One that the system cannot express is replaced by `at`.
fn later(at: Instant, time: Duration) -> Instant {
    at.checked_add(time).unwrap_or(at)
}

/// May the clock of a pool show another time than that of the system? If not, nobody need ask
/// which pool it is.
#[inline]
pub(crate) fn may_differ() -> bool {
    // Ordering: Relaxed, as in `Clock::now`.
    ANY_PAUSED.load(Ordering::Relaxed)
}
