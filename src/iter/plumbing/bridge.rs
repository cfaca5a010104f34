//! The bridges, where a producer meets a consumer and the loop runs.
//!
//! An indexed loop is driven by functions that call each other. [`divide`] begins a piece, or cuts
//! it first. [`run`] opens it, and runs it block by block. [`help`] is called by a thread that has
//! taken the half of an open piece.
//!
//! Every item that no thread has begun belongs to the second half of a join, which any thread can
//! take, whatever the runner of the piece does meanwhile. The exceptions are items in a block that
//! a thread runs, and what limits forbid to take.

use super::fork::{self, Clock};
use super::splitter::{Budget, Limits, PATIENCE_NS, PieceLength, Plan, Site};
use super::workers::{Token, Unwound, Workers};
use super::{Consumer, Folder, Producer, Reducer};
use super::{UnindexedConsumer, UnindexedProducer};
use crate::sync::{Mutex, lock};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

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
        let mut rest = Rest {
            plan: Plan::new(len, limits, Site::new(code as usize)),
            done: 0,
            len,
            is_helped: false,
            producer,
            consumer,
        };
        if rest.plan.is_short(len) {
            return run_short(rest);
        }
        let max_threads = rest.producer.max_threads();
        let workers = Workers::new(max_threads);
        rest.plan.expect_takers(len, max_threads);
        divide(rest, &workers, workers.first())
    })
}

/// Runs a loop that should be short: a few items first, and all others if the first ones were as
/// cheap as expected. While the first ones run, any thread may take the others.
///
/// Not inlined: the locals of the user's closures would be in the frame below a longer loop.
#[inline(never)]
fn run_short<P, C>(rest: Rest<P, C>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let (plan, len, producer) = (rest.plan, rest.len, rest.producer);
    if rest.consumer.full() {
        return rest.consumer.into_folder().complete();
    }
    let Some([first, second]) = plan.probes(len) else {
        return producer.fold_with(rest.consumer.into_folder()).complete();
    };
    let workers = Workers::new(producer.max_threads());
    let token = workers.first();
    let (head, producer) = producer.split_at(first);
    let (consumer, after, seam) = rest.consumer.split_at(first);
    let clock = Clock::start();
    let begun = |folder, seam, block| Fold {
        folder,
        seam,
        before: None,
        clock,
        block,
    };
    let rest = |done, producer, consumer| Rest {
        plan,
        done,
        len: len - done,
        is_helped: false,
        producer,
        consumer,
    };
    let mut others = Others::Waiting(rest(first, producer, after));
    let mut folder = beside_others(head, consumer.into_folder(), &mut others, &workers);
    let mut done = first;
    if second > 0 && !folder.full() {
        match others {
            Others::Waiting(Rest {
                producer, consumer, ..
            }) => match consumer.rejoin(folder, second) {
                Ok((so_far, consumer)) => {
                    let (head, producer) = producer.split_at(second);
                    done += second;
                    others = Others::Waiting(rest(done, producer, consumer));
                    folder = beside_others(head, so_far, &mut others, &workers);
                }
                Err((folder, consumer)) => {
                    let rest = rest(done, producer, consumer);
                    return run(rest, Some(begun(folder, seam, done)), &workers, token);
                }
            },
            taken => others = taken,
        }
    }
    match others {
        Others::Waiting(rest) if !folder.full() => {
            if plan.is_as_expected(done, clock.peek()) {
                run_rest(rest, begun(folder, seam, done))
            } else {
                run(rest, Some(begun(folder, seam, done)), &workers, token)
            }
        }
        Others::Waiting(_) => folder.complete(),
        Others::Taken => unreachable!("the join ends with a result"),
        Others::Done(others) => {
            plan.doubt();
            seam.reduce(folder.complete(), others)
        }
    }
}

/// What has become of the items of a short loop behind the block that runs.
enum Others<P, C: Consumer<P::Item>>
where
    P: Producer,
{
    Waiting(Rest<P, C>),
    /// A thread runs them.
    Taken,
    /// A thread has run them.
    Done(C::Result),
}

