//! The bridge of loops of unknown length.
//!
//! What depends on the types of a loop is behind the trait [`Source`]; what happens when is in
//! [`divide`], which is compiled once.

use super::fork::{self, Clock, Discard, Waiting};
use super::splitter::{Budget, PieceLength};
use super::workers::Unwound;
use super::{Folder, Reducer, UnindexedConsumer, UnindexedProducer};

/// Runs a loop whose producer does not know how many items it will make.
///
/// Such a loop is split ahead of demand, into about two pieces for each thread. It is split further
/// when pieces are stolen, when a thread is hungry as a piece starts, and when pieces turn out to
/// take long.
///
/// ```
/// use manyhands::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
/// use manyhands::prelude::*;
///
/// /// All subsets of the bits of `0`, as numbers with the bits of `1` set.
/// #[derive(Clone, Copy)]
/// struct Subsets(u32, u32);
///
/// impl UnindexedProducer for Subsets {
///     type Item = u32;
///     fn split(self) -> (Self, Option<Self>) {
///         let bit = self.0 & self.0.wrapping_neg();
///         let without = Subsets(self.0 & !bit, self.1);
///         match bit {
///             0 => (self, None),
///             _ => (without, Some(Subsets(without.0, self.1 | bit))),
///         }
///     }
///     fn fold_with<F: Folder<u32>>(self, folder: F) -> F {
///         match self.split() {
///             (one, None) => folder.consume(one.1),
///             (left, Some(right)) => {
///                 let folder = UnindexedProducer::fold_with(left, folder);
///                 UnindexedProducer::fold_with(right, folder)
///             }
///         }
///     }
/// }
///
/// impl ParallelIterator for Subsets {
///     type Item = u32;
///     fn drive_unindexed<C: UnindexedConsumer<u32>>(self, consumer: C) -> C::Result {
///         bridge_unindexed(self, consumer)
///     }
/// }
///
/// assert_eq!(Subsets(0b10101, 0).count(), 8);
/// ```
pub fn bridge_unindexed<P, C>(producer: P, consumer: C) -> C::Result
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    let mut part = Part::new(producer, consumer);
    drive(&mut part);
    part.result.expect("the loop has run")
}

/// Items that no thread has begun; and their result, once they have been run.
trait Source: Discard + Send {
    /// Does the consumer want no more items?
    fn is_full(&self) -> bool;

    /// Makes the result of no items.
    fn skip(&mut self);

    /// Cuts the items in two, if that is possible. Then `run_both` is called once, and gives both
    /// parts their results, which become one. Says whether it did that.
    fn split(&mut self, run_both: &mut dyn FnMut(&mut dyn Source, &mut dyn Source)) -> bool;

    /// Runs all items. Says how long they took, in nanoseconds.
    fn run(&mut self, unwound: &Unwound) -> f64;
}

/// What the pieces of a loop of unknown length share.
#[derive(Default)]
struct Whole {
    length: PieceLength,
    unwound: Unwound,
}

fn drive(source: &mut dyn Source) {
    fork::on_seat(move || divide(false, Budget::start(), &Whole::default(), source));
}

fn divide(migrated: bool, mut budget: Budget, whole: &Whole, source: &mut dyn Source) {
    fork::check_cancelled();
    if source.is_full() || whole.unwound.is_set() {
        return source.skip();
    }
    let is_split = budget.try_split(migrated, &whole.length)
        && source.split(&mut |left, right| {
            let waiting = Waiting::new(right);
            let ((), ()) = fork::join(
                || divide(false, budget, whole, left),
                |migrated| divide(migrated, budget, whole, waiting.begin()),
            );
        });
    if !is_split {
        let ns = source.run(&whole.unwound);
        whole.length.record(budget, ns);
    }
}

struct Part<P, C>
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    items: Option<(P, C)>,
    result: Option<C::Result>,
}

impl<P, C> Part<P, C>
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    fn new(producer: P, consumer: C) -> Self {
        Self {
            items: Some((producer, consumer)),
            result: None,
        }
    }
}

impl<P, C> Source for Part<P, C>
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    fn is_full(&self) -> bool {
        let items = self.items.as_ref();
        items.is_none_or(|(_, consumer)| consumer.full())
    }

    fn skip(&mut self) {
        let items = self.items.take();
        self.result = items.map(|(_, consumer)| consumer.into_folder().complete());
    }

    fn split(&mut self, run_both: &mut dyn FnMut(&mut dyn Source, &mut dyn Source)) -> bool {
        let (producer, consumer) = self.items.take().expect("items");
        let (left, right) = producer.split();
        let Some(right) = right else {
            self.items = Some((left, consumer));
            return false;
        };
        let reducer = consumer.to_reducer();
        self.items = Some((left, consumer.split_off_left()));
        let mut right = Self::new(right, consumer);
        run_both(self, &mut right);
        if let (Some(left), Some(right)) = (self.result.take(), right.result) {
            self.result = Some(reducer.reduce(left, right));
        }
        true
    }

    fn run(&mut self, unwound: &Unwound) -> f64 {
        let (producer, consumer) = self.items.take().expect("items");
        let clock = Clock::start();
        let folder = Heeding {
            base: consumer.into_folder(),
            unwound,
        };
        let folder = unwound.watch(|| producer.fold_with(folder));
        let ns = clock.peek();
        self.result = Some(folder.base.complete());
        ns
    }
}

impl<P, C> Discard for Part<P, C>
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    fn discard(&mut self) {
        self.items = None;
    }
}

/// A folder that is full when another piece has unwound: such a piece has no blocks, between which
/// the bridge could look. What is handed over as an iterator goes to the folder below as it is.
struct Heeding<'w, F> {
    base: F,
    unwound: &'w Unwound,
}

impl<T, F: Folder<T>> Folder<T> for Heeding<'_, F> {
    type Result = F::Result;

    #[inline]
    fn consume(self, item: T) -> Self {
        Self {
            base: self.base.consume(item),
            ..self
        }
    }

    #[inline]
    fn consume_iter<I: IntoIterator<Item = T>>(self, iter: I) -> Self {
        Self {
            base: self.base.consume_iter(iter),
            ..self
        }
    }

    fn complete(self) -> F::Result {
        self.base.complete()
    }

    #[inline]
    fn full(&self) -> bool {
        self.unwound.is_set() || self.base.full()
    }
}
