//! A latch says whether something is done. Which threads may sleep meanwhile is not its business.
//!
//! Called by `join`, `scope`, `install` and `broadcast`. A latch lives in the frame of the one
//! thread that waits for it, and is set by another thread.
//!
//! * latch.L1: `set` is the setter's last access to the latch and to everything around it. The
//!   waiter may return and free the frame the moment the word says SET. Therefore `set` takes a raw
//!   pointer, and the parker that it wakes afterwards lives for ever.
//! * latch.L2: while the waiter holds a [`Pin`], the latch cannot become SET: the setter spins. A
//!   pin lasts as long as one steal. It is what makes leapfrogging exact (see `pool/README.md`).
//! * latch.L3: a count that is spread over several words says done when all are zero
//!   (`spread.rs`).
//!
//! Models: `set_then_free`, `announce_races_set`, `retract_races_set`, `pin_holds_off_set`,
//! `a_spread_count_collects_every_job`, `two_threads_count_in_one_part` in `latch::tests`.

mod count;
mod spread;
#[cfg(test)]
mod tests;

pub(crate) use count::CountLatch;
pub(crate) use spread::{Part, SpreadLatch};

use crate::sim;
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::{hint, thread};
use crate::util::parker::Parker;
use std::ptr;

/// The word of a latch that is not set, while the waiter does not sleep.
const PENDING: *mut Parker = ptr::null_mut();
/// The word of a latch that is set.
const SET: *mut Parker = ptr::without_provenance_mut(1);
/// The word of a latch that is not set, and cannot be set until the waiter unpins.
const PINNED: *mut Parker = ptr::without_provenance_mut(2);
// Any other word is the parker to be woken: the latch is not set, and the waiter sleeps.

/// Added to a parker whose thread wants to know who the setter is ([`Latch::nudge`]).
const CURIOUS: usize = 4;
const _: () = assert!(align_of::<Parker>() > CURIOUS);

/// The parker without that mark.
fn parker_of(word: *mut Parker) -> *mut Parker {
    word.map_addr(|address| address & !CURIOUS)
}

/// One word: pending, set, pinned, or the parker of the sleeping waiter.
#[derive(Debug)]
pub(crate) struct Latch {
    word: AtomicPtr<Parker>,
}

impl Latch {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicPtr::new(PENDING),
        }
    }

    /// Is the latch set? If so, everything that the setter wrote before is visible.
    #[inline]
    pub(crate) fn probe(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `set`.
        self.word.load(Ordering::Acquire) == SET
    }

    /// Says done, and wakes the waiter if it sleeps.
    ///
    /// # Safety
    ///
    /// `this` is alive until the call has said done. It may dangle before the call returns
    /// (latch.L1).
    pub(crate) unsafe fn set(this: *const Self) {
        // SAFETY: alive, by the caller's promise; the last use is the successful exchange below.
        let word = unsafe { &(*this).word };
        // Ordering: Relaxed; the exchange below validates what is read here.
        sim::point(sim::Kind::Latch);
        let mut seen = word.load(Ordering::Relaxed);
        let mut rounds = 0_u32;
        let waiter = loop {
            if seen == PINNED {
                // latch.L2. The waiter unpins after one steal, unless the kernel took its core.
                rounds += 1;
                if rounds % 64 == 0 || cfg!(manyhands_model) {
                    thread::yield_now();
                } else {
                    hint::spin_loop();
                }
                // Ordering: Relaxed, as above.
                seen = word.load(Ordering::Relaxed);
                continue;
            }
            // Ordering: Release pairs with the Acquire in `probe`: the result is written before
            // it is announced. Acquire pairs with the Release in `announce`, which makes the
            // waiter's parker ready for use.
            match word.compare_exchange(seen, SET, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(waiter) => break waiter,
                Err(now) => seen = now,
            }
        };
        // From here on `this` may dangle.
        if !waiter.is_null() {
            debug_assert_ne!(waiter, SET, "a latch is set once");
            // SAFETY: only `announce` stores other values, and its parker lives for ever.
            unsafe { (*parker_of(waiter)).unpark() };
        }
    }

    /// The setter has begun its work, and has said who it is, and put a SeqCst fence behind that. A
    /// waiter that sleeps, and has announced that it wants to know, is woken.
    pub(crate) fn nudge(&self) {
        // Ordering: Acquire pairs with the Release in `announce`, as in `set`.
        let waiter = self.word.load(Ordering::Acquire);
        if waiter.addr() & CURIOUS != 0 {
            // SAFETY: only `announce` stores that mark, and its parker lives for ever.
            unsafe { (*parker_of(waiter)).unpark() };
        }
    }

    /// The waiter says that it is about to sleep on `parker`. `false`: the latch is set already.
    pub(crate) fn announce(&self, parker: &'static Parker) -> bool {
        self.announce_word(ptr::from_ref(parker).cast_mut())
    }

    /// As [`announce`](Self::announce), and the waiter is woken as well by [`nudge`](Self::nudge).
    pub(crate) fn announce_curious(&self, parker: &'static Parker) -> bool {
        let parker = ptr::from_ref(parker).cast_mut();
        self.announce_word(parker.map_addr(|address| address | CURIOUS))
    }

    fn announce_word(&self, word: *mut Parker) -> bool {
        // Ordering: Release pairs with the Acquire half of the exchange in `set`. Acquire on
        // failure pairs with its Release half, as in `probe`.
        match self
            .word
            .compare_exchange(PENDING, word, Ordering::Release, Ordering::Acquire)
        {
            Ok(_) => true,
            Err(now) => now != SET,
        }
    }

    /// The waiter takes its announcement back: it no longer sleeps. `false`: the latch is set.
    pub(crate) fn retract(&self, parker: &'static Parker) -> bool {
        // Ordering: Relaxed; what this thread has announced itself, unless the latch is set.
        let announced = self.word.load(Ordering::Relaxed);
        debug_assert!(announced == SET || ptr::eq(parker_of(announced), parker));
        if announced != SET {
            // Ordering: Relaxed on success, because nothing is published; a setter that reads this
            // finds no sleeper to wake.
            let (done, now_set) = (Ordering::Relaxed, Ordering::Relaxed);
            let exchange = (self.word).compare_exchange(announced, PENDING, done, now_set);
            if exchange.is_ok() {
                return true;
            }
        }
        // Acquires what the setter wrote.
        let is_set = self.probe();
        debug_assert!(is_set);
        false
    }

    /// Keeps the latch from being set for a moment. `None`: it is set. Only the waiter may call
    /// this, and only while it has not announced its sleep.
    pub(crate) fn pin(&self) -> Option<Pin<'_>> {
        // Ordering: Acquire on failure pairs with the Release in `set`, as in `probe`. Acquire on
        // success keeps the steal that follows from moving up, out of the pinned window.
        self.word
            .compare_exchange(PENDING, PINNED, Ordering::Acquire, Ordering::Acquire)
            .is_ok()
            .then(|| Pin(self))
    }

    /// Blocks the calling thread until the latch is set.
    pub(crate) fn wait(&self, parker: &'static Parker) {
        while self.announce(parker) {
            parker.park();
        }
    }
}

/// A guard: the latch cannot be set while it lives (latch.L2).
#[derive(Debug)]
pub(crate) struct Pin<'a>(&'a Latch);

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        // Ordering: Release: the steal inside the window ends before the setter's exchange, which
        // reads this store with Acquire.
        self.0.word.store(PENDING, Ordering::Release);
    }
}
