//! `take_any`: at most `n` items, whichever pass first.

use super::gate::{Gate, Gated};
use super::stage::Staged;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Iterator returned by [`ParallelIterator::take_any`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct TakeAny<I> {
    base: I,
    n: usize,
}

impl<I> TakeAny<I> {
    pub(crate) fn new(base: I, n: usize) -> Self {
        Self { base, n }
    }
}

impl<I: ParallelIterator> ParallelIterator for TakeAny<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let gate = Gated(Tickets::new(self.n));
        self.base.drive_unindexed(Staged::new(consumer, &gate))
    }
}

/// A stock of tickets. In `take_any` each item that passes takes one; in `skip_any`, each that does
/// not.
pub(super) struct Tickets(AtomicUsize);

impl Tickets {
    pub(super) fn new(n: usize) -> Self {
        Self(AtomicUsize::new(n))
    }

    /// Takes a ticket, if any are left.
    pub(super) fn take(&self) -> bool {
        // Ordering: Relaxed; it counts, and publishes nothing.
        let (order, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let taken = self.0.fetch_update(order, fetch, |n| n.checked_sub(1));
        taken.is_ok()
    }
}

impl<T> Gate<T> for Tickets {
    fn admits(&self, _item: &T) -> bool {
        self.take()
    }

    fn is_shut(&self) -> bool {
        // Ordering: Relaxed, as in `take`.
        self.0.load(Ordering::Relaxed) == 0
    }
}
