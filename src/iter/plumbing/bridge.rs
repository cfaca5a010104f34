//! The bridges, where a producer meets a consumer and the loop runs.
//!
//! An indexed loop is driven by functions that call each other. [`divide`] begins a piece, or cuts
//! it first. [`run`] runs it block by block, and gives work away. [`help`] is called by a thread
//! that has finished its own piece before its neighbour has.

use super::fork::{self, Clock, Stay};
use super::splitter::{Budget, Limits, Plan, Site};
use super::workers::{Token, Workers};
use super::{Consumer, Folder, Producer, Reducer};
use super::{UnindexedConsumer, UnindexedProducer};
use crate::sync::{Mutex, lock};

/// Runs a loop over `len` items: `producer` makes them, `consumer` takes them.
///
/// The loop is split when other threads would take work. The [module documentation](super) says
/// where, and why.
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
    fork::on_seat(move || {
        fork::check_cancelled();
        let mut plan = Plan::new(len, limits, Site::new(code as usize));
        if let Some(probe) = plan.probe(len) {
            return run_short(len, probe, producer, consumer, plan);
        }
        let max_threads = producer.max_threads();
        let workers = Workers::new(max_threads);
        plan.expect_takers(len, max_threads);
        let rest = Rest {
            plan,
            done: 0,
            len,
            producer,
            consumer,
        };
        divide(rest, &workers.first())
    })
}

/// Runs a loop that should be short: a few items first, and all others if the first ones were as
/// cheap as expected.
#[inline]
fn run_short<P, C>(len: usize, probe: usize, producer: P, consumer: C, plan: Plan) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    if consumer.full() {
        return consumer.into_folder().complete();
    }
    if probe == len {
        return producer.fold_with(consumer.into_folder()).complete();
    }
    let (head, producer) = producer.split_at(probe);
    let (first, consumer, seam) = consumer.split_at(probe);
    let mut fold = Fold::begin(first, seam, probe);
    fold.folder = head.fold_with(fold.folder);
    if fold.folder.full() {
        return fold.complete();
    }
    if !plan.is_as_expected(probe, fold.clock.peek()) {
        let workers = Workers::new(producer.max_threads());
        let rest = Rest {
            plan,
            done: probe,
            len: len - probe,
            producer,
            consumer,
        };
        return run(&Mutex::new(Some(rest)), Some(fold), &workers.first());
    }
    let (folder, before) = match consumer.rejoin(fold.folder, len - probe) {
        Ok((folder, _)) => (folder, None),
        Err((folder, consumer)) => (consumer.into_folder(), Some((folder.complete(), fold.seam))),
    };
    let result = producer.fold_with(folder).complete();
    match before {
        None => result,
        Some((before, seam)) => seam.reduce(before, result),
    }
}

/// Items of a loop that no thread has begun.
struct Rest<P, C> {
    plan: Plan,
    /// The number of items directly before them that belong to the same piece.
    done: usize,
    len: usize,
    producer: P,
    consumer: C,
}

/// The items of a piece that are left: its runner takes them from the left, a helper from the
/// right. `None` if one of the two unwound in the middle of a cut.
///
/// The lock is held while producer and consumer are cut, never while an item is made or taken.
type Shared<P, C> = Mutex<Option<Rest<P, C>>>;

impl<P, C> Rest<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    /// Cuts the items in two: `keep` items, and the others, which begin a piece.
    fn cut(self, keep: usize) -> (Self, Self, C::Reducer) {
        let (left_producer, right_producer) = self.producer.split_at(keep);
        let (left_consumer, right_consumer, reducer) = self.consumer.split_at(keep);
        let right = Self {
            plan: self.plan,
            done: 0,
            len: self.len - keep,
            producer: right_producer,
            consumer: right_consumer,
        };
        let left = Self {
            len: keep,
            producer: left_producer,
            consumer: left_consumer,
            ..self
        };
        (left, right, reducer)
    }
}

