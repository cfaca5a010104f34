//! Memory for jobs in boxes, and for tasks: each seat keeps the blocks of what ended there, for
//! what is to come.
//!
//! A job is often spawned on the thread that has just run another one. So a block that is given
//! back goes to the seat of the thread that ran the job, wherever it came from, and the next spawn
//! there takes it. No block is shared, and no thread waits for another one.
//!
//! Called by [`heap`](super::heap) and by `task/cell.rs`. A seat keeps blocks of [`CLASSES`] sizes,
//! [`MOST`] of each. Threads without a seat, larger jobs and tasks, and those with an unusual
//! alignment use the allocator.

use crate::sync::{Cell, thread_cell};
use std::alloc::{self, Layout};
use std::cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

/// The number of free blocks of one size that a seat keeps, at most.
const MOST: u32 = 64;

/// Sizes grow by this many bytes, from 24 (on a target of 64 bits) to 248: what allocators give out
/// anyway, less one word that some of them keep before each block.
const STEP: usize = 2 * size_of::<usize>();

/// The number of sizes.
const CLASSES: usize = 15;

/// The number of a size.
#[derive(Clone, Copy)]
struct Class(usize);

impl Class {
    /// The smallest size for a `T`, if there is one.
    const fn of<T>() -> Option<Self> {
        let class = (size_of::<T>() + size_of::<usize>() - 1) / STEP;
        let fits = 0 < class && class <= CLASSES && align_of::<T>() <= STEP;
        if fits { Some(Self(class - 1)) } else { None }
    }

    const fn layout(self) -> Layout {
        let size = (self.0 + 1) * STEP + size_of::<usize>();
        match Layout::from_size_align(size, STEP) {
            Ok(layout) => layout,
            Err(_) => panic!("a small size"),
        }
    }
}

/// The free blocks of one seat. Its occupant is the only thread that uses them.
pub(crate) struct Blocks([List; CLASSES]);

/// Free blocks of one size.
struct List {
    first: Cell<Option<NonNull<Free>>>,
    length: Cell<u32>,
}

/// What stands in a free block.
struct Free {
    next: Option<NonNull<Free>>,
}

thread_cell! {
    static HERE: cell::Cell<*const Blocks> = cell::Cell::new(ptr::null());
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self([(); CLASSES].map(|()| List {
            first: Cell::new(None),
            length: Cell::new(0),
        }))
    }

    /// The calling thread takes its blocks from here, until the returned guard is dropped.
    ///
    /// # Safety
    ///
    /// No other thread uses these blocks meanwhile, and the guard is dropped while they live.
    pub(crate) unsafe fn enter(&self) -> Entered {
        Entered {
            before: HERE.with(|here| here.replace(self)),
            _thread: PhantomData,
        }
    }

    /// The list of the calling thread for a size.
    fn list<'a>(class: Class) -> Option<&'a List> {
        let here = HERE.with(cell::Cell::get);
        // SAFETY: the guard of `enter` clears the cell before the blocks go away, and its caller
        // has promised that this thread is alone with them. The callers keep the reference within
        // their frames.
        unsafe { here.as_ref().map(|blocks| &blocks.0[class.0]) }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        for (class, list) in self.0.iter().enumerate() {
            while let Some(block) = list.pop() {
                // SAFETY: `push` was given a block of this size, and it is nobody else's.
                unsafe { free_block(block, Class(class)) };
            }
        }
    }
}

/// Guard of [`Blocks::enter`].
#[derive(Debug)]
pub(crate) struct Entered {
    before: *const Blocks,
    /// Not `Send`: the thread that entered leaves.
    _thread: PhantomData<*mut ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        HERE.with(|here| here.set(self.before));
    }
}

impl List {
    #[inline]
    fn pop(&self) -> Option<NonNull<u8>> {
        let block = self.first.get()?;
        // SAFETY: `push` has written it, and a block in a list is nobody else's.
        self.first.set(unsafe { block.read() }.next);
        self.length.set(self.length.get() - 1);
        Some(block.cast())
    }

    /// Keeps the block, unless there are enough.
    ///
    /// # Safety
    ///
    /// The block has the size of this list and is the caller's, who does not use it any more if the
    /// answer is `true`.
    #[inline]
    unsafe fn push(&self, block: NonNull<u8>) -> bool {
        let length = self.length.get();
        if length == MOST {
            return false;
        }
        let block = block.cast();
        let next = self.first.replace(Some(block));
        // SAFETY: a block of any size has room for one word, at the alignment of `STEP`, and is
        // ours.
        unsafe { block.write(Free { next }) };
        self.length.set(length + 1);
        true
    }
}

/// Uninitialised memory for a `T`, to be given back by [`give`].
#[inline]
pub(crate) fn take<T>() -> NonNull<T> {
    match const { Class::of::<T>() } {
        Some(class) => take_block(class).cast(),
        None => fresh(Layout::new::<T>()).cast(),
    }
}

