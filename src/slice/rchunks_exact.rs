//! Pieces of equal length, from the last one to the first; the remainder at the beginning is not
//! visited.

use super::cut::{ChunkProducer, Chunking};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Parallel iterator over pieces of equal length, counted from the end, of a slice: see
/// [`par_rchunks_exact`](super::ParallelSlice::par_rchunks_exact).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RChunksExact<'data, T> {
    chunk_size: usize,
    slice: &'data [T],
    remainder: &'data [T],
}

impl<T> Clone for RChunksExact<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T> RChunksExact<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        let rest = slice.len() % chunk_size;
        let (remainder, slice) = slice.split_at(rest);
        Self {
            chunk_size,
            slice,
            remainder,
        }
    }

    /// The items at the beginning that fill no piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([1, 2, 3, 4, 5].par_rchunks_exact(2).remainder(), [1]);
    /// ```
    pub fn remainder(&self) -> &'data [T] {
        self.remainder
    }
}

bridged!(RChunksExact<'data, T> => &'data [T], impl<'data, T: Sync + 'data>);

impl<'data, T: Sync + 'data> IndexedParallelIterator for RChunksExact<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len() / self.chunk_size
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, RChunksExactKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

/// Parallel iterator over pieces of equal length, counted from the end, of a slice that may be
/// changed: see [`par_rchunks_exact_mut`](super::ParallelSliceMut::par_rchunks_exact_mut).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RChunksExactMut<'data, T> {
    chunk_size: usize,
    slice: &'data mut [T],
    remainder: &'data mut [T],
}

impl<'data, T> RChunksExactMut<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data mut [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        let rest = slice.len() % chunk_size;
        let (remainder, slice) = slice.split_at_mut(rest);
        Self {
            chunk_size,
            slice,
            remainder,
        }
    }

    /// The items at the beginning that fill no piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_rchunks_exact_mut(2).into_remainder().fill(0);
    /// assert_eq!(v, [0, 2, 3, 4, 5]);
    /// ```
    pub fn into_remainder(self) -> &'data mut [T] {
        self.remainder
    }

    /// The items at the beginning that fill no piece, borrowed from this iterator.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// let mut pieces = v.par_rchunks_exact_mut(2);
    /// assert_eq!(pieces.remainder(), [1]);
    /// assert_eq!(pieces.len(), 2);
    /// ```
    pub fn remainder(&mut self) -> &mut [T] {
        self.remainder
    }

    /// Takes the items at the beginning that fill no piece. They are given away once; later, there
    /// are none.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// let mut pieces = v.par_rchunks_exact_mut(2);
    /// let remainder = pieces.take_remainder();
    /// pieces.for_each(|pair| pair.swap(0, 1));
    /// remainder.fill(0);
    /// assert_eq!(v, [0, 3, 2, 5, 4]);
    /// ```
    pub fn take_remainder(&mut self) -> &'data mut [T] {
        std::mem::take(&mut self.remainder)
    }
}

bridged!(RChunksExactMut<'data, T> => &'data mut [T], impl<'data, T: Send + 'data>);

impl<'data, T: Send + 'data> IndexedParallelIterator for RChunksExactMut<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len() / self.chunk_size
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, RChunksExactKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

/// The chunking of `rchunks_exact` and `rchunks_exact_mut`.
struct RChunksExactKind;

impl<'data, T: Sync> Chunking<&'data [T]> for RChunksExactKind {
    type Chunks = std::slice::RChunksExact<'data, T>;
    const FROM_END: bool = true;

    fn chunks(slice: &'data [T], chunk_size: usize) -> Self::Chunks {
        slice.rchunks_exact(chunk_size)
    }
}

impl<'data, T: Send> Chunking<&'data mut [T]> for RChunksExactKind {
    type Chunks = std::slice::RChunksExactMut<'data, T>;
    const FROM_END: bool = true;

    fn chunks(slice: &'data mut [T], chunk_size: usize) -> Self::Chunks {
        slice.rchunks_exact_mut(chunk_size)
    }
}
