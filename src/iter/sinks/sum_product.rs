//! `sum` and `product`: what std's [`Sum`] and [`Product`] make of the items.

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

/// A way to make a total `S` of items `T`.
trait Total<T, S> {
    fn total(items: impl Iterator<Item = T>) -> S;
}

struct Add;
struct Multiply;

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

fn both<O: Total<S, S>, S>(left: S, right: S) -> S {
    O::total([left, right].into_iter())
}

/// The consumer of `sum` and `product`, which is also its own reducer. `fn() -> S`, because there
/// is no `S` in it.
struct TotalConsumer<O, S>(PhantomData<fn() -> (O, S)>);

impl<O, S> TotalConsumer<O, S> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, S, O> Consumer<T> for TotalConsumer<O, S>
where
    O: Total<T, S> + Total<S, S>,
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
            total: <O as Total<T, S>>::total(empty()),
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
    O: Total<T, S> + Total<S, S>,
    S: Send,
{
    fn split_off_left(&self) -> Self {
        Self::new()
    }

    fn to_reducer(&self) -> Self {
        Self::new()
    }
}

impl<S, O: Total<S, S>> Reducer<S> for TotalConsumer<O, S> {
    fn reduce(self, left: S, right: S) -> S {
        both::<O, S>(left, right)
    }
}

struct TotalFolder<O, S> {
    total: S,
    op: PhantomData<fn() -> O>,
}

impl<T, S, O> Folder<T> for TotalFolder<O, S>
where
    O: Total<T, S> + Total<S, S>,
{
    type Result = S;

    fn consume(self, item: T) -> Self {
        self.consume_iter(once(item))
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        let more = <O as Total<T, S>>::total(iter.into_iter());
        Self {
            total: both::<O, S>(self.total, more),
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
