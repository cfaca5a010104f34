//! The threads of a pool: who exists, who sits where, who waits.
//!
//! | file | story |
//! |---|---|
//! | `mod.rs` | how many threads live |
//! | `roster.rs` | who waits for their end: each thread by number, and its handle |
//! | `bench.rs` | spare threads: called, kept for a while, gone |
//! | `guests.rs` | seats for threads from outside |
//! | `waiters.rs` | threads that wait for something in particular |
//! | `outside.rs` | threads that wait and have no seat (feature `test-util`) |
//!
//! How many threads *compute* is counted by the sleep word ([`crate::sleep`]).

mod bench;
mod guests;
#[cfg(feature = "test-util")]
mod outside;
mod roster;
mod waiters;

pub(super) use self::bench::{Bench, Call, Called, Sitter};
pub(super) use self::guests::GuestSeats;
pub(crate) use self::guests::MAX_GUESTS;
#[cfg(feature = "test-util")]
pub(super) use self::outside::Outside;
pub(super) use self::roster::Number;
pub(super) use self::waiters::{Waiter, Waiters};

use self::roster::Roster;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use std::io;
use std::time::Instant;

/// The threads of a pool that live.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Threads with a seat or for blocking closures that exist and have not run their last job.
    live: AtomicUsize,
    /// Those of them with a seat.
    seated: AtomicUsize,
    roster: Roster,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            live: AtomicUsize::new(0),
            seated: AtomicUsize::new(0),
            roster: Roster::new(),
        }
    }

    /// How many live.
    pub(super) fn live(&self) -> usize {
        // Ordering: Relaxed; a number for people.
        self.live.load(Ordering::Relaxed)
    }

    /// Is there no worker and no spare thread? (Threads for blocking closures run nothing else.)
    /// Callers that act on it for the sake of a job put a SeqCst fence before
    /// (`publish::drain_if_last`).
    pub(super) fn has_no_seated(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `leave_seated`: what those threads did on
        // their seats came before.
        self.seated.load(Ordering::Acquire) == 0
    }

    /// [`enter`](Self::enter), by a thread that gets a seat.
    pub(super) fn enter_seated(&self) -> Number {
        // Ordering: Relaxed; the creation of the thread orders it before its `leave_seated`.
        self.seated.fetch_add(1, Ordering::Relaxed);
        self.enter()
    }

    /// A thread that was counted by [`enter_seated`](Self::enter_seated) has left its seat. `true`:
    /// it was the last one, and must drain the injectors if the pool is closed. It is live until
    /// [`leave`](Self::leave).
    pub(super) fn leave_seated(&self) -> bool {
        // Ordering: AcqRel, so that the last one to leave has seen what all others did, and who
        // finds none sees it too (`has_no_seated`). The fence is SeqCst and pairs with the one in
        // `publish::drain_if_last`.
        let last = self.seated.fetch_sub(1, Ordering::AcqRel) == 1;
        fence(Ordering::SeqCst);
        last
    }

    /// Counts a thread before it is created.
    pub(super) fn enter(&self) -> Number {
        // Ordering: Relaxed; a number for people.
        self.live.fetch_add(1, Ordering::Relaxed);
        self.roster.add()
    }

    /// Creates that thread the standard way. If it cannot be created, `body` is dropped.
    pub(super) fn spawn(
        &self,
        number: Number,
        builder: std::thread::Builder,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        self.roster.spawn(number, builder, body)
    }

    /// The thread has ended, for all that its pool can see. In a pool that lives on (`reaps`) it
    /// joins those that ended before.
    pub(super) fn leave(&self, number: Number, reaps: bool) {
        // Ordering: Relaxed; a number for people.
        self.live.fetch_sub(1, Ordering::Relaxed);
        self.roster.leave(number, reaps);
    }

    /// Is the calling thread one of them, perhaps at its very end?
    pub(super) fn has_caller(&self) -> bool {
        self.roster.has_caller()
    }

    /// Blocks until all have ended, and those that the pool made are gone from the system; or until
    /// the deadline has passed (`false`).
    pub(super) fn wait_until_ended(&self, deadline: Option<Instant>) -> bool {
        self.roster.wait_until_ended(deadline)
    }
}
