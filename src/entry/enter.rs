//! A pool that is the current one for a while, because the program says so.

use crate::pool::{Registry, guest, seat};
use crate::sync::thread_cell;
use crate::task::{Id, try_id};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

thread_cell! {
    /// Is there an entry in [`ENTERED`]? A look at this is all that others pay.
    static HAS_ENTERED: Cell<bool> = Cell::new(false);
}

std::thread_local! {
    /// What was entered on this thread, the latest one last.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// A pool that was entered.
struct Entered {
    registry: Arc<Registry>,
    place: Place,
    number: u64,
}

/// What the thread does: an entry counts only while that is the same. So a call into another pool,
/// or a poll of another task, on top of it, is not affected.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Its pool, and its seat there.
    pool: *const Registry,
    seat: Option<usize>,
    task: Option<Id>,
}

impl Place {
    fn here() -> Self {
        let (pool, seat) = match seat::try_current() {
            Some(me) => (ptr::from_ref(me.registry()), Some(me.index() as usize)),
            None => (
                guest::unseated().map_or(ptr::null(), |pool| Arc::as_ptr(&pool)),
                None,
            ),
        };
        Self {
            pool,
            seat,
            task: try_id(),
        }
    }
}

/// The pool that the program has entered here, if it has.
#[inline]
pub(super) fn entered() -> Option<Arc<Registry>> {
    match HAS_ENTERED.try_with(Cell::get) {
        Ok(true) => look(),
        _ => None,
    }
}

#[cold]
fn look() -> Option<Arc<Registry>> {
    let here = Place::here();
    let found = ENTERED.try_with(|entered| {
        let entered = entered.borrow();
        let last = entered.last().filter(|last| last.place == here)?;
        Some(Arc::clone(&last.registry))
    });
    found.ok().flatten()
}

/// While this lives, a pool is the current one of the calling thread. Made by
/// [`Handle::enter`](crate::Handle::enter).
#[must_use = "the pool is left again when this is dropped"]
pub struct EnterGuard<'a> {
    number: u64,
    /// Inside, tokio finds the pool's runtime.
    _context: guest::InContext<'a>,
    /// Not `Send`.
    _thread: PhantomData<*mut ()>,
}

/// Makes a pool the current one of this thread.
pub(super) fn enter(registry: &Arc<Registry>) -> EnterGuard<'_> {
    let number = ENTERED.with(|entered| {
        let mut entered = entered.borrow_mut();
        let number = entered.last().map_or(0, |last| last.number + 1);
        entered.push(Entered {
            registry: Arc::clone(registry),
            place: Place::here(),
            number,
        });
        number
    });
    HAS_ENTERED.with(|has| has.set(true));
    EnterGuard {
        number,
        _context: guest::in_context(registry),
        _thread: PhantomData,
    }
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        // A thread that ends has forgotten it already.
        let removed = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let at = entered.iter().rposition(|one| one.number == self.number)?;
            let removed = entered.remove(at);
            HAS_ENTERED.with(|has| has.set(!entered.is_empty()));
            Some(removed)
        });
        // Not inside: this may be the last reference to the pool.
        drop(removed);
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
