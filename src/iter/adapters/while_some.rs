//! `while_some`: what is in the items, until one is `None`.

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
        let missing = AtomicBool::new(false);
        self.base.drive_unindexed(WhileSomeConsumer {
            base: consumer,
            missing: &missing,
        })
    }
}

struct WhileSomeConsumer<'f, C> {
    base: C,
    /// Has some piece seen a `None`? The flag publishes no data.
    missing: &'f AtomicBool,
}

#[inline]
fn is_set(missing: &AtomicBool) -> bool {
    // Ordering: Relaxed; to see it late only costs time.
    missing.load(Ordering::Relaxed)
}

impl<'f, T: Send, C: Consumer<T>> Consumer<Option<T>> for WhileSomeConsumer<'f, C> {
    type Folder = WhileSomeFolder<'f, C::Folder>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self { base: left, ..self },
            Self {
                base: right,
                ..self
            },
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        WhileSomeFolder {
            base: self.base.into_folder(),
            missing: self.missing,
        }
    }

    fn full(&self) -> bool {
        is_set(self.missing) || self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let missing = self.missing;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| WhileSomeFolder { base, missing },
            |base| Self { base, missing },
        )
    }
}

impl<'f, T, C> UnindexedConsumer<Option<T>> for WhileSomeConsumer<'f, C>
where
    T: Send,
    C: UnindexedConsumer<T>,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            ..*self
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct WhileSomeFolder<'f, B> {
    base: B,
    missing: &'f AtomicBool,
}

impl<'f, T, B: Folder<T>> Folder<Option<T>> for WhileSomeFolder<'f, B> {
    type Result = B::Result;

    fn consume(self, item: Option<T>) -> Self {
        match item {
            Some(item) => Self {
                base: self.base.consume(item),
                ..self
            },
            None => {
                // Ordering: Relaxed, as in `is_set`.
                self.missing.store(true, Ordering::Relaxed);
                self
            }
        }
    }

    fn consume_iter<I: IntoIterator<Item = Option<T>>>(self, iter: I) -> Self {
        let Self { mut base, missing } = self;
        for item in iter {
            let Some(item) = item else {
                // Ordering: Relaxed, as in `is_set`.
                missing.store(true, Ordering::Relaxed);
                break;
            };
            base = base.consume(item);
            if is_set(missing) || base.full() {
                break;
            }
        }
        Self { base, missing }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        is_set(self.missing) || self.base.full()
    }
}
