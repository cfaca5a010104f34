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
//!
//! The parallel sorts are in this module, too: [`par_sort`](ParallelSliceMut::par_sort) and its
//! relatives.
#![deny(unsafe_code)]

mod chunk_by;
mod chunks;
mod chunks_exact;
mod cut;
mod iter;
mod seam;
#[allow(unsafe_code)]
mod sort;
mod split;
mod split_inclusive;
mod windows;

pub use self::chunk_by::{ChunkBy, ChunkByMut};
pub use self::chunks::{Chunks, ChunksMut, RChunks, RChunksMut};
pub use self::chunks_exact::{ChunksExact, ChunksExactMut, RChunksExact, RChunksExactMut};
pub use self::iter::{Iter, IterMut};
pub use self::split::{Split, SplitMut};
pub use self::split_inclusive::{SplitInclusive, SplitInclusiveMut};
pub use self::windows::{ArrayWindows, Windows};

use std::cmp::Ordering;

/// Parallel iterators over parts of a slice.
pub trait ParallelSlice<T: Sync> {
    /// The slice itself: the methods of this trait need nothing else.
    fn as_parallel_slice(&self) -> &[T];

    /// Iterates over pieces of `chunk_size` items; the last one may be shorter.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
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

    /// Iterates over pieces of `chunk_size` items. The items left over at the end are not visited;
    /// [`remainder`](ChunksExact::remainder) gives them.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 3, 4, 5].par_chunks_exact(2).collect();
    /// assert_eq!(v, [[1, 2], [3, 4]]);
    /// ```
    #[track_caller]
    fn par_chunks_exact(&self, chunk_size: usize) -> ChunksExact<'_, T> {
        ChunksExact::new(chunk_size, self.as_parallel_slice())
    }

    /// Iterates over pieces of `chunk_size` items, from the last one to the first, which may be
    /// shorter.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 3, 4, 5].par_rchunks(2).collect();
    /// assert_eq!(v, [&[4, 5][..], &[2, 3], &[1]]);
    /// ```
    #[track_caller]
    fn par_rchunks(&self, chunk_size: usize) -> RChunks<'_, T> {
        RChunks::new(chunk_size, self.as_parallel_slice())
    }

    /// Iterates over pieces of `chunk_size` items, from the last one to the first. The items left
    /// over at the beginning are not visited; [`remainder`](RChunksExact::remainder) gives them.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 3, 4, 5].par_rchunks_exact(2).collect();
    /// assert_eq!(v, [[4, 5], [2, 3]]);
    /// ```
    #[track_caller]
    fn par_rchunks_exact(&self, chunk_size: usize) -> RChunksExact<'_, T> {
        RChunksExact::new(chunk_size, self.as_parallel_slice())
    }

    /// Iterates over all runs of `window_size` neighbours, which overlap. There are none in a
    /// shorter slice.
    ///
    /// # Panics
    ///
    /// Panics if `window_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let rises = [1, 3, 2, 4].par_windows(2).filter(|pair| pair[0] < pair[1]).count();
    /// assert_eq!(rises, 2);
    /// ```
    #[track_caller]
    fn par_windows(&self, window_size: usize) -> Windows<'_, T> {
        Windows::new(window_size, self.as_parallel_slice())
    }

    /// Iterates over all runs of `N` neighbours, as arrays. Otherwise like
    /// [`par_windows`](Self::par_windows).
    ///
    /// # Panics
    ///
    /// Panics if `N` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let steps: Vec<i32> = [1, 3, 2, 4].par_array_windows().map(|[a, b]| b - a).collect();
    /// assert_eq!(steps, [2, -1, 2]);
    /// ```
    #[track_caller]
    fn par_array_windows<const N: usize>(&self) -> ArrayWindows<'_, T, N> {
        ArrayWindows::new(self.as_parallel_slice())
    }

    /// Iterates over the pieces between the items for which `separator` is true. A piece may be
    /// empty; without separators there is one piece.
    ///
    /// The iterator is not indexed: the slice is searched for separators as it is divided.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 0, 3, 0].par_split(|x| *x == 0).collect();
    /// assert_eq!(v, [&[1, 2][..], &[3], &[]]);
    /// ```
    fn par_split<P>(&self, separator: P) -> Split<'_, T, P>
    where
        P: Fn(&T) -> bool + Sync + Send,
    {
        Split::new(self.as_parallel_slice(), separator)
    }

    /// Iterates over the pieces that end with an item for which `separator` is true, or at the end
    /// of the slice. No piece is empty.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 2, 0, 3, 0].par_split_inclusive(|x| *x == 0).collect();
    /// assert_eq!(v, [&[1, 2, 0][..], &[3, 0]]);
    /// ```
    fn par_split_inclusive<P>(&self, separator: P) -> SplitInclusive<'_, T, P>
    where
        P: Fn(&T) -> bool + Sync + Send,
    {
        SplitInclusive::new(self.as_parallel_slice(), separator)
    }

    /// Iterates over the longest runs of items in which `pred` is true for each two neighbours.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<&[u8]> = [1, 1, 2, 3, 3].par_chunk_by(|a, b| a == b).collect();
    /// assert_eq!(v, [&[1, 1][..], &[2], &[3, 3]]);
    /// ```
    fn par_chunk_by<F>(&self, pred: F) -> ChunkBy<'_, T, F>
    where
        F: Fn(&T, &T) -> bool + Send + Sync,
    {
        ChunkBy::new(self.as_parallel_slice(), pred)
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

    /// Iterates over pieces of `chunk_size` items; the last one may be shorter.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
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

    /// Iterates over pieces of `chunk_size` items. The items left over at the end are not visited;
    /// [`take_remainder`](ChunksExactMut::take_remainder) gives them.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    /// assert_eq!(v, [2, 1, 4, 3, 5]);
    /// ```
    #[track_caller]
    fn par_chunks_exact_mut(&mut self, chunk_size: usize) -> ChunksExactMut<'_, T> {
        ChunksExactMut::new(chunk_size, self.as_parallel_slice_mut())
    }

    /// Iterates over pieces of `chunk_size` items, from the last one to the first, which may be
    /// shorter.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_rchunks_mut(2).enumerate().for_each(|(i, piece)| piece.fill(i));
    /// assert_eq!(v, [2, 1, 1, 0, 0]);
    /// ```
    #[track_caller]
    fn par_rchunks_mut(&mut self, chunk_size: usize) -> RChunksMut<'_, T> {
        RChunksMut::new(chunk_size, self.as_parallel_slice_mut())
    }

    /// Iterates over pieces of `chunk_size` items, from the last one to the first. The items left
    /// over at the beginning are not visited; [`take_remainder`](RChunksExactMut::take_remainder)
    /// gives them.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 3, 4, 5];
    /// v.par_rchunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    /// assert_eq!(v, [1, 3, 2, 5, 4]);
    /// ```
    #[track_caller]
    fn par_rchunks_exact_mut(&mut self, chunk_size: usize) -> RChunksExactMut<'_, T> {
        RChunksExactMut::new(chunk_size, self.as_parallel_slice_mut())
    }

    /// Iterates over the pieces between the items for which `separator` is true. A piece may be
    /// empty; without separators there is one piece.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 0, 3, 4];
    /// v.par_split_mut(|x| *x == 0).for_each(|piece| piece.reverse());
    /// assert_eq!(v, [2, 1, 0, 4, 3]);
    /// ```
    fn par_split_mut<P>(&mut self, separator: P) -> SplitMut<'_, T, P>
    where
        P: Fn(&T) -> bool + Sync + Send,
    {
        SplitMut::new(self.as_parallel_slice_mut(), separator)
    }

    /// Iterates over the pieces that end with an item for which `separator` is true, or at the end
    /// of the slice. No piece is empty.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 0, 3, 4];
    /// v.par_split_inclusive_mut(|x| *x == 0).for_each(|piece| piece.reverse());
    /// assert_eq!(v, [0, 2, 1, 4, 3]);
    /// ```
    fn par_split_inclusive_mut<P>(&mut self, separator: P) -> SplitInclusiveMut<'_, T, P>
    where
        P: Fn(&T) -> bool + Sync + Send,
    {
        SplitInclusiveMut::new(self.as_parallel_slice_mut(), separator)
    }

    /// Iterates over the longest runs of items in which `pred` is true for each two neighbours.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [1, 2, 5, 3, 4];
    /// v.par_chunk_by_mut(|a, b| a < b).for_each(|run| run.reverse());
    /// assert_eq!(v, [5, 2, 1, 4, 3]);
    /// ```
    fn par_chunk_by_mut<F>(&mut self, pred: F) -> ChunkByMut<'_, T, F>
    where
        F: Fn(&T, &T) -> bool + Send + Sync,
    {
        ChunkByMut::new(self.as_parallel_slice_mut(), pred)
    }

    /// Sorts; equal items keep their order.
    ///
    /// [std's stable sort](slice::sort) sorts a piece for each thread, and the pieces are merged,
    /// in parallel. Long runs that are already in order, or in reverse order, are kept as they are.
    /// Of a piece where at most an eighth of the items is out of order, only those are sorted, and
    /// merged back. It takes O(*n* log *n*) comparisons at worst, and memory for *n* items beside
    /// what std's sort needs for a piece. A slice that is a single run takes one comparison an
    /// item, and no memory.
    ///
    /// Below 2048 items this is std's sort. It is also std's sort up to 16384 items that are not in
    /// order, if 160 trial comparisons say that it would end before others could help. On a pool of
    /// one thread the whole slice is one piece.
    ///
    /// # Panics
    ///
    /// Panics if a comparison does. The slice then holds the same items, in some order. So it does,
    /// without a panic, if the items have no total order, as numbers with a NaN that equals all;
    /// but std's sort of a piece may report such an order to the panic hook.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [-5, 4, 1, -3, 2];
    /// v.par_sort();
    /// assert_eq!(v, [-5, -3, 1, 2, 4]);
    /// ```
    fn par_sort(&mut self)
    where
        T: Ord,
    {
        sort::stable(self.as_parallel_slice_mut(), T::lt);
    }

    /// Sorts by `compare`; equal items keep their order. Otherwise like
    /// [`par_sort`](Self::par_sort).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [0.5, -1.5, 2.0];
    /// v.par_sort_by(|a, b| f64::total_cmp(b, a));
    /// assert_eq!(v, [2.0, 0.5, -1.5]);
    /// ```
    fn par_sort_by<F>(&mut self, compare: F)
    where
        F: Fn(&T, &T) -> Ordering + Sync,
    {
        sort::stable(self.as_parallel_slice_mut(), |a, b| compare(a, b).is_lt());
    }

    /// Sorts by a key, which is made for each comparison; equal items keep their order. Otherwise
    /// like [`par_sort`](Self::par_sort). For keys that are costly to make, see
    /// [`par_sort_by_cached_key`](Self::par_sort_by_cached_key).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = ["ccc", "a", "bb", "x"];
    /// v.par_sort_by_key(|word| word.len());
    /// assert_eq!(v, ["a", "x", "bb", "ccc"]);
    /// ```
    fn par_sort_by_key<K, F>(&mut self, f: F)
    where
        K: Ord,
        F: Fn(&T) -> K + Sync,
    {
        sort::stable(self.as_parallel_slice_mut(), |a, b| f(a) < f(b));
    }

    /// Sorts by a key that is made once for each item, in parallel; equal items keep their order.
    ///
    /// The keys are stored meanwhile, each with a place, and sorted as by
    /// [`par_sort_unstable`](Self::par_sort_unstable). Then the items move to their places in a
    /// buffer, and back. So it takes memory for *n* keys, *n* places and *n* items. For a key that
    /// is only a field of the item, [`par_sort_by_key`](Self::par_sort_by_key) is faster. Below
    /// 4096 items this is [std's sort](slice::sort_by_cached_key).
    ///
    /// # Panics
    ///
    /// Panics if `f` or a comparison of keys does, and perhaps if the keys have no total order. The
    /// slice is then as it was before.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [-5_i32, 40, 1, -300, 2];
    /// v.par_sort_by_cached_key(|x| x.to_string());
    /// assert_eq!(v, [-300, -5, 1, 2, 40]);
    /// ```
    fn par_sort_by_cached_key<K, F>(&mut self, f: F)
    where
        F: Fn(&T) -> K + Sync,
        K: Ord + Send,
    {
        sort::sort_by_cached_key(self.as_parallel_slice_mut(), f);
    }

    /// Sorts in place; equal items may change their order.
    ///
    /// The slice is partitioned until there are some pieces for each thread, the first times by all
    /// threads together. [std's unstable sort](slice::sort_unstable) sorts the pieces. It takes
    /// O(*n* log *n*) comparisons at worst, and allocates only the buffers of merges, for at most
    /// an eighth of the items.
    ///
    /// Existing order is used. A slice that is one run, in order or in reverse order, takes one
    /// comparison an item. A slice that begins with a long run, or where at most an eighth of the
    /// items is out of order, is merged.
    ///
    /// Below 2048 items this is std's sort. It is also std's sort up to 16384 items that are not in
    /// order, if 160 trial comparisons say that it would end before others could help. On a pool of
    /// one thread std's sort sorts all that is not in order.
    ///
    /// # Panics
    ///
    /// Panics if a comparison does. The slice then holds the same items, in some order. So it does,
    /// without a panic, if the items have no total order, as numbers with a NaN that equals all;
    /// but std's sort of a piece may report such an order to the panic hook.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [-5, 4, 1, -3, 2];
    /// v.par_sort_unstable();
    /// assert_eq!(v, [-5, -3, 1, 2, 4]);
    /// ```
    fn par_sort_unstable(&mut self)
    where
        T: Ord,
    {
        sort::unstable(self.as_parallel_slice_mut(), T::lt);
    }

    /// Sorts in place by `compare`; equal items may change their order. Otherwise like
    /// [`par_sort_unstable`](Self::par_sort_unstable).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [5, 4, 1, 3, 2];
    /// v.par_sort_unstable_by(|a, b| b.cmp(a));
    /// assert_eq!(v, [5, 4, 3, 2, 1]);
    /// ```
    fn par_sort_unstable_by<F>(&mut self, compare: F)
    where
        F: Fn(&T, &T) -> Ordering + Sync,
    {
        sort::unstable(self.as_parallel_slice_mut(), |a, b| compare(a, b).is_lt());
    }

    /// Sorts in place by a key, which is made for each comparison; equal items may change their
    /// order. Otherwise like [`par_sort_unstable`](Self::par_sort_unstable).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = [-5_i32, 4, 1, -3, 2];
    /// v.par_sort_unstable_by_key(|x| x.abs());
    /// assert_eq!(v, [1, 2, -3, 4, -5]);
    /// ```
    fn par_sort_unstable_by_key<K, F>(&mut self, f: F)
    where
        K: Ord,
        F: Fn(&T) -> K + Sync,
    {
        sort::unstable(self.as_parallel_slice_mut(), |a, b| f(a) < f(b));
    }
}

impl<T: Send> ParallelSliceMut<T> for [T] {
    fn as_parallel_slice_mut(&mut self) -> &mut [T] {
        self
    }
}
