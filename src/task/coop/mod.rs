//! The budget of a poll: futures that are always ready give way to others after a while.
//!
//! A task that awaits a timer, a handle or a channel is asked to stop only where one of these is
//! not ready. A task that always finds them ready would keep its thread for ever: no other task
//! would run there, no [`timeout`](crate::time::timeout) around it would end, and
//! [`abort`](crate::JoinHandle::abort) would have no effect. So each poll of a task, and of the
//! future of a [`block_on`](crate::block_on()), has a budget of 128 units. Each result that a
//! timer, a [`JoinHandle`](crate::JoinHandle), a [`JoinSet`](crate::task::JoinSet) or
//! [`yield_now`](crate::task::yield_now()) gives takes one unit. When none is left, these futures
//! are pending, and wake the task at once: it goes to the back of the queue, and its next poll has
//! a full budget.
//!
//! Names and meaning are those of `tokio::task::coop`. Futures of other crates, a channel say, do
//! not know of the budget. [`cooperative`] makes them spend it, and [`consume_budget`] is for long
//! loops that await nothing. Outside of a task and of `block_on` there is no limit.
//!
//! # tokio's futures
//!
//! tokio's channels, sockets and timers have a budget of their own, which tokio fills for its own
//! tasks only. With the feature `tokio` every poll of a pool's tasks fills that budget as well, so
//! that these futures give way here as they do there. Without the feature nothing limits them.
//!
//! # Executors inside a task
//!
//! A `block_on` of another crate that runs inside a poll calls its future again and again, and the
//! poll does not end. After 1000 refusals in one poll the budget is filled, so that such a future
//! goes on.
//!
//! # Examples
//!
//! On a pool with one thread, the second task runs although the first one is always ready:
//!
//! ```
//! use futures::StreamExt;
//! use futures::channel::mpsc::unbounded;
//! use manyhands::task::coop::cooperative;
//!
//! let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
//! let (sender, mut receiver) = unbounded();
//! let first = pool.spawn(async move {
//!     let mut received = 0_u64;
//!     // Each message is followed by another one.
//!     let again = sender.clone();
//!     sender.unbounded_send(()).unwrap();
//!     while let Some(()) = cooperative(receiver.next()).await {
//!         received += 1;
//!         again.unbounded_send(()).unwrap();
//!     }
//!     received
//! });
//! assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
//! first.abort();
//! assert!(first.join().unwrap_err().is_cancelled());
//! ```
// For readers of the source: `run.rs` and `block_on` poll by `poll`, which is the only place that
// fills a budget. tokio's own is `tokio.rs`.

#[cfg_attr(any(not(feature = "tokio"), manyhands_model), path = "no_tokio.rs")]
mod tokio;

use crate::sync::thread_cell;
use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The units of one poll. Where it is negative, its amount is the number of refusals since the last
/// unit was spent.
type Units = i32;

const FULL: Units = 128;
/// Outside of polls. Never spent.
const UNLIMITED: Units = Units::MAX;
/// After this many refusals in one poll, somebody polls again and again inside of it.
const REFUSALS: Units = 1000;

thread_cell! {
    static LEFT: Cell<Units> = Cell::new(UNLIMITED);
}

/// The calling thread has another budget until this is dropped.
struct Entered(Units);

impl Entered {
    #[inline]
    fn new(units: Units) -> Self {
        Self(LEFT.with(|left| left.replace(units)))
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        LEFT.with(|left| left.set(self.0));
    }
}

/// Polls the future of a task or of a `block_on` with a full budget.
#[inline]
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    let _entered = Entered::new(FULL);
    tokio::poll(future, context)
}

/// Runs code that may poll futures until they are ready, as closures do: without a limit.
#[inline]
pub(crate) fn unlimited<R>(f: impl FnOnce() -> R) -> R {
    let _entered = Entered::new(UNLIMITED);
    tokio::unlimited(f)
}

/// Takes one unit from the budget. If none is left, wakes the task and is pending: the caller is to
/// be pending as well.
///
/// The unit comes back when the guard is dropped, unless [`made_progress`] was called before: only
/// results are paid for. So a future calls this first, and `made_progress` where it is ready.
/// [`cooperative`] does both.
///
/// [`made_progress`]: RestoreOnPending::made_progress
///
/// # Examples
///
/// ```
/// use manyhands::task::coop;
/// use std::task::{Context, Poll, ready};
///
/// /// A source of numbers that is always ready, and gives way.
/// fn poll_number(last: &mut u64, context: &mut Context<'_>) -> Poll<u64> {
///     let unit = ready!(coop::poll_proceed(context));
///     *last += 1;
///     unit.made_progress();
///     Poll::Ready(*last)
/// }
///
/// let mut last = 0;
/// let endless = async {
///     loop {
///         std::future::poll_fn(|context| poll_number(&mut last, context)).await;
///     }
/// };
/// # #[cfg(feature = "time")]
/// # {
/// use manyhands::time::{Duration, timeout};
/// let late = manyhands::block_on(timeout(Duration::from_millis(1), endless));
/// assert!(late.is_err() && last > 0);
/// # }
/// ```
#[inline]
pub fn poll_proceed(context: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let before = LEFT.with(Cell::get);
    if before <= 0 {
        refuse(context, before);
        return Poll::Pending;
    }
    if before != UNLIMITED {
        LEFT.with(|left| left.set(before - 1));
    }
    Poll::Ready(RestoreOnPending {
        before: Cell::new(before),
        _thread: PhantomData,
    })
}

