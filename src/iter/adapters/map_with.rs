//! `map_with`: a function with a value of its own, cloned for each piece.

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
        self.base.drive_unindexed(MapWithConsumer {
            base: consumer,
            item: self.item,
            map_op: &self.map_op,
        })
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
        self.base.drive(MapWithConsumer {
            base: consumer,
            item: self.item,
            map_op: &self.map_op,
        })
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<R>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            item: self.item,
            map_op: self.map_op,
        })
    }
}

struct Callback<CB, U, F> {
    callback: CB,
    item: U,
    map_op: F,
}

impl<T, U, R, F, CB> ProducerCallback<T> for Callback<CB, U, F>
where
    CB: ProducerCallback<R>,
    U: Send + Clone,
    F: Fn(&mut U, T) -> R + Sync,
    R: Send,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(MapWithProducer {
            base,
            item: self.item,
            map_op: &self.map_op,
        })
    }
}

struct MapWithProducer<'f, P, U, F> {
    base: P,
    item: U,
    map_op: &'f F,
}

impl<'f, P, U, F, R> Producer for MapWithProducer<'f, P, U, F>
where
    P: Producer,
    U: Send + Clone,
    F: Fn(&mut U, P::Item) -> R + Sync,
    R: Send,
{
    type Item = R;
    type IntoIter = MapWithIter<'f, P::IntoIter, U, F>;

    fn into_iter(self) -> Self::IntoIter {
        MapWithIter {
            base: self.base.into_iter(),
            item: self.item,
            map_op: self.map_op,
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
            item: self.item.clone(),
            map_op: self.map_op,
        };
        let right = Self {
            base: right,
            ..self
        };
        (left, right)
    }

    fn fold_with<G: Folder<R>>(self, folder: G) -> G {
        let folder = MapWithFolder {
            base: folder,
            item: self.item,
            map_op: self.map_op,
        };
        self.base.fold_with(folder).base
    }
}

/// A sequential `map` that owns the value it works with.
pub(super) struct MapWithIter<'f, I, U, F> {
    pub(super) base: I,
    pub(super) item: U,
    pub(super) map_op: &'f F,
}

impl<'f, I, U, F, R> Iterator for MapWithIter<'f, I, U, F>
where
    I: Iterator,
    F: Fn(&mut U, I::Item) -> R,
{
    type Item = R;

    fn next(&mut self) -> Option<R> {
        let item = self.base.next()?;
        Some((self.map_op)(&mut self.item, item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.base.size_hint()
    }
}

impl<'f, I, U, F, R> DoubleEndedIterator for MapWithIter<'f, I, U, F>
where
    I: DoubleEndedIterator,
    F: Fn(&mut U, I::Item) -> R,
{
    fn next_back(&mut self) -> Option<R> {
        let item = self.base.next_back()?;
        Some((self.map_op)(&mut self.item, item))
    }
}

impl<'f, I, U, F, R> ExactSizeIterator for MapWithIter<'f, I, U, F>
where
    I: ExactSizeIterator,
    F: Fn(&mut U, I::Item) -> R,
{
}

struct MapWithConsumer<'f, C, U, F> {
    base: C,
    item: U,
    map_op: &'f F,
}

impl<'f, T, U, R, C, F> Consumer<T> for MapWithConsumer<'f, C, U, F>
where
    C: Consumer<R>,
    U: Send + Clone,
    F: Fn(&mut U, T) -> R + Sync,
{
    type Folder = MapWithFolder<'f, C::Folder, U, F>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        let left = Self {
            base: left,
            item: self.item.clone(),
            map_op: self.map_op,
        };
        let right = Self {
            base: right,
            ..self
        };
        (left, right, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        MapWithFolder {
            base: self.base.into_folder(),
            item: self.item,
            map_op: self.map_op,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        let map_op = self.map_op;
        let (begun, fresh) = (folder.item, self.item);
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| MapWithFolder {
                base,
                item: begun,
                map_op,
            },
            |base| Self {
                base,
                item: fresh,
                map_op,
            },
        )
    }
}

impl<'f, T, U, R, C, F> UnindexedConsumer<T> for MapWithConsumer<'f, C, U, F>
where
    C: UnindexedConsumer<R>,
    U: Send + Clone,
    F: Fn(&mut U, T) -> R + Sync,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
            item: self.item.clone(),
            map_op: self.map_op,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

/// A folder that maps with the value of its piece; `map_init` uses it, too.
pub(super) struct MapWithFolder<'f, B, U, F> {
    pub(super) base: B,
    pub(super) item: U,
    pub(super) map_op: &'f F,
}

impl<'f, T, U, R, B, F> Folder<T> for MapWithFolder<'f, B, U, F>
where
    B: Folder<R>,
    F: Fn(&mut U, T) -> R,
{
    type Result = B::Result;

    fn consume(mut self, item: T) -> Self {
        let mapped = (self.map_op)(&mut self.item, item);
        self.base = self.base.consume(mapped);
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let Self {
            base,
            mut item,
            map_op,
        } = self;
        let mapped = iter.into_iter().map(|x| map_op(&mut item, x));
        let base = base.consume_iter(mapped);
        Self { base, item, map_op }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
