//! The reactor that the driver of a pool sleeps in, so that what an event wakes runs on the thread
//! that learns of it.
//!
//! | file | story |
//! |---|---|
//! | `tokio.rs` | feature `tokio`: a runtime that belongs to the pool; the context of threads |
//! | `async_io.rs` | feature `async-io`: the reactor of that crate |
//! | `no_runtime.rs`, `none.rs` | what a build without the feature has in their places |
//!
//! With both features the driver sleeps in tokio's, unless the builder was given a runtime.
//!
//! Models have no reactor: the model checker could not see a thread that sleeps in one.

#[cfg_attr(any(not(feature = "async-io"), manyhands_model), path = "none.rs")]
mod async_io;
#[cfg_attr(any(not(feature = "tokio"), manyhands_model), path = "no_runtime.rs")]
mod tokio;

pub(crate) use self::tokio::Context;
pub(super) use self::tokio::Entered;
use super::seat::Occupant;
use crate::sim;
use crate::util::parker::Driving;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{self, Poll, Waker};
use std::time::Instant;

/// Whether a pool of this build can have a reactor. If not, the compiler takes out each look at
/// one.
pub(super) const MAY_EXIST: bool = cfg!(all(
    any(feature = "async-io", feature = "tokio"),
    not(manyhands_model)
));

/// A reactor. The defaults are those of a pool without one.
pub(super) trait Events: fmt::Debug + Send + Sync {
    /// Asked once, when the pool is made.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Runs the life of a worker or spare thread, to its end.
    fn host(&self, life: Pin<&mut dyn Future<Output = ()>>) {
        run_to_end(life);
    }

    /// May the calling thread sleep in it now? A `nested` thread has frames of the user's on its
    /// stack.
    fn admit(&self, _nested: bool) -> bool {
        false
    }

    /// Sleeps until `driving` is ready, or until the deadline. Meanwhile it calls the wakers of
    /// what happens.
    fn sleep(&self, _driving: &mut Driving<'_>, _deadline: Option<Instant>) {}

    /// What [`sleep`](Self::sleep) does, as a future, for a thread inside [`host`](Self::host).
    fn poll_sleep(
        &self,
        _driving: &mut Driving<'_>,
        _deadline: Option<Instant>,
        _context: &mut task::Context<'_>,
    ) -> Poll<()> {
        Poll::Ready(())
    }

    /// Calls the wakers of what has happened, without a sleep.
    fn glance(&self) {}

    /// Has the reactor tasks of its own, which the driver runs, and whose polls may last?
    fn has_tasks(&self) -> bool {
        false
    }

    /// Is the calling thread one that the reactor has brought along? It was there in place of the
    /// driver, which goes back when it is woken.
    fn is_helper(&self) -> bool {
        false
    }

    /// The pool has ended: nobody will look after events again.
    fn close(&self) {}
}

/// What holds for an [`Events`] at all times. The driver keeps it where it looks often.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// There is a reactor. Without a driver nobody calls its wakers, or only after a while.
    pub(super) exist: bool,
    /// A sleep ends at full milliseconds only.
    pub(super) coarse_clock: bool,
    /// A thread in `block_on` does not sleep in it for its own sake: it leaves that to the workers.
    pub(super) no_waiters: bool,
    /// Workers and spare threads stay inside all their lives, and their sleeps there are futures.
    pub(super) hosts: bool,
}

/// What a reactor says of the thread that is in it: it may run tasks of the reactor from now on
/// (and did it sleep there before that?), or it is going to sleep again or to leave.
#[cfg_attr(
    any(not(feature = "tokio"), manyhands_model),
    allow(dead_code, reason = "no other reactor has tasks")
)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Tasks {
    pub(super) begin: fn(Occupant<'_>, bool),
    pub(super) end: fn(Occupant<'_>),
}

/// Makes a runtime, and the context of it, unless a context is given.
pub(super) fn new(context: &mut Context, tasks: Tasks) -> io::Result<Box<dyn Events>> {
    if sim::is_on() {
        // No thread of a simulation sleeps in the system.
        return Ok(Box::new(NoEvents));
    }
    let own = self::tokio::own_runtime(context, tasks)?;
    Ok(own.unwrap_or_else(without_runtime))
}

/// For a pool without a runtime of its own.
pub(super) fn without_runtime() -> Box<dyn Events> {
    self::async_io::events()
}

/// The pool of a simulation has none.
#[derive(Debug)]
struct NoEvents;

impl Events for NoEvents {}

/// Runs what never waits as a future.
pub(super) fn run_to_end(life: impl Future<Output = ()>) {
    let mut context = task::Context::from_waker(Waker::noop());
    let ended = pin!(life).poll(&mut context);
    assert!(ended.is_ready(), "only a hosted thread waits as a future");
}

/// Waits until the thread is woken, or until `time` is ready.
#[cfg(all(any(feature = "async-io", feature = "tokio"), not(manyhands_model)))]
pub(super) async fn woken_or(
    driving: &mut Driving<'_>,
    mut time: impl FnMut(&mut task::Context<'_>) -> Poll<()>,
) {
    poll_fn(|context| match Pin::new(&mut *driving).poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => time(context),
    })
    .await;
}

/// Lets the reactor that hosts the calling thread call its wakers.
pub(super) async fn glance_hosted() {
    let mut seen = false;
    poll_fn(|context| {
        if std::mem::replace(&mut seen, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
