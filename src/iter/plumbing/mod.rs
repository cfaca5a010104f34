#![doc = include_str!("README.md")]

mod bridge;
mod driver;
pub(crate) mod fork;
pub(crate) mod portions;
mod splitter;
mod unindexed;
pub(crate) mod workers;
// The models are about the layers below, and these tests take long to build.
#[cfg(all(test, not(manyhands_model)))]
pub(crate) mod tests;

pub use self::bridge::bridge_producer_consumer;
pub use self::unindexed::bridge_unindexed;
pub use super::bridge::bridge;

/// A source of a known number of items, which can be cut in two at any of them.
///
/// The driver of the producer keeps the number itself. Splitting should be cheap: a running loop
/// splits off every block that it runs.
pub trait Producer: Send + Sized {
    /// The type of the items.
    type Item;

    /// The type of the sequential iterator over a piece.
    type IntoIter: Iterator<Item = Self::Item> + DoubleEndedIterator + ExactSizeIterator;

    /// Makes a sequential iterator over all items.
    fn into_iter(self) -> Self::IntoIter;

    /// The least length of a piece. Asked once, when the loop starts.
    fn min_len(&self) -> usize {
        1
    }

    /// The greatest length of a piece, unless `min_len` forbids the split. Asked once, when the
    /// loop starts.
    fn max_len(&self) -> usize {
        usize::MAX
    }

    /// The number of threads that may work on the loop at a time; 0 counts as 1. Asked once, when
    /// the loop starts.
    fn max_threads(&self) -> usize {
        usize::MAX
    }

    /// Cuts the producer in two: the first `index` items, and the others. `index` is at most the
    /// number of items.
    fn split_at(self, index: usize) -> (Self, Self);

    /// Gives items to `folder`: all, or until the folder is full.
    fn fold_with<F>(self, folder: F) -> F
    where
        F: Folder<Self::Item>,
    {
        folder.consume_iter(self.into_iter())
    }
}

/// A closure that is generic over the producer it gets: how an iterator lends a producer that
/// may borrow from it. See [`IndexedParallelIterator::with_producer`].
///
/// [`IndexedParallelIterator::with_producer`]: crate::iter::IndexedParallelIterator::with_producer
pub trait ProducerCallback<T> {
    /// The type that the call returns.
    type Output;

    /// Uses the producer.
    fn callback<P>(self, producer: P) -> Self::Output
    where
        P: Producer<Item = T>;
}

/// A sink of items: a fold that can be cut in two.
///
/// A consumer for a piece of the loop becomes a [`Folder`], which gets the items of the piece in
/// order. A [`Reducer`] puts the results of neighbouring pieces together.
pub trait Consumer<Item>: Send + Sized {
    /// The type that takes the items of one piece.
    type Folder: Folder<Item, Result = Self::Result>;

    /// The type that puts the results of neighbouring pieces together.
    type Reducer: Reducer<Self::Result>;

    /// The type of a piece's result.
    type Result: Send;

    /// Cuts the consumer in two: a consumer for the first `index` items, one for the others, and
    /// the reducer of their results.
    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer);

    /// Makes a folder, to take items.
    fn into_folder(self) -> Self::Folder;

    /// Are more items useless? The loop stops soon after this becomes true.
    fn full(&self) -> bool;

    /// Can `folder` go on over items of this consumer's part? Asked only if this consumer was split
    /// off directly to the right of the items that `folder` takes, and no thread has begun it.
    ///
    /// `false`, the default, is always correct. Then the folder is completed and another one made,
    /// at the cost of one more result to reduce. `true` promises the result that the reducer would
    /// have given.
    fn can_rejoin(&self, folder: &Self::Folder) -> bool {
        let _ = folder;
        false
    }

    /// Lets `folder` go on over the first `index` items of this consumer's part; what is left of it
    /// is for the items after those. Called only after [`can_rejoin`](Self::can_rejoin) said
    /// `true`. The default does nothing, which is right for consumers without places.
    fn rejoin(&mut self, folder: &mut Self::Folder, index: usize) {
        let _ = (folder, index);
    }
}

/// A fold that takes items one after the other. Made by [`Consumer::into_folder`].
pub trait Folder<Item>: Sized {
    /// The type of the result.
    type Result;

    /// Takes one item.
    fn consume(self, item: Item) -> Self;

    /// Takes items until `iter` ends or the folder is full.
    fn consume_iter<I>(mut self, iter: I) -> Self
    where
        I: IntoIterator<Item = Item>,
    {
        for item in iter {
            self = self.consume(item);
            if self.full() {
                break;
            }
        }
        self
    }

    /// Ends the piece.
    fn complete(self) -> Self::Result;

    /// Are more items useless?
    fn full(&self) -> bool;
}

/// A function that puts the results of two neighbouring pieces together. See [`Consumer`].
pub trait Reducer<Result> {
    /// Puts two results together. `left` is that of the items directly before those of `right`.
    fn reduce(self, left: Result, right: Result) -> Result;
}

/// A consumer that need not know the places of its items in the loop.
pub trait UnindexedConsumer<I>: Consumer<I> {
    /// Splits off a consumer for some number of items at the left; `self` takes the others.
    fn split_off_left(&self) -> Self;

    /// The reducer for the results of the two.
    fn to_reducer(&self) -> Self::Reducer;
}

/// A source of an unknown number of items, which can be cut in two somewhere.
pub trait UnindexedProducer: Send + Sized {
    /// The type of the items.
    type Item;

    /// Cuts the producer in two, near the middle if possible. The first part comes first; the
    /// second is `None` if there is nothing to cut.
    fn split(self) -> (Self, Option<Self>);

    /// Gives items to `folder`: all, or until the folder is full.
    fn fold_with<F>(self, folder: F) -> F
    where
        F: Folder<Self::Item>;
}
