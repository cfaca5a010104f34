//! What the thread at the post does next: a pure function of what it has seen.
//!
//! No threads, no locks, no clock: the post fills a [`Sight`] and does what [`next`] says. All
//! numbers of the rescue stand here.

use crate::task::Priority;
use std::time::Duration;

/// While a thread computes at most this long between two returns to its queues, futures are left to
/// it. When none of the computing threads has returned for this long, the post polls.
pub(super) const PATIENCE: Duration = Duration::from_micros(100);

/// A future that has been ready this long is polled even if the computing threads still move.
pub(super) const LATE: Duration = Duration::from_micros(300);

/// Futures of `Priority::Background` are polled by the post when no computing thread has moved for
/// this long.
pub(super) const BACKGROUND_PATIENCE: Duration = Duration::from_millis(20);

/// The longest sleep between two looks at roots and heavy futures that have to wait.
pub(super) const REST: Duration = Duration::from_millis(1);

/// The number of tasks that the post polls in one go although other threads poll as well: those it
/// has woken itself, as the driver. The rest goes to the shared queue.
pub(super) const OWN_POLLS: u32 = 32;

/// When no root and no heavy future has been taken for this long, one begins beside the threads
/// that compute. It also begins if none of those threads has moved for this long.
pub(super) const TURN: Duration = Duration::from_millis(100);

/// The shorter [`TURN`] of a pool that had surplus threads for less than one [`SELDOM`]th of the
/// recent past: one root or heavy future begins if no computing thread has moved for this long.
const LONG: Duration = Duration::from_millis(10);

/// The share of time in which a pool may have surplus threads, and still counts as one that has few
/// of them, is one part of this number.
pub(super) const SELDOM: u32 = 30;

/// A future that has begun to compute on the overcommitted thread pauses for at least this long, or
/// until a permit is free.
pub(super) const SHORT_TURN: Duration = Duration::from_millis(1);

/// A future that waits for its turn begins after this long in any case: computing threads may wait
/// for a lock that it holds.
const LAST_TURN: Duration = Duration::from_millis(200);

/// The time between two looks at the clock of a thread that waits for its turn, after the first.
pub(super) const TURN_NAP: Duration = Duration::from_millis(10);

/// The number of threads that may pause without holding up the futures behind them.
pub(super) const MAX_PAUSED: usize = 16;

/// Threads that poll count as threads that compute when none of the threads with permits has come
/// back to its queues for this long. A look of [`WATCH`] ends before it begins, so a future waits
/// for twice as long at most: 10 ms.
const HELD_UP: Duration = Duration::from_millis(5);

/// They do so until they come back more often than [`QUICK`] says, in this time.
pub(super) const PACE: Duration = Duration::from_millis(10);

/// The number of returns to its queues, in a time of [`PACE`], that a thread makes whose polls are
/// short.
const QUICK: u64 = 2;

/// The time that the post sleeps between two looks at the role of the driver, and at the threads
/// that poll.
pub(super) const WATCH: Duration = Duration::from_millis(5);

/// After this number of looks at a role that has not changed hands, the pool is at rest and the
/// post need not watch it.
const QUIET_LOOKS: u32 = 10;

/// After this number of looks at which nothing was ready, the post is left.
pub(super) const CALM_LOOKS: u32 = if IN_MODEL { 1 } else { 10 };

/// The time between two looks of the deputy. If the post is at the same poll at both, and a future
/// is ready, the deputy takes it over. Each takeover halves the time for the next deputy: many
/// long polls stand in the queue.
const DEPUTY_NAP: Duration = Duration::from_micros(500);

/// How often the time is halved at most. The last one, 16 us, is about what a wake-up takes.
const HALVES: u32 = 5;

/// After this number of looks at which the post did not poll, the deputy leaves.
pub(super) const DEPUTY_LOOKS: u32 = if IN_MODEL { 1 } else { 20 };

/// Models have no clock: patience ends at once, and pauses end with a free permit only.
pub(super) const IN_MODEL: bool = cfg!(manyhands_model);

