//! Somebody looks after private halves of which no sleeper was told (rule H2).
//!
//! A loop that should be done in less time than it takes to wake a thread keeps its second half
//! private, although threads sleep (`halves::push_quietly`). If it takes longer after all, or waits
//! for that very half, the sleepers must hear of it. So such a push sets a timer of the pool,
//! unless one is set. When that expires, and a seat hides jobs, a sleeper is woken, who reaches for
//! them.
//!
//! The timer is set again, for 1 to 8 ms, while there are such pushes or such jobs. So a program
//! whose loops are all short has one thread that wakes up 125 times a second, and a pool at rest
//! has none.
//!
//! | file | story |
//! |---|---|
//! | `mod.rs` | is the timer set, and must it be set again? |
//! | `look.rs` | who sets it, and what happens when it expires |

pub(super) mod look;

use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use std::time::Duration;

/// The time from such a push to the first look.
const FIRST: Duration = Duration::from_millis(1);

/// The number of times that this time is doubled while such pushes go on.
const DOUBLINGS: u32 = 3;

/// The number of looks in a row at which nothing was hidden, and after which no more are needed.
const QUIET_LOOKS: u32 = 4;

/// The state of one pool's watch.
#[derive(Debug)]
pub(super) struct Watch {
    /// Is the timer set?
    set: AtomicBool,
    /// Was there such a push since the last look?
    renewed: AtomicBool,
    /// The number of looks since the timer was first set. Written by whoever looks, as the next
    /// one.
    looks: AtomicU32,
    /// The number of them, the last ones, at which nothing was hidden.
    quiet: AtomicU32,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            set: AtomicBool::new(false),
            renewed: AtomicBool::new(false),
            looks: AtomicU32::new(0),
            quiet: AtomicU32::new(0),
        }
    }

    /// A half was pushed of which no sleeper was told. `true`: the caller is to set the timer.
    #[must_use]
    fn renew(&self) -> bool {
        // Ordering: Relaxed, here and below; the fence orders the two words. Where an earlier push
        // has renewed the watch, this one needs no fence. Perhaps a look has just taken that note
        // back, and did not see this push yet. Then others follow, the next after a millisecond:
        // [`QUIET_LOOKS`] of them find nothing before the timer goes.
        if self.renewed.load(Ordering::Relaxed) {
            return false;
        }
        self.renewed.store(true, Ordering::Relaxed);
        // Ordering: SeqCst fence; pairs with the one in `end`: either this thread sees that the
        // timer is gone, or the one that looks sees this push.
        fence(Ordering::SeqCst);
        !self.set.load(Ordering::Relaxed) && self.begin()
    }

    fn begin(&self) -> bool {
        // Ordering: Relaxed, as in `renew`.
        let is_first = !self.set.swap(true, Ordering::Relaxed);
        if is_first {
            self.looks.store(0, Ordering::Relaxed);
            self.quiet.store(0, Ordering::Relaxed);
        }
        is_first
    }

    /// The time until the next look.
    fn time(&self) -> Duration {
        // Ordering: Relaxed; written by this thread, or the one that has set the last timer.
        FIRST * (1 << self.looks.load(Ordering::Relaxed).min(DOUBLINGS))
    }

    /// The timer has expired. `true`: it is to be set again.
    fn look(&self, hides: bool) -> bool {
        // Ordering: Relaxed, as in `time` and `renew`.
        self.looks.fetch_add(1, Ordering::Relaxed);
        if self.renewed.swap(false, Ordering::Relaxed) || hides {
            self.quiet.store(0, Ordering::Relaxed);
        }
        self.quiet.fetch_add(1, Ordering::Relaxed) < QUIET_LOOKS
    }

    /// No timer is set any more. `true`: one has to be, because of another push.
    fn end(&self) -> bool {
        // Ordering: Relaxed, as in `renew`.
        self.set.store(false, Ordering::Relaxed);
        // Ordering: SeqCst fence; pairs with the one in `renew`.
        fence(Ordering::SeqCst);
        self.renewed.load(Ordering::Relaxed) && self.begin()
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{FIRST, QUIET_LOOKS, Watch};

    #[test]
    fn pushes_keep_the_timer() {
        let watch = Watch::new();
        assert!(watch.renew(), "the first push sets it");
        assert!(!watch.renew(), "it is set");
        assert_eq!(watch.time(), FIRST);
        for _ in 0..10 {
            assert!(!watch.renew());
            assert!(watch.look(false), "there was a push");
        }
        assert_eq!(watch.time(), 8 * FIRST);
        let looks = (0..).take_while(|_| watch.look(false)).count();
        assert_eq!(looks as u32, QUIET_LOOKS - 1);
        assert!(!watch.end());
        assert!(watch.renew(), "a later push sets it again");
        assert_eq!(watch.time(), FIRST);
    }

    #[test]
    fn hidden_jobs_keep_it_too() {
        let watch = Watch::new();
        assert!(watch.renew());
        assert!((0..100).all(|_| watch.look(true)));
    }
}
