//! A queue of pointers whose owner works at both of its ends, and thieves at its front.
//!
//! crossbeam's deque lets its owner take from one end only, and the ready tasks of a seat need
//! both: the main loop takes the oldest one, and a task that awaits another one takes or marks what
//! it has spawned last. The algorithm is that of Chase and Lev ("Dynamic circular work-stealing
//! deque", 2005), with the orderings of Lê and others (2013), except that what leaves at the front
//! is taken in the same way by all, and that the stores to `back` release.
//!
//! A *marked* element is one that its owner has no more use for, at a place that it cannot take it
//! from. The mark is the lowest bit of the pointer. It changes nothing for thieves; the owner takes
//! marked elements off the back when they come to lie there ([`Ring::sweep`]).
//!
//! * ring.R1: whoever moves `front` from `n` to `n + 1` has taken element `n`. The owner has taken
//!   element `n` also by moving `back` from `n + 1` to `n`, if `front` was below `n` then.
//! * ring.R2: an element is at the same index for as long as it is in the ring. A place is written
//!   anew only when `front` has passed its former index, so a thief that has read what stood there
//!   before fails to move `front`. (The owner may mark an element that a thief is taking: both see
//!   the same element.)
//! * ring.R3: a buffer that was too small stays until the end. So a thief may read an old one,
//!   which holds what it held when it was left: a thief that finds an element behind that has seen
//!   the new one as well. All buffers together take twice as much as the last one.

use super::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};
use super::deque::Steal;
use std::fmt;
use std::ptr::{self, NonNull};

/// The places of the first buffer.
const FIRST: usize = if cfg!(manyhands_model) { 2 } else { 64 };

/// How far from the back a mark looks for its element.
const NEAR: usize = 8;

/// Set in the address of a marked element.
const MARK: usize = 1;

/// Set in the address of an element that was pushed as a new one.
const NEW: usize = 2;

/// A queue of pointers to `T`.
pub(crate) struct Ring<T> {
    /// The index of the oldest element. It only grows (and wraps).
    front: AtomicUsize,
    /// The index behind the newest element. Written by the owner.
    back: AtomicUsize,
    /// Written by the owner.
    buffer: AtomicPtr<Buffer<T>>,
}

struct Buffer<T> {
    /// A power of two.
    places: Box<[AtomicPtr<T>]>,
    /// The buffer before this one (ring.R3), or null. Not a box: thieves may be reading it.
    before: *mut Buffer<T>,
}

impl<T> Buffer<T> {
    fn new(places: usize, before: *mut Self) -> Self {
        let places = (0..places).map(|_| AtomicPtr::new(ptr::null_mut()));
        let places = places.collect();
        Self { places, before }
    }

    fn leaked(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }

    #[inline]
    fn place(&self, index: usize) -> &AtomicPtr<T> {
        &self.places[index & (self.places.len() - 1)]
    }
}

/// The element that a place holds, without its bits.
#[inline]
fn unmarked<T>(held: *mut T) -> Option<NonNull<T>> {
    NonNull::new(held.map_addr(|address| address & !(MARK | NEW)))
}

/// Does a place hold this element, and not marked?
#[inline]
fn holds<T>(held: *mut T, element: NonNull<T>) -> bool {
    held.addr() & !NEW == element.as_ptr().addr()
}

/// Anybody.
impl<T> Ring<T> {
    pub(crate) fn new() -> Self {
        // Near the end of the numbers, so that every run passes it.
        Self::starting_at(usize::MAX - 1)
    }

    fn starting_at(index: usize) -> Self {
        const { assert!(align_of::<T>() > MARK | NEW) };
        Self {
            front: AtomicUsize::new(index),
            back: AtomicUsize::new(index),
            buffer: AtomicPtr::new(Buffer::new(FIRST, ptr::null_mut()).leaked()),
        }
    }

