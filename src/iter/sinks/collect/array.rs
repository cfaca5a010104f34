//! Collecting as many items as an array has places.

use super::{indexed, list};
use crate::iter::ParallelIterator;
use std::array;
use std::error::Error;
use std::fmt;
use std::mem::MaybeUninit;

/// The error of [`collect_array`](ParallelIterator::collect_array): the array has another number of
/// places than the loop has items.
///
/// ```
/// use manyhands::prelude::*;
///
/// let error = (0..7).into_par_iter().collect_array::<4>().unwrap_err();
/// assert_eq!((error.expected(), error.found()), (4, 7));
/// assert_eq!(error.to_string(), "an array of 4 items cannot be made of a loop over 7 items");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayLengthError {
    expected: usize,
    found: usize,
}

impl ArrayLengthError {
    /// The number of places of the array.
    pub fn expected(&self) -> usize {
        self.expected
    }

    /// The number of items of the loop.
    pub fn found(&self) -> usize {
        self.found
    }
}

impl fmt::Display for ArrayLengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(
            f,
            "an array of {expected} items cannot be made of a loop over {found} items"
        )
    }
}

impl Error for ArrayLengthError {}

pub(crate) fn collect<I, const N: usize>(iter: I) -> Result<[I::Item; N], ArrayLengthError>
where
    I: ParallelIterator,
{
    let wrong = |found| ArrayLengthError { expected: N, found };
    match iter.opt_len() {
        Some(len) if len == N => Ok(collect_known(iter)),
        Some(len) => Err(wrong(len)),
        None => {
            let pieces = list::collect(iter);
            let found = pieces.iter().map(Vec::len).sum();
            if found != N {
                return Err(wrong(found));
            }
            let mut items = pieces.into_iter().flatten();
            Ok(array::from_fn(|_| items.next().expect("all were counted")))
        }
    }
}

/// Collects `N` items in place.
fn collect_known<I: ParallelIterator, const N: usize>(iter: I) -> [I::Item; N] {
    let mut places = [const { MaybeUninit::<I::Item>::uninit() }; N];
    indexed::fill(&mut places, |consumer| iter.drive_unindexed(consumer));
    // SAFETY: `fill` has initialised all `N` places, and nothing else reads or drops the items. An
    // array of `MaybeUninit<T>` has the layout of an array of `T`.
    unsafe { places.as_ptr().cast::<[I::Item; N]>().read() }
}
