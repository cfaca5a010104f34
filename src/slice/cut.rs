//! Slices that are cut, shared or unique, and the producer of pieces of equal length.

use crate::iter::plumbing::Producer;
use std::marker::PhantomData;

/// A slice, shared or unique.
pub(super) trait Cut: Send + Sized {
    type Item;
    fn items(&self) -> &[Self::Item];
    fn cut(self, at: usize) -> (Self, Self);
}

impl<T: Sync> Cut for &[T] {
    type Item = T;

    fn items(&self) -> &[T] {
        self
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }
}

impl<T: Send> Cut for &mut [T] {
    type Item = T;

    fn items(&self) -> &[T] {
        self
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

/// A way to cut a slice into pieces of a given length: one type for each of std's iterators over
/// them.
pub(super) trait Chunking<S>: Send {
    type Chunks: Iterator<Item = S> + DoubleEndedIterator + ExactSizeIterator;

    /// Are the pieces counted from the end of the slice?
    const FROM_END: bool;

    fn chunks(slice: S, chunk_size: usize) -> Self::Chunks;
}

/// A producer of the pieces of a slice.
pub(super) struct ChunkProducer<S, K> {
    slice: S,
    chunk_size: usize,
    kind: PhantomData<K>,
}

impl<S, K> ChunkProducer<S, K> {
    pub(super) fn new(slice: S, chunk_size: usize) -> Self {
        Self {
            slice,
            chunk_size,
            kind: PhantomData,
        }
    }
}

impl<S: Cut, K: Chunking<S>> Producer for ChunkProducer<S, K> {
    type Item = S;
    type IntoIter = K::Chunks;

    fn into_iter(self) -> K::Chunks {
        K::chunks(self.slice, self.chunk_size)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (size, len) = (self.chunk_size, self.slice.items().len());
        // The last piece may be shorter.
        let items = index.saturating_mul(size).min(len);
        let (first, others) = if K::FROM_END {
            let (others, first) = self.slice.cut(len - items);
            (first, others)
        } else {
            self.slice.cut(items)
        };
        (Self::new(first, size), Self::new(others, size))
    }
}