/// What the thread at the post sees, at one look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// All permits are out, no thread searches, and each thread with a permit computes; or none has
    /// come back to its queues for [`HELD_UP`].
    pub(super) saturated: bool,
    /// A thread computes.
    pub(super) computing: bool,
    /// More threads compute than there are permits.
    pub(super) crowded: bool,
    /// The time for which no thread with a permit has come back to its queues.
    pub(super) unmoved: Duration,
    /// Surplus threads were rare in the recent past.
    pub(super) surplus_is_rare: bool,
    /// Something is ready: a future, a root, a heavy future.
    pub(super) ready: bool,
    /// A future of high or normal priority is ready.
    pub(super) ready_future: bool,
    /// Tasks are on the post's own queues: it has woken them itself, and nobody else knows of them.
    pub(super) own_tasks: bool,
    /// Ready futures lie on the seat of a thread that has not come back to it for [`HELD_UP`].
    pub(super) left_behind: bool,
    /// The number of polls in one go; see [`OWN_POLLS`].
    pub(super) own_polls: u32,
    /// The time for which help has been asked for.
    pub(super) asked: Duration,
    /// The time for which no root and no heavy future was taken, if there is one.
    pub(super) waited: Option<Duration>,
    /// The role of the driver is of use, and nobody has it.
    pub(super) role_is_free: bool,
    /// The role of the driver is of use.
    pub(super) role_is_of_use: bool,
    /// There are timers, and the driver runs tasks of the reactor: it may not see to them.
    pub(super) driver_is_away: bool,
    /// The number of looks at a role that has not changed hands.
    pub(super) quiet_looks: u32,
    /// The number of looks since something was ready.
    pub(super) calm_looks: u32,
    /// No thread has a permit.
    pub(super) at_rest: bool,
    /// There is work and a permit is free, and no other thread can be woken or called for it.
    pub(super) needs_hand: bool,
}

/// What the thread at the post does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It polls a ready future, if it still finds one; else it does what `otherwise` says.
    Poll {
        /// Futures that can wait are looked at as well.
        patient: bool,
        otherwise: Begin,
    },
    /// It gives the tasks of its own queues to those who poll.
    HandOut,
    /// It gives them what is left behind on the seats of others.
    Relieve,
    /// It sleeps as the driver: nothing is ready.
    Drive,
    /// It sleeps, and looks from time to time whether any thread is the driver, and whether those
    /// who poll come back. It says before the `last` time that it is going to leave.
    Watch { last: bool },
    /// It sleeps until the next timer expires, for a tick at most: the driver is away.
    Clock,
    /// It lets the others come to what is ready by themselves.
    Nap(Duration),
    /// There is nothing to do and nothing to watch, or there is work elsewhere.
    Leave,
}

/// What may begin to compute beside the threads that do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Nothing,
    /// A heavy future of any priority.
    Heavy,
    /// A heavy future or a root of at least this priority.
    AtLeast(Priority),
}

/// What the thread at the post does next.
pub(super) fn next(sight: &Sight) -> Next {
    if sight.needs_hand {
        return Next::Leave;
    }
    if !sight.saturated && sight.own_polls >= OWN_POLLS && sight.own_tasks {
        return Next::HandOut;
    }
    // A thread that polls may have lost its core to others.
    let may_be_late = sight.ready_future && sight.computing && !IN_MODEL;
    let is_late = may_be_late && sight.asked >= LATE;
    let is_needed = sight.saturated || is_late || sight.own_tasks;
    if is_needed && sight.ready {
        return next_of_ready(sight);
    }
    if sight.left_behind {
        return Next::Relieve;
    }
    // A role that changes no hands is held up by a poll that blocks its thread.
    if (is_needed || sight.quiet_looks > 0) && sight.role_is_free {
        return Next::Drive;
    }
    if !is_needed && may_be_late {
        return Next::Nap(LATE - sight.asked);
    }
    if sight.driver_is_away {
        return Next::Clock;
    }
    let watches_role = sight.role_is_of_use && sight.quiet_looks < QUIET_LOOKS;
    if watches_role || sight.calm_looks < CALM_LOOKS {
        let is_calm = sight.at_rest || sight.calm_looks + 1 == CALM_LOOKS;
        return Next::Watch {
            last: is_calm && !watches_role,
        };
    }
    Next::Leave
}

/// Have threads been away from their queues for too long, which were last seen there `unmoved` ago?
pub(super) fn is_held_up(unmoved: Duration) -> bool {
    IN_MODEL || unmoved >= HELD_UP
}

