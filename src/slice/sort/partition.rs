//! One step of a quicksort, by one thread or by several.

use super::swap::swap_mirrored;
use crate::iter::plumbing::fork;
use std::mem::ManuallyDrop;
use std::ptr;

/// The size in bytes above which items are moved as seldom as possible. Smaller items are moved
/// whenever that saves a branch.
const LARGE: usize = 96;

/// Brings the items for which `belongs_left` is true to the left, and returns their number.
///
/// Each item is asked about once. If that unwinds, the slice holds the same items in another
/// order.
pub(super) fn partition<T>(slice: &mut [T], belongs_left: impl Fn(&T) -> bool) -> usize {
    if size_of::<T>() > LARGE {
        by_swaps(slice, belongs_left)
    } else {
        cyclic(slice, belongs_left)
    }
}

/// Like [`partition`], by a thread for each pivot. There is at least one pivot.
///
/// Threads must not share a pivot, as it need not be `Sync`. So each thread takes one of its own.
/// Items between two pivots may come to either side, so the pivots should be neighbours.
pub(super) fn partition_shared<T, F>(slice: &mut [T], pivots: &mut [T], is_less: &F) -> usize
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    fork::check_cancelled();
    if let [pivot] = pivots {
        return partition(slice, |item| is_less(item, pivot));
    }
    let middle = slice.len() / pivots.len() * (pivots.len() / 2);
    let (pivots, pivots_after) = pivots.split_at_mut(pivots.len() / 2);
    let (front, back) = slice.split_at_mut(middle);
    let (in_front, in_back) = fork::join(
        || partition_shared(front, pivots, is_less),
        |_| partition_shared(back, pivots_after, is_less),
    );
    join_sides(slice, middle, in_front, in_back)
}

/// Joins two partitioned parts of a slice, `slice[..middle]` and `slice[middle..]`, whose left
/// sides have the given numbers of items. Returns the number of items on the common left side.
pub(super) fn join_sides<T: Send>(
    slice: &mut [T],
    middle: usize,
    in_front: usize,
    in_back: usize,
) -> usize {
    let (front, back) = slice.split_at_mut(middle);
    // The right side of the front and the left side of the back change places. Of the longer one,
    // only as many items move as the other has.
    let wrong = (front.len() - in_front).min(in_back);
    let right = &mut front[in_front..][..wrong];
    let left = &mut back[in_back - wrong..in_back];
    swap_mirrored(right, left);
    in_front + in_back
}

/// Swaps each item of the wrong side with one of the other side.
fn by_swaps<T>(slice: &mut [T], belongs_left: impl Fn(&T) -> bool) -> usize {
    let (mut left, mut right) = (0, slice.len());
    loop {
        while left < right && belongs_left(&slice[left]) {
            left += 1;
        }
        // The search for the last item that does not belong to the right.
        while left < right && !belongs_left(&slice[right - 1]) {
            right -= 1;
        }
        if left == right {
            return left;
        }
        right -= 1;
        slice.swap(left, right);
        left += 1;
    }
}

/// Partitions by moving every item, so that no branch depends on an answer, which cannot be
/// predicted.
///
/// The items in front of the gap are divided already: `left` of them belong to the left, and come
/// first. The item behind the gap goes to the end of the left side, and the item that stood there
/// goes into the gap, which moves on. So only the count of the left side decides to which side the
/// next item comes.
fn cyclic<T>(slice: &mut [T], belongs_left: impl Fn(&T) -> bool) -> usize {
    let len = slice.len();
    if len == 0 {
        return 0;
    }
    let base = slice.as_mut_ptr();
    // SAFETY: the first place, of at least one. It is the gap from here on. In any case `held`
    // comes back into the slice, by `fill` or by the drop of `gap`.
    let held = ManuallyDrop::new(unsafe { ptr::read(base) });
    let mut gap = Gap {
        held: &*held,
        place: base,
    };
    let mut left = 0;
    for next in 1..len {
        // SAFETY: `next` is less than the length, and `left` less than `next`; all places hold
        // items, except the gap, which is neither asked about nor copied from.
        unsafe {
            let item = base.add(next);
            let goes_left = belongs_left(&*item);
            let end = base.add(left);
            ptr::copy(end, gap.place, 1);
            ptr::copy_nonoverlapping(item, end, 1);
            gap.place = item;
            left += usize::from(goes_left);
        }
    }
    // The held item comes last.
    let goes_left = belongs_left(&held);
    // SAFETY: `left` is less than the length. The item that stands there goes into the gap, and
    // leaves its place to the held one, when `gap` is dropped.
    unsafe {
        let end = base.add(left);
        ptr::copy(end, gap.place, 1);
        gap.place = end;
    }
    left + usize::from(goes_left)
}

/// The place of a slice whose item is held elsewhere. The item comes back when this is dropped.
struct Gap<'a, T> {
    held: &'a T,
    place: *mut T,
}

impl<T> Drop for Gap<'_, T> {
    fn drop(&mut self) {
        // SAFETY: made by `cyclic`: the place is one of its slice, and holds no item.
        unsafe { ptr::copy_nonoverlapping(self.held, self.place, 1) }
    }
}
