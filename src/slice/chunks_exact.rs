//! Pieces of equal length, counted from the beginning or from the end of the slice; the remainder
//! at the other end is not visited.

use super::cut::{ChunkProducer, Chunking, chunked};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Parallel iterator over pieces of equal length, of a slice: see
/// [`par_chunks_exact`](super::ParallelSlice::par_chunks_exact).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ChunksExact<'data, T> {
    chunk_size: usize,
    slice: &'data [T],
    remainder: &'data [T],
}

impl<T> Clone for ChunksExact<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T> ChunksExact<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        let rest = slice.len() % chunk_size;
        let (slice, remainder) = slice.split_at(slice.len() - rest);
        Self {
            chunk_size,
            slice,
            remainder,
        }
    }

    /// The items at the end that fill no piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([1, 2, 3, 4, 5].par_chunks_exact(2).remainder(), [5]);
    /// ```
    pub fn remainder(&self) -> &'data [T] {
        self.remainder
    }
}

chunked!(ChunksExact => &'data [T], T: Sync, chunks_exact, from_end: false);

/// Parallel iterator over pieces of equal length, of a slice that may be changed: see
/// [`par_chunks_exact_mut`](super::ParallelSliceMut::par_chunks_exact_mut).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ChunksExactMut<'data, T> {
    chunk_size: usize,
    slice: &'data mut [T],
    remainder: &'data mut [T],
}

impl<'data, T> ChunksExactMut<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data mut [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        let rest = slice.len() % chunk_size;
        let (slice, remainder) = slice.split_at_mut(slice.len() - rest);
        Self {
            chunk_size,
            slice,
            remainder,
        }
    }

    /// The items at the end that fill no piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_chunks_exact_mut(2).into_remainder().fill(0);
    /// assert_eq!(v, [1, 2, 3, 4, 0]);
    /// ```
    pub fn into_remainder(self) -> &'data mut [T] {
        self.remainder
    }

    /// The items at the end that fill no piece, borrowed from this iterator.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// let mut pieces = v.par_chunks_exact_mut(2);
    /// assert_eq!(pieces.remainder(), [5]);
    /// assert_eq!(pieces.len(), 2);
    /// ```
    pub fn remainder(&mut self) -> &mut [T] {
        self.remainder
    }

    /// Takes the items at the end that fill no piece. They are given away once; later, there are
    /// none.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// let mut pieces = v.par_chunks_exact_mut(2);
    /// let remainder = pieces.take_remainder();
    /// pieces.for_each(|pair| pair.swap(0, 1));
    /// remainder.fill(0);
    /// assert_eq!(v, [2, 1, 4, 3, 0]);
    /// ```
    pub fn take_remainder(&mut self) -> &'data mut [T] {
        std::mem::take(&mut self.remainder)
    }
}

chunked!(ChunksExactMut => &'data mut [T], T: Send, chunks_exact_mut, from_end: false);

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

chunked!(RChunksExact => &'data [T], T: Sync, rchunks_exact, from_end: true);

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

chunked!(RChunksExactMut => &'data mut [T], T: Send, rchunks_exact_mut, from_end: true);
