//! Timers of a pool: added and moved here, and the driver hears of the first one.

use super::registry::Registry;
use super::{seat, tell};
use crate::timer::Key;
use std::task::Waker;
#[cfg(feature = "test-util")]
use std::time::Duration;
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

/// Pauses the clock. `false`: it is paused already.
#[cfg(feature = "test-util")]
pub(crate) fn pause(registry: &Registry) -> bool {
    change(registry, registry.timers().pause())
}

/// The clock goes on. `false`: it is not paused.
#[cfg(feature = "test-util")]
pub(crate) fn resume(registry: &Registry) -> bool {
    change(registry, registry.timers().resume())
}

/// Sets the paused clock forward, and calls the wakers of the timers that have expired. `false`:
/// the clock is not paused.
#[cfg(feature = "test-util")]
pub(crate) fn advance(registry: &Registry, time: Duration) -> bool {
    let Some(still) = registry.timers().hold() else {
        return false;
    };
    still.advance(time);
    registry.timers().fire();
    change(registry, true)
}

/// The clock has changed, if `has_changed`: the driver's sleep may have to be a shorter one, or a
/// longer one.
#[cfg(feature = "test-util")]
fn change(registry: &Registry, has_changed: bool) -> bool {
    if has_changed {
        let _ = registry.driver.look_again();
    }
    has_changed
}