    /// The number of elements. To others than the owner a snapshot.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Ordering: Relaxed; thieves put a fence before they look, or it is a hint (sync.I1).
        let front = self.front.load(Ordering::Relaxed);
        length(front, self.back.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn buffer(&self) -> &Buffer<T> {
        // Ordering: Acquire pairs with the Release in `grow`: what was copied is seen.
        let buffer = self.buffer.load(Ordering::Acquire);
        // SAFETY: ring.R3: buffers live as long as the ring.
        unsafe { &*buffer }
    }

    /// Takes the oldest element, as a thief.
    pub(crate) fn steal(&self) -> Steal<NonNull<T>> {
        // Ordering: Acquire, so that `back` is read later. SeqCst fence; pairs with the one in
        // `pop_back`: either the owner sees that this element is gone, or this thief sees that the
        // owner has taken it. Acquire pairs with the Release of every store to `back`: the element
        // is seen in its place, and what it points to.
        let front = self.front.load(Ordering::Acquire);
        fence(Ordering::SeqCst);
        let back = self.back.load(Ordering::Acquire);
        if length(front, back) == 0 {
            return Steal::Empty;
        }
        // Ordering: Relaxed; see above.
        let held = self.buffer().place(front).load(Ordering::Relaxed);
        // Ordering: SeqCst, to be in one order with the fence and the exchange of `pop_back`.
        let moved = self.front.compare_exchange(
            front,
            front.wrapping_add(1),
            Ordering::SeqCst,
            Ordering::Relaxed,
        );
        match (moved, unmarked(held)) {
            (Ok(_), Some(element)) => Steal::Success(element),
            _ => Steal::Retry,
        }
    }
}

/// The number of elements between two indexes. (For a moment `back` is below `front`: `pop_back`.)
#[inline]
fn length(front: usize, back: usize) -> usize {
    (back.wrapping_sub(front) as isize).max(0) as usize
}

/// The owner. Each of these takes for granted that no other thread is in one of them.
impl<T> Ring<T> {
    /// Takes about half of the elements of another ring as a thief, at most `most`: all but the
    /// oldest, which is returned, are pushed here.
    ///
    /// # Safety
    ///
    /// The caller is the owner of `self`.
    pub(crate) unsafe fn steal_from(&self, victim: &Self, most: usize) -> Steal<NonNull<T>> {
        let mut more = most.min(victim.len().div_ceil(2));
        let first = victim.steal();
        while matches!(first, Steal::Success(_)) && more > 1 {
            let Steal::Success(next) = victim.steal() else {
                break;
            };
            // SAFETY: the caller's promise.
            unsafe { self.push(next, false) };
            more -= 1;
        }
        first
    }

    /// Another element, at the back. [`take_new`](Self::take_new) takes `new` ones only.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    #[inline]
    pub(crate) unsafe fn push(&self, element: NonNull<T>, new: bool) {
        // Ordering: Relaxed for what only the owner writes. Acquire pairs with the exchange of
        // thieves: they have read the place that is written anew (ring.R2).
        let back = self.back.load(Ordering::Relaxed);
        let front = self.front.load(Ordering::Acquire);
        let mut buffer = self.buffer();
        if length(front, back) >= buffer.places.len() {
            buffer = self.grow(buffer, front, back);
        }
        // Ordering: Relaxed; the store to `back` hands it over. Release pairs with the Acquire in
        // `steal`.
        let place = buffer.place(back);
        let bits = if new { NEW } else { 0 };
        let held = element.as_ptr().map_addr(|address| address | bits);
        place.store(held, Ordering::Relaxed);
        self.back.store(back.wrapping_add(1), Ordering::Release);
    }

    #[cold]
    #[inline(never)]
    fn grow(&self, buffer: &Buffer<T>, front: usize, back: usize) -> &Buffer<T> {
        let size = buffer.places.len();
        // Ordering: Relaxed; the owner has written it.
        let larger = Buffer::new(2 * size, self.buffer.load(Ordering::Relaxed));
        let mut index = front;
        while index != back {
            // Ordering: Relaxed; the owner has written all of them.
            let held = buffer.place(index).load(Ordering::Relaxed);
            larger.place(index).store(held, Ordering::Relaxed);
            index = index.wrapping_add(1);
        }
        // Ordering: Release pairs with the Acquire in `buffer`.
        self.buffer.store(larger.leaked(), Ordering::Release);
        self.buffer()
    }

    /// Takes the oldest element.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    #[inline]
    pub(crate) unsafe fn pop_front(&self) -> Option<NonNull<T>> {
        loop {
            // Ordering: Relaxed for all. The owner has written `back`, the places and what they
            // point to; nobody else hands anything over here.
            let front = self.front.load(Ordering::Relaxed);
            if length(front, self.back.load(Ordering::Relaxed)) == 0 {
                return None;
            }
            let held = self.buffer().place(front).load(Ordering::Relaxed);
            let next = front.wrapping_add(1);
            let (moved, kept) = (Ordering::Relaxed, Ordering::Relaxed);
            if self
                .front
                .compare_exchange(front, next, moved, kept)
                .is_ok()
            {
                return unmarked(held);
            }
        }
    }

