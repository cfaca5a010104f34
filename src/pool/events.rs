//! The reactors that the driver of a pool can sleep in, so that what an event wakes runs on the
//! thread that learns of it.
//!
//! * A tokio runtime of kind `current_thread` that belongs to the pool (feature `tokio`). Nobody else
//!   looks after it: the pool must always have a driver, or a thread that glances at the events
//!   between two polls. Only threads without frames of the user's on their stack
//!   sleep in it: tokio does not let a thread into a runtime twice.
//! * The reactor of the crate `async-io` (feature `async-io`). It has a thread that looks after it
//!   when nobody else has for some milliseconds; the pool does not rely on that, and has a driver
//!   always. Each return from the `block_on` of that crate wakes its thread, which then takes the
//!   reactor. So a worker never returns from it: its main loop is a future inside
//!   ([`Events::host`]). Other threads sleep in one `block_on` each time.
//!
//! With both features the driver sleeps in tokio's, unless the builder was given a runtime.

use super::context::Context;
use crate::util::alarm::Reactor;
use crate::util::parker::Parker;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Instant;

/// Runs what never waits as a future.
pub(super) fn run_to_end(life: impl Future<Output = ()>) {
    let mut context = TaskContext::from_waker(Waker::noop());
    let ended = pin!(life).poll(&mut context);
    assert!(ended.is_ready(), "only a hosted thread waits as a future");
}

/// What a pool's driver sleeps in, if it is more than the clock.
#[derive(Debug)]
pub(super) enum Events {
    #[cfg_attr(feature = "async-io", allow(dead_code))]
    None,
    #[cfg(all(feature = "async-io", not(manyhands_model)))]
    AsyncIo,
    #[cfg(all(feature = "tokio", not(manyhands_model)))]
    Tokio(tokio_runtime::Own),
}

impl Events {
    /// Makes a runtime if none is given as the context, and gives it to it.
    #[cfg(all(feature = "tokio", not(manyhands_model)))]
    pub(super) fn new(context: &mut Context) -> io::Result<Self> {
        if context.is_given() {
            return Ok(Self::without_runtime());
        }
        let own = tokio_runtime::Own::new()?;
        *context = Context::of(own.handle());
        Ok(Self::Tokio(own))
    }

    #[cfg(not(all(feature = "tokio", not(manyhands_model))))]
    pub(super) fn new(_: &mut Context) -> io::Result<Self> {
        Ok(Self::without_runtime())
    }

    /// What there is if there is no runtime of the pool's own.
    pub(super) fn without_runtime() -> Self {
        #[cfg(all(feature = "async-io", not(manyhands_model)))]
        return Self::AsyncIo;
        #[cfg(not(all(feature = "async-io", not(manyhands_model))))]
        Self::None
    }

    /// Are there any, which nobody lets in (or only after a while) if the pool has no driver?
    #[inline]
    pub(super) fn exist(&self) -> bool {
        !matches!(self, Self::None)
    }

    fn are_of_tokio(&self) -> bool {
        #[cfg(all(feature = "tokio", not(manyhands_model)))]
        if let Self::Tokio(_) = self {
            return true;
        }
        false
    }

    /// Does whoever sleeps in it wake up at full milliseconds only?
    pub(super) fn have_coarse_clock(&self) -> bool {
        self.are_of_tokio()
    }

    /// May a thread in `block_on` sleep in it for its own sake, or is that left to the workers?
    pub(super) fn let_waiters_in(&self) -> bool {
        !self.are_of_tokio()
    }

    /// Runs what a worker does, which may sleep by [`sleep_hosted`](Self::sleep_hosted).
    pub(super) fn host(&self, life: impl Future<Output = ()>) {
        #[cfg(all(feature = "async-io", not(manyhands_model)))]
        if let Self::AsyncIo = self {
            return async_io::block_on(life);
        }
        run_to_end(life);
    }

    /// Are workers hosted, so that they sleep by [`sleep_hosted`](Self::sleep_hosted)?
    pub(super) fn host_workers(&self) -> bool {
        #[cfg(all(feature = "async-io", not(manyhands_model)))]
        if let Self::AsyncIo = self {
            return true;
        }
        false
    }

    /// As `parker.drive`, in a future that is hosted.
    pub(super) async fn sleep_hosted(&self, parker: &Parker, deadline: Option<Instant>) {
        #[cfg(all(feature = "async-io", not(manyhands_model)))]
        if let Self::AsyncIo = self {
            let mut clock = async_io_reactor::Clock::until(deadline);
            return parker.drive_hosted(|context| clock.poll(context)).await;
        }
        parker.drive(deadline, self.reactor());
    }

    /// Can a thread let events in without a sleep, wherever it is?
    pub(super) fn allow_glances(&self) -> bool {
        self.are_of_tokio()
    }

