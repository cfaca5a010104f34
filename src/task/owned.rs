//! The list of a pool's unfinished tasks, so that closing the pool can cancel them.
//!
//! Each task has an entry (`entry.rs`) in a slab (`slabs.rs`), and the list a reference to each of
//! its tasks. A thread with a seat has a cursor of its own, so to list a task is a store, and to
//! take one off an exchange: two threads meet there only for a task that one of them has spawned
//! and the other ended. (When this was a linked list with a lock, the two took 119 instructions;
//! they take 50.)
//!
//! task.I7: *a task that is listed while the pool closes is seen by the closing thread, or its
//! spawner sees that the list is closed.* The spawner enters the task, then a light fence, then
//! looks at `closed`; the closing thread writes `closed`, then a heavy fence, then looks at all
//! entries.

use super::cell::{self, Header};
use super::entry::{Entry, Reference};
use super::info::{TaskInfo, TaskState};
use super::slabs::{Cursor, Slabs};
use crate::sync::asymmetric;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Mutex, lock};
use crate::util::coarse;
use crossbeam_utils::CachePadded;
use std::fmt;
use std::ptr::NonNull;

/// The unfinished tasks.
pub(crate) struct Owned {
    slabs: Slabs,
    closed: AtomicBool,
    /// Are light fences enough for spawners? (`asymmetric::exists`, which is a call, at hand.)
    has_heavy: bool,
    /// Held while a dump looks at a task, and while the closing pool takes one off.
    looking: Mutex<()>,
    /// The cursors of threads without a seat. Their number is a power of two.
    outside: Box<[CachePadded<Mutex<Cursor>>]>,
}

impl Owned {
    /// Makes a list, with at least `outside` cursors for threads that have no seat.
    pub(crate) fn new(outside: usize) -> Self {
        let count = outside.max(1).next_power_of_two();
        let cursors = (0..count).map(|_| CachePadded::new(Mutex::new(Cursor::new())));
        Self {
            slabs: Slabs::new(),
            closed: AtomicBool::new(false),
            has_heavy: asymmetric::exists(),
            looking: Mutex::new(()),
            outside: cursors.collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.slabs.entries().all(Entry::is_free)
    }

    /// Refuses new tasks from here on, and cancels those that are listed. The calling thread drops
    /// the futures of idle and queued tasks. A running task is left to its runner, which cancels it
    /// after the poll. Jobs that are still queued become stale; run them, which only frees memory.
    ///
    /// The scheduler has to say `is_closed` before this is called. May be called more than once.
    pub(crate) fn close_and_cancel_all(&self) {
        // Ordering: Relaxed, then the heavy fence of task.I7. Where the system has none, spawners
        // put a full fence (`insert`), which pairs with this one.
        self.closed.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let _ = asymmetric::heavy();
        for entry in self.slabs.entries().filter(|entry| !entry.is_free()) {
            // A statement of its own: the lock must be free while user code runs.
            let taken = {
                let _no_dump = lock(&self.looking);
                entry.take()
            };
            if let Some(task) = taken {
                // SAFETY: the list's reference is handed over.
                unsafe { cell::close(task.cast()) };
            }
        }
    }

    /// How many tasks are listed, and how many ever were. Looks at each entry.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let listed = self.slabs.entries().filter(|entry| !entry.is_free());
        (listed.count(), self.slabs.entered())
    }

    /// Describes all listed tasks (a cache miss each). No thread that spawns or ends tasks waits
    /// for that. Nothing is allocated or freed under the lock, and no code of users runs.
    pub(crate) fn dump(&self) -> Vec<TaskInfo> {
        let now = coarse::stamp();
        let entries = self.slabs.entries();
        entries.filter_map(|entry| self.look(entry, now)).collect()
    }

    fn look(&self, entry: &Entry, now: u32) -> Option<TaskInfo> {
        let one_dump = lock(&self.looking);
        let task = entry.look()?.cast::<Header>();
        // SAFETY: the entry says that the task is looked at, so the list's reference keeps it.
        let info = unsafe {
            // (So that models see a dump that reads too early, or too late.)
            #[cfg(manyhands_model)]
            assert!(task.as_ref().entry.with(|at| (*at).is_some()));
            cell::describe(task, now)
        };
        let is_listed = entry.look_away(task.cast());
        drop(one_dump);
        if !is_listed {
            // SAFETY: the runner has left the list's reference to this thread.
            unsafe { cell::release(task) };
        }
        // It may have ended during the look.
        (info.state != TaskState::Complete).then_some(info)
    }

