//! The threads for closures that block, and what such a closure is to its task.

use super::{State, Ticket};
use crate::job::{JobRef, NO_SEAT};
use crate::pool::guest::Unseated;
use crate::pool::registry::Registry;
use crate::pool::threads::Number;
use crate::pool::{publish, tell};
use crate::sim;
use crate::sync::{MutexGuard, lock, thread_cell};
use crate::task::big::is_big;
use crate::task::{
    self, Class, How, JoinHandle, NoSpot, Observer, Owned, Priority, Schedule, Site,
};
use crate::util::unwind::Payload;
use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The longest wait that a deadline is made of: one far away could overflow a system clock.
const A_DAY: Duration = Duration::from_secs(86_400);

thread_cell! {
    /// This thread is just taking the right to run a closure.
    static STARTING: Cell<bool> = Cell::new(false);
}

/// Starts a closure that may block on a thread that may be blocked.
pub(crate) fn spawn_blocking<F, R>(
    registry: Arc<Registry>,
    f: F,
    site: Site,
    name: Option<Arc<str>>,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    if const { is_big::<F>() } {
        spawn_small(registry, Box::new(f), site, name)
    } else {
        spawn_small(registry, f, site, name)
    }
}

fn spawn_small<F, R>(
    registry: Arc<Registry>,
    f: F,
    site: Site,
    name: Option<Arc<str>>,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (call, scheduler) = blocking_call(registry, f);
    let class = Class::root(Priority::Normal);
    task::spawn_named(call, scheduler, class, site, name)
}

fn blocking_call<F>(registry: Arc<Registry>, f: F) -> (Closure<F>, OnBlockingThread) {
    registry.check_process();
    let ticket = {
        let mut state = lock(&registry.blocking.state);
        let ticket = state.next;
        state.next += 1;
        ticket
    };
    let call = Closure {
        registry: Arc::clone(&registry),
        ticket,
        entered: false,
        closure: Some(f),
    };
    (call, OnBlockingThread { registry, ticket })
}

/// The first poll of a closure has ended: a thread may have it.
fn offer(registry: &Arc<Registry>, ticket: Ticket) {
    let mut state = lock(&registry.blocking.state);
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
        registry.blocking.work.notify_one();
    } else if state.threads < registry.blocking.max_threads {
        create_thread(registry, state);
    }
}

fn create_thread(registry: &Arc<Registry>, mut state: MutexGuard<'_, State>) {
    state.threads += 1;
    // Under the lock: whoever closes the queue and then waits for the end, waits for this thread.
    let number = registry.threads.enter();
    drop(state);
    let pool = Arc::clone(registry);
    let builder = registry.hooks.blocking_thread();
    let mut ticket = sim::ticket(|| "blocking".to_owned());
    let body = move || {
        let _entered = ticket.enter();
        run(&pool, number);
    };
    let created = registry.threads.spawn(number, builder, body);
    if created.is_ok() {
        return;
    }
    registry.threads.leave(number, false);
    let mut state = lock(&registry.blocking.state);
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

fn run(registry: &Arc<Registry>, number: Number) {
    registry.place.enter();
    // What the closures spawn and compute belongs to this pool.
    let _unseated = Unseated::Own.enter(registry);
    let _context = registry.hooks.context.enter();
    registry.hooks.on_start(None);
    let _traced = registry.trace().enter_blocking();
    let mut state = lock(&registry.blocking.state);
    loop {
        if let Some((_, waker)) = state.queue.pop_first() {
            state.begin_work();
            drop(state);
            // Runs the closure, unless it was aborted just now.
            STARTING.with(|starting| starting.set(true));
            waker.wake();
            STARTING.with(|starting| starting.set(false));
            state = lock(&registry.blocking.state);
            state.end_work();
            if registry.timers().is_paused() {
                drop(state);
                tell::rests(registry);
                state = lock(&registry.blocking.state);
            }
            continue;
        }
        if state.closed {
            break;
        }
        state.idle += 1;
        let (guard, timeout) = registry
            .blocking
            .work
            .wait_timeout(state, registry.blocking.keep_alive.min(A_DAY))
            .unwrap_or_else(PoisonError::into_inner);
        state = guard;
        state.idle -= 1;
        if timeout.timed_out() && state.queue.is_empty() {
            break;
        }
    }
    state.threads -= 1;
    drop(state);
    registry.hooks.on_exit(None);
    registry.threads.leave(number, !registry.is_closed());
}

/// A blocking closure as a future: pending at its first poll, ready at its second.
struct Closure<F> {
    registry: Arc<Registry>,
    ticket: Ticket,
    entered: bool,
    closure: Option<F>,
}

impl<F> Unpin for Closure<F> {}

impl<R, F: FnOnce() -> R> Future for Closure<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        if !std::mem::replace(&mut self.entered, true) {
            let waker = context.waker().clone();
            self.registry.blocking.enter(self.ticket, waker);
            return Poll::Pending;
        }
        let closure = self.closure.take().expect("a closure runs once");
        Poll::Ready(task::coop::unlimited(closure))
    }
}

impl<F> Drop for Closure<F> {
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
    type Spot<'a> = NoSpot;
    const BLOCKING: bool = true;

    fn schedule(&self, job: JobRef, how: How, class: Class) {
        if how == How::Spawn {
            job.execute(NO_SEAT);
            offer(&self.registry, self.ticket);
        } else if STARTING.try_with(Cell::take).unwrap_or(false) {
            job.execute(NO_SEAT);
        } else {
            // Aborted; or no thread could be had.
            self.registry.blocking.leave(self.ticket);
            publish::inject(&self.registry, job, class);
        }
    }

    fn is_closed(&self) -> bool {
        self.registry.is_closed()
    }

    fn is_plain(&self) -> bool {
        self.registry.standing.is_plain()
    }

    fn observer(&self) -> Option<&Observer> {
        Some(&self.registry.hooks.tasks)
    }

    fn owned(&self) -> &Owned {
        self.registry.owned()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.registry.report_panic(payload);
    }
}
