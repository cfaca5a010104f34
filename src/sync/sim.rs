//! The layer that feature `sim` puts before std: where a thread of a simulation would sleep or spin
//! in the system, it asks the simulation instead.
//!
//! A thread that is none of a simulation pays a look at a thread-local, and uses std's.

use crate::sim::{self, Kind, Line};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::time::Duration;

pub(crate) mod hint {
    use crate::sim::{self, Kind};

    #[inline]
    pub(crate) fn spin_loop() {
        if sim::is_on() {
            sim::point(Kind::Spin);
        } else {
            std::hint::spin_loop();
        }
    }
}

pub(crate) mod thread {
    use crate::sim::{self, Kind};

    #[inline]
    pub(crate) fn yield_now() {
        if sim::is_on() {
            sim::point(Kind::Yield);
        } else {
            std::thread::yield_now();
        }
    }
}

/// Nobody of a simulation has the lock.
const FREE: u32 = 0;
/// A thread of a simulation has it.
const HELD: u32 = 1;
/// The same, and others of the simulation sleep until it is free.
const WANTED: u32 = 2;

#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    inner: std::sync::Mutex<T>,
    /// [`FREE`], [`HELD`] or [`WANTED`].
    held: AtomicU32,
    line: Line,
}

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    /// The guard of std. `None`: a condition variable has it.
    guard: Option<std::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            inner: std::sync::Mutex::new(value),
            held: AtomicU32::new(FREE),
            line: Line::new(),
        }
    }

    fn place(&self) -> usize {
        std::ptr::from_ref(self).cast::<u8>().addr()
    }

    fn guard<'a>(&'a self, guard: std::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let guard = Some(guard);
        MutexGuard { guard, mutex: self }
    }

    fn result<'a>(
        &'a self,
        result: LockResult<std::sync::MutexGuard<'a, T>>,
    ) -> LockResult<MutexGuard<'a, T>> {
        match result {
            Ok(guard) => Ok(self.guard(guard)),
            Err(poisoned) => Err(PoisonError::new(self.guard(poisoned.into_inner()))),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        if sim::is_on() {
            return self.lock_in_simulation();
        }
        self.result(self.inner.lock())
    }

    fn lock_in_simulation(&self) -> LockResult<MutexGuard<'_, T>> {
        sim::touch(&self.line);
        let mut state = HELD;
        loop {
            let taken = match self.inner.try_lock() {
                Ok(guard) => Some(Ok(guard)),
                Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
                // Ordering: Relaxed; the thread with the baton is the only one that changes it.
                // Held by a thread that is none of a simulation: it does not need the baton.
                Err(TryLockError::WouldBlock) if self.held.load(Ordering::Relaxed) == FREE => {
                    Some(self.inner.lock())
                }
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(taken) = taken {
                // Ordering: Relaxed, as above.
                self.held.store(state, Ordering::Relaxed);
                return self.result(taken);
            }
            state = WANTED;
            sim::note(Kind::Contended);
            let is_held = || {
                // Ordering: AcqRel; pairs with the swap in `free`, for threads outside the baton.
                self.held.swap(WANTED, Ordering::AcqRel) != FREE
            };
            let slept = sim::sleep(self.place(), None, is_held);
            debug_assert!(slept.is_some());
        }
    }

    /// Before the lock is given up; tells whether others sleep.
    fn free(&self) -> bool {
        // Ordering: AcqRel, as in `lock_in_simulation`.
        self.held.load(Ordering::Relaxed) != FREE
            && self.held.swap(FREE, Ordering::AcqRel) == WANTED
    }

    #[cfg_attr(not(feature = "tokio"), allow(dead_code))]
    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        if sim::is_on() {
            sim::touch(&self.line);
        }
        let taken = match self.inner.try_lock() {
            Ok(guard) => Ok(self.guard(guard)),
            Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            Err(TryLockError::Poisoned(poisoned)) => {
                let guard = self.guard(poisoned.into_inner());
                Err(TryLockError::Poisoned(PoisonError::new(guard)))
            }
        };
        if sim::is_on() {
            // Ordering: Relaxed, as in `lock_in_simulation`.
            self.held.store(HELD, Ordering::Relaxed);
        }
        taken
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.guard.as_ref().expect("no wait is going on")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("no wait is going on")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        let wanted = self.mutex.free();
        drop(guard);
        if wanted {
            sim::wake_quietly(self.mutex.place());
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar {
    inner: std::sync::Condvar,
}

/// Did a wait end because its time has passed?
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self {
            inner: std::sync::Condvar::new(),
        }
    }

    fn place(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex;
        if sim::is_on() {
            sim::sleep_releasing(self.place(), None, || drop(guard));
            return mutex.lock();
        }
        let inner = guard.guard.take().expect("no wait is going on");
        mutex.result(self.inner.wait(inner))
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mutex = guard.mutex;
        if sim::is_on() {
            let over = sim::sleep_releasing(self.place(), Some(time), || drop(guard));
            let result = WaitTimeoutResult(over == Some(true));
            return match mutex.lock() {
                Ok(guard) => Ok((guard, result)),
                Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
            };
        }
        let inner = guard.guard.take().expect("no wait is going on");
        let (result, over) = match self.inner.wait_timeout(inner, time) {
            Ok((guard, over)) => (Ok(guard), over),
            Err(poisoned) => {
                let (guard, over) = poisoned.into_inner();
                (Err(PoisonError::new(guard)), over)
            }
        };
        let over = WaitTimeoutResult(over.timed_out());
        match mutex.result(result) {
            Ok(guard) => Ok((guard, over)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), over))),
        }
    }

    pub(crate) fn notify_one(&self) {
        if !sim::wake(self.place(), false) {
            self.inner.notify_one();
        }
    }

    pub(crate) fn notify_all(&self) {
        sim::wake(self.place(), true);
        self.inner.notify_all();
    }
}
