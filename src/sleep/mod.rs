//! The sleep protocol: which threads may run, which sleep, and which are woken when there is work.
#![doc = include_str!("README.md")]

mod permits;
#[cfg(test)]
mod tests;
mod word;

use self::word::Word;
use crate::job::{NO_SEAT, SeatIndex};
use crate::sim;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};
use crate::util::count::Event;
use crate::util::parker::Parker;
use crossbeam_utils::CachePadded;
use std::fmt;
use std::ptr;

pub(crate) use self::word::MAX_SEATS;

/// The answer of [`Sleep::notify`]: what came of telling the sleepers about new work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Notified {
    /// Enough threads search already, or a sleeper was woken.
    Enough,
    /// Every permit is out, and no thread searches: the work waits until a thread has finished its
    /// job.
    AllBusy,
    /// A permit is free, but no thread of the pool sleeps: all wait for something. A spare thread
    /// could use the permit.
    NobodySleeps,
}

/// What a thread sees when it looks at everything once more before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rescan {
    Nothing,
    /// Work that any thread may take.
    Work,
    /// Something that only this thread can deal with: mail, or the end of the pool.
    Mine,
}

/// A seat's place among the sleepers.
#[derive(Debug)]
struct Node {
    /// The sleeper below this one in the stack (its index + 1; 0: none). The thread of this seat
    /// writes it before it pushes itself; the popper reads it, and the word's tag validates it.
    next: AtomicU32,
    /// The seat has been popped: its thread holds a permit and counts as searching.
    token: AtomicBool,
    parker: AtomicPtr<Parker>,
}

/// The sleep word of one pool, and a node for each seat.
pub(crate) struct Sleep {
    word: CachePadded<AtomicU64>,
    permits: AtomicU32,
    /// The index of the driver's seat, while the word says that the driver sleeps.
    driver: AtomicU32,
    nodes: Box<[Node]>,
}

impl Sleep {
    /// # Panics
    ///
    /// Panics if there are more than [`MAX_SEATS`] seats.
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

    /// The number of permits: how many threads should compute at a time.
    #[inline]
    pub(crate) fn permits(&self) -> u32 {
        // Ordering: Relaxed; published by the exchange in `set_permits`. So whoever has read the
        // word first, which is an Acquire, knows the number that belongs to it, or a newer one.
        self.permits.load(Ordering::Relaxed)
    }

    fn load(&self) -> Word {
        // Ordering: Acquire pairs with the Release in `update_from`: whoever sees that a permit is
        // free sees who has registered as a waiter before (`tell::half`). Else it is a hint.
        Word(self.word.load(Ordering::Acquire))
    }

    /// The word, for a change.
    #[inline]
    fn seen(&self) -> Word {
        sim::point(sim::Kind::SleepWord);
        // Ordering: Acquire, here and on failure in `update_from`, pairs with the Release of the
        // exchange that pushed the top. A change may follow the stack, so it needs the nodes as
        // their pushes left them *before* its own exchange.
        Word(self.word.load(Ordering::Acquire))
    }

    /// Replaces the word by `change(word)`, and returns the word that was replaced. If `change`
    /// gives up by returning `None`, the word stays.
    fn update(&self, change: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        self.update_from(self.seen(), change)
    }

