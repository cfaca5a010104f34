//! The buffer of one thread's notes. Invariants:
//!
//! * trace.B1: one thread at a time pushes, and its pushes happen before those of the next one. (A
//!   seat has one occupant, and is handed over with Acquire and Release.)
//! * trace.B2: a slot is written once, before `len` goes beyond it, and never again. So a thread
//!   that has read `len` may read all slots below it while others are still being filled.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
// Not modelled atomics: models record nothing.
use crate::sync::wide::AtomicU64;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An array that is filled once.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    len: AtomicUsize,
    dropped: AtomicU64,
}

// SAFETY: trace.B1 and trace.B2: `T`s are moved in by one thread and read by others.
unsafe impl<T: Copy + Send + Sync> Sync for Buffer<T> {}

impl<T: Copy> Buffer<T> {
    /// An empty buffer. The system provides its memory as it is filled.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: (0..capacity)
                .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
                .collect(),
            len: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds an item, or counts it if there is no room.
    ///
    /// # Safety
    ///
    /// trace.B1: no other thread pushes at the same time.
    pub(super) unsafe fn push(&self, item: T) {
        // Ordering: Relaxed; trace.B1: this thread has written it, or was handed the seat.
        let len = self.len.load(Ordering::Relaxed);
        let Some(slot) = self.slots.get(len) else {
            // Ordering: Relaxed; statistics, with one writer.
            let dropped = self.dropped.load(Ordering::Relaxed);
            return self.dropped.store(dropped + 1, Ordering::Relaxed);
        };
        // SAFETY: trace.B1 and trace.B2: only this thread reads or writes a slot at `len`.
        unsafe { (*slot.get()).write(item) };
        // Ordering: Release pairs with the Acquire in `items`: the item is written.
        self.len.store(len + 1, Ordering::Release);
    }

    pub(super) fn len(&self) -> usize {
        // Ordering: Relaxed; a hint.
        self.len.load(Ordering::Relaxed)
    }

    /// The items that have been pushed.
    pub(super) fn items(&self) -> impl Iterator<Item = T> + '_ {
        // Ordering: Acquire pairs with the Release in `push`.
        let len = self.len.load(Ordering::Acquire);
        // SAFETY: trace.B2: slots below `len` are filled, and never written again.
        self.slots[..len]
            .iter()
            .map(|slot| unsafe { (*slot.get()).assume_init() })
    }

    /// The number of items for which there was no room.
    pub(super) fn dropped(&self) -> u64 {
        // Ordering: Relaxed; statistics.
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn what_is_too_much_is_counted() {
        let buffer = Buffer::new(3);
        for n in 0..5 {
            // SAFETY: one thread.
            unsafe { buffer.push(n) };
        }
        assert_eq!(buffer.items().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((buffer.len(), buffer.dropped()), (3, 2));
    }

    #[test]
    fn a_reader_beside_the_writer_sees_a_beginning() {
        let buffer = Buffer::new(10_000);
        std::thread::scope(|scope| {
            // SAFETY: one thread pushes.
            scope.spawn(|| (0..10_000_u64).for_each(|n| unsafe { buffer.push(n * n) }));
            let mut seen = 0;
            while seen < 10_000 {
                let items: Vec<_> = buffer.items().collect();
                assert!(items.len() >= seen);
                seen = items.len();
                assert!(
                    items
                        .iter()
                        .enumerate()
                        .all(|(n, it)| *it == (n * n) as u64)
                );
            }
        });
    }
}
