//! `par_map_ordered`: from a sequential iterator through a parallel map into a sequential loop.

use crate::iter::attempt::Try;
use crate::iter::sinks::ordered;
use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow::{self, Continue};

/// A method that gives a sequential loop a step that runs in parallel.
pub trait ParallelMapOrdered: Iterator + Sized {
    /// Puts the items through `map_op` in parallel. The terminals of the returned loop get the
    /// results on the calling thread, in order.
    ///
    /// It is for loops that read, work, and write: only the work is parallel. This iterator and the
    /// closure of the terminal stay on the calling thread; they need not be `Send`, and may borrow
    /// what they like.
    ///
    /// Items are taken in batches of `window`. While the calling thread consumes the results of one
    /// batch, and then takes the one after the next, other threads work on the next. At most two
    /// windows of items and results are alive. A window should have enough work for all threads: at
    /// least some 10 microseconds for each, and several items. A source that waits until the
    /// results of earlier items have been seen may wait in vain.
    ///
    /// # Panics
    ///
    /// Panics if `window` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::io::{BufRead, Write};
    ///
    /// let input = &b"1\n2\n3\n4"[..]; // or a file, or `stdin().lock()`
    /// let mut output = Vec::new();
    /// input
    ///     .lines()
    ///     .par_map_ordered(1000, |line| line.map(|line| line.parse::<u64>().unwrap().pow(2)))
    ///     .try_for_each(|square| writeln!(output, "{}", square?))?;
    /// assert_eq!(output, b"1\n4\n9\n16\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    fn par_map_ordered<F, T>(self, window: usize, map_op: F) -> MapOrdered<Self, F>
    where
        F: Fn(Self::Item) -> T + Sync,
        Self::Item: Send,
        T: Send;
}

impl<I: Iterator> ParallelMapOrdered for I {
    #[track_caller]
    fn par_map_ordered<F, T>(self, window: usize, map_op: F) -> MapOrdered<Self, F>
    where
        F: Fn(I::Item) -> T + Sync,
        I::Item: Send,
        T: Send,
    {
        assert_ne!(window, 0, "a window needs at least one item");
        MapOrdered {
            iter: self,
            window,
            map_op,
        }
    }
}

/// A loop that is ready to run, made by [`ParallelMapOrdered::par_map_ordered`].
#[derive(Clone)]
#[must_use = "the loop runs when `for_each` or `try_for_each` is called"]
pub struct MapOrdered<I, F> {
    iter: I,
    window: usize,
    map_op: F,
}

impl<I: fmt::Debug, F> fmt::Debug for MapOrdered<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapOrdered")
            .field("iter", &self.iter)
            .field("window", &self.window)
            .finish()
    }
}

impl<I, M, T> MapOrdered<I, M>
where
    I: Iterator<Item: Send>,
    M: Fn(I::Item) -> T + Sync,
    T: Send,
{
    /// Calls `op` for each result, in order, on the calling thread.
    ///
    /// # Panics
    ///
    /// Panics as [`for_each_ordered`](crate::iter::IndexedParallelIterator::for_each_ordered) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut text = String::new();
    /// (1..=4).par_map_ordered(2, |n: u32| n.to_string()).for_each(|digit| text += &digit);
    /// assert_eq!(text, "1234");
    /// ```
    pub fn for_each(self, mut op: impl FnMut(T)) {
        let Continue(()) = self.try_for_each(|result| -> ControlFlow<Infallible> {
            op(result);
            Continue(())
        });
    }

    /// Calls `op` for each result, in order, on the calling thread, until one call fails: returns
    /// `None`, `Err`, `Break`. The result is then that of the first failing call.
    ///
    /// # Panics
    ///
    /// Panics as [`for_each_ordered`](crate::iter::IndexedParallelIterator::for_each_ordered) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut sum = 0;
    /// let outcome = (1..).par_map_ordered(8, |n: u32| n * n).try_for_each(|square| {
    ///     sum += square;
    ///     if sum < 100 { Ok(()) } else { Err(square) }
    /// });
    /// assert_eq!((outcome, sum), (Err(49), 140));
    /// ```
    pub fn try_for_each<R>(self, op: impl FnMut(T) -> R) -> R
    where
        R: Try<Output = ()>,
    {
        ordered::try_for_each_mapped(self.iter, self.window, &self.map_op, op)
    }
}
