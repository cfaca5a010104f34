//! The ready tasks of a seat: a queue, and in front of it the *LIFO slot* for the newest.
//!
//! A task that is woken by the thread of the seat goes to the LIFO slot: what it was woken with is
//! still in the cache. It overtakes the queue by that, so it may do so [`OVERTAKES`] times only,
//! until the shared queue has had its round.

use super::Own;
use crate::job::{Header, JobRef};
use crate::sim;
use crate::sync::Cell;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::deque::{Steal, Stealer, Worker};
use crate::util::count::Event;
use crossbeam_utils::CachePadded;
use std::ptr::{self, NonNull};

/// From one round of the injector to the next, the number of times that a woken task may overtake
/// the queue. Small: a task that awaits many others, one after the other, would be woken by each of
/// them; when it has to queue, it finds most of them complete.
const OVERTAKES: u32 = 3;

/// The ready tasks of one seat.
pub(crate) struct Tasks {
    own: CachePadded<Private>,
    public: CachePadded<Public>,
}

/// `seat.S1`: the occupant's.
struct Private {
    /// How often the LIFO slot may still go first. 0: it is empty, and stays so.
    overtakes: Cell<u32>,
    queue: Worker<JobRef>,
}

/// What thieves touch.
struct Public {
    queue: Stealer<JobRef>,
    /// The task that was woken last, run next. Stolen only by a thief on its last round.
    lifo: AtomicPtr<Header>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        let queue = Worker::new_fifo();
        Self {
            public: CachePadded::new(Public {
                queue: queue.stealer(),
                lifo: AtomicPtr::new(ptr::null_mut()),
            }),
            own: CachePadded::new(Private {
                overtakes: Cell::new(OVERTAKES),
                queue,
            }),
        }
    }

    /// Half of the queue, at most `most` tasks: one to run, the others into `dest`.
    pub(crate) fn steal(&self, dest: Own<'_, Self>, most: usize) -> Steal<JobRef> {
        if self.public.queue.is_empty() {
            return Steal::Empty;
        }
        let dest = &dest.own.queue;
        let stolen = self.public.queue.steal_batch_with_limit_and_pop(dest, most);
        if matches!(stolen, Steal::Success(_)) {
            Event::TasksStolen.count();
            sim::note(sim::Kind::Stolen);
        }
        stolen
    }

    /// The task in the LIFO slot.
    #[inline]
    pub(crate) fn steal_lifo(&self) -> Option<JobRef> {
        // Ordering: Relaxed; only decides whether to try.
        if self.public.lifo.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: AcqRel: Acquire pairs with the Release in `put_next`.
        let task = self.public.lifo.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the slot owned this right to run, and the swap gave it to us.
        NonNull::new(task).map(|task| unsafe { JobRef::new(task) })
    }

    /// Are there ready tasks?
    pub(crate) fn are_there(&self) -> bool {
        // Ordering: Relaxed; callers put a SeqCst fence before the scan.
        !self.public.queue.is_empty() || !self.public.lifo.load(Ordering::Relaxed).is_null()
    }

    /// The number of ready tasks. A snapshot.
    pub(crate) fn depth(&self) -> usize {
        // Ordering: Relaxed; a snapshot.
        let lifo = !self.public.lifo.load(Ordering::Relaxed).is_null();
        self.public.queue.len() + usize::from(lifo)
    }
}

impl<'a> Own<'a, Tasks> {
    /// A ready task, at the end of the queue.
    #[inline]
    pub(crate) fn push(self, task: JobRef) {
        self.own.queue.push(task);
    }

    /// May a woken task go to the LIFO slot, and overtake the queue by that?
    #[inline]
    pub(super) fn may_overtake(self) -> bool {
        self.own.overtakes.get() > 0
    }

    /// Puts a task that this thread has woken into the LIFO slot; returns the one that was there.
    #[inline]
    #[must_use]
    pub(super) fn put_next(self, task: JobRef) -> Option<JobRef> {
        // Ordering: AcqRel: Release hands the task to a thief's swap, Acquire takes over the
        // former one, which this thread put there itself.
        let before = self
            .public
            .lifo
            .swap(task.into_raw().as_ptr(), Ordering::AcqRel);
        // SAFETY: the slot owned this right to run, and the swap gave it to us.
        NonNull::new(before).map(|before| unsafe { JobRef::new(before) })
    }

    /// Moves the task in the LIFO slot to the queue, where every thief looks. `true`: there was
    /// one, and the sleepers are to be told.
    #[must_use]
    pub(crate) fn flush_lifo(self) -> bool {
        let task = self.steal_lifo();
        let flushed = task.is_some();
        if let Some(task) = task {
            self.push(task);
        }
        flushed
    }

    /// The task in the LIFO slot. If it overtakes the queue by that, it is counted.
    #[inline]
    pub(crate) fn pop_lifo(self) -> Option<JobRef> {
        let task = self.steal_lifo()?;
        if self.has_queued() {
            // Not 0 before, or the slot would be empty.
            self.own.overtakes.set(self.own.overtakes.get() - 1);
        }
        Some(task)
    }

    /// The LIFO slot may go first again.
    pub(crate) fn allow_overtaking(self) {
        self.own.overtakes.set(OVERTAKES);
    }

    /// The oldest task of the queue.
    #[inline]
    pub(crate) fn pop(self) -> Option<JobRef> {
        self.own.queue.pop()
    }

    /// The queue that batches are stolen into.
    pub(crate) fn queue(self) -> &'a Worker<JobRef> {
        &self.part().own.queue
    }

    /// Are there tasks in the queue, the LIFO slot left aside?
    #[inline]
    pub(crate) fn has_queued(self) -> bool {
        !self.own.queue.is_empty()
    }
}
