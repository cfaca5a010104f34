//! Runs of neighbours that belong together.

use super::seam::Seam;
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over runs of items that belong together, of a slice: see
/// [`par_chunk_by`](super::ParallelSlice::par_chunk_by).
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ChunkBy<'data, T, P> {
    slice: &'data [T],
    belong: P,
}

impl<'data, T, P> ChunkBy<'data, T, P> {
    pub(super) fn new(slice: &'data [T], belong: P) -> Self {
        Self { slice, belong }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for ChunkBy<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkBy")
            .field("slice", &self.slice)
            .finish()
    }
}

impl<'data, T, P> ParallelIterator for ChunkBy<'data, T, P>
where
    T: Sync + 'data,
    P: Fn(&T, &T) -> bool + Sync + Send,
{
    type Item = &'data [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let producer = ChunkByProducer {
            unread: self.slice.len(),
            slice: self.slice,
            belong: &self.belong,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct ChunkByProducer<'data, 'p, T, P> {
    slice: &'data [T],
    /// No run ends from here on, as far as is known.
    unread: usize,
    belong: &'p P,
}

impl<'data, T, P> UnindexedProducer for ChunkByProducer<'data, '_, T, P>
where
    T: Sync + 'data,
    P: Fn(&T, &T) -> bool + Sync,
{
    type Item = &'data [T];

    fn split(self) -> (Self, Option<Self>) {
        let Some(seam) = Seam::find(self.slice.len(), self.unread, |place| {
            place > 0 && !(self.belong)(&self.slice[place - 1], &self.slice[place])
        }) else {
            return (self, None);
        };
        let (left, right) = self.slice.split_at(seam.place);
        let left = Self {
            slice: left,
            unread: seam.unread_before,
            belong: self.belong,
        };
        let right = Self {
            slice: right,
            // The first item of a part ends no run, and is counted here.
            unread: seam.unread_after + 1,
            belong: self.belong,
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.slice.chunk_by(self.belong))
    }
}

/// Parallel iterator over runs of items that belong together, of a slice that may be changed: see
/// [`par_chunk_by_mut`](super::ParallelSliceMut::par_chunk_by_mut).
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ChunkByMut<'data, T, P> {
    slice: &'data mut [T],
    belong: P,
}

impl<'data, T, P> ChunkByMut<'data, T, P> {
    pub(super) fn new(slice: &'data mut [T], belong: P) -> Self {
        Self { slice, belong }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for ChunkByMut<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkByMut")
            .field("slice", &self.slice)
            .finish()
    }
}

impl<'data, T, P> ParallelIterator for ChunkByMut<'data, T, P>
where
    T: Send + 'data,
    P: Fn(&T, &T) -> bool + Sync + Send,
{
    type Item = &'data mut [T];

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let producer = ChunkByMutProducer {
            unread: self.slice.len(),
            slice: self.slice,
            belong: &self.belong,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct ChunkByMutProducer<'data, 'p, T, P> {
    slice: &'data mut [T],
    /// No run ends from here on, as far as is known.
    unread: usize,
    belong: &'p P,
}

impl<'data, T, P> UnindexedProducer for ChunkByMutProducer<'data, '_, T, P>
where
    T: Send + 'data,
    P: Fn(&T, &T) -> bool + Sync,
{
    type Item = &'data mut [T];

    fn split(self) -> (Self, Option<Self>) {
        let Some(seam) = Seam::find(self.slice.len(), self.unread, |place| {
            place > 0 && !(self.belong)(&self.slice[place - 1], &self.slice[place])
        }) else {
            return (self, None);
        };
        let (left, right) = self.slice.split_at_mut(seam.place);
        let left = Self {
            slice: left,
            unread: seam.unread_before,
            belong: self.belong,
        };
        let right = Self {
            slice: right,
            // The first item of a part ends no run, and is counted here.
            unread: seam.unread_after + 1,
            belong: self.belong,
        };
        (left, Some(right))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.slice.chunk_by_mut(self.belong))
    }
}
