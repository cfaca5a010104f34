//! An allocator that can count. It counts in the processes that ask for it only; elsewhere it costs
//! everybody one load and one branch that always goes the same way.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static REQUESTED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

// All orderings: Relaxed; statistics.

/// What was counted since [`start`].
#[derive(Debug, Clone, Copy)]
pub struct Count {
    pub allocations: u64,
    /// Bytes requested and not given back.
    pub live: u64,
}

/// Begins to count, in all threads.
pub fn start() {
    ON.store(true, Ordering::Relaxed);
}

pub fn read() -> Count {
    let freed = FREED.load(Ordering::Relaxed);
    Count {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        live: REQUESTED.load(Ordering::Relaxed).saturating_sub(freed),
    }
}

fn count(allocations: u64, requested: usize, freed: usize) {
    if ON.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        REQUESTED.fetch_add(requested as u64, Ordering::Relaxed);
        FREED.fetch_add(freed as u64, Ordering::Relaxed);
    }
}

// SAFETY: all is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
