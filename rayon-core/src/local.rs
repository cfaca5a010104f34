//! What a worker thread has spawned and nobody has begun: the newest first for itself, the oldest
//! first for others.
//!
//! manyhands starts spawned closures in the order in which they came. Programs written for
//! rayon-core see another order on a pool of one thread, so it is made here. Each closure goes into
//! the list of its thread, and a *ticket* for it to the pool: a job that takes one closure out of
//! that list and runs it. Which ticket takes which closure does not matter.

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
}

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
    pub(crate) fn push(&self, job: Job, order: Order) {
        self.change(|lists| match order {
            Order::NewestFirst => lists.places.push_back(Place::Job(job)),
            Order::OldestFirst => {
                lists.places.push_back(Place::InOrder);
                lists.in_order.push_back(job);
            }
        });
    }

    /// The next closure for the thread that has spawned them, if this `is_mine`; else for another.
    pub(crate) fn take(&self, is_mine: bool) -> Option<Job> {
        self.change(|lists| {
            let place = match is_mine {
                true => lists.places.pop_back()?,
                false => lists.places.pop_front()?,
            };
            match place {
                Place::Job(job) => Some(job),
                Place::InOrder => lists.in_order.pop_front(),
            }
        })
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

    /// Is it that one?
    fn is_here(local: &Arc<Local>) -> bool {
        Self::current().is_some_and(|worker| Arc::ptr_eq(&worker.local, local))
    }

    /// Keeps the closure for this thread or another of its pool.
    pub(crate) fn spawn(&self, job: Job, order: Order) {
        self.local.push(job, order);
        let local = Arc::clone(&self.local);
        self.registry.start(move || {
            let is_mine = Self::is_here(&local);
            // None: `yield_now` or `yield_local` has run it.
            if let Some(job) = local.take(is_mine) {
                job();
            }
        });
    }
}
