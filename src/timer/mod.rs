//! The timers of one pool: a wheel under a lock, and the next tick at which a thread must look at
//! it.
//!
//! Called by `pool::driver`, which says which thread looks at the wheel and when, and by
//! `pool::timers`, for `crate::time`. This module knows nothing of seats and threads. Wakers are
//! not cloned, called or dropped under the lock: the last waker of a task may drop the task's
//! future, and that its timers.

#[cfg_attr(not(feature = "test-util"), path = "off.rs")]
mod clock;
mod wheel;

#[cfg(feature = "test-util")]
pub(crate) use self::clock::{Still, may_differ};
pub(crate) use self::wheel::Key;

use self::clock::Clock;

use self::wheel::Wheel;
use crate::sim;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crate::util::clock::try_now;
use crate::util::unwind;
use std::task::Waker;
use std::time::{Duration, Instant};

/// The length of a tick, as a power of two in ns: 2^16 ns, about 66 µs. A timer may be late by one
/// tick where threads are free. A finer tick would wake a thread more often where many timers
/// expire at about the same time.
const TICK_BITS: u32 = 16;

/// The number of ticks, after timers have expired, in which no thread is woken for further timers.
/// It is a bit less than a millisecond, so that a timer each millisecond is on time.
const REST: u64 = 15;

/// The tick that stands for "no timer".
const NEVER: u64 = u64::MAX;

/// The highest number of wakers that are called between two turns of the lock.
const AT_ONCE: usize = 128;

#[derive(Debug)]
pub(crate) struct Timers {
    /// The time of tick 0.
    /// `None`: the target has no clock, so that there is no deadline either.
    start: Option<Instant>,
    clock: Clock,
    /// A copy of [`Wheel::next`], for looks without the lock. Written under the lock.
    next: AtomicU64,
    /// The tick before which no thread need be woken. Written under the lock. A statistic, so no
    /// model has to see it.
    rest_until: crate::sync::wide::AtomicU64,
    wheel: Mutex<Wheel>,
}

/// A timer that was added.
#[derive(Debug)]
#[must_use]
pub(crate) struct Added {
    pub(crate) key: Key,
    /// Is it the earliest timer? Then the driver must look at the next tick again.
    pub(crate) first: bool,
}

