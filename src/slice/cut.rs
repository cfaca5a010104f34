//! Slices that are cut, shared or unique, and the producer of pieces of equal length.

use crate::iter::plumbing::Producer;

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

/// A loop over pieces of equal length, which has one of std's iterators for each part of the slice.
pub(super) trait Chunking {
    type Slice: Cut;
    type Chunks: Iterator<Item = Self::Slice> + DoubleEndedIterator + ExactSizeIterator;

    /// Are the pieces counted from the end of the slice?
    const FROM_END: bool;

    fn chunks(slice: Self::Slice, chunk_size: usize) -> Self::Chunks;
}

/// The producer of such a loop.
pub(super) struct ChunkProducer<L: Chunking> {
    pub(super) slice: L::Slice,
    pub(super) chunk_size: usize,
}

impl<L: Chunking> Producer for ChunkProducer<L> {
    type Item = L::Slice;
    type IntoIter = L::Chunks;

    fn into_iter(self) -> L::Chunks {
        L::chunks(self.slice, self.chunk_size)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (chunk_size, len) = (self.chunk_size, self.slice.items().len());
        // The last piece may be shorter.
        let items = index.saturating_mul(chunk_size).min(len);
        let (first, others) = if L::FROM_END {
            let (others, first) = self.slice.cut(len - items);
            (first, others)
        } else {
            self.slice.cut(items)
        };
        let part = |slice| Self { slice, chunk_size };
        (part(first), part(others))
    }
}

/// Implements a loop over pieces of equal length, for a type with the fields `slice` and
/// `chunk_size`. `$method` is the method of std that has the same pieces in the same order. It
/// returns a type of the same name.
macro_rules! chunked {
    ($type:ident => $slice:ty, T: $bound:ident, $method:ident, from_end: $from_end:literal) => {
        impl<'data, T: $bound> Chunking for $type<'data, T> {
            type Slice = $slice;
            type Chunks = std::slice::$type<'data, T>;
            const FROM_END: bool = $from_end;

            fn chunks(slice: $slice, chunk_size: usize) -> Self::Chunks {
                slice.$method(chunk_size)
            }
        }

        bridged!($type<'data, T> => $slice, impl<'data, T: $bound + 'data>);

        impl<'data, T: $bound + 'data> IndexedParallelIterator for $type<'data, T> {
            fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
                bridge(self, consumer)
            }

            fn len(&self) -> usize {
                self.slice.len().div_ceil(self.chunk_size)
            }

            fn with_producer<CB: ProducerCallback<$slice>>(self, callback: CB) -> CB::Output {
                callback.callback(ChunkProducer::<Self> {
                    slice: self.slice,
                    chunk_size: self.chunk_size,
                })
            }
        }
    };
}

pub(super) use chunked;
