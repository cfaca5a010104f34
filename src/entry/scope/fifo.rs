//! Scopes that run the jobs of one thread in the order of their spawning.
//!
//! The deque is last in, first out for its owner. So a FIFO scope keeps its jobs in a queue of its
//! own for each seat, and pushes *turns* onto the deque: whoever runs a turn runs the oldest job of
//! the queue that the turn belongs to.

use super::{Base, Owner, ScopePtr};
use crate::entry::broadcast::BroadcastContext;
use crate::entry::current::current_registry;
use crate::job::JobRef;
use crate::job::heap::HeapJob;
use crate::pool::{Registry, guest, seat};
use crate::sync::{Mutex, lock};
use std::collections::VecDeque;
use std::fmt;
use std::ptr;
use std::sync::Arc;

/// A scope whose jobs run first in, first out on each thread; see [`scope_fifo`].
pub struct ScopeFifo<'scope> {
    base: Base<'scope>,
    /// Jobs by the seat that spawned them; the last queue is for threads without a seat.
    queues: Box<[Mutex<VecDeque<JobRef>>]>,
}

/// As [`scope`](crate::scope()), but each thread runs the jobs that it spawned oldest first.
///
/// Takes one more block of memory a job than `scope`.
///
/// ```
/// use std::sync::Mutex;
/// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
/// let order = Mutex::new(Vec::new());
/// pool.install(|| {
///     manyhands::scope_fifo(|s| {
///         for i in 0..3 {
///             let order = &order;
///             s.spawn_fifo(move |_| order.lock().unwrap().push(i));
///         }
///     })
/// });
/// assert_eq!(order.into_inner().unwrap(), [0, 1, 2]);
/// ```
pub fn scope_fifo<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
    R: Send,
{
    scope_fifo_on(&current_registry(), op)
}

pub(crate) fn scope_fifo_on<'scope, OP, R>(registry: &Arc<Registry>, op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
    R: Send,
{
    guest::on_seat(registry, |me, _| {
        let scope = ScopeFifo::new(me.counted_registry());
        scope.base.complete(&scope, Some(me), op)
    })
}

/// As [`in_place_scope`](crate::in_place_scope), with the order of [`scope_fifo`].
///
/// ```
/// let mut done = [false; 2];
/// manyhands::in_place_scope_fifo(|s| {
///     for slot in &mut done {
///         s.spawn_fifo(move |_| *slot = true);
///     }
/// });
/// assert_eq!(done, [true, true]);
/// ```
pub fn in_place_scope_fifo<'scope, OP, R>(op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R,
{
    in_place_scope_fifo_on(&current_registry(), op)
}

pub(crate) fn in_place_scope_fifo_on<'scope, OP, R>(registry: &Arc<Registry>, op: OP) -> R
where
    OP: FnOnce(&ScopeFifo<'scope>) -> R,
{
    guest::in_place(registry, |me| {
        let scope = ScopeFifo::new(Arc::clone(registry));
        let body = |scope: &_| guest::body_of_scope(me, || op(scope));
        scope.base.complete(&scope, me, body)
    })
}

impl<'scope> Owner<'scope> for ScopeFifo<'scope> {
    fn base(&self) -> &Base<'scope> {
        &self.base
    }
}

impl<'scope> ScopeFifo<'scope> {
    fn new(registry: Arc<Registry>) -> Self {
        let queues = registry.index_bound() + 1;
        Self {
            base: Base::new(registry),
            queues: (0..queues).map(|_| Mutex::new(VecDeque::new())).collect(),
        }
    }

    /// Spawns a job; see [`Scope::spawn`](crate::Scope::spawn).
    ///
    /// ```
    /// let mut value = 0;
    /// manyhands::scope_fifo(|s| s.spawn_fifo(|_| value = 7));
    /// assert_eq!(value, 7);
    /// ```
    pub fn spawn_fifo<BODY>(&self, body: BODY)
    where
        BODY: FnOnce(&ScopeFifo<'scope>) + Send + 'scope,
    {
        let me = seat::current();
        let job = Base::job(self, me, |scope: &Self, _| body(scope));
        let nobody = self.queues.len() - 1;
        let queue = match me {
            Some(me) if self.base.registry.owns(&me) => me.index() as usize,
            _ => nobody,
        };
        lock(&self.queues[queue]).push_back(job);
        // Each turn takes one job, and there are as many turns as jobs: the queue of a turn is
        // never empty, and so the scope still counts a job when the turn looks there.
        let scope = ScopePtr(ptr::from_ref(self));
        let turn = move |index| {
            // SAFETY: as above. The job counts itself out.
            let queue = unsafe { &scope.get().queues[queue] };
            let job = lock(queue).pop_front();
            job.expect("a turn for each job").execute(index);
        };
        // SAFETY: the turn borrows nothing but the scope, and a job does not unwind.
        let turn = unsafe { HeapJob::new_ref(turn) };
        self.base.push(me, turn);
    }

    /// Runs `body` once on every worker of the scope's pool; see [`broadcast`](crate::broadcast()).
    pub fn spawn_broadcast<BODY>(&self, body: BODY)
    where
        BODY: Fn(&ScopeFifo<'scope>, BroadcastContext<'_>) + Send + Sync + 'scope,
    {
        Base::spawn_broadcast(self, body);
    }
}

impl fmt::Debug for ScopeFifo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
