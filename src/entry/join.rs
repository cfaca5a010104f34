//! Two closures, perhaps at the same time.
//!
//! The whole cost of a join that nobody steals from is here: build a [`StackJob`], two stores into
//! a private slot and a look at the hunger word, call `a`, a store and two loads, call `b`. No
//! fence, no read-modify-write, no allocation, no clock, and a drop guard instead of
//! `catch_unwind`.

use super::current::current_registry;
use crate::job::origin;
use crate::job::stack::StackJob;
use crate::pool::{Occupant, Popped, Registry, Slot, guest, halves, region, seat, wait};
use crate::util::unwind;
use std::marker::PhantomData;
use std::sync::Arc;

/// Tells a closure of [`join_context`] whether it moved to another thread.
#[derive(Debug)]
pub struct FnContext {
    migrated: bool,
    /// Not `Send`, not `Sync`: it speaks of this thread.
    _thread: PhantomData<*mut ()>,
}

impl FnContext {
    #[inline(always)]
    pub(crate) fn new(migrated: bool) -> Self {
        Self {
            migrated,
            _thread: PhantomData,
        }
    }

    /// Does the closure run on another thread than the one that called `join_context`?
    #[inline]
    pub fn migrated(&self) -> bool {
        self.migrated
    }
}

/// Runs two closures, in parallel if another thread has time, and returns both results.
///
/// `oper_a` runs on this thread at once. `oper_b` waits where other threads can get at it; if none
/// took it in the meantime, this thread runs it next. When nobody is interested, a join costs a
/// few instructions more than the two calls, so it can go into every level of a recursion.
///
/// # Where it runs
///
/// On a thread of a pool: on that pool. On any other thread: right here, as a *guest* of the
/// default pool whose workers may take part. (rayon sends the closures to a worker instead and
/// blocks the caller. manyhands does so only if all guest seats are taken, if the pool has none, or
/// if its builder has set the [`stack_size`](crate::PoolBuilder::stack_size).)
///
/// # Waiting
///
/// If another thread took `oper_b` and is still at it, this thread runs what descends from
/// `oper_b`, and otherwise sleeps and lets another thread of the pool use its core. It never runs
/// an unrelated job meanwhile, so holding a lock across `join` is safe as long as the two closures
/// themselves don't want it. (rayon may run any job here.)
///
/// # Panics
///
/// Both closures always run, whatever the other does (except in a
/// [`cancellable`](crate::cancellable) region that was cancelled). If one panics, `join` panics
/// with its payload once both are done; if both do, with that of `oper_a`.
///
/// ```
/// fn quick_sort<T: PartialOrd + Send>(items: &mut [T]) {
///     if items.len() <= 1 {
///         return;
///     }
///     let pivot = items.len() - 1;
///     let mut low = 0;
///     for i in 0..pivot {
///         if items[i] <= items[pivot] {
///             items.swap(i, low);
///             low += 1;
///         }
///     }
///     items.swap(low, pivot);
///     let (left, right) = items.split_at_mut(low);
///     manyhands::join(|| quick_sort(left), || quick_sort(&mut right[1..]));
/// }
///
/// let mut items = [5, 1, 8, 22, 0, 44];
/// quick_sort(&mut items);
/// assert_eq!(items, [0, 1, 5, 8, 22, 44]);
/// ```
///
/// The idea of private slots that become public on demand is that of Lace (van Dijk and van de
/// Pol, 2014), and goes back to lazy scheduling (Tzannes et al., 2010).
// Always: in a recursion with more than one join, the compiler else calls a function here, and
// hands over closures and results through memory.
#[inline(always)]
pub fn join<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    region::check_cancelled();
    match seat::current() {
        Some(me) => fork::<LOUD, _, _, _, _>(me, |_| oper_a(), |_| oper_b()),
        None => outside(&current_registry(), |_| oper_a(), |_| oper_b()),
    }
}

/// As [`join`], and tells each closure whether it moved to another thread.
///
/// ```
/// let (a, _b) = manyhands::join_context(|context| context.migrated(), |context| context.migrated());
/// // Nobody takes the first half away from its own thread, unless the call itself moved to a
/// // worker: because this thread found no guest seat, or the pool has stacks of a set size.
/// assert!(!a);
/// ```
#[inline]
pub fn join_context<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA + Send,
    B: FnOnce(FnContext) -> RB + Send,
    RA: Send,
    RB: Send,
{
    region::check_cancelled();
    match seat::current() {
        Some(me) => fork::<LOUD, _, _, _, _>(me, oper_a, oper_b),
        None => outside(&current_registry(), oper_a, oper_b),
    }
}

/// As [`join_context`], for a first half that must stay on the calling thread, which has a seat:
/// neither `oper_a` nor its result need be `Send`. On a thread without a seat both run in turn.
pub(crate) fn join_here<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce(FnContext) -> RB + Send,
    RB: Send,
{
    match seat::current() {
        Some(me) => fork::<LOUD, _, _, _, _>(me, |_| oper_a(), oper_b),
        None => (oper_a(), oper_b(FnContext::new(false))),
    }
}

