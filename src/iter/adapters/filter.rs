//! `filter`: only the items that pass a test.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::consume_some;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::filter`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Filter<I, P> {
    base: I,
    filter_op: P,
}

impl<I, P> Filter<I, P> {
    pub(crate) fn new(base: I, filter_op: P) -> Self {
        Self { base, filter_op }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for Filter<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("base", &self.base).finish()
    }
}

impl<I, P> ParallelIterator for Filter<I, P>
where
    I: ParallelIterator,
    P: Fn(&I::Item) -> bool + Sync + Send,
{
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive_unindexed(FilterConsumer::new(consumer, &self.filter_op))
    }
}

struct FilterConsumer<'p, C, P> {
    base: C,
    filter_op: &'p P,
}

impl<'p, C, P> FilterConsumer<'p, C, P> {
    fn new(base: C, filter_op: &'p P) -> Self {
        Self { base, filter_op }
    }
}

impl<'p, T, C, P> Consumer<T> for FilterConsumer<'p, C, P>
where
    C: Consumer<T>,
    P: Fn(&T) -> bool + Sync,
{
    type Folder = FilterFolder<'p, C::Folder, P>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.filter_op),
            Self::new(right, self.filter_op),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        FilterFolder {
            base: self.base.into_folder(),
            filter_op: self.filter_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let filter_op = self.filter_op;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| FilterFolder { base, filter_op },
            |base| Self { base, filter_op },
        )
    }
}

impl<'p, T, C, P> UnindexedConsumer<T> for FilterConsumer<'p, C, P>
where
    C: UnindexedConsumer<T>,
    P: Fn(&T) -> bool + Sync,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.filter_op)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct FilterFolder<'p, B, P> {
    base: B,
    filter_op: &'p P,
}

impl<'p, T, B, P> Folder<T> for FilterFolder<'p, B, P>
where
    B: Folder<T>,
    P: Fn(&T) -> bool,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        if (self.filter_op)(&item) {
            Self {
                base: self.base.consume(item),
                ..self
            }
        } else {
            self
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let filter_op = self.filter_op;
        let base = consume_some(self.base, iter, |item| filter_op(&item).then_some(item));
        Self { base, filter_op }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
