//! Threads for closures that block: apart from the seats, without permits, bounded, and gone after
//! a while without work.
//!
//! A blocking closure is a task that waits for a thread. Its first poll, by whoever spawns it, only
//! leaves a waker for the queue; a thread that takes the waker out again uses it, and so gets the
//! right to run the closure. Until then the task is idle: an abort finds it so, takes it off the
//! queue, and has a worker drop it, without any blocking thread.
//!
//! These threads have no seat, and know their pool all the same: `guest::Unseated` names it for
//! free functions.
//!
//! The queue is here, and knows no pool; `run.rs` has the threads, and what a blocking closure is
//! to its task.

mod run;

pub(crate) use self::run::spawn_blocking;

use crate::sync::{Condvar, Mutex, lock};
#[cfg(feature = "test-util")]
use crate::util::parker::Parker;
use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

/// The place of a closure in the queue.
type Ticket = u64;

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
    /// Closures that wait for a thread, oldest first.
    queue: BTreeMap<Ticket, Waker>,
    /// Closures whose first poll has not ended: nobody may wake them yet.
    entering: BTreeMap<Ticket, Waker>,
    next: Ticket,
    threads: usize,
    idle: usize,
    closed: bool,
    /// The threads that run a closure.
    #[cfg(feature = "test-util")]
    at_work: Vec<&'static Parker>,
}

impl State {
    /// The calling thread takes a closure out of the queue.
    #[cfg(feature = "test-util")]
    fn begin_work(&mut self) {
        self.at_work.push(Parker::current());
    }

    #[cfg(not(feature = "test-util"))]
    #[inline(always)]
    fn begin_work(&mut self) {}

    /// It has run the closure.
    #[cfg(feature = "test-util")]
    fn end_work(&mut self) {
        let me = Parker::current();
        self.at_work.retain(|other| !std::ptr::eq(*other, me));
    }

    #[cfg(not(feature = "test-util"))]
    #[inline(always)]
    fn end_work(&mut self) {}
}

impl Blocking {
    pub(super) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                queue: BTreeMap::new(),
                entering: BTreeMap::new(),
                next: 0,
                threads: 0,
                idle: 0,
                closed: false,
                #[cfg(feature = "test-util")]
                at_work: Vec::new(),
            }),
            work: Condvar::new(),
            max_threads,
            keep_alive,
        }
    }

    /// Threads that wait for work end. The tasks in the queue have been cancelled before.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        self.work.notify_all();
        drop(queue);
    }

    fn enter(&self, ticket: Ticket, waker: Waker) {
        let mut state = lock(&self.state);
        if !state.closed {
            state.entering.insert(ticket, waker);
        }
    }

    /// Nobody needs to come for this closure any more.
    fn leave(&self, ticket: Ticket) {
        let mut state = lock(&self.state);
        let left = (state.queue.remove(&ticket), state.entering.remove(&ticket));
        drop(state);
        drop(left);
    }

    /// The parkers of the threads that run a closure. `None`: a closure waits for a thread.
    #[cfg(feature = "test-util")]
    pub(super) fn at_work(&self) -> Option<Vec<&'static Parker>> {
        let state = lock(&self.state);
        let none_waits = state.queue.is_empty() && state.entering.is_empty();
        none_waits.then(|| state.at_work.clone())
    }

    pub(super) fn metrics(&self) -> BlockingMetrics {
        let state = lock(&self.state);
        BlockingMetrics {
            threads: state.threads,
            idle: state.idle,
            queued: state.queue.len(),
            max_threads: self.max_threads,
        }
    }
}

/// The threads and the queue of [`spawn_blocking`](crate::spawn_blocking) at one moment; see
/// [`Handle::blocking_metrics`](crate::Handle::blocking_metrics).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockingMetrics {
    /// Threads that exist.
    pub threads: usize,
    /// Those of them that wait for a closure. They end when none has come for a while; see
    /// [`thread_keep_alive`](crate::PoolBuilder::thread_keep_alive).
    pub idle: usize,
    /// Closures that wait for a thread. Those that were aborted do not count.
    pub queued: usize,
    /// How many threads there may be; see
    /// [`max_blocking_threads`](crate::PoolBuilder::max_blocking_threads).
    pub max_threads: usize,
}
