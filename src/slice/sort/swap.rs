//! Swaps, by one thread or by several.

use crate::iter::plumbing::fork;
use std::mem;

/// The number of items below which one thread swaps all.
const BLOCK: usize = 1 << 14;

/// Reverses the order of the items.
pub(super) fn reverse<T: Send>(slice: &mut [T]) {
    let half = slice.len() / 2;
    let (front, rest) = slice.split_at_mut(half);
    let back = rest.len() - half;
    swap_mirrored(front, &mut rest[back..]);
}

/// Swaps the first item of `front` with the last one of `back`, and so on: as many items.
pub(super) fn swap_mirrored<T: Send>(front: &mut [T], back: &mut [T]) {
    let len = front.len();
    if len < BLOCK || !fork::is_hungry() {
        for (a, b) in front.iter_mut().zip(back.iter_mut().rev()) {
            mem::swap(a, b);
        }
        return;
    }
    let (outer, inner) = front.split_at_mut(len / 2);
    let (inner_back, outer_back) = back.split_at_mut(len - len / 2);
    fork::join(
        || swap_mirrored(outer, outer_back),
        |_| swap_mirrored(inner, inner_back),
    );
}
