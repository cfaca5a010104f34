//! Who may sit down: guest seats for outside threads, and spare threads for lent permits.
//!
//! How many threads *compute* is counted by the sleep word ([`crate::sleep`]); this file counts
//! how many *exist*. A spare thread is called when a permit is free, work is visible and nobody
//! sleeps who could be woken: that is, when the pool's threads all wait for something. Where spare
//! threads come from, and where they go: `bench.rs`.

use super::bench::{Called, Role};
use super::builder::ThreadBuilder;
use super::registry::Registry;
use crate::job::SeatIndex;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Condvar, Mutex, lock};
use crate::util::parker::Parker;
use std::time::{Duration, Instant};

/// Guest seats of a pool: as many bits as the mask has.
pub(crate) const MAX_GUESTS: usize = 64;

/// Which guest seats are free.
#[derive(Debug)]
pub(crate) struct GuestSeats {
    free: AtomicU64,
    first: usize,
    count: usize,
}

impl GuestSeats {
    pub(super) fn new(first: usize, count: usize) -> Self {
        assert!(count <= MAX_GUESTS);
        let free = if count == MAX_GUESTS {
            u64::MAX
        } else {
            (1 << count) - 1
        };
        Self {
            free: AtomicU64::new(free),
            first,
            count,
        }
    }

    /// Does the pool have no guest seats at all?
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is this the index of a guest seat?
    pub(super) fn has(&self, seat: SeatIndex) -> bool {
        (self.first..self.first + self.count).contains(&(seat as usize))
    }

    /// A free seat for the calling thread alone.
    pub(super) fn claim(&self) -> Option<SeatIndex> {
        // Ordering: Relaxed to look; the exchange validates.
        let mut free = self.free.load(Ordering::Relaxed);
        while free != 0 {
            let seat = free.trailing_zeros();
            // Ordering: Acquire pairs with the Release in `give_back`: the former guest's use of
            // the seat's owner cells happened before ours.
            match self.free.compare_exchange_weak(
                free,
                free & (free - 1),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some((self.first + seat as usize) as SeatIndex),
                Err(now) => free = now,
            }
        }
        None
    }

    pub(super) fn give_back(&self, seat: SeatIndex) {
        let bit = 1 << (seat as usize - self.first);
        // Ordering: Release pairs with the Acquire in `claim`.
        let before = self.free.fetch_or(bit, Ordering::Release);
        debug_assert_eq!(before & bit, 0, "a guest leaves once");
    }
}

/// The threads of a pool: how many live, and how many more may be created.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Threads that run the main loop and have not left it.
    live: AtomicUsize,
    ended: Mutex<usize>,
    change: Condvar,
    /// Threads that wait for something in particular. If ever nobody of the pool works, sleeps or
    /// can be created, one of them is asked to help.
    waiting: Mutex<Vec<Waiting>>,
    /// How many of them follow a thief.
    followers: AtomicUsize,
}

