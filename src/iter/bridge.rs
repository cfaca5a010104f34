//! How an indexed iterator is driven. Users find it in [`plumbing`](super::plumbing), which knows
//! no iterators.

use super::IndexedParallelIterator;
use super::plumbing::{Consumer, Producer, ProducerCallback, bridge_producer_consumer};

/// Drives an indexed iterator with a consumer: the usual body of
/// [`IndexedParallelIterator::drive`].
///
/// ```
/// use manyhands::iter::plumbing::{Consumer, ProducerCallback, UnindexedConsumer, bridge};
/// use manyhands::prelude::*;
///
/// /// The same iterator under another name.
/// struct Same<I>(I);
///
/// impl<I: IndexedParallelIterator> ParallelIterator for Same<I> {
///     type Item = I::Item;
///     fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
///         bridge(self, consumer)
///     }
/// }
/// impl<I: IndexedParallelIterator> IndexedParallelIterator for Same<I> {
///     fn len(&self) -> usize {
///         self.0.len()
///     }
///     fn drive<C: Consumer<I::Item>>(self, consumer: C) -> C::Result {
///         bridge(self, consumer)
///     }
///     fn with_producer<CB: ProducerCallback<I::Item>>(self, callback: CB) -> CB::Output {
///         self.0.with_producer(callback)
///     }
/// }
///
/// assert_eq!(Same((0..10_u32).into_par_iter()).len(), 10);
/// assert_eq!(Same((0..10_u32).into_par_iter()).sum::<u32>(), 45);
/// ```
pub fn bridge<I, C>(par_iter: I, consumer: C) -> C::Result
where
    I: IndexedParallelIterator,
    C: Consumer<I::Item>,
{
    struct Callback<C> {
        len: usize,
        consumer: C,
    }

    impl<C: Consumer<T>, T> ProducerCallback<T> for Callback<C> {
        type Output = C::Result;

        fn callback<P: Producer<Item = T>>(self, producer: P) -> C::Result {
            bridge_producer_consumer(self.len, producer, self.consumer)
        }
    }

    let len = par_iter.len();
    par_iter.with_producer(Callback { len, consumer })
}

/// Implements [`ParallelIterator`](super::ParallelIterator) for an indexed iterator whose `drive`
/// is [`bridge`]. To be called with the type, the type of its items, and the head of the `impl`:
/// `bridged!(Rev<I> => I::Item, impl<I: IndexedParallelIterator>)`.
macro_rules! bridged {
    ($type:ty => $item:ty, impl $($generics:tt)*) => {
        impl $($generics)* $crate::iter::ParallelIterator for $type {
            type Item = $item;

            fn drive_unindexed<C>(self, consumer: C) -> C::Result
            where
                C: $crate::iter::plumbing::UnindexedConsumer<Self::Item>,
            {
                $crate::iter::plumbing::bridge(self, consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                Some($crate::iter::IndexedParallelIterator::len(self))
            }
        }
    };
}

pub(crate) use bridged;
