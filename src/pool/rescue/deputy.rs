//! The deputy: a thread that stands by while the thread at the post polls.
//!
//! What that polls may block, or compute without a word. The deputy looks every 0.5 ms, and more
//! often if deputies before it had to take over. If futures are ready, or timers and events have no
//! driver that sees to them, and the post is still at the same poll, it takes the post over. The
//! other thread leaves when its poll ends. A deputy that is the last spare thread leaves when there
//! is other work (`rescue.R5`).
//!
//! `rescue.R4`. *While the thread at the post runs code of users, a thread stands by, or none can
//! be called.* The holder says that it polls, fences, and looks for a deputy; a deputy that leaves
//! says so, fences, and looks for a poll. So one of the two sees the other. Model:
//! `pool::rescue_polls_with_a_deputy`.

use super::PollAtPost;
use super::policy::{self, DEPUTY_LOOKS, IN_MODEL};
use super::post::{self, Left};
use super::sight;
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Occupant, Progress};
use crate::util::clock;

/// Looks whether the thread at the post comes back from its polls, and takes its place if it does
/// not. The caller is the deputy.
pub(in crate::pool) async fn stand_by(me: Occupant<'_>) -> Left {
    let registry = me.registry();
    let rescue = &registry.rescue;
    let mut before = None;
    let mut quiet = 0;
    loop {
        nap(me);
        if sight::needs_hand(registry) {
            // It is told of the work when it sits down.
            rescue.leave_as_deputy();
            return Left::Idle;
        }
        let now = poll_at_post(registry);
        if let Some((poll, _)) = now.filter(|_| now == before) {
            // driver.D1: all other threads may block in what a timer or an event will end.
            let driver = &registry.driver;
            let is_needed = sight::has_ready_future(registry)
                || driver.is_wanted()
                || driver.has_waiting_timers();
            if is_needed && rescue.take_over(poll, me.index()) {
                rescue.leave_as_deputy();
                return post::poll_futures(me).await;
            }
        }
        quiet = if now.is_some() { 0 } else { quiet + 1 };
        before = now;
        if quiet >= DEPUTY_LOOKS || registry.is_closed() {
            rescue.leave_as_deputy();
            let is_needed = rescue.poll_at_post().is_some() && !registry.is_closed();
            if !(is_needed && rescue.take_deputy()) {
                return Left::Idle;
            }
            quiet = 0;
        }
    }
}

/// The poll at the post, if its thread has not begun to compute.
fn poll_at_post(registry: &Registry) -> Option<(PollAtPost, Progress)> {
    let poll = registry.rescue.poll_at_post()?;
    let progress = registry.seat(poll.seat()).progress();
    (progress.mode() == Mode::Overcommitted).then_some((poll, progress))
}

fn nap(me: Occupant<'_>) {
    let _parked = me.counters().parked();
    if IN_MODEL {
        return crate::sync::thread::yield_now();
    }
    let time = policy::deputy_nap(me.registry().rescue.takeovers());
    me.parker().drive(Some(clock::now() + time));
}