/// As [`join_here`], but `oper_b` stays private although a thread is hungry.
pub(crate) fn join_context_quietly<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce(FnContext) -> RB + Send,
    RB: Send,
{
    match seat::current() {
        Some(me) => fork::<QUIET, _, _, _, _>(me, |_| oper_a(), oper_b),
        None => (oper_a(), oper_b(FnContext::new(false))),
    }
}

/// A join on a given pool.
pub(crate) fn join_on<A, B, RA, RB>(registry: &Arc<Registry>, oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA + Send,
    B: FnOnce(FnContext) -> RB + Send,
    RA: Send,
    RB: Send,
{
    region::check_cancelled();
    match seat::current() {
        Some(me) if registry.owns(&me) => fork::<LOUD, _, _, _, _>(me, oper_a, oper_b),
        _ => outside(registry, oper_a, oper_b),
    }
}

#[cold]
fn outside<A, B, RA, RB>(registry: &Arc<Registry>, oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA + Send,
    B: FnOnce(FnContext) -> RB + Send,
    RA: Send,
    RB: Send,
{
    guest::on_seat(registry, |me, moved| {
        fork::<LOUD, _, _, _, _>(
            me,
            |_| oper_a(FnContext::new(moved)),
            move |context| oper_b(FnContext::new(context.migrated || moved)),
        )
    })
}

/// Whether a hungry thief is told of the second half of a join.
pub(super) const LOUD: bool = false;
const QUIET: bool = true;

/// The join proper. `oper_a` runs here, so it need not be `Send`. `oper_b` runs here too unless a
/// thief is faster.
#[inline(always)]
pub(super) fn fork<const IS_QUIET: bool, A, B, RA, RB>(
    me: Occupant<'_>,
    oper_a: A,
    oper_b: B,
) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA,
    B: FnOnce(FnContext) -> RB + Send,
    RB: Send,
{
    let job_b = StackJob::new(|migrated| oper_b(FnContext::new(migrated)));
    let slot = if IS_QUIET {
        halves::push_quietly(me, job_b.as_header())
    } else {
        halves::push(me, job_b.as_header())
    };
    // Until this guard is disarmed, unwinding out of `oper_a` finishes `oper_b` first: its job
    // lives in this frame, and another thread may be running it.
    let guard = FinishSecond {
        me,
        slot,
        job: &job_b,
    };
    let result_a = oper_a(FnContext::new(false));
    std::mem::forget(guard);
    let popped = halves::pop(me, slot, job_b.as_header());
    if popped == Popped::Mine {
        // SAFETY: `Mine` gives the right to run the job back to us.
        let oper_b = unsafe { job_b.take() };
        return (result_a, oper_b(false));
    }
    let result_b = stolen(me, &job_b);
    (result_a, result_b)
}

/// Waits for the thief of the second half.
#[cold]
fn stolen<F, R>(me: Occupant<'_>, job: &StackJob<F, R>) -> R
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    match wait_for_thief(me, job) {
        Ok(result) => result,
        Err(payload) => unwind::resume(payload),
    }
}

/// The result of a second half that was stolen.
fn wait_for_thief<F, R>(me: Occupant<'_>, job: &StackJob<F, R>) -> Result<R, unwind::Payload>
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    let guard = unwind::AbortOnDrop("a join must wait for its second half");
    // SAFETY: a job that was stolen has been exposed.
    wait::for_half(me, unsafe { job.public() });
    guard.disarm();
    // SAFETY: the wait ends when the latch is set.
    unsafe { job.take_result() }
}

/// The first half panicked: the second half runs, or is waited for, before the unwinding goes on.
struct FinishSecond<'a, F, R>
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    me: Occupant<'a>,
    slot: Slot,
    job: &'a StackJob<F, R>,
}

impl<F, R> Drop for FinishSecond<'_, F, R>
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    // Inlined, so that the fields of the guard need no place in memory.
    #[inline(always)]
    fn drop(&mut self) {
        finish_second(self.me, self.slot, self.job);
    }
}

#[cold]
#[inline(never)]
fn finish_second<F, R>(me: Occupant<'_>, slot: Slot, job: &StackJob<F, R>)
where
    F: FnOnce(bool) -> R + Send,
    R: Send,
{
    let result = if halves::pop(me, slot, job.as_header()) == Popped::Mine {
        // SAFETY: `Mine` gives the right to run the job back to us.
        let func = unsafe { job.take() };
        if origin::is_cut() {
            // The unwinding is that of a region that was cut, or might as well be: nobody wants
            // the second half. (Its loops could not leave by unwinding in here.)
            unwind::catch_drop(func)
        } else {
            unwind::catch(|| drop(func(false)))
        }
    } else {
        wait_for_thief(me, job).and_then(unwind::catch_drop)
    };
    // The first panic wins; a second one, also one of a destructor, is not told.
    if let Err(payload) = result {
        unwind::discard(payload);
    }
}
