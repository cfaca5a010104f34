//! Pieces between separators.

use super::seam::Seam;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over pieces between separators, of a slice: see
/// [`par_split`](super::ParallelSlice::par_split).
#[derive(Clone)]
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
        let producer = SplitProducer {
            unread: self.slice.len(),
            slice: self.slice,
            separates: &self.separates,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct SplitProducer<'data, 'p, T, P> {
    slice: &'data [T],
    /// No separators from here on, as far as is known.
    unread: usize,
    separates: &'p P,
}

impl<'data, T, P> UnindexedProducer for SplitProducer<'data, '_, T, P>
where
    T: Sync + 'data,
    P: Fn(&T) -> bool + Sync,
{
    type Item = &'data [T];

    fn split(self) -> (Self, Option<Self>) {
        let Some(seam) = Seam::find(self.slice.len(), self.unread, |place| {
            (self.separates)(&self.slice[place])
        }) else {
            return (self, None);
        };
        let (left, right) = self.slice.split_at(seam.place);
        let left = Self {
            slice: left,
            unread: seam.unread_before,
            separates: self.separates,
        };
        let right = Self {
            slice: &right[1..],
            unread: seam.unread_after,
            separates: self.separates,
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.slice.split(self.separates))
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
        let producer = SplitMutProducer {
            unread: self.slice.len(),
            slice: self.slice,
            separates: &self.separates,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct SplitMutProducer<'data, 'p, T, P> {
    slice: &'data mut [T],
    /// No separators from here on, as far as is known.
    unread: usize,
    separates: &'p P,
}

impl<'data, T, P> UnindexedProducer for SplitMutProducer<'data, '_, T, P>
where
    T: Send + 'data,
    P: Fn(&T) -> bool + Sync,
{
    type Item = &'data mut [T];

    fn split(self) -> (Self, Option<Self>) {
        let Some(seam) = Seam::find(self.slice.len(), self.unread, |place| {
            (self.separates)(&self.slice[place])
        }) else {
            return (self, None);
        };
        let (left, right) = self.slice.split_at_mut(seam.place);
        let left = Self {
            slice: left,
            unread: seam.unread_before,
            separates: self.separates,
        };
        let right = Self {
            slice: &mut right[1..],
            unread: seam.unread_after,
            separates: self.separates,
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.slice.split_mut(self.separates))
    }
}
