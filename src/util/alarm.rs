//! An alarm: how a thread sleeps until a deadline, or until events come from the system.
//!
//! For a deadline alone a futex would do, but the crate that provides the futex has no timeout. For
//! events the thread sleeps inside a reactor, which calls the wakers of what becomes ready on
//! this very thread.

use super::clock;
use crate::sync::{Condvar, Mutex, lock};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Is there one thread only, on which std's condition variables panic? Nobody could ring there.
const NO_THREADS: bool = cfg!(all(target_family = "wasm", not(target_feature = "atomics")));

#[derive(Debug)]
pub(crate) struct Alarm {
    /// Of the `block_on` that the thread sleeps in.
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
                let time = deadline.saturating_duration_since(clock::now());
                if NO_THREADS {
                    return std::thread::sleep(time);
                }
                drop(self.bell.wait_timeout(guard, time));
            }
            _ => drop(self.bell.wait(guard)),
        }
    }

    /// The same as a poll, for a thread that sleeps in the `block_on` of another library.
    pub(crate) fn poll(&self, context: &Context<'_>, quiet: impl Fn() -> bool) -> Poll<()> {
        self.listen(context.waker());
        // `ring` takes the lock on the waker: it comes before this look, or finds the waker.
        match quiet() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }

    /// Ends the polls: a waker that stays would be called in vain, and instead of the bell.
    pub(crate) fn forget_waker(&self) {
        let waker = lock(&self.waker).take();
        drop(waker);
    }

    /// The thread sleeps elsewhere, on top of its sleep in a reactor: that ends.
    pub(crate) fn end_outer(&self) {
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
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
