//! The reactors that the driver of a pool can sleep in, so that what an event wakes runs on the
//! thread that learns of it.
//!
//! * A tokio runtime of kind `current_thread` that belongs to the pool (feature `tokio`). Nobody else
//!   looks after it: the pool must always have a driver, or a thread that glances at the events
//!   between two polls ([`Care::Ours`]). Only threads without frames of the user's on their stack
//!   sleep in it: tokio does not let a thread into a runtime twice.
//! * The reactor of the crate `async-io` (feature `async-io`). It has a thread that looks after it
//!   while nobody else does ([`Care::Shared`]).
//!
//! With both features the driver sleeps in tokio's, unless the builder was given a runtime.

use super::context::Context;
use crate::util::alarm::Reactor;
use std::io;

/// Who looks after events while the pool has no driver?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// There are none that the pool would know of.
    None,
    /// Another thread. The driver does it better.
    #[cfg_attr(not(feature = "async-io"), allow(dead_code))]
    Shared,
    /// Nobody.
    #[cfg_attr(not(feature = "tokio"), allow(dead_code))]
    Ours,
}

/// What a pool's driver sleeps in, if it is more than the clock.
#[derive(Debug)]
pub(super) enum Events {
    #[cfg_attr(feature = "async-io", allow(dead_code))]
    None,
    #[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
    AsyncIo,
    #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
    Tokio(tokio_runtime::Own),
}

impl Events {
    /// Makes a runtime if none is given as the context, and gives it to it.
    #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
    pub(super) fn new(context: &mut Context) -> io::Result<Self> {
        if context.is_given() {
            return Ok(Self::without_runtime());
        }
        let own = tokio_runtime::Own::new()?;
        *context = Context::of(own.handle());
        Ok(Self::Tokio(own))
    }

    #[cfg(not(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle)))))]
    pub(super) fn new(_: &mut Context) -> io::Result<Self> {
        Ok(Self::without_runtime())
    }

    /// What there is if there is no runtime of the pool's own.
    pub(super) fn without_runtime() -> Self {
        #[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
        return Self::AsyncIo;
        #[cfg(not(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle)))))]
        Self::None
    }

    #[inline]
    pub(super) fn care(&self) -> Care {
        match self {
            Self::None => Care::None,
            #[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
            Self::AsyncIo => Care::Shared,
            #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
            Self::Tokio(_) => Care::Ours,
        }
    }

    /// Does whoever sleeps in it wake up at full milliseconds only?
    pub(super) fn has_coarse_clock(&self) -> bool {
        self.care() == Care::Ours
    }

    /// Calls the wakers of what has happened, if nobody else does.
    pub(super) fn glance(&self) {
        #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
        if let Self::Tokio(own) = self {
            own.glance();
        }
    }

    /// The pool has ended: nobody will look after events again.
    pub(super) fn close(&self) {
        #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
        if let Self::Tokio(own) = self {
            own.close();
        }
    }

    /// As [`reactor`](Self::reactor), for a thread with frames of the user's on its stack.
    pub(super) fn reactor_within(&self) -> Option<&dyn Reactor> {
        #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
        if let Self::Tokio(own) = self {
            return (own.is_open() && own.is_around()).then_some(own);
        }
        self.reactor()
    }

    pub(super) fn reactor(&self) -> Option<&dyn Reactor> {
        match self {
            Self::None => None,
            #[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
            Self::AsyncIo => Some(&async_io_reactor::AsyncIo),
            #[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
            Self::Tokio(own) => own.is_open().then_some(own),
        }
    }
}

#[cfg(all(feature = "async-io", not(any(manyhands_loom, manyhands_shuttle))))]
mod async_io_reactor {
    use crate::util::alarm::{IsOver, Reactor};
    use async_io::{Timer, block_on};
    use std::cell::Cell;
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::task::Poll;
    use std::time::Instant;

    #[derive(Debug)]
    pub(super) struct AsyncIo;

    std::thread_local! {
        /// Of this thread's last sleep. Kept while the deadline stays the same: setting a timer
        /// interrupts the reactor.
        static TIMER: Cell<Option<(Instant, Timer)>> = const { Cell::new(None) };
    }

    impl Reactor for AsyncIo {
        fn sleep(&self, deadline: Option<Instant>, is_over: &mut IsOver<'_>) {
            let known = TIMER.with(Cell::take);
            let mut timer = deadline.map(|deadline| match known {
                Some((at, timer)) if at == deadline => (at, timer),
                Some((_, mut timer)) => {
                    timer.set_at(deadline);
                    (deadline, timer)
                }
                None => (deadline, Timer::at(deadline)),
            });
            block_on(poll_fn(|context| {
                if is_over(context).is_ready() {
                    return Poll::Ready(());
                }
                match &mut timer {
                    Some((_, timer)) => Pin::new(timer).poll(context).map(drop),
                    None => Poll::Pending,
                }
            }));
            TIMER.with(|known| known.set(timer));
        }
    }
}

#[cfg(all(feature = "tokio", not(any(manyhands_loom, manyhands_shuttle))))]
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
