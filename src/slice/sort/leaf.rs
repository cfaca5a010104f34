//! The pieces that one thread sorts: by std's sorts, which are the fastest.
//!
//! std's sorts panic when they notice that an order contradicts itself. That depends on what a
//! piece holds. A few NaNs that equal everything are noticed more often in a piece than in the
//! whole slice. So such a panic ends here, and the piece is sorted by simpler means, which notice
//! nothing. (The panic hook is called all the same.) A panic of the comparison goes on.

use super::neighbours::merge_neighbours;
use std::cell::Cell;
use std::cmp::Ordering;
use std::mem::{self, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The length below which items are inserted one after the other.
const SHORT: usize = 20;

/// Sorts; equal items may change their order.
pub(super) fn sort_unstable<T>(slice: &mut [T], is_less: &impl Fn(&T, &T) -> bool) {
    let unwound = Cell::new(false);
    let len = slice.len();
    let sort = || slice.sort_unstable_by(ordering(is_less, &unwound));
    if is_refused(len, sort, &unwound) {
        heap_sort(slice, is_less);
    }
}

/// Sorts; equal items keep their order.
pub(super) fn sort_stable<T, F>(slice: &mut [T], is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let unwound = Cell::new(false);
    let len = slice.len();
    let sort = || slice.sort_by(ordering(is_less, &unwound));
    if is_refused(len, sort, &unwound) {
        let mut buffer = Vec::with_capacity(slice.len());
        let spare = &mut buffer.spare_capacity_mut()[..slice.len()];
        merge_sort(slice, spare, is_less);
    }
}

/// An ordering for std's sorts, which look only for "less". Notes in `unwound` when `is_less`
/// unwinds.
fn ordering<T>(
    is_less: &impl Fn(&T, &T) -> bool,
    unwound: &Cell<bool>,
) -> impl Fn(&T, &T) -> Ordering {
    struct Note<'a>(&'a Cell<bool>);
    impl Drop for Note<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    move |a, b| {
        let note = Note(unwound);
        let is_less = is_less(a, b);
        mem::forget(note);
        if is_less {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    }
}

/// Runs one of std's sorts on `len` items. Did it panic by itself?
fn is_refused(len: usize, sort: impl FnOnce(), unwound: &Cell<bool>) -> bool {
    if len < SHORT {
        // Then std inserts, too, and notices nothing.
        sort();
        return false;
    }
    match catch_unwind(AssertUnwindSafe(sort)) {
        Ok(()) => false,
        Err(payload) if unwound.get() => resume_unwind(payload),
        Err(_) => true,
    }
}

/// Sorts as a heap. It swaps items, so it loses none, and it ends, whatever `is_less` says.
pub(super) fn heap_sort<T>(slice: &mut [T], is_less: &impl Fn(&T, &T) -> bool) {
    for root in (0..slice.len() / 2).rev() {
        sift_down(slice, root, is_less);
    }
    for end in (1..slice.len()).rev() {
        slice.swap(0, end);
        sift_down(&mut slice[..end], 0, is_less);
    }
}

/// Moves the item at `root` down the heap, until no child of it is greater.
fn sift_down<T>(heap: &mut [T], mut root: usize, is_less: &impl Fn(&T, &T) -> bool) {
    loop {
        let mut child = 2 * root + 1;
        if child >= heap.len() {
            return;
        }
        if child + 1 < heap.len() && is_less(&heap[child], &heap[child + 1]) {
            child += 1;
        }
        if !is_less(&heap[root], &heap[child]) {
            return;
        }
        heap.swap(root, child);
        root = child;
    }
}

/// Sorts by merges; equal items keep their order. `buffer` is as long as the slice.
fn merge_sort<T, F>(slice: &mut [T], buffer: &mut [MaybeUninit<T>], is_less: &F)
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    let len = slice.len();
    if len < SHORT {
        for end in 1..len {
            let belongs = (0..end)
                .rev()
                .take_while(|&place| is_less(&slice[end], &slice[place]));
            let place = end - belongs.count();
            slice[place..=end].rotate_right(1);
        }
        return;
    }
    let middle = len / 2;
    merge_sort(&mut slice[..middle], &mut buffer[..middle], is_less);
    merge_sort(&mut slice[middle..], &mut buffer[middle..], is_less);
    merge_neighbours(slice, middle, buffer, is_less);
}
