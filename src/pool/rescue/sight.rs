//! What can be seen of a pool: does no thread come back soon, and is anything ready? Looks only.
//!
//! For rescue.R2 (`pool/README.md`) the caller has put a SeqCst fence between what it has changed
//! and one of these looks.

use super::WakesFor;
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Seat};
use crate::task::{Class, Priority};

/// rescue.R2. Is there work that calls for the thread at the post, or for one to come there?
pub(in crate::pool) fn needs_rescue(registry: &Registry) -> bool {
    if !registry.rescue.is_possible {
        return false;
    }
    let is_due = match registry.rescue.wakes_for() {
        Some(wakes_for) => wakes(registry, wakes_for),
        None => {
            let is_due = wakes(registry, WakesFor::Any);
            is_due && (may_watch(registry) || is_saturated(registry))
        }
    };
    is_due && !registry.is_closed()
}

/// Can a thread be called that only looks whether others come back? Not the last spare thread:
/// where a wait lends its permit, that one has to work.
pub(in crate::pool) fn may_watch(registry: &Registry) -> bool {
    registry.rescue.is_possible && registry.bench.can_call_two()
}

/// rescue.R5. Is a permit free that only a thread of the rescue could work with, and is there work?
/// That thread leaves its place then.
pub(in crate::pool) fn needs_hand(registry: &Registry) -> bool {
    registry.sleep.has_nobody_to_wake() && !registry.can_call_spare() && registry.has_jobs()
}

/// Is there something that wakes a thread at the post?
pub(super) fn wakes(registry: &Registry, wakes_for: WakesFor) -> bool {
    let has_ready = match wakes_for {
        // It is awake.
        WakesFor::Nothing => return false,
        WakesFor::Futures => has_ready_future(registry),
        WakesFor::All | WakesFor::Any => has_ready(registry),
    };
    let has_waiting = has_ready || registry.driver.is_wanted();
    has_waiting && is_saturated(registry)
        || wakes_for == WakesFor::Any && has_ready && is_busy(registry)
}

/// Are all permits out, and does no thread look for something to do?
pub(in crate::pool) fn is_busy(registry: &Registry) -> bool {
    !registry.sleep.wants_one() && !registry.sleep.has_searchers()
}

/// Are all permits out, and is no thread expected back at its queues soon? Threads that poll are,
/// until the thread at the post has seen that none comes back.
pub(super) fn is_saturated(registry: &Registry) -> bool {
    is_busy(registry) && (registry.rescue.is_held_up() || all_compute(registry))
}

/// Does no thread poll?
fn all_compute(registry: &Registry) -> bool {
    registry.seats().all(|seat| seat.mode() != Mode::Polling)
}

/// Is any thread computing?
pub(super) fn any_computes(registry: &Registry) -> bool {
    registry.seats().any(|seat| seat.mode() == Mode::Computing)
}

/// Are there ready futures, or roots that have not begun?
pub(super) fn has_ready(registry: &Registry) -> bool {
    !registry.injectors.is_empty() || has_tasks(registry)
}

/// Is there a ready future that cannot wait? (Some of them turn out to be heavy when a thread wants
/// to poll them.)
pub(super) fn has_ready_future(registry: &Registry) -> bool {
    let injected = |priority| registry.injectors.len(Class::future(priority)) > 0;
    injected(Priority::High) || injected(Priority::Normal) || has_tasks(registry)
}

fn has_tasks(registry: &Registry) -> bool {
    registry.seats().any(|seat: &Seat| seat.tasks.are_there())
}
