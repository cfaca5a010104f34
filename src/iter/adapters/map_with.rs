//! `map_with`: a function with a value of its own, cloned for each piece. Also what `map_init`
//! shares with it.

use super::seed::{Cloned, Op, Seed, Seeded};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use std::fmt;

/// Iterator returned by [`ParallelIterator::map_with`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MapWith<I, T, F> {
    base: I,
    item: T,
    map_op: F,
}

impl<I, T, F> MapWith<I, T, F> {
    pub(crate) fn new(base: I, item: T, map_op: F) -> Self {
        Self { base, item, map_op }
    }
}

impl<I: fmt::Debug, T: fmt::Debug, F> fmt::Debug for MapWith<I, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapWith")
            .field("base", &self.base)
            .field("item", &self.item)
            .finish()
    }
}

impl<I, T, F, R> ParallelIterator for MapWith<I, T, F>
where
    I: ParallelIterator,
    T: Send + Clone,
    F: Fn(&mut T, I::Item) -> R + Sync + Send,
    R: Send,
{
    type Item = R;

    fn drive_unindexed<C: UnindexedConsumer<R>>(self, consumer: C) -> C::Result {
        let (seed, op) = (Cloned(self.item), MappingWith(self.map_op));
        self.base.drive_unindexed(Seeded::new(consumer, seed, &op))
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I, T, F, R> IndexedParallelIterator for MapWith<I, T, F>
where
    I: IndexedParallelIterator,
    T: Send + Clone,
    F: Fn(&mut T, I::Item) -> R + Sync + Send,
    R: Send,
{
    fn drive<C: Consumer<R>>(self, consumer: C) -> C::Result {
        let (seed, op) = (Cloned(self.item), MappingWith(self.map_op));
        self.base.drive(Seeded::new(consumer, seed, &op))
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<R>>(self, callback: CB) -> CB::Output {
        let (seed, op) = (Cloned(self.item), MappingWith(self.map_op));
        self.base.with_producer(Seeded::new(callback, seed, &op))
    }
}

/// The function of `map_with` and `map_init`. It can stand behind a producer, too.
pub(super) struct MappingWith<F>(pub(super) F);

impl<T, U, R, F> Op<T, U> for MappingWith<F>
where
    F: Fn(&mut U, T) -> R + Sync,
{
    type Item = R;

    #[inline]
    fn consume<B: Folder<R>>(&self, base: B, mut value: U, item: T) -> (B, U) {
        let mapped = (self.0)(&mut value, item);
        (base.consume(mapped), value)
    }

    #[inline]
    fn consume_iter<B, I>(&self, base: B, mut value: U, iter: I) -> (B, U)
    where
        B: Folder<R>,
        I: IntoIterator<Item = T>,
    {
        let mapped = iter.into_iter().map(|item| (self.0)(&mut value, item));
        (base.consume_iter(mapped), value)
    }
}

impl<T, D, R, CB, F> ProducerCallback<T> for Seeded<'_, CB, D, MappingWith<F>>
where
    CB: ProducerCallback<R>,
    D: Seed,
    F: Fn(&mut D::Value, T) -> R + Sync,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.base.callback(Seeded::new(base, self.value, self.op))
    }
}

impl<'o, P, D, R, F> Producer for Seeded<'o, P, D, MappingWith<F>>
where
    P: Producer,
    D: Seed,
    F: Fn(&mut D::Value, P::Item) -> R + Sync,
{
    type Item = R;
    type IntoIter = Seeded<'o, P::IntoIter, D::Value, MappingWith<F>>;

    fn into_iter(self) -> Self::IntoIter {
        Seeded {
            base: self.base.into_iter(),
            value: self.value.grow(),
            op: self.op,
        }
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
        let (left, right) = self.base.split_at(index);
        let left = Self {
            base: left,
            value: self.value.clone(),
            op: self.op,
        };
        let right = Self {
            base: right,
            ..self
        };
        (left, right)
    }

    fn fold_with<G: Folder<R>>(self, folder: G) -> G {
        let folder = Seeded::new(folder, self.value.grow(), self.op);
        self.base.fold_with(folder).base
    }
}

impl<I, U, F, R> Iterator for Seeded<'_, I, U, MappingWith<F>>
where
    I: Iterator,
    F: Fn(&mut U, I::Item) -> R,
{
    type Item = R;

    fn next(&mut self) -> Option<R> {
        let item = self.base.next()?;
        Some((self.op.0)(&mut self.value, item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.base.size_hint()
    }
}

impl<I, U, F, R> DoubleEndedIterator for Seeded<'_, I, U, MappingWith<F>>
where
    I: DoubleEndedIterator,
    F: Fn(&mut U, I::Item) -> R,
{
    fn next_back(&mut self) -> Option<R> {
        let item = self.base.next_back()?;
        Some((self.op.0)(&mut self.value, item))
    }
}

impl<I, U, F, R> ExactSizeIterator for Seeded<'_, I, U, MappingWith<F>>
where
    I: ExactSizeIterator,
    F: Fn(&mut U, I::Item) -> R,
{
}
