//! A future with a deadline.

use super::sleep::{Sleep, sleep, sleep_until};
use crate::task::coop;
use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Awaits a future for at most `duration`, then gives [`Elapsed`]. The future is not dropped then,
/// but together with the [`Timeout`].
///
/// The future is polled first: one that is ready at once is never late, even if `duration` is zero.
/// A future that does not return from its poll cannot be stopped, but a parallel loop in
/// [`compute`](crate::compute()) can.
///
/// ```
/// use manyhands::time::{Duration, timeout};
///
/// manyhands::block_on(async {
///     assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
///     let never = std::future::pending::<()>();
///     assert!(timeout(Duration::from_millis(1), never).await.is_err());
/// });
/// ```
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep(duration),
    }
}

/// Like [`timeout`], with a deadline instead of a duration.
///
/// ```
/// use manyhands::time::{Instant, timeout_at};
///
/// manyhands::block_on(async {
///     let never = std::future::pending::<()>();
///     assert!(timeout_at(Instant::now(), never).await.is_err());
/// });
/// ```
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep_until(deadline),
    }
}

/// The future of [`timeout`] and [`timeout_at`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Timeout<F> {
    future: F,
    sleep: Sleep,
}

impl<F> Timeout<F> {
    /// The inner future.
    ///
    /// ```
    /// use manyhands::time::{Duration, timeout};
    /// let ready = timeout(Duration::ZERO, std::future::ready(1));
    /// assert_eq!(ready.get_ref().clone().into_inner(), 1);
    /// ```
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The inner future, to be changed.
    ///
    /// ```
    /// use manyhands::time::{Duration, timeout};
    /// let mut ready = timeout(Duration::ZERO, std::future::ready(1));
    /// *ready.get_mut() = std::future::ready(2);
    /// assert_eq!(manyhands::block_on(ready), Ok(2));
    /// ```
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// Returns the inner future, without its deadline.
    ///
    /// ```
    /// use manyhands::time::{Duration, timeout};
    /// let future = timeout(Duration::ZERO, async { 1 }).into_inner();
    /// assert_eq!(manyhands::block_on(future), 1);
    /// ```
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `future` is pinned with `self`: it is never moved out of a pinned `Timeout`.
        // (There is no `Drop`, and `into_inner` needs a `Timeout` that was not pinned.) `Sleep` is
        // `Unpin`.
        let (future, sleep) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), &mut this.sleep)
        };
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        let sleep = Pin::new(sleep);
        let expired = if had_budget && !coop::has_budget_remaining() {
            // The future has spent the budget of this poll. It may do so in each poll, and the
            // deadline must not wait for that.
            coop::unlimited(|| sleep.poll(context))
        } else {
            sleep.poll(context)
        };
        expired.map(|()| Err(Elapsed(())))
    }
}

/// The error of [`timeout`]: the deadline has passed.
///
/// ```
/// use manyhands::time::{Duration, timeout};
/// let late = timeout(Duration::ZERO, std::future::pending::<()>());
/// let error = manyhands::block_on(late).unwrap_err();
/// assert_eq!(error.to_string(), "the time for this future is over");
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time for this future is over")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
