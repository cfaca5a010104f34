//! Regions that a cancelled computation may leave in the middle.
//!
//! Cancelling is a flag of the task ([`crate::job::cancel`]). These functions change what it does
//! to the loops, joins and scopes called inside, on every thread: nothing else reads it.

use crate::job::cancel::CancelRef;
pub use crate::job::cancel::Cancelled;
use crate::job::origin;
use crate::pool::region;
use crate::util::unwind;

/// Runs `f`, and leaves it early if the computation around it is cancelled.
///
/// A computation is cancelled when its [`Compute`](crate::Compute) future is dropped, its handle is
/// [aborted](crate::JoinHandle::abort), or its pool shuts down. What runs goes on to its end all
/// the same, because its caller may hold a lock, or have taken data out that it will put back.
/// `cancellable` says that here nothing shared is half done: inside of `f`, on every thread that
/// helps, parallel loops stop at their next block, and joins and scopes at their next call. They
/// unwind as far as this call and no further, which then returns [`Cancelled`].
///
/// Cut are parallel loops, [`join`](crate::join), [`scope`](crate::scope) and their kin, and
/// sorts. Code without any of them runs to its end. If `f` ends first, its value is returned,
/// cancelled or not. If the computation was cancelled before the call, `f` is not called. Outside
/// of a task (say in `main`) there is nothing to cancel, and `f` runs whole.
///
/// While the thread unwinds (destructors of what `f` made, panics) nothing is cut. A destructor
/// that runs as usual is cut like any other code: wrap a loop in it in [`shield`]. With
/// `panic = "abort"` nothing is cut at all.
///
/// ```
/// use manyhands::{Cancelled, block_on, cancellable, prelude::*, spawn_compute};
/// use std::sync::mpsc;
///
/// let (started, has_started) = mpsc::channel();
/// let search = spawn_compute(move || {
///     started.send(()).unwrap();
///     // It would take hours:
///     let largest = cancellable(|| (0..1_u64 << 50).into_par_iter().map(|n| n ^ 0xABCD).max());
///     // Here the closure goes on, with everything that it owns.
///     assert_eq!(largest, Err(Cancelled));
/// });
/// has_started.recv().unwrap();
/// search.abort();
/// block_on(search).unwrap();
/// ```
///
/// As in Swift and Kotlin, code is cancelled where it says so, and not wherever it stands, as by
/// Java's `Thread.stop`; the book tells the story in "Cancellation and shared state".
///
/// # Errors
///
/// [`Cancelled`] if `f` was left early, or not begun.
///
/// # Panics
///
/// A panic of `f` goes on.
pub fn cancellable<F, R>(f: F) -> Result<R, Cancelled>
where
    F: FnOnce() -> R,
{
    region::under(CancelRef::current().cutting(), || origin::run_or_skip(f)).or_else(|payload| {
        match payload.downcast() {
            Ok(cancelled) => Err(*cancelled),
            Err(payload) => unwind::resume(payload),
        }
    })
}

/// Runs `f` whole, also inside of [`cancellable`].
///
/// For the steps of a region that must not be left in the middle: an update of shared state, a
/// flush in a destructor. What `f` calls on other threads runs whole as well. Outside of a region
/// this only calls `f`. [`is_cancelled`] still tells the truth inside.
///
/// ```
/// use manyhands::{cancellable, prelude::*, shield};
/// use std::sync::Mutex;
///
/// let table = Mutex::new(vec![3, 1, 2]);
/// let sum = cancellable(|| {
///     shield(|| {
///         let mut table = table.lock().unwrap();
///         let old = std::mem::take(&mut *table);
///         *table = old.into_par_iter().map(|n| n * 2).collect();
///     });
///     table.lock().unwrap().par_iter().sum::<i32>()
/// });
/// assert_eq!(sum, Ok(12));
/// ```
pub fn shield<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    region::under(CancelRef::current().whole(), f)
}

/// Was the computation that this code works for cancelled?
///
/// True once its future was dropped, its handle aborted, or its pool shut down; in the task itself
/// and in everything that its loops, joins and scopes run on other threads. Always false outside of
/// a task. For code that prefers to ask instead of being [cut](cancellable): a loop without
/// parallel parts, or one that has something to put in order before it leaves.
///
/// It costs two loads.
///
/// ```
/// use std::sync::mpsc;
/// assert!(!manyhands::is_cancelled());
///
/// let (started, has_started) = mpsc::channel();
/// let task = manyhands::spawn_blocking(move || {
///     started.send(()).unwrap();
///     let mut rounds = 0_u64;
///     while !manyhands::is_cancelled() {
///         rounds += 1;
///     }
///     rounds
/// });
/// has_started.recv().unwrap();
/// task.abort();
/// // It ran, so it ended as it liked, and its result is kept.
/// assert!(manyhands::block_on(task).is_ok());
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    origin::is_cancelled()
}
