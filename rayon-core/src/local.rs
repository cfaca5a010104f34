//! What a worker thread has spawned and nobody has begun: the newest first for itself, the oldest
//! first for others.
//!
//! manyhands starts spawned closures in the order in which they came. Programs written for
//! rayon-core see another order on a pool of one thread, so it is made here. Each closure goes into
//! the list of its thread, and a *ticket* for the list to the pool: a job that takes a closure out
//! of it and runs it. While there are closures there is a ticket, and no more than one that nobody
//! has begun: whoever begins one and leaves closures behind issues the next, before anything else.
//! So one thread after the other hears of a list, and spawning beside a ticket costs no more than a
//! push.

use crate::registry::Registry;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A spawned closure.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The closures that one worker thread has spawned.
#[derive(Default)]
pub(crate) struct Local(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    /// Oldest first.
    places: VecDeque<Place>,
    /// The closures of `spawn_fifo`, oldest first.
    in_order: VecDeque<Job>,
    /// There is a ticket that nobody has begun.
    has_ticket: bool,
}

impl Lists {
    /// The next closure for the thread that has spawned them, if that `is_me`; else for another.
    fn take(&mut self, is_me: bool) -> Option<Job> {
        let place = match is_me {
            true => self.places.pop_back()?,
            false => self.places.pop_front()?,
        };
        match place {
            Place::Job(job) => Some(job),
            Place::InOrder => self.in_order.pop_front(),
        }
    }
}

/// How many closures a thread runs for one ticket, at most, if it has spawned them itself. Between
/// tickets it looks at the other queues of its pool.
const BATCH: u32 = 16;

enum Place {
    /// A closure of `spawn`.
    Job(Job),
    /// The oldest one of `spawn_fifo`.
    InOrder,
}

/// Which of its own closures a thread runs first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Local {
    /// `true`: it needs a ticket, which the caller issues.
    #[must_use]
    fn push(&self, job: Job, order: Order) -> bool {
        self.change(|lists| {
            match order {
                Order::NewestFirst => lists.places.push_back(Place::Job(job)),
                Order::OldestFirst => {
                    lists.places.push_back(Place::InOrder);
                    lists.in_order.push_back(job);
                }
            }
            !std::mem::replace(&mut lists.has_ticket, true)
        })
    }

    /// Begins a ticket: a closure, unless a yield was faster, and whether the caller issues the next
    /// ticket.
    fn begin_ticket(&self, is_me: bool) -> (Option<Job>, bool) {
        self.change(|lists| {
            let job = lists.take(is_me);
            lists.has_ticket = !lists.places.is_empty();
            (job, lists.has_ticket)
        })
    }

    /// The newest closure, for the thread that has spawned it.
    pub(crate) fn take_newest(&self) -> Option<Job> {
        self.change(|lists| lists.take(true))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.change(|lists| lists.places.is_empty())
    }

    /// No code of users runs under the lock.
    fn change<R>(&self, change: impl FnOnce(&mut Lists) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spawned = self.change(|lists| lists.places.len());
        f.debug_struct("Local").field("spawned", &spawned).finish()
    }
}

/// A worker thread of a pool that this crate has made.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) registry: Arc<Registry>,
    pub(crate) local: Arc<Local>,
}

thread_local! {
    /// The pools whose worker this thread is, the innermost last: usually one.
    static WORKERS: RefCell<Vec<Worker>> = const { RefCell::new(Vec::new()) };
}

impl Worker {
    /// The calling thread becomes a worker.
    pub(crate) fn begin(registry: Arc<Registry>) {
        let local = Arc::default();
        let _ = WORKERS.try_with(|workers| workers.borrow_mut().push(Self { registry, local }));
    }

    /// The calling thread is one no longer.
    pub(crate) fn end() {
        // Dropped outside of the borrow.
        let _ended = WORKERS.try_with(|workers| workers.borrow_mut().pop());
    }

    /// The calling thread, if the pool that it works for now is one that this crate has made.
    pub(crate) fn current() -> Option<Self> {
        let innermost = |workers: &RefCell<Vec<Self>>| workers.borrow().last().cloned();
        let worker = WORKERS.try_with(innermost).ok()??;
        worker.registry.is_current().then_some(worker)
    }

    /// Keeps the closure for this thread or another of its pool.
    pub(crate) fn spawn(&self, job: Job, order: Order) {
        if self.local.push(job, order) {
            self.issue_ticket();
        }
    }

    fn issue_ticket(&self) {
        let spawner = self.clone();
        self.registry.start(move || spawner.run_ticket());
    }

    /// Runs one of the closures that `self` has spawned; on its own thread several.
    fn run_ticket(&self) {
        let is_me = Self::current().is_some_and(|me| Arc::ptr_eq(&me.local, &self.local));
        let (job, has_more) = self.local.begin_ticket(is_me);
        if has_more {
            self.issue_ticket();
        }
        let mut next = job;
        let mut count = 1;
        while let Some(job) = next {
            self.registry.run_contained(job);
            if !is_me || count == BATCH {
                break;
            }
            count += 1;
            next = self.local.take_newest();
        }
    }
}
