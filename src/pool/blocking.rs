//! Threads for closures that block: apart from the seats, without permits, bounded, and gone after
//! a while without work.
//!
//! A blocking closure is a task that waits for a thread. Its first poll, by whoever spawns it, only
//! leaves a waker for the queue; a thread that takes the waker out again uses it, and so gets the
//! right to run the closure. Until then the task is idle: an abort finds it so, takes it off the
//! queue, and has a worker drop it, without any blocking thread.

use super::registry::Registry;
use crate::job::{JobRef, NO_SEAT};
use crate::sync::{Condvar, Mutex, MutexGuard, lock, thread_cell};
use crate::task::{self, Class, How, JoinHandle, Owned, Priority, Schedule, Site};
use crate::util::unwind::Payload;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Longer than anybody waits; a deadline far away could overflow a system clock.
const A_DAY: Duration = Duration::from_secs(86_400);

thread_cell! {
    /// This thread is just taking the right to run a closure.
    static STARTING: Cell<bool> = Cell::new(false);
}

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
    /// Closures whose first poll is not over: nobody may wake them yet.
    entering: BTreeMap<Ticket, Waker>,
    next: Ticket,
    threads: usize,
    idle: usize,
    closed: bool,
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

impl Registry {
    /// Starts a closure that may block on a thread that may be blocked.
    pub(crate) fn spawn_blocking<F, R>(
        self: Arc<Self>,
        f: F,
        site: Site,
        name: Option<Arc<str>>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (call, scheduler) = self.blocking_call(f);
        let class = Class::root(Priority::Normal);
        task::spawn_named(call, scheduler, class, site, name)
    }

    fn blocking_call<F>(self: Arc<Self>, f: F) -> (Call<F>, OnBlockingThread) {
        self.check_process();
        let ticket = {
            let mut state = lock(&self.blocking.state);
            let ticket = state.next;
            state.next += 1;
            ticket
        };
        let call = Call {
            registry: Arc::clone(&self),
            ticket,
            entered: false,
            closure: Some(f),
        };
        let registry = self;
        (call, OnBlockingThread { registry, ticket })
    }

    /// The first poll of a closure is over: it is to be had.
    fn offer_blocking(self: &Arc<Self>, ticket: Ticket) {
        let mut state = lock(&self.blocking.state);
        let Some(waker) = state.entering.remove(&ticket) else {
            // The pool has been closed meanwhile.
            return;
        };
        if state.closed {
            drop(state);
            return drop(waker);
        }
        state.queue.insert(ticket, waker);
        if state.idle >= state.queue.len() {
            drop(state);
            self.blocking.work.notify_one();
        } else if state.threads < self.blocking.max_threads {
            self.create_blocking_thread(state);
        }
    }

    fn create_blocking_thread(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        state.threads += 1;
        drop(state);
        self.threads.enter();
        let registry = Arc::clone(self);
        let created = super::builder::spawn_thread(self.hooks.blocking_thread(), move || {
            registry.blocking_thread()
        });
        if created.is_ok() {
            return;
        }
        self.leave_blocking();
        let mut state = lock(&self.blocking.state);
        state.threads -= 1;
        if state.threads > 0 {
            // Those that exist come for it.
            return;
        }
        // Nobody would ever come: let the workers block instead.
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        queue.into_values().for_each(Waker::wake);
    }

    fn blocking_thread(self: &Arc<Self>) {
        let _context = self.hooks.context.enter();
        self.hooks.on_start(None);
        let _traced = self.trace().enter_blocking();
        let mut state = lock(&self.blocking.state);
        loop {
            if let Some((_, waker)) = state.queue.pop_first() {
                drop(state);
                // Runs the closure, unless it was aborted just now.
                STARTING.with(|starting| starting.set(true));
                waker.wake();
                STARTING.with(|starting| starting.set(false));
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
        self.hooks.on_exit(None);
        self.leave_blocking();
    }

    fn leave_blocking(&self) {
        if self.threads.leave() && self.is_closed() {
            self.drain();
        }
        self.threads.say_ended();
    }
}

/// A blocking closure as a future: pending at its first poll, ready at its second.
struct Call<F> {
    registry: Arc<Registry>,
    ticket: Ticket,
    entered: bool,
    closure: Option<F>,
}

impl<F> Unpin for Call<F> {}

impl<R, F: FnOnce() -> R> Future for Call<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        if !std::mem::replace(&mut self.entered, true) {
            let waker = context.waker().clone();
            self.registry.blocking.enter(self.ticket, waker);
            return Poll::Pending;
        }
        let closure = self.closure.take().expect("a closure runs once");
        Poll::Ready(closure())
    }
}

impl<F> Drop for Call<F> {
    fn drop(&mut self) {
        if self.closure.is_some() {
            self.registry.blocking.leave(self.ticket);
        }
    }
}

/// Schedules on the blocking threads of a pool.
struct OnBlockingThread {
    registry: Arc<Registry>,
    ticket: Ticket,
}

impl Schedule for OnBlockingThread {
    const BLOCKING: bool = true;

    fn schedule(&self, job: JobRef, how: How, class: Class) {
        if how == How::Spawn {
            job.execute(NO_SEAT);
            self.registry.offer_blocking(self.ticket);
        } else if STARTING.try_with(Cell::take).unwrap_or(false) {
            job.execute(NO_SEAT);
        } else {
            // Aborted; or no thread could be had.
            self.registry.blocking.leave(self.ticket);
            self.registry.inject_as(job, class);
        }
    }

    fn is_closed(&self) -> bool {
        self.registry.is_closed()
    }

    fn owned(&self) -> &Owned {
        self.registry.owned()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.registry.report_panic(payload);
    }
}

/// The threads and the queue of [`spawn_blocking`](crate::spawn_blocking) at one moment; see
/// [`Handle::blocking_metrics`](super::Handle::blocking_metrics).
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