/// Runs a block of a short loop, while any thread may take the others.
#[inline]
fn beside_others<P, C>(
    block: P,
    folder: C::Folder,
    others: &mut Others<P, C>,
    workers: &Workers,
) -> C::Folder
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let (folder, ()) = fork::join_quietly(
        || workers.unwound.watch(|| block.fold_with(folder)),
        |migrated| {
            if migrated {
                take_others(others, workers);
            }
        },
    );
    folder
}

/// Runs the others, if the loop may have another thread.
#[inline(never)]
fn take_others<P, C>(others: &mut Others<P, C>, workers: &Workers)
where
    P: Producer,
    C: Consumer<P::Item>,
{
    if let Some(token) = workers.another() {
        if let Others::Waiting(rest) = mem::replace(others, Others::Taken) {
            *others = Others::Done(divide(rest.forgetting_costs(), workers, token));
        }
    }
}

/// Runs all that is left of a short loop as one block.
#[inline]
fn run_rest<P, C>(rest: Rest<P, C>, fold: Fold<P::Item, C>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let Fold { folder, seam, .. } = fold;
    match rest.consumer.rejoin(folder, rest.len) {
        Ok((folder, _)) => rest.producer.fold_with(folder).complete(),
        Err((folder, consumer)) => {
            let before = folder.complete();
            let after = rest.producer.fold_with(consumer.into_folder()).complete();
            seam.reduce(before, after)
        }
    }
}

/// Items of a loop that no thread has begun.
struct Rest<P, C> {
    plan: Plan,
    /// The number of items directly before them that belong to the same piece.
    done: usize,
    len: usize,
    /// Is there a half that helps with the piece, or a thread that runs it?
    is_helped: bool,
    producer: P,
    consumer: C,
}

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
            is_helped: false,
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

    /// Takes the next `block` items off, with a way to get their folder. `fold` has the items
    /// before them. Returns what is left, too.
    ///
    /// The last block is all that the producer has. If that is more than it said, nothing is
    /// dropped in silence: sinks that rely on the number panic.
    #[inline]
    fn begin(
        self,
        fold: Option<Fold<P::Item, C>>,
        block: usize,
    ) -> (P, Next<P::Item, C>, Option<Self>) {
        let (head, producer) = if block == self.len {
            (self.producer, None)
        } else {
            let (head, producer) = self.producer.split_at(block);
            (head, Some(producer))
        };
        let (next, consumer) = match fold {
            None => {
                let (consumer, after, seam) = self.consumer.split_at(block);
                (Next::Begin(consumer, seam), after)
            }
            Some(fold) => {
                let Fold { folder, .. } = fold;
                match self.consumer.rejoin(folder, block) {
                    Ok((folder, after)) => (Next::GoOn(Fold { folder, ..fold }), after),
                    Err((folder, consumer)) => {
                        let (consumer, after, seam) = consumer.split_at(block);
                        let fold = Fold { folder, ..fold };
                        (Next::Replace(fold, consumer, seam), after)
                    }
                }
            }
        };
        let rest = producer.map(|producer| Self {
            plan: self.plan,
            done: self.done.saturating_add(block),
            len: self.len - block,
            is_helped: self.is_helped,
            producer,
            consumer,
        });
        (head, next, rest)
    }

    /// These items as a loop of its own of which nothing is known.
    fn forgetting_costs(mut self) -> Self {
        self.done = 0;
        self.plan.forget();
        let max_threads = self.producer.max_threads();
        self.plan.expect_takers(self.len, max_threads);
        self
    }

    /// Are there items behind the next block that another thread may take?
    fn can_be_helped(&self) -> bool {
        let block = self.plan.block(self.done, self.len);
        let done = self.done.saturating_add(block);
        self.plan.help(done, self.len - block).is_some()
    }
}

/// Runs a piece that no thread has begun. Cuts it first, if there is a reason.
fn divide<'w, P, C>(rest: Rest<P, C>, workers: &'w Workers, token: Token<'w>) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fork::check_cancelled();
    if rest.consumer.full() || workers.unwound.is_set() {
        return rest.consumer.into_folder().complete();
    }
    let Some(cut) = rest.plan.cut(rest.len) else {
        return run(rest, None, workers, token);
    };
    let (mut left, mut right, reducer) = rest.cut(cut.keep);
    left.plan.expect_pieces(cut.left_pieces);
    right.plan.expect_pieces(cut.right_pieces);
    let (left, right) = workers.join(
        token,
        |token| divide(left, workers, token),
        |token| divide(right, workers, token),
    );
    reducer.reduce(left, right)
}

