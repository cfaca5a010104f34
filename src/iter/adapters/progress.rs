//! `progress` and its relatives: loops that move a progress bar of the `indicatif` crate.

use super::seed::{Op, Seed, Seeded};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Methods that let a parallel loop move a progress bar (feature `indicatif`).
///
/// Each piece of the loop counts for itself, and moves the bar about once in a millisecond, and
/// when it ends. So an item costs no more than a count. An item counts when it is taken: at the end
/// of the loop the bar stands at the number of items taken, even after an early stop or a panic.
/// The loop does not finish the bar; its owner, who keeps a clone, may do so.
///
/// ```
/// use indicatif::ProgressBar;
/// use manyhands::iter::ParallelProgressIterator;
/// use manyhands::prelude::*;
///
/// let bar = ProgressBar::hidden();
/// let sum: u64 = (0..1000_u64).into_par_iter().progress_with(bar.clone()).sum();
/// bar.finish();
/// assert_eq!((sum, bar.position()), (499_500, 1000));
/// ```
pub trait ParallelProgressIterator: ParallelIterator {
    /// Moves `bar` by one for each item. Keeps the places of the items, if they have any.
    fn progress_with(self, bar: ProgressBar) -> Progress<Self> {
        Progress { base: self, bar }
    }

    /// Shows a new bar for `len` items, on standard error.
    fn progress_count(self, len: u64) -> Progress<Self> {
        self.progress_with(ProgressBar::new(len))
    }

    /// Shows a new bar for all items, on standard error.
    fn progress(self) -> Progress<Self>
    where
        Self: IndexedParallelIterator,
    {
        let len = self.len() as u64;
        self.progress_count(len)
    }

    /// Shows a new bar of the given style for all items, on standard error.
    fn progress_with_style(self, style: ProgressStyle) -> Progress<Self>
    where
        Self: IndexedParallelIterator,
    {
        let bar = ProgressBar::new(self.len() as u64);
        self.progress_with(bar.with_style(style))
    }
}

impl<I: ParallelIterator> ParallelProgressIterator for I {}

/// Iterator returned by the methods of [`ParallelProgressIterator`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Progress<I> {
    base: I,
    bar: ProgressBar,
}

impl<I: ParallelIterator> ParallelIterator for Progress<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive_unindexed(Seeded::new(consumer, Live(&self.bar), &Counting))
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

impl<I: IndexedParallelIterator> IndexedParallelIterator for Progress<I> {
    fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
        self.base
            .drive(Seeded::new(consumer, Live(&self.bar), &Counting))
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
        self.base.with_producer(Callback {
            callback,
            bar: &self.bar,
        })
    }
}

/// The number of items that a piece has taken and not shown yet. They are shown when the tally is
/// dropped, if not before.
struct Tally<'b> {
    bar: &'b ProgressBar,
    taken: u64,
    /// The number of items after which the clock is read.
    enough: u64,
    shown_at: Instant,
}

/// The time between two moves of the bar by one piece. People see no more.
const PERIOD: Duration = Duration::from_millis(1);

impl<'b> Tally<'b> {
    /// A tally that moves the bar while the piece runs.
    fn new(bar: &'b ProgressBar) -> Self {
        Self {
            enough: 1,
            ..Self::at_the_end(bar)
        }
    }

    /// A tally that moves the bar only at the end of the piece: for pieces that are a block of a
    /// loop.
    fn at_the_end(bar: &'b ProgressBar) -> Self {
        Self {
            bar,
            taken: 0,
            enough: u64::MAX,
            shown_at: Instant::now(),
        }
    }

    #[inline]
    fn count(&mut self) {
        self.taken += 1;
        if self.taken >= self.enough {
            self.show();
        }
    }

    #[cold]
    fn show(&mut self) {
        self.bar.inc(self.taken);
        let now = Instant::now();
        let period = now.saturating_duration_since(self.shown_at);
        // This does not overflow: that many items were counted one by one.
        self.enough = if period < PERIOD {
            self.taken * 2
        } else {
            // An item that takes long must not have to wait for others to be shown.
            (self.taken / 2).max(1)
        };
        self.taken = 0;
        self.shown_at = now;
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.bar.inc(self.taken);
        }
    }
}

struct Callback<'b, CB> {
    callback: CB,
    bar: &'b ProgressBar,
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for Callback<'_, CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, base: P) -> CB::Output {
        self.callback.callback(ProgressProducer {
            base,
            bar: self.bar,
        })
    }
}

struct ProgressProducer<'b, P> {
    base: P,
    bar: &'b ProgressBar,
}

impl<'b, P: Producer> Producer for ProgressProducer<'b, P> {
    type Item = P::Item;
    type IntoIter = ProgressIter<'b, P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        ProgressIter {
            base: self.base.into_iter(),
            tally: Tally::at_the_end(self.bar),
        }
    }

    fn min_len(&self) -> usize {
        self.base.min_len()
    }

    fn max_len(&self) -> usize {
        self.base.max_len()
    }

    fn max_threads(&self) -> usize {
        self.base.max_threads()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let bar = self.bar;
        let (left, right) = self.base.split_at(index);
        (Self { base: left, bar }, Self { base: right, bar })
    }

    fn fold_with<F: Folder<P::Item>>(self, folder: F) -> F {
        let tally = Tally::at_the_end(self.bar);
        let folder = Seeded::new(folder, tally, &Counting);
        self.base.fold_with(folder).base
    }
}

struct ProgressIter<'b, I> {
    base: I,
    tally: Tally<'b>,
}

impl<I: Iterator> Iterator for ProgressIter<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.base.next().inspect(|_| self.tally.count())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.base.size_hint()
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for ProgressIter<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.base.next_back().inspect(|_| self.tally.count())
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for ProgressIter<'_, I> {}

/// The seed of a tally that moves the bar while the piece runs.
#[derive(Clone)]
struct Live<'b>(&'b ProgressBar);

impl<'b> Seed for Live<'b> {
    type Value = Tally<'b>;

    fn grow(self) -> Tally<'b> {
        Tally::new(self.0)
    }
}

/// What a piece does with its items and its tally.
struct Counting;

impl<'b, T> Op<T, Tally<'b>> for Counting {
    type Item = T;

    #[inline]
    fn consume<B: Folder<T>>(&self, base: B, mut tally: Tally<'b>, item: T) -> (B, Tally<'b>) {
        tally.count();
        (base.consume(item), tally)
    }

    #[inline]
    fn consume_iter<B, I>(&self, base: B, mut tally: Tally<'b>, iter: I) -> (B, Tally<'b>)
    where
        B: Folder<T>,
        I: IntoIterator<Item = T>,
    {
        let iter = iter.into_iter().inspect(|_| tally.count());
        (base.consume_iter(iter), tally)
    }
}
