//! The lists of a pool's unfinished tasks, so that closing the pool can cancel them.
//!
//! They are doubly linked lists through the cells, with one list and one lock per shard. The list
//! has a reference to each of its tasks. No lock is held while user code runs.
//!
//! A thread lists 64 tasks in a row in one shard, the next 64 in another. So threads that spawn and
//! end tasks of their own seldom meet, neither at a lock nor at the links of a neighbour. (With a
//! shard for each task in turn, two threads ran a tree of tasks no faster than one: 130 ms, now
//! 78 ms.) Of the tasks that one thread has spawned and many end, each shard gets 64 in turn.

use super::cell::{self, Header, Links};
use super::info::TaskInfo;
use crate::sync::{Mutex, lock};
use crate::util::coarse;
use crossbeam_utils::CachePadded;
use std::fmt;
use std::ptr::NonNull;

/// The lists of unfinished tasks.
pub(crate) struct Owned {
    /// The shards. Their number is a power of two.
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

#[derive(Default)]
struct Shard {
    first: Option<NonNull<Header>>,
    closed: bool,
    /// How many tasks were ever listed here, and how many of them no longer are.
    listed: u64,
    gone: u64,
}

// SAFETY: the pointers are counted references to cells, which may be used on any thread.
unsafe impl Send for Shard {}

impl Owned {
    /// Makes at least `shards` lists: a few for each thread that spawns or completes tasks.
    pub(crate) fn new(shards: usize) -> Self {
        let count = shards.max(1).next_power_of_two();
        Self {
            shards: (0..count)
                .map(|_| CachePadded::new(Mutex::new(Shard::default())))
                .collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| lock(shard).first.is_none())
    }

    /// Refuses new tasks from here on, and cancels those that are listed. The calling thread drops
    /// the futures of idle and queued tasks. A running task is left to its runner, which cancels it
    /// after the poll. Jobs that are still queued become stale; run them, which only frees memory.
    ///
    /// The scheduler has to say `is_closed` before this is called. May be called more than once.
    pub(crate) fn close_and_cancel_all(&self) {
        for shard in &self.shards {
            lock(shard).closed = true;
        }
        for shard in &self.shards {
            // Not `while let`: the lock must be free while user code runs.
            loop {
                let first = lock(shard).pop();
                let Some(task) = first else { break };
                // SAFETY: the list's reference is handed over.
                unsafe { cell::close(task) };
            }
        }
    }

    /// How many tasks are listed, and how many ever were. Takes one lock after the other.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let (mut listed, mut gone) = (0, 0);
        for shard in &self.shards {
            let shard = lock(shard);
            listed += shard.listed;
            gone += shard.gone;
        }
        ((listed - gone) as usize, listed)
    }

    /// Describes all listed tasks. Each shard in turn is locked while its tasks are looked at (a
    /// cache miss each), which delays spawns and ends of its tasks. Nothing is allocated or freed
    /// under the lock, and no code of users runs.
    pub(crate) fn dump(&self) -> Vec<TaskInfo> {
        let mut all = Vec::new();
        for shard in &self.shards {
            loop {
                let shard = lock(shard);
                let tasks = (shard.listed - shard.gone) as usize;
                if all.capacity() - all.len() >= tasks {
                    shard.describe(&mut all);
                    break;
                }
                drop(shard);
                all.reserve(tasks + tasks / 8);
            }
        }
        all
    }

    fn shard(&self, task: NonNull<Header>) -> &Mutex<Shard> {
        // SAFETY: the callers have a reference.
        let block = unsafe { task.as_ref().id.block() };
        // The count is a power of two; only the low bits of the number matter.
        &self.shards[block as usize & (self.shards.len() - 1)]
    }

    /// Lists a task, and takes over one of its references. `false`: the list is closed, and nothing
    /// happened.
    ///
    /// # Safety
    ///
    /// The caller has a reference to hand over, and another one for the call. The task was never
    /// listed before.
    pub(super) unsafe fn insert(&self, task: NonNull<Header>) -> bool {
        let mut shard = lock(self.shard(task));
        if shard.closed {
            return false;
        }
        // SAFETY: the task is live, and we hold the shard's lock.
        unsafe { shard.push(task) };
        true
    }

    /// Takes a task off its list. Returns whether it was listed: if so, the list's reference is
    /// the caller's now.
    ///
    /// # Safety
    ///
    /// The caller has a reference, and `self` is the set of lists of the task's scheduler.
    #[must_use]
    pub(super) unsafe fn remove(&self, task: NonNull<Header>) -> bool {
        // SAFETY: the task is live, and the shard's lock is held.
        unsafe { lock(self.shard(task)).remove(task) }
    }
}

/// # Safety
///
/// In all uses below, the lock of the task's shard is held, and the task is live.
unsafe fn links<R>(task: NonNull<Header>, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the lock gives exclusive access to the links.
    unsafe { task.as_ref().links.with_mut(|links| f(&mut *links)) }
}

impl Shard {
    /// # Safety
    ///
    /// `task` is live and on no list; `self` is its shard.
    unsafe fn push(&mut self, task: NonNull<Header>) {
        // SAFETY: `&mut self` is the lock; listed tasks are kept alive by the list's reference.
        unsafe {
            if let Some(first) = self.first {
                links(first, |links| links.previous = Some(task));
            }
            links(task, |links| links.next = self.first);
            task.as_ref().listed.with_mut(|listed| *listed = true);
        }
        self.first = Some(task);
        self.listed += 1;
    }

    /// # Safety
    ///
    /// `task` is live; `self` is its shard.
    unsafe fn remove(&mut self, task: NonNull<Header>) -> bool {
        // SAFETY: `&mut self` is the lock; the neighbours are kept alive by the list's references.
        unsafe {
            let listed = task
                .as_ref()
                .listed
                .with_mut(|listed| std::mem::replace(&mut *listed, false));
            if !listed {
                return false;
            }
            self.gone += 1;
            let Links { previous, next } = links(task, std::mem::take);
            match previous {
                Some(previous) => links(previous, |links| links.next = next),
                None => self.first = next,
            }
            if let Some(next) = next {
                links(next, |links| links.previous = previous);
            }
        }
        true
    }

    fn describe(&self, into: &mut Vec<TaskInfo>) {
        let now = coarse::stamp();
        let mut at = self.first;
        while let Some(task) = at {
            // SAFETY: `&self` is the lock; a listed task is kept alive by the list's reference,
            // which no other thread can take over before the lock is released.
            unsafe {
                into.push(cell::describe(task, now));
                at = links(task, |links| links.next);
            }
        }
    }

    fn pop(&mut self) -> Option<NonNull<Header>> {
        let first = self.first?;
        // SAFETY: it is listed here, so it is live and this is its shard.
        let removed = unsafe { self.remove(first) };
        debug_assert!(removed);
        Some(first)
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}
