//! A thread's place to sleep, from which any thread can wake it at any time.
//!
//! Every thread that waits for anything in this crate sleeps on its [`Parker`]. A parker is never
//! freed: a thread takes one from a free list when it first parks, and gives it back when it ends.
//! That makes a late wake-up harmless. The setter of a latch learns the waiter's parker, and wakes
//! it when the waiter may already have returned, moved on or exited. With memory that lives for
//! ever, such a wake can at worst end another sleep early.
//!
//! Hence the one rule for callers: **a return from [`Parker::park`] means nothing.** Look at what
//! you wait for, and park again.
//!
//! Models: `latch::tests::models`, `sleep::tests::models` and `sleep::tests::below` run on this
//! parker.

use super::alarm::Alarm;
use super::count::Event;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Futex, thread_cell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// The state of a thread that neither sleeps nor was woken.
const EMPTY: u32 = 0;
/// The state of a thread that was woken and has not slept since.
const NOTIFIED: u32 = 1;
/// The state of a thread that sleeps on the futex.
const PARKED: u32 = 2;
/// The state of a thread that sleeps until a deadline or an event, and is woken by its [`Alarm`].
const DRIVING: u32 = 3;

/// The sleeping place of one thread, on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Parker {
    token: Futex,
    /// One bit for each `block_on` on this thread's stack: its future is to be polled. Kept apart
    /// from the token, because any nested wait may consume the token.
    polled: AtomicU32,
    /// The number of `block_on`s on this thread's stack. Used by this thread only.
    depth: AtomicU32,
    alarm: Alarm,
}

/// The level of a `block_on` among those on its thread's stack: 0 is the outermost.
pub(crate) type Level = u32;

/// The highest level with a bit; all further levels share it.
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

    /// Sleeps until [`unpark`](Self::unpark) has been called since the last `park` returned; may
    /// return for no reason. Only the thread that holds this parker calls it.
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
        // Ordering: Acquire pairs with the Release in `unpark`, as above. The swap to EMPTY also
        // withdraws PARKED after a return for no reason.
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

    /// Goes from EMPTY to PARKED or DRIVING, as `way` says. `false`: there was a wake; or the
    /// thread sleeps in a reactor already, which has called code that sleeps in its turn. A waker
    /// of that inner sleep could not end the outer one any more, so the outer one ends, and the
    /// next call finds EMPTY.
    fn announce(&self, way: u32) -> bool {
        // Ordering: Relaxed to announce. A waker's swap comes before or after it in this word's
        // modification order, and its Release has a partner in the swap that ends the sleep.
        let word = self.token.word();
        let before = word.compare_exchange(EMPTY, way, Ordering::Relaxed, Ordering::Relaxed);
        if before == Err(DRIVING) {
            self.alarm.end_outer();
        }
        before.is_ok()
    }

    /// Ends the current or the next sleep of the thread that holds this parker.
    pub(crate) fn unpark(&self) {
        // Ordering: Release pairs with the Acquire in `park`. A swap, not a store: the sleeper must
        // see the newest of several wakers' writes even if the word is NOTIFIED already.
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

    /// Does the thread sleep, without having been woken?
    #[cfg(feature = "test-util")]
    pub(crate) fn is_parked(&self) -> bool {
        // Ordering: Relaxed; `pool::rest` puts fences around it.
        self.token.word().load(Ordering::Relaxed) == PARKED
    }

    /// Was the thread woken, and has it not slept since?
    #[cfg(feature = "test-util")]
    pub(crate) fn is_notified(&self) -> bool {
        // Ordering: Relaxed, as in `is_parked`.
        self.token.word().load(Ordering::Relaxed) == NOTIFIED
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
    /// a wake, and are asked to poll again.
    pub(crate) fn end_level(&self) {
        // Ordering: Relaxed, as in `begin_level`.
        let depth = self.depth.fetch_sub(1, Ordering::Relaxed);
        if depth > LAST_LEVEL + 1 {
            self.request_poll(LAST_LEVEL);
        }
    }

    /// The parker of the calling thread. It is never freed.
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
    use crate::sim;
    use crate::sync::{Mutex, lock};
    use std::cell::Cell;

    static FREE: Mutex<Vec<&'static Parker>> = Mutex::new(Vec::new());

    thread_cell! {
        static CACHED: Cell<Option<&'static Parker>> = Cell::new(None);
    }

    /// Gives the parker back at thread exit. It is kept apart from `CACHED`, which has no
    /// destructor and so can be read while other thread-locals are being destroyed.
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
        // A used parker may have been woken late, which no run of a simulation could repeat.
        let reused = if sim::is_on() {
            None
        } else {
            lock(&FREE).pop()
        };
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
    use crate::util::wakes::Wakes;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    // Own parkers: the current thread's may be a used one, which a late wake has reached.

    #[test]
    fn a_sleep_on_top_of_one_in_a_reactor_ends_that() {
        let parker = Parker::new();
        let (wakes, waker) = Wakes::count();
        let context = &mut Context::from_waker(&waker);
        let mut outer = parker.drive_inside().expect("nobody has woken it");
        assert_eq!(Pin::new(&mut outer).poll(context), Poll::Pending);
        // As a task of the reactor's does that waits. Nobody wakes the thread.
        parker.park();
        assert_eq!(wakes.so_far(), 1);
        assert_eq!(Pin::new(&mut outer).poll(context), Poll::Ready(()));
    }

    #[test]
    fn a_wake_before_the_sleep_is_kept() {
        let parker = Parker::new();
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
