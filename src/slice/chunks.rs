//! Pieces of equal length; the last one may be shorter.

use super::cut::{ChunkProducer, Chunking};
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

bridged!(Chunks<'data, T> => &'data [T], impl<'data, T: Sync + 'data>);

impl<'data, T: Sync + 'data> IndexedParallelIterator for Chunks<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len().div_ceil(self.chunk_size)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, ChunksKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

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

bridged!(ChunksMut<'data, T> => &'data mut [T], impl<'data, T: Send + 'data>);

impl<'data, T: Send + 'data> IndexedParallelIterator for ChunksMut<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        self.slice.len().div_ceil(self.chunk_size)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ChunkProducer::<_, ChunksKind>::new(
            self.slice,
            self.chunk_size,
        ))
    }
}

/// The chunking of `chunks` and `chunks_mut`.
struct ChunksKind;

impl<'data, T: Sync> Chunking<&'data [T]> for ChunksKind {
    type Chunks = std::slice::Chunks<'data, T>;
    const FROM_END: bool = false;

    fn chunks(slice: &'data [T], chunk_size: usize) -> Self::Chunks {
        slice.chunks(chunk_size)
    }
}

impl<'data, T: Send> Chunking<&'data mut [T]> for ChunksKind {
    type Chunks = std::slice::ChunksMut<'data, T>;
    const FROM_END: bool = false;

    fn chunks(slice: &'data mut [T], chunk_size: usize) -> Self::Chunks {
        slice.chunks_mut(chunk_size)
    }
}
