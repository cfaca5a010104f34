//! `cloned`: from references to values.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`ParallelIterator::cloned`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Cloned<I> {
    base: I,
}

impl<I> Cloned<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<'a, T, I> ParallelIterator for Cloned<I>
where
    I: ParallelIterator<Item = &'a T>,
    T: 'a + Clone + Send + Sync,
{
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        self.base.drive_unindexed(ClonedConsumer { base: consumer })
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<'a, T, I> IndexedParallelIterator for Cloned<I>
where
    I: IndexedParallelIterator<Item = &'a T>,
    T: 'a + Clone + Send + Sync,
{
    fn drive<C: Consumer<T>>(self, consumer: C) -> C::Result {
        self.base.drive(ClonedConsumer { base: consumer })
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
    T: 'a + Clone + Send,
{
    type Output = CB::Output;

    fn callback<P: Producer<Item = &'a T>>(self, base: P) -> CB::Output {
        self.callback.callback(ClonedProducer { base })
    }
}

struct ClonedProducer<P> {
    base: P,
}

impl<'a, T, P> Producer for ClonedProducer<P>
where
    P: Producer<Item = &'a T>,
    T: 'a + Clone,
{
    type Item = T;
    type IntoIter = std::iter::Cloned<P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.into_iter().cloned()
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
        self.base.fold_with(ClonedFolder { base: folder }).base
    }
}

struct ClonedConsumer<C> {
    base: C,
}

impl<'a, T, C> Consumer<&'a T> for ClonedConsumer<C>
where
    C: Consumer<T>,
    T: 'a + Clone,
{
    type Folder = ClonedFolder<C::Folder>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (Self { base: left }, Self { base: right }, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        ClonedFolder {
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
            |base| ClonedFolder { base },
            |base| Self { base },
        )
    }
}

impl<'a, T, C> UnindexedConsumer<&'a T> for ClonedConsumer<C>
where
    C: UnindexedConsumer<T>,
    T: 'a + Clone,
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

struct ClonedFolder<B> {
    base: B,
}

impl<'a, T, B> Folder<&'a T> for ClonedFolder<B>
where
    B: Folder<T>,
    T: 'a + Clone,
{
    type Result = B::Result;

    fn consume(self, item: &'a T) -> Self {
        Self {
            base: self.base.consume(item.clone()),
        }
    }

    fn consume_iter<I: IntoIterator<Item = &'a T>>(self, iter: I) -> Self {
        Self {
            base: self.base.consume_iter(iter.into_iter().cloned()),
        }
    }

    fn complete(self) -> B::Result {
        self.base.complete()
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}