/// A piece that a thread runs, and that others help with.
///
/// It is *open* while a second half of a join exists that calls [`help`] when a thread takes it,
/// or while such a thread is at it. There is one such half or thread at a time, so the results of
/// helpers have an order.
struct Piece<P, C> {
    /// The items that are left: the runner takes them from the left, a helper from the right.
    /// `None`: there are none, or one of the two unwound in the middle of a cut.
    ///
    /// The lock is held while producer and consumer are cut, never while an item is made or taken.
    rest: Mutex<Option<Rest<P, C>>>,
    /// Has the last item been begun? It publishes nothing: a helper that sees it late waits longer.
    has_ended: AtomicBool,
}

impl<P, C> Piece<P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn new(rest: Rest<P, C>) -> Self {
        Self {
            rest: Mutex::new(Some(rest)),
            has_ended: AtomicBool::new(false),
        }
    }

    /// Notes that there are no more items for a helper.
    fn end(&self) {
        // Ordering: Relaxed, for the reason given at the field.
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// Notes that no thread helps any more. If items are left, the runner opens the piece again.
    fn close(&self) {
        if let Some(rest) = &mut *lock(&self.rest) {
            rest.is_helped = false;
        }
    }

    /// Cuts off the right half of what no thread has begun.
    ///
    /// If the runner should be done with the rest before it could be fetched, this waits for that.
    /// But an estimate may be wrong, so the wait is a short one.
    fn take_end(&self) -> Option<(Rest<P, C>, C::Reducer)> {
        let is_almost_done = |rest: &Rest<P, C>| rest.plan.is_almost_done(rest.len);
        let is_wrong = lock(&self.rest).as_ref().is_some_and(is_almost_done);
        if is_wrong {
            fork::wait_briefly(&self.has_ended, PATIENCE_NS);
        }
        let mut held = lock(&self.rest);
        let rest = held.take()?;
        let give = rest.plan.help(rest.done, rest.len);
        let Some(give) = give.filter(|_| !rest.consumer.full()) else {
            *held = Some(rest);
            return None;
        };
        let keep = rest.len - give;
        let (left, mut right, reducer) = rest.cut(keep);
        *held = Some(left);
        if is_wrong {
            right.plan.forget();
        }
        Some((right, reducer))
    }
}

/// Runs a piece. While it is open, another thread may take the items that this one has not begun.
#[inline(never)]
fn run<'w, P, C>(
    mut rest: Rest<P, C>,
    mut fold: Option<Fold<P::Item, C>>,
    workers: &'w Workers,
    mut token: Token<'w>,
) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let mut is_open = rest.can_be_helped() && workers.has_another();
    rest.is_helped = is_open;
    let piece = Piece::new(rest);
    // The results of all items behind the piece's rest, and the reducer that joins them to more.
    let mut behind: Option<(C::Result, C::Reducer)> = None;
    loop {
        let task = Task::Blocks(fold, token, is_open);
        let (step, taken) = if is_open {
            beside_help(&piece, task, workers, Helper::First)
        } else {
            (task.work(&piece, workers), None)
        };
        let after = match (taken, behind) {
            (Some(taken), Some((behind, seam))) => Some(seam.reduce(taken, behind)),
            (taken, behind) => taken.or(behind.map(|(behind, _)| behind)),
        };
        match step {
            Step::Done(result, seam) => {
                return match after {
                    None => result,
                    Some(after) => seam.reduce(result, after),
                };
            }
            Step::Open(so_far, held, seam) => {
                (fold, token, is_open) = (so_far, held, true);
                behind = after.map(|after| (after, seam));
            }
        }
    }
}