/// The time between two looks of the deputy, after this number of takeovers.
pub(super) fn deputy_nap(takeovers: u32) -> Duration {
    DEPUTY_NAP / (1 << takeovers.min(HALVES))
}

/// Do the threads with permits come back soon, if they did so this number of times within [`PACE`]?
pub(super) fn is_quick(returns: u64, permits: usize) -> bool {
    returns > QUICK * permits as u64
}

/// [`next`] where something is ready and the post is needed.
fn next_of_ready(sight: &Sight) -> Next {
    let can_wait = sight.asked < LATE && !sight.own_tasks && !IN_MODEL;
    if can_wait && sight.unmoved < PATIENCE && sight.ready_future {
        // The computing threads move: they come by themselves.
        return Next::Nap(PATIENCE);
    }
    Next::Poll {
        patient: sight.unmoved >= BACKGROUND_PATIENCE,
        otherwise: begin(sight),
    }
}

/// A heavy future or a root may begin beside those who compute: one at a time.
fn begin(sight: &Sight) -> Begin {
    let Some(waited) = sight.waited else {
        return Begin::Nothing;
    };
    if sight.crowded {
        return match waited >= LAST_TURN {
            true => Begin::Heavy,
            false => Begin::Nothing,
        };
    }
    let is_turn = waited >= TURN || may_have_company(sight.unmoved, sight.surplus_is_rare);
    Begin::AtLeast(
        if IN_MODEL || is_turn && sight.unmoved >= BACKGROUND_PATIENCE {
            Priority::Background
        } else if is_turn {
            Priority::Normal
        } else {
            Priority::High
        },
    )
}

/// May one more thread compute beside those that have not moved for `unmoved`?
fn may_have_company(unmoved: Duration, surplus_is_rare: bool) -> bool {
    unmoved >= TURN || unmoved >= LONG && surplus_is_rare
}

/// What a thread sees that has begun to compute without a permit, and waits for its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pausing {
    /// The time since it began to wait.
    pub(super) waited: Duration,
    /// The number of threads that hold a permit and do not pause.
    pub(super) computing: usize,
    pub(super) permits: usize,
}

