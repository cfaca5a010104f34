//! Threads for closures that block: apart from the seats, without permits, bounded, and gone after
//! a while without work.

use super::registry::Registry;
use crate::job::{JobRef, NO_SEAT};
use crate::sync::{Condvar, Mutex, lock};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longer than anybody waits; a deadline far away could overflow a system clock.
const A_DAY: Duration = Duration::from_secs(86_400);

/// The blocking closures of one pool.
#[derive(Debug)]
pub(crate) struct Blocking {
    state: Mutex<State>,
    work: Condvar,
    max_threads: usize,
    keep_alive: Duration,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<JobRef>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Blocking {
    pub(super) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                threads: 0,
                idle: 0,
                closed: false,
            }),
            work: Condvar::new(),
            max_threads,
            keep_alive,
        }
    }

    /// Threads that wait for work end; later closures are run (and so cancelled) by whoever
    /// brings them.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.work.notify_all();
    }
}

impl Registry {
    /// Hands a closure that may block to a thread that may be blocked.
    pub(crate) fn run_blocking(self: &Arc<Self>, job: JobRef) {
        let mut state = lock(&self.blocking.state);
        if state.closed {
            drop(state);
            return job.execute(NO_SEAT);
        }
        state.queue.push_back(job);
        if state.idle >= state.queue.len() {
            drop(state);
            self.blocking.work.notify_one();
            return;
        }
        if state.threads >= self.blocking.max_threads {
            return;
        }
        state.threads += 1;
        drop(state);
        self.threads.enter();
        let registry = Arc::clone(self);
        let spawned = super::builder::spawn_thread(self.hooks.blocking_thread(), move || {
            registry.blocking_thread()
        });
        if spawned.is_err() {
            self.leave_blocking();
            let mut state = lock(&self.blocking.state);
            state.threads -= 1;
            // Nobody would ever come: let the workers block instead.
            let orphans = if state.threads == 0 {
                std::mem::take(&mut state.queue)
            } else {
                VecDeque::new()
            };
            drop(state);
            orphans.into_iter().for_each(|job| self.inject(job));
        }
    }

    fn blocking_thread(self: &Arc<Self>) {
        let mut state = lock(&self.blocking.state);
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                job.execute(NO_SEAT);
                state = lock(&self.blocking.state);
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let (guard, timeout) = self
                .blocking
                .work
                .wait_timeout(state, self.blocking.keep_alive.min(A_DAY))
                .unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        drop(state);
        self.leave_blocking();
    }

    fn leave_blocking(&self) {
        if self.threads.leave() && self.is_closed() {
            self.drain();
        }
        self.threads.say_ended();
    }
}
