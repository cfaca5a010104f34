//! tokio's budget, which tokio's channels, sockets and timers spend.
//!
//! tokio fills it for polls of its own runtimes, and has no function that fills it for others. But
//! a [`RestoreOnPending`] sets the budget of its thread, when it is dropped, to what it was when
//! the guard was made. So each thread keeps a guard that was made with a full budget. To fill the
//! budget is to drop that guard, and to make another one at once, which takes one unit.
//!
//! The first guard of a thread comes out of a task of a [`LocalSet`], which has a full budget
//! whatever runtime the thread is in, and needs none. Guards are never dropped at the end of a
//! thread: they own nothing.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::runtime::Handle;
use tokio::task::LocalSet;
use tokio::task::coop::{self, RestoreOnPending};

thread_local! {
    /// A guard made with a full budget; `None` before the first poll.
    static FULL: Cell<Option<ManuallyDrop<RestoreOnPending>>> = const { Cell::new(None) };
}

/// Polls with a full budget.
#[inline]
pub(super) fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    // The budget of before comes back at the end, which is none outside of polls.
    unlimited(|| {
        fill();
        let polled = future.poll(context);
        if polled.is_pending() && !coop::has_budget_remaining() {
            // Inside a runtime tokio wakes the task when its thread comes back to that runtime. The
            // thread may be on its way to sleep here instead.
            context.waker().wake_by_ref();
        }
        polled
    })
}

/// Runs `f` without a limit.
#[inline]
pub(super) fn unlimited<R>(f: impl FnOnce() -> R) -> R {
    let mut f = Some(f);
    let call = poll_fn(|_| Poll::Ready(f.take().expect("polled once")()));
    let context = &mut Context::from_waker(Waker::noop());
    match pin!(coop::unconstrained(call)).poll(context) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("the closure has run"),
    }
}

fn fill() {
    if let Some(guard) = FULL.take().or_else(first) {
        drop(ManuallyDrop::into_inner(guard));
        FULL.set(proceed(&mut Context::from_waker(Waker::noop())));
    }
}

fn proceed(context: &mut Context<'_>) -> Option<ManuallyDrop<RestoreOnPending>> {
    match coop::poll_proceed(context) {
        Poll::Ready(guard) => Some(ManuallyDrop::new(guard)),
        Poll::Pending => None,
    }
}

/// The first guard of the calling thread, unless the thread ends.
#[cold]
fn first() -> Option<ManuallyDrop<RestoreOnPending>> {
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return None;
    }
    let context = &mut Context::from_waker(Waker::noop());
    let mut set = LocalSet::new();
    let mut task = set.spawn_local(poll_fn(|context| Poll::Ready(proceed(context))));
    let _ = Pin::new(&mut set).poll(context);
    match Pin::new(&mut task).poll(context) {
        Poll::Ready(guard) => guard.ok().flatten(),
        Poll::Pending => None,
    }
}
