//! One of two loops over the same type, and one of two collections to fill.

use super::plumbing::*;
use super::{
    Either, IndexedParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator,
};

/// Runs the loop that is there.
///
/// ```
/// use manyhands::iter::Either;
/// use manyhands::prelude::*;
///
/// let squares = |up: bool| -> Vec<u32> {
///     let range = (0..3_u32).into_par_iter();
///     let range = if up { Either::Left(range) } else { Either::Right(range.rev()) };
///     range.map(|x| x * x).collect()
/// };
/// assert_eq!(squares(true), [0, 1, 4]);
/// assert_eq!(squares(false), [4, 1, 0]);
/// ```
impl<L, R> ParallelIterator for Either<L, R>
where
    L: ParallelIterator,
    R: ParallelIterator<Item = L::Item>,
{
    type Item = L::Item;

    fn drive_unindexed<C: UnindexedConsumer<L::Item>>(self, consumer: C) -> C::Result {
        match self {
            Either::Left(iter) => iter.drive_unindexed(consumer),
            Either::Right(iter) => iter.drive_unindexed(consumer),
        }
    }

    fn opt_len(&self) -> Option<usize> {
        self.as_ref()
            .either(ParallelIterator::opt_len, ParallelIterator::opt_len)
    }
}

impl<L, R> IndexedParallelIterator for Either<L, R>
where
    L: IndexedParallelIterator,
    R: IndexedParallelIterator<Item = L::Item>,
{
    fn drive<C: Consumer<L::Item>>(self, consumer: C) -> C::Result {
        match self {
            Either::Left(iter) => iter.drive(consumer),
            Either::Right(iter) => iter.drive(consumer),
        }
    }

    fn len(&self) -> usize {
        self.as_ref()
            .either(IndexedParallelIterator::len, IndexedParallelIterator::len)
    }

    fn with_producer<CB: ProducerCallback<L::Item>>(self, callback: CB) -> CB::Output {
        match self {
            Either::Left(iter) => iter.with_producer(callback),
            Either::Right(iter) => iter.with_producer(callback),
        }
    }
}

/// Extends the collection that is there.
impl<L, R, T> ParallelExtend<T> for Either<L, R>
where
    T: Send,
    L: ParallelExtend<T>,
    R: ParallelExtend<T>,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, par_iter: I) {
        match self {
            Either::Left(collection) => collection.par_extend(par_iter),
            Either::Right(collection) => collection.par_extend(par_iter),
        }
    }
}
