//! `split`: parts of data that a function can cut in two.

use crate::iter::ParallelIterator;
use crate::iter::plumbing::*;
use std::fmt;

/// Makes an iterator over parts of `data`, in order. `splitter` cuts `data` in two, and the parts
/// again, as long as other threads want work and it does not return `None`.
///
/// The number of parts depends on how many threads want work; there may be only one part. So what
/// is done with a part must be right for parts of any size.
///
/// ```
/// use manyhands::iter::split;
/// use manyhands::prelude::*;
///
/// let halves = |range: std::ops::Range<u64>| {
///     let middle = range.start.midpoint(range.end);
///     if middle == range.start {
///         (range, None)
///     } else {
///         (range.start..middle, Some(middle..range.end))
///     }
/// };
/// let factorial: u64 = split(1..13, halves).map(|part| part.product::<u64>()).product();
/// assert_eq!(factorial, 479_001_600);
/// ```
pub fn split<D, S>(data: D, splitter: S) -> Split<D, S>
where
    D: Send,
    S: Fn(D) -> (D, Option<D>) + Sync,
{
    Split { data, splitter }
}

/// Iterator returned by [`split`].
#[derive(Clone)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Split<D, S> {
    data: D,
    splitter: S,
}

impl<D: fmt::Debug, S> fmt::Debug for Split<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("data", &self.data).finish()
    }
}

impl<D, S> ParallelIterator for Split<D, S>
where
    D: Send,
    S: Fn(D) -> (D, Option<D>) + Sync + Send,
{
    type Item = D;

    fn drive_unindexed<C: UnindexedConsumer<D>>(self, consumer: C) -> C::Result {
        let producer = SplitProducer {
            data: self.data,
            splitter: &self.splitter,
        };
        bridge_unindexed(producer, consumer)
    }
}

struct SplitProducer<'s, D, S> {
    data: D,
    splitter: &'s S,
}

impl<'s, D, S> UnindexedProducer for SplitProducer<'s, D, S>
where
    D: Send,
    S: Fn(D) -> (D, Option<D>) + Sync,
{
    type Item = D;

    fn split(self) -> (Self, Option<Self>) {
        let splitter = self.splitter;
        let (left, right) = splitter(self.data);
        let part = |data| Self { data, splitter };
        (part(left), right.map(part))
    }

    fn fold_with<F: Folder<D>>(self, folder: F) -> F {
        folder.consume(self.data)
    }
}
