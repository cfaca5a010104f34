//! Where a producer meets a consumer and the loop runs.
//!
//! An indexed loop is driven by functions that call each other: [`divide`] handles items
//! that nobody has begun, [`begin`] makes a folder and runs the first block, [`go_on`] runs the
//! other blocks and gives work away.

use super::fork::{self, Clock, Stay};
use super::splitter::{Budget, Limits, Plan, Site};
use super::workers::{Token, Workers};
use super::{Consumer, Folder, Producer, ProducerCallback, Reducer};
use super::{UnindexedConsumer, UnindexedProducer};
use crate::iter::IndexedParallelIterator;

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

/// Runs a loop over `len` items: `producer` makes them, `consumer` takes them.
///
/// The loop is split when other threads would take work, in the places and for the reasons
/// that the [module documentation](super) gives.
///
/// ```
/// use manyhands::iter::plumbing::{Producer, bridge_producer_consumer};
/// use manyhands::iter::plumbing::{Consumer, Folder, Reducer};
///
/// struct Text<'a>(&'a [u8]);
/// impl<'a> Producer for Text<'a> {
///     type Item = &'a u8;
///     type IntoIter = std::slice::Iter<'a, u8>;
///     fn into_iter(self) -> Self::IntoIter {
///         self.0.iter()
///     }
///     fn split_at(self, index: usize) -> (Self, Self) {
///         let (left, right) = self.0.split_at(index);
///         (Text(left), Text(right))
///     }
/// }
///
/// struct CountA;
/// struct Counted(usize);
/// impl<'a> Consumer<&'a u8> for CountA {
///     type Folder = Counted;
///     type Reducer = CountA;
///     type Result = usize;
///     fn split_at(self, _: usize) -> (Self, Self, CountA) {
///         (CountA, CountA, CountA)
///     }
///     fn into_folder(self) -> Counted {
///         Counted(0)
///     }
///     fn full(&self) -> bool {
///         false
///     }
/// }
/// impl<'a> Folder<&'a u8> for Counted {
///     type Result = usize;
///     fn consume(self, byte: &'a u8) -> Self {
///         Counted(self.0 + usize::from(*byte == b'a'))
///     }
///     fn complete(self) -> usize {
///         self.0
///     }
///     fn full(&self) -> bool {
///         false
///     }
/// }
/// impl Reducer<usize> for CountA {
///     fn reduce(self, left: usize, right: usize) -> usize {
///         left + right
///     }
/// }
///
/// assert_eq!(bridge_producer_consumer(6, Text(b"banana"), CountA), 3);
/// ```
pub fn bridge_producer_consumer<P, C>(len: usize, producer: P, consumer: C) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let limits = Limits::new(producer.min_len(), producer.max_len());
    let code: fn(usize, P, C) -> C::Result = bridge_producer_consumer::<P, C>;
    let mut plan = Plan::new(len, limits, Site::new(code as usize));
    let max_workers = producer.max_workers();
    let workers = Workers::new(max_workers);
    fork::on_seat(|| {
        plan.expect_takers(len, max_workers);
        divide(len, producer, consumer, plan, workers.first())
    })
}

/// Runs `len` items that nobody has begun: first cuts them, if there is a reason.
fn divide<P, C>(len: usize, producer: P, consumer: C, plan: Plan, token: Token<'_>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fork::check_cancelled();
    if consumer.full() {
        return consumer.into_folder().complete();
    }
    match plan.cut(len, token.may_share()) {
        Err(plan) => begin(len, producer, consumer, plan, token),
        Ok((middle, left_plan, right_plan)) => {
            let (left_producer, right_producer) = producer.split_at(middle);
            let (left_consumer, right_consumer, reducer) = consumer.split_at(middle);
            let rest = len - middle;
            let (left, right) = token.join(
                move |token| divide(middle, left_producer, left_consumer, left_plan, token),
                move |token| divide(rest, right_producer, right_consumer, right_plan, token),
            );
            reducer.reduce(left, right)
        }
    }
}

/// A piece in the middle of its run.
struct Piece<'w, P, C: Consumer<P::Item>>
where
    P: Producer,
{
    plan: Plan,
    token: Token<'w>,
    /// How many items its folders have got so far.
    done: usize,
    /// How many are left to `producer` and `consumer`; at least 1.
    rest: usize,
    producer: P,
    consumer: C,
}

/// What a running piece must keep on its thread.
struct Fold<T, C: Consumer<T>> {
    /// Holds the results of everything directly before it that is not in `before`.
    folder: C::Folder,
    /// Puts the result of `folder` together with what comes after it.
    seam: C::Reducer,
    /// Results of folders that could not go on, and what puts them together with the next.
    before: Option<(C::Result, C::Reducer)>,
    clock: Clock,
}

impl<T, C: Consumer<T>> Fold<T, C> {
    fn complete(self) -> C::Result {
        match self.before {
            None => self.folder.complete(),
            Some((before, reducer)) => reducer.reduce(before, self.folder.complete()),
        }
    }

