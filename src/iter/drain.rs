//! `par_drain`: items taken out of a collection that stays.

use super::ParallelIterator;
use std::ops::{Bound, Range, RangeBounds};

/// `par_drain` for collections that can only be emptied as a whole. Implemented for mutable
/// references to them.
///
/// The collection keeps its allocation. It is empty afterwards, even if the iterator is dropped
/// without being run, or a loop over it panics. Only if the iterator is leaked
/// ([`std::mem::forget`]), there may be items left, or more lost than it had handed out.
///
/// ```
/// use manyhands::prelude::*;
/// use std::collections::HashSet;
///
/// let mut set = HashSet::from([1, 2, 3]);
/// assert_eq!(set.par_drain().sum::<u32>(), 6);
/// assert!(set.is_empty());
/// ```
pub trait ParallelDrainFull {
    /// The type of the iterator.
    type Iter: ParallelIterator<Item = Self::Item>;

    /// The type of the items.
    type Item: Send;

    /// Takes all items out.
    fn par_drain(self) -> Self::Iter;
}

/// `par_drain` for collections in which items have places. Implemented for mutable references to
/// them.
///
/// The collection keeps its allocation. The items of the range are gone afterwards, even if the
/// iterator is dropped without being run, or a loop over it panics. Only if the iterator is leaked
/// ([`std::mem::forget`]), there may be items left, or more lost than it had handed out.
///
/// ```
/// use manyhands::prelude::*;
///
/// let mut v = vec![1, 2, 3, 4, 5];
/// let drained: Vec<u32> = v.par_drain(1..3).collect();
/// assert_eq!(drained, [2, 3]);
/// assert_eq!(v, [1, 4, 5]);
/// ```
pub trait ParallelDrainRange<Idx = usize> {
    /// The type of the iterator.
    type Iter: ParallelIterator<Item = Self::Item>;

    /// The type of the items.
    type Item: Send;

    /// Takes the items of the range out.
    ///
    /// # Panics
    ///
    /// Panics if the range starts behind its end, or ends behind that of the collection.
    fn par_drain<R: RangeBounds<Idx>>(self, range: R) -> Self::Iter;
}

/// The places of `range` in a collection of `len` items. Panics if they are not there.
#[track_caller]
pub(crate) fn places(range: &impl RangeBounds<usize>, len: usize) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(start),
        Bound::Excluded(&before) => before.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1),
        Bound::Excluded(&end) => Some(end),
        Bound::Unbounded => Some(len),
    };
    let (Some(start), Some(end)) = (start, end) else {
        panic!("a range that ends beyond all numbers");
    };
    assert!(
        start <= end,
        "a range that starts at {start} and ends at {end}"
    );
    assert!(end <= len, "a range that ends at {end}, of {len} items");
    start..end
}
