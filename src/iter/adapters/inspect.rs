//! `inspect`: a look at each item as it passes.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;

/// Iterator returned by [`ParallelIterator::inspect`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Inspect<I, F> {
    base: I,
    inspect_op: F,
}

impl<I, F> Inspect<I, F> {
    pub(crate) fn new(base: I, inspect_op: F) -> Self {
        Self { base, inspect_op }
    }
}

impl<I: fmt::Debug, F> fmt::Debug for Inspect<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect").field("base", &self.base).finish()
    }
}

impl<I, F> ParallelIterator for Inspect<I, F>
where
    I: ParallelIterator,
    F: Fn(&I::Item) + Sync + Send,
{
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive_unindexed(InspectConsumer::new(consumer, &self.inspect_op))
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I, F> IndexedParallelIterator for Inspect<I, F>
where
    I: IndexedParallelIterator,
    F: Fn(&I::Item) + Sync + Send,
{
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive(InspectConsumer::new(consumer, &self.inspect_op))
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            inspect_op: self.inspect_op,
        })
    }
}

struct Callback<CB, F> {
    callback: CB,
    inspect_op: F,
}

impl<T, F, CB> ProducerCallback<T> for Callback<CB, F>
where
    CB: ProducerCallback<T>,
    F: Fn(&T) + Sync + Send,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(InspectProducer {
            base,
            inspect_op: &self.inspect_op,
        })
    }
}

struct InspectProducer<'f, P, F> {
    base: P,
    inspect_op: &'f F,
}

impl<'f, P, F> Producer for InspectProducer<'f, P, F>
where
    P: Producer,
    F: Fn(&P::Item) + Sync + Send,
{
    type Item = P::Item;
    type IntoIter = std::iter::Inspect<P::IntoIter, &'f F>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter().inspect(self.inspect_op)
    }

    fn min_len(&self) -> usize {
        self.base.min_len()
    }

    fn max_len(&self) -> usize {
        self.base.max_len()
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let inspect_op = self.inspect_op;
        let (left, right) = self.base.split_at(index);
        (
            Self {
                base: left,
                inspect_op,
            },
            Self {
                base: right,
                inspect_op,
            },
        )
    }

    fn fold_with<G: Folder<P::Item>>(self, folder: G) -> G {
        let folder = InspectFolder {
            base: folder,
            inspect_op: self.inspect_op,
        };
        self.base.fold_with(folder).base
    }
}

struct InspectConsumer<'f, C, F> {
    base: C,
    inspect_op: &'f F,
}

impl<'f, C, F> InspectConsumer<'f, C, F> {
    fn new(base: C, inspect_op: &'f F) -> Self {
        Self { base, inspect_op }
    }
}

impl<'f, T, C, F> Consumer<T> for InspectConsumer<'f, C, F>
where
    C: Consumer<T>,
    F: Fn(&T) + Sync,
{
    type Folder = InspectFolder<'f, C::Folder, F>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.inspect_op),
            Self::new(right, self.inspect_op),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        InspectFolder {
            base: self.base.into_folder(),
            inspect_op: self.inspect_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let inspect_op = self.inspect_op;
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| InspectFolder { base, inspect_op },
            |base| Self { base, inspect_op },
        )
    }
}

impl<'f, T, C, F> UnindexedConsumer<T> for InspectConsumer<'f, C, F>
where
    C: UnindexedConsumer<T>,
    F: Fn(&T) + Sync,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.inspect_op)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct InspectFolder<'f, B, F> {
    base: B,
    inspect_op: &'f F,
}

impl<'f, T, B, F> Folder<T> for InspectFolder<'f, B, F>
where
    B: Folder<T>,
    F: Fn(&T),
{
    type Result = B::Result;

    fn consume(self, item: T) -> Self {
        (self.inspect_op)(&item);
        Self {
            base: self.base.consume(item),
            ..self
        }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let iter = iter.into_iter().inspect(self.inspect_op);
        Self {
            base: self.base.consume_iter(iter),
            ..self
        }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
