//! Pieces of equal length, from the last one to the first, which may be shorter.

use super::cut::{ChunkProducer, Chunking};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

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

bridged!(RChunks<'data, T> => &'data [T], impl<'data, T: Sync + 'data>);

impl<'data, T: Sync + 'data> IndexedParallelIterator for RChunks<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len().div_ceil(self.chunk_size)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, RChunksKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

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

bridged!(RChunksMut<'data, T> => &'data mut [T], impl<'data, T: Send + 'data>);

impl<'data, T: Send + 'data> IndexedParallelIterator for RChunksMut<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len().div_ceil(self.chunk_size)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, RChunksKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

/// The chunking of `rchunks` and `rchunks_mut`.
struct RChunksKind;

impl<'data, T: Sync> Chunking<&'data [T]> for RChunksKind {
    type Chunks = std::slice::RChunks<'data, T>;
    const FROM_END: bool = true;

    fn chunks(slice: &'data [T], chunk_size: usize) -> Self::Chunks {
        slice.rchunks(chunk_size)
    }
}

impl<'data, T: Send> Chunking<&'data mut [T]> for RChunksKind {
    type Chunks = std::slice::RChunksMut<'data, T>;
    const FROM_END: bool = true;

    fn chunks(slice: &'data mut [T], chunk_size: usize) -> Self::Chunks {
        slice.rchunks_mut(chunk_size)
    }
}
