//! Who may run, who sleeps, and who is woken when there is work.
#![doc = include_str!("README.md")]

#[cfg(test)]
mod tests;
mod word;

use self::word::Word;
use crate::job::{NO_SEAT, SeatIndex};
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};
use crate::util::count::Event;
use crate::util::parker::Parker;
use crossbeam_utils::CachePadded;
use std::fmt;
use std::ptr;

pub(crate) use self::word::MAX_SEATS;

/// What came of telling the sleepers about new work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Notified {
    /// Somebody is searching already, or a sleeper was woken.
    Enough,
    /// Every permit is out, and nobody searches: the work waits until somebody has done its job.
    AllBusy,
    /// A permit is free, but no thread of the pool sleeps: all are waiting for something. A spare
    /// thread could use the permit.
    NobodySleeps,
}

/// What a thread sees when it looks at everything once more before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rescan {
    Nothing,
    /// Work that any thread may take.
    Work,
    /// Something that only this thread can see to: mail, or the end of the pool.
    Mine,
}

/// A seat's place among the sleepers.
#[derive(Debug)]
struct Node {
    /// The sleeper below this one in the stack (its index + 1; 0: none). Written by the thread of
    /// this seat before it pushes itself, read by whoever pops it; the word's tag validates it.
    next: AtomicU32,
    /// You have been popped: you hold a permit and count as searching.
    token: AtomicBool,
    parker: AtomicPtr<Parker>,
}

/// The sleep word of one pool, and a node for each seat.
pub(crate) struct Sleep {
    word: CachePadded<AtomicU64>,
    permits: AtomicU32,
    /// Whose seat the driver's is, while the word says that it sleeps.
    driver: AtomicU32,
    nodes: Box<[Node]>,
}

impl Sleep {
    /// # Panics
    ///
    /// If there are more than [`MAX_SEATS`] seats.
    pub(crate) fn new(permits: u32, seats: usize) -> Self {
        assert!(seats <= MAX_SEATS, "a pool has at most {MAX_SEATS} seats");
        Self {
            word: CachePadded::new(AtomicU64::new(0)),
            permits: AtomicU32::new(permits),
            driver: AtomicU32::new(NO_SEAT),
            nodes: (0..seats)
                .map(|_| Node {
                    next: AtomicU32::new(0),
                    token: AtomicBool::new(false),
                    parker: AtomicPtr::new(ptr::null_mut()),
                })
                .collect(),
        }
    }

    /// How many threads should compute at a time.
    #[inline]
    pub(crate) fn permits(&self) -> u32 {
        // Ordering: Relaxed; changed once, while the pool is being built.
        self.permits.load(Ordering::Relaxed)
    }

    /// Lowers the number of permits to the number of threads that the system granted.
    pub(crate) fn set_permits(&self, permits: u32) {
        // Ordering: Relaxed, as in `permits`.
        self.permits.store(permits, Ordering::Relaxed);
    }

    fn load(&self) -> Word {
        // Ordering: Relaxed; every use is only a hint, or coherence is all that it needs.
        Word(self.word.load(Ordering::Relaxed))
    }

