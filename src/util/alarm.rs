//! An alarm: how a thread sleeps until a deadline, or until events come from the system.
//!
//! For a deadline alone a futex would do, but the crate that provides the futex has no timeout. For
//! events the thread sleeps inside a [`Reactor`], which calls the wakers of what becomes ready on
//! this very thread.

use crate::sync::{Condvar, Mutex, lock};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The `block_on` of another library: a thread can sleep in it, and it brings events of the system.
pub(crate) trait Reactor {
    /// Calls the wakers of events until the deadline, or until `is_over` is ready, which is polled
    /// like a future.
    fn sleep(&self, deadline: Option<Instant>, is_over: &mut IsOver<'_>);
}

pub(crate) type IsOver<'a> = dyn FnMut(&mut Context<'_>) -> Poll<()> + 'a;

#[derive(Debug)]
pub(crate) struct Alarm {
    /// The waker of the reactor in which the thread sleeps.
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

    /// Sleeps while `quiet`, or until the deadline; may return for no reason. The thread that ends
    /// the quiet calls [`ring`](Self::ring) afterwards. (The clock of models stands still.)
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

    /// Like [`wait`](Self::wait), and lets events in meanwhile.
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

    /// Like [`wait_inside`](Self::wait_inside), as a future, for a thread that stays inside its
    /// reactor. `time` is ready at the deadline.
    #[cfg_attr(not(feature = "async-io"), allow(dead_code))]
    pub(crate) async fn wait_hosted(
        &self,
        mut time: impl FnMut(&mut Context<'_>) -> Poll<()>,
        quiet: impl Fn() -> bool,
    ) {
        poll_fn(|context| {
            self.listen(context.waker());
            // As in `wait_inside`: `ring` comes before this look, or finds the waker.
            match quiet() {
                true => time(context),
                false => Poll::Ready(()),
            }
        })
        .await;
        self.forget_waker();
    }

    /// Forgets the reactor's waker. Otherwise the next `ring` would call it in vain, instead of the
    /// bell.
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
