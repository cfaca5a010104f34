//! A coarse clock, read now and then: stamps for the ages of tasks.
//!
//! To read the clock for every task would cost a tenth of its spawn. So a thread of a pool keeps
//! the last stamp. It throws the stamp away ([`expire`]) when it has slept or computed, and every
//! 61 rounds; the next task then reads the clock. Threads outside pools read it each time.
//!
//! Stamps count steps of some 10 ms (2^25 ticks, which are 8 to 34 ms). They wrap, as documented
//! where they are shown.

use super::clock;
use crate::sync::thread_cell;
use std::cell::Cell;
use std::time::Duration;

/// The length of a step, in ticks, as a power of two.
const SHIFT: u32 = 25;

/// The thread keeps no stamp: it is not one of a pool.
const UNKEPT: u32 = 0;
/// The thread keeps stamps, but has none now.
const EXPIRED: u32 = 1;

thread_cell! {
    static KEPT: Cell<u32> = Cell::new(UNKEPT);
}

/// The current stamp, or that of a few polls ago.
#[inline]
pub(crate) fn stamp() -> u32 {
    match KEPT.with(Cell::get) {
        UNKEPT | EXPIRED => look(),
        stamp => stamp,
    }
}

#[cold]
fn look() -> u32 {
    // Models have no clock.
    let now = if cfg!(manyhands_model) {
        EXPIRED + 1
    } else {
        ((clock::ticks() >> SHIFT) as u32).max(EXPIRED + 1)
    };
    KEPT.with(|kept| {
        if kept.get() == EXPIRED {
            kept.set(now);
        }
    });
    now
}

/// Makes the calling thread look at the clock again.
#[inline]
pub(crate) fn expire() {
    KEPT.with(|kept| {
        if kept.get() != UNKEPT {
            kept.set(EXPIRED);
        }
    });
}

/// A guard: until it is dropped, the calling thread keeps stamps, and must let them expire often
/// enough.
#[derive(Debug)]
pub(crate) struct Keeping(u32);

pub(crate) fn keep() -> Keeping {
    Keeping(KEPT.with(|kept| kept.replace(EXPIRED)))
}

impl Drop for Keeping {
    fn drop(&mut self) {
        KEPT.with(|kept| kept.set(self.0));
    }
}

/// The time between two stamps, of which only the lowest `bits` are known.
pub(crate) fn between(earlier: u32, later: u32, bits: u32) -> Duration {
    let mask = u32::MAX.checked_shr(32 - bits).unwrap_or(0);
    let stamps = later.wrapping_sub(earlier) & mask;
    // A kept stamp may be behind another thread's: that does not mean an age of months.
    let stamps = if stamps > mask / 2 { 0 } else { stamps };
    clock::duration(u64::from(stamps) << SHIFT)
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{between, expire, keep, stamp};
    use std::time::Duration;

    #[test]
    fn a_thread_that_keeps_stamps_looks_again_when_they_expire() {
        let before = stamp();
        let keeping = keep();
        let kept = stamp();
        assert!(kept >= before);
        while stamp() == kept {
            expire();
        }
        assert!(stamp() > kept);
        drop(keeping);
        assert!(stamp() > kept);
    }

    #[test]
    fn stamps_wrap() {
        let second = between(0, 100, 32);
        assert!(second > Duration::from_millis(100));
        assert_eq!(between(u32::MAX - 49, 50, 32), second);
        assert_eq!(between((1 << 30) - 50, 50, 30), second);
        assert_eq!(between(7, 6, 30), Duration::ZERO);
    }
}
