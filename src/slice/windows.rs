//! Windows: runs of neighbouring items, which overlap.

use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, bridged};

/// Parallel iterator over the windows of a slice: see
/// [`par_windows`](super::ParallelSlice::par_windows).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Windows<'data, T> {
    size: usize,
    slice: &'data [T],
}

impl<T> Clone for Windows<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T> Windows<'data, T> {
    #[track_caller]
    pub(super) fn new(size: usize, slice: &'data [T]) -> Self {
        assert!(size != 0, "window_size must not be zero");
        Self { size, slice }
    }
}

bridged!(Windows<'data, T> => &'data [T], impl<'data, T: Sync + 'data>);

impl<'data, T: Sync + 'data> IndexedParallelIterator for Windows<'data, T> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        // The size is not 0, so this does not overflow.
        self.slice.len().saturating_sub(self.size - 1)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(WindowsProducer {
            size: self.size,
            slice: self.slice,
        })
    }
}

struct WindowsProducer<'data, T> {
    size: usize,
    slice: &'data [T],
}

impl<'data, T: Sync + 'data> Producer for WindowsProducer<'data, T> {
    type Item = &'data [T];
    type IntoIter = std::slice::Windows<'data, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.slice.windows(self.size)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = overlapping(self.slice, index, self.size);
        (
            Self {
                slice: left,
                ..self
            },
            Self {
                slice: right,
                ..self
            },
        )
    }
}

/// Cuts a slice into a part with `index` windows of `size` items, and one with the other windows.
fn overlapping<T>(slice: &[T], index: usize, size: usize) -> (&[T], &[T]) {
    let end = slice.len().min(index.saturating_add(size - 1));
    (&slice[..end], &slice[index.min(slice.len())..])
}

/// Parallel iterator over the windows of a slice, as arrays: see
/// [`par_array_windows`](super::ParallelSlice::par_array_windows).
#[derive(Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct ArrayWindows<'data, T, const N: usize> {
    slice: &'data [T],
}

impl<T, const N: usize> Clone for ArrayWindows<'_, T, N> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'data, T, const N: usize> ArrayWindows<'data, T, N> {
    #[track_caller]
    pub(super) fn new(slice: &'data [T]) -> Self {
        assert!(N != 0, "the size of windows must not be zero");
        Self { slice }
    }
}

bridged!(
    ArrayWindows<'data, T, N> => &'data [T; N],
    impl<'data, T: Sync + 'data, const N: usize>
);

impl<'data, T: Sync + 'data, const N: usize> IndexedParallelIterator for ArrayWindows<'data, T, N> {
    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn len(&self) -> usize {
        // `N` is not 0, so this does not overflow.
        self.slice.len().saturating_sub(N - 1)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(ArrayWindowsProducer { slice: self.slice })
    }
}

struct ArrayWindowsProducer<'data, T, const N: usize> {
    slice: &'data [T],
}

impl<'data, T: Sync + 'data, const N: usize> Producer for ArrayWindowsProducer<'data, T, N> {
    type Item = &'data [T; N];
    type IntoIter = std::iter::Map<std::slice::Windows<'data, T>, fn(&'data [T]) -> &'data [T; N]>;

    fn into_iter(self) -> Self::IntoIter {
        self.slice.windows(N).map(|window| {
            window
                .first_chunk()
                .expect("a window is as long as it should be")
        })
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = overlapping(self.slice, index, N);
        (Self { slice: left }, Self { slice: right })
    }
}
