//! `flat_map`: each item becomes a parallel iterator.

use crate::iter::plumbing::*;
use crate::iter::{IntoParallelIterator, ParallelIterator};
use crate::util::lent::Lent;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// Iterator returned by [`ParallelIterator::flat_map`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct FlatMap<I, F> {
    base: I,
    map_op: F,
}

impl<I, F> FlatMap<I, F> {
    pub(crate) fn new(base: I, map_op: F) -> Self {
        Self { base, map_op }
    }
}

impl<I: fmt::Debug, F> fmt::Debug for FlatMap<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlatMap").field("base", &self.base).finish()
    }
}

impl<I, F, PI> ParallelIterator for FlatMap<I, F>
where
    I: ParallelIterator,
    F: Fn(I::Item) -> PI + Sync + Send,
    PI: IntoParallelIterator,
{
    type Item = PI::Item;

    fn drive_unindexed<C: UnindexedConsumer<PI::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive_unindexed(FlatMapConsumer::new(consumer, &self.map_op))
    }
}

struct FlatMapConsumer<'f, C, F> {
    base: C,
    map_op: &'f F,
}

impl<'f, C, F> FlatMapConsumer<'f, C, F> {
    fn new(base: C, map_op: &'f F) -> Self {
        Self { base, map_op }
    }
}

impl<'f, T, PI, C, F> Consumer<T> for FlatMapConsumer<'f, C, F>
where
    C: UnindexedConsumer<PI::Item>,
    F: Fn(T) -> PI + Sync,
    PI: IntoParallelIterator,
{
    type Folder = FlatMapFolder<'f, C, F, C::Folder, C::Result>;
    type Reducer = C::Reducer;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, reducer) = self.base.split_at(index);
        (
            Self::new(left, self.map_op),
            Self::new(right, self.map_op),
            reducer,
        )
    }

    fn into_folder(self) -> Self::Folder {
        FlatMapFolder {
            base: self.base,
            map_op: self.map_op,
            before: None,
            folder: None,
        }
    }

    fn full(&self) -> bool {
        self.base.full()
    }

    // The folder has a consumer of its own, which serves these items as well as any others.
    fn can_rejoin(&self, _: &Self::Folder) -> bool {
        true
    }
}

impl<'f, T, PI, C, F> UnindexedConsumer<T> for FlatMapConsumer<'f, C, F>
where
    C: UnindexedConsumer<PI::Item>,
    F: Fn(T) -> PI + Sync,
    PI: IntoParallelIterator,
{
    fn split_off_left(&self) -> Self {
        Self::new(self.base.split_off_left(), self.map_op)
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.base.to_reducer()
    }
}

struct FlatMapFolder<'f, C, F, G, R> {
    base: C,
    map_op: &'f F,
    /// The result of all items before those in `folder`.
    before: Option<R>,
    /// Holds the items of the last inner loops, as long as no thread has helped with one of them.
    folder: Option<G>,
}

/// Puts two results together.
fn join<T, C: UnindexedConsumer<T>>(
    base: &C,
    before: Option<C::Result>,
    result: C::Result,
) -> C::Result {
    match before {
        None => result,
        Some(before) => base.to_reducer().reduce(before, result),
    }
}

impl<'f, T, PI, C, F> Folder<T> for FlatMapFolder<'f, C, F, C::Folder, C::Result>
where
    C: UnindexedConsumer<PI::Item>,
    F: Fn(T) -> PI + Sync,
    PI: IntoParallelIterator,
{
    type Result = C::Result;

    fn consume(self, item: T) -> Self {
        let Self {
            base,
            map_op,
            mut before,
            folder,
        } = self;
        let inner = map_op(item).into_par_iter();
        let folder = folder.unwrap_or_else(|| base.split_off_left().into_folder());
        // An inner loop that no thread helps with costs no folder, no result, and no reduction.
        let lent = Lent::new(folder);
        let result = inner.drive_unindexed(InnerConsumer {
            base: base.split_off_left(),
            lent: Cell::new(Some(&lent)),
        });
        let mut folder = lent.into_inner();
        if let Some(result) = result {
            // Other pieces of the inner loop have results of their own.
            if let Some(folder) = folder.take() {
                before = Some(join(&base, before, folder.complete()));
            }
            before = Some(join(&base, before, result));
        }
        Self {
            base,
            map_op,
            before,
            folder,
        }
    }

    fn complete(self) -> C::Result {
        match (self.before, self.folder) {
            (before, Some(folder)) => join(&self.base, before, folder.complete()),
            (Some(before), None) => before,
            (None, None) => self.base.into_folder().complete(),
        }
    }

    fn full(&self) -> bool {
        self.base.full() || self.folder.as_ref().is_some_and(Folder::full)
    }
}

