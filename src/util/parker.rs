//! Putting a thread to sleep, and waking it from anywhere at any time.
//!
//! Every thread that waits for anything in this crate sleeps on its [`Parker`]. A parker is never
//! freed: a thread takes one from a free list when it first parks and gives it back when it ends.
//! That is what makes a late wake-up harmless. Whoever sets a latch learns the waiter's parker and
//! wakes it *after* the waiter may already have returned, moved on or exited; with memory that
//! lives for ever the worst that such a wake can do is to end somebody's sleep early.
//!
//! Hence the one rule for callers: **a return from [`Parker::park`] means nothing.** Look at what
//! you wait for, and park again.
//!
//! Models: those of `latch::tests` and `sleep::tests` run on this parker.

use super::alarm::Alarm;
use super::count::Event;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Futex, thread_cell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

const EMPTY: u32 = 0;
const NOTIFIED: u32 = 1;
const PARKED: u32 = 2;
/// It sleeps in a way of its own, and is woken by its [`Alarm`].
const DRIVING: u32 = 3;

/// A thread's place to sleep, on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Parker {
    token: Futex,
    /// One bit for each `block_on` on this thread's stack: its future wants a poll. Kept apart
    /// from the token, because any nested wait may consume that.
    polled: AtomicU32,
    /// How many `block_on`s there are on this thread's stack. Used by this thread only.
    depth: AtomicU32,
    alarm: Alarm,
}

/// A `block_on` among those on its thread's stack: 0 is the outermost.
pub(crate) type Level = u32;

/// The innermost levels from here on share a bit.
pub(crate) const LAST_LEVEL: Level = 7;

impl Parker {
    #[cfg(not(manyhands_model))]
    pub(crate) const fn new() -> Self {
        Self {
            token: Futex::new(EMPTY),
            polled: AtomicU32::new(0),
            depth: AtomicU32::new(0),
            alarm: Alarm::new(),
        }
    }

    #[cfg(manyhands_model)]
    pub(crate) fn new() -> Self {
        Self {
            token: Futex::new(EMPTY),
            polled: AtomicU32::new(0),
            depth: AtomicU32::new(0),
            alarm: Alarm::new(),
        }
    }

    /// Sleeps until [`unpark`](Self::unpark) has been called since the last `park` returned, or for
    /// no reason at all. Called by the thread that holds this parker, and by no other.
    pub(crate) fn park(&self) {
        let word = self.token.word();
        // Ordering: Acquire on success pairs with the Release in `unpark`: what the waker wrote is
        // seen after the sleep.
        if word
            .compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
        {
            return;
        }
        if self.announce(PARKED) {
            Event::Park.count();
            self.token.wait(PARKED);
        }
        // Ordering: Acquire pairs with the Release in `unpark`, as above. Swapping to EMPTY also
        // ends a sleep that ended for no reason.
        word.swap(EMPTY, Ordering::Acquire);
    }

    /// As [`park`](Self::park), but up to a deadline at most.
    pub(crate) fn drive(&self, deadline: Option<Instant>) {
        if self.announce(DRIVING) {
            Event::Park.count();
            self.alarm.wait(deadline, || self.is_driving());
        }
        self.end_driving();
    }

