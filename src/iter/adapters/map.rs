//! `map`: each item through a function.

use super::stage::{Stage, Staged};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;

/// Iterator returned by [`ParallelIterator::map`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Map<I, F> {
    base: I,
    map_op: F,
}

impl<I, F> Map<I, F> {
    pub(crate) fn new(base: I, map_op: F) -> Self {
        Self { base, map_op }
    }
}

impl<I: fmt::Debug, F> fmt::Debug for Map<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("base", &self.base).finish()
    }
}

impl<I, F, R> ParallelIterator for Map<I, F>
where
    I: ParallelIterator,
    F: Fn(I::Item) -> R + Sync + Send,
    R: Send,
{
    type Item = R;

    fn drive_unindexed<C: UnindexedConsumer<R>>(self, consumer: C) -> C::Result {
        let stage = Mapping(self.map_op);
        self.base.drive_unindexed(Staged::new(consumer, &stage))
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I, F, R> IndexedParallelIterator for Map<I, F>
where
    I: IndexedParallelIterator,
    F: Fn(I::Item) -> R + Sync + Send,
    R: Send,
{
    fn drive<C: Consumer<R>>(self, consumer: C) -> C::Result {
        let stage = Mapping(self.map_op);
        self.base.drive(Staged::new(consumer, &stage))
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<R>>(self, callback: CB) -> CB::Output {
        let stage = Mapping(self.map_op);
        self.base.with_producer(Staged::new(callback, &stage))
    }
}

/// The stage of `map`. It can stand behind a producer, too.
struct Mapping<F>(F);

impl<T, R, F: Fn(T) -> R + Sync> Stage<T> for Mapping<F> {
    type Item = R;

    #[inline]
    fn consume<B: Folder<R>>(&self, base: B, item: T) -> B {
        base.consume((self.0)(item))
    }

    #[inline]
    fn consume_iter<B: Folder<R>, I: IntoIterator<Item = T>>(&self, base: B, iter: I) -> B {
        base.consume_iter(iter.into_iter().map(&self.0))
    }
}

impl<T, R, CB, F> ProducerCallback<T> for Staged<'_, CB, Mapping<F>>
where
    CB: ProducerCallback<R>,
    F: Fn(T) -> R + Sync,
    R: Send,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.base.callback(Staged::new(base, self.stage))
    }
}

impl<'s, R, P, F> Producer for Staged<'s, P, Mapping<F>>
where
    P: Producer,
    F: Fn(P::Item) -> R + Sync,
    R: Send,
{
    type Item = R;
    type IntoIter = std::iter::Map<P::IntoIter, &'s F>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter().map(&self.stage.0)
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
        let stage = self.stage;
        let (left, right) = self.base.split_at(index);
        (Self { base: left, stage }, Self { base: right, stage })
    }

    fn fold_with<G: Folder<R>>(self, folder: G) -> G {
        self.base.fold_with(Staged::new(folder, self.stage)).base
    }
}
