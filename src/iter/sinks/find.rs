//! `find_any`: the first match that any thread finds.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::for_each_until;
use crate::iter::plumbing::*;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn find_any<I, P>(iter: I, predicate: P) -> Option<I::Item>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync,
{
    let found = AtomicBool::new(false);
    iter.drive_unindexed(FindConsumer {
        predicate: &predicate,
        found: &found,
    })
}

struct FindConsumer<'p, P> {
    predicate: &'p P,
    /// Has some piece found a match? The flag publishes no data: the match travels as a result.
    found: &'p AtomicBool,
}

#[inline]
fn is_set(found: &AtomicBool) -> bool {
    // Ordering: Relaxed; to see it late only costs time.
    found.load(Ordering::Relaxed)
}

impl<'p, T, P> Consumer<T> for FindConsumer<'p, P>
where
    T: Send,
    P: Fn(&T) -> bool + Sync,
{
    type Folder = FindFolder<'p, T, P>;
    type Reducer = FindReducer;
    type Result = Option<T>;

    fn split_at(self, _index: usize) -> (Self, Self, FindReducer) {
        (Self { ..self }, self, FindReducer)
    }

    fn into_folder(self) -> Self::Folder {
        FindFolder {
            predicate: self.predicate,
            found: self.found,
            item: None,
        }
    }

    fn full(&self) -> bool {
        is_set(self.found)
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'p, T, P> UnindexedConsumer<T> for FindConsumer<'p, P>
where
    T: Send,
    P: Fn(&T) -> bool + Sync,
{
    fn split_off_left(&self) -> Self {
        Self { ..*self }
    }

    fn to_reducer(&self) -> FindReducer {
        FindReducer
    }
}

struct FindFolder<'p, T, P> {
    predicate: &'p P,
    found: &'p AtomicBool,
    item: Option<T>,
}

impl<'p, T, P: Fn(&T) -> bool> Folder<T> for FindFolder<'p, T, P> {
    type Result = Option<T>;

    fn consume(mut self, item: T) -> Self {
        if (self.predicate)(&item) {
            // Ordering: Relaxed, as in `is_set`.
            self.found.store(true, Ordering::Relaxed);
            self.item = Some(item);
        }
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        let is_over = || is_set(self.found);
        for_each_until(iter, is_over, |item| {
            let is_it = (self.predicate)(&item);
            if is_it {
                // Ordering: Relaxed, as in `is_set`.
                self.found.store(true, Ordering::Relaxed);
                self.item = Some(item);
            }
            !is_it
        });
        self
    }

    fn complete(self) -> Option<T> {
        self.item
    }

    fn full(&self) -> bool {
        is_set(self.found)
    }
}

struct FindReducer;

impl<T> Reducer<Option<T>> for FindReducer {
    fn reduce(self, left: Option<T>, right: Option<T>) -> Option<T> {
        left.or(right)
    }
}
