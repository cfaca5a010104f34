//! The timers of one pool: a wheel under a lock, and the tick at which it next wants attention.
//!
//! Called by `pool::driver`, which says who looks at the wheel and when, and through it by
//! `crate::time`. Knows nothing of seats and threads. Wakers are not cloned, called or dropped under
//! the lock: the last waker of a task may take the task's future with it, and that its timers.

mod wheel;

pub(crate) use self::wheel::Key;

use self::wheel::Wheel;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crate::util::unwind;
use std::task::Waker;
use std::time::{Duration, Instant};

/// A tick is 2^16 ns, about 66 µs: what a timer may be late by where threads are free. A finer one
/// would wake a thread more often where many timers end at about the same time.
const TICK_BITS: u32 = 16;

/// After timers have ended, nobody is woken for the next ones before so many ticks have gone by: a
/// bit less than a millisecond, so that a timer each millisecond is on time.
const REST: u64 = 15;

/// No timer.
const NEVER: u64 = u64::MAX;

/// So many wakers are called between two turns of the lock.
const AT_ONCE: usize = 128;

#[derive(Debug)]
pub(crate) struct Timers {
    /// When tick 0 was.
    start: Instant,
    /// [`Wheel::next`], for looks without the lock. Written under the lock.
    next: AtomicU64,
    /// The tick before which nobody need be woken. Written under the lock. A statistic, so no model
    /// has to see it.
    rest_until: std::sync::atomic::AtomicU64,
    wheel: Mutex<Wheel>,
}

/// A timer that was added.
#[derive(Debug)]
#[must_use]
pub(crate) struct Added {
    pub(crate) key: Key,
    /// It comes before all others: whoever waits for the next tick must look again.
    pub(crate) first: bool,
}

/// Calls a waker. It may be foreign code: a panic there is not that of the thread that looks at the
/// clock, and has been printed already.
fn wake(waker: Waker) {
    if let Err(payload) = unwind::catch(|| waker.wake()) {
        unwind::discard(payload);
    }
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            next: AtomicU64::new(NEVER),
            rest_until: std::sync::atomic::AtomicU64::new(0),
            wheel: Mutex::new(Wheel::new()),
        }
    }

    /// The first tick that does not come before `deadline`.
    fn tick_of(&self, deadline: Instant) -> u64 {
        let nanos = deadline.saturating_duration_since(self.start).as_nanos();
        let ticks = nanos.div_ceil(1 << TICK_BITS);
        u64::try_from(ticks).unwrap_or(NEVER - 1).min(NEVER - 1)
    }

    /// The newest tick that has begun.
    fn now(&self) -> u64 {
        let nanos = self.start.elapsed().as_nanos() >> TICK_BITS;
        u64::try_from(nanos).unwrap_or(NEVER - 1)
    }

    fn set_next(&self, wheel: &Wheel) {
        // Ordering: Relaxed; who relies on the value puts fences around it (`pool::driver`, D1).
        self.next
            .store(wheel.next().unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Calls `waker` at `deadline` or up to a tick later. `None`: it is over already.
    pub(crate) fn add(&self, deadline: Instant, waker: &Waker) -> Option<Added> {
        let tick = self.tick_of(deadline);
        let waker = waker.clone();
        let mut wheel = lock(&self.wheel);
        let added = self.insert(&mut wheel, tick, waker);
        drop(wheel);
        // An error is the waker, dropped without the lock.
        added.ok()
    }

    /// Gives a timer another deadline, and another key. `None`: it was over already, or is now, and
    /// its waker was called.
    pub(crate) fn reset(&self, key: Key, deadline: Instant) -> Option<Added> {
        let tick = self.tick_of(deadline);
        let mut wheel = lock(&self.wheel);
        let waker = wheel.remove(key)?;
        let added = self.insert(&mut wheel, tick, waker);
        drop(wheel);
        added.map_err(wake).ok()
    }

    fn insert(&self, wheel: &mut Wheel, tick: u64, waker: Waker) -> Result<Added, Waker> {
        let before = wheel.next();
        let key = wheel.insert(tick, waker)?;
        self.set_next(wheel);
        let first = wheel.next() != before;
        Ok(Added { key, first })
    }

    /// Calls another waker for a timer. `false`: it is over.
    pub(crate) fn set_waker(&self, key: Key, waker: &Waker) -> bool {
        match lock(&self.wheel).waker(key) {
            None => return false,
            Some(known) if known.will_wake(waker) => return true,
            Some(_) => {}
        }
        let mut waker = waker.clone();
        let mut wheel = lock(&self.wheel);
        let is_there = match wheel.waker(key) {
            Some(known) => {
                std::mem::swap(known, &mut waker);
                true
            }
            None => false,
        };
        drop(wheel);
        is_there
    }

    /// Forgets a timer, if it is not over.
    pub(crate) fn remove(&self, key: Key) {
        // The next tick stays: one look too many is cheaper than a look at each removal.
        let waker = lock(&self.wheel).remove(key);
        drop(waker);
    }

    /// Are there any?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: Relaxed, as in `set_next`.
        self.next.load(Ordering::Relaxed) == NEVER
    }

    /// When the next timer ends.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.start_of(0)
    }

    /// When somebody is to be woken to look: for the next timer, but not twice within a millisecond.
    /// Where timers end in quick succession each of them would be a wake-up of its own, which costs
    /// ten times what it takes to call its waker.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        // Ordering: Relaxed; a bit more or less rest does no harm.
        self.start_of(self.rest_until.load(Ordering::Relaxed))
    }

    /// The beginning of the next timer's tick, or of a later one.
    fn start_of(&self, earliest: u64) -> Option<Instant> {
        // Ordering: Relaxed, as in `set_next`.
        let tick = self.next.load(Ordering::Relaxed);
        if tick == NEVER {
            return None;
        }
        let tick = tick.max(earliest);
        // What is centuries away need not be told from what is never.
        let nanos = tick.checked_mul(1 << TICK_BITS)?;
        self.start.checked_add(Duration::from_nanos(nanos))
    }

    /// Is it time to look?
    pub(crate) fn is_due(&self) -> bool {
        // Ordering: Relaxed, as in `set_next`.
        let next = self.next.load(Ordering::Relaxed);
        next != NEVER && next <= self.now()
    }

    /// Calls the wakers of all timers that are over. Returns how many.
    pub(crate) fn fire(&self) -> usize {
        let now = self.now();
        let mut fired = 0;
        let mut due = Vec::with_capacity(AT_ONCE);
        loop {
            let done = {
                let mut wheel = lock(&self.wheel);
                let done = wheel.advance(now, &mut due);
                self.set_next(&wheel);
                if !due.is_empty() {
                    // Ordering: Relaxed, as in `next_wake`.
                    self.rest_until.store(now + REST, Ordering::Relaxed);
                }
                done
            };
            fired += due.len();
            due.drain(..).for_each(wake);
            if done {
                return fired;
            }
        }
    }

    /// Calls all wakers: the pool is over, and nobody will look again.
    pub(crate) fn fire_all(&self) {
        let wakers = {
            let mut wheel = lock(&self.wheel);
            let wakers = wheel.take_all();
            self.set_next(&wheel);
            wakers
        };
        wakers.into_iter().for_each(wake);
    }
}