/// Gives back the memory of a `T`, on any thread.
///
/// # Safety
///
/// It came from [`take`] with the same `T`, and is not used any more. (A `T` in it is not dropped.)
#[inline]
pub(crate) unsafe fn give<T>(place: NonNull<T>) {
    let block = place.cast();
    // SAFETY: the caller's promise, and `take` has asked for the same layout.
    unsafe {
        match const { Class::of::<T>() } {
            Some(class) => give_block(block, class),
            None => alloc::dealloc(block.as_ptr(), Layout::new::<T>()),
        }
    }
}

fn take_block(class: Class) -> NonNull<u8> {
    match Blocks::list(class).and_then(List::pop) {
        Some(block) => block,
        None => fresh_block(class),
    }
}

#[cold]
#[inline(never)]
fn fresh_block(class: Class) -> NonNull<u8> {
    fresh(class.layout())
}

/// # Safety
///
/// The block came from [`take_block`] with the same class, and is not used any more.
unsafe fn give_block(block: NonNull<u8>, class: Class) {
    // SAFETY: the caller's promise.
    unsafe {
        let is_kept = Blocks::list(class).is_some_and(|list| list.push(block));
        if !is_kept {
            free_block(block, class);
        }
    }
}

/// # Safety
///
/// As [`give_block`].
#[cold]
#[inline(never)]
unsafe fn free_block(block: NonNull<u8>, class: Class) {
    // SAFETY: the caller's promise; the block came from `fresh` with this layout, if perhaps long
    // ago and for another seat.
    unsafe { alloc::dealloc(block.as_ptr(), class.layout()) };
}

#[cold]
fn fresh(layout: Layout) -> NonNull<u8> {
    // SAFETY: no layout of this file is empty: a job has a header.
    let block = unsafe { alloc::alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lists are the occupant's.
        f.debug_struct("Blocks").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{Blocks, CLASSES, Class, MOST, STEP, give, take};
    use std::ptr::NonNull;

    /// A job of `N` words.
    type Words<const N: usize> = [usize; N];

    fn address<T>(place: NonNull<T>) -> usize {
        place.addr().get()
    }

    /// Takes a block and gives it back. Returns where it was.
    fn visit<T>() -> usize {
        let place = take::<T>();
        // SAFETY: it came from the line above.
        unsafe { give(place) };
        address(place)
    }

    fn is_kept<T>() -> bool {
        Class::of::<T>().is_some_and(|class| {
            let layout = class.layout();
            assert!(size_of::<T>() <= layout.size() && size_of::<T>() + STEP > layout.size());
            assert!(align_of::<T>() <= layout.align() && class.0 < CLASSES);
            true
        })
    }

    #[test]
    fn a_block_fits_and_wastes_little() {
        #[repr(align(64))]
        struct Line(#[allow(dead_code)] u8);

        assert!(!is_kept::<Words<0>>() && !is_kept::<Words<1>>());
        assert!(is_kept::<Words<2>>() && is_kept::<Words<3>>() && is_kept::<Words<4>>());
        assert!(is_kept::<Words<30>>() && is_kept::<Words<31>>() && !is_kept::<Words<32>>());
        assert!(is_kept::<[u8; 248]>() && !is_kept::<[u8; 249]>() || size_of::<usize>() != 8);
        assert!(is_kept::<u128>() && !is_kept::<Line>());
    }

    #[test]
    fn a_block_is_used_again_for_its_size() {
        let (outer, inner) = (Blocks::new(), Blocks::new());
        // SAFETY: no other thread knows them, and the guards are dropped before them.
        let _outer = unsafe { outer.enter() };
        let first = visit::<Words<3>>();
        assert_eq!(visit::<Words<3>>(), first);
        assert_eq!(visit::<Words<2>>(), first, "the same class");
        let held = take::<Words<3>>();
        assert_eq!(address(held), first);
        assert_ne!(visit::<Words<3>>(), first);
        assert_ne!(visit::<Words<4>>(), first);
        {
            // SAFETY: as above.
            let _inner = unsafe { inner.enter() };
            assert_eq!(inner.0[0].length.get(), 0);
            // SAFETY: it came from `take`: it moves to the other blocks.
            unsafe { give(held) };
            assert_eq!(inner.0[0].length.get(), 1);
        }
        assert_ne!(visit::<Words<3>>(), first);
    }

    #[test]
    fn not_too_many_are_kept() {
        let blocks = Blocks::new();
        // SAFETY: no other thread knows them, and the guard is dropped before them.
        let entered = unsafe { blocks.enter() };
        let places = [(); MOST as usize + 5].map(|()| take::<Words<6>>());
        for place in places {
            // SAFETY: it came from `take`.
            unsafe { give(place) };
        }
        assert_eq!(
            blocks.0.iter().map(|list| list.length.get()).sum::<u32>(),
            MOST
        );
        drop(entered);
        // Without a seat nothing is kept, and nothing is taken from there.
        let _ = visit::<Words<6>>();
        assert_eq!(
            blocks.0.iter().map(|list| list.length.get()).sum::<u32>(),
            MOST
        );
    }
}
