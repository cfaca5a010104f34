//! Parallel iterators over slices.
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let mut v = [1, 2, 3, 4, 5];
//! let sums: Vec<u32> = v.par_chunks(2).map(|pair| pair.iter().sum()).collect();
//! assert_eq!(sums, [3, 7, 5]);
//! v.par_chunks_mut(2).for_each(|pair| pair.reverse());
//! assert_eq!(v, [2, 1, 4, 3, 5]);
//! ```
#![deny(unsafe_code)]

mod chunks;
mod iter;

pub use self::chunks::{Chunks, ChunksMut};
pub use self::iter::{Iter, IterMut};

/// Parallel iterators over parts of a slice.
pub trait ParallelSlice<T: Sync> {
    /// The slice itself: the methods of this trait need nothing else.
    fn as_parallel_slice(&self) -> &[T];

    /// Goes through pieces of `chunk_size` items; the last one may be shorter.
    ///
    /// # Panics
    ///
    /// If `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 3, 4, 5].par_chunks(2).collect();
    /// assert_eq!(v, [&[1, 2][..], &[3, 4], &[5]]);
    /// ```
    #[track_caller]
    fn par_chunks(&self, chunk_size: usize) -> Chunks<'_, T> {
        Chunks::new(chunk_size, self.as_parallel_slice())
    }
}

impl<T: Sync> ParallelSlice<T> for [T] {
    fn as_parallel_slice(&self) -> &[T] {
        self
    }
}

/// Parallel iterators over parts of a slice that may be changed.
pub trait ParallelSliceMut<T: Send> {
    /// The slice itself: the methods of this trait need nothing else.
    fn as_parallel_slice_mut(&mut self) -> &mut [T];

    /// Goes through pieces of `chunk_size` items; the last one may be shorter.
    ///
    /// # Panics
    ///
    /// If `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_chunks_mut(2).enumerate().for_each(|(i, piece)| piece.fill(i));
    /// assert_eq!(v, [0, 0, 1, 1, 2]);
    /// ```
    #[track_caller]
    fn par_chunks_mut(&mut self, chunk_size: usize) -> ChunksMut<'_, T> {
        ChunksMut::new(chunk_size, self.as_parallel_slice_mut())
    }
}

impl<T: Send> ParallelSliceMut<T> for [T] {
    fn as_parallel_slice_mut(&mut self) -> &mut [T] {
        self
    }
}
