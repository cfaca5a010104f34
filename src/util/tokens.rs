//! A counter of tokens, of which each thread that works at a limited thing holds one.
//!
//! Two things are limited this way: a limited handle of a pool ([`crate::job::share`]) and a loop
//! with `with_max_threads`. The first lets a thread take a token that is not there, and hears of
//! each one that comes back; the second does neither.

use crate::sync::atomic::{AtomicIsize, Ordering};

/// The tokens that no thread holds.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Negative while threads hold more tokens than there are ([`Tokens::take`]).
    free: AtomicIsize,
}

impl Tokens {
    /// `count` tokens, or `isize::MAX` if that is less.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: AtomicIsize::new(isize::try_from(count).unwrap_or(isize::MAX)),
        }
    }

    /// Takes a token if there is one.
    #[must_use]
    pub(crate) fn try_take(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `give`: the taker sees all that the former
        // holder did. Relaxed on failure: the caller gets no token, and reads nothing.
        let (taken, none_free) = (Ordering::Acquire, Ordering::Relaxed);
        self.free
            .fetch_update(taken, none_free, |free| (free > 0).then_some(free - 1))
            .is_ok()
    }

    /// Takes a token, whether there is one or not.
    pub(crate) fn take(&self) {
        // Ordering: Acquire pairs with the Release in `give`, as in `try_take`.
        self.free.fetch_sub(1, Ordering::Acquire);
    }

    /// Gives a token back.
    pub(crate) fn give(&self) {
        // Ordering: Release pairs with the Acquire in `try_take` and `take`.
        self.free.fetch_add(1, Ordering::Release);
    }

    /// Is a token there now? A hint: another thread may take it meanwhile.
    pub(crate) fn has_free(&self) -> bool {
        // Ordering: Relaxed; a hint, with no partner.
        self.free.load(Ordering::Relaxed) > 0
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::Tokens;

    #[test]
    fn a_token_is_held_by_one() {
        let tokens = Tokens::new(2);
        assert!(tokens.try_take() && tokens.has_free());
        assert!(tokens.try_take() && !tokens.has_free());
        assert!(!tokens.try_take());
        tokens.give();
        assert!(tokens.has_free() && tokens.try_take() && !tokens.try_take());
        assert!(!Tokens::new(0).has_free() && !Tokens::new(0).try_take());
    }

    #[test]
    fn what_was_taken_without_asking_is_owed() {
        let tokens = Tokens::new(1);
        tokens.take();
        tokens.take();
        for _ in 0..2 {
            assert!(!tokens.has_free() && !tokens.try_take());
            tokens.give();
        }
        assert!(tokens.has_free() && tokens.try_take() && !tokens.has_free());
    }

    #[test]
    fn more_tokens_than_the_counter_holds_do_not_wrap() {
        let tokens = Tokens::new(usize::MAX);
        assert!(tokens.try_take());
        tokens.give();
        assert!(tokens.has_free());
    }
}

#[cfg(all(test, manyhands_loom))]
mod models {
    use super::Tokens;
    use crate::sync::{Arc, UnsafeCell, thread};
    use crate::util::model;

    /// What only the holder of the token touches.
    struct Guarded {
        tokens: Tokens,
        work: UnsafeCell<usize>,
    }

    // SAFETY: the models touch `work` with the only token in hand.
    unsafe impl Sync for Guarded {}

    impl Guarded {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                tokens: Tokens::new(1),
                work: UnsafeCell::new(0),
            })
        }

        fn works(&self) {
            // SAFETY: loom checks that there is no other access now.
            self.work.with_mut(|work| unsafe { *work += 1 });
        }

        fn work_if_free(&self) {
            if self.tokens.try_take() {
                self.works();
                self.tokens.give();
            }
        }
    }

    /// A token's holder sees what the one before it did.
    #[test]
    fn a_token_passes_on_what_its_holder_did() {
        model::check("tokens::a_token_passes_on_what_its_holder_did", || {
            let guarded = Guarded::new();
            let other = Arc::clone(&guarded);
            let thread = thread::spawn(move || other.work_if_free());
            guarded.work_if_free();
            thread.join().unwrap();
        });
    }
}
