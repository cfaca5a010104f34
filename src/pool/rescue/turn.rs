//! A turnstile: threads that have begun to compute without a permit wait here for their turn.
//!
//! `rescue.R3`: a thread that pauses counts itself, fences, and looks whether it may go on; a
//! thread that gives a permit back changes the sleep word, fences, and looks whether any thread
//! pauses ([`Turnstile::grant`]). So one of the two sees the other.
//! Model: `pool::rescue_pause_ends_with_a_permit`.

use super::policy::{SHORT_TURN, TURN_NAP};
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, lock};
use std::sync::PoisonError;
use std::time::Duration;

/// The threads of one pool that wait for their turn.
#[derive(Debug)]
pub(in crate::pool) struct Turnstile {
    state: Mutex<State>,
    go: Condvar,
    /// Does any thread wait?
    has_waiting: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Threads that wait. Each of them has a permit in the books of `sleep`.
    waiting: usize,
    closed: bool,
}

type Guard<'a> = MutexGuard<'a, State>;

impl Turnstile {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: 0,
                closed: false,
            }),
            go: Condvar::new(),
            has_waiting: AtomicBool::new(false),
        }
    }

    /// Waits until `may_go`, which is told how many threads wait. It is asked after each permit
    /// that comes back, and from time to time (models have no clock).
    pub(in crate::pool) fn enter(&self, may_go: impl Fn(usize) -> bool) {
        let mut nap = SHORT_TURN;
        let mut state = lock(&self.state);
        state.waiting += 1;
        // Ordering: Relaxed; the fence pairs with those of threads that give a permit back and then
        // look at this (`grant`): either such a thread sees it, or this thread sees the permit.
        self.has_waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while !state.closed && !may_go(state.waiting) {
            state = self.wait(state, nap);
            nap = TURN_NAP;
        }
        state.waiting -= 1;
        if state.waiting == 0 {
            // Ordering: Relaxed, as above.
            self.has_waiting.store(false, Ordering::Relaxed);
        }
    }

    #[cfg(not(manyhands_model))]
    fn wait<'a>(&self, state: Guard<'a>, nap: Duration) -> Guard<'a> {
        let woken = self.go.wait_timeout(state, nap);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    #[cfg(manyhands_model)]
    fn wait<'a>(&self, state: Guard<'a>, _: Duration) -> Guard<'a> {
        let woken = self.go.wait(state);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of threads that wait.
    pub(in crate::pool) fn waiting(&self) -> usize {
        lock(&self.state).waiting
    }

    /// A permit was given back, and a SeqCst fence put behind that: one thread may go on.
    #[inline]
    pub(in crate::pool) fn grant(&self) {
        // Ordering: Relaxed, as in `enter`.
        if self.has_waiting.load(Ordering::Relaxed) {
            self.grant_one();
        }
    }

    #[cold]
    fn grant_one(&self) {
        // With the lock: a thread that enters has not looked yet, or sleeps.
        let _state = lock(&self.state);
        self.go.notify_one();
    }

    /// Every thread goes on: the pool is closed.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.go.notify_all();
    }
}
