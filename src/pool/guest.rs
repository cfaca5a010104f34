//! How a thread gets onto a seat of a pool: its own, as a guest, or by sending a closure to a
//! worker.

use super::events::Entered;
use super::limit::Limit;
use super::publish;
use super::registry::Registry;
use super::seat::{self, Mode, Occupant};
use super::{computing, tell, wait};
use crate::job::origin::Ambient;
use crate::job::share::ShareRef;
use crate::job::stack::{StackHeader, StackJob};
use crate::job::{JobRef, SeatIndex};
use crate::sync::thread_cell;
use crate::task::{Class, Priority};
use crate::trace::{self, LaneKind, Span};
use crate::util::coarse;
use crate::util::parker::Parker;
use crate::util::unwind;
use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

/// Runs `f`, which computes, on a seat of this pool: the calling thread's, else a guest seat on
/// this thread, else (no guest seat for this call, or the thread works for another pool) on a
/// worker, which `migrated` tells.
pub(crate) fn on_seat<R: Send>(
    registry: &Arc<Registry>,
    f: impl FnOnce(Occupant<'_>, bool) -> R + Send,
) -> R {
    match seat::current() {
        Some(me) if registry.owns(&me) => {
            computing::begin(me);
            f(me, false)
        }
        Some(_) => install_on_seat(registry, f),
        None => match claim_for_call(registry) {
            Some(index) => as_guest(registry, index, Mode::Computing, |me| f(me, false)),
            None => install_on_seat(registry, f),
        },
    }
}

/// A guest seat for a closure that may also move to a worker. It moves if the builder has set the
/// size of the pool's stacks, and this thread was not created by the pool: a recursion that fits on
/// them may be too deep for the stack of the caller.
fn claim_for_call(registry: &Registry) -> Option<SeatIndex> {
    registry.check_process();
    if registry.hooks.stack_size.is_some() && !is_own(registry) {
        return None;
    }
    registry.guests.claim()
}

/// As [`on_seat`] for closures that must stay on this thread: `f` may have to do without a seat.
pub(crate) fn in_place<R>(
    registry: &Arc<Registry>,
    f: impl FnOnce(Option<Occupant<'_>>) -> R,
) -> R {
    match seat::current() {
        Some(me) => f(registry.owns(&me).then_some(me)),
        None => {
            registry.check_process();
            match registry.guests.claim() {
                Some(index) => as_guest(registry, index, Mode::Polling, |me| f(Some(me))),
                None => {
                    // What `f` spawns belongs here nevertheless.
                    let _unseated = Unseated::Guest.enter(registry);
                    let _context = registry.hooks.context.enter();
                    f(None)
                }
            }
        }
    }
}

/// Runs the body of an in-place scope. A guest that spawns while all permits are out gives its own
/// one up (`publish::push_scope_job`), and has it back when the body ends.
pub(crate) fn body_of_scope<R>(me: Option<Occupant<'_>>, body: impl FnOnce() -> R) -> R {
    struct TakeBack<'a>(Occupant<'a>);
    impl Drop for TakeBack<'_> {
        fn drop(&mut self) {
            if self.0.mode() == Mode::Away {
                self.0.registry().sleep.acquire();
                self.0.set_mode(Mode::Polling);
            }
        }
    }

    let may_give = me.filter(|me| me.is_guest() && me.mode() == Mode::Polling);
    let _take_back = may_give.map(TakeBack);
    body()
}

/// Has the pool ended, so that no thread will ever again run what others push? (Threads for
/// blocking closures may still be at work.)
fn has_ended(registry: &Registry) -> bool {
    registry.is_closed() && registry.threads.has_no_seated()
}

/// A seat for a thread from outside that must work here, because no worker will: a guest's, or,
/// when the pool has ended, one that a worker has left. There may be none at the moment.
fn claim_any(registry: &Registry) -> Option<SeatIndex> {
    let guest = registry.guests.claim();
    guest.or_else(|| has_ended(registry).then(|| registry.left.claim())?)
}

/// Runs `f` on this thread, because no worker will: on the seat that the thread has (of another
/// pool, which then serves in place of this one), else on one of this pool, once one is free.
fn here<R>(registry: &Arc<Registry>, f: impl FnOnce(Occupant<'_>) -> R) -> R {
    if let Some(me) = seat::current() {
        computing::begin(me);
        return f(me);
    }
    assert!(
        !(registry.guests.is_empty() && registry.left.is_empty()),
        "the pool was shut down before this call could run on it, and its only worker is a thread \
         of the program's"
    );
    loop {
        if let Some(index) = claim_any(registry) {
            return as_guest(registry, index, Mode::Computing, f);
        }
        crate::sync::thread::yield_now();
    }
}

/// Works as a guest on a claimed seat.
fn as_guest<R>(
    registry: &Arc<Registry>,
    index: SeatIndex,
    mode: Mode,
    f: impl FnOnce(Occupant<'_>) -> R,
) -> R {
    /// The seat is this thread's, and so is a permit.
    struct Claim<'a>(&'a Registry, SeatIndex);
    impl Drop for Claim<'_> {
        fn drop(&mut self) {
            let seats = match self.0.guests.has(self.1) {
                true => &self.0.guests,
                false => &self.0.left,
            };
            seats.give_back(self.1);
            self.0.sleep.release();
            tell::permit(self.0);
        }
    }

    struct Leave<'a>(Occupant<'a>);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            trace::end(Span::Compute);
            publish::clear_seat(self.0);
            self.0.show_mode(Mode::Away);
        }
    }

    let _context = registry.hooks.context.enter();
    registry.sleep.acquire();
    // Dropped after all that makes this thread the occupant: the next guest may be waiting
    // (seat.S1).
    let _claim = Claim(registry, index);
    // SAFETY: the claim made this thread the only occupant; the seat lives in `registry`.
    let occupied = unsafe { registry.occupy(index) };
    let me = occupied.me();
    let _traced = registry.trace.enter(LaneKind::Guest, index as usize);
    me.return_to_queues();
    if mode == Mode::Computing {
        me.counters().count_computation();
        me.show_mode(mode);
        trace::begin(Span::Compute);
    }
    let _leave = Leave(me);
    // A guest that polls may spawn much.
    let _stamps = (mode == Mode::Polling).then(coarse::keep);
    f(me)
}

