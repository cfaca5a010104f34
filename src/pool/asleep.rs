//! A thread of the pool with a seat is about to sleep because it has nothing to do.

use super::hooks;
use super::seat::{Mode, Occupant, Parked};
use std::time::Duration;

/// Hooks are told, the time is counted, and others see the seat as away, until [`end`](Self::end).
/// Dropped, it leaves the seat away.
#[must_use]
pub(super) struct Asleep<'a> {
    me: Occupant<'a>,
    /// Before `_hook`: the time ends before the hook is called.
    parked: Parked<'a>,
    _hook: hooks::Unpark<'a>,
}

impl<'a> Asleep<'a> {
    pub(super) fn begin(me: Occupant<'a>) -> Self {
        let hook = me.registry().hooks.asleep();
        let parked = me.seat().counters().parked();
        me.set_mode(Mode::Away);
        Self {
            me,
            parked,
            _hook: hook,
        }
    }

    /// The thread is awake, and looks for something to do. Returns how long it has slept.
    pub(super) fn end(self) -> Duration {
        self.me.set_mode(Mode::Polling);
        self.parked.end()
    }
}
