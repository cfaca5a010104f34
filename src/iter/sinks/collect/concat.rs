//! Concatenation: several `Vec`s become one, in parallel.
//!
//! The places of a piece follow from the lengths of those before it, so every piece can be copied
//! on its own. Invariant concat.M1: from [`give`] until the target's length is set, an item has no
//! owner. Copying cannot panic, and nothing here checks for cancellation; if something unwound
//! nevertheless, items would leak.

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
    let takes_first = vec.is_empty() && vec.capacity() < total;
    if takes_first {
        // An empty `Vec` takes the place of the first piece.
        mem::swap(vec, &mut pieces[0]);
    }
    let len = vec.len();
    let more: usize = pieces.iter().map(Vec::len).sum();
    vec.reserve(more);
    let part_len = WORTH_FORKING_BYTES / mem::size_of::<T>().max(1);
    let given = pieces.iter_mut().map(give);
    let mut parts: Vec<_> = given
        .flat_map(|items| items.chunks_mut(part_len.max(1)))
        .collect();
    move_all(&mut parts, &mut vec.spare_capacity_mut()[..more]);
    // SAFETY: concat.M1: `move_all` has moved this many items to the places behind the old length,
    // all within the capacity, and nobody else owns them.
    unsafe { vec.set_len(len + more) }
    // The first piece may have made room for items that did not come.
    if takes_first && vec.capacity() / 4 > total {
        vec.shrink_to_fit();
    }
}

/// The items of a piece, which owns them no longer.
fn give<T>(piece: &mut Vec<T>) -> &mut [MaybeUninit<T>] {
    let len = piece.len();
    // SAFETY: 0 is within the capacity. The items stay where they are, without an owner
    // (concat.M1).
    unsafe { piece.set_len(0) };
    &mut piece.spare_capacity_mut()[..len]
}

/// Moves all items to `places`, of which there are as many.
fn move_all<T: Send>(parts: &mut [&mut [MaybeUninit<T>]], places: &mut [MaybeUninit<T>]) {
    let (left, right) = match parts {
        [] => return,
        [part] => return move_one(part, places),
        _ => parts.split_at_mut(parts.len() / 2),
    };
    let in_left = left.iter().map(|part| part.len()).sum();
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

fn move_one<T>(part: &mut [MaybeUninit<T>], places: &mut [MaybeUninit<T>]) {
    let len = part.len();
    assert_eq!(len, places.len());
    // SAFETY: both are valid for `len` items (asserted), and do not overlap, as both are borrowed
    // uniquely. Whether items are there does not matter: they are copied as they are.
    unsafe { ptr::copy_nonoverlapping(part.as_ptr(), places.as_mut_ptr(), len) }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::append;
    use std::collections::LinkedList;
    use std::sync::Arc;

    #[test]
    fn long_pieces_are_moved_in_parts() {
        // Pieces of 800 kB, of none, and of 560 kB.
        let lens = [100_000, 3, 0, 70_000, 1];
        let pieces = || -> LinkedList<Vec<usize>> {
            let piece = |(n, &len): (usize, &usize)| (0..len).map(|x| x * 8 + n).collect();
            lens.iter().enumerate().map(piece).collect()
        };
        let expected: Vec<usize> = pieces().into_iter().flatten().collect();
        for (before, room) in [(0, 0), (0, 200_000), (2, 0), (2, 200_000)] {
            let mut vec = vec![7; before];
            vec.reserve(room);
            append(&mut vec, pieces());
            assert!(vec[..before].iter().all(|&x| x == 7));
            assert!(vec[before..] == expected, "{before} {room}");
        }
    }

    #[test]
    fn items_have_one_owner() {
        let item = Arc::new(());
        let piece = |len: usize| vec![Arc::clone(&item); len];
        let pieces: LinkedList<_> = [piece(3), piece(80_000), piece(50_000)].into();
        let mut vec = piece(1);
        append(&mut vec, pieces);
        assert_eq!((vec.len(), Arc::strong_count(&item)), (130_004, 130_005));
        drop(vec);
        assert_eq!(Arc::strong_count(&item), 1);
    }

    #[test]
    fn items_without_a_size() {
        let mut vec = vec![(); 3];
        append(&mut vec, [vec![(); 1_000_000], vec![(); 5]].into());
        assert_eq!(vec.len(), 1_000_008);
    }

    #[test]
    fn room_that_was_not_needed_is_given_back() {
        let mut first = Vec::with_capacity(10_000);
        first.extend(0..10);
        let mut vec = Vec::new();
        append(&mut vec, [first, vec![10]].into());
        assert!(vec.into_iter().eq(0..11));
        let mut first = Vec::with_capacity(10_000);
        first.extend(0..10);
        let mut vec = Vec::new();
        append(&mut vec, [first].into());
        assert!(vec.capacity() <= 40);
        // What the caller has reserved stays.
        let mut vec = Vec::with_capacity(10_000);
        append(&mut vec, [vec![1_u8]].into());
        assert!(vec.capacity() >= 10_000);
    }
}