#[cold]
fn refuse(context: &Context<'_>, before: Units) {
    let left = if before > -REFUSALS { before - 1 } else { FULL };
    LEFT.with(|cell| cell.set(left));
    context.waker().wake_by_ref();
}

/// A unit of the budget, made by [`poll_proceed`]. It comes back when this is dropped before
/// [`made_progress`](Self::made_progress).
#[must_use = "dropping this at once gives the unit back"]
pub struct RestoreOnPending {
    before: Cell<Units>,
    /// Not `Send`: the budget is the thread's.
    _thread: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// Spends the unit: the future that took it is ready.
    #[inline]
    pub fn made_progress(&self) {
        self.before.set(UNLIMITED);
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        let before = self.before.get();
        if before != UNLIMITED {
            LEFT.with(|left| left.set(before));
        }
    }
}

impl fmt::Debug for RestoreOnPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spent = self.before.get() == UNLIMITED;
        f.debug_struct("RestoreOnPending")
            .field("spent", &spent)
            .finish()
    }
}

/// Is a unit of the budget left? Always so outside of tasks and of `block_on`.
///
/// # Examples
///
/// ```
/// use manyhands::task::coop::{consume_budget, has_budget_remaining};
///
/// manyhands::block_on(async {
///     for _ in 0..128 {
///         assert!(has_budget_remaining());
///         consume_budget().await;
///     }
///     assert!(!has_budget_remaining());
///     consume_budget().await; // gives way before it goes on
///     assert!(has_budget_remaining());
/// });
/// assert!(has_budget_remaining());
/// ```
#[must_use]
#[inline]
pub fn has_budget_remaining() -> bool {
    LEFT.with(Cell::get) > 0
}

/// Spends a unit of the budget, and gives way first if none is left. For loops that compute for
/// long and await nothing else.
///
/// # Examples
///
/// ```
/// async fn sum(numbers: Vec<u64>) -> u64 {
///     let mut sum = 0;
///     for number in numbers {
///         sum += number;
///         manyhands::task::consume_budget().await;
///     }
///     sum
/// }
///
/// assert_eq!(manyhands::block_on(sum((1..=1000).collect())), 500_500);
/// ```
pub async fn consume_budget() {
    poll_fn(|context| poll_proceed(context).map(|unit| unit.made_progress())).await;
}

/// Makes a future spend a unit of the budget when it is ready, and give way where none is left:
/// for a future that does not know of the budget, such as the next message of a channel.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
/// use futures::channel::mpsc::unbounded;
/// use manyhands::task::coop::cooperative;
///
/// manyhands::block_on(async {
///     let (sender, mut receiver) = unbounded();
///     sender.unbounded_send(1).unwrap();
///     drop(sender);
///     assert_eq!(cooperative(receiver.next()).await, Some(1));
///     assert_eq!(cooperative(receiver.next()).await, None);
/// });
/// ```
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

/// The future of [`cooperative`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Coop<F> {
    future: F,
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let unit = std::task::ready!(poll_proceed(context));
        // SAFETY: `future` is pinned with `self`: nothing moves it out, and there is no `Drop`.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        let polled = future.poll(context);
        if polled.is_ready() {
            unit.made_progress();
        }
        polled
    }
}

/// Lets a future run without a limit: inside of it nothing is refused, and what is always ready
/// keeps its thread. That holds for tokio's budget as well, with the feature `tokio`.
///
/// # Examples
///
/// ```
/// use manyhands::task::coop::{consume_budget, has_budget_remaining, unconstrained};
///
/// manyhands::block_on(unconstrained(async {
///     for _ in 0..1000 {
///         consume_budget().await;
///         assert!(has_budget_remaining());
///     }
/// }));
/// ```
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

/// The future of [`unconstrained`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Unconstrained<F> {
    future: F,
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is pinned with `self`: nothing moves it out, and there is no `Drop`.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        unlimited(|| future.poll(context))
    }
}
