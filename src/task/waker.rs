//! Wakers: counted references to tasks, in the form that std prescribes.

use super::How;
use super::cell::{self, Header};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::task::{RawWaker, RawWakerVTable, Waker};

/// The vtable of all tasks' wakers: there is only one, so `will_wake` compares just the cell's
/// address.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker that has no reference of its own.
#[derive(Debug)]
pub(super) struct Borrowed(ManuallyDrop<Waker>);

impl Deref for Borrowed {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

/// The waker that a task is polled with. Only clones of it count.
///
/// # Safety
///
/// The caller has a reference as long as the result lives.
pub(super) unsafe fn borrow(task: NonNull<Header>) -> Borrowed {
    // SAFETY: the functions of the vtable below keep the contract of `RawWaker`: they work on any
    // thread, and the data pointer is good while the reference is.
    Borrowed(ManuallyDrop::new(unsafe { Waker::from_raw(raw(task)) }))
}

/// Is it the waker of a task of this crate?
#[inline]
pub(super) fn is_ours(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &VTABLE)
}

/// Wakes by a join waker: what it awaits has ended.
#[inline]
pub(super) fn wake_awaiter(waker: &Waker) {
    if is_ours(waker) {
        // SAFETY: the waker has a reference, which keeps the cell.
        unsafe { cell::wake(task(waker.data()), How::Join) };
    } else {
        waker.wake_by_ref();
    }
}

fn raw(task: NonNull<Header>) -> RawWaker {
    RawWaker::new(task.as_ptr().cast_const().cast(), &VTABLE)
}

/// # Safety
///
/// `data` is that of a waker made by `raw`.
unsafe fn task(data: *const ()) -> NonNull<Header> {
    // SAFETY: it was made of a non-null pointer.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker has a reference (or borrows one), which keeps the cell.
    unsafe {
        let task = task(data);
        task.as_ref().state.add_ref();
        raw(task)
    }
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's reference is ours for the wake, and given up after it.
    unsafe {
        let task = task(data);
        cell::wake(task, How::Wake);
        cell::release(task);
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker has a reference (or borrows one), which keeps the cell.
    unsafe { cell::wake(task(data), How::Wake) }
}

unsafe fn drop(data: *const ()) {
    // SAFETY: the waker's reference is given up.
    unsafe { cell::release(task(data)) }
}
