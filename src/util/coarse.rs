//! A clock that is read now and then: stamps for the ages of tasks.
//!
//! To read the clock for every task would cost a tenth of its spawn. So a thread of a pool keeps
//! the last stamp, and throws it away ([`expire`]) when it has slept or computed, and every 61
//! rounds; the next task that asks reads the clock. Other threads read it each time.
//!
//! A stamp is some 10 ms long (2^25 ticks, which are 8 to 34 ms). Stamps wrap, as documented
//! where they are shown.

use super::clock;
use crate::sync::thread_cell;
use std::cell::Cell;
use std::time::Duration;

/// How many ticks make a stamp, as a power of two.
const SHIFT: u32 = 25;

/// The thread keeps no stamps.
const UNKEPT: u32 = 0;
/// It does, and has none now.
const EXPIRED: u32 = 1;

thread_cell! {
    static KEPT: Cell<u32> = Cell::new(UNKEPT);
}

/// The time, about.
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

/// The calling thread has to look at the clock again.
#[inline]
pub(crate) fn expire() {
    KEPT.with(|kept| {
        if kept.get() != UNKEPT {
            kept.set(EXPIRED);
        }
    });
}

/// The calling thread keeps stamps, and lets them expire often enough, until this is dropped.
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

/// The time between two stamps of which only the lowest `bits` are known.
pub(crate) fn between(earlier: u32, later: u32, bits: u32) -> Duration {
    let mask = u32::MAX.checked_shr(32 - bits).unwrap_or(0);
    let stamps = later.wrapping_sub(earlier) & mask;
    // A stamp that was kept may be behind another thread's: that is no age of months.
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