/// Calls a waker. It may be foreign code, whose panic is no fault of the thread that looks at the
/// clock. The panic has been printed already.
fn wake(waker: Waker) {
    if let Err(payload) = unwind::catch(|| waker.wake()) {
        unwind::discard(payload);
    }
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            start: try_now(),
            clock: Clock::new(),
            next: AtomicU64::new(NEVER),
            rest_until: crate::sync::wide::AtomicU64::new(0),
            wheel: Mutex::new(Wheel::new()),
        }
    }

    /// The present instant by the clock of the pool.
    #[inline]
    pub(crate) fn present(&self) -> Instant {
        self.clock.now()
    }

    /// Is the clock paused? (`pool::rest` sets it forward.)
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.clock.is_paused()
    }

    /// The length of a tick, as a power of two in ns. While the clock is paused, a tick is a
    /// nanosecond, so that it can be set to any deadline exactly. Certain under the wheel's lock,
    /// else a hint.
    #[inline]
    fn tick_bits(&self) -> u32 {
        if self.is_paused() { 0 } else { TICK_BITS }
    }

    /// The first tick that does not come before `deadline`. Called under the wheel's lock.
    fn tick_of(&self, deadline: Instant) -> u64 {
        let start = self.start.unwrap_or(deadline);
        let nanos = deadline.saturating_duration_since(start).as_nanos();
        let ticks = nanos.div_ceil(1 << self.tick_bits());
        u64::try_from(ticks).unwrap_or(NEVER - 1).min(NEVER - 1)
    }

    /// The latest tick that has begun at `instant`. Exact under the wheel's lock.
    fn tick_at(&self, instant: Instant) -> u64 {
        let nanos = self.start.map_or(0, |start| {
            instant.saturating_duration_since(start).as_nanos() >> self.tick_bits()
        });
        u64::try_from(nanos).unwrap_or(NEVER - 1)
    }

    fn set_next(&self, wheel: &Wheel) {
        // Ordering: Relaxed; code that relies on the value puts fences around it (`pool::driver`,
        // driver.D1).
        self.next
            .store(wheel.next().unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Adds a timer: `waker` is called at `deadline` or up to a tick later. `None`: the deadline
    /// has passed.
    pub(crate) fn add(&self, deadline: Instant, waker: &Waker) -> Option<Added> {
        sim::point(sim::Kind::Timer);
        let waker = waker.clone();
        let mut wheel = lock(&self.wheel);
        let tick = self.tick_of(deadline);
        let added = self.insert(&mut wheel, tick, waker);
        drop(wheel);
        // The error is the waker, which is dropped here, outside the lock.
        added.ok()
    }

    /// Gives a timer another deadline, and another key. `None`: it has expired, before or just now,
    /// and its waker was called.
    pub(crate) fn reset(&self, key: Key, deadline: Instant) -> Option<Added> {
        let mut wheel = lock(&self.wheel);
        let tick = self.tick_of(deadline);
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

    /// Gives a timer another waker. `false`: the timer has expired.
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

    /// Forgets a timer, unless it has expired.
    pub(crate) fn remove(&self, key: Key) {
        // The copy of the next tick stays: one look too many is cheaper than a look at each
        // removal.
        let waker = lock(&self.wheel).remove(key);
        drop(waker);
    }

    /// Are there no timers?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: Relaxed, as in `set_next`.
        self.next.load(Ordering::Relaxed) == NEVER
    }

    /// The time at which the next timer expires.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.start_of(0)
    }

    /// The time at which a thread is to be woken to look: for the next timer, but not twice within
    /// a millisecond. Where timers expire in quick succession, each would be a wake-up of its own,
    /// which costs ten times what it takes to call its waker.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        // Ordering: Relaxed; a slightly longer or shorter rest does no harm.
        self.start_of(self.rest_until.load(Ordering::Relaxed))
    }

    /// The beginning of the next timer's tick, but not before that of the tick `earliest`. `None`:
    /// no timer expires however long a thread sleeps; there is none, or the clock is paused.
    fn start_of(&self, earliest: u64) -> Option<Instant> {
        // Ordering: Relaxed, as in `set_next`.
        let tick = self.next.load(Ordering::Relaxed);
        if tick == NEVER || self.is_paused() {
            return None;
        }
        let tick = tick.max(earliest);
        // A timer that is centuries away may count as none.
        let nanos = tick.checked_mul(1 << TICK_BITS)?;
        let deadline = self.start?.checked_add(Duration::from_nanos(nanos))?;
        Some(self.clock.by_system(deadline))
    }

    /// Has the next timer's tick begun?
    pub(crate) fn is_due(&self) -> bool {
        // Ordering: Relaxed, as in `set_next`.
        let next = self.next.load(Ordering::Relaxed);
        next != NEVER && next <= self.tick_at(self.present())
    }

    /// Calls the wakers of all timers that have expired. Returns their number.
    pub(crate) fn fire(&self) -> usize {
        let present = self.present();
        let mut fired = 0;
        let mut due = Vec::with_capacity(AT_ONCE);
        loop {
            let done = {
                let mut wheel = lock(&self.wheel);
                // (The clock may have been paused or resumed since.)
                let now = self.tick_at(present);
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

    /// Calls all wakers: the pool is closed, and no thread will look again.
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

/// A clock that can be paused. Lock order: the clock, then the wheel.
#[cfg(feature = "test-util")]
impl Timers {
    /// Pauses the clock. `false`: it is paused already.
    pub(crate) fn pause(&self) -> bool {
        let finer = |tick: u64| tick.saturating_mul(1 << TICK_BITS).min(NEVER - 1);
        self.clock.pause(|set| self.change_ticks(set, finer, finer))
    }

    /// The clock goes on. `false`: it is not paused.
    pub(crate) fn resume(&self) -> bool {
        // No deadline comes earlier, and none that is left has passed.
        let down = |tick: u64| tick >> TICK_BITS;
        let up = |tick: u64| tick.div_ceil(1 << TICK_BITS);
        self.clock.resume(|set| self.change_ticks(set, down, up))
    }

    /// The length of a tick becomes another one: that of the present, and those of deadlines.
    fn change_ticks(
        &self,
        set: &dyn Fn(),
        present: impl Fn(u64) -> u64,
        deadline: impl Fn(u64) -> u64,
    ) {
        let mut wheel = lock(&self.wheel);
        set();
        wheel.change_ticks(present, deadline);
        self.set_next(&wheel);
        // Ordering: Relaxed, as in `next_wake`.
        self.rest_until.store(0, Ordering::Relaxed);
    }

    /// Holds off all who look at the clock, if it is paused.
    pub(crate) fn hold(&self) -> Option<Still<'_>> {
        self.clock.hold()
    }

    /// Sets the clock to the deadline of the next timer. `false`: there is none.
    pub(crate) fn jump(&self, still: Still<'_>) -> bool {
        let wheel = lock(&self.wheel);
        // The copy of the next tick may be that of a timer which was removed.
        self.set_next(&wheel);
        let first = wheel.first();
        drop(wheel);
        let at = |nanos| self.start?.checked_add(Duration::from_nanos(nanos));
        let Some(to) = first.and_then(at) else {
            return false;
        };
        still.set(to);
        true
    }
}
