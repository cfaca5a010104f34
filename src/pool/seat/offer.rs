//! What a seat offers to thieves: its public jobs, and the word by which a thief asks for more.

use crate::job::JobRef;
use crate::sim::{self, Kind};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::sync::chaos;
use crate::sync::deque::{Steal, Stealer};
use crate::util::count::Event;
use crossbeam_utils::CachePadded;

/// Does a thief want jobs of this seat? One word that the owner reads at every fork and join end.
#[derive(Debug)]
pub(super) struct Hunger(AtomicU32);

impl Hunger {
    /// The depth from which on a fork takes the slow path: 0 while a thief is hungry.
    #[inline(always)]
    pub(super) fn limit(&self) -> u32 {
        // Ordering: Relaxed; where a thief must not be missed, `asymmetric::light` stands before
        // this load (`seat.S6`). The jobs themselves are published by the deque or the slots.
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn is_asked(&self) -> bool {
        self.limit() == 0
    }

    pub(super) fn ask(&self) {
        // Ordering: Relaxed; the owner reads the word at every fork (`limit`).
        self.0.store(0, Ordering::Relaxed);
    }

    /// Takes back a thief's 0, before the deque and the sleep word are looked at. After it, either
    /// the owner sees the deque empty and exposes something, or a thief that empties it sees the
    /// new limit, and stores 0 again, as the later of the two stores (`seat.S3`). And either the
    /// owner sees that a thread is idle, or that thread, which looks at all seats, sees the limit
    /// (rule H1).
    pub(super) fn answer(&self, limit: u32) {
        // Ordering: Relaxed; what matters is the order against the deque's indexes and the sleep
        // word, which the fence below makes with the ones in `Offer::steal` and `find::others`.
        self.0.store(limit, Ordering::Relaxed);
        // Ordering: SeqCst fence; pairs with those two.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        chaos::point("limit before expose");
    }

    /// Lowers the limit, unless a thief is hungry.
    pub(super) fn lower(&self, limit: u32) {
        let seen = self.limit();
        if seen > limit {
            // Ordering: Relaxed, as in `answer`. An exchange, because a thief's 0 must stay.
            let (done, seen_zero) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = self.0.compare_exchange(seen, limit, done, seen_zero);
        }
    }
}

/// What thieves and waiters see of a seat's jobs.
#[repr(C)]
pub(crate) struct Offer {
    pub(super) hunger: CachePadded<Hunger>,
    public: CachePadded<Public>,
}

/// What thieves write.
struct Public {
    jobs: Stealer<JobRef>,
    /// Does a waiter look at this seat just now, for what it could take back?
    asked_by_waiter: AtomicBool,
}

impl Offer {
    pub(super) fn new(jobs: Stealer<JobRef>) -> Self {
        Self {
            hunger: CachePadded::new(Hunger(AtomicU32::new(0))),
            public: CachePadded::new(Public {
                jobs,
                asked_by_waiter: AtomicBool::new(false),
            }),
        }
    }

    /// The oldest public job. If it was the last one, the owner is asked for more.
    pub(crate) fn steal(&self) -> Steal<JobRef> {
        if !self.ask_for_jobs() {
            return Steal::Empty;
        }
        sim::point(Kind::Steal);
        let stolen = self.public.jobs.steal();
        // Ordering: SeqCst fence; pairs with the one in `Hunger::answer`: the steal, then the look.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        self.ask_for_jobs();
        if matches!(stolen, Steal::Success(_)) {
            Event::JobStolen.count();
            sim::note(Kind::Stolen);
        }
        stolen
    }

    /// Asks the owner for a job if none is public. Returns whether one is.
    pub(crate) fn ask_for_jobs(&self) -> bool {
        sim::point(Kind::Look);
        if self.has_public() {
            return true;
        }
        // A store that changes nothing would only take the line away from the owner.
        if !self.hunger.is_asked() {
            self.hunger.ask();
        }
        false
    }

    /// Are there public jobs? Unlike [`ask_for_jobs`](Self::ask_for_jobs), asks for nothing.
    pub(crate) fn has_public(&self) -> bool {
        !self.public.jobs.is_empty()
    }

    /// The number of public jobs. A snapshot.
    pub(crate) fn depth(&self) -> usize {
        self.public.jobs.len()
    }

    /// Is a thief waiting for this seat to offer work? Read by loops between blocks.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.hunger.is_asked()
    }

    /// A waiter begins or ends to look at this seat for jobs that it could take back.
    pub(crate) fn set_asked_by_waiter(&self, asked: bool) {
        // Ordering: Relaxed; a hint. With two waiters, the first to leave hides the other.
        self.public.asked_by_waiter.store(asked, Ordering::Relaxed);
    }

    /// Does a waiter look at this seat, so that a job that is public now would be taken at once?
    pub(crate) fn is_asked_by_waiter(&self) -> bool {
        // Ordering: Relaxed, as in `set_asked_by_waiter`.
        self.public.asked_by_waiter.load(Ordering::Relaxed)
    }
}
