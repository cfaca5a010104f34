//! Blocking on a thread of the pool without taking a core from it.

use crate::pool::{seat, wait};
use crate::task::coop;

/// Runs a closure that blocks, right here. If this thread works for a pool, it lends its core
/// meanwhile, and all of its queued work can be taken by others. Elsewhere it just calls `f`.
///
/// When `f` returns, this thread goes on at once. So until it, or another thread of the pool, has
/// finished its present job or poll, one more thread may be at work than the pool has permits.
///
/// Everything else in the same task, for instance the other branch of a `join!`, waits until `f`
/// returns.
///
/// ```
/// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
/// let answer = pool.block_on(async {
///     let (sender, receiver) = std::sync::mpsc::channel();
///     manyhands::spawn(async move { sender.send(42).unwrap() });
///     // On a pool of one, the sender runs on a spare thread.
///     manyhands::block_in_place(|| receiver.recv().unwrap())
/// });
/// assert_eq!(answer, 42);
/// ```
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    let f = || coop::unlimited(f);
    match seat::try_current() {
        Some(me) => wait::while_blocking(me, f),
        None => f(),
    }
}
