//! The queues that no seat owns: futures and roots, each by priority.
//!
//! Roots (compute roots, installed closures) are kept apart from futures, because a thread that is
//! only to poll must not begin to compute. They have no queues on seats: there are few of them, and
//! each is long. *Heavy* futures, those that have computed in one of their last polls, come here
//! only from a thread that is to poll only, for the same reason.

use crate::job::JobRef;
use crate::sim;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::deque::{Injector, Steal, Worker};
use crate::sync::hint;
use crate::task::{Class, Kind, Priority};

/// The injectors of one pool.
#[derive(Debug)]
pub(crate) struct Injectors {
    futures: [Injector<JobRef>; 3],
    roots: [Injector<JobRef>; 3],
    heavy: [Injector<JobRef>; 3],
    /// How many roots and heavy futures were taken.
    taken: AtomicU32,
    /// Has anything urgent ever been pushed? Most pools never look further.
    urgent: AtomicBool,
    /// Has anything ever been pushed but normal futures and roots? The same.
    unusual: AtomicBool,
}

impl Injectors {
    pub(super) fn new() -> Self {
        let three = || [Injector::new(), Injector::new(), Injector::new()];
        Self {
            futures: three(),
            roots: three(),
            heavy: three(),
            taken: AtomicU32::new(0),
            urgent: AtomicBool::new(false),
            unusual: AtomicBool::new(false),
        }
    }

    fn queue(&self, class: Class) -> &Injector<JobRef> {
        let queues = match class.kind() {
            Kind::Future => &self.futures,
            Kind::Root => &self.roots,
        };
        &queues[class.priority() as usize]
    }

    pub(super) fn push(&self, job: JobRef, class: Class) {
        if class.priority() != Priority::Normal {
            note(&self.unusual);
            if class.priority() == Priority::High {
                note(&self.urgent);
            }
        }
        sim::point(sim::Kind::Queue);
        self.queue(class).push(job);
    }

    /// Puts a future aside that is not to be polled by a thread that only polls.
    pub(super) fn put_aside(&self, job: JobRef, priority: Priority) {
        note(&self.unusual);
        self.heavy[priority as usize].push(job);
    }

    /// The oldest heavy future of a priority.
    pub(super) fn take_heavy(&self, priority: Priority) -> Option<JobRef> {
        self.take_long(&self.heavy[priority as usize])
    }

    /// The oldest root of a priority.
    pub(super) fn take_root(&self, priority: Priority) -> Option<JobRef> {
        self.take_long(&self.roots[priority as usize])
    }

    fn take_long(&self, queue: &Injector<JobRef>) -> Option<JobRef> {
        let job = retry(queue, Injector::steal)?;
        // Ordering: Relaxed; who looks at it looks again and again.
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(job)
    }

    /// Are there roots or heavy futures?
    pub(super) fn has_long(&self) -> bool {
        !self.roots.iter().chain(&self.heavy).all(Injector::is_empty)
    }

    /// How many roots and heavy futures were taken so far. Wraps around.
    pub(super) fn taken(&self) -> u32 {
        // Ordering: Relaxed, as in `take_long`.
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self, class: Class) -> usize {
        self.queue(class).len()
    }

    /// How many futures, and how many roots, there are.
    pub(super) fn depths(&self) -> (usize, usize) {
        let sum = |queues: &[Injector<JobRef>]| queues.iter().map(Injector::len).sum();
        let futures = sum(&self.futures) + sum(&self.heavy);
        (futures, sum(&self.roots))
    }

    /// Could there be anything urgent?
    #[inline]
    pub(super) fn may_be_urgent(&self) -> bool {
        // Ordering: Relaxed, as in `note`. A thread that misses it finds the job in a later round,
        // or as a searcher.
        self.urgent.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        const NORMAL: usize = Priority::Normal as usize;
        self.futures[NORMAL].is_empty()
            && self.roots[NORMAL].is_empty()
            // Ordering: Relaxed, as in `note`.
            && (!self.unusual.load(Ordering::Relaxed) || self.all().all(Injector::is_empty))
    }

    /// The oldest future of a priority.
    pub(super) fn take_future(&self, priority: Priority) -> Option<JobRef> {
        retry(self.queue(Class::future(priority)), Injector::steal)
    }

    /// The oldest future of a priority, and up to `most - 1` more for `dest`.
    pub(super) fn take_futures(
        &self,
        priority: Priority,
        most: usize,
        dest: &Worker<JobRef>,
    ) -> Option<JobRef> {
        retry(self.queue(Class::future(priority)), |queue| {
            if most <= 1 {
                queue.steal()
            } else {
                queue.steal_batch_with_limit_and_pop(dest, most)
            }
        })
    }

    /// Anything that is left, for the end of the pool.
    pub(super) fn take_any(&self) -> Option<JobRef> {
        self.all().find_map(|queue| retry(queue, Injector::steal))
    }

    fn all(&self) -> impl Iterator<Item = &Injector<JobRef>> {
        self.futures.iter().chain(&self.roots).chain(&self.heavy)
    }
}

/// Something is about to be pushed that most pools never see. Ordering: Relaxed; whoever sees the
/// push, by its own fence and that of the publisher, sees this as well.
fn note(flag: &AtomicBool) {
    if !flag.load(Ordering::Relaxed) {
        flag.store(true, Ordering::Relaxed);
    }
}

fn retry(
    queue: &Injector<JobRef>,
    take: impl Fn(&Injector<JobRef>) -> Steal<JobRef>,
) -> Option<JobRef> {
    loop {
        if queue.is_empty() {
            return None;
        }
        sim::point(sim::Kind::Queue);
        match take(queue) {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => hint::spin_loop(),
        }
    }
}
