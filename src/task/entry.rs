//! Where an unfinished task is listed: an entry, which is one pointer.
//!
//! | an entry is | by whom it changes | to |
//! |---|---|---|
//! | free | the thread whose cursor points to it | a task, with the list's reference |
//! | a task | the task's runner; the closing pool | free; the reference is that thread's |
//! | a task | a dump | a task that is looked at |
//! | a task that is looked at | the dump, when it has looked | a task |
//! | a task that is looked at | the task's runner | free; the reference is the dump's |
//!
//! So nobody waits for a dump but another dump and the closing pool (`owned.rs`).
//!
//! A task at this address cannot be another one than before: who takes it off has a reference, and
//! a dump touches it only when the entry says that it is looked at. (Entries know tasks by address
//! only, which is even.)

use crate::sync::atomic::{AtomicPtr, Ordering};
use std::ptr::{self, NonNull};

/// Set in the address of a task that a dump looks at.
const LOOKED_AT: usize = 1;

/// A place in the list, for one task at a time.
#[derive(Debug)]
pub(super) struct Entry(AtomicPtr<()>);

/// Whose the list's reference to a task is, which its runner wants to take off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// The runner's.
    Mine,
    /// That of a dump, which looks at the task just now.
    Dumps,
    /// That of the closing pool, which has taken the task off.
    Closers,
}

impl Entry {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Is no task listed here? Exact for the thread whose cursor points here, if it is: nobody else
    /// enters one.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        // Ordering: Relaxed; nothing is read through an entry that is free.
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Lists the task here. The entry is free, and the calling thread's cursor points to it.
    #[inline]
    pub(super) fn enter(&self, task: NonNull<()>) {
        // Ordering: Release hands the task over as it was made; pairs with the Acquire in `take`
        // and in `look`.
        self.0.store(task.as_ptr(), Ordering::Release);
    }

    /// The runner of the task takes it off.
    #[inline]
    pub(super) fn take_off(&self, task: NonNull<()>) -> Reference {
        let task = task.as_ptr();
        loop {
            match self.to_free(task) {
                Ok(()) => return Reference::Mine,
                Err(held) if held != looked_at(task) => return Reference::Closers,
                // It fails if the dump has ended its look.
                Err(held) if self.to_free(held).is_ok() => return Reference::Dumps,
                Err(_) => {}
            }
        }
    }

    /// The closing pool takes off what is listed here; it may be looked at by no dump.
    pub(super) fn take(&self) -> Option<NonNull<()>> {
        // Ordering: Relaxed; `to_free` orders it.
        let held = self.0.load(Ordering::Relaxed);
        self.to_free(held).ok()?;
        NonNull::new(held)
    }

    /// From `held` to free; else tells what is there.
    #[inline]
    fn to_free(&self, held: *mut ()) -> Result<(), *mut ()> {
        let free = ptr::null_mut();
        // Ordering: Acquire pairs with the Release in `enter`, and with the one in `look_away`: a
        // dump has ended its reads of the task before the taker may free it. Relaxed if it fails:
        // then the task is not touched through this.
        let changed = self
            .0
            .compare_exchange(held, free, Ordering::Acquire, Ordering::Relaxed);
        changed.map(|_| ())
    }

    /// A dump begins to look at the task that is listed here, which lives until
    /// [`look_away`](Self::look_away). There is one dump at a time.
    pub(super) fn look(&self) -> Option<NonNull<()>> {
        // Ordering: Relaxed; the exchange orders it.
        let task = NonNull::new(self.0.load(Ordering::Relaxed))?;
        let held = task.as_ptr();
        // Ordering: Acquire pairs with the Release in `enter`. Relaxed if it fails: another task,
        // or none, is listed here since then.
        let seen =
            self.0
                .compare_exchange(held, looked_at(held), Ordering::Acquire, Ordering::Relaxed);
        seen.is_ok().then_some(task)
    }

    /// The dump has looked at the task. `false`: it was taken off meanwhile, and the list's
    /// reference is the caller's.
    #[must_use]
    pub(super) fn look_away(&self, task: NonNull<()>) -> bool {
        let task = task.as_ptr();
        // Ordering: Release pairs with the Acquire in `to_free`. Relaxed if it fails: the reference
        // that is left to the caller orders the rest.
        let kept =
            self.0
                .compare_exchange(looked_at(task), task, Ordering::Release, Ordering::Relaxed);
        kept.is_ok()
    }
}

fn looked_at(task: *mut ()) -> *mut () {
    task.map_addr(|address| address | LOOKED_AT)
}
