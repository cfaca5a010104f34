//! Tight loops over sequential iterators that check now and then whether to stop.
//!
//! To ask a folder after every item whether it is full costs as much as a cheap item. And a folder
//! that is given a filtered iterator asks itself only at items that pass. So some sinks and
//! adapters run 32 items before they ask. (In indexed loops blocks are bounded by time, and a heavy
//! item is a block of its own.)

use super::Folder;
use std::iter;

/// The number of items that are run between two questions whether to stop.
const PORTION: usize = 32;

/// Hands items to `op` until `op` returns `false`, or `is_over` returns `true`. `is_over` is asked
/// once every [`PORTION`] items.
pub(crate) fn for_each_until<I: IntoIterator>(
    iter: I,
    is_over: impl Fn() -> bool,
    mut op: impl FnMut(I::Item) -> bool,
) {
    let mut iter = iter.into_iter();
    while !is_over() {
        for _ in 0..PORTION {
            let Some(item) = iter.next() else { return };
            if !op(item) {
                return;
            }
        }
    }
}

/// Makes `folder` take the items that `op` turns into `Some`, until the folder is full.
pub(crate) fn consume_some<F, T, R, I>(mut folder: F, iter: I, op: impl Fn(T) -> Option<R>) -> F
where
    F: Folder<R>,
    I: IntoIterator<Item = T>,
{
    let mut iter = iter.into_iter();
    let mut has_ended = false;
    while !has_ended && !folder.full() {
        let mut left = PORTION;
        let portion = iter::from_fn(|| {
            left = left.checked_sub(1)?;
            let item = iter.next();
            has_ended = item.is_none();
            item
        });
        #[expect(clippy::redundant_closure, reason = "`&op` is called, not inlined")]
        let some = portion.filter_map(|item| op(item));
        folder = folder.consume_iter(some);
    }
    folder
}