#[derive(Debug)]
struct Waiting {
    parker: &'static Parker,
    /// Who runs what this thread waits for, if it wants to hear of jobs there.
    thief: Option<SeatIndex>,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            live: AtomicUsize::new(0),
            ended: Mutex::new(0),
            change: Condvar::new(),
            waiting: Mutex::new(Vec::new()),
            followers: AtomicUsize::new(0),
        }
    }

    pub(super) fn live(&self) -> usize {
        // Ordering: Relaxed; callers that act on 0 put a SeqCst fence before (`drain_if_over`).
        self.live.load(Ordering::Relaxed)
    }

    /// Counts a thread before it is created.
    pub(super) fn enter(&self) {
        // Ordering: Relaxed; the creation of the thread orders it before its `leave`.
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// The thread has run its last job. `true`: it was the last one, and must drain the injector.
    pub(super) fn leave(&self) -> bool {
        // Ordering: AcqRel, so that the last one to leave has seen what all others did. The fence
        // is SeqCst and pairs with the one in `Registry::drain_if_over`.
        let last = self.live.fetch_sub(1, Ordering::AcqRel) == 1;
        fence(Ordering::SeqCst);
        last
    }

    /// The thread is done with everything; whoever waits for the end may look.
    pub(super) fn say_ended(&self) {
        *lock(&self.ended) += 1;
        self.change.notify_all();
    }

    /// Blocks until no thread is live, or until the time is over (`false`).
    pub(super) fn wait_until_ended(&self, deadline: Option<Instant>) -> bool {
        let mut ended = lock(&self.ended);
        while self.live() > 0 {
            ended = match deadline {
                None => self
                    .change
                    .wait(ended)
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
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

    /// The waiter wants to be woken, once, when the seat `thief`, if any, has a job for it.
    pub(super) fn register_waiter(&self, parker: &'static Parker, thief: Option<SeatIndex>) {
        let mut waiting = lock(&self.waiting);
        self.count_follower(None, thief);
        waiting.push(Waiting { parker, thief });
    }

    pub(super) fn unregister_waiter(&self, parker: &'static Parker) {
        let mut waiting = lock(&self.waiting);
        if let Some(at) = position(&waiting, parker) {
            let waiter = waiting.swap_remove(at);
            self.count_follower(waiter.thief, None);
        }
    }

    /// The waiter, which may have been woken, wants to be woken once more.
    pub(super) fn follow(&self, parker: &'static Parker, thief: Option<SeatIndex>) {
        let mut waiting = lock(&self.waiting);
        if let Some(at) = position(&waiting, parker) {
            self.count_follower(waiting[at].thief, thief);
            waiting[at].thief = thief;
        }
    }

    /// A waiter follows `after` instead of `before`. Called under the lock.
    fn count_follower(&self, before: Option<SeatIndex>, after: Option<SeatIndex>) {
        // Ordering: Relaxed; written under the lock, and only a hint without it.
        match (before, after) {
            (None, Some(_)) => self.followers.fetch_add(1, Ordering::Relaxed),
            (Some(_), None) => self.followers.fetch_sub(1, Ordering::Relaxed),
            _ => return,
        };
    }

    /// Wakes a thread that waits for what the seat `thief` runs. `false`: there is none.
    pub(super) fn ask_waiter_for(&self, thief: SeatIndex) -> bool {
        // Ordering: Relaxed; whoever is missed is not lost: the caller notifies instead, and the
        // follower looks at its thief after it has come here.
        if self.followers.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut waiting = lock(&self.waiting);
        let mut newest = waiting.iter_mut().rev();
        let Some(waiter) = newest.find(|waiter| waiter.thief == Some(thief)) else {
            return false;
        };
        self.count_follower(waiter.thief.take(), None);
        let parker = waiter.parker;
        drop(waiting);
        parker.unpark();
        true
    }

    /// Every waiter looks at its mail.
    pub(super) fn wake_waiters(&self) {
        // A waiter registers, then looks; we post, then look (and the lock orders the two).
        lock(&self.waiting)
            .iter()
            .for_each(|waiter| waiter.parker.unpark());
    }

    /// Nobody is left to run visible work: the newest waiter is asked to look for itself.
    fn ask_a_waiter(&self) {
        if let Some(waiter) = lock(&self.waiting).last() {
            waiter.parker.unpark();
        }
    }
}

fn position(waiting: &[Waiting], parker: &'static Parker) -> Option<usize> {
    let is_its = |waiter: &Waiting| std::ptr::eq(waiter.parker, parker);
    waiting.iter().rposition(is_its)
}

impl Registry {
    /// A permit is free, work is visible, nobody sleeps: creates a spare thread, or, if there can
    /// be none and everybody waits, asks a waiter to run the work (the last resort of `wait.rs`).
    #[cold]
    pub(super) fn call_spare(&self) {
        if !self.can_call_spare() {
            return self.call_a_waiter();
        }
        if !self.sleep.reserve() {
            // Somebody searches, or has resumed and taken the permit: perhaps to compute.
            return self.look_after_waiting();
        }
        if !self.call_to(Role::Work) {
            // While the reservation counted as a searcher, nobody else was told about the work.
            self.notify_if_visible();
        }
    }

    /// Calls a spare thread from the bench, or a new one. If there can be none, what was reserved
    /// for it is given back (for one that cannot be created, by the drop of [`ThreadBuilder`]).
    pub(super) fn call_to(&self, role: Role) -> bool {
        match self.bench.call(role) {
            Called::Up => true,
            Called::Create(seat) => {
                let name = self.hooks.spare_name(seat as usize);
                let thread = ThreadBuilder::new(self.to_arc(), seat, name, role);
                thread.spawn().is_ok()
            }
            Called::Nobody => {
                if role == Role::Work {
                    self.sleep.release_searcher();
                }
                false
            }
        }
    }

    pub(super) fn can_call_spare(&self) -> bool {
        !self.is_closed() && self.bench.can_call()
    }

    /// Does nobody work or sleep, and can nobody be called?
    pub(super) fn is_stuck(&self) -> bool {
        self.sleep.is_stuck() && !self.can_call_spare()
    }

    fn call_a_waiter(&self) {
        if self.is_stuck() {
            self.threads.ask_a_waiter();
        }
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{GuestSeats, MAX_GUESTS};

    #[test]
    fn guest_seats_are_claimed_once_and_used_again() {
        for count in [0, 1, 3, MAX_GUESTS] {
            let seats = GuestSeats::new(10, count);
            let mut claimed: Vec<_> = std::iter::from_fn(|| seats.claim()).collect();
            claimed.sort_unstable();
            let expected: Vec<_> = (10..10 + count as u32).collect();
            assert_eq!(claimed, expected);
            for seat in claimed {
                seats.give_back(seat);
                assert_eq!(seats.claim(), Some(seat));
            }
        }
    }
}
