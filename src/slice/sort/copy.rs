//! Items that come back from a buffer to the slice that they are from.

use crate::iter::plumbing::fork;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// Items that one thread copies before it asks whether anybody would help.
const BLOCK: usize = 1 << 14;

/// Copies the items to the slice; all of them, also if this unwinds.
///
/// # Safety
///
/// The buffer holds bitwise copies of the items of the slice, each item once.
///
/// # Panics
///
/// If the buffer is not as long as the slice.
pub(super) unsafe fn copy_back<T: Send>(buffer: &mut [MaybeUninit<T>], slice: &mut [T]) {
    assert_eq!(buffer.len(), slice.len());
    let places: *mut MaybeUninit<T> = slice.as_mut_ptr().cast();
    // SAFETY: memory for as many items, borrowed uniquely. When this function is left, however it
    // is, each place has been written to, and so the slice holds all its items (our caller).
    let places = unsafe { std::slice::from_raw_parts_mut(places, slice.len()) };
    CopyBack { buffer, places }.share();
}

/// Bits that are copied when this is dropped.
struct CopyBack<'a, T> {
    buffer: &'a mut [MaybeUninit<T>],
    /// As many.
    places: &'a mut [MaybeUninit<T>],
}

impl<T: Send> CopyBack<'_, T> {
    /// Copies, with whoever helps.
    fn share(mut self) {
        if self.places.len() < 2 * BLOCK || !fork::is_hungry() {
            return;
        }
        let middle = self.places.len() / 2;
        let (buffer, buffer_after) = mem::take(&mut self.buffer).split_at_mut(middle);
        let (places, places_after) = mem::take(&mut self.places).split_at_mut(middle);
        let front = CopyBack { buffer, places };
        let back = CopyBack {
            buffer: buffer_after,
            places: places_after,
        };
        fork::join(|_| front.share(), |_| back.share());
    }
}

impl<T> Drop for CopyBack<'_, T> {
    fn drop(&mut self) {
        let (from, to) = (self.buffer.as_ptr(), self.places.as_mut_ptr());
        // SAFETY: both are valid for as many (see the fields), and uniquely borrowed.
        unsafe { ptr::copy_nonoverlapping(from, to, self.places.len()) }
    }
}