/// The consumer of a piece of an inner loop.
struct InnerConsumer<'l, C, G> {
    base: C,
    /// Where the piece finds the running folder, if it has the first items.
    lent: Cell<Option<&'l Lent<G>>>,
}

impl<'l, T, C> Consumer<T> for InnerConsumer<'l, C, C::Folder>
where
    C: UnindexedConsumer<T>,
{
    type Folder = InnerFolder<'l, C::Folder>;
    type Reducer = InnerReducer<C::Reducer>;
    /// `None`: the items are in the running folder.
    type Result = Option<C::Result>;

    #[inline]
    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, base) = self.base.split_at(index);
        (
            Self {
                base: left,
                lent: self.lent,
            },
            Self {
                base: right,
                lent: Cell::new(None),
            },
            InnerReducer { base },
        )
    }

    #[inline]
    fn into_folder(self) -> Self::Folder {
        let lent = self.lent.take();
        let taken = lent.and_then(|lent| Some((lent.take()?, lent)));
        let (base, lent) = match taken {
            Some((folder, lent)) => (folder, Some(lent)),
            None => (self.base.into_folder(), None),
        };
        InnerFolder {
            base,
            lent,
            stays: PhantomData,
        }
    }

    #[inline]
    fn full(&self) -> bool {
        self.base.full()
    }

    #[inline]
    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        self.base.can_rejoin(&folder.base)
    }

    #[inline]
    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        self.base.rejoin(&mut folder.base, index);
    }
}

impl<'l, T, C> UnindexedConsumer<T> for InnerConsumer<'l, C, C::Folder>
where
    C: UnindexedConsumer<T>,
{
    // Adapters may split off a consumer and use it in another place than at the left, so neither
    // part may have the running folder.
    #[inline]
    fn split_off_left(&self) -> Self {
        self.lent.set(None);
        Self {
            base: self.base.split_off_left(),
            lent: Cell::new(None),
        }
    }

    #[inline]
    fn to_reducer(&self) -> Self::Reducer {
        let base = self.base.to_reducer();
        InnerReducer { base }
    }
}

struct InnerFolder<'l, G> {
    base: G,
    /// Where the folder goes back to, if it is the running one.
    lent: Option<&'l Lent<G>>,
    /// A folder stays on its thread.
    stays: PhantomData<*const ()>,
}

impl<T, G: Folder<T>> Folder<T> for InnerFolder<'_, G> {
    type Result = Option<G::Result>;

    #[inline]
    fn consume(self, item: T) -> Self {
        Self {
            base: self.base.consume(item),
            ..self
        }
    }

    #[inline]
    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        Self {
            base: self.base.consume_iter(iter),
            ..self
        }
    }

    #[inline]
    fn complete(self) -> Option<G::Result> {
        match self.lent {
            Some(lent) => {
                lent.put(self.base);
                None
            }
            None => Some(self.base.complete()),
        }
    }

    #[inline]
    fn full(&self) -> bool {
        self.base.full()
    }
}

struct InnerReducer<D> {
    base: D,
}

impl<R, D: Reducer<R>> Reducer<Option<R>> for InnerReducer<D> {
    #[inline]
    fn reduce(self, left: Option<R>, right: Option<R>) -> Option<R> {
        match (left, right) {
            (Some(left), Some(right)) => Some(self.base.reduce(left, right)),
            // What is in the running folder comes first.
            (left, right) => left.or(right),
        }
    }
}