/// [`Handle::install`](crate::Handle::install): on a worker, unless this thread already is one.
pub(crate) fn install<R: Send>(registry: &Arc<Registry>, op: impl FnOnce() -> R + Send) -> R {
    match seat::current() {
        Some(me) if registry.owns(&me) => op(),
        _ => install_on_seat(registry, move |_, _| op()),
    }
}

/// As [`install`], when it is the turn of `limit`.
pub(crate) fn install_limited<R: Send>(
    registry: &Arc<Registry>,
    limit: &Arc<Limit>,
    op: impl FnOnce() -> R + Send,
) -> R {
    match seat::current() {
        // (A thread of another pool may be here only when this one has ended.)
        Some(me)
            if ShareRef::current() == limit.share()
                && (registry.owns(&me) || has_ended(registry)) =>
        {
            op()
        }
        _ => install_by(
            registry,
            |job| limit.push(job, Class::root(Priority::Normal)),
            |_, _| {
                // SAFETY: this call keeps the limit, and waits for what runs under it.
                let _under = unsafe { Ambient::here().with_share(limit.share()).enter() };
                op()
            },
        ),
    }
}

/// Runs `f` on a worker and waits for it. A thread of another pool lends its core meanwhile. A pool
/// that has no thread runs it here: one that has ended, or one that the system granted none.
#[cold]
fn install_on_seat<R: Send>(
    registry: &Arc<Registry>,
    f: impl FnOnce(Occupant<'_>, bool) -> R + Send,
) -> R {
    registry.check_process();
    if has_ended(registry) || has_no_thread(registry) {
        return here(registry, |me| f(me, true));
    }
    install_by(registry, |job| publish::inject_root(registry, job), f)
}

/// Did the system grant no thread at all, so that this one must work as a guest?
fn has_no_thread(registry: &Registry) -> bool {
    registry.threads.has_no_seated() && !registry.guests.is_empty() && seat::current().is_none()
}

/// Runs `f` on a worker, once the one to whom `submit` gives the job has one.
fn install_by<R: Send>(
    registry: &Arc<Registry>,
    submit: impl FnOnce(JobRef),
    f: impl FnOnce(Occupant<'_>, bool) -> R + Send,
) -> R {
    let pool = Arc::clone(registry);
    let job = StackJob::new(move |migrated| match seat::current() {
        Some(me) if pool.owns(&me) => f(me, migrated),
        // The pool has ended: the thread that pushed last runs what is left.
        _ => here(&pool, |me| f(me, migrated)),
    });
    // SAFETY: the job lives in this frame, which is not left before its latch is set: nothing
    // from here to the end of the wait unwinds.
    let guard = unwind::AbortOnDrop("install must wait for its job");
    // SAFETY: as above.
    let job_ref = unsafe { StackHeader::expose(job.as_header()) };
    submit(job_ref);
    // SAFETY: exposed above.
    let done = unsafe { job.public() }.latch();
    match seat::current() {
        Some(me) => wait::until(me, registry, done),
        None => done.wait(Parker::current()),
    }
    guard.disarm();
    // SAFETY: the latch is set.
    match unsafe { job.take_result() } {
        Ok(result) => result,
        Err(payload) => unwind::resume(payload),
    }
}

/// The tokio context of a pool, on the calling thread (feature `tokio`).
pub(crate) struct InContext<'a>(#[allow(dead_code)] Option<Entered<'a>>);

pub(crate) fn in_context(registry: &Registry) -> InContext<'_> {
    InContext(registry.hooks.context.enter())
}

thread_cell! {
    static UNSEATED: Cell<(*const Registry, Unseated)> = Cell::new((ptr::null(), Unseated::Guest));
}

/// Who works for a pool without having a seat there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unseated {
    /// A thread from outside that must stay where it is, and found no guest seat.
    Guest,
    /// A thread that the pool created for blocking closures.
    Own,
}

/// The calling thread works for a pool without having a seat there, while this lives.
#[must_use]
pub(super) struct Working((*const Registry, Unseated));

impl Unseated {
    /// From now on, free functions of this crate use `registry` on this thread.
    pub(super) fn enter(self, registry: &Arc<Registry>) -> Working {
        let now = (Arc::as_ptr(registry), self);
        Working(UNSEATED.with(|before| before.replace(now)))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        UNSEATED.with(|now| now.set(self.0));
    }
}

/// The pool that the calling thread works for without a seat, if it does.
pub(crate) fn unseated() -> Option<Arc<Registry>> {
    let (pool, _) = UNSEATED.try_with(Cell::get).ok()?;
    if pool.is_null() {
        return None;
    }
    // SAFETY: it came from an `Arc` that outlives the guard, which clears the cell.
    unsafe {
        Arc::increment_strong_count(pool);
        Some(Arc::from_raw(pool))
    }
}

/// Has the pool created the calling thread, which has no seat?
fn is_own(registry: &Registry) -> bool {
    let own = (ptr::from_ref(registry), Unseated::Own);
    UNSEATED.try_with(Cell::get).is_ok_and(|now| now == own)
}
