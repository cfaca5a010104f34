//! `copied`: from references to values, by copy.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`ParallelIterator::copied`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Copied<I> {
    base: I,
}

impl<I> Copied<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<'a, T, I> ParallelIterator for Copied<I>
where
    I: ParallelIterator<Item = &'a T>,
    T: 'a + Copy + Send + Sync,
{
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        self.base.drive_unindexed(CopiedConsumer { base: consumer })
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<'a, T, I> IndexedParallelIterator for Copied<I>
where
    I: IndexedParallelIterator<Item = &'a T>,
    T: 'a + Copy + Send + Sync,
{
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        self.base.drive(CopiedConsumer { base: consumer })
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<T>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback { callback })
    }
}

struct Callback<CB> {
    callback: CB,
}

impl<'a, T, CB> ProducerCallback<&'a T> for Callback<CB>
where
    CB: ProducerCallback<T>,
    T: 'a + Copy + Send,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = &'a T>>(self, base: P) -> CB::Output {
        self.callback.callback(CopiedProducer { base })
    }
}

struct CopiedProducer<P> {
    base: P,
}

impl<'a, T, P> Producer for CopiedProducer<P>
where
    P: Producer<Item = &'a T>,
    T: 'a + Copy,
{
    type Item = T;
    type IntoIter = std::iter::Copied<P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter().copied()
    }

    fn min_len(&self) -> usize {
        self.base.min_len()
    }

    fn max_len(&self) -> usize {
        self.base.max_len()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = self.base.split_at(index);
        (Self { base: left }, Self { base: right })
    }

    fn fold_with<F: Folder<T>>(self, folder: F) -> F {
        self.base.fold_with(CopiedFolder { base: folder }).base
    }
}

struct CopiedConsumer<C> {
    base: C,
}

impl<'a, T, C> Consumer<&'a T> for CopiedConsumer<C>
where
    C: Consumer<T>,
    T: 'a + Copy,
{
    type Folder = CopiedFolder<C::Folder>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (Self { base: left }, Self { base: right }, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        CopiedFolder {
            base: self.base.into_folder(),
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    fn rejoin(self, folder: Self::Folder, index: usize) -> Rejoined<Self::Folder, Self> {
        rejoin_base(
            self.base,
            folder.base,
            index,
            |base| CopiedFolder { base },
            |base| Self { base },
        )
    }
}

impl<'a, T, C> UnindexedConsumer<&'a T> for CopiedConsumer<C>
where
    C: UnindexedConsumer<T>,
    T: 'a + Copy,
{
    fn split_off_left(&self) -> Self {
        Self {
            base: self.base.split_off_left(),
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct CopiedFolder<B> {
    base: B,
}

impl<'a, T, B> Folder<&'a T> for CopiedFolder<B>
where
    B: Folder<T>,
    T: 'a + Copy,
{
    type Result = B::Result;

    fn consume(self, item: &'a T) -> Self {
        Self {
            base: self.base.consume(*item),
        }
    }

    fn consume_iter<I: IntoIterator<Item = &'a T>>(self, iter: I) -> Self {
        Self {
            base: self.base.consume_iter(iter.into_iter().copied()),
        }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
