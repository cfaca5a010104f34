//! What the pieces of one loop share: how many threads may work on it at a time
//! ([`with_max_threads`]), and whether one of them has unwound.
//!
//! Each thread that works on a limited loop holds a token while it runs items. It gives the token
//! back before it waits for others. A loop is shared only if a token is free, and a thread that
//! comes to help takes one of its own first. Loops without a limit count nothing.
//!
//! [`with_max_threads`]: crate::iter::IndexedParallelIterator::with_max_threads

use super::fork;
use crate::util::tokens::Tokens;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

/// The tokens of one loop that nobody holds, and whether a piece has unwound.
#[derive(Debug)]
pub(crate) struct Workers {
    /// `None`: no limit.
    free: Option<Tokens>,
    max: usize,
    pub(crate) unwound: Unwound,
}

/// Tells the pieces of a loop that one of them has unwound. The loop will unwind, too, so the
/// others end early; nobody gets to see their results.
#[derive(Debug, Default)]
pub(crate) struct Unwound {
    /// It publishes nothing, and to see it late only costs time.
    is_set: AtomicBool,
}

impl Unwound {
    pub(crate) fn is_set(&self) -> bool {
        // Ordering: Relaxed, for the reason given at the field.
        self.is_set.load(Ordering::Relaxed)
    }

    /// Runs items of a piece. If that unwinds, the others get to know.
    #[inline]
    pub(crate) fn watch<R>(&self, items: impl FnOnce() -> R) -> R {
        struct Set<'a>(&'a Unwound);
        impl Drop for Set<'_> {
            fn drop(&mut self) {
                // Ordering: Relaxed, for the reason given at the field.
                self.0.is_set.store(true, Ordering::Relaxed);
            }
        }
        let unless_done = Set(self);
        let result = items();
        mem::forget(unless_done);
        result
    }
}

impl Workers {
    /// `max` tokens, at least one. More than `isize::MAX`, as `usize::MAX`, means "any number": no
    /// process has that many threads.
    pub(crate) fn new(max: usize) -> Self {
        let is_limit = isize::try_from(max).is_ok();
        // The first one is what `first` gives away.
        let free = is_limit.then(|| Tokens::new(max.saturating_sub(1)));
        Self {
            free,
            max,
            unwound: Unwound::default(),
        }
    }

    /// The number of threads that may work on the loop at a time.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// The token of the whole loop. To be called once.
    pub(crate) fn first(&self) -> Token<'_> {
        Token {
            free: self.free.as_ref(),
        }
    }

    /// A token for another thread, if there is one.
    pub(crate) fn another(&self) -> Option<Token<'_>> {
        // `Tokens` orders: the piece that had the token before is done for the thread that gets it.
        let is_taken = self.free.as_ref().is_none_or(Tokens::try_take);
        is_taken.then(|| self.first())
    }

    /// Would another thread get a token now? A hint.
    pub(crate) fn has_another(&self) -> bool {
        self.free.as_ref().is_none_or(Tokens::has_free)
    }

    /// Runs both closures with a token each, `left` on the calling thread with `token`: as a fork
    /// if there is another token, else one after the other.
    pub(crate) fn join<'w, A, B, RA, RB>(&'w self, token: Token<'w>, left: A, right: B) -> (RA, RB)
    where
        A: FnOnce(Token<'w>) -> RA + Send,
        B: FnOnce(Token<'w>) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        match self.another() {
            Some(other) => fork::join(move || left(token), move |_| right(other)),
            None => (left(Token { free: None }), right(token)),
        }
    }
}

/// The right to work on a loop. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Token<'w> {
    /// Where it goes back to. `None`: nowhere, as the loop has no limit, or another token of this
    /// thread stands for it.
    free: Option<&'w Tokens>,
}

impl Drop for Token<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(free) = self.free {
            free.give();
        }
    }
}
