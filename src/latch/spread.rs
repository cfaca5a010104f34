//! A count latch for many threads that count at the same time.

use super::{CountLatch, Latch};
use crate::sync::atomic::{AtomicUsize, Ordering};

/// The number of words that the count is spread over.
const PARTS: usize = if cfg!(manyhands_model) { 2 } else { 8 };

/// As [`CountLatch`]; but the count is the sum of several words, each on a cache line of its own. A
/// job is counted out where it was counted in. So threads that run jobs which they have spawned
/// themselves do not write to the same line.
///
/// `latch.L3`: the number of parts that are not 0 is counted in a [`CountLatch`], which says done.
/// A part is raised first, and then counted, before the job is visible to others. It is lowered
/// first, and then counted out.
///
/// So for a moment a part that is not 0 may not be counted yet. *Done is never said too early.*
/// Whoever raises a part is counted itself, in a part that is not 0 all the while. Of all threads
/// that have raised a part and not yet counted it, look at the one that was the first to raise.
/// Its own part was raised before, so that part has been counted, and stays so. *It is said in the
/// end*, because each part goes from 0 to 1 as often as from 1 to 0.
#[derive(Debug)]
pub(crate) struct SpreadLatch {
    in_use: CountLatch,
    parts: [Line; PARTS],
}

/// One word on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Line(AtomicUsize);

/// One of the words: where something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part(u32);

impl Part {
    /// The part of the thread with this number. Several threads may have the same.
    #[inline]
    pub(crate) fn of(thread: u32) -> Self {
        Self(thread)
    }
}

impl SpreadLatch {
    /// A latch with a count of 1, for the owner, which is in this part.
    pub(crate) fn new(owner: Part) -> Self {
        let parts = [(); PARTS].map(|()| Line(AtomicUsize::new(0)));
        let latch = Self {
            in_use: CountLatch::new(1),
            parts,
        };
        // Ordering: Relaxed; no other thread knows the latch.
        latch.part(owner).store(1, Ordering::Relaxed);
        latch
    }

    #[inline]
    fn part(&self, part: Part) -> &AtomicUsize {
        &self.parts[part.0 as usize % PARTS].0
    }

    /// Adds jobs to wait for. The caller is itself counted, or what it runs for is.
    ///
    /// # Panics
    ///
    /// As [`CountLatch::increment`].
    #[inline]
    pub(crate) fn add(&self, part: Part, jobs: usize) {
        // Ordering: Relaxed, as in `CountLatch::increment`.
        let before = self.part(part).fetch_add(jobs, Ordering::Relaxed);
        if before == 0 {
            self.in_use.increment();
        }
        if before > usize::MAX / 2 {
            // Ordering: Relaxed; undoes the line above.
            self.part(part).fetch_sub(jobs, Ordering::Relaxed);
            super::count::too_many();
        }
    }

    /// Counts jobs of this part out: they are done. The last one sets the latch.
    ///
    /// # Safety
    ///
    /// As for [`CountLatch::decrement`].
    #[inline]
    pub(crate) unsafe fn remove(this: *const Self, part: Part, jobs: usize) {
        // SAFETY: alive until all parts are 0 and `in_use` has said done.
        // Ordering: AcqRel, as in `CountLatch::decrement`: the one that comes to 0 hands on what
        // the others of this part have written.
        let before = unsafe { (*this).part(part).fetch_sub(jobs, Ordering::AcqRel) };
        debug_assert!(before >= jobs);
        if before == jobs {
            // SAFETY: the part is counted, so the latch is alive; this is the last access.
            unsafe { CountLatch::decrement(&raw const (*this).in_use) };
        }
    }

    /// The latch that the owner waits for.
    pub(crate) fn done(&self) -> &Latch {
        self.in_use.done()
    }
}
