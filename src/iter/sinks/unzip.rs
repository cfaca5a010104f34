//! `unzip` and `partition`: one loop that fills two collections.
//!
//! Each collection is given an iterator, and runs it with a consumer of its own. The iterator of
//! the first collection only keeps that consumer, and hands an iterator to the second collection.
//! When the second runs its iterator, there are two consumers, and the loop itself runs with both.

use crate::iter::plumbing::*;
use crate::iter::{
    Either, FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator,
};
use std::marker::PhantomData;

/// A way to deal items out to the two sides.
pub(crate) trait Deal<T> {
    type A: Send;
    type B: Send;
    /// Does each side get something of each item?
    const BOTH: bool;

    fn deal(item: T) -> (Option<Self::A>, Option<Self::B>);
}

/// The deal of `unzip`: each side gets a part of each item.
pub(crate) struct Pairs;

impl<A: Send, B: Send> Deal<(A, B)> for Pairs {
    type A = A;
    type B = B;
    const BOTH: bool = true;

    fn deal((a, b): (A, B)) -> (Option<A>, Option<B>) {
        (Some(a), Some(b))
    }
}

/// The deal of `partition`: one side gets the whole item.
pub(crate) struct Sides;

impl<L: Send, R: Send> Deal<Either<L, R>> for Sides {
    type A = L;
    type B = R;
    const BOTH: bool = false;

    fn deal(item: Either<L, R>) -> (Option<L>, Option<R>) {
        match item {
            Either::Left(left) => (Some(left), None),
            Either::Right(right) => (None, Some(right)),
        }
    }
}

/// Extends both collections.
pub(crate) fn extend<D, I, FromA, FromB>(iter: I, a: &mut FromA, b: &mut FromB)
where
    I: ParallelIterator,
    D: Deal<I::Item>,
    FromA: ParallelExtend<D::A>,
    FromB: ParallelExtend<D::B> + Send,
{
    a.par_extend(First {
        iter,
        second: ExtendSecond(b),
        deal: PhantomData::<fn() -> D>,
    });
}

/// Makes both collections.
fn collect<D, I, FromA, FromB>(iter: I) -> (FromA, FromB)
where
    I: ParallelIterator,
    D: Deal<I::Item>,
    FromA: FromParallelIterator<D::A>,
    FromB: FromParallelIterator<D::B> + Send,
{
    let mut b = None;
    let a = FromA::from_par_iter(First {
        iter,
        second: MakeSecond(&mut b),
        deal: PhantomData::<fn() -> D>,
    });
    (a, b.expect(NOT_RUN))
}

/// The message of the panic when a collection ignores its iterator.
const NOT_RUN: &str = "a collection did not run the iterator that it was given";

/// What the second collection does with its iterator: extend itself, or be made.
trait Second<B>: Send {
    fn take<I: ParallelIterator<Item = B>>(self, iter: I);
}

struct ExtendSecond<'b, C>(&'b mut C);

impl<B: Send, C: ParallelExtend<B> + Send> Second<B> for ExtendSecond<'_, C> {
    fn take<I: ParallelIterator<Item = B>>(self, iter: I) {
        self.0.par_extend(iter);
    }
}

struct MakeSecond<'b, C>(&'b mut Option<C>);

impl<B: Send, C: FromParallelIterator<B> + Send> Second<B> for MakeSecond<'_, C> {
    fn take<I: ParallelIterator<Item = B>>(self, iter: I) {
        *self.0 = Some(C::from_par_iter(iter));
    }
}

/// The iterator that the first collection gets.
struct First<I, S, D> {
    iter: I,
    second: S,
    deal: PhantomData<fn() -> D>,
}

impl<I, S, D> ParallelIterator for First<I, S, D>
where
    I: ParallelIterator,
    D: Deal<I::Item>,
    S: Second<D::B>,
{
    type Item = D::A;

    fn drive_unindexed<C: UnindexedConsumer<D::A>>(self, consumer: C) -> C::Result {
        let mut result = None;
        self.second.take(Rest {
            iter: self.iter,
            first: consumer,
            result: &mut result,
            deal: self.deal,
        });
        result.expect(NOT_RUN)
    }

    fn opt_len(&self) -> Option<usize> {
        if D::BOTH { self.iter.opt_len() } else { None }
    }
}

/// The iterator that the second collection gets, which brings the first one's consumer.
struct Rest<'r, I, C, R, D> {
    iter: I,
    first: C,
    result: &'r mut Option<R>,
    deal: PhantomData<fn() -> D>,
}

impl<'r, I, C, D> ParallelIterator for Rest<'r, I, C, C::Result, D>
where
    I: ParallelIterator,
    D: Deal<I::Item>,
    C: UnindexedConsumer<D::A>,
{
    type Item = D::B;

    fn drive_unindexed<C2: UnindexedConsumer<D::B>>(self, consumer: C2) -> C2::Result {
        let (a, b) = self.iter.drive_unindexed(DealConsumer {
            a: self.first,
            b: consumer,
            deal: self.deal,
        });
        *self.result = Some(a);
        b
    }

    fn opt_len(&self) -> Option<usize> {
        if D::BOTH { self.iter.opt_len() } else { None }
    }
}