/// Runs a piece that no thread has begun. Cuts it first, if there is a reason.
fn divide<P, C>(rest: Rest<P, C>, token: &Token<'_>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fork::check_cancelled();
    if rest.consumer.full() {
        return rest.consumer.into_folder().complete();
    }
    let Some(cut) = rest.plan.cut(rest.len) else {
        return run(&Mutex::new(Some(rest)), None, token);
    };
    let (mut left, mut right, reducer) = rest.cut(cut.keep);
    left.plan.expect_pieces(cut.left_pieces);
    right.plan.expect_pieces(cut.right_pieces);
    if left.plan.cut(left.len).is_none() {
        if let Some(other) = token.another() {
            return together(left, None, right, reducer, token, other);
        }
    }
    let (left, right) = token.join(|token| divide(left, token), |token| divide(right, token));
    reducer.reduce(left, right)
}

/// Runs two neighbouring pieces. The thread that finishes first helps the other one.
fn together<P, C>(
    left: Rest<P, C>,
    fold: Option<Fold<P::Item, C>>,
    right: Rest<P, C>,
    reducer: C::Reducer,
    token: &Token<'_>,
    other: Token<'_>,
) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let (left, right) = (Mutex::new(Some(left)), Mutex::new(Some(right)));
    let fold = fold.map(Stay::new);
    let ((first, last), middle) = fork::join(
        |_| {
            let first = run(&left, fold.map(Stay::into_inner), token);
            // If no thread has begun the right piece, this thread will run all of it.
            let last = help(&right, Beginner::NotWe, token);
            (first, last.map(|(last, seam)| (last, Stay::new(seam))))
        },
        |_| {
            let result = run_or_divide(&right, &other);
            match help(&left, Beginner::Anybody, &other) {
                None => result,
                Some((middle, seam)) => seam.reduce(middle, result),
            }
        },
    );
    let result = reducer.reduce(first, middle);
    match last {
        None => result,
        Some((last, seam)) => seam.into_inner().reduce(result, last),
    }
}

fn run_or_divide<P, C>(piece: &Shared<P, C>, token: &Token<'_>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let mut held = lock(piece);
    match held.take() {
        Some(rest) if rest.plan.cut(rest.len).is_some() => {
            drop(held);
            divide(rest, token)
        }
        rest => {
            *held = rest;
            drop(held);
            run(piece, None, token)
        }
    }
}

/// Which thread must have begun a piece before another helps with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginner {
    Anybody,
    NotWe,
}

/// Runs items from the right end of another thread's piece, as long as that is worth it. Returns
/// their result, and the reducer that joins it to the result of the items before them.
fn help<P, C>(
    piece: &Shared<P, C>,
    beginner: Beginner,
    token: &Token<'_>,
) -> Option<(C::Result, C::Reducer)>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let mut done: Option<(C::Result, C::Reducer)> = None;
    while fork::goes_back() {
        let Some((items, reducer)) = take_end(piece, beginner) else {
            break;
        };
        let mut result = divide(items, token);
        if let Some((after, seam)) = done {
            result = seam.reduce(result, after);
        }
        done = Some((result, reducer));
    }
    done
}

/// Cuts the right half off a piece that another thread runs, if it is worth it.
fn take_end<P, C>(piece: &Shared<P, C>, beginner: Beginner) -> Option<(Rest<P, C>, C::Reducer)>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let mut held = lock(piece);
    let rest = held.take()?;
    let has_begun = beginner == Beginner::Anybody || rest.done > 0;
    let give = rest.plan.help(rest.done, rest.len);
    let Some(give) = give.filter(|_| has_begun && !rest.consumer.full()) else {
        *held = Some(rest);
        return None;
    };
    let keep = rest.len - give;
    let (left, right, reducer) = rest.cut(keep);
    *held = Some(left);
    Some((right, reducer))
}

/// The part of a running piece that must stay on its thread.
struct Fold<T, C: Consumer<T>> {
    /// Holds the results of all items directly before it that are not in `before`.
    folder: C::Folder,
    /// Joins the result of `folder` to that of the items after it.
    seam: C::Reducer,
    /// The results of folders that could not go on, and the reducer that joins them to the next.
    before: Option<(C::Result, C::Reducer)>,
    clock: Clock,
    /// The length of the last block.
    block: usize,
}

