//! Runs of neighbours that belong together.

use super::seam::{Pieces, SeamProducer, Seams};
use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Parallel iterator over runs of items that belong together, of a slice: see
/// [`par_chunk_by`](super::ParallelSlice::par_chunk_by).
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

impl<T, P: Clone> Clone for ChunkBy<'_, T, P> {
    fn clone(&self) -> Self {
        Self {
            slice: self.slice,
            belong: self.belong.clone(),
        }
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
        bridge_unindexed(SeamProducer::new(self.slice, Runs(&self.belong)), consumer)
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
        bridge_unindexed(SeamProducer::new(self.slice, Runs(&self.belong)), consumer)
    }
}

/// The rule of `par_chunk_by`: a piece ends where two neighbours do not belong together.
struct Runs<'p, P>(&'p P);

impl<P> Clone for Runs<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Runs<'_, P> {}

impl<T, P: Fn(&T, &T) -> bool + Sync> Seams<T> for Runs<'_, P> {
    const END: usize = 0;
    const START: usize = 0;

    fn is_seam(self, items: &[T], place: usize) -> bool {
        place > 0 && !(self.0)(&items[place - 1], &items[place])
    }
}

impl<'data, T: Sync, P: Fn(&T, &T) -> bool + Sync> Pieces<&'data [T]> for Runs<'_, P> {
    fn pieces(self, slice: &'data [T]) -> impl Iterator<Item = &'data [T]> {
        slice.chunk_by(self.0)
    }
}

impl<'data, T: Send, P: Fn(&T, &T) -> bool + Sync> Pieces<&'data mut [T]> for Runs<'_, P> {
    fn pieces(self, slice: &'data mut [T]) -> impl Iterator<Item = &'data mut [T]> {
        slice.chunk_by_mut(self.0)
    }
}
