//! A future that completes at a given instant.

use super::{later, now};
use crate::entry::current::current_registry;
use crate::entry::global;
use crate::pool::{Registry, timers};
use crate::sync::atomic::{Ordering, fence};
use crate::task::coop;
use crate::timer::Key;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Waits for a duration. Completes at once if that is zero. A duration that the clock cannot
/// express, such as `Duration::MAX`, is taken for 30 years.
///
/// ```
/// use manyhands::time::{Duration, sleep};
///
/// manyhands::block_on(async {
///     sleep(Duration::from_millis(1)).await;
///     sleep(Duration::ZERO).await;
/// });
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(later(now(), duration))
}

/// Waits until a deadline. Completes at once if that has passed.
///
/// ```
/// use manyhands::time::{Duration, Instant, sleep_until};
///
/// manyhands::block_on(async {
///     let next = Instant::now() + Duration::from_millis(1);
///     sleep_until(next).await;
///     assert!(Instant::now() >= next);
/// });
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline,
        state: State::New,
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It does nothing until it is polled, and can be moved at any time. Dropping it forgets the timer
/// at once.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sleep {
    deadline: Instant,
    state: State,
}

enum State {
    New,
    Waits(Arc<Registry>, Key),
    Over,
}

impl Sleep {
    /// The deadline at which the future completes.
    ///
    /// ```
    /// use manyhands::time::{Duration, Instant, sleep_until};
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(sleep_until(deadline).deadline(), deadline);
    /// ```
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Has the deadline passed? Looks at the clock only if the future has not completed.
    ///
    /// ```
    /// use manyhands::time::{Duration, sleep};
    /// let mut nap = sleep(Duration::from_millis(1));
    /// manyhands::block_on(&mut nap);
    /// assert!(nap.is_elapsed());
    /// assert!(!sleep(Duration::MAX).is_elapsed());
    /// ```
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Over) || now() >= self.deadline
    }

    /// Sets another deadline, even after the future has completed. The task that awaits it need not
    /// poll it again for that, unless it had completed.
    ///
    /// The receiver is tokio's; `Pin::new(&mut sleep).reset(..)` works as well.
    ///
    /// ```
    /// use manyhands::time::{Duration, Instant, sleep};
    /// use std::pin::Pin;
    ///
    /// let mut nap = sleep(Duration::from_secs(3600));
    /// Pin::new(&mut nap).reset(Instant::now());
    /// manyhands::block_on(nap);
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = deadline;
        if let State::Waits(registry, key) = &this.state {
            // The waiting task is still told. A timer that had expired is made anew by the next
            // poll.
            if let Some(key) = timers::reset(registry, *key, deadline) {
                this.state = State::Waits(Arc::clone(registry), key);
                return;
            }
        }
        this.state = State::New;
    }

    fn start(&self, context: &Context<'_>) -> State {
        let mut registry = current_registry();
        loop {
            if registry.timers().present() >= self.deadline {
                return State::Over;
            }
            let Some(key) = timers::add(&registry, self.deadline, context.waker()) else {
                return State::Over;
            };
            // Ordering: SeqCst fence; pairs with that of `shutdown::begin`: either the end of
            // the pool finds this timer, or we see the end.
            fence(Ordering::SeqCst);
            if !registry.is_closed() {
                return State::Waits(registry, key);
            }
            // A thread of a closed pool. The default pool never closes.
            registry.timers().remove(key);
            registry = global::registry();
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let unit = ready!(coop::poll_proceed(context));
        if let State::Waits(registry, key) = &this.state {
            if registry.timers().set_waker(*key, context.waker()) {
                return Poll::Pending;
            }
            // The timer has expired, or its pool has closed.
            this.state = State::New;
        }
        if matches!(this.state, State::New) {
            this.state = this.start(context);
        }
        match this.state {
            State::Over => {
                unit.made_progress();
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let State::Waits(registry, key) = &self.state {
            registry.timers().remove(*key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("is_over", &matches!(self.state, State::Over))
            .finish()
    }
}