impl<T, C: Consumer<T>> Fold<T, C> {
    fn complete(self) -> C::Result {
        match self.before {
            None => self.folder.complete(),
            Some((before, reducer)) => reducer.reduce(before, self.folder.complete()),
        }
    }

    /// A fold that is ready for the first block, whose consumer is `consumer`.
    fn begin(consumer: C, seam: C::Reducer, block: usize) -> Self {
        Self {
            folder: consumer.into_folder(),
            seam,
            before: None,
            clock: Clock::start(),
            block,
        }
    }

    /// Ends the folder, and makes another for the next block, whose consumer is `consumer`.
    fn replace(self, consumer: C, seam: C::Reducer) -> Self {
        let result = self.folder.complete();
        let result = match self.before {
            None => result,
            Some((before, reducer)) => reducer.reduce(before, result),
        };
        Self {
            folder: consumer.into_folder(),
            before: Some((result, self.seam)),
            seam,
            ..self
        }
    }
}

/// Runs a piece, block by block. Between blocks it checks whether to stop or to give work away.
#[inline(never)]
fn run<P, C>(
    piece: &Shared<P, C>,
    mut fold: Option<Fold<P::Item, C>>,
    token: &Token<'_>,
) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    loop {
        fork::check_cancelled();
        let mut held = lock(piece);
        let Some(mut rest) = held.take() else {
            drop(held);
            // The helper unwound: its panic goes on when this thread's join ends.
            return fold.expect("a panic in `split_at` of a loop").complete();
        };
        if let Some(fold) = &mut fold {
            rest.plan.record(fold.block, fold.clock.lap());
        }
        let is_full = fold.as_ref().is_some_and(|fold| fold.folder.full());
        if rest.len == 0 || is_full || rest.consumer.full() {
            drop(held);
            return match fold {
                None => rest.consumer.into_folder().complete(),
                Some(fold) => fold.complete(),
            };
        }
        let give = rest.plan.share(rest.done, rest.len);
        if let Some((give, other)) = give.and_then(|give| Some((give, token.another()?))) {
            // A helper that comes to this piece now finds nothing to do; the next one will.
            drop(held);
            rest.plan.remember();
            let keep = rest.len - give;
            let (left, right, reducer) = rest.cut(keep);
            return together(left, fold, right, reducer, token, other);
        }
        let block = rest.plan.block(rest.len);
        let is_last = block == rest.len;
        if is_last {
            rest.plan.remember();
        }
        let (head, tail) = rest.producer.split_at(block);
        let (next, consumer) = match fold {
            None => {
                let (consumer, after, seam) = rest.consumer.split_at(block);
                (Next::Begin(consumer, seam), after)
            }
            Some(fold) => {
                let Fold { folder, .. } = fold;
                match rest.consumer.rejoin(folder, block) {
                    Ok((folder, after)) => (Next::GoOn(Fold { folder, ..fold }), after),
                    Err((folder, consumer)) => {
                        let (consumer, after, seam) = consumer.split_at(block);
                        (
                            Next::Replace(Fold { folder, ..fold }, consumer, seam),
                            after,
                        )
                    }
                }
            }
        };
        if !is_last {
            *held = Some(Rest {
                done: rest.done.saturating_add(block),
                len: rest.len - block,
                producer: tail,
                consumer,
                ..rest
            });
        }
        drop(held);
        let ready = match next {
            Next::Begin(consumer, seam) => Fold::begin(consumer, seam, block),
            Next::GoOn(fold) => fold,
            Next::Replace(fold, consumer, seam) => fold.replace(consumer, seam),
        };
        let done = Fold {
            folder: head.fold_with(ready.folder),
            block,
            ..ready
        };
        if is_last {
            return done.complete();
        }
        fold = Some(done);
    }
}

/// The way in which the next block gets its folder.
enum Next<T, C: Consumer<T>> {
    Begin(C, C::Reducer),
    GoOn(Fold<T, C>),
    Replace(Fold<T, C>, C, C::Reducer),
}

/// Runs a loop whose producer does not know how many items it will make.
///
/// Such a loop is split ahead of demand, into about two pieces for each thread. It is split further
/// when pieces are stolen, or a thread is hungry when a piece starts.
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
