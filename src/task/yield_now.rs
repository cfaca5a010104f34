//! A future that lets other tasks go first.

use super::coop;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Sends the task to the back of the queue once: other ready tasks run before it continues.
///
/// # Examples
///
/// ```
/// manyhands::block_on(async {
///     for _ in 0..3 {
///         manyhands::task::yield_now().await;
///     }
/// });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return coop::poll_proceed(cx).map(|unit| unit.made_progress());
        }
        self.yielded = true;
        // Woken during its own poll, a task is rescheduled with `How::Yield`.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
