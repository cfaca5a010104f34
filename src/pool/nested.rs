//! A task that is awaited on this thread before any thread has begun it: may this thread begin it,
//! on top of the poll that awaits it? (How that is done, and what the task has a say in, is
//! `task/nest.rs`.)
//!
//! A tree of tasks can go on for seconds in this way. So after each [`ROUNDS`] tasks the thread
//! looks whether anything else waits for it, and comes back to its queues after [`SLICE`] in any
//! case: then the oldest task of its queue has its turn, and the rest of the tree goes on later.
//! Not on a thread that computes, or polls at the post: what waits for it is not to wait longer.
//! Not under a limit, to which the awaited task does not belong.

use super::find;
use super::seat::{Mode, Occupant, ROUNDS};
use crate::job::origin::Ambient;
use crate::task::nest::{self, Unbegun};
use crate::util::{clock, coarse};

/// The time after which a thread comes back to its queues, in ticks of the clock: 0.5 to 2 ms. Less
/// than what a poll may take before others look after the queue (5 ms, `rescue/policy.rs`). Not
/// much less: each time the thread comes back it begins with another part of the tree, whose path
/// takes memory until it has ended.
const SLICE: u64 = 1 << 21;

/// Begins the task here, if that does nobody harm.
#[inline]
pub(super) fn begin(me: Occupant<'_>, task: &Unbegun<'_>) {
    if me.mode() != Mode::Polling || !Ambient::here().share().is_none() {
        return;
    }
    let Some((on_top, begun)) = task.enter() else {
        return;
    };
    if begun % ROUNDS == ROUNDS - 1 && !may_go_on(me, begun < ROUNDS) {
        find::skip_to_others(me);
        return nest::refuse();
    }
    let tasks = me.tasks();
    let at = match tasks.take_newest(task.job()) {
        Some(job) => {
            let at = tasks.poll_begins();
            job.execute(me.index());
            at
        }
        None => {
            let Some(right) = task.start() else {
                return;
            };
            let at = tasks.mark(task.job());
            right.poll(&on_top);
            at
        }
    };
    tasks.restore(at);
    me.counters().count_nested();
    tasks.let_go_of_stale();
}

/// May the thread begin more tasks in this way, or is it to come back to its queues? `first`: it
/// has not asked before since it was there.
#[cold]
fn may_go_on(me: Occupant<'_>, first: bool) -> bool {
    coarse::expire();
    let now = clock::ticks();
    if first {
        me.slice().set(now);
    }
    let length = match waits_for(me) {
        Waiting::Nobody => SLICE,
        Waiting::Others => SLICE / 16,
        Waiting::Now => 0,
    };
    let ends = now.saturating_sub(me.slice().get()) >= length;
    if ends && length == SLICE {
        me.tasks().put_oldest_first();
    }
    !ends
}

/// Who waits for this thread, besides its own queue?
enum Waiting {
    Nobody,
    /// What is in the shared queues, or a thread that has resumed.
    Others,
    Now,
}

fn waits_for(me: Occupant<'_>) -> Waiting {
    let registry = me.registry();
    if registry.is_closed() || me.mail.has_letters() {
        Waiting::Now
    } else if registry.sleep.is_crowded() || !registry.injectors.is_empty() {
        Waiting::Others
    } else {
        Waiting::Nobody
    }
}
