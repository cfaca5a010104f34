//! How a thread sleeps until a deadline, or until events come from the system.
//!
//! A futex would do for the first alone, but the crate that this one takes its futex from has no
//! timeout. For the second the thread sleeps inside a [`Reactor`]: whatever becomes ready meanwhile
//! has its waker called on this very thread.

use crate::sync::{Condvar, Mutex, lock};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Something to sleep in that brings events of the system: the `block_on` of another library.
pub(crate) trait Reactor {
    /// Calls the wakers of what happens, until the deadline, or until `is_over` is ready, which is
    /// polled like a future.
    fn sleep(&self, deadline: Option<Instant>, is_over: &mut IsOver<'_>);
}

pub(crate) type IsOver<'a> = dyn FnMut(&mut Context<'_>) -> Poll<()> + 'a;

#[derive(Debug)]
pub(crate) struct Alarm {
    /// Of the reactor that the thread sleeps in.
    waker: Mutex<Option<Waker>>,
    bell: Condvar,
}

impl Alarm {
    #[cfg(not(manyhands_model))]
    pub(crate) const fn new() -> Self {
        Self {
            waker: Mutex::new(None),
            bell: Condvar::new(),
        }
    }

    #[cfg(manyhands_model)]
    pub(crate) fn new() -> Self {
        Self {
            waker: Mutex::new(None),
            bell: Condvar::new(),
        }
    }

    /// Sleeps while `quiet`, or until the deadline, or for no reason. Whoever ends the quiet calls
    /// [`ring`](Self::ring) afterwards. (The clock of models stands still.)
    pub(crate) fn wait(&self, deadline: Option<Instant>, quiet: impl Fn() -> bool) {
        let guard = lock(&self.waker);
        // `ring` takes the lock: it comes before this look, or finds the thread asleep.
        if !quiet() {
            return;
        }
        match deadline {
            Some(deadline) if !cfg!(manyhands_model) => {
                let time = deadline.saturating_duration_since(Instant::now());
                drop(self.bell.wait_timeout(guard, time));
            }
            _ => drop(self.bell.wait(guard)),
        }
    }

    /// As [`wait`](Self::wait), and lets events in meanwhile.
    pub(crate) fn wait_inside(
        &self,
        reactor: &dyn Reactor,
        deadline: Option<Instant>,
        quiet: impl Fn() -> bool,
    ) {
        reactor.sleep(deadline, &mut |context| {
            self.listen(context.waker());
            // `ring` takes the lock on the waker: it comes before this look, or finds the waker.
            if quiet() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        });
        self.forget_waker();
    }

    /// As [`wait_inside`](Self::wait_inside), for a thread that stays inside its reactor, where this is
    /// a future. `time` is ready at the deadline.
    #[cfg_attr(not(feature = "async-io"), allow(dead_code))]
    pub(crate) async fn wait_hosted(
        &self,
        mut time: impl FnMut(&mut Context<'_>) -> Poll<()>,
        quiet: impl Fn() -> bool,
    ) {
        poll_fn(|context| {
            self.listen(context.waker());
            // As above.
            match quiet() {
                true => time(context),
                false => Poll::Ready(()),
            }
        })
        .await;
        self.forget_waker();
    }

    /// A waker that stays would be called in vain, and instead of the bell.
    fn forget_waker(&self) {
        let waker = lock(&self.waker).take();
        drop(waker);
    }

    fn listen(&self, waker: &Waker) {
        let mut known = lock(&self.waker);
        match &mut *known {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    pub(crate) fn ring(&self) {
        match &*lock(&self.waker) {
            Some(waker) => waker.wake_by_ref(),
            None => self.bell.notify_one(),
        }
    }
}
