//! Ids of tasks, and which task the calling thread polls.

use super::cell::Header;
use crate::sync::thread_cell;
use std::cell::Cell;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The id of a task: no two tasks of a process share one.
///
/// The numbers say nothing about the order in which tasks were spawned.
///
/// # Examples
///
/// ```
/// manyhands::block_on(async {
///     let a = manyhands::spawn(async { manyhands::task::id() });
///     let b = manyhands::spawn(async {});
///     let name = a.id();
///     assert_ne!(name, b.id());
///     assert_eq!(a.await.unwrap(), name);
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

/// The number of ids that a thread takes from the process-wide counter at a time, so that spawning
/// threads do not fight for one cache line.
const BLOCK: u64 = 64;

/// The first id that no thread has taken. Not a modelled atomic: an id orders nothing, it only has
/// to be new. 0 stands for "no task".
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

std::thread_local! {
    /// The next id of this thread's block, and the end of the block.
    static BLOCK_LEFT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

impl Id {
    #[inline]
    pub(super) fn next() -> Self {
        BLOCK_LEFT.with(|left| {
            let (mut next, mut end) = left.get();
            if next == end {
                // Ordering: Relaxed; only uniqueness matters. 2^64 ids do not run out.
                next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
                end = next + BLOCK;
            }
            left.set((next + 1, end));
            Self(next)
        })
    }

    /// The number that spreads tasks over shards, and tells them apart in a trace.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

thread_cell! {
    static CURRENT: Cell<*const Header> = Cell::new(ptr::null());
}

/// A guard: the calling thread works for a task until it is dropped.
#[derive(Debug)]
pub(super) struct Entered(*const Header);

/// # Safety
///
/// The guard is dropped before the task is freed.
#[inline]
pub(super) unsafe fn enter(task: &Header) -> Entered {
    Entered(CURRENT.with(|current| current.replace(task)))
}

/// The task that the calling thread works for.
#[inline]
fn current<R>(f: impl FnOnce(&Header) -> R) -> Option<R> {
    let task = CURRENT.with(Cell::get);
    // SAFETY: null, or a task whose `Entered` has not been dropped, so that it lives.
    unsafe { task.as_ref() }.map(f)
}

/// Notes that the task that the calling thread polls, if any, has begun to compute.
pub(crate) fn note_computing() {
    current(Header::note_computing);
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// The id of the task that the calling thread polls (or drops), if any.
///
/// # Examples
///
/// ```
/// assert!(manyhands::task::try_id().is_none());
/// ```
#[must_use]
pub fn try_id() -> Option<Id> {
    current(|task| task.id)
}

/// The id of the task that the calling thread polls.
///
/// # Panics
///
/// Panics outside a task: in `main`, in the future given to `block_on`, on a thread of your own.
/// Use [`try_id`] where that can happen.
///
/// # Examples
///
/// ```
/// let task = manyhands::spawn(async { manyhands::task::id() });
/// let name = task.id();
/// assert_eq!(manyhands::block_on(task).unwrap(), name);
/// ```
#[must_use]
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!(
            "task::id() was called outside a task: call it in a spawned future, or use task::try_id()"
        ),
    }
}
