//! What the thread at the post remembers from one look to the next.

use super::policy::SELDOM;
use crate::pool::seat::{Mode, Phase, Seat};
use crate::util::clock;
use std::time::{Duration, Instant};

/// What the computing threads were doing at the last look.
#[derive(Debug)]
pub(in crate::pool) struct Look {
    phases: Vec<u64>,
    since: Instant,
    /// When help was asked for, if it has not come yet.
    asked: Option<Instant>,
    /// While roots or heavy futures wait: how many had been taken at the last look, and since when
    /// none was taken.
    waiting: Option<(u32, Instant)>,
    surplus: Surplus,
}

/// When more threads computed than there are permits, as far as was seen.
#[derive(Debug)]
struct Surplus {
    is_there: bool,
    from: Instant,
    to: Instant,
}

impl Look {
    pub(super) fn new() -> Self {
        let now = clock::now();
        Self {
            phases: Vec::new(),
            since: now,
            asked: None,
            waiting: None,
            surplus: Surplus {
                is_there: false,
                from: now,
                to: now,
            },
        }
    }

    /// Looks at the seats; returns how long all threads that compute have been at the same
    /// computation. `crowded`: more threads compute than there are permits.
    pub(in crate::pool) fn unmoved<'a>(
        &mut self,
        seats: impl Iterator<Item = &'a Seat>,
        crowded: bool,
    ) -> Duration {
        let mut moved = false;
        for seat in seats {
            let phase = seat.phase();
            let before = self.phase_of(seat);
            moved |= phase.mode() == Mode::Computing && phase != Phase(*before);
            *before = phase.0;
        }
        if moved {
            self.since = clock::now();
        }
        self.surplus.look(crowded);
        clock::since(self.since)
    }

    fn phase_of(&mut self, seat: &Seat) -> &mut u64 {
        let at = seat.index() as usize;
        if self.phases.len() <= at {
            self.phases.resize(at + 1, 0);
        }
        &mut self.phases[at]
    }

    /// The occupant of `seat` computes beside the others: none of those has moved.
    pub(in crate::pool) fn forgive(&mut self, seat: &Seat) {
        *self.phase_of(seat) = seat.phase().0;
    }

    /// Were surplus threads rare in the recent past?
    pub(super) fn surplus_is_rare(&self) -> bool {
        self.surplus.is_rare()
    }

    /// Help is asked for, unless it was before. Returns how long ago that was.
    pub(in crate::pool) fn ask(&mut self) -> Duration {
        clock::since(*self.asked.get_or_insert_with(clock::now))
    }

    /// How long ago help was asked for.
    pub(super) fn asked(&self) -> Duration {
        self.asked.map_or(Duration::ZERO, clock::since)
    }

    /// Help has come, or is not needed any more. Returns how long ago it was asked for.
    pub(super) fn answer(&mut self) -> Option<Duration> {
        self.asked.take().map(clock::since)
    }

    /// For how long have roots and heavy futures waited, and none was taken? `taken` counts those
    /// that were; `None`: there are none.
    pub(super) fn waited(&mut self, taken: Option<u32>) -> Option<Duration> {
        let Some(taken) = taken else {
            self.waiting = None;
            return None;
        };
        let now = clock::now();
        let since = match self.waiting {
            Some((before, since)) if before == taken => since,
            _ => now,
        };
        self.waiting = Some((taken, since));
        Some(now - since)
    }
}

impl Surplus {
    fn look(&mut self, is_there: bool) {
        let now = clock::now();
        if is_there {
            if !self.is_there {
                self.from = now;
            }
            self.to = now;
        }
        self.is_there = is_there;
    }

    /// Has there been none for [`SELDOM`] times as long as it lasted the last time?
    fn is_rare(&self) -> bool {
        clock::since(self.to) >= SELDOM * (self.to - self.from)
    }
}