    /// The same as [`glance`](Self::glance), in a future that is hosted.
    pub(super) async fn glance_hosted(&self) {
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

    /// Calls the wakers of what has happened, if nobody else does.
    pub(super) fn glance(&self) {
        #[cfg(all(feature = "tokio", not(manyhands_model)))]
        if let Self::Tokio(own) = self {
            own.glance();
        }
    }

    /// The pool has ended: nobody will look after events again.
    pub(super) fn close(&self) {
        #[cfg(all(feature = "tokio", not(manyhands_model)))]
        if let Self::Tokio(own) = self {
            own.close();
        }
    }

    /// As [`reactor`](Self::reactor), for a thread with frames of the user's on its stack.
    pub(super) fn reactor_within(&self) -> Option<&dyn Reactor> {
        #[cfg(all(feature = "tokio", not(manyhands_model)))]
        if let Self::Tokio(own) = self {
            return (own.is_open() && own.is_around()).then_some(own);
        }
        self.reactor()
    }

    pub(super) fn reactor(&self) -> Option<&dyn Reactor> {
        match self {
            Self::None => None,
            #[cfg(all(feature = "async-io", not(manyhands_model)))]
            Self::AsyncIo => Some(&async_io_reactor::AsyncIo),
            #[cfg(all(feature = "tokio", not(manyhands_model)))]
            Self::Tokio(own) => own.is_open().then_some(own),
        }
    }
}

#[cfg(all(feature = "async-io", not(manyhands_model)))]
mod async_io_reactor {
    use crate::util::alarm::{IsOver, Reactor};
    use async_io::{Timer, block_on};
    use std::cell::Cell;
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Instant;

    #[derive(Debug)]
    pub(super) struct AsyncIo;

    std::thread_local! {
        /// Of this thread's last sleep. Kept while the deadline stays the same: setting a timer
        /// interrupts the reactor.
        static TIMER: Cell<Option<(Instant, Timer)>> = const { Cell::new(None) };
    }

    /// Until when a thread sleeps.
    pub(super) struct Clock(Option<(Instant, Timer)>);

    impl Clock {
        pub(super) fn until(deadline: Option<Instant>) -> Self {
            let known = TIMER.with(Cell::take);
            Self(deadline.map(|deadline| match known {
                Some((at, timer)) if at == deadline => (at, timer),
                Some((_, mut timer)) => {
                    timer.set_at(deadline);
                    (deadline, timer)
                }
                None => (deadline, Timer::at(deadline)),
            }))
        }

        pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
            match &mut self.0 {
                Some((_, timer)) => Pin::new(timer).poll(context).map(drop),
                None => Poll::Pending,
            }
        }
    }

    impl Drop for Clock {
        fn drop(&mut self) {
            TIMER.with(|known| known.set(self.0.take()));
        }
    }

    impl Reactor for AsyncIo {
        fn sleep(&self, deadline: Option<Instant>, is_over: &mut IsOver<'_>) {
            let mut clock = Clock::until(deadline);
            block_on(poll_fn(|context| match is_over(context) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => clock.poll(context),
            }));
        }
    }
}

#[cfg(all(feature = "tokio", not(manyhands_model)))]
mod tokio_runtime {
    use crate::sync::{Mutex, lock};
    use crate::util::alarm::{IsOver, Reactor};
    use crate::util::fork::Process;
    use std::future::{Future, poll_fn};
    use std::io;
    use std::pin::pin;
    use std::sync::TryLockError;
    use std::task::Poll;
    use std::time::Instant;
    use tokio::runtime::{Builder, Handle, Runtime};
    use tokio::task::yield_now;
    use tokio::time::sleep_until;

    /// The runtime of one pool.
    #[derive(Debug)]
    pub(in crate::pool) struct Own {
        handle: Handle,
        /// Until the pool has ended. Locked while the driver is inside; nobody else waits for it.
        runtime: Mutex<Option<Runtime>>,
        process: Process,
    }

    impl Own {
        pub(super) fn new() -> io::Result<Self> {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            Ok(Self {
                handle: runtime.handle().clone(),
                runtime: Mutex::new(Some(runtime)),
                process: Process::current(),
            })
        }

        pub(super) fn handle(&self) -> Handle {
            self.handle.clone()
        }

        /// Is the calling thread in its context, so that it may be let in? (Not if it is *inside*, in
        /// `Handle::block_on` or one of its tasks, which cannot be told apart.)
        pub(super) fn is_around(&self) -> bool {
            Handle::try_current().is_ok_and(|it| it.id() == self.handle.id())
        }

        /// Before the pool has ended. (Never asked by a thread inside: it would wait for itself.)
        pub(super) fn is_open(&self) -> bool {
            lock(&self.runtime).is_some()
        }

        pub(super) fn glance(&self) {
            if let Some(runtime) = &*lock(&self.runtime) {
                runtime.block_on(yield_now());
            }
        }

        /// Its sockets and timers return errors from now on, and its tasks are dropped.
        pub(super) fn close(&self) {
            // In a forked child another thread, which is not there, may have been inside.
            if !self.process.is_current() {
                return;
            }
            let runtime = match self.runtime.try_lock() {
                Ok(mut runtime) => runtime.take(),
                Err(TryLockError::Poisoned(runtime)) => runtime.into_inner().take(),
                // A thread from outside is the driver. The end of the registry is another chance.
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(runtime) = runtime {
                // Blocking calls of its own may last; nobody waits for them here, least of all
                // where the last handle of the pool is dropped inside another runtime.
                runtime.shutdown_background();
            }
        }
    }

    impl Reactor for Own {
        fn sleep(&self, deadline: Option<Instant>, is_over: &mut IsOver<'_>) {
            let runtime = lock(&self.runtime);
            let Some(runtime) = &*runtime else { return };
            let is_over = poll_fn(is_over);
            match deadline {
                None => runtime.block_on(is_over),
                Some(deadline) => runtime.block_on(async {
                    let mut is_over = pin!(is_over);
                    let mut timer = pin!(sleep_until(deadline.into()));
                    poll_fn(|context| match is_over.as_mut().poll(context) {
                        Poll::Ready(()) => Poll::Ready(()),
                        Poll::Pending => timer.as_mut().poll(context),
                    })
                    .await;
                }),
            }
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            self.close();
            if !self.process.is_current() {
                std::mem::forget(lock(&self.runtime).take());
            }
        }
    }
}