    /// Makes the folder take the next `block` items, whose consumer starts `consumer`. Returns
    /// the consumer of the items after them.
    fn extend(self, consumer: C, block: usize) -> (Self, C) {
        let clock = self.clock;
        match consumer.rejoin(self.folder, block) {
            Ok((folder, rest)) => (Self { folder, ..self }, rest),
            Err((folder, consumer)) => {
                let result = folder.complete();
                let result = match self.before {
                    None => result,
                    Some((before, reducer)) => reducer.reduce(before, result),
                };
                let before = Some((result, self.seam));
                let (this, rest, seam) = consumer.split_at(block);
                let folder = this.into_folder();
                let fold = Self {
                    folder,
                    seam,
                    before,
                    clock,
                };
                (fold, rest)
            }
        }
    }
}

/// Runs the first block of a piece, then the others.
fn begin<P, C>(len: usize, producer: P, consumer: C, mut plan: Plan, token: Token<'_>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let block = plan.block(len);
    if block == len {
        return producer.fold_with(consumer.into_folder()).complete();
    }
    let (head, producer) = producer.split_at(block);
    let (first, consumer, seam) = consumer.split_at(block);
    let mut clock = Clock::start();
    let folder = head.fold_with(first.into_folder());
    plan.record(block, clock.lap());
    let piece = Piece {
        plan,
        token,
        done: block,
        rest: len - block,
        producer,
        consumer,
    };
    let fold = Fold {
        folder,
        seam,
        before: None,
        clock,
    };
    go_on(piece, fold)
}

/// Runs the blocks of a piece that has a folder. Between them it looks up.
fn go_on<P, C>(mut piece: Piece<'_, P, C>, mut fold: Fold<P::Item, C>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    loop {
        fork::check_cancelled();
        if fold.folder.full() || piece.consumer.full() {
            return fold.complete();
        }
        if let Some(give) = piece.plan.share(piece.done, piece.rest) {
            if let Some(token) = piece.token.another() {
                return share(give, token, piece, fold);
            }
        }
        let block = piece.plan.block(piece.rest);
        if block == piece.rest {
            piece.plan.remember();
            let (fold, _) = fold.extend(piece.consumer, block);
            let folder = piece.producer.fold_with(fold.folder);
            return Fold { folder, ..fold }.complete();
        }
        let (head, producer) = piece.producer.split_at(block);
        let (extended, consumer) = fold.extend(piece.consumer, block);
        let folder = head.fold_with(extended.folder);
        fold = Fold { folder, ..extended };
        piece.plan.record(block, fold.clock.lap());
        piece.producer = producer;
        piece.consumer = consumer;
        piece.done = piece.done.saturating_add(block);
        piece.rest -= block;
    }
}

/// Offers the last `give` items to whoever is hungry, and goes on with those before them.
fn share<'w, P, C>(
    give: usize,
    token: Token<'w>,
    piece: Piece<'w, P, C>,
    fold: Fold<P::Item, C>,
) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let plan = piece.plan;
    plan.remember();
    let keep = piece.rest - give;
    let (left_producer, right_producer) = piece.producer.split_at(keep);
    let (left_consumer, right_consumer, reducer) = piece.consumer.split_at(keep);
    let left = Piece {
        plan,
        token: piece.token,
        done: piece.done,
        rest: keep,
        producer: left_producer,
        consumer: left_consumer,
    };
    let fold = Stay::new(fold);
    let (left, right) = fork::join(
        move |_| go_on(left, fold.into_inner()),
        move |_| divide(give, right_producer, right_consumer, plan, token),
    );
    reducer.reduce(left, right)
}

/// Runs a loop whose producer does not know how many items it will make.
///
/// Such a loop is split ahead of demand, about two pieces for each thread, and further when
/// pieces are stolen or somebody is hungry when a piece starts.
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
    fork::on_seat(move || divide_unindexed(false, Budget::start(), producer, consumer))
}

fn divide_unindexed<P, C>(migrated: bool, mut budget: Budget, producer: P, consumer: C) -> C::Result
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    fork::check_cancelled();
    if consumer.full() {
        return consumer.into_folder().complete();
    }
    if !budget.try_split(migrated) {
        return producer.fold_with(consumer.into_folder()).complete();
    }
    match producer.split() {
        (producer, None) => producer.fold_with(consumer.into_folder()).complete(),
        (left_producer, Some(right_producer)) => {
            let reducer = consumer.to_reducer();
            let (left_consumer, right_consumer) = (consumer.split_off_left(), consumer);
            let (left, right) = fork::join(
                move |migrated| divide_unindexed(migrated, budget, left_producer, left_consumer),
                move |migrated| divide_unindexed(migrated, budget, right_producer, right_consumer),
            );
            reducer.reduce(left, right)
        }
    }
}
