//! `take_any_while`: the items until a test fails anywhere.

use super::gate::{Gate, Gated};
use super::stage::Staged;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// Iterator returned by [`ParallelIterator::take_any_while`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct TakeAnyWhile<I, P> {
    base: I,
    predicate: P,
}

impl<I, P> TakeAnyWhile<I, P> {
    pub(crate) fn new(base: I, predicate: P) -> Self {
        Self { base, predicate }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for TakeAnyWhile<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeAnyWhile")
            .field("base", &self.base)
            .finish()
    }
}

impl<I, P> ParallelIterator for TakeAnyWhile<I, P>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync + Send,
{
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let gate = Gated(Taking {
            predicate: self.predicate,
            ended: AtomicBool::new(false),
        });
        self.base.drive_unindexed(Staged::new(consumer, &gate))
    }
}

struct Taking<P> {
    predicate: P,
    /// Has some item failed the test? To see it late only lets more items pass.
    ended: AtomicBool,
}

impl<T, P: Fn(&T) -> bool + Sync> Gate<T> for Taking<P> {
    fn admits(&self, item: &T) -> bool {
        // Ordering: Relaxed; the flag publishes nothing.
        if self.ended.load(Ordering::Relaxed) {
            return false;
        }
        let passes = (self.predicate)(item);
        if !passes {
            // Ordering: Relaxed, as above.
            self.ended.store(true, Ordering::Relaxed);
        }
        passes
    }

    fn is_shut(&self) -> bool {
        // Ordering: Relaxed, as above.
        self.ended.load(Ordering::Relaxed)
    }
}
