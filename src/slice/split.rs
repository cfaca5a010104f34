//! Pieces between separators.

use super::seam::{Pieces, SeamProducer, Seams};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over pieces between separators, of a slice: see
/// [`par_split`](super::ParallelSlice::par_split).
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Split<'data, T, P> {
    slice: &'data [T],
    separates: P,
}

impl<'data, T, P> Split<'data, T, P> {
    pub(super) fn new(slice: &'data [T], separates: P) -> Self {
        Self { slice, separates }
    }
}

impl<T, P: Clone> Clone for Split<'_, T, P> {
    fn clone(&self) -> Self {
        Self {
            slice: self.slice,
            separates: self.separates.clone(),
        }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for Split<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("slice", &self.slice).finish()
    }
}

impl<'data, T, P> ParallelIterator for Split<'data, T, P>
where
    T: Sync + 'data,
    P: Fn(&T) -> bool + Sync + Send,
{
    type Item = &'data [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(
            SeamProducer::new(self.slice, Between(&self.separates)),
            consumer,
        )
    }
}

/// Parallel iterator over pieces between separators, of a slice that may be changed: see
/// [`par_split_mut`](super::ParallelSliceMut::par_split_mut).
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct SplitMut<'data, T, P> {
    slice: &'data mut [T],
    separates: P,
}

impl<'data, T, P> SplitMut<'data, T, P> {
    pub(super) fn new(slice: &'data mut [T], separates: P) -> Self {
        Self { slice, separates }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for SplitMut<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitMut")
            .field("slice", &self.slice)
            .finish()
    }
}

impl<'data, T, P> ParallelIterator for SplitMut<'data, T, P>
where
    T: Send + 'data,
    P: Fn(&T) -> bool + Sync + Send,
{
    type Item = &'data mut [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(
            SeamProducer::new(self.slice, Between(&self.separates)),
            consumer,
        )
    }
}

/// The rule of `par_split`: a separator belongs to no piece.
struct Between<'p, P>(&'p P);

impl<P> Clone for Between<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Between<'_, P> {}

impl<T, P: Fn(&T) -> bool + Sync> Seams<T> for Between<'_, P> {
    const END: usize = 0;
    const START: usize = 1;

    fn is_seam(self, items: &[T], place: usize) -> bool {
        (self.0)(&items[place])
    }
}

impl<'data, T: Sync, P: Fn(&T) -> bool + Sync> Pieces<&'data [T]> for Between<'_, P> {
    fn pieces(self, slice: &'data [T]) -> impl Iterator<Item = &'data [T]> {
        slice.split(self.0)
    }
}

impl<'data, T: Send, P: Fn(&T) -> bool + Sync> Pieces<&'data mut [T]> for Between<'_, P> {
    fn pieces(self, slice: &'data mut [T]) -> impl Iterator<Item = &'data mut [T]> {
        slice.split_mut(self.0)
    }
}
