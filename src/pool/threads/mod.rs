//! The threads of a pool: who exists, who sits where, who waits.
//!
//! | file | story |
//! |---|---|
//! | `mod.rs` | how many threads live; who waits for their end |
//! | `bench.rs` | spare threads: called, kept for a while, gone |
//! | `guests.rs` | seats for threads from outside |
//! | `waiters.rs` | threads that wait for something in particular |
//!
//! How many threads *compute* is counted by the sleep word ([`crate::sleep`]).

mod bench;
mod guests;
mod waiters;

pub(super) use self::bench::{Bench, Call, Called, Sitter};
pub(super) use self::guests::GuestSeats;
pub(crate) use self::guests::MAX_GUESTS;
pub(super) use self::waiters::{Waiter, Waiters};

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Condvar, Mutex, lock};
use crate::util::clock;
use std::io;
use std::time::{Duration, Instant};

/// The threads of a pool that live, and those that have ended.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Threads with a seat or for blocking closures that exist and have not run their last job.
    live: AtomicUsize,
    /// Those of them with a seat.
    seated: AtomicUsize,
    ended: Mutex<usize>,
    change: Condvar,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            live: AtomicUsize::new(0),
            seated: AtomicUsize::new(0),
            ended: Mutex::new(0),
            change: Condvar::new(),
        }
    }

    pub(super) fn live(&self) -> usize {
        // Ordering: Relaxed; a number for people, or read again under the lock of `ended`.
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
    pub(super) fn enter_seated(&self) {
        // Ordering: Relaxed, as in `enter`.
        self.seated.fetch_add(1, Ordering::Relaxed);
        self.enter();
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
    pub(super) fn enter(&self) {
        // Ordering: Relaxed; the creation of the thread orders it before its `leave`.
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// The thread has ended, for all that its pool can see; those who wait for the end may look.
    pub(super) fn leave(&self) {
        let mut ended = lock(&self.ended);
        *ended += 1;
        // Ordering: Relaxed; who acts on 0 reads it under the same lock.
        self.live.fetch_sub(1, Ordering::Relaxed);
        drop(ended);
        self.change.notify_all();
    }

    /// Blocks until no thread is live, or until the deadline has passed (`false`).
    pub(super) fn wait_until_ended(&self, deadline: Option<Instant>) -> bool {
        let mut ended = lock(&self.ended);
        while self.live() > 0 {
            ended = match deadline {
                None => self
                    .change
                    .wait(ended)
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(clock::now());
                    if left.is_zero() {
                        return false;
                    }
                    // In slices, so that a deadline far away cannot overflow a system clock.
                    self.change
                        .wait_timeout(ended, left.min(Duration::from_secs(3600)))
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .0
                }
            };
        }
        true
    }
}

/// Creates a thread the standard way.
pub(super) fn spawn_thread(
    builder: std::thread::Builder,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    #[cfg(manyhands_shuttle)]
    {
        let _ = builder;
        drop(crate::sync::thread::spawn(body));
        Ok(())
    }
    #[cfg(not(manyhands_shuttle))]
    builder.spawn(body).map(drop)
}
