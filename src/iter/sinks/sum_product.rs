//! `sum`, `product` and `count`: what std's iterators make of the items.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::iter::{Product, Sum, empty, once};
use std::marker::PhantomData;

pub(crate) fn sum<I, S>(iter: I) -> S
where
    I: ParallelIterator,
    S: Send + Sum<I::Item> + Sum<S>,
{
    iter.drive_unindexed(TotalConsumer::<Add, S>::new())
}

pub(crate) fn product<I, S>(iter: I) -> S
where
    I: ParallelIterator,
    S: Send + Product<I::Item> + Product<S>,
{
    iter.drive_unindexed(TotalConsumer::<Multiply, S>::new())
}

pub(crate) fn count<I: ParallelIterator>(iter: I) -> usize {
    iter.drive_unindexed(TotalConsumer::<Count, usize>::new())
}

/// A way to make a total `S` of items `T`.
trait Total<T, S> {
    fn total(items: impl Iterator<Item = T>) -> S;
}

/// A way to make one total of two.
trait Both<S> {
    fn both(left: S, right: S) -> S;
}

struct Add;
struct Multiply;
struct Count;

impl<T, S: Sum<T>> Total<T, S> for Add {
    fn total(items: impl Iterator<Item = T>) -> S {
        items.sum()
    }
}

impl<T, S: Product<T>> Total<T, S> for Multiply {
    fn total(items: impl Iterator<Item = T>) -> S {
        items.product()
    }
}

impl<T> Total<T, usize> for Count {
    fn total(items: impl Iterator<Item = T>) -> usize {
        items.count()
    }
}

impl<S: Sum<S>> Both<S> for Add {
    fn both(left: S, right: S) -> S {
        [left, right].into_iter().sum()
    }
}

impl<S: Product<S>> Both<S> for Multiply {
    fn both(left: S, right: S) -> S {
        [left, right].into_iter().product()
    }
}

impl Both<usize> for Count {
    fn both(left: usize, right: usize) -> usize {
        left + right
    }
}

/// The consumer of all three, which is also its own reducer. `fn() -> S`, because there
/// is no `S` in it.
struct TotalConsumer<O, S>(PhantomData<fn() -> (O, S)>);

impl<O, S> TotalConsumer<O, S> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, S, O> Consumer<T> for TotalConsumer<O, S>
where
    O: Total<T, S> + Both<S>,
    S: Send,
{
    type Folder = TotalFolder<O, S>;
    type Reducer = Self;
    type Result = S;

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (Self::new(), Self::new(), Self::new())
    }

    fn into_folder(self) -> Self::Folder {
        TotalFolder {
            total: O::total(empty()),
            op: PhantomData,
        }
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<T, S, O> UnindexedConsumer<T> for TotalConsumer<O, S>
where
    O: Total<T, S> + Both<S>,
    S: Send,
{
    fn split_off_left(&self) -> Self {
        Self::new()
    }

    fn to_reducer(&self) -> Self {
        Self::new()
    }
}

impl<S, O: Both<S>> Reducer<S> for TotalConsumer<O, S> {
    fn reduce(self, left: S, right: S) -> S {
        O::both(left, right)
    }
}

struct TotalFolder<O, S> {
    total: S,
    op: PhantomData<fn() -> O>,
}

impl<T, S, O> Folder<T> for TotalFolder<O, S>
where
    O: Total<T, S> + Both<S>,
{
    type Result = S;

    fn consume(self, item: T) -> Self {
        self.consume_iter(once(item))
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let more = O::total(iter.into_iter());
        Self {
            total: O::both(self.total, more),
            ..self
        }
    }

    fn complete(self) -> S {
        self.total
    }

    fn full(&self) -> bool {
        false
    }
}
