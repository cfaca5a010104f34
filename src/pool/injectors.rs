//! The queues that no seat owns: futures and roots, each by priority.
//!
//! Roots (compute roots, installed closures) are kept apart from futures, because a thread that is
//! only to poll must not begin to compute. They have no queues on seats: there are few of them, and
//! each is long.

use crate::job::JobRef;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::deque::{Injector, Steal, Worker};
use crate::sync::hint;
use crate::task::{Class, Kind, Priority};

/// The injectors of one pool.
#[derive(Debug)]
pub(crate) struct Injectors {
    futures: [Injector<JobRef>; 3],
    roots: [Injector<JobRef>; 3],
    /// Has anything urgent ever been pushed? Most pools never look further.
    urgent: AtomicBool,
}

impl Injectors {
    pub(super) fn new() -> Self {
        let three = || [Injector::new(), Injector::new(), Injector::new()];
        Self {
            futures: three(),
            roots: three(),
            urgent: AtomicBool::new(false),
        }
    }

    fn queue(&self, class: Class) -> &Injector<JobRef> {
        let queues = match class.kind {
            Kind::Future => &self.futures,
            Kind::Root => &self.roots,
        };
        &queues[class.priority as usize]
    }

    pub(super) fn push(&self, job: JobRef, class: Class) {
        // Ordering: Relaxed; whoever misses it finds the job in its turn, or as a searcher.
        if class.priority == Priority::High && !self.urgent.load(Ordering::Relaxed) {
            self.urgent.store(true, Ordering::Relaxed);
        }
        self.queue(class).push(job);
    }

    pub(super) fn len(&self, class: Class) -> usize {
        self.queue(class).len()
    }

    /// How many futures, and how many roots, there are.
    pub(super) fn depths(&self) -> (usize, usize) {
        let sum = |queues: &[Injector<JobRef>]| queues.iter().map(Injector::len).sum();
        (sum(&self.futures), sum(&self.roots))
    }

    /// Could there be anything urgent?
    #[inline]
    pub(super) fn may_be_urgent(&self) -> bool {
        // Ordering: Relaxed, as in `push`.
        self.urgent.load(Ordering::Relaxed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.futures
            .iter()
            .chain(&self.roots)
            .all(Injector::is_empty)
    }

    /// The oldest job of a class.
    pub(super) fn take(&self, class: Class) -> Option<JobRef> {
        retry(self.queue(class), Injector::steal)
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
        self.futures
            .iter()
            .chain(&self.roots)
            .find_map(|queue| retry(queue, Injector::steal))
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
        match take(queue) {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => hint::spin_loop(),
        }
    }
}
