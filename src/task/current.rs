//! Which task the calling thread polls.

use super::cell::Header;
use super::id::Id;
use super::waker;
use crate::sync::thread_cell;
use std::cell::Cell;
use std::ptr;
use std::task::Waker;

thread_cell! {
    static CURRENT: Cell<*const Header> = Cell::new(ptr::null());
}

/// The calling thread works for a task until this is dropped.
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

/// Is this the waker that the calling thread polls its task with?
#[inline]
pub(super) fn is_polled_with(waker: &Waker) -> bool {
    let task = CURRENT.with(Cell::get);
    !task.is_null() && waker.data() == task.cast() && waker::is_ours(waker)
}

/// The task that the calling thread polls, if any, has begun to compute.
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
/// Outside a task: in `main`, in the future given to `block_on`, on a thread of your own. Use
/// [`try_id`] where that can happen.
///
/// # Examples
///
/// ```
/// let task = manyhands::spawn(async { manyhands::task::id() });
/// let id = task.id();
/// assert_eq!(manyhands::block_on(task).unwrap(), id);
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
