//! A paused clock jumps when nothing is left to do (feature `test-util`).
//!
//! The driver finds that out before it sleeps: it alone knows the next timer, and it is idle. It
//! looks behind the lock of the clock, so nobody can look at the clock meanwhile. What it looks at:
//!
//! | step | what | who could be at work |
//! |---|---|---|
//! | V1 | the sleep word, which it marks | whoever has a permit, or a token |
//! | V2 | the seats | a poll without a permit, `block_in_place`, the body of a scope, a wait for another pool |
//! | V3 | blocking closures; `block_on` without a seat | threads that have no seat |
//! | V4 | the parkers of all that wait | a thread that was woken, and has not begun |
//! | V5 | the queues | nobody yet |
//! | V6 | the post and the sleep word, again | whoever came and went during the look |
//!
//! rest.T1. *No poll sees the clock jump.* A thread that polls with a permit has changed the word
//! before. If it did so before V1, the driver sees it there. If after, it has seen V1, and with it
//! that the lock was taken: it looks at the clock when the driver is done. A thread that polls
//! without a permit, and has looked at the clock before the driver took the lock, has said before
//! that it polls (V2, V3).
//!
//! rest.T2. *The clock never jumps over something that is ready.* Between V1 and V6 no thread had a
//! permit: each that takes one moves the tag of the word, and V6 is an exchange. So what was ready
//! at V1 still is at V6, or a thread without a permit has it. Such a thread makes something ready
//! before it says that it rests, and the fences between the steps put its words behind its deeds.
//! It is woken by a thread with a permit, by one of a step further up, or from outside. Only the
//! thread at the post takes from the queues, and the count of its sleeps moves then (V6).
//!
//! rest.T3. *The clock does not stand for ever while nothing is left to do.* Whoever stops doing
//! something, also for good, says so (V1 to V3) and calls `tell::rests`. That fences, looks whether
//! a thread is active, and wakes the driver if none is. Two such pairs, and the driver's V1 with
//! its fence, do not miss each other. Where the driver finds a thread between its wake and its next
//! word (V4, V6), it looks again at once: that is a few instructions of the pool, and no code of
//! users. A thread in `block_on` outside the pool keeps the role between two looks
//! (`wait/lend.rs`). A free one would wake a worker, whose way back to sleep would be the reason
//! for the next look.
//!
//! What the pool does not know is not waited for: other pools (but see V2), threads of the program,
//! the system. When they wake something, that is before the jump or after it.
//!
//! Models: `pool::rest_*`; shuttle: `a_paused_clock_*`.

#[cfg_attr(not(feature = "test-util"), path = "off.rs")]
mod look;

pub(super) use self::look::{InBlockOn, OutsideWait};
#[cfg(all(test, manyhands_loom, feature = "test-util"))]
pub(super) use self::look::{Seen, look};

use self::look::pass;
use super::driver::Role;
use super::events;
use super::registry::Registry;
use crate::job::SeatIndex;

/// If the clock is paused and nothing is left to do: sets it to the next timer. Called by the
/// driver, which sits at `me`, before it sleeps. A timer that has expired then is seen to by the
/// sleep.
#[inline]
pub(super) fn pass_time(registry: &Registry, role: &Role<'_>, me: Option<SeatIndex>) {
    if registry.timers().is_paused() {
        events::run_to_end(pass(registry, role, me));
    }
}

/// As [`pass_time`], on a [hosted](super::driver::Driver::host) thread.
#[inline]
pub(super) async fn pass_time_hosted(registry: &Registry, role: &Role<'_>, me: SeatIndex) {
    if registry.timers().is_paused() {
        pass(registry, role, Some(me)).await;
    }
}
