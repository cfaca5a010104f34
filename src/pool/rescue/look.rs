//! What the thread at the post remembers from one look to the next.

use super::policy::{self, SELDOM};
use crate::pool::seat::{Mode, Progress, Seat};
use crate::util::clock::{self, Moment};
use std::time::Duration;

/// What the threads of the pool were doing at the last look.
#[derive(Debug)]
pub(in crate::pool) struct Look {
    seats: Vec<Seen>,
    /// When a thread with a permit was last seen to have come back to its queues.
    since: Moment,
    pace: Pace,
    /// When help was asked for, if it has not come yet.
    asked: Option<Moment>,
    /// While roots or heavy futures wait: how many had been taken at the last look, and since when
    /// none was taken.
    waiting: Option<(u32, Moment)>,
    surplus: Surplus,
}

/// The occupant of a seat, as it was seen.
#[derive(Clone, Copy, Debug)]
struct Seen {
    progress: Progress,
    /// Since when it has been that.
    since: Moment,
}

/// How often threads with permits come back to their queues.
#[derive(Debug)]
struct Pace {
    held_up: bool,
    /// The returns that were seen since `from`.
    returns: u64,
    from: Moment,
}

/// When more threads computed than there are permits, as far as was seen.
#[derive(Debug)]
struct Surplus {
    is_there: bool,
    from: Moment,
    to: Moment,
}

impl Look {
    pub(super) fn new() -> Self {
        let now = clock::moment();
        Self {
            seats: Vec::new(),
            since: now,
            pace: Pace {
                held_up: false,
                returns: 0,
                from: now,
            },
            asked: None,
            waiting: None,
            surplus: Surplus {
                is_there: false,
                from: now,
                to: now,
            },
        }
    }

    /// Looks at the seats; returns for how long no thread with a permit has come back to its
    /// queues. `crowded`: more threads compute than there are permits.
    pub(in crate::pool) fn unmoved<'a>(
        &mut self,
        seats: impl Iterator<Item = &'a Seat>,
        crowded: bool,
    ) -> Duration {
        let now = clock::moment();
        for seat in seats {
            let progress = seat.progress();
            let seen = self.seen(seat, now);
            let returns = progress.returns_since(seen.progress);
            if returns == 0 {
                continue;
            }
            *seen = Seen {
                progress,
                since: now,
            };
            if holds_permit(progress) {
                self.since = now;
                self.pace.returns += returns;
            }
        }
        self.surplus.look(crowded, now);
        now - self.since
    }

    fn seen(&mut self, seat: &Seat, now: Moment) -> &mut Seen {
        let at = seat.index() as usize;
        if self.seats.len() <= at {
            let unseen = Seen {
                progress: Progress::default(),
                since: now,
            };
            self.seats.resize(at + 1, unseen);
        }
        &mut self.seats[at]
    }

    /// The occupant of `seat` computes beside the others: none of those has moved.
    pub(in crate::pool) fn forgive(&mut self, seat: &Seat) {
        self.seen(seat, clock::moment()).progress = seat.progress();
    }

    /// Are the threads that poll to be taken for threads that compute? `is_busy`: all permits are
    /// out, and have been for `unmoved` without a return of a thread to its queues.
    pub(super) fn is_held_up(&mut self, is_busy: bool, unmoved: Duration, permits: usize) -> bool {
        let pace = &mut self.pace;
        let now = clock::moment();
        if is_busy && policy::is_held_up(unmoved) {
            pace.held_up = true;
        } else if policy::is_quick(pace.returns, permits) {
            pace.held_up = false;
        } else if now - pace.from < policy::PACE {
            return pace.held_up;
        }
        pace.returns = 0;
        pace.from = now;
        pace.held_up
    }

    /// Do ready futures lie on the seat of a thread that has not come back to it for some time? The
    /// seats are those of the last look.
    pub(super) fn is_left_behind(&self, seat: &Seat) -> bool {
        let seen = self.seats.get(seat.index() as usize);
        let is_out = seen.is_some_and(|seen| {
            seen.progress.mode() != Mode::Away && policy::is_held_up(clock::after(seen.since))
        });
        is_out && seat.tasks.are_there()
    }

    /// Were surplus threads rare in the recent past?
    pub(super) fn surplus_is_rare(&self) -> bool {
        self.surplus.is_rare()
    }

    /// Help is asked for, unless it was before. Returns how long ago that was.
    pub(in crate::pool) fn ask(&mut self) -> Duration {
        clock::after(*self.asked.get_or_insert_with(clock::moment))
    }

    /// How long ago help was asked for.
    pub(super) fn asked(&self) -> Duration {
        self.asked.map_or(Duration::ZERO, clock::after)
    }

    /// Help has come, or is not needed any more. Returns how long ago it was asked for.
    pub(super) fn answer(&mut self) -> Option<Duration> {
        self.asked.take().map(clock::after)
    }

    /// For how long have roots and heavy futures waited, and none was taken? `taken` counts those
    /// that were; `None`: there are none.
    pub(super) fn waited(&mut self, taken: Option<u32>) -> Option<Duration> {
        let Some(taken) = taken else {
            self.waiting = None;
            return None;
        };
        let now = clock::moment();
        let since = match self.waiting {
            Some((before, since)) if before == taken => since,
            _ => now,
        };
        self.waiting = Some((taken, since));
        Some(now - since)
    }
}

/// Has a thread with this progress a permit?
fn holds_permit(progress: Progress) -> bool {
    matches!(progress.mode(), Mode::Polling | Mode::Computing)
}

impl Surplus {
    fn look(&mut self, is_there: bool, now: Moment) {
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
        clock::after(self.to) >= SELDOM * (self.to - self.from)
    }
}
