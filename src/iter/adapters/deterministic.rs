//! `deterministic`: the same pieces, put together in the same way, whichever threads run them.
//!
//! This is not the usual bridge, which splits where a thread is hungry. Here a loop is always
//! halved down to leaves. Their lengths follow from the length of the loop alone, and each leaf has
//! a folder of its own. Threads share the loop by joins, which cost little while no thread steals.

use crate::iter::plumbing::workers::{Token, Workers};
use crate::iter::plumbing::*;
use crate::iter::{IndexedParallelIterator, ParallelIterator};

/// Iterator returned by [`IndexedParallelIterator::deterministic`].
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct Deterministic<I> {
    base: I,
}

impl<I> Deterministic<I> {
    pub(crate) fn new(base: I) -> Self {
        Self { base }
    }
}

impl<I: IndexedParallelIterator> ParallelIterator for Deterministic<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<I::Item>>(self, consumer: C) -> C::Result {
        let len = self.base.len();
        self.base.with_producer(Callback { len, consumer })
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.base.len())
    }
}

struct Callback<C> {
    len: usize,
    consumer: C,
}

impl<T, C: Consumer<T>> ProducerCallback<T> for Callback<C> {
    type Output = C::Result;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> C::Result {
        let tree = Tree::new(self.len, producer.min_len(), producer.max_len());
        let workers = Workers::new(producer.max_threads());
        fork::on_seat(|| {
            let token = workers.first();
            run(tree, self.len, producer, self.consumer, &workers, token)
        })
    }
}

/// The highest number of leaves, unless `with_max_len` asks for more. It is enough to keep a large
/// machine busy to the end, and low enough for a leaf to be worth a folder, in a loop of any
/// length.
const LEAVES: usize = 256;

/// Decides which pieces are cut in two. It must depend on nothing but the length and the producer's
/// limits.
#[derive(Clone, Copy, Debug)]
struct Tree {
    /// The length of the longest leaf.
    leaf: usize,
    /// No piece is made shorter than this.
    min: usize,
}

impl Tree {
    fn new(len: usize, min_len: usize, max_len: usize) -> Self {
        Self {
            leaf: len.div_ceil(LEAVES).min(max_len).max(1),
            min: min_len.max(1),
        }
    }

    /// How many of the `len` items of a piece go left, if it is to be cut.
    fn cut(self, len: usize) -> Option<usize> {
        let middle = len / 2;
        (len > self.leaf && middle >= self.min).then_some(middle)
    }
}

fn run<'w, P, C>(
    tree: Tree,
    len: usize,
    producer: P,
    consumer: C,
    workers: &'w Workers,
    token: Token<'w>,
) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    fork::check_cancelled();
    if consumer.full() || workers.unwound.is_set() {
        return consumer.into_folder().complete();
    }
    let Some(middle) = tree.cut(len) else {
        return workers.unwound.watch(|| run_leaf(producer, consumer));
    };
    let (left_producer, right_producer) = producer.split_at(middle);
    let (left_consumer, right_consumer, reducer) = consumer.split_at(middle);
    let left = |token| run(tree, middle, left_producer, left_consumer, workers, token);
    let right_len = len - middle;
    let right = |token| {
        run(
            tree,
            right_len,
            right_producer,
            right_consumer,
            workers,
            token,
        )
    };
    let (left, right) = workers.join(token, left, right);
    reducer.reduce(left, right)
}

/// Runs a leaf. The locals of the user's closures are in this frame, and so in none of those that
/// the cuts leave on the stack.
#[inline(never)]
fn run_leaf<P, C>(producer: P, consumer: C) -> C::Result
where
    P: Producer,
    C: Consumer<P::Item>,
{
    producer.fold_with(consumer.into_folder()).complete()
}
