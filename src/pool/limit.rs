//! A part of a pool: futures and computations of which at most `k` run at a time.
//!
//! What becomes ready waits in a queue of its own. A *runner*, a job of the pool that holds a token
//! of the limit's [`Share`], takes from there; there is one for each token that is not needed by
//! the loops inside (see [`crate::job::share`]). A runner that has run some gives way to the rest
//! of the pool before it goes on.
//!
//! No job is forgotten (limit.V1): a thread that queues one looks for a token afterwards; one that
//! gives a token back looks into the queue afterwards. One of the two comes second, by the queue's
//! lock. Model: `pool::a_limit_forgets_no_job`.

use super::registry::Registry;
use super::{home, publish, tell};
use crate::job::heap::HeapJob;
use crate::job::origin::Ambient;
use crate::job::share::{Share, ShareRef};
use crate::job::{JobRef, SeatIndex};
use crate::sync::{Mutex, lock};
use crate::task::{Class, How, Kind, NoSpot, Observer, Owned, Schedule};
use crate::util::unwind::Payload;
use std::collections::VecDeque;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// The number of polls after which a runner gives way to the rest of the pool.
const BATCH: usize = 16;

/// The state that all clones of a limited handle share.
#[repr(C)]
pub(crate) struct Limit {
    /// The first field, so that a share leads to its limit.
    share: Share,
    max: usize,
    registry: Arc<Registry>,
    queue: Mutex<VecDeque<(JobRef, Class)>>,
}

impl Limit {
    pub(crate) fn new(registry: Arc<Registry>, max: usize) -> Arc<Self> {
        Arc::new(Self {
            share: Share::new(max, Self::token_returned),
            max,
            registry,
            queue: Mutex::new(VecDeque::new()),
        })
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn share(&self) -> ShareRef {
        ShareRef::to(&self.share)
    }

    /// Called by the share of a limit.
    fn token_returned(share: &Share) {
        // SAFETY: only `new` makes shares with this function; each is the first field (`repr(C)`)
        // of a limit in an `Arc`, which its borrower keeps alive.
        let limit = unsafe {
            let limit: *const Self = NonNull::from(share).cast().as_ptr();
            Arc::increment_strong_count(limit);
            Arc::from_raw(limit)
        };
        limit.start_runner();
        tell::token(&limit.registry);
    }

    /// Queues a job.
    pub(crate) fn push(self: &Arc<Self>, job: JobRef, class: Class) {
        lock(&self.queue).push_back((job, class));
        self.start_runner();
    }

    /// limit.V1: starts a runner if there is something to run and a token for it.
    fn start_runner(self: &Arc<Self>) {
        let Some(class) = lock(&self.queue).front().map(|(_, class)| *class) else {
            return;
        };
        if self.share.try_take() {
            self.submit(class);
        }
    }

    /// Hands a runner, which holds a token, to the pool.
    fn submit(self: &Arc<Self>, class: Class) {
        let limit = Arc::clone(self);
        // SAFETY: the closure borrows nothing. It does not unwind, as jobs do not.
        let runner = unsafe { HeapJob::new_ref(move |seat| limit.run(seat, class.kind())) };
        publish::schedule(&self.registry, runner, How::Spawn, class);
    }

    /// A runner.
    fn run(self: &Arc<Self>, seat: SeatIndex, kind: Kind) {
        let batch = match kind {
            Kind::Future => BATCH,
            // Others have waited long enough.
            Kind::Root => 1,
        };
        let mut ran = 0;
        loop {
            // At the end of the pool nobody is to give way to.
            let gives_way = ran >= batch && !self.registry.is_closed();
            let next = {
                let mut queue = lock(&self.queue);
                match queue.front().map(|(_, class)| *class) {
                    Some(class) if gives_way || class.kind() != kind => Err(Some(class)),
                    Some(_) => Ok(queue.pop_front()),
                    None => Err(None),
                }
            };
            match next {
                Ok(job) => {
                    // SAFETY: `self` outlives the guard, and jobs made under it end before the
                    // one that made them, because waits inside it are closed.
                    let _under = unsafe { Ambient::here().with_share(self.share()).enter() };
                    if let Some((job, _)) = job {
                        job.execute(seat);
                    }
                    ran += 1;
                }
                Err(Some(class)) => return self.submit(class),
                Err(None) => return self.share.give(),
            }
        }
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("share", &self.share)
            .field("queued", &lock(&self.queue).len())
            .finish_non_exhaustive()
    }
}

/// Schedules on a limited part of a pool.
pub(crate) struct Limited(pub(crate) Arc<Limit>);

impl Schedule for Limited {
    type Spot<'a> = NoSpot;

    fn schedule(&self, job: JobRef, _: How, class: Class) {
        self.0.push(job, class);
    }

    fn is_closed(&self) -> bool {
        self.0.registry.is_closed()
    }

    fn is_plain(&self) -> bool {
        self.0.registry.standing.is_plain()
    }

    fn observer(&self) -> Option<&Observer> {
        Some(&self.0.registry.hooks.tasks)
    }

    fn measured(&self, wait: u64, poll: u64) {
        home::measured(&self.0.registry, wait, poll);
    }

    fn owned(&self) -> &Owned {
        self.0.registry.owned()
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.0.registry.report_panic(payload);
    }
}
