//! Concatenation: several `Vec`s become one, in parallel.
//!
//! The places of a piece follow from the lengths of those before it, so every piece can be copied
//! on its own. Copying cannot panic, and nothing here checks for cancellation. So each item is
//! owned by its piece until that is copied, and by the target's spare capacity until all are
//! copied.

use crate::iter::plumbing::fork;
use std::collections::LinkedList;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// The size in bytes from which several threads copy.
const WORTH_FORKING_BYTES: usize = 1 << 18;

/// Appends the items of all pieces to `vec`, in order. If `vec` is empty and too small, it becomes
/// the first piece, so that only the others are copied.
pub(crate) fn append<T: Send>(vec: &mut Vec<T>, pieces: LinkedList<Vec<T>>) {
    let mut pieces: Vec<Vec<T>> = pieces.into_iter().collect();
    let total: usize = pieces.iter().map(Vec::len).sum();
    if vec.is_empty() && vec.capacity() < total {
        // An empty `Vec` takes the place of the first piece.
        mem::swap(vec, &mut pieces[0]);
    }
    let len = vec.len();
    let more: usize = pieces.iter().map(Vec::len).sum();
    vec.reserve(more);
    move_all(&mut pieces, &mut vec.spare_capacity_mut()[..more]);
    // SAFETY: `move_all` has initialised this many places behind the old length, all within the
    // capacity.
    unsafe { vec.set_len(len + more) }
}

/// Moves all items to `places`, of which there are as many.
fn move_all<T: Send>(pieces: &mut [Vec<T>], places: &mut [MaybeUninit<T>]) {
    let (left, right) = match pieces {
        [] => return,
        [piece] => return move_one(piece, places),
        _ => pieces.split_at_mut(pieces.len() / 2),
    };
    let in_left = left.iter().map(|piece| piece.len()).sum();
    let is_long = mem::size_of_val(places) >= WORTH_FORKING_BYTES;
    let (left_places, right_places) = places.split_at_mut(in_left);
    if is_long {
        fork::join_anywhere(
            || move_all(left, left_places),
            || move_all(right, right_places),
        );
    } else {
        move_all(left, left_places);
        move_all(right, right_places);
    }
}

fn move_one<T>(piece: &mut Vec<T>, places: &mut [MaybeUninit<T>]) {
    let len = piece.len();
    assert_eq!(len, places.len());
    // SAFETY: both are valid for `len` items (asserted), and do not overlap, as one is borrowed
    // uniquely. The piece gives its items up, so that each is owned once.
    unsafe {
        piece.set_len(0);
        ptr::copy_nonoverlapping(piece.as_ptr(), places.as_mut_ptr().cast(), len);
    }
}
