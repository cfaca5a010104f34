//! `skip_any`: all items except at most `n`, whichever come first.

use super::gate::{Gate, Gated};
use super::stage::Staged;
use super::take_any::Tickets;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;

/// Iterator returned by [`ParallelIterator::skip_any`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct SkipAny<I> {
    base: I,
    n: usize,
}

impl<I> SkipAny<I> {
    pub(crate) fn new(base: I, n: usize) -> Self {
        Self { base, n }
    }
}

impl<I: ParallelIterator> ParallelIterator for SkipAny<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let gate = Gated(Skipped(Tickets::new(self.n)));
        self.base.drive_unindexed(Staged::new(consumer, &gate))
    }
}

/// The gate of `skip_any`: each item that is left out takes a ticket.
struct Skipped(Tickets);

impl<T> Gate<T> for Skipped {
    fn admits(&self, _item: &T) -> bool {
        !self.0.take()
    }
}
