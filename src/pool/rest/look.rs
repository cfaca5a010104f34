//! The look whether anything is left to do, step by step; see [`super`].

use crate::job::SeatIndex;
use crate::pool::driver::Role;
use crate::pool::registry::Registry;
use crate::pool::seat::{Mode, Seat, SeatKind, Wait};
use crate::pool::tell;
use crate::sync;
use crate::sync::atomic::{Ordering, fence};
use crate::util::parker::Parker;
use std::ptr;

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Seen {
    /// Nothing was left to do, and the clock was set to the next timer.
    Jumped,
    /// A thread does something, and will tell when it has done that (or the clock is not paused, or
    /// there is no timer).
    Busy,
    /// A thread is about to begin or to sleep.
    Moving,
}

/// Looks, until all threads of the pool are at rest or at work.
#[cold]
pub(super) async fn pass(registry: &Registry, role: &Role<'_>, me: Option<SeatIndex>) {
    // What has happened in the system comes first.
    role.glance_if_possible().await;
    while look(registry, role, me) == Seen::Moving {
        sync::thread::yield_now();
    }
}

/// One look, and the jump if nothing is left to do.
pub(in crate::pool) fn look(registry: &Registry, role: &Role<'_>, me: Option<SeatIndex>) -> Seen {
    let Some(still) = registry.timers().hold() else {
        return Seen::Busy;
    };
    // V1.
    let Some(mark) = registry.sleep.mark_rest() else {
        return Seen::Busy;
    };
    // Ordering: SeqCst fences between the steps, here and below. A thread that stops doing
    // something says so, fences, and looks whether a thread is active (`tell::rests`): it is seen
    // to rest, or sees V1, and tells. And a thread of an upper step that is seen to rest has done
    // before what the lower steps look at, and has fenced in between.
    fence(Ordering::SeqCst);
    // V2.
    let sleeps = registry.rescue.sleeps();
    if registry
        .seats()
        .any(|seat| is_at_work(registry, seat, me, sleeps))
    {
        return Seen::Busy;
    }
    if registry.rescue.is_called() {
        return Seen::Busy;
    }
    fence(Ordering::SeqCst);
    // V3 and V4.
    if let Err(seen) = threads_rest(registry, role) {
        return seen;
    }
    fence(Ordering::SeqCst);
    // V5.
    if registry.has_jobs() || registry.seats().any(|seat| seat.mail.has_letters()) {
        return Seen::Busy;
    }
    fence(Ordering::SeqCst);
    // V6.
    if registry.rescue.sleeps() != sleeps || !registry.sleep.has_rested_since(mark) {
        return Seen::Moving;
    }
    match registry.timers().jump(still) {
        true => Seen::Jumped,
        false => Seen::Busy,
    }
}

/// Steps V3 and V4: do all blocking closures, and all threads that wait, rest?
fn threads_rest(registry: &Registry, role: &Role<'_>) -> Result<(), Seen> {
    // V3.
    let (Some(working), Some(outside)) = (registry.blocking.at_work(), registry.outside.all_wait())
    else {
        return Err(Seen::Busy);
    };
    fence(Ordering::SeqCst);
    // V4. The driver itself is awake; it must not have been woken for something else.
    let mut waiting = registry.waiters.parkers();
    waiting.extend(outside);
    let is_driver = |parker: &Parker| ptr::eq(parker, role.parker());
    if role.parker().is_notified() {
        return Err(Seen::Busy);
    }
    if !waiting
        .iter()
        .all(|parker| is_driver(parker) || parker.is_parked())
    {
        return Err(Seen::Moving);
    }
    // A blocking closure that waits for the pool does nothing.
    let waits = |working: &&'static Parker| waiting.iter().any(|other| ptr::eq(*other, *working));
    if !working.iter().all(waits) {
        return Err(Seen::Busy);
    }
    Ok(())
}

/// Does the occupant of the seat do something without a permit? (`sleeps` is the count of the
/// sleeps at the post.)
fn is_at_work(registry: &Registry, seat: &Seat, me: Option<SeatIndex>, sleeps: u32) -> bool {
    if Some(seat.index()) == me {
        return false;
    }
    match (seat.mode(), seat.waits_for.get()) {
        (Mode::Overcommitted, _) => !registry.rescue.rests_at_post(seat.index(), sleeps),
        (Mode::Away, Wait::Blocking | Wait::Pool) => true,
        // A guest that has no permit and waits for nothing is in the body of a scope.
        (_, Wait::Nothing) => {
            seat.kind() == SeatKind::Guest && registry.guests.is_claimed(seat.index())
        }
        _ => false,
    }
}

/// The calling thread, which has no seat, is in a `block_on` of the pool, until this is dropped.
#[must_use]
pub(crate) struct InBlockOn<'a>(&'a Registry, &'static Parker);

impl<'a> InBlockOn<'a> {
    pub(in crate::pool) fn begin(registry: &'a Registry, parker: &'static Parker) -> Self {
        registry.outside.enter(parker);
        Self(registry, parker)
    }

    /// For models, whose thread begins it for another one.
    #[cfg(all(test, manyhands_loom))]
    pub(in crate::pool) fn adopt(registry: &'a Registry, parker: &'static Parker) -> Self {
        Self(registry, parker)
    }
}

impl Drop for InBlockOn<'_> {
    fn drop(&mut self) {
        self.0.outside.leave(self.1);
        // It has polled until now.
        tell::rests(self.0);
    }
}

/// The calling thread, which has no seat, waits in `block_on`, until this is dropped.
#[must_use]
pub(in crate::pool) struct OutsideWait<'a>(&'a Registry, &'static Parker);

impl<'a> OutsideWait<'a> {
    pub(in crate::pool) fn begin(registry: &'a Registry, parker: &'static Parker) -> Self {
        registry.outside.set_waits(parker, true);
        tell::rests(registry);
        Self(registry, parker)
    }
}

impl Drop for OutsideWait<'_> {
    fn drop(&mut self) {
        self.0.outside.set_waits(self.1, false);
    }
}
