//! Pieces that end with separators.

use super::seam::{Pieces, SeamProducer, Seams};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over pieces that end with separators, of a slice: see
/// [`par_split_inclusive`](super::ParallelSlice::par_split_inclusive).
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct SplitInclusive<'data, T, P> {
    slice: &'data [T],
    separates: P,
}

impl<'data, T, P> SplitInclusive<'data, T, P> {
    pub(super) fn new(slice: &'data [T], separates: P) -> Self {
        Self { slice, separates }
    }
}

impl<T, P: Clone> Clone for SplitInclusive<'_, T, P> {
    fn clone(&self) -> Self {
        Self {
            slice: self.slice,
            separates: self.separates.clone(),
        }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for SplitInclusive<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitInclusive")
            .field("slice", &self.slice)
            .finish()
    }
}

impl<'data, T, P> ParallelIterator for SplitInclusive<'data, T, P>
where
    T: Sync + 'data,
    P: Fn(&T) -> bool + Sync + Send,
{
    type Item = &'data [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(
            SeamProducer::new(self.slice, EndsWith(&self.separates)),
            consumer,
        )
    }
}

/// Parallel iterator over pieces that end with separators, of a slice that may be changed: see
/// [`par_split_inclusive_mut`](super::ParallelSliceMut::par_split_inclusive_mut).
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct SplitInclusiveMut<'data, T, P> {
    slice: &'data mut [T],
    separates: P,
}

impl<'data, T, P> SplitInclusiveMut<'data, T, P> {
    pub(super) fn new(slice: &'data mut [T], separates: P) -> Self {
        Self { slice, separates }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for SplitInclusiveMut<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitInclusiveMut")
            .field("slice", &self.slice)
            .finish()
    }
}

impl<'data, T, P> ParallelIterator for SplitInclusiveMut<'data, T, P>
where
    T: Send + 'data,
    P: Fn(&T) -> bool + Sync + Send,
{
    type Item = &'data mut [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(
            SeamProducer::new(self.slice, EndsWith(&self.separates)),
            consumer,
        )
    }
}

/// The rule of `par_split_inclusive`: a separator ends its piece.
struct EndsWith<'p, P>(&'p P);

impl<P> Clone for EndsWith<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for EndsWith<'_, P> {}

impl<T, P: Fn(&T) -> bool + Sync> Seams<T> for EndsWith<'_, P> {
    const END: usize = 1;
    const START: usize = 1;

    fn is_seam(self, items: &[T], place: usize) -> bool {
        (self.0)(&items[place])
    }
}

impl<'data, T: Sync, P: Fn(&T) -> bool + Sync> Pieces<&'data [T]> for EndsWith<'_, P> {
    fn pieces(self, slice: &'data [T]) -> impl Iterator<Item = &'data [T]> {
        slice.split_inclusive(self.0)
    }
}

impl<'data, T: Send, P: Fn(&T) -> bool + Sync> Pieces<&'data mut [T]> for EndsWith<'_, P> {
    fn pieces(self, slice: &'data mut [T]) -> impl Iterator<Item = &'data mut [T]> {
        slice.split_inclusive_mut(self.0)
    }
}