    /// The index of the newest element, or of the one before the next.
    #[inline]
    pub(crate) fn newest_index(&self) -> usize {
        // Ordering: Relaxed; only the owner writes it, and for others it is a number.
        self.back.load(Ordering::Relaxed).wrapping_sub(1)
    }

    /// What lies at the back, if thieves have not come so far.
    #[inline]
    fn newest(&self) -> Option<*mut T> {
        // Ordering: Relaxed, as in `pop_front`.
        let back = self.back.load(Ordering::Relaxed);
        let front = self.front.load(Ordering::Relaxed);
        let newest = back.wrapping_sub(1);
        let is_there = length(front, back) > 0;
        is_there.then(|| self.buffer().place(newest).load(Ordering::Relaxed))
    }

    /// Takes the newest element. `None`: a thief has it.
    #[inline]
    fn pop_back(&self) -> Option<NonNull<T>> {
        // Ordering: Relaxed to read what only the owner writes. Release for all stores: a thief
        // that reads one of them must see the older elements. SeqCst fence, as in `steal`.
        let back = self.back.load(Ordering::Relaxed).wrapping_sub(1);
        self.back.store(back, Ordering::Release);
        fence(Ordering::SeqCst);
        let front = self.front.load(Ordering::Relaxed);
        let left = back.wrapping_sub(front) as isize;
        let mut taken = None;
        if left >= 0 {
            taken = unmarked(self.buffer().place(back).load(Ordering::Relaxed));
            if left > 0 {
                return taken;
            }
            // The last one: as thieves do. Ordering: SeqCst, as in `steal`.
            let next = front.wrapping_add(1);
            let moved =
                self.front
                    .compare_exchange(front, next, Ordering::SeqCst, Ordering::Relaxed);
            taken = taken.filter(|_| moved.is_ok());
        }
        self.back.store(back.wrapping_add(1), Ordering::Release);
        taken
    }

    /// Takes this element, if it is the newest one.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    #[inline]
    pub(crate) unsafe fn take_newest(&self, element: NonNull<T>) -> Option<NonNull<T>> {
        if !holds(self.newest()?, element) {
            return None;
        }
        self.pop_back()
    }

    /// Takes the newest element, if it was pushed as a new one.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    pub(crate) unsafe fn take_new(&self) -> Option<NonNull<T>> {
        if self.newest()?.addr() & NEW == 0 {
            return None;
        }
        self.pop_back()
    }

    /// Marks this element, if it is behind the index `near` or among the last few. Returns its
    /// index.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    pub(crate) unsafe fn mark(&self, element: NonNull<T>, near: usize) -> Option<usize> {
        // Ordering: Relaxed for all, as in `pop_front`; ring.R2 says why a thief may be at work.
        let front = self.front.load(Ordering::Relaxed);
        let back = self.back.load(Ordering::Relaxed);
        let length = length(front, back);
        let buffer = self.buffer();
        let is_at = |index: &usize| {
            index.wrapping_sub(front) < length
                && holds(buffer.place(*index).load(Ordering::Relaxed), element)
        };
        let last = (1..=NEAR.min(length)).map(|distance| back.wrapping_sub(distance));
        let found = std::iter::once(near.wrapping_add(1))
            .chain(last)
            .find(is_at)?;
        let marked = element.as_ptr().map_addr(|address| address | MARK);
        buffer.place(found).store(marked, Ordering::Relaxed);
        Some(found)
    }

    /// Takes the newest element, if it is marked.
    ///
    /// # Safety
    ///
    /// The caller is the owner.
    #[inline]
    pub(crate) unsafe fn sweep(&self) -> Option<NonNull<T>> {
        if self.newest()?.addr() & MARK == 0 {
            return None;
        }
        self.pop_back()
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        // Ordering: Relaxed; `&mut self`.
        let mut last = self.buffer.load(Ordering::Relaxed);
        while !last.is_null() {
            // SAFETY: ring.R3: it came from a box, and no thread can look any more.
            let buffer = unsafe { Box::from_raw(last) };
            last = buffer.before;
        }
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(manyhands_shuttle)))]
mod tests {
    use super::{MARK, Ring, Steal};
    use std::ptr::NonNull;

    /// What lies in the rings of these tests: a number.
    static THINGS: [usize; 4096] = {
        let mut all = [0; 4096];
        let mut at = 0;
        while at < all.len() {
            all[at] = at;
            at += 1;
        }
        all
    };

    fn thing(number: usize) -> NonNull<usize> {
        NonNull::from(&THINGS[number])
    }

