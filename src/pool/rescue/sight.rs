//! What can be seen of a pool: does everybody compute, and is anything ready? Looks only.
//!
//! For rescue.R2 (`pool/README.md`) the caller has put a SeqCst fence between what it has changed
//! and one of these looks.

use super::WakesFor;
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Seat};
use crate::task::{Class, Priority};

/// rescue.R2. Is there work that nobody will look at before a computation ends?
pub(in crate::pool) fn needs_rescue(registry: &Registry) -> bool {
    let rescue = &registry.rescue;
    if !rescue.is_possible {
        return false;
    }
    let wakes_for = match rescue.wakes_for() {
        // It is awake.
        Some(WakesFor::Nothing) => return false,
        Some(wakes_for) => wakes_for,
        None => WakesFor::All,
    };
    is_saturated(registry) && has_waiting(registry, wakes_for) && !registry.is_closed()
}

/// Is there something that wakes a thread at the post?
pub(super) fn has_waiting(registry: &Registry, wakes_for: WakesFor) -> bool {
    let has_ready = match wakes_for {
        WakesFor::Nothing => return false,
        WakesFor::Futures => has_ready_future(registry),
        WakesFor::All => has_ready(registry),
    };
    has_ready || registry.driver.is_wanted()
}

/// Are all permits out, and is no thread polling?
pub(super) fn is_saturated(registry: &Registry) -> bool {
    !registry.sleep.wants_one() && all_compute(registry)
}

/// Does no thread poll, or look for something to do?
fn all_compute(registry: &Registry) -> bool {
    let mut seats = registry.seats();
    !registry.sleep.has_searchers() && seats.all(|seat| seat.mode() != Mode::Polling)
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
