//! Computation as a future: starts when first polled, is cancelled when dropped.

use super::spawn::spawn_compute_at;
use crate::task::{CancelOnDrop, JoinHandle};
use crate::util::unwind;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Awaits a closure that computes on the current pool.
///
/// The closure starts at the first poll of the returned future, on any thread of the pool, and may
/// use `join`, `scope` and parallel iterators. Other tasks keep running on this thread meanwhile.
/// Dropping the future cancels the computation: if it has not started, it never will. If it runs,
/// it goes on to its end, because it may hold locks or half-changed data. Loops that may be left in
/// the middle go into [`cancellable`](crate::cancellable).
///
/// # Panics
///
/// A panic of the closure continues in whoever awaits. Awaiting also panics if the pool was shut
/// down meanwhile; use [`spawn_compute`](crate::spawn_compute) to handle that.
///
/// ```
/// manyhands::block_on(async {
///     let numbers: Vec<u64> = (0..1000).collect();
///     let sum = manyhands::compute(move || {
///         let (low, high) = numbers.split_at(500);
///         let (a, b) = manyhands::join(|| low.iter().sum::<u64>(), || high.iter().sum::<u64>());
///         a + b
///     })
///     .await;
///     assert_eq!(sum, 499_500);
/// });
/// ```
#[track_caller]
pub fn compute<F, R>(f: F) -> Compute<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let site = Location::caller();
    compute_by(move || spawn_compute_at(f, site))
}

/// Awaits what `start` starts.
pub(crate) fn compute_by<R>(start: impl FnOnce() -> JoinHandle<R> + Send + 'static) -> Compute<R>
where
    R: Send + 'static,
{
    Compute(State::Idle(Box::new(move || start().cancel_on_drop())))
}

/// The future of [`compute`].
#[must_use = "a computation starts when its future is polled: await it"]
pub struct Compute<R>(State<R>);

enum State<R> {
    Idle(Box<dyn FnOnce() -> CancelOnDrop<R> + Send>),
    Running(CancelOnDrop<R>),
    Done,
}

impl<R> Unpin for Compute<R> {}

impl<R> Future for Compute<R> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        if let State::Idle(_) = self.0 {
            if let State::Idle(start) = std::mem::replace(&mut self.0, State::Done) {
                self.0 = State::Running(start());
            }
        }
        let State::Running(task) = &mut self.0 else {
            panic!("a `Compute` future was polled after it had ended");
        };
        let result = std::task::ready!(Pin::new(task).poll(context));
        self.0 = State::Done;
        match result {
            Ok(value) => Poll::Ready(value),
            Err(error) => match error.try_into_panic() {
                Ok(payload) => unwind::resume(payload),
                Err(_) => panic!("the pool was shut down before the computation was done"),
            },
        }
    }
}

impl<R> fmt::Debug for Compute<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0 {
            State::Idle(_) => "idle",
            State::Running(_) => "running",
            State::Done => "done",
        };
        f.debug_tuple("Compute").field(&state).finish()
    }
}
