//! The simulation in builds without it: no thread is one of a simulation.

use super::kind::Kind;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No place in a simulation.
#[derive(Debug)]
pub(crate) struct Ticket;

#[derive(Debug)]
pub(crate) struct Entered;

impl Ticket {
    #[inline(always)]
    pub(crate) fn enter(&mut self) -> Entered {
        Entered
    }
}

// The drop does nothing; it is there so that callers may hold a guard, as with the real one.
impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {}
}

#[inline(always)]
pub(crate) fn ticket(_name: impl FnOnce() -> String) -> Ticket {
    Ticket
}

#[inline(always)]
pub(crate) fn is_on() -> bool {
    false
}

#[inline(always)]
pub(crate) fn point(_kind: Kind) {}

#[inline(always)]
pub(crate) fn note(_kind: Kind) {}

#[allow(dead_code)]
#[inline(always)]
pub(crate) fn sleep(
    _place: usize,
    _time: Option<Duration>,
    _still: impl FnOnce() -> bool,
) -> Option<bool> {
    None
}

#[allow(dead_code)]
#[inline(always)]
pub(crate) fn wake(_place: usize, _all: bool) -> bool {
    false
}

#[inline(always)]
pub(crate) fn nanos() -> Option<u64> {
    None
}

#[inline(always)]
pub(crate) fn now() -> Option<Instant> {
    None
}

#[inline(always)]
pub(crate) fn seed() -> u64 {
    0
}

#[inline(always)]
pub(crate) fn cores() -> Option<usize> {
    None
}

#[inline(always)]
pub(crate) fn with_sites<R>(f: impl FnOnce(Option<&[std::sync::atomic::AtomicU8; 512]>) -> R) -> R {
    f(None)
}

#[inline(always)]
pub(crate) fn on_stall(_describe: impl Fn() -> Option<String> + Send + Sync + 'static) {}

#[inline(always)]
pub(crate) fn default_pool<P: Any + Send + Sync>(
    _make: impl FnOnce() -> Arc<P>,
    _end: impl FnOnce(&P) + Send + 'static,
) -> Option<Arc<P>> {
    None
}