/// What the first half of a join does whose second half helps with a piece.
enum Task<'w, P: Producer, C: Consumer<P::Item>> {
    /// Runs the piece itself; says whether the second half exists.
    Blocks(Option<Fold<P::Item, C>>, Token<'w>, bool),
    /// Runs what was taken off its end, and can be joined to what is left by a reducer.
    Taken(Rest<P, C>, C::Reducer, Token<'w>),
}

impl<'w, P, C> Task<'w, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fn work(self, piece: &Piece<P, C>, workers: &'w Workers) -> Step<'w, P, C> {
        match self {
            Self::Blocks(fold, token, is_open) => run_blocks(piece, fold, workers, token, is_open),
            Self::Taken(rest, reducer, token) => {
                if rest.plan.feeds_at_once(rest.len) {
                    fork::feed();
                }
                Step::Done(divide(rest, workers, token), reducer)
            }
        }
    }
}

/// How far the first half of a join has come whose second half helps with a piece.
enum Step<'w, P: Producer, C: Consumer<P::Item>> {
    /// To the end; the reducer joins the result to that of what is beside it.
    Done(C::Result, C::Reducer),
    /// To a place where the piece can be opened again. The reducer joins what is left of the piece
    /// to what is behind it.
    Open(Option<Fold<P::Item, C>>, Token<'w>, C::Reducer),
}

/// Is a helper the first one of its half, or called by another one?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Helper {
    First,
    Next,
}

/// Works at `task`, while any thread may take the half that helps with the piece. Returns what the
/// helper has made, too.
fn beside_help<'w, P, C>(
    piece: &Piece<P, C>,
    task: Task<'w, P, C>,
    workers: &'w Workers,
    helper: Helper,
) -> (Step<'w, P, C>, Option<C::Result>)
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fork::join_quietly(
        || task.work(piece, workers),
        |migrated| {
            if !migrated {
                return None;
            }
            let made = help(piece, workers);
            if helper == Helper::First {
                piece.close();
            }
            made
        },
    )
}

/// Takes items from the right end of a piece that another thread runs, until none are left.
/// Returns their result.
///
/// While this thread works at what it has taken, the rest of the piece is within reach of others:
/// the half that helps with it is now one of this thread's.
fn help<P, C>(piece: &Piece<P, C>, workers: &Workers) -> Option<C::Result>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    let token = workers.another()?;
    let (taken, reducer) = piece.take_end()?;
    let task = Task::Taken(taken, reducer, token);
    let (step, before) = beside_help(piece, task, workers, Helper::Next);
    let Step::Done(result, reducer) = step else {
        unreachable!("what was taken is run to its end");
    };
    // What lies left of it is taken later, by this thread if it still has the half.
    let more = || fork::goes_back().then(|| help(piece, workers)).flatten();
    Some(match before.or_else(more) {
        None => result,
        Some(before) => reducer.reduce(before, result),
    })
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
    /// The number of items that were run since the last lap of the clock.
    block: usize,
}

impl<T, C: Consumer<T>> Fold<T, C> {
    /// The result, and the reducer that joins it to that of the items after it.
    fn finish(self) -> (C::Result, C::Reducer) {
        let result = self.folder.complete();
        let result = match self.before {
            None => result,
            Some((before, reducer)) => reducer.reduce(before, result),
        };
        (result, self.seam)
    }
}

/// The way in which the next block gets its folder.
enum Next<T, C: Consumer<T>> {
    Begin(C, C::Reducer),
    GoOn(Fold<T, C>),
    Replace(Fold<T, C>, C, C::Reducer),
}

impl<T, C: Consumer<T>> Next<T, C> {
    /// A fold that is ready for the block; then `block` items will have been run since the last
    /// lap.
    #[inline]
    fn ready(self, block: usize) -> Fold<T, C> {
        match self {
            Self::Begin(consumer, seam) => Fold {
                folder: consumer.into_folder(),
                seam,
                before: None,
                clock: Clock::start(),
                block,
            },
            Self::GoOn(fold) => Fold { block, ..fold },
            Self::Replace(fold, consumer, seam) => {
                let clock = fold.clock;
                let before = fold.finish();
                Fold {
                    folder: consumer.into_folder(),
                    seam,
                    before: Some(before),
                    clock,
                    block,
                }
            }
        }
    }
}