struct DealConsumer<A, B, D> {
    a: A,
    b: B,
    deal: PhantomData<fn() -> D>,
}

impl<T, A, B, D> Consumer<T> for DealConsumer<A, B, D>
where
    D: Deal<T>,
    A: UnindexedConsumer<D::A>,
    B: UnindexedConsumer<D::B>,
{
    type Folder = DealFolder<A::Folder, B::Folder, D>;
    type Reducer = DealReducer<A::Reducer, B::Reducer>;
    type Result = (A::Result, B::Result);

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let deal = self.deal;
        let (left_a, right_a, a) = self.a.split_at(index);
        let (left_b, right_b, b) = self.b.split_at(index);
        (
            Self {
                a: left_a,
                b: left_b,
                deal,
            },
            Self {
                a: right_a,
                b: right_b,
                deal,
            },
            DealReducer { a, b },
        )
    }

    fn into_folder(self) -> Self::Folder {
        DealFolder {
            a: self.a.into_folder(),
            b: self.b.into_folder(),
            deal: self.deal,
        }
    }

    fn full(&self) -> bool {
        self.a.full() && self.b.full()
    }

    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.a.can_rejoin(&folder.a) && self.b.can_rejoin(&folder.b)
    }

    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.a.rejoin(&mut folder.a, index);
        self.b.rejoin(&mut folder.b, index);
    }
}

impl<T, A, B, D> UnindexedConsumer<T> for DealConsumer<A, B, D>
where
    D: Deal<T>,
    A: UnindexedConsumer<D::A>,
    B: UnindexedConsumer<D::B>,
{
    fn split_off_left(&self) -> Self {
        Self {
            a: self.a.split_off_left(),
            b: self.b.split_off_left(),
            deal: self.deal,
        }
    }

    fn to_reducer(&self) -> Self::Reducer {
        DealReducer {
            a: self.a.to_reducer(),
            b: self.b.to_reducer(),
        }
    }
}

struct DealReducer<A, B> {
    a: A,
    b: B,
}

impl<RA, RB, A: Reducer<RA>, B: Reducer<RB>> Reducer<(RA, RB)> for DealReducer<A, B> {
    fn reduce(self, left: (RA, RB), right: (RA, RB)) -> (RA, RB) {
        (
            self.a.reduce(left.0, right.0),
            self.b.reduce(left.1, right.1),
        )
    }
}

struct DealFolder<A, B, D> {
    a: A,
    b: B,
    deal: PhantomData<fn() -> D>,
}

impl<T, D, FA, FB> Folder<T> for DealFolder<FA, FB, D>
where
    D: Deal<T>,
    FA: Folder<D::A>,
    FB: Folder<D::B>,
{
    type Result = (FA::Result, FB::Result);

    fn consume(self, item: T) -> Self {
        let Self { mut a, mut b, deal } = self;
        let (to_a, to_b) = D::deal(item);
        if let Some(item) = to_a {
            a = a.consume(item);
        }
        if let Some(item) = to_b {
            b = b.consume(item);
        }
        Self { a, b, deal }
    }

    fn complete(self) -> Self::Result {
        (self.a.complete(), self.b.complete())
    }

    fn full(&self) -> bool {
        self.a.full() && self.b.full()
    }
}

/// Each collection gets one half of the pairs.
impl<A, B, FromA, FromB> ParallelExtend<(A, B)> for (FromA, FromB)
where
    A: Send,
    B: Send,
    FromA: ParallelExtend<A> + Send,
    FromB: ParallelExtend<B> + Send,
{
    fn par_extend<I: IntoParallelIterator<Item = (A, B)>>(&mut self, par_iter: I) {
        extend::<Pairs, _, _, _>(par_iter.into_par_iter(), &mut self.0, &mut self.1);
    }
}

/// Each collection gets one half of the pairs.
impl<A, B, FromA, FromB> FromParallelIterator<(A, B)> for (FromA, FromB)
where
    A: Send,
    B: Send,
    FromA: FromParallelIterator<A> + Send,
    FromB: FromParallelIterator<B> + Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = (A, B)>>(par_iter: I) -> Self {
        collect::<Pairs, _, _, _>(par_iter.into_par_iter())
    }
}

/// The first collection gets the `Left` values, the second the `Right` ones.
impl<L, R, A, B> ParallelExtend<Either<L, R>> for (A, B)
where
    L: Send,
    R: Send,
    A: ParallelExtend<L> + Send,
    B: ParallelExtend<R> + Send,
{
    fn par_extend<I: IntoParallelIterator<Item = Either<L, R>>>(&mut self, par_iter: I) {
        extend::<Sides, _, _, _>(par_iter.into_par_iter(), &mut self.0, &mut self.1);
    }
}

/// The first collection gets the `Left` values, the second the `Right` ones.
impl<L, R, A, B> FromParallelIterator<Either<L, R>> for (A, B)
where
    L: Send,
    R: Send,
    A: FromParallelIterator<L> + Send,
    B: FromParallelIterator<R> + Send,
{
    fn from_par_iter<I: IntoParallelIterator<Item = Either<L, R>>>(par_iter: I) -> Self {
        collect::<Sides, _, _, _>(par_iter.into_par_iter())
    }
}
