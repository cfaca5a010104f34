//! `filter_map`: a test and a function in one.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::portions::consume_some;
use crate::iter::plumbing::*;
use std::fmt;

/// Iterator returned by [`ParallelIterator::filter_map`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FilterMap<I, P> {
    base: I,
    filter_op: P,
}

impl<I, P> FilterMap<I, P> {
    pub(crate) fn new(base: I, filter_op: P) -> Self {
        Self { base, filter_op }
    }
}

impl<I: fmt::Debug, P> fmt::Debug for FilterMap<I, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterMap")
            .field("base", &self.base)
            .finish()
    }
}

impl<I, P, R> ParallelIterator for FilterMap<I, P>
where
    I: ParallelIterator,
    P: Fn(I::Item) -> Option<R> + Sync + Send,
    R: Send,
{
    type Item = R;

    fn drive_unindexed<C: UnindexedConsumer<R>>(self, consumer: C) -> C::Result {
        self.base
            .drive_unindexed(FilterMapConsumer::new(consumer, &self.filter_op))
    }
}

struct FilterMapConsumer<'p, C, P> {
    base: C,
    filter_op: &'p P,
}

impl<'p, C, P> FilterMapConsumer<'p, C, P> {
    fn new(base: C, filter_op: &'p P) -> Self {
        Self { base, filter_op }
    }
}

impl<'p, T, R, C, P> Consumer<T> for FilterMapConsumer<'p, C, P>
where
    C: Consumer<R>,
    P: Fn(T) -> Option<R> + Sync,
{
    type Folder = FilterMapFolder<'p, C::Folder, P>;
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
        FilterMapFolder {
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
            |base| FilterMapFolder { base, filter_op },
            |base| Self { base, filter_op },
        )
    }
}

impl<'p, T, R, C, P> UnindexedConsumer<T> for FilterMapConsumer<'p, C, P>
where
    C: UnindexedConsumer<R>,
    P: Fn(T) -> Option<R> + Sync,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.filter_op)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct FilterMapFolder<'p, B, P> {
    base: B,
    filter_op: &'p P,
}

impl<'p, T, R, B, P> Folder<T> for FilterMapFolder<'p, B, P>
where
    B: Folder<R>,
    P: Fn(T) -> Option<R>,
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        match (self.filter_op)(item) {
            Some(mapped) => Self {
                base: self.base.consume(mapped),
                ..self
            },
            None => self,
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let filter_op = self.filter_op;
        let base = consume_some(self.base, iter, filter_op);
        Self { base, filter_op }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
