//! A sink without a result: items are dropped. Also `()` as a target of `collect`.

use crate::iter::plumbing::*;
use crate::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};

/// A consumer that drops its items. It is also its own folder and reducer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoopConsumer;

impl<T> Consumer<T> for NoopConsumer {
    type Folder = Self;
    type Reducer = Self;
    type Result = ();

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (Self, Self, Self)
    }

    fn into_folder(self) -> Self {
        self
    }

    fn full(&self) -> bool {
        false
    }

    fn can_rejoin(&self, _: &Self) -> bool {
        true
    }
}

impl<T> UnindexedConsumer<T> for NoopConsumer {
    fn split_off_left(&self) -> Self {
        Self
    }

    fn to_reducer(&self) -> Self {
        Self
    }
}

impl<T> Folder<T> for NoopConsumer {
    type Result = ();

    fn consume(self, _item: T) -> Self {
        self
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        iter.into_iter().for_each(drop);
        self
    }

    fn complete(self) {}

    fn full(&self) -> bool {
        false
    }
}

impl Reducer<()> for NoopConsumer {
    fn reduce(self, _left: (), _right: ()) {}
}

/// Runs the loop for its effects. With a `Result` around it, the loop runs up to an error:
///
/// ```
/// use manyhands::prelude::*;
///
/// let check = |x: u32| if x < 9 { Ok(()) } else { Err(x) };
/// let checked: Result<(), u32> = (0..10_u32).into_par_iter().map(check).collect();
/// assert_eq!(checked, Err(9));
/// ```
impl FromParallelIterator<()> for () {
    fn from_par_iter<I: IntoParallelIterator<Item = ()>>(par_iter: I) {
        par_iter.into_par_iter().drive_unindexed(NoopConsumer);
    }
}

impl ParallelExtend<()> for () {
    fn par_extend<I: IntoParallelIterator<Item = ()>>(&mut self, par_iter: I) {
        par_iter.into_par_iter().drive_unindexed(NoopConsumer);
    }
}
