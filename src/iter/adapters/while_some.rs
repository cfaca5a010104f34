//! `while_some`: what is in the items, until one is `None`.

use super::stage::{Stage, Staged};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Iterator returned by [`ParallelIterator::while_some`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct WhileSome<I> {
    base: I,
}

impl<I> WhileSome<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<I, T> ParallelIterator for WhileSome<I>
where
    I: ParallelIterator<Item = Option<T>>,
    T: Send,
{
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        let stage = Missing(AtomicBool::new(false));
        self.base.drive_unindexed(Staged::new(consumer, &stage))
    }
}

/// The stage of `while_some`: has some piece seen a `None`? The flag publishes no data.
struct Missing(AtomicBool);

impl Missing {
    #[inline]
    fn set(&self) {
        // Ordering: Relaxed, as in `is_set`.
        self.0.store(true, Ordering::Relaxed);
    }

    #[inline]
    fn is_set(&self) -> bool {
        // Ordering: Relaxed; to see it late only costs time.
        self.0.load(Ordering::Relaxed)
    }
}

impl<T> Stage<Option<T>> for Missing {
    type Item = T;

    #[inline]
    fn consume<B: Folder<T>>(&self, base: B, item: Option<T>) -> B {
        match item {
            Some(item) => base.consume(item),
            None => {
                self.set();
                base
            }
        }
    }

    // (As the loop of the trait, with one look at each item.)
    #[inline]
    fn consume_iter<B, I>(&self, mut base: B, iter: I) -> B
    where
        B: Folder<T>,
        I: IntoIterator<Item = Option<T>>,
    {
        for item in iter {
            let Some(item) = item else {
                self.set();
                break;
            };
            base = base.consume(item);
            if self.is_set() || base.full() {
                break;
            }
        }
        base
    }

    fn is_shut(&self) -> bool {
        self.is_set()
    }
}
