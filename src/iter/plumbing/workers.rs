//! How many threads may work on one loop at a time: [`with_max_threads`].
//!
//! Each thread that works on a limited loop holds a token, and the loop is shared only if there is
//! one more. It is given back when the work that it was taken for is done, with all the waiting
//! for others in between. Loops without a limit count nothing.
//!
//! [`with_max_threads`]: crate::iter::IndexedParallelIterator::with_max_threads

use super::fork;
use crate::util::tokens::Tokens;

/// The tokens of one loop that nobody holds.
#[derive(Debug)]
pub(crate) struct Workers {
    /// `None`: no limit.
    free: Option<Tokens>,
}

impl Workers {
    /// `max` tokens, at least one. More than `isize::MAX`, as `usize::MAX`, means "any number": no
    /// process has that many threads.
    pub(crate) fn new(max: usize) -> Self {
        let is_limit = isize::try_from(max).is_ok();
        // The first one is what `first` gives away.
        let free = is_limit.then(|| Tokens::new(max.saturating_sub(1)));
        Self { free }
    }

    /// The token of the whole loop. To be called once.
    pub(crate) fn first(&self) -> Token<'_> {
        Token {
            free: self.free.as_ref(),
        }
    }
}

/// The right to work on a loop. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Token<'w> {
    /// Where the others are. `None`: no limit.
    free: Option<&'w Tokens>,
}

impl Token<'_> {
    /// A token for another thread, if there is one.
    pub(crate) fn another(&self) -> Option<Self> {
        // `Tokens` orders: the piece that had the token before is done for whoever gets it.
        self.free
            .is_none_or(Tokens::try_take)
            .then(|| Self { free: self.free })
    }

    /// Runs both closures with a token each, `left` on the calling thread: as a fork if there is
    /// another token, else one after the other.
    pub(crate) fn join<A, B, RA, RB>(&self, left: A, right: B) -> (RA, RB)
    where
        A: FnOnce(&Self) -> RA + Send,
        B: FnOnce(&Self) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        match self.another() {
            Some(other) => fork::join(|_| left(self), move |_| right(&other)),
            None => (left(self), right(self)),
        }
    }
}

impl Drop for Token<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(free) = self.free {
            free.give();
        }
    }
}