    /// As [`park`](Self::park), for a thread that sleeps inside a reactor. `None` after a wake.
    pub(crate) fn drive_inside(&self) -> Option<Driving<'_>> {
        if self.announce(DRIVING) {
            Event::Park.count();
            return Some(Driving(self));
        }
        self.end_driving();
        None
    }

    fn is_driving(&self) -> bool {
        // Ordering: Relaxed; the swap in `end_driving` is the Acquire half.
        self.token.word().load(Ordering::Relaxed) == DRIVING
    }

    fn end_driving(&self) {
        // Ordering: Acquire pairs with the Release in `unpark`, as in `park`.
        self.token.word().swap(EMPTY, Ordering::Acquire);
    }

    /// From EMPTY to a way of sleeping. `false`: there was a wake.
    fn announce(&self, way: u32) -> bool {
        // Ordering: Relaxed to announce: a waker's swap comes before or after it in this word's
        // modification order, and its Release has a partner in the swap that ends the sleep.
        self.token
            .word()
            .compare_exchange(EMPTY, way, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Ends the current sleep of the thread that holds this parker, or its next one.
    pub(crate) fn unpark(&self) {
        // Ordering: Release pairs with the Acquire in `park`. A swap, not a store: the sleeper
        // must see the newest of several wakers' writes even when it was NOTIFIED already.
        match self.token.word().swap(NOTIFIED, Ordering::Release) {
            PARKED => {
                Event::Unpark.count();
                self.token.wake_one();
            }
            DRIVING => {
                Event::Unpark.count();
                self.alarm.ring();
            }
            _ => {}
        }
    }

    /// Asks a `block_on` of this thread to poll again, and wakes it.
    pub(crate) fn request_poll(&self, level: Level) {
        // Ordering: Release pairs with the Acquire in `take_poll_request`: the future's poll sees
        // what was written before the wake.
        self.polled.fetch_or(1 << level, Ordering::Release);
        self.unpark();
    }

    /// Was a poll asked for at this level since the last call?
    pub(crate) fn take_poll_request(&self, level: Level) -> bool {
        // Ordering: Acquire pairs with the Release in `request_poll`.
        self.polled.fetch_and(!(1 << level), Ordering::Acquire) & (1 << level) != 0
    }

    /// A `block_on` begins on this thread; returns its level.
    pub(crate) fn begin_level(&self) -> Level {
        // Ordering: Relaxed; only this thread uses the depth.
        self.depth.fetch_add(1, Ordering::Relaxed).min(LAST_LEVEL)
    }

    /// The innermost `block_on` of this thread ends. If others share its bit, they may have missed
    /// a wake, and look for themselves.
    pub(crate) fn end_level(&self) {
        // Ordering: Relaxed, as in `begin_level`.
        let depth = self.depth.fetch_sub(1, Ordering::Relaxed);
        if depth > LAST_LEVEL + 1 {
            self.request_poll(LAST_LEVEL);
        }
    }

    /// The parker of the calling thread. Never freed.
    pub(crate) fn current() -> &'static Self {
        free_list::current()
    }
}

/// A sleep inside a reactor, until dropped. As a future it is ready when the thread is woken.
#[derive(Debug)]
pub(crate) struct Driving<'a>(&'a Parker);

impl Future for Driving<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.alarm.poll(context, || self.0.is_driving())
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.alarm.forget_waker();
        self.0.end_driving();
    }
}

/// One parker per living thread: taken when a thread first waits, given back when it ends.
#[cfg(not(manyhands_model))]
mod free_list {
    use super::{Parker, thread_cell};
    use crate::sync::{Mutex, lock};
    use std::cell::Cell;

    static FREE: Mutex<Vec<&'static Parker>> = Mutex::new(Vec::new());

    thread_cell! {
        static CACHED: Cell<Option<&'static Parker>> = Cell::new(None);
    }

    /// Gives the parker back at thread exit. Apart from `CACHED`, which has no destructor and so
    /// can be read while other thread-locals are being destroyed.
    struct GiveBack;

    impl Drop for GiveBack {
        fn drop(&mut self) {
            if let Some(parker) = CACHED.with(Cell::take) {
                lock(&FREE).push(parker);
            }
        }
    }

    std::thread_local! {
        static AT_EXIT: GiveBack = const { GiveBack };
    }

    pub(super) fn current() -> &'static Parker {
        if let Some(parker) = CACHED.with(Cell::get) {
            return parker;
        }
        let reused = lock(&FREE).pop();
        let parker = reused.unwrap_or_else(|| Box::leak(Box::new(Parker::new())));
        CACHED.with(|cached| cached.set(Some(parker)));
        // A thread that waits for the first time inside its own teardown keeps its parker: one
        // leaked cache line is the price of never failing there.
        let _ = AT_EXIT.try_with(|_| ());
        parker
    }
}

/// Under a model checker every thread of every execution leaks a fresh parker, so that no state
/// passes from one execution into the next.
#[cfg(manyhands_model)]
mod free_list {
    use super::{Parker, thread_cell};
    use std::cell::Cell;

    thread_cell! {
        static CACHED: Cell<Option<&'static Parker>> = Cell::new(None);
    }

    pub(super) fn current() -> &'static Parker {
        CACHED.with(|cached| {
            cached.get().unwrap_or_else(|| {
                let parker: &'static Parker = Box::leak(Box::new(Parker::new()));
                cached.set(Some(parker));
                parker
            })
        })
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::Parker;

    #[test]
    fn a_wake_before_the_sleep_is_kept() {
        let parker = Parker::current();
        parker.unpark();
        parker.unpark();
        parker.park();
        parker.request_poll(0);
        assert!(!parker.take_poll_request(1));
        assert!(parker.take_poll_request(0));
        assert!(!parker.take_poll_request(0));
    }

    #[test]
    fn parkers_of_ended_threads_are_used_again() {
        let first = std::thread::spawn(|| std::ptr::from_ref(Parker::current()).addr())
            .join()
            .unwrap();
        let seen = (0..64).any(|_| {
            std::thread::spawn(|| std::ptr::from_ref(Parker::current()).addr())
                .join()
                .unwrap()
                == first
        });
        assert!(seen);
    }
}
