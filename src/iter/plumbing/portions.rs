//! Tight loops over sequential iterators that check now and then whether to stop.
//!
//! To ask a folder after every item whether it is full costs as much as a cheap item. And a folder
//! that is given a filtered iterator asks itself only at items that pass. So some sinks and
//! adapters run 32 items before they ask. (In indexed loops blocks are bounded by time, and a heavy
//! item is a block of its own.)

use super::Folder;

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

/// Makes `folder` take the items that `op` turns into `Some`, until the folder is full. It is asked
/// after each item that it took, and once every [`PORTION`] items.
///
/// If the compiler sees that the folder is never full, both questions and the number are gone: what
/// remains is the loop that std's iterators give.
pub(crate) fn consume_some<F, T, R, I>(mut folder: F, iter: I, op: impl Fn(T) -> Option<R>) -> F
where
    F: Folder<R>,
    I: IntoIterator<Item = T>,
{
    for (number, item) in iter.into_iter().enumerate() {
        if let Some(item) = op(item) {
            folder = folder.consume(item);
            if folder.full() {
                break;
            }
        }
        if number % PORTION == PORTION - 1 && folder.full() {
            break;
        }
    }
    folder
}
