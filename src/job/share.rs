//! How many threads may work at one thing at a time: the tokens of a limited handle.
//!
//! Whatever runs under a [`Share`] holds one of its tokens. A join half takes one when it becomes
//! visible to thieves, and gives it back when it is done; with no token left, halves stay private.
//! A thread that waits gives its token back, and takes one again, without asking, when the wait
//! ends. So no more threads are at work than there are tokens, with two exceptions: threads that
//! have just resumed, and jobs that must be visible (before a wait that is not for descendants, and
//! those of a scope).
//!
//! Like a cancel flag, the share of a computation travels with its jobs ([`super::origin`]).
//!
//! A half that runs on top of another job's frame (in a wait for another half, or because the frame
//! yields) has a token of its own. The frame below does not work meanwhile, and gives its token
//! back ([`super::origin::lend_token`]): the job may wait for something that needs it. The lowest
//! bit of the pointer that a thread works under says that its frame has given its token back
//! already.

use crate::util::tokens::Tokens;

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

/// Set in the address of a share of which the frame has given its token back.
const LENT: usize = 1;

/// A borrowed share, or none. Copied into jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShareRef(*const Share);

// SAFETY: a `Share` may be shared between threads, and outlives those that hold the pointer
// (job.J3).
unsafe impl Send for ShareRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for ShareRef {}

impl ShareRef {
    /// A pointer to a share. Whoever makes a thread work under it promises that the share lives.
    pub(crate) fn to(share: &Share) -> Self {
        Self(share)
    }

    #[inline]
    pub(super) fn from_ptr(share: *mut Share) -> Self {
        Self(share)
    }

    #[inline]
    pub(super) fn as_ptr(self) -> *mut Share {
        self.0.cast_mut()
    }

    /// The same share, for a frame that has given its token back. No share stays no share.
    pub(super) fn lent(self) -> Self {
        if self.0.is_null() {
            return self;
        }
        Self(self.0.map_addr(|address| address | LENT))
    }

    /// The same share, for a frame that holds a token.
    pub(super) fn held(self) -> Self {
        Self(self.0.map_addr(|address| address & !LENT))
    }

    /// Is there a share of which the frame holds a token?
    #[inline]
    pub(super) fn is_held(self) -> bool {
        !self.0.is_null() && self.0.addr() & LENT == 0
    }

    fn get<'a>(self) -> Option<&'a Share> {
        // SAFETY: job.J3: the share outlives the work done under it, and the callers below use the
        // reference within their own frames.
        unsafe { self.held().0.as_ref() }
    }

    /// Is there no share?
    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.held().0.is_null()
    }

    /// May another thread join in?
    pub(crate) fn has_free(self) -> bool {
        self.get().is_none_or(|share| share.tokens.has_free())
    }

    /// Takes a token, if there is one.
    #[must_use]
    pub(crate) fn try_take(self) -> bool {
        self.get().is_none_or(Share::try_take)
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