/// Runs a piece, block by block. Between blocks it checks whether to stop, and whether to tell a
/// thread that wants work.
#[inline(never)]
fn run_blocks<'w, P, C>(
    piece: &Piece<P, C>,
    mut fold: Option<Fold<P::Item, C>>,
    workers: &'w Workers,
    token: Token<'w>,
    is_open: bool,
) -> Step<'w, P, C>
where
    P: Producer,
    C: Consumer<P::Item>,
{
    loop {
        fork::check_cancelled();
        let mut held = lock(&piece.rest);
        let Some(mut rest) = held.take() else {
            drop(held);
            // The helper unwound: its panic goes on when this thread's join ends.
            let (result, seam) = fold.expect("a panic in `split_at` of a loop").finish();
            return Step::Done(result, seam);
        };
        if let Some(fold) = fold.as_mut().filter(|fold| fold.block > 0) {
            rest.plan.record(rest.done, fold.block, fold.clock.lap());
            fold.block = 0;
        }
        let is_full =
            workers.unwound.is_set() || fold.as_ref().is_some_and(|fold| fold.folder.full());
        if rest.len == 0 || is_full || rest.consumer.full() {
            drop(held);
            piece.end();
            let (result, seam) = match fold {
                // Helpers took the rest. A producer that cuts itself wrongly may have kept items,
                // which must not be lost.
                Some(fold) if rest.len == 0 && !is_full => {
                    let folder = rest.producer.fold_with(fold.folder);
                    Fold { folder, ..fold }.finish()
                }
                Some(fold) => fold.finish(),
                None => {
                    let (consumer, _, seam) = rest.consumer.split_at(rest.len);
                    (consumer.into_folder().complete(), seam)
                }
            };
            return Step::Done(result, seam);
        }
        if !rest.is_helped && rest.can_be_helped() && workers.has_another() {
            let (consumer, _, seam) = rest.consumer.split_at(rest.len);
            *held = Some(Rest {
                consumer,
                is_helped: true,
                ..rest
            });
            return Step::Open(fold, token, seam);
        }
        let block = rest.plan.block(rest.done, rest.len);
        let is_last = block == rest.len;
        if is_last {
            rest.plan.remember();
        }
        let feeds = rest.plan.feeds(rest.len - block, is_open);
        let (head, next, tail) = rest.begin(fold, block);
        if is_last {
            piece.end();
        }
        *held = tail;
        drop(held);
        let mut ready = next.ready(block);
        if feeds {
            fork::feed();
            // What that took is not the cost of an item.
            ready.clock = Clock::start();
        }
        let done = Fold {
            folder: workers.unwound.watch(|| head.fold_with(ready.folder)),
            ..ready
        };
        if is_last {
            let (result, seam) = done.finish();
            return Step::Done(result, seam);
        }
        fold = Some(done);
    }
}

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
    fork::on_seat(move || {
        let whole = Whole::default();
        divide_unindexed(false, Budget::start(), &whole, producer, consumer)
    })
}

/// What the pieces of a loop of unknown length share.
#[derive(Default)]
struct Whole {
    length: PieceLength,
    unwound: Unwound,
}

fn divide_unindexed<P, C>(
    migrated: bool,
    mut budget: Budget,
    whole: &Whole,
    producer: P,
    consumer: C,
) -> C::Result
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    fork::check_cancelled();
    if consumer.full() || whole.unwound.is_set() {
        return consumer.into_folder().complete();
    }
    let (left_producer, right_producer) = if budget.try_split(migrated, &whole.length) {
        producer.split()
    } else {
        (producer, None)
    };
    let Some(right_producer) = right_producer else {
        return run_unindexed(budget, whole, left_producer, consumer);
    };
    let reducer = consumer.to_reducer();
    let (left_consumer, right_consumer) = (consumer.split_off_left(), consumer);
    let (left, right) = fork::join(
        || divide_unindexed(false, budget, whole, left_producer, left_consumer),
        |migrated| divide_unindexed(migrated, budget, whole, right_producer, right_consumer),
    );
    reducer.reduce(left, right)
}

/// Runs a piece that is not split. The locals of the user's closures are in this frame, and so in
/// none of those that the splits leave on the stack.
#[inline(never)]
fn run_unindexed<P, C>(budget: Budget, whole: &Whole, producer: P, consumer: C) -> C::Result
where
    P: UnindexedProducer,
    C: UnindexedConsumer<P::Item>,
{
    let clock = Clock::start();
    let folder = Heeding {
        base: consumer.into_folder(),
        unwound: &whole.unwound,
    };
    let folder = whole.unwound.watch(|| producer.fold_with(folder));
    whole.length.record(budget, clock.peek());
    folder.base.complete()
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
