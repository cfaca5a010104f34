//! The ready tasks of a seat: a queue, and in front of it the *LIFO slot* for the newest.
//!
//! A task that is woken by the thread of the seat goes to the LIFO slot: what it was woken with is
//! still in the cache. It overtakes the queue by that, so it may do so [`OVERTAKES`] times only,
//! until the shared queue has had its round.
//!
//! A task that is awaited before any thread has begun it can be begun by its awaiter
//! (`task/nest.rs`). If its job is the newest of the queue, it is taken from there. Else it stays
//! behind, marked, and is taken off when it has become the newest: so a tree of awaited tasks
//! leaves no more jobs behind than lie on the path from its root.

use super::Own;
use crate::job::{Header, JobRef};
use crate::sim;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::deque::{Steal, Worker};
use crate::sync::{Cell, Ring};
use crate::task::nest;
use crate::util::count::Event;
use crossbeam_utils::CachePadded;
use std::ptr::{self, NonNull};

/// From one round of the injector to the next, the number of times that a woken task may overtake
/// the queue. Small: a task that awaits many others, one after the other, would be woken by each of
/// them; when it has to queue, it finds most of them complete.
const OVERTAKES: u32 = 3;

/// From this length of the queue on, tasks that were spawned, or whose children have ended, leave
/// it in the order of a stack. Else a tree of tasks would be walked generation by generation, and
/// take the memory of one.
const LONG: usize = 256;

/// The job of a task that was in a queue.
#[inline]
fn job(task: NonNull<Header>) -> JobRef {
    // SAFETY: the queue owned this right to run, and has given it to the caller.
    unsafe { JobRef::new(task) }
}

/// The ready tasks of one seat.
pub(crate) struct Tasks {
    own: CachePadded<Private>,
    public: CachePadded<Public>,
}

/// `seat.S1`: the occupant's.
struct Private {
    /// How often the LIFO slot may still go first. 0: it is empty, and stays so.
    overtakes: Cell<u32>,
    /// Where in the queue the job of the task was that its awaiter has begun last: children are
    /// mostly awaited in the order in which they were spawned.
    begun: Cell<usize>,
    /// The oldest task goes first, however long the queue is.
    oldest_first: Cell<bool>,
    /// A batch of the injector on its way to the queue. Empty except for that moment.
    batch: Worker<JobRef>,
}

/// What thieves touch.
struct Public {
    queue: Ring<Header>,
    /// The task that was woken last, run next. Stolen only by a thief on its last round.
    lifo: AtomicPtr<Header>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self {
            public: CachePadded::new(Public {
                queue: Ring::new(),
                lifo: AtomicPtr::new(ptr::null_mut()),
            }),
            own: CachePadded::new(Private {
                overtakes: Cell::new(OVERTAKES),
                begun: Cell::new(0),
                oldest_first: Cell::new(false),
                batch: Worker::new_fifo(),
            }),
        }
    }

    /// Half of the queue, at most `most` tasks: one to run, the others into `dest`.
    pub(crate) fn steal(&self, dest: Own<'_, Self>, most: usize) -> Steal<JobRef> {
        if self.public.queue.is_empty() {
            return Steal::Empty;
        }
        // SAFETY: seat.S1: the caller has the other queue.
        let stolen = unsafe { dest.public.queue.steal_from(&self.public.queue, most) };
        match stolen {
            Steal::Success(task) => {
                Event::TasksStolen.count();
                sim::note(sim::Kind::Stolen);
                Steal::Success(job(task))
            }
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
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
        NonNull::new(task).map(job)
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
        // SAFETY: seat.S1.
        unsafe { self.public.queue.push(task.into_raw(), false) };
    }

    /// A task that was spawned just now, or whose child has ended, at the end of the queue.
    #[inline]
    pub(crate) fn push_new(self, task: JobRef) {
        // SAFETY: seat.S1.
        unsafe { self.public.queue.push(task.into_raw(), true) };
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
        NonNull::new(before).map(job)
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
        self.put_oldest_first();
    }

    /// The next task of the queue: the oldest one; or, if there are many, the one that came last,
    /// if that was [new](Self::push_new).
    #[inline]
    pub(crate) fn pop(self) -> Option<JobRef> {
        if self.public.queue.len() > LONG {
            if let Some(task) = self.pop_new() {
                return Some(task);
            }
        }
        // SAFETY: seat.S1.
        unsafe { self.public.queue.pop_front() }.map(job)
    }

    #[inline(never)]
    fn pop_new(self) -> Option<JobRef> {
        if self.own.oldest_first.replace(false) {
            return None;
        }
        self.let_go_of_stale();
        // SAFETY: seat.S1.
        unsafe { self.public.queue.take_new() }.map(job)
    }

    /// The next task of the queue is the oldest one: it has waited long enough.
    pub(crate) fn put_oldest_first(self) {
        self.own.oldest_first.set(true);
    }

    /// `take` gets a batch of tasks, which go to the end of the queue.
    pub(crate) fn push_batch<R>(self, take: impl FnOnce(&Worker<JobRef>) -> R) -> R {
        let result = take(&self.own.batch);
        while let Some(task) = self.own.batch.pop() {
            self.push(task);
        }
        result
    }

    /// The job of a task that its awaiter is about to begin, if it is the newest of the queue.
    #[inline]
    pub(crate) fn take_newest(self, task: NonNull<Header>) -> Option<JobRef> {
        // SAFETY: seat.S1.
        unsafe { self.public.queue.take_newest(task) }.map(job)
    }

    /// The awaiter of a task has taken its right to run from its job. If that lies in this queue,
    /// it is marked, so that it can be let go of. Returns what
    /// [`restore`](Self::restore) gets when the task comes back.
    #[must_use]
    pub(crate) fn mark(self, task: NonNull<Header>) -> usize {
        // SAFETY: seat.S1.
        let found = unsafe { self.public.queue.mark(task, self.own.begun.get()) };
        let before = self.poll_begins();
        found.unwrap_or(before)
    }

    /// The poll of a task begins: the next job in the queue will be that of its first child.
    /// Returns what was there before.
    #[inline]
    pub(crate) fn poll_begins(self) -> usize {
        self.own.begun.replace(self.public.queue.newest_index())
    }

    /// A task that was begun by its awaiter comes back.
    #[inline]
    pub(crate) fn restore(self, begun: usize) {
        self.own.begun.set(begun);
    }

    /// Takes off the marked jobs that have become the newest ones.
    #[inline]
    pub(crate) fn let_go_of_stale(self) {
        // SAFETY: seat.S1.
        while let Some(task) = unsafe { self.public.queue.sweep() } {
            // SAFETY: only jobs of tasks are marked, after their right to run was taken (`mark`).
            unsafe { nest::let_go(job(task)) };
        }
    }

    /// Are there tasks in the queue, the LIFO slot left aside?
    #[inline]
    pub(crate) fn has_queued(self) -> bool {
        !self.public.queue.is_empty()
    }
}