    /// Replaces the word by `change(word)`, unless that gives up by returning `None`. Returns the
    /// word that was replaced.
    fn update(&self, mut change: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        // Ordering: Acquire, here and on failure below, pairs with the Release of the exchange that
        // pushed the top: `change` may follow the stack, so it needs the nodes as their pushes left
        // them *before* its own exchange.
        let mut seen = Word(self.word.load(Ordering::Acquire));
        loop {
            let Some(new) = change(seen) else {
                return Err(seen);
            };
            // Ordering: Release publishes the node of a push. Every change of the word is an
            // exchange, so a push stays visible through all later ones. What the protocol needs
            // beyond that comes from its fences.
            match self.word.compare_exchange_weak(
                seen.0,
                new.0,
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    Event::SleepWord.count();
                    return Ok(seen);
                }
                Err(now) => {
                    Event::SleepWordRetry.count();
                    seen = Word(now);
                }
            }
        }
    }

    /// Tells about work that the caller has just made visible to thieves (steps P1-P4).
    #[inline]
    pub(crate) fn notify(&self) -> Notified {
        // Step P2. Ordering: SeqCst fence; pairs with the one in `rescan_fence`: either we see who
        // sleeps (or has stopped searching), or they see the work.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        self.wake_for_visible_work()
    }

    /// Steps P3 and P4: wakes one sleeper, if nobody searches and a permit is free. The driver
    /// comes last: it has something to do where it is.
    fn wake_for_visible_work(&self) -> Notified {
        let permits = self.permits();
        let mut otherwise = Notified::Enough;
        let mut woken = NO_SEAT;
        let popped = self.update(|word| {
            if word.searching() > 0 {
                otherwise = Notified::Enough;
                return None;
            }
            if word.active() >= permits {
                otherwise = Notified::AllBusy;
                return None;
            }
            let rest = if let Some(top) = word.top() {
                woken = top;
                word.popped(self.next(top))
            } else if word.has_driver() {
                woken = self.driver();
                word.without_driver()
            } else {
                otherwise = Notified::NobodySleeps;
                return None;
            };
            Some(rest.with_searcher())
        });
        match popped {
            Ok(_) => {
                self.hand_token(woken);
                Notified::Enough
            }
            Err(_) => otherwise,
        }
    }

    /// Wakes every sleeper, whether there are permits or not: for mail and for the end.
    pub(crate) fn wake_all(&self) {
        // Ordering: SeqCst fence; pairs with the one in `rescan_fence`, as in `notify`.
        fence(Ordering::SeqCst);
        let mut count = 0;
        let mut driver = NO_SEAT;
        let detached = self.update(|word| {
            // A walk over a stack that changes meanwhile may go astray, so it is bounded; the
            // exchange fails in that case, because every change moves the tag.
            count = u32::from(word.has_driver());
            driver = self.driver();
            let mut at = word.top();
            while let Some(seat) = at {
                count += 1;
                if count as usize > self.nodes.len() {
                    break;
                }
                at = self.next(seat);
            }
            (count > 0).then(|| word.emptied(count))
        });
        let Ok(word) = detached else { return };
        if word.has_driver() {
            self.hand_token(driver);
        }
        let mut at = word.top();
        while let Some(seat) = at {
            // Read before the token: with it, the seat may push itself again.
            at = self.next(seat);
            self.hand_token(seat);
        }
    }

    fn next(&self, seat: SeatIndex) -> Option<SeatIndex> {
        // Ordering: Relaxed; `update` has read the push of this seat with Acquire, and its exchange
        // fails if the seat has been popped since.
        self.nodes[seat as usize]
            .next
            .load(Ordering::Relaxed)
            .checked_sub(1)
    }

    /// The seat of the driver, if it sleeps.
    fn driver(&self) -> SeatIndex {
        // Ordering: Relaxed; as in `next`, with the exchange that said that it sleeps.
        self.driver.load(Ordering::Relaxed)
    }

    /// Wakes a seat that was popped.
    fn hand_token(&self, seat: SeatIndex) {
        Event::Wake.count();
        let node = &self.nodes[seat as usize];
        // Ordering: Relaxed; `update` read the push (Release) with Acquire before it popped.
        let parker = node.parker.load(Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `take_token`.
        node.token.store(true, Ordering::Release);
        // SAFETY: the seat stored a parker before it could be popped, and parkers live for ever.
        unsafe { (*parker).unpark() };
    }

    /// A thread takes a permit without asking: it resumes from a wait, or is a guest, or starts
    /// with the pool. There may be more threads at work than permits now; see [`is_crowded`].
    ///
    /// [`is_crowded`]: Self::is_crowded
    pub(crate) fn acquire(&self) {
        let before = self.update(|word| Some(word.with_active()));
        debug_assert!(before.is_ok());
    }

    /// A permit for a thread that is about to be created, if work is visible, nobody searches and
    /// a permit is free. The thread starts as a searcher, as if it had been woken.
    #[must_use]
    pub(crate) fn reserve(&self) -> bool {
        let permits = self.permits();
        self.update(|word| {
            (word.searching() == 0 && word.active() < permits).then(|| word.with_searcher())
        })
        .is_ok()
    }

    /// A thread that starts with the pool: it holds a permit and searches.
    pub(crate) fn admit(&self) {
        let before = self.update(|word| Some(word.with_searcher()));
        debug_assert!(before.is_ok());
    }

    /// Gives a permit back without going to sleep: the thread waits for something in particular,
    /// or leaves. The caller must then scan for visible work and `notify` if it sees any.
    pub(crate) fn release(&self) {
        let before = self.update(|word| Some(word.without_active()));
        debug_assert!(before.is_ok());
        self.rescan_fence();
    }

    /// A searching thread leaves for good, as [`release`](Self::release).
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

    /// A searcher has found work (step F1). `true`: it was the last one, and must scan for more
    /// visible work and `notify` if it sees any (step F2).
    #[must_use]
    pub(crate) fn stop_searching(&self) -> bool {
        let before = self.update(|word| Some(word.without_searching()));
        let last = before.is_ok_and(|word| word.searching() == 1);
        if last {
            self.rescan_fence();
        }
        last
    }

    /// Step Z2 (and F2). Ordering: SeqCst fence; pairs with the one in `notify`.
    fn rescan_fence(&self) {
        Event::Fence.count();
        fence(Ordering::SeqCst);
    }

    /// Do more threads work than there are permits? Asked between jobs.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.load().active() > self.permits()
    }

    /// Is anybody looking for work right now? A hint.
    #[inline]
    pub(crate) fn has_searchers(&self) -> bool {
        self.load().searching() > 0
    }

    /// Would [`notify`](Self::notify) call somebody? A hint.
    #[inline]
    pub(crate) fn wants_one(&self) -> bool {
        let word = self.load();
        word.searching() == 0 && word.active() < self.permits()
    }

    /// Does anybody sleep in the stack? A hint, or ordered by the caller's fence.
    pub(crate) fn has_sleepers(&self) -> bool {
        self.load().top().is_some()
    }

    /// Threads at work. A hint.
    #[inline]
    pub(crate) fn active(&self) -> u32 {
        self.load().active()
    }

    /// Threads at work, and those of them that search. A snapshot.
    pub(crate) fn at_work(&self) -> (usize, usize) {
        let word = self.load();
        (word.active() as usize, word.searching() as usize)
    }

    /// Does nobody work, and does nobody sleep who could be woken to?
    pub(crate) fn is_stuck(&self) -> bool {
        let word = self.load();
        word.active() == 0 && word.top().is_none() && !word.has_driver()
    }

    /// Gives the permit back and sleeps until popped (steps Z1-Z3). On return the thread holds a
    /// permit again and counts as searching (`true`), or there was room again before a crowded
    /// one slept, and it goes on as it was (`false`).
    ///
    /// `rescan` looks at everything that could be work for this thread; it must not unwind. It
    /// returns what it saw; if that is [`Rescan::Work`], `tell` is called to notify about it.
    #[must_use]
    pub(crate) fn sleep(
        &self,
        seat: SeatIndex,
        parker: &'static Parker,
        state: Before,
        rescan: impl Fn() -> Rescan,
        tell: impl Fn(),
    ) -> bool {
        if !self.push(seat, parker, state) {
            return false;
        }
        self.settle(rescan, tell);
        self.wait_for_token(seat, || parker.park());
        true
    }

    /// As [`sleep`](Self::sleep) for the one thread that is the driver, up to where it parks: it sleeps
    /// apart from the stack, and can so leave by itself, by [`leave_driving`](Self::leave_driving).
    /// The caller parks until it has been popped or has left: until [`take_token`](Self::take_token).
    pub(crate) fn begin_driving(
        &self,
        seat: SeatIndex,
        parker: &'static Parker,
        rescan: impl Fn() -> Rescan,
        tell: impl Fn(),
    ) {
        self.set_parker(seat, parker);
        // Ordering: Relaxed; published by the exchange below.
        self.driver.store(seat, Ordering::Relaxed);
        let before =
            self.update(|word| Some(word.without_searching().without_active().with_driver()));
        debug_assert!(before.is_ok());
        self.settle(rescan, tell);
    }

    /// Called by the driver where it parks: something has happened that concerns the pool. If a permit
    /// is free it is taken, and the driver is awake and searches (`true`). If all are out, or the
    /// seat is not that of a driver that sleeps, it stays as it is (`false`).
    pub(crate) fn leave_driving(&self, seat: SeatIndex) -> bool {
        let permits = self.permits();
        let left = self.update(|word| {
            let mine = word.has_driver() && self.driver() == seat;
            (mine && word.active() < permits).then(|| word.without_driver().with_searcher())
        });
        if left.is_ok() {
            // Ordering: Relaxed; from this thread to itself.
            self.nodes[seat as usize]
                .token
                .store(true, Ordering::Relaxed);
        }
        left.is_ok()
    }

    /// Step Z2.
    fn settle(&self, rescan: impl Fn() -> Rescan, tell: impl Fn()) {
        self.rescan_fence();
        match rescan() {
            Rescan::Nothing => {}
            // Whoever is popped for it, we or another sleeper, holds a token and searches.
            Rescan::Work => tell(),
            Rescan::Mine => self.wake_all(),
        }
    }

    fn set_parker(&self, seat: SeatIndex, parker: &'static Parker) {
        let parker = ptr::from_ref(parker).cast_mut();
        // Ordering: Relaxed; published by the exchange that follows.
        self.nodes[seat as usize]
            .parker
            .store(parker, Ordering::Relaxed);
    }

    /// Step Z1: pushes the seat onto the stack of sleepers. `false` (only for a crowded one): there
    /// is room again, the thread keeps its permit and its state.
    fn push(&self, seat: SeatIndex, parker: &'static Parker, state: Before) -> bool {
        self.set_parker(seat, parker);
        let node = &self.nodes[seat as usize];
        let permits = self.permits();
        self.update(|word| {
            let left = match state {
                Before::Searching => word.without_searching(),
                Before::Crowded if word.active() > permits => word,
                Before::Crowded => return None,
            };
            // Ordering: Relaxed; published by the exchange below.
            node.next
                .store(word.top().map_or(0, |top| top + 1), Ordering::Relaxed);
            Some(left.without_active().pushed(seat))
        })
        .is_ok()
    }

    /// Step Z3.
    fn wait_for_token(&self, seat: SeatIndex, mut park: impl FnMut()) {
        while !self.take_token(seat) {
            park();
        }
    }

    /// Has the occupant of the seat, who sleeps, been popped? Then it is awake now.
    pub(crate) fn take_token(&self, seat: SeatIndex) -> bool {
        let token = &self.nodes[seat as usize].token;
        // Ordering: Acquire pairs with the Release in `hand_token`.
        let taken = token.load(Ordering::Acquire);
        if taken {
            // Ordering: Relaxed; the next pop comes after the next push, which publishes this.
            token.store(false, Ordering::Relaxed);
        }
        taken
    }
}

/// What a thread was doing before it goes to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It searched and found nothing.
    Searching,
    /// It has just finished a job, and there are more threads at work than permits.
    Crowded,
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("permits", &self.permits())
            .field("word", &self.load())
            .finish()
    }
}
