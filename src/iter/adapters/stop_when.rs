//! `stop_when`: the items until a flag is set.

use super::gate::{Gate, Gated};
use super::stage::Staged;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Iterator returned by [`ParallelIterator::stop_when`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct StopWhen<'a, I> {
    base: I,
    flag: &'a AtomicBool,
}

impl<'a, I> StopWhen<'a, I> {
    pub(crate) fn new(base: I, flag: &'a AtomicBool) -> Self {
        Self { base, flag }
    }
}

impl<I: ParallelIterator> ParallelIterator for StopWhen<'_, I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let gate = Gated(Until(self.flag));
        self.base.drive_unindexed(Staged::new(consumer, &gate))
    }
}

/// The gate of `stop_when`: shut once the flag is set.
struct Until<'a>(&'a AtomicBool);

impl<T> Gate<T> for Until<'_> {
    fn admits(&self, _item: &T) -> bool {
        !Gate::<T>::is_shut(self)
    }

    fn is_shut(&self) -> bool {
        // Ordering: Relaxed; to see it late only lets more items pass.
        self.0.load(Ordering::Relaxed)
    }
}
