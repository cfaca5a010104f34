//! `is_sorted` and `all_equal`: is each item in order with the next one?
//!
//! The result of a piece is its first and its last item, so that the reducer can compare the last
//! one of a piece with the first one of the next. Only a flag says that a pair was out of order.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::for_each_until;
use crate::iter::plumbing::*;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn is_sorted_by<I, F>(iter: I, in_order: &F) -> bool
where
    I: ParallelIterator,
    F: Fn(&I::Item, &I::Item) -> bool + Sync,
{
    let broken = AtomicBool::new(false);
    iter.drive_unindexed(SortedConsumer(Check {
        in_order,
        broken: &broken,
    }));
    !broken.into_inner()
}

/// What is asked of each pair.
struct Check<'f, F> {
    in_order: &'f F,
    /// Is some pair out of order? The loop's end publishes the answer; before that, to see it late
    /// only costs time.
    broken: &'f AtomicBool,
}

impl<F> Clone for Check<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Check<'_, F> {}

impl<F> Check<'_, F> {
    #[inline]
    fn is_broken(self) -> bool {
        // Ordering: Relaxed, for the reason given at the field.
        self.broken.load(Ordering::Relaxed)
    }

    #[inline]
    fn pair<T>(self, left: &T, right: &T) -> bool
    where
        F: Fn(&T, &T) -> bool,
    {
        let in_order = (self.in_order)(left, right);
        if !in_order {
            // Ordering: Relaxed, for the reason given at the field.
            self.broken.store(true, Ordering::Relaxed);
        }
        in_order
    }
}

struct SortedConsumer<'f, F>(Check<'f, F>);

impl<'f, T, F> Consumer<T> for SortedConsumer<'f, F>
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    type Folder = SortedFolder<'f, T, F>;
    type Reducer = SortedReducer<'f, F>;
    type Result = Ends<T>;

    fn split_at(self, _index: usize) -> (Self, Self, Self::Reducer) {
        (Self(self.0), Self(self.0), SortedReducer(self.0))
    }

    fn into_folder(self) -> Self::Folder {
        SortedFolder {
            check: self.0,
            ends: Ends::None,
        }
    }

    fn full(&self) -> bool {
        self.0.is_broken()
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'f, T, F> UnindexedConsumer<T> for SortedConsumer<'f, F>
where
    T: Send,
    F: Fn(&T, &T) -> bool + Sync,
{
    fn split_off_left(&self) -> Self {
        Self(self.0)
    }

    fn to_reducer(&self) -> Self::Reducer {
        SortedReducer(self.0)
    }
}

/// The first and the last item of a piece.
enum Ends<T> {
    None,
    /// The only item.
    One(T),
    Two(T, T),
}

struct SortedFolder<'f, T, F> {
    check: Check<'f, F>,
    ends: Ends<T>,
}

impl<T, F: Fn(&T, &T) -> bool> Folder<T> for SortedFolder<'_, T, F> {
    type Result = Ends<T>;

    fn consume(mut self, item: T) -> Self {
        self.ends = match self.ends {
            Ends::None => Ends::One(item),
            Ends::One(first) => {
                self.check.pair(&first, &item);
                Ends::Two(first, item)
            }
            Ends::Two(first, last) => {
                self.check.pair(&last, &item);
                Ends::Two(first, item)
            }
        };
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(mut self, iter: I) -> Self {
        let mut iter = iter.into_iter();
        while !matches!(self.ends, Ends::Two(..)) {
            let Some(item) = iter.next() else { return self };
            self = self.consume(item);
        }
        if let Ends::Two(_, last) = &mut self.ends {
            let check = self.check;
            let is_broken = || check.is_broken();
            for_each_until(iter, is_broken, |item| {
                let before = mem::replace(last, item);
                check.pair(&before, last)
            });
        }
        self
    }

    fn complete(self) -> Ends<T> {
        self.ends
    }

    fn full(&self) -> bool {
        self.check.is_broken()
    }
}

struct SortedReducer<'f, F>(Check<'f, F>);

impl<T, F: Fn(&T, &T) -> bool> Reducer<Ends<T>> for SortedReducer<'_, F> {
    fn reduce(self, left: Ends<T>, right: Ends<T>) -> Ends<T> {
        let (Ends::One(before) | Ends::Two(_, before), Ends::One(after) | Ends::Two(after, _)) =
            (&left, &right)
        else {
            return match left {
                Ends::None => right,
                left => left,
            };
        };
        if !self.0.is_broken() {
            self.0.pair(before, after);
        }
        match (left, right) {
            (Ends::One(first) | Ends::Two(first, _), Ends::One(last) | Ends::Two(_, last)) => {
                Ends::Two(first, last)
            }
            (Ends::None, ends) | (ends, Ends::None) => ends,
        }
    }
}
