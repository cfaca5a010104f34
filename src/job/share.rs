//! How many threads may work at one thing at a time: the tokens of a limited handle.
//!
//! Whatever runs under a [`Share`] holds one of its tokens. A join half takes one when it becomes
//! visible to thieves, and gives it back when it is done; with no token left, halves stay private.
//! A thread that waits gives its own back for as long, and takes it again without asking. So there
//! are never more threads at work than tokens, but for those that have just resumed, and for jobs
//! that must be visible (before a wait that is not for descendants, and those of a scope).
//!
//! Like a cancel flag, the share of a computation travels with its jobs. Invariant: it outlives them,
//! because whoever entered it waits for its descendants.

use crate::sync::thread_cell;
use crate::util::tokens::Tokens;
use std::cell::Cell;
use std::ptr;

/// The tokens of one limit, and whom to tell when one comes back.
#[derive(Debug)]
pub(crate) struct Share {
    tokens: Tokens,
    returned: fn(&Share),
}

impl Share {
    /// A share with this many tokens. `returned` is called after each one that comes back.
    pub(crate) fn new(tokens: usize, returned: fn(&Share)) -> Self {
        Self {
            tokens: Tokens::new(tokens),
            returned,
        }
    }

    /// Takes a token if there is one. A caller that finds none relies on `returned`.
    #[must_use]
    pub(crate) fn try_take(&self) -> bool {
        self.tokens.try_take()
    }

    /// Gives a token back, and then calls `returned`.
    pub(crate) fn give(&self) {
        self.tokens.give();
        (self.returned)(self);
    }
}

/// A borrowed share, or none. Copied into jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShareRef(*const Share);

// SAFETY: a `Share` may be shared, and it outlives whoever holds the pointer (module invariant).
unsafe impl Send for ShareRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for ShareRef {}

thread_cell! {
    static CURRENT: Cell<*const Share> = Cell::new(ptr::null());
}

impl ShareRef {
    /// Harmless in itself: [`enter`] is where the share's life matters.
    pub(crate) fn to(share: &Share) -> Self {
        Self(share)
    }

    /// The share that the calling thread works under.
    #[inline]
    pub(crate) fn current() -> Self {
        Self(CURRENT.with(Cell::get))
    }

    fn get<'a>(self) -> Option<&'a Share> {
        // SAFETY: the share outlives the work done under it (module invariant), and references are
        // used within the callers' own frames.
        unsafe { self.0.as_ref() }
    }

    /// May another thread join in?
    pub(crate) fn has_free(self) -> bool {
        self.get().is_none_or(|share| share.tokens.has_free())
    }

    /// Takes a token, whether there is one or not.
    pub(crate) fn take(self) {
        if let Some(share) = self.get() {
            share.tokens.take();
        }
    }

    /// Gives a token back.
    pub(crate) fn give(self) {
        if let Some(share) = self.get() {
            share.give();
        }
    }
}

/// Works under another share until dropped.
#[derive(Debug)]
pub(crate) struct Under(*const Share);

impl Drop for Under {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// Runs what follows under `share`.
///
/// # Safety
///
/// The share behind `share`, if any, outlives the returned guard and every job made meanwhile.
#[inline]
pub(crate) unsafe fn enter(share: ShareRef) -> Under {
    Under(CURRENT.with(|current| current.replace(share.0)))
}