    /// Lists a task, and takes over one of its references. `false`: the list is closed, and nothing
    /// happened.
    ///
    /// # Safety
    ///
    /// The caller has a reference to hand over, and another one for the call; no other thread has
    /// one. The task was never listed before. `own` is the calling thread's, and used with this
    /// list only.
    pub(super) unsafe fn insert(&self, task: NonNull<Header>, own: Option<&Cursor>) -> bool {
        let Some(cursor) = own else {
            // SAFETY: the caller's promises.
            return unsafe { self.insert_from_outside(task) };
        };
        // SAFETY: the caller's promises.
        unsafe { self.enter(task, cursor) };
        match self.has_heavy {
            true => asymmetric::light(),
            // Ordering: SeqCst fence of task.I7, as in `close_and_cancel_all`.
            false => fence(Ordering::SeqCst),
        }
        // Ordering: Relaxed, ordered by the fence of task.I7.
        if self.closed.load(Ordering::Relaxed) {
            // SAFETY: the caller has a reference for the call.
            return unsafe { self.stays(task, cursor) };
        }
        true
    }

    /// [`insert`](Self::insert) by a thread without a seat.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(never)]
    unsafe fn insert_from_outside(&self, task: NonNull<Header>) -> bool {
        // SAFETY: the caller's promises; the cursor is this thread's while it has the lock.
        unsafe { self.insert(task, Some(&lock(self.outside(task)))) }
    }

    /// # Safety
    ///
    /// As for [`insert`](Self::insert).
    #[inline]
    unsafe fn enter(&self, task: NonNull<Header>, cursor: &Cursor) {
        // SAFETY: the caller's promises; no other thread has a reference yet.
        unsafe {
            let entry = self.slabs.next(cursor);
            let place = NonNull::from(entry);
            task.as_ref().entry.with_mut(|entry| *entry = Some(place));
            entry.enter(task.cast());
        }
    }

    /// The list was closed before this thread has entered the task, or meanwhile. Does it stay, as
    /// the closing thread has found it?
    ///
    /// # Safety
    ///
    /// As for [`insert`](Self::insert), and the task was entered by this cursor just now.
    #[cold]
    unsafe fn stays(&self, task: NonNull<Header>, cursor: &Cursor) -> bool {
        // SAFETY: the caller's promises.
        unsafe {
            match self.take_off(task) {
                Reference::Mine => {}
                // One for the caller, in place of the one that is the dump's.
                Reference::Dumps => task.as_ref().state.add_ref(),
                Reference::Closers => return true,
            }
            self.slabs.forget(cursor);
        }
        false
    }

    /// Takes a task off its list. Returns whether the list's reference is the caller's now.
    ///
    /// # Safety
    ///
    /// The caller has a reference, and `self` is the list of the task's scheduler.
    #[must_use]
    #[inline]
    pub(super) unsafe fn remove(&self, task: NonNull<Header>) -> bool {
        // SAFETY: the caller's promises.
        unsafe { self.take_off(task) == Reference::Mine }
    }

    /// # Safety
    ///
    /// As for [`remove`](Self::remove).
    #[inline]
    unsafe fn take_off(&self, task: NonNull<Header>) -> Reference {
        // SAFETY: the caller's reference keeps the task. Its entry was written before any other
        // thread had a reference, and its slab lives as long as `self`.
        unsafe {
            let entry = task.as_ref().entry.with(|entry| *entry);
            match entry {
                Some(entry) => entry.as_ref().take_off(task.cast()),
                // Never listed: the pool was closed.
                None => Reference::Closers,
            }
        }
    }

    fn outside(&self, task: NonNull<Header>) -> &Mutex<Cursor> {
        // SAFETY: the callers have a reference.
        let block = unsafe { task.as_ref().id.block() };
        // The count is a power of two; only the low bits of the number matter.
        &self.outside[block as usize & (self.outside.len() - 1)]
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").finish_non_exhaustive()
    }
}
