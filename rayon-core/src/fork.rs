//! Joins and scopes: manyhands' own, behind a look at the default pool.

use crate::default_pool::ready;
use crate::{FnContext, Scope, ScopeFifo};

/// Runs two closures, in parallel if another thread has time, and returns both results.
///
/// `oper_a` runs on this thread at once. `oper_b` waits where other threads can take it; if none
/// has, this thread runs it next. On a thread that works for no pool, both move to the default
/// pool.
///
/// While it waits for a second half that was taken, the thread runs what descends from that half,
/// and no strangers.
///
/// # Panics
///
/// Both closures always run. If one panics, so does `join`, once both are done; if both do, with
/// the payload of `oper_a`.
///
/// ```
/// let (a, b) = rayon_core::join(|| 6 * 7, || "forty-two".len());
/// assert_eq!((a, b), (42, 9));
/// ```
#[inline(always)]
pub fn join<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    ready();
    manyhands::join(oper_a, oper_b)
}

/// As [`join`], and tells each closure whether it moved to another thread.
///
/// ```
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// let moved = pool.install(|| rayon_core::join_context(|c| c.migrated(), |c| c.migrated()));
/// assert_eq!(moved, (false, false)); // one thread: there is no other
/// ```
#[inline(always)]
pub fn join_context<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA + Send,
    B: FnOnce(FnContext) -> RB + Send,
    RA: Send,
    RB: Send,
{
    ready();
    manyhands::join_context(oper_a, oper_b)
}

/// Runs `op`, which may spawn jobs that borrow from outside of the scope; returns when all of them
/// are done.
///
/// On a thread that works for no pool, `op` moves to the default pool. The newest job of a thread
/// runs first there; see [`scope_fifo`] for the other order.
///
/// # Panics
///
/// If `op` or a job panics, once all jobs are done.
///
/// ```
/// let mut squares = [1, 2, 3];
/// rayon_core::scope(|s| {
///     for item in &mut squares {
///         s.spawn(move |_| *item *= *item);
///     }
/// });
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn scope<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R + Send,
    R: Send,
{
    ready();
    manyhands::scope(op)
}

/// As [`scope`], but each thread runs the jobs that it has spawned from the oldest to the newest.
///
/// ```
/// use std::sync::Mutex;
/// let order = Mutex::new(Vec::new());
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
/// let note = |i| order.lock().unwrap().push(i);
/// pool.install(|| rayon_core::scope_fifo(|s| (0..4).for_each(|i| s.spawn_fifo(move |_| note(i)))));
/// assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
/// ```
pub fn scope_fifo<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
    R: Send,
{
    ready();
    manyhands::scope_fifo(op)
}

/// As [`scope`], but `op` stays on the calling thread, and need not be [`Send`].
///
/// ```
/// use std::rc::Rc;
/// let here = Rc::new(20); // `op` may use what cannot move
/// let mut there = 0;
/// let sum = rayon_core::in_place_scope(|s| {
///     s.spawn(|_| there = 22);
///     *here
/// });
/// assert_eq!(sum + there, 42);
/// ```
pub fn in_place_scope<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&Scope<'scope>) -> R,
{
    ready();
    manyhands::in_place_scope(op)
}

/// As [`scope_fifo`], but `op` stays on the calling thread, and need not be [`Send`].
///
/// ```
/// let mut there = 0;
/// rayon_core::in_place_scope_fifo(|s| s.spawn_fifo(|_| there = 42));
/// assert_eq!(there, 42);
/// ```
pub fn in_place_scope_fifo<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R,
{
    ready();
    manyhands::in_place_scope_fifo(op)
}
