//! The parallel copy of items from a buffer back to their slice.

use crate::iter::plumbing::fork;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// The number of items that a thread copies before it asks whether another would help.
const BLOCK: usize = 1 << 14;

/// Copies all items to the slice, even if this unwinds.
///
/// # Safety
///
/// The buffer holds bitwise copies of the items of the slice, each item once.
///
/// # Panics
///
/// Panics if the buffer is not as long as the slice.
pub(super) unsafe fn copy_back<T: Send>(buffer: &mut [MaybeUninit<T>], slice: &mut [T]) {
    assert_eq!(buffer.len(), slice.len());
    let places: *mut MaybeUninit<T> = slice.as_mut_ptr().cast();
    // SAFETY: memory for as many items, borrowed uniquely. When this function returns or unwinds,
    // each place has been written to. So the slice holds all its items (the caller's promise).
    let places = unsafe { std::slice::from_raw_parts_mut(places, slice.len()) };
    CopyBack { buffer, places }.share();
}

/// A copy that is made when this is dropped.
struct CopyBack<'a, T> {
    buffer: &'a mut [MaybeUninit<T>],
    /// The places to which the bits go: as many.
    places: &'a mut [MaybeUninit<T>],
}

impl<T: Send> CopyBack<'_, T> {
    /// Copies, together with threads that help.
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
        fork::join(|| front.share(), |_| back.share());
    }
}

impl<T> Drop for CopyBack<'_, T> {
    fn drop(&mut self) {
        let (from, to) = (self.buffer.as_ptr(), self.places.as_mut_ptr());
        // SAFETY: both are valid for as many items (see the fields), and uniquely borrowed.
        unsafe { ptr::copy_nonoverlapping(from, to, self.places.len()) }
    }
}
