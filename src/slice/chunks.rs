//! Pieces of equal length; the last one may be shorter. They are counted from the beginning, or
//! from the end of the slice.

use super::cut::{ChunkProducer, Chunking, chunked};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Parallel iterator over pieces of a slice.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Chunks<'data, T> {
    chunk_size: usize,
    slice: &'data [T],
}

impl<T> Clone for Chunks<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T> Chunks<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        Self { chunk_size, slice }
    }
}

chunked!(Chunks => &'data [T], T: Sync, chunks, from_end: false);

/// Parallel iterator over pieces of a slice that may be changed.
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ChunksMut<'data, T> {
    chunk_size: usize,
    slice: &'data mut [T],
}

impl<'data, T> ChunksMut<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data mut [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        Self { chunk_size, slice }
    }
}

chunked!(ChunksMut => &'data mut [T], T: Send, chunks_mut, from_end: false);

/// Parallel iterator over pieces, counted from the end, of a slice: see
/// [`par_rchunks`](super::ParallelSlice::par_rchunks).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RChunks<'data, T> {
    chunk_size: usize,
    slice: &'data [T],
}

impl<T> Clone for RChunks<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T> RChunks<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        Self { chunk_size, slice }
    }
}

chunked!(RChunks => &'data [T], T: Sync, rchunks, from_end: true);

/// Parallel iterator over pieces, counted from the end, of a slice that may be changed: see
/// [`par_rchunks_mut`](super::ParallelSliceMut::par_rchunks_mut).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct RChunksMut<'data, T> {
    chunk_size: usize,
    slice: &'data mut [T],
}

impl<'data, T> RChunksMut<'data, T> {
    #[track_caller]
    pub(super) fn new(chunk_size: usize, slice: &'data mut [T]) -> Self {
        assert!(chunk_size != 0, "chunk_size must not be zero");
        Self { chunk_size, slice }
    }
}

chunked!(RChunksMut => &'data mut [T], T: Send, rchunks_mut, from_end: true);
