//! The layer that `--cfg manyhands_tsan` puts before std, for a build with ThreadSanitizer.
//!
//! std comes without the sanitizer's instrumentation. So the sanitizer misses what orders two
//! threads inside std: a contended lock, a sleep, a `OnceLock`. It also does not know fences. This
//! layer tells it of both: of a lock by its address, of all fences by one address.
//!
//! That orders more than fences do, so a race between two threads that both pass a fence in between
//! goes unseen. (Fences are checked by loom; this build checks plain memory on real threads.)

use super::backend::atomic::{AtomicPtr, Ordering};
use std::ffi::c_void;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult, WaitTimeoutResult};
use std::time::Duration;

// SAFETY: the names and types are those of the sanitizer's interface, `tsan_interface.h`.
unsafe extern "C" {
    fn __tsan_acquire(address: *mut c_void);
    fn __tsan_release(address: *mut c_void);
}

/// Tells the sanitizer that all that follows has seen what came before [`release`] of the same
/// address.
fn acquire<T: ?Sized>(of: *const T) {
    // SAFETY: the sanitizer uses the address as a name only.
    unsafe { __tsan_acquire(of.cast::<c_void>().cast_mut()) };
}

fn release<T: ?Sized>(of: *const T) {
    // SAFETY: as above.
    unsafe { __tsan_release(of.cast::<c_void>().cast_mut()) };
}

pub(crate) fn fence(order: Ordering) {
    static ALL: u8 = 0;
    std::sync::atomic::fence(order);
    if order != Ordering::Release {
        acquire(&raw const ALL);
    }
    if order != Ordering::Acquire {
        release(&raw const ALL);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    /// The guard of std. `None`: a condition variable has it.
    guard: Option<std::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    fn locked<'a>(&'a self, guard: std::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        acquire(self);
        let guard = Some(guard);
        MutexGuard { guard, mutex: self }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        match self.0.lock() {
            Ok(guard) => Ok(self.locked(guard)),
            Err(poisoned) => Err(PoisonError::new(self.locked(poisoned.into_inner()))),
        }
    }

    #[cfg_attr(not(feature = "tokio"), allow(dead_code))]
    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Ok(self.locked(guard)),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
            Err(TryLockError::Poisoned(poisoned)) => {
                let guard = self.locked(poisoned.into_inner());
                Err(TryLockError::Poisoned(PoisonError::new(guard)))
            }
        }
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("no wait is going on")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("no wait is going on")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        release(self.mutex);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex;
        let waiting = guard.guard.take().expect("no wait is going on");
        drop(guard);
        match self.0.wait(waiting) {
            Ok(guard) => Ok(mutex.locked(guard)),
            Err(poisoned) => Err(PoisonError::new(mutex.locked(poisoned.into_inner()))),
        }
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mutex = guard.mutex;
        let waiting = guard.guard.take().expect("no wait is going on");
        drop(guard);
        match self.0.wait_timeout(waiting, time) {
            Ok((guard, result)) => Ok((mutex.locked(guard), result)),
            Err(poisoned) => {
                let (guard, result) = poisoned.into_inner();
                Err(PoisonError::new((mutex.locked(guard), result)))
            }
        }
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// A `OnceLock` that the sanitizer sees into: std's says that it is full where the sanitizer does
/// not look.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: AtomicPtr<T>,
    filling: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self {
            value: AtomicPtr::new(ptr::null_mut()),
            filling: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // Ordering: Acquire pairs with the Release in `get_or_init`.
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: null, or from the `Box` below, which lives as long as `self`.
        unsafe { value.as_ref() }
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if self.get().is_none() {
            let _filling = super::lock(&self.filling);
            if self.get().is_none() {
                let value = Box::into_raw(Box::new(make()));
                // Ordering: Release pairs with the Acquire in `get`.
                self.value.store(value, Ordering::Release);
            }
        }
        self.get().expect("filled above")
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        let value = *self.value.get_mut();
        if !value.is_null() {
            // SAFETY: from the `Box` in `get_or_init`, and no borrow is left.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}