    /// As [`update`](Self::update), by a thread that has [`seen`](Self::seen) the word just now.
    fn update_from(
        &self,
        mut seen: Word,
        mut change: impl FnMut(Word) -> Option<Word>,
    ) -> Result<Word, Word> {
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

    /// Tells about work that the caller has just made visible to thieves (steps sleep.P1 to
    /// sleep.P4).
    #[inline]
    pub(crate) fn notify(&self) -> Notified {
        // Step sleep.P2. Ordering: SeqCst fence; pairs with the one in `rescan_fence`: either the
        // publisher sees which threads sleep (or have stopped searching), or they see the work.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        let seen = self.seen();
        let enough_search = |word: Word| word.searching() > 0;
        match self.refusal(seen, enough_search(seen)) {
            Some(refusal) => refusal,
            None => self.wake_for_visible_work(seen, enough_search),
        }
    }

    /// As [`notify`](Self::notify), by a searcher that has found work and sees more. It wakes
    /// another thread although some search, so that the number of threads that are awake grows as
    /// its power. (Publishers do not: each would pay for wake-ups, and work comes through few.)
    pub(crate) fn spread(&self) -> Notified {
        // Step sleep.P2. Ordering: SeqCst fence, as in `notify`.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        self.wake_for_visible_work(self.seen(), Word::has_enough_searchers)
    }

    /// Why no sleeper is woken, whether there is one or not.
    #[inline]
    fn refusal(&self, word: Word, enough_search: bool) -> Option<Notified> {
        let permits = self.permits();
        if enough_search {
            Some(Notified::Enough)
        } else if word.active() >= permits {
            Some(Notified::AllBusy)
        } else {
            None
        }
    }

    /// Wakes one sleeper, if too few threads search and a permit is free (steps sleep.P3 and
    /// sleep.P4). The driver comes last: it is of use where it is.
    fn wake_for_visible_work(&self, seen: Word, enough_search: impl Fn(Word) -> bool) -> Notified {
        let mut otherwise = Notified::Enough;
        let mut woken = NO_SEAT;
        let popped = self.update_from(seen, |word| {
            if let Some(refusal) = self.refusal(word, enough_search(word)) {
                otherwise = refusal;
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

    /// Wakes every sleeper, even without free permits: for mail and for the end of the pool.
    pub(crate) fn wake_all(&self) {
        // Ordering: SeqCst fence; pairs with the one in `rescan_fence`, as in `notify`.
        fence(Ordering::SeqCst);
        let mut count = 0;
        let mut driver = NO_SEAT;
        let detached = self.update(|word| {
            // A walk over a stack that changes meanwhile may go astray, so it is bounded. In that
            // case the exchange fails, because every change moves the tag.
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
            // Read before the token is handed over: with it, the seat may push itself again.
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
        // Ordering: Relaxed, as in `next`: published by the exchange that said that the driver
        // sleeps.
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

    /// Steps sleep.Z2 and sleep.F2.
    /// Ordering: SeqCst fence; pairs with the one in `notify`.
    fn rescan_fence(&self) {
        Event::Fence.count();
        fence(Ordering::SeqCst);
    }

    /// Are more threads active than there are permits? Asked between jobs.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.load().active() > self.permits()
    }

    /// Does a thread search for work right now? A hint.
    #[inline]
    pub(crate) fn has_searchers(&self) -> bool {
        self.load().searching() > 0
    }

    /// Would [`notify`](Self::notify) wake a thread? A hint.
    #[inline]
    pub(crate) fn wants_one(&self) -> bool {
        let word = self.load();
        word.searching() == 0 && word.active() < self.permits()
    }

    /// Would [`notify`](Self::notify) find that [`NobodySleeps`](Notified::NobodySleeps)? A hint,
    /// unless the caller's fence orders it.
    pub(crate) fn has_nobody_to_wake(&self) -> bool {
        let word = self.load();
        let has_room = word.searching() == 0 && word.active() < self.permits();
        has_room && word.top().is_none() && !word.has_driver()
    }

    /// Would [`spread`](Self::spread) wake a thread? A hint.
    pub(crate) fn wants_more(&self) -> bool {
        let word = self.load();
        !word.has_enough_searchers() && word.active() < self.permits()
    }

    /// Is exactly one permit free, and does no thread search? A hint.
    pub(crate) fn has_one_free(&self) -> bool {
        let word = self.load();
        word.searching() == 0 && word.active() + 1 == self.permits()
    }

    /// Does a thread sleep on the stack? A hint, unless the caller's fence orders it.
    pub(crate) fn has_sleepers(&self) -> bool {
        self.load().top().is_some()
    }

    /// The number of active threads. A hint.
    #[inline]
    pub(crate) fn active(&self) -> u32 {
        self.load().active()
    }

    /// The numbers of active threads, and of those that search. A snapshot.
    pub(crate) fn at_work(&self) -> (usize, usize) {
        let word = self.load();
        (word.active() as usize, word.searching() as usize)
    }

    /// Is no thread active, and none asleep that could be woken?
    pub(crate) fn is_stuck(&self) -> bool {
        let word = self.load();
        word.active() == 0 && word.top().is_none() && !word.has_driver()
    }

    /// Gives the permit back and sleeps until popped (steps sleep.Z1 to sleep.Z3). `true`: the
    /// thread slept, holds a permit again and counts as searching. `false`: a surplus thread found
    /// room again before it slept, and goes on as it was.
    ///
    /// `rescan` looks at everything that could be work for this thread, and returns what it saw; it
    /// must not unwind. If it saw [`Rescan::Work`], `tell` is called to notify about that.
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

    /// Puts the driver to sleep, up to where it parks. It sleeps apart from the stack, so that it
    /// can leave by itself, by [`leave_driving`](Self::leave_driving). The caller then parks until
    /// it has been popped or has left: until [`take_token`](Self::take_token).
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

    /// Wakes the driver by itself, where it parks: something has happened that concerns the pool.
    /// `true`: a permit was free and is taken; the driver is awake and searches. `false`: all
    /// permits are out, or the seat is not that of a sleeping driver; nothing changes.
    pub(crate) fn leave_driving(&self, seat: SeatIndex) -> bool {
        let left = self.update(|word| {
            let mine = word.has_driver() && self.driver() == seat;
            (mine && word.active() < self.permits()).then(|| word.without_driver().with_searcher())
        });
        if left.is_ok() {
            self.keep_token(seat);
        }
        left.is_ok()
    }

    /// The token for this thread, by itself.
    fn keep_token(&self, seat: SeatIndex) {
        // Ordering: Relaxed; from this thread to itself.
        self.nodes[seat as usize]
            .token
            .store(true, Ordering::Relaxed);
    }

    /// The driver, which has slept here, does something else for a while. `true`: it holds a permit
    /// now, taken without asking, and neither sleeps nor searches. `false`: it was woken before, or
    /// has left, and counts as a searcher.
    #[must_use]
    pub(crate) fn begin_errand(&self, seat: SeatIndex) -> bool {
        let left = self.update(|word| {
            let mine = word.has_driver() && self.driver() == seat;
            mine.then(|| word.without_driver().with_active())
        });
        left.is_ok()
    }

    /// The driver sleeps again after an [errand](Self::begin_errand); as
    /// [`begin_driving`](Self::begin_driving).
    pub(crate) fn drive_again(&self, rescan: impl Fn() -> Rescan, tell: impl Fn()) {
        let before = self.update(|word| Some(word.without_active().with_driver()));
        debug_assert!(before.is_ok());
        self.settle(rescan, tell);
    }

    /// The driver comes back after an [errand](Self::begin_errand), as if it had
    /// [left](Self::leave_driving).
    pub(crate) fn end_errand(&self, seat: SeatIndex) {
        self.start_searching();
        self.keep_token(seat);
    }

    /// Looks at everything once more (step sleep.Z2).
    fn settle(&self, rescan: impl Fn() -> Rescan, tell: impl Fn()) {
        self.rescan_fence();
        match rescan() {
            Rescan::Nothing => {}
            // The sleeper that is popped for it, this one or another, holds a token and searches.
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

    /// Pushes the seat onto the stack of sleepers (step sleep.Z1). `false`, for a surplus thread
    /// only: there is room again, and the thread keeps its permit and its state.
    fn push(&self, seat: SeatIndex, parker: &'static Parker, state: Before) -> bool {
        self.set_parker(seat, parker);
        let node = &self.nodes[seat as usize];
        self.update(|word| {
            // Here, behind the word: see `set_permits`.
            let permits = self.permits();
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

    /// Parks until the token is there (step sleep.Z3).
    fn wait_for_token(&self, seat: SeatIndex, mut park: impl FnMut()) {
        while !self.take_token(seat) {
            park();
        }
    }

    /// Takes the token. `true`: the seat was popped, and its occupant is awake.
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

/// What a thread did before it goes to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// The thread searched and found nothing.
    Searching,
    /// The thread has just finished a job, and more threads are active than there are permits.
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
