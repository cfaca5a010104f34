//! Permits and searchers, counted in the sleep word: taken, given back, reserved. No thread is
//! woken or put to sleep here; the callers look for work afterwards, behind the fences of these.

use super::Sleep;
#[cfg(feature = "test-util")]
use super::word::Word;
use crate::sync::atomic::Ordering;

/// The sleep word when no thread was active.
#[cfg(feature = "test-util")]
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct RestMark(Word);

impl Sleep {
    /// Takes a permit without asking. The thread resumes from a wait, or is a guest, or starts with
    /// the pool. There may now be more active threads than permits; see [`is_crowded`].
    ///
    /// [`is_crowded`]: Self::is_crowded
    pub(crate) fn acquire(&self) {
        let before = self.update(|word| Some(word.with_active()));
        debug_assert!(before.is_ok());
    }

    /// How many threads could take work now: those that search, and those for which a permit is
    /// free. Exact enough behind a SeqCst fence, which pairs with the ones of threads that become
    /// idle.
    pub(crate) fn idle(&self) -> u32 {
        let word = self.load();
        word.searching() + self.permits().saturating_sub(word.active())
    }

    /// Takes a permit for a thread that is about to be created, if a permit is free and no thread
    /// searches. The new thread starts as a searcher, as if it had been woken.
    #[must_use]
    pub(crate) fn reserve(&self) -> bool {
        self.update(|word| {
            let permits = self.permits();
            (word.searching() == 0 && word.active() < permits).then(|| word.with_searcher())
        })
        .is_ok()
    }

    /// Changes the number of permits. None is taken from a thread: if there are more active threads
    /// than permits now, the pool is crowded. The caller must then scan for work, visible or
    /// private, and `notify` if it sees any.
    ///
    /// The word says that something has changed, although its counts stay. So no exchange of it
    /// that was decided on by the old number succeeds after this one.
    pub(crate) fn set_permits(&self, permits: u32) {
        // Ordering: Relaxed; the next line publishes it.
        self.permits.store(permits, Ordering::Relaxed);
        let before = self.update(|word| Some(word.marked()));
        debug_assert!(before.is_ok());
        self.rescan_fence();
    }

    /// If no thread is active: a mark, for [`has_rested_since`](Self::has_rested_since). What the
    /// threads have written that were active before is seen after this.
    #[cfg(feature = "test-util")]
    pub(crate) fn mark_rest(&self) -> Option<RestMark> {
        let marked = self.update(|word| (word.active() == 0).then(|| word.marked()));
        marked.ok().map(|before| RestMark(before.marked()))
    }

    /// Has no thread been active at any time since the mark was made? A thread that becomes active
    /// moves the tag. One that does so after this call sees what the caller has done before it; so
    /// the caller has seen nothing of what such a thread did.
    #[cfg(feature = "test-util")]
    pub(crate) fn has_rested_since(&self, mark: RestMark) -> bool {
        // Ordering: Release, as in `update_from`. An exchange, not a load: it reads the newest
        // value.
        let (rested, not) = (Ordering::Release, Ordering::Relaxed);
        let new = mark.0.marked();
        self.word
            .compare_exchange(mark.0.0, new.0, rested, not)
            .is_ok()
    }

    /// Counts a thread that starts with the pool: it holds a permit and searches.
    pub(crate) fn admit(&self) {
        let before = self.update(|word| Some(word.with_searcher()));
        debug_assert!(before.is_ok());
    }

    /// Gives a permit back without going to sleep: the thread waits for something in particular, or
    /// leaves. The caller must then scan for visible work, and `notify` if it sees any.
    pub(crate) fn release(&self) {
        let before = self.update(|word| Some(word.without_active()));
        debug_assert!(before.is_ok());
        self.rescan_fence();
    }

    /// Like [`release`](Self::release), for a searching thread that leaves for good.
    pub(crate) fn release_searcher(&self) {
        let before = self.update(|word| Some(word.without_searching().without_active()));
        debug_assert!(before.is_ok());
        self.rescan_fence();
    }

    /// A thread with a permit begins to search.
    pub(crate) fn start_searching(&self) {
        let before = self.update(|word| Some(word.with_searching()));
        debug_assert!(before.is_ok());
    }

    /// Counts one searcher less: it has found work (step sleep.F1). `true`: it was the last
    /// searcher, or too few are left. It must then scan for more visible work, and `notify` if it
    /// sees any (step sleep.F2).
    #[must_use]
    pub(crate) fn stop_searching(&self) -> bool {
        let before = self.update(|word| Some(word.without_searching()));
        let too_few = before.is_ok_and(|word| !word.without_searching().has_enough_searchers());
        if too_few {
            self.rescan_fence();
        }
        too_few
    }
}
