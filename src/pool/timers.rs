//! Timers of a pool: added and moved here, and the driver hears of the first one.

use super::registry::Registry;
use super::{seat, tell};
use crate::timer::Key;
use std::task::Waker;
use std::time::Instant;

/// Calls `waker` at a deadline, or soon after. `None`: the deadline has passed.
pub(crate) fn add(registry: &Registry, deadline: Instant, waker: &Waker) -> Option<Key> {
    let added = registry.timers().add(deadline, waker)?;
    Some(tell::timer(registry, added, seat::try_current()))
}

/// Gives a timer another deadline, and another key. `None`: it has expired, and its waker was
/// called.
pub(crate) fn reset(registry: &Registry, key: Key, deadline: Instant) -> Option<Key> {
    let added = registry.timers().reset(key, deadline)?;
    Some(tell::timer(registry, added, seat::try_current()))
}