    fn number(thing: NonNull<usize>) -> usize {
        assert_eq!(thing.addr().get() & MARK, 0);
        // SAFETY: a pointer into a static.
        unsafe { *thing.as_ptr() }
    }

    /// The owner's side. The tests have one owner each.
    struct Owner<'a>(&'a Ring<usize>);

    impl Owner<'_> {
        fn push(&self, it: usize) {
            // SAFETY: see `Owner`; so for all below.
            unsafe { self.0.push(thing(it), it % 2 == 1) }
        }

        fn pop_front(&self) -> Option<usize> {
            // SAFETY: as above.
            unsafe { self.0.pop_front() }.map(number)
        }

        fn take_newest(&self, it: usize) -> Option<usize> {
            // SAFETY: as above.
            unsafe { self.0.take_newest(thing(it)) }.map(number)
        }

        fn mark(&self, it: usize, near: usize) -> Option<usize> {
            // SAFETY: as above.
            unsafe { self.0.mark(thing(it), near) }
        }

        fn sweep(&self) -> Option<usize> {
            // SAFETY: as above.
            unsafe { self.0.sweep() }.map(number)
        }
    }

    fn steal(ring: &Ring<usize>) -> Option<usize> {
        loop {
            match ring.steal() {
                Steal::Success(it) => return Some(number(it)),
                Steal::Empty => return None,
                Steal::Retry => crate::sync::spin(),
            }
        }
    }

    #[cfg(not(manyhands_model))]
    mod plain {
        use super::super::{FIRST, NEAR};
        use super::*;
        use std::sync::atomic::{AtomicBool, Ordering};

        #[test]
        fn it_grows_and_keeps_the_order() {
            let ring = Ring::new();
            let owner = Owner(&ring);
            for round in 0..3 {
                let count = FIRST * (2 << round) + 3;
                (0..count).for_each(|it| owner.push(it));
                assert_eq!(ring.len(), count);
                assert_eq!(owner.take_newest(count - 1), Some(count - 1));
                assert_eq!(owner.take_newest(0), None);
                assert_eq!(steal(&ring), Some(0));
                for it in 1..count - 1 {
                    assert_eq!(owner.pop_front(), Some(it));
                }
                assert_eq!((owner.pop_front(), steal(&ring)), (None, None));
                assert_eq!(owner.take_newest(0), None);
                assert!(ring.is_empty());
            }
        }

        #[test]
        fn a_thief_takes_half() {
            let (ring, other) = (Ring::new(), Ring::new());
            let owner = Owner(&ring);
            for (count, most, taken) in [(1, 32, 1), (2, 32, 1), (5, 32, 3), (100, 32, 32)] {
                (0..count).for_each(|it| owner.push(it));
                // SAFETY: this thread owns both.
                let first = unsafe { other.steal_from(&ring, most) };
                assert!(matches!(first, Steal::Success(it) if number(it) == 0));
                assert_eq!((other.len(), ring.len()), (taken - 1, count - taken));
                let rest: Vec<_> = std::iter::from_fn(|| Owner(&other).pop_front()).collect();
                assert_eq!(rest, (1..taken).collect::<Vec<_>>());
                while owner.pop_front().is_some() {}
            }
        }

        #[test]
        fn marked_elements_leave_at_the_back() {
            let ring = Ring::new();
            let owner = Owner(&ring);
            (0..20).for_each(|it| owner.push(it));
            let first = usize::MAX - 1;
            assert_eq!(owner.mark(20 - NEAR - 1, first), None, "too far away");
            assert_eq!(
                owner.mark(10, first.wrapping_add(9)),
                Some(first.wrapping_add(10))
            );
            assert_eq!(
                owner.mark(10, first.wrapping_add(9)),
                None,
                "marked already"
            );
            for it in 12..19 {
                let near = first.wrapping_add(11);
                assert_eq!(owner.mark(it, near), Some(first.wrapping_add(it)));
            }
            assert_eq!(owner.sweep(), None);
            assert_eq!(owner.take_newest(19), Some(19));
            for it in (12..19).rev() {
                assert_eq!(owner.sweep(), Some(it));
            }
            assert_eq!((owner.sweep(), ring.len()), (None, 12));
            (0..10).for_each(|it| assert_eq!(owner.pop_front(), Some(it)));
            assert_eq!((steal(&ring), owner.pop_front()), (Some(10), Some(11)));
            assert_eq!(owner.mark(11, first.wrapping_add(10)), None);
        }

        /// Everything that goes in comes out once, whoever takes it where.
        #[test]
        fn owner_and_thieves_share_all() {
            let ring = Ring::new();
            let ended = AtomicBool::new(false);
            let taken = std::thread::scope(|scope| {
                let thieves = [(); 2].map(|()| {
                    scope.spawn(|| {
                        let mut mine = Vec::new();
                        while !ended.load(Ordering::Acquire) || !ring.is_empty() {
                            mine.extend(steal(&ring));
                        }
                        mine
                    })
                });
                let owner = Owner(&ring);
                let mut mine = Vec::new();
                for (it, _) in THINGS.iter().enumerate() {
                    owner.push(it);
                    match it % 4 {
                        0 => mine.extend(owner.take_newest(it)),
                        1 => _ = owner.mark(it, 0),
                        2 => mine.extend(owner.pop_front()),
                        _ => {
                            mine.extend(owner.take_newest(it));
                            mine.extend(owner.sweep());
                        }
                    }
                }
                ended.store(true, Ordering::Release);
                for thief in thieves {
                    mine.extend(thief.join().unwrap());
                }
                mine.sort_unstable();
                mine
            });
            assert!(taken.into_iter().eq(0..THINGS.len()));
        }
    }

    #[cfg(manyhands_loom)]
    mod models {
        use super::*;
        use crate::sync::{Arc, thread};
        use crate::util::model;

        /// A thief that tries once or twice; what it got.
        fn thief(ring: &Arc<Ring<usize>>, tries: usize) -> thread::JoinHandle<Vec<usize>> {
            let ring = ring.clone();
            thread::spawn(move || {
                let got = (0..tries).filter_map(|_| match ring.steal() {
                    Steal::Success(it) => Some(number(it)),
                    Steal::Empty | Steal::Retry => None,
                });
                got.collect()
            })
        }

        /// Each of `0..count` was taken once.
        fn assert_once(mut all: Vec<usize>, count: usize) {
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }

        fn rest(owner: &Owner<'_>) -> impl Iterator<Item = usize> {
            std::iter::from_fn(|| owner.pop_front())
        }

        #[test]
        fn the_newest_is_taken_once() {
            model::check("the_newest_is_taken_once", || {
                let ring = Arc::new(Ring::new());
                let owner = Owner(&ring);
                owner.push(0);
                owner.push(1);
                let thief = thief(&ring, 2);
                let mut all = Vec::new();
                all.extend(owner.take_newest(1));
                all.extend(owner.take_newest(0));
                all.extend(thief.join().unwrap());
                all.extend(rest(&owner));
                assert_once(all, 2);
            });
        }

        #[test]
        fn the_oldest_is_taken_once() {
            model::check("the_oldest_is_taken_once", || {
                let ring = Arc::new(Ring::new());
                let owner = Owner(&ring);
                owner.push(0);
                owner.push(1);
                let thieves = [thief(&ring, 1), thief(&ring, 1)];
                let mut all = Vec::new();
                all.extend(owner.pop_front());
                all.extend(owner.take_newest(1));
                for thief in thieves {
                    all.extend(thief.join().unwrap());
                }
                all.extend(rest(&owner));
                assert_once(all, 2);
            });
        }

        /// The place of a taken element is used again, and the ring grows, while a thief looks.
        #[test]
        fn a_thief_that_is_late_gets_nothing_twice() {
            model::check("a_thief_that_is_late_gets_nothing_twice", || {
                let ring = Arc::new(Ring::new());
                let owner = Owner(&ring);
                owner.push(0);
                let thief = thief(&ring, 2);
                let mut all = Vec::new();
                owner.push(1);
                all.extend(owner.pop_front());
                owner.push(2);
                owner.push(3);
                all.extend(owner.take_newest(3));
                all.extend(thief.join().unwrap());
                all.extend(rest(&owner));
                assert_once(all, 4);
            });
        }

        #[test]
        fn a_mark_changes_nothing_for_thieves() {
            model::check("a_mark_changes_nothing_for_thieves", || {
                let ring = Arc::new(Ring::new());
                let owner = Owner(&ring);
                owner.push(0);
                owner.push(1);
                let thief = thief(&ring, 2);
                let mut all = Vec::new();
                let near = usize::MAX - 2;
                let _ = owner.mark(0, near);
                all.extend(owner.take_newest(1));
                all.extend(owner.sweep());
                all.extend(thief.join().unwrap());
                all.extend(rest(&owner));
                assert_once(all, 2);
            });
        }
    }
}