/// May one of the threads that pause go on? `look` tells `Sight::unmoved` and
/// `Sight::surplus_is_rare`; it is asked only where that matters.
pub(super) fn has_turn(pausing: Pausing, look: impl FnOnce() -> (Duration, bool)) -> bool {
    let Pausing {
        waited,
        computing,
        permits,
    } = pausing;
    if computing < permits {
        return true;
    }
    if IN_MODEL || waited < SHORT_TURN {
        return false;
    }
    if waited >= LAST_TURN {
        return true;
    }
    if computing > permits {
        return false;
    }
    let (unmoved, surplus_is_rare) = look();
    waited >= TURN || may_have_company(unmoved, surplus_is_rare)
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::*;

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Two threads compute, and have just moved; nothing is ready, and nobody asks.
    const BUSY: Sight = Sight {
        saturated: true,
        computing: true,
        crowded: false,
        unmoved: Duration::ZERO,
        surplus_is_rare: true,
        ready: false,
        ready_future: false,
        own_tasks: false,
        left_behind: false,
        own_polls: 0,
        asked: Duration::ZERO,
        waited: None,
        role_is_free: false,
        role_is_of_use: false,
        driver_is_away: false,
        quiet_looks: 0,
        calm_looks: 0,
        at_rest: false,
        needs_hand: false,
    };
    /// The same, and a future is ready.
    const FUTURE: Sight = Sight {
        ready: true,
        ready_future: true,
        ..BUSY
    };
    /// The same, and a root is ready.
    const ROOT: Sight = Sight {
        ready: true,
        waited: Some(Duration::ZERO),
        ..BUSY
    };
    /// A thread polls, a thread computes, and a future is ready.
    const POLLED: Sight = Sight {
        saturated: false,
        ..FUTURE
    };

    const WATCH_ON: Next = Next::Watch { last: false };

    fn poll(patient: bool, otherwise: Begin) -> Next {
        Next::Poll { patient, otherwise }
    }

    #[test]
    fn deputies_look_more_often_behind_many_long_polls() {
        let naps = [0, 1, 4, 5, 6, u32::MAX].map(|takeovers| deputy_nap(takeovers).as_nanos());
        assert_eq!(naps, [500_000, 250_000, 31_250, 15_625, 15_625, 15_625]);
    }

    #[test]
    fn the_table_of_cases() {
        use Begin::{AtLeast, Heavy, Nothing};
        use Priority::{Background, High, Normal};
        let cases: &[(&str, Sight, Next)] = &[
            (
                "nothing is ready, threads move: the post waits until it is called",
                BUSY,
                WATCH_ON,
            ),
            (
                "threads do not move: nothing will come soon",
                Sight {
                    unmoved: us(100),
                    ..BUSY
                },
                WATCH_ON,
            ),
            (
                "nothing was ready for nine looks: it says that it leaves",
                Sight {
                    unmoved: us(100),
                    calm_looks: 9,
                    ..BUSY
                },
                Next::Watch { last: true },
            ),
            (
                "nothing was ready for ten looks",
                Sight {
                    unmoved: us(100),
                    calm_looks: 10,
                    ..BUSY
                },
                Next::Leave,
            ),
            (
                "all the others wait, and there is no other thread for what is ready",
                Sight {
                    saturated: false,
                    computing: false,
                    role_is_free: true,
                    role_is_of_use: true,
                    quiet_looks: 1,
                    needs_hand: true,
                    ..FUTURE
                },
                Next::Leave,
            ),
            (
                "no thread is at work: the next look is the last",
                Sight {
                    saturated: false,
                    computing: false,
                    at_rest: true,
                    ..BUSY
                },
                Next::Watch { last: true },
            ),
            (
                "a future is left to threads that move",
                FUTURE,
                Next::Nap(us(100)),
            ),
            (
                "a future behind threads that do not move",
                Sight {
                    unmoved: us(100),
                    ..FUTURE
                },
                poll(false, Nothing),
            ),
            (
                "a late future is polled although they move",
                Sight {
                    asked: us(300),
                    ..FUTURE
                },
                poll(false, Nothing),
            ),
            (
                "what the post has woken is polled at once",
                Sight {
                    own_tasks: true,
                    ..FUTURE
                },
                poll(false, Nothing),
            ),
            (
                "background futures behind 20 ms of computing",
                Sight {
                    unmoved: ms(20),
                    ..FUTURE
                },
                poll(true, Nothing),
            ),
            (
                "a thread polls: it is given the rest of the 0.3 ms",
                Sight {
                    asked: us(120),
                    ..POLLED
                },
                Next::Nap(us(180)),
            ),
            (
                "a thread polls and has no core",
                Sight {
                    asked: us(300),
                    ..POLLED
                },
                poll(false, Nothing),
            ),
            (
                "nobody computes: those who poll do it",
                Sight {
                    computing: false,
                    unmoved: us(100),
                    asked: us(900),
                    ..POLLED
                },
                WATCH_ON,
            ),
            (
                "nobody computes, and those who poll do not come back",
                Sight {
                    computing: false,
                    unmoved: ms(5),
                    ..FUTURE
                },
                poll(false, Nothing),
            ),
            (
                "one of them does not, and the others do not look there",
                Sight {
                    computing: false,
                    left_behind: true,
                    ..POLLED
                },
                Next::Relieve,
            ),
            (
                "a thread polls: the post polls what it has woken itself",
                Sight {
                    own_tasks: true,
                    own_polls: OWN_POLLS - 1,
                    ..POLLED
                },
                poll(false, Nothing),
            ),
            (
                "but no more than 32 of it in one go",
                Sight {
                    own_tasks: true,
                    own_polls: OWN_POLLS,
                    ..POLLED
                },
                Next::HandOut,
            ),
            (
                "if all compute it goes on",
                Sight {
                    own_tasks: true,
                    own_polls: OWN_POLLS,
                    ..FUTURE
                },
                poll(false, Nothing),
            ),
            (
                "handed out: the others have their time",
                Sight {
                    own_polls: OWN_POLLS,
                    ..POLLED
                },
                Next::Nap(us(300)),
            ),
            (
                "a root waits; an urgent one would not",
                ROOT,
                poll(false, AtLeast(High)),
            ),
            (
                "nobody has taken a root for 0.1 s",
                Sight {
                    waited: Some(ms(100)),
                    ..ROOT
                },
                poll(false, AtLeast(Normal)),
            ),
            (
                "computations that last 10 ms, and surplus threads were rare",
                Sight {
                    unmoved: ms(10),
                    ..ROOT
                },
                poll(false, AtLeast(Normal)),
            ),
            (
                "they were not rare",
                Sight {
                    unmoved: ms(10),
                    surplus_is_rare: false,
                    ..ROOT
                },
                poll(false, AtLeast(High)),
            ),
            (
                "they were not rare, and the computations last 0.1 s",
                Sight {
                    unmoved: ms(100),
                    surplus_is_rare: false,
                    ..ROOT
                },
                poll(true, AtLeast(Background)),
            ),
            (
                "there is a surplus thread already",
                Sight {
                    crowded: true,
                    waited: Some(ms(199)),
                    unmoved: ms(199),
                    ..ROOT
                },
                poll(true, Nothing),
            ),
            (
                "a future has waited behind it for 0.2 s",
                Sight {
                    crowded: true,
                    waited: Some(ms(200)),
                    ..ROOT
                },
                poll(false, Heavy),
            ),
            (
                "nothing is ready, and nobody looks at the clock",
                Sight {
                    role_is_free: true,
                    role_is_of_use: true,
                    ..BUSY
                },
                Next::Drive,
            ),
            (
                "a thread polls: it looks at the clock, and the post watches that it does",
                Sight {
                    saturated: false,
                    role_is_free: true,
                    role_is_of_use: true,
                    at_rest: true,
                    ..BUSY
                },
                WATCH_ON,
            ),
            (
                "it has not looked for 5 ms",
                Sight {
                    saturated: false,
                    role_is_free: true,
                    role_is_of_use: true,
                    quiet_looks: 1,
                    ..BUSY
                },
                Next::Drive,
            ),
            (
                "timers wait for a driver that runs tasks of the reactor",
                Sight {
                    role_is_of_use: true,
                    driver_is_away: true,
                    quiet_looks: 10,
                    calm_looks: 10,
                    ..BUSY
                },
                Next::Clock,
            ),
            (
                "and a thread polls, which leaves what is ready to this one, if it is late",
                Sight {
                    driver_is_away: true,
                    asked: us(120),
                    ..POLLED
                },
                Next::Nap(us(180)),
            ),
            (
                "the role is in one hand for 10 looks: the pool is at rest",
                Sight {
                    saturated: false,
                    role_is_of_use: true,
                    quiet_looks: 10,
                    calm_looks: 10,
                    unmoved: us(100),
                    ..BUSY
                },
                Next::Leave,
            ),
        ];
        for (name, sight, expected) in cases {
            assert_eq!(next(sight), *expected, "{name}: {sight:?}");
        }
    }

    #[test]
    fn who_is_held_up() {
        assert!(!is_held_up(us(4_999)));
        assert!(is_held_up(ms(5)), "the poll of each thread lasts so long");
        assert!(!is_quick(4, 2), "two polls of 5 ms each");
        assert!(is_quick(5, 2), "their polls are shorter");
    }

    #[test]
    fn turns() {
        let never = || -> (Duration, bool) { panic!("nobody needs to look") };
        let turn = |waited, computing, look: fn() -> (Duration, bool)| {
            let pausing = Pausing {
                waited,
                computing,
                permits: 2,
            };
            has_turn(pausing, look)
        };
        assert!(turn(Duration::ZERO, 1, never), "a permit is free");
        assert!(!turn(us(999), 2, never), "each pause lasts a millisecond");
        assert!(!turn(ms(1), 2, || (us(9_999), true)), "the others move");
        assert!(turn(ms(1), 2, || (ms(10), true)), "they have not for 10 ms");
        assert!(!turn(ms(1), 2, || (ms(10), false)), "company is not rare");
        assert!(turn(ms(1), 2, || (ms(100), false)), "not for 0.1 s");
        assert!(turn(ms(100), 2, || (Duration::ZERO, false)), "a whole turn");
        assert!(!turn(ms(199), 3, never), "one surplus thread at a time");
        assert!(turn(ms(200), 3, never), "it may hold a lock");
    }
}
