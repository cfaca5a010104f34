//! Parallel iterators: loops that every core can help with.
//!
//! They look like std's iterators and are made by [`par_iter`](IntoParallelRefIterator::par_iter),
//! [`par_iter_mut`](IntoParallelRefMutIterator::par_iter_mut) and
//! [`into_par_iter`](IntoParallelIterator::into_par_iter):
//!
//! ```
//! use manyhands::prelude::*;
//!
//! let words = ["many", "hands", "make", "light", "work"];
//! let letters: usize = words.par_iter().map(|word| word.len()).sum();
//! assert_eq!(letters, 22);
//! ```
//!
//! # What you can rely on
//!
//! * **Lazy.** Adapters (`map`, `filter`, ...) only describe the loop. The methods that return
//!   something other than an iterator run it.
//! * **Order.** Where results have an order, it is that of the sequential loop: `collect` gives
//!   the same `Vec`, `reduce` puts neighbours together, left before right. The order in which
//!   closures are *called* is not defined. Methods with `any` in their name may give any of
//!   several answers.
//! * **Cost.** While no other thread is idle, a loop runs as one sequential loop, in blocks of a
//!   few microseconds. It is split when another thread is idle and what is left takes 4
//!   microseconds or more. So a parallel loop over few or cheap items costs about what the
//!   sequential one costs, and one heavy item does not hold up the others.
//! * **Panics.** If a closure panics, the loop stops early. The panic goes on in the caller once
//!   every other piece has stopped as well. Items are dropped exactly once.
//! * **Cancellation.** A loop goes on to its end, unless it is in a
//!   [`cancellable`](crate::cancellable) region of a computation that was cancelled.
//!
//! # What rayon does not have
//!
//! * Results consumed in order, on the calling thread, while more are made:
//!   [`for_each_ordered`](IndexedParallelIterator::for_each_ordered), and
//!   [`par_map_ordered`](ParallelMapOrdered::par_map_ordered) for a sequential source.
//! * Running totals: [`inclusive_scan`](IndexedParallelIterator::inclusive_scan),
//!   [`exclusive_scan`](IndexedParallelIterator::exclusive_scan).
//! * Sums of floats with the same bits in each run:
//!   [`deterministic`](IndexedParallelIterator::deterministic).
//! * Values that threads borrow one at a time:
//!   [`for_each_with_state`](IndexedParallelIterator::for_each_with_state).
//! * [`is_sorted`](ParallelIterator::is_sorted), [`is_sorted_by`](ParallelIterator::is_sorted_by),
//!   [`is_sorted_by_key`](ParallelIterator::is_sorted_by_key),
//!   [`all_equal`](ParallelIterator::all_equal), and arrays:
//!   [`collect_array`](ParallelIterator::collect_array).
//! * A loop for a few threads: [`with_max_threads`](IndexedParallelIterator::with_max_threads).
//! * A flag that ends a loop: [`stop_when`](ParallelIterator::stop_when).
//! * Progress bars, with the feature `indicatif`: `ParallelProgressIterator`.
//!
//! [`plumbing`] explains how it works, and how to write parallel iterators of your own.

pub mod plumbing;

mod adapters;
mod attempt;
mod bridge;
pub(crate) mod drain;
mod either;
mod multizip;
pub(crate) mod sinks;
mod sources;

pub use ::either::Either;

pub use self::adapters::blocks::{ExponentialBlocks, UniformBlocks};
pub use self::adapters::chain::Chain;
pub use self::adapters::chunks::Chunks;
pub use self::adapters::cloned::Cloned;
pub use self::adapters::copied::Copied;
pub use self::adapters::deterministic::Deterministic;
pub use self::adapters::enumerate::Enumerate;
pub use self::adapters::filter::Filter;
pub use self::adapters::filter_map::FilterMap;
pub use self::adapters::flat_map::FlatMap;
pub use self::adapters::flat_map_iter::FlatMapIter;
pub use self::adapters::flatten::Flatten;
pub use self::adapters::flatten_iter::FlattenIter;
pub use self::adapters::fold::{Fold, FoldWith};
pub use self::adapters::fold_chunks::{FoldChunks, FoldChunksWith};
pub use self::adapters::inspect::Inspect;
pub use self::adapters::interleave::Interleave;
pub use self::adapters::interleave_shortest::InterleaveShortest;
pub use self::adapters::intersperse::Intersperse;
pub use self::adapters::len::{MaxLen, MaxThreads, MinLen};
pub use self::adapters::map::Map;
pub use self::adapters::map_init::MapInit;
pub use self::adapters::map_with::MapWith;
pub use self::adapters::panic_fuse::PanicFuse;
pub use self::adapters::positions::Positions;
#[cfg(feature = "indicatif")]
pub use self::adapters::progress::{ParallelProgressIterator, Progress};
pub use self::adapters::rev::Rev;
pub use self::adapters::skip::Skip;
pub use self::adapters::skip_any::SkipAny;
pub use self::adapters::skip_any_while::SkipAnyWhile;
pub use self::adapters::step_by::StepBy;
pub use self::adapters::stop_when::StopWhen;
pub use self::adapters::take::Take;
pub use self::adapters::take_any::TakeAny;
pub use self::adapters::take_any_while::TakeAnyWhile;
pub use self::adapters::try_fold::{TryFold, TryFoldWith};
pub use self::adapters::update::Update;
pub use self::adapters::while_some::WhileSome;
pub use self::adapters::zip::Zip;
pub use self::adapters::zip_eq::ZipEq;
pub use self::sources::empty::{Empty, empty};
pub use self::sources::map_ordered::{MapOrdered, ParallelMapOrdered};
pub use self::sources::once::{Once, once};
pub use self::sources::par_bridge::{IterBridge, ParallelBridge};
#[allow(deprecated)]
#[doc(hidden)]
pub use self::sources::repeat::repeatn;
pub use self::sources::repeat::{Repeat, RepeatN, repeat, repeat_n};
pub use self::sources::split::{Split, split};
pub use self::sources::walk_tree::{
    WalkTree, WalkTreePostfix, WalkTreePrefix, walk_tree, walk_tree_postfix, walk_tree_prefix,
};

pub use self::drain::{ParallelDrainFull, ParallelDrainRange};
pub use self::multizip::MultiZip;
pub use self::sinks::collect::array::ArrayLengthError;

pub(crate) use self::adapters::chain::ChainIter;
pub(crate) use self::bridge::bridged;

use self::attempt::Try;
use self::plumbing::{Consumer, ProducerCallback, UnindexedConsumer};
use self::sinks::{
    find, find_ordered, for_each, is_sorted, ordered, reduce, scan, sum_product, try_reduce, unzip,
    with_state,
};
use std::cmp::Ordering;
use std::collections::LinkedList;
use std::convert::Infallible;
use std::iter::{Product, Sum};
use std::ops::ControlFlow::{self, Continue};
use std::sync::atomic::AtomicBool;

/// A type that can become a parallel iterator.
///
/// ```
/// use manyhands::prelude::*;
///
/// let squares: Vec<u32> = (0..5_u32).into_par_iter().map(|x| x * x).collect();
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
pub trait IntoParallelIterator {
    /// The type of the iterator.
    type Iter: ParallelIterator<Item = Self::Item>;

    /// The type of the items.
    type Item: Send;

    /// Makes a parallel iterator of `self`.
    fn into_par_iter(self) -> Self::Iter;
}

impl<I: ParallelIterator> IntoParallelIterator for I {
    type Iter = I;
    type Item = I::Item;

    fn into_par_iter(self) -> I {
        self
    }
}

/// `par_iter` for everything whose shared reference can become a parallel iterator.
///
/// ```
/// use manyhands::prelude::*;
///
/// let v = vec![3, 1, 2];
/// assert_eq!(v.par_iter().max(), Some(&3));
/// ```
pub trait IntoParallelRefIterator<'data> {
    /// The type of the iterator.
    type Iter: ParallelIterator<Item = Self::Item>;

    /// The type of the items, usually a reference.
    type Item: Send + 'data;

    /// Makes a parallel iterator over the items of `self`, by shared reference.
    fn par_iter(&'data self) -> Self::Iter;
}

impl<'data, I: 'data + ?Sized> IntoParallelRefIterator<'data> for I
where
    &'data I: IntoParallelIterator,
{
    type Iter = <&'data I as IntoParallelIterator>::Iter;
    type Item = <&'data I as IntoParallelIterator>::Item;

    fn par_iter(&'data self) -> Self::Iter {
        self.into_par_iter()
    }
}

/// `par_iter_mut` for everything whose mutable reference can become a parallel iterator.
///
/// ```
/// use manyhands::prelude::*;
///
/// let mut v = vec![3, 1, 2];
/// v.par_iter_mut().for_each(|x| *x *= 10);
/// assert_eq!(v, [30, 10, 20]);
/// ```
pub trait IntoParallelRefMutIterator<'data> {
    /// The type of the iterator.
    type Iter: ParallelIterator<Item = Self::Item>;

    /// The type of the items, usually a mutable reference.
    type Item: Send + 'data;

    /// Makes a parallel iterator over the items of `self`, by mutable reference.
    fn par_iter_mut(&'data mut self) -> Self::Iter;
}

impl<'data, I: 'data + ?Sized> IntoParallelRefMutIterator<'data> for I
where
    &'data mut I: IntoParallelIterator,
{
    type Iter = <&'data mut I as IntoParallelIterator>::Iter;
    type Item = <&'data mut I as IntoParallelIterator>::Item;

    fn par_iter_mut(&'data mut self) -> Self::Iter {
        self.into_par_iter()
    }
}

/// A type into which a parallel iterator can be collected; see [`ParallelIterator::collect`].
///
/// ```
/// use manyhands::prelude::*;
///
/// struct Evens(Vec<u32>);
///
/// impl FromParallelIterator<u32> for Evens {
///     fn from_par_iter<I: IntoParallelIterator<Item = u32>>(par_iter: I) -> Self {
///         Evens(par_iter.into_par_iter().filter(|x| x % 2 == 0).collect())
///     }
/// }
///
/// let Evens(evens) = (0..7_u32).into_par_iter().collect();
/// assert_eq!(evens, [0, 2, 4, 6]);
/// ```
pub trait FromParallelIterator<T>
where
    T: Send,
{
    /// Runs the iterator and makes a collection of its items.
    fn from_par_iter<I>(par_iter: I) -> Self
    where
        I: IntoParallelIterator<Item = T>;
}

/// A type that can be extended by the items of a parallel iterator.
///
/// ```
/// use manyhands::prelude::*;
///
/// let mut v = vec![0, 1];
/// v.par_extend(2..5);
/// assert_eq!(v, [0, 1, 2, 3, 4]);
/// ```
pub trait ParallelExtend<T>
where
    T: Send,
{
    /// Runs the iterator and adds its items.
    fn par_extend<I>(&mut self, par_iter: I)
    where
        I: IntoParallelIterator<Item = T>;
}

/// A loop that can run on several threads at once.
///
/// The [module documentation](self) says what all parallel iterators promise.
///
/// ```
/// use manyhands::prelude::*;
///
/// let texts = ["many", "hands", "make", "light", "work"];
/// let longest = texts.par_iter().map(|text| text.len()).filter(|len| len % 2 == 1).max();
/// assert_eq!(longest, Some(5));
/// ```
///
/// | these methods | |
/// |---|---|
/// | [`map`](Self::map), [`map_init`](Self::map_init), [`filter`](Self::filter), [`filter_map`](Self::filter_map), [`flat_map`](Self::flat_map), [`flatten`](Self::flatten), [`inspect`](Self::inspect), [`update`](Self::update) | make another loop, item by item |
/// | [`cloned`](Self::cloned), [`copied`](Self::copied), [`chain`](Self::chain), [`intersperse`](Self::intersperse) | make a loop of others |
/// | [`take_any`](Self::take_any), [`skip_any`](Self::skip_any), [`take_any_while`](Self::take_any_while), [`while_some`](Self::while_some), [`stop_when`](Self::stop_when), [`panic_fuse`](Self::panic_fuse) | end it earlier |
/// | [`for_each`](Self::for_each), [`try_for_each`](Self::try_for_each) | run it for its effects |
/// | [`sum`](Self::sum), [`product`](Self::product), [`reduce`](Self::reduce), [`min`](Self::min), [`max`](Self::max), [`count`](Self::count) | run it, and make one value of all |
/// | [`collect`](Self::collect), [`collect_array`](Self::collect_array), [`unzip`](Self::unzip), [`partition`](Self::partition), [`partition_map`](Self::partition_map) | run it, and keep the items |
/// | [`find_any`](Self::find_any), [`find_first`](Self::find_first), [`any`](Self::any), [`all`](Self::all) | run it until something is found |
/// | [`fold`](Self::fold), [`fold_with`](Self::fold_with), [`try_fold`](Self::try_fold) | make one value for each piece of the loop |
///
/// Loops whose items have places are [`IndexedParallelIterator`]s, which have more methods.
// `is_sorted` and its kin consume the loop, as they do in std.
#[allow(clippy::wrong_self_convention)]
pub trait ParallelIterator: Sized + Send {
    /// The type of the items.
    type Item: Send;

    /// Calls `op` for each item.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let total = AtomicU32::new(0);
    /// (1..=4_u32).into_par_iter().for_each(|x| {
    ///     total.fetch_add(x, Ordering::Relaxed);
    /// });
    /// assert_eq!(total.into_inner(), 10);
    /// ```
    fn for_each<OP>(self, op: OP)
    where
        OP: Fn(Self::Item) + Sync + Send,
    {
        for_each::for_each(self, &op)
    }

    /// Calls `op` for each item, with a value that is cloned for each piece of the loop.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::mpsc::channel;
    ///
    /// let (sender, receiver) = channel();
    /// (0..5_u32)
    ///     .into_par_iter()
    ///     .for_each_with(sender, |sender, x| sender.send(x).unwrap());
    /// let mut got: Vec<u32> = receiver.iter().collect();
    /// got.sort();
    /// assert_eq!(got, [0, 1, 2, 3, 4]);
    /// ```
    fn for_each_with<OP, T>(self, init: T, op: OP)
    where
        OP: Fn(&mut T, Self::Item) + Sync + Send,
        T: Send + Clone,
    {
        self.map_with(init, op).for_each(drop)
    }

    /// Calls `op` for each item, with a value that `init` makes for each piece of the loop.
    ///
    /// The value never leaves its thread and need not be `Send`.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = vec!["b", "a", "c"];
    /// v.par_iter_mut().for_each_init(String::new, |buffer, word| {
    ///     buffer.push_str(word);
    ///     *word = if buffer.len() > 3 { "" } else { "ok" };
    /// });
    /// assert_eq!(v, ["ok", "ok", "ok"]);
    /// ```
    fn for_each_init<OP, INIT, T>(self, init: INIT, op: OP)
    where
        OP: Fn(&mut T, Self::Item) + Sync + Send,
        INIT: Fn() -> T + Sync + Send,
    {
        self.map_init(init, op).for_each(drop)
    }

    /// Calls `op` for each item, until one call fails: returns `None`, `Err`, `Break`. Then the
    /// loop stops soon, and the result is that of some failing call, not necessarily the first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let check = |x: u32| if x < 50 { Ok(()) } else { Err(x) };
    /// assert_eq!((0..50_u32).into_par_iter().try_for_each(check), Ok(()));
    /// assert!((0..90_u32).into_par_iter().try_for_each(check).unwrap_err() >= 50);
    /// ```
    fn try_for_each<OP, R>(self, op: OP) -> R
    where
        OP: Fn(Self::Item) -> R + Sync + Send,
        R: Try<Output = ()> + Send,
    {
        let done = |(), ()| R::from_output(());
        self.map(op).try_reduce(|| (), done)
    }

    /// Like [`try_for_each`](Self::try_for_each), with a value that is cloned for each piece of
    /// the loop.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::mpsc::channel;
    ///
    /// let (sender, receiver) = channel();
    /// let sent = (0..5_u32)
    ///     .into_par_iter()
    ///     .try_for_each_with(sender, |sender, x| sender.send(x));
    /// assert_eq!(sent, Ok(()));
    /// assert_eq!(receiver.iter().sum::<u32>(), 10);
    /// ```
    fn try_for_each_with<OP, T, R>(self, init: T, op: OP) -> R
    where
        OP: Fn(&mut T, Self::Item) -> R + Sync + Send,
        T: Send + Clone,
        R: Try<Output = ()> + Send,
    {
        let done = |(), ()| R::from_output(());
        self.map_with(init, op).try_reduce(|| (), done)
    }

    /// Like [`try_for_each`](Self::try_for_each), with a value that `init` makes for each piece of
    /// the loop.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let short = ["a", "bb"].par_iter().try_for_each_init(String::new, |buffer, word| {
    ///     buffer.clear();
    ///     buffer.push_str(word);
    ///     (buffer.len() < 3).then_some(())
    /// });
    /// assert_eq!(short, Some(()));
    /// ```
    fn try_for_each_init<OP, INIT, T, R>(self, init: INIT, op: OP) -> R
    where
        OP: Fn(&mut T, Self::Item) -> R + Sync + Send,
        INIT: Fn() -> T + Sync + Send,
        R: Try<Output = ()> + Send,
    {
        let done = |(), ()| R::from_output(());
        self.map_init(init, op).try_reduce(|| (), done)
    }

    /// The number of items. Runs the loop, because a `filter` may be in it;
    /// [`IndexedParallelIterator::len`] does not.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!((0..100).into_par_iter().filter(|x| x % 7 == 0).count(), 15);
    /// ```
    fn count(self) -> usize {
        sum_product::count(self)
    }

    /// Puts each item through `map_op`.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let doubled: Vec<i32> = (0..4).into_par_iter().map(|x| x * 2).collect();
    /// assert_eq!(doubled, [0, 2, 4, 6]);
    /// ```
    fn map<F, R>(self, map_op: F) -> Map<Self, F>
    where
        F: Fn(Self::Item) -> R + Sync + Send,
        R: Send,
    {
        Map::new(self, map_op)
    }

    /// Puts each item through `map_op`, with a value that is cloned for each piece of the loop.
    ///
    /// The number of clones depends on how often the loop is split. So what `map_op` leaves in the
    /// value must not change its results.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let lengths: Vec<usize> = ["ab", "", "xyz"]
    ///     .par_iter()
    ///     .map_with(String::new(), |buffer, word| {
    ///         buffer.clear();
    ///         buffer.push_str(word);
    ///         buffer.len()
    ///     })
    ///     .collect();
    /// assert_eq!(lengths, [2, 0, 3]);
    /// ```
    fn map_with<F, T, R>(self, init: T, map_op: F) -> MapWith<Self, T, F>
    where
        F: Fn(&mut T, Self::Item) -> R + Sync + Send,
        T: Send + Clone,
        R: Send,
    {
        MapWith::new(self, init, map_op)
    }

    /// Puts each item through `map_op`, with a value that `init` makes for each piece of the loop.
    ///
    /// The value never leaves its thread and need not be `Send`. Where an adapter that needs
    /// places follows (`zip`, `rev`, `enumerate`, ...), a value is made for each block of the
    /// loop instead.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::rc::Rc;
    ///
    /// let sums: Vec<u32> = (0..3_u32)
    ///     .into_par_iter()
    ///     .map_init(|| Rc::new(10), |ten, x| **ten + x)
    ///     .collect();
    /// assert_eq!(sums, [10, 11, 12]);
    /// ```
    fn map_init<F, INIT, T, R>(self, init: INIT, map_op: F) -> MapInit<Self, INIT, F>
    where
        F: Fn(&mut T, Self::Item) -> R + Sync + Send,
        INIT: Fn() -> T + Sync + Send,
        R: Send,
    {
        MapInit::new(self, init, map_op)
    }

    /// Clones what the items refer to.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let names = [String::from("a"), String::from("b")];
    /// let copy: Vec<String> = names.par_iter().cloned().collect();
    /// assert_eq!(copy, names);
    /// ```
    fn cloned<'a, T>(self) -> Cloned<Self>
    where
        T: 'a + Clone + Send,
        Self: ParallelIterator<Item = &'a T>,
    {
        Cloned::new(self)
    }

    /// Copies what the items refer to.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let copy: Vec<u8> = [1, 2, 3].par_iter().copied().collect();
    /// assert_eq!(copy, [1, 2, 3]);
    /// ```
    fn copied<'a, T>(self) -> Copied<Self>
    where
        T: 'a + Copy + Send,
        Self: ParallelIterator<Item = &'a T>,
    {
        Copied::new(self)
    }

    /// Shows each item to `inspect_op` as it passes.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let seen = AtomicU32::new(0);
    /// let odd = (0..10_u32)
    ///     .into_par_iter()
    ///     .inspect(|_| {
    ///         seen.fetch_add(1, Ordering::Relaxed);
    ///     })
    ///     .filter(|x| x % 2 == 1)
    ///     .count();
    /// assert_eq!((odd, seen.into_inner()), (5, 10));
    /// ```
    fn inspect<OP>(self, inspect_op: OP) -> Inspect<Self, OP>
    where
        OP: Fn(&Self::Item) + Sync + Send,
    {
        Inspect::new(self, inspect_op)
    }

    /// Lets `update_op` change each item as it passes.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<String> = ["a", "b"]
    ///     .par_iter()
    ///     .map(|s| s.to_string())
    ///     .update(|s| s.push('!'))
    ///     .collect();
    /// assert_eq!(v, ["a!", "b!"]);
    /// ```
    fn update<F>(self, update_op: F) -> Update<Self, F>
    where
        F: Fn(&mut Self::Item) + Sync + Send,
    {
        Update::new(self, update_op)
    }

    /// Keeps the items for which `filter_op` is true.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let even: Vec<u32> = (0..6_u32).into_par_iter().filter(|x| x % 2 == 0).collect();
    /// assert_eq!(even, [0, 2, 4]);
    /// ```
    fn filter<P>(self, filter_op: P) -> Filter<Self, P>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        Filter::new(self, filter_op)
    }

    /// Puts each item through `filter_op`, and keeps the values of the results that are `Some`.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let numbers: Vec<u32> = ["1", "x", "3"]
    ///     .par_iter()
    ///     .filter_map(|text| text.parse().ok())
    ///     .collect();
    /// assert_eq!(numbers, [1, 3]);
    /// ```
    fn filter_map<P, R>(self, filter_op: P) -> FilterMap<Self, P>
    where
        P: Fn(Self::Item) -> Option<R> + Sync + Send,
        R: Send,
    {
        FilterMap::new(self, filter_op)
    }

    /// Makes a parallel loop of each item, and runs all of these as one loop.
    ///
    /// Where the inner loops are short, [`flat_map_iter`](Self::flat_map_iter) costs less.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let pairs: Vec<(u32, u32)> = (0..3_u32)
    ///     .into_par_iter()
    ///     .flat_map(|x| (0..x).into_par_iter().map(move |y| (x, y)))
    ///     .collect();
    /// assert_eq!(pairs, [(1, 0), (2, 0), (2, 1)]);
    /// ```
    fn flat_map<F, PI>(self, map_op: F) -> FlatMap<Self, F>
    where
        F: Fn(Self::Item) -> PI + Sync + Send,
        PI: IntoParallelIterator,
    {
        FlatMap::new(self, map_op)
    }

    /// Makes a sequential iterator of each item, and runs over the items of all these iterators.
    ///
    /// The inner iterators need not be `Send`; only the outer loop is split.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let words: Vec<&str> = ["many hands", "light work"]
    ///     .par_iter()
    ///     .flat_map_iter(|line| line.split(' '))
    ///     .collect();
    /// assert_eq!(words, ["many", "hands", "light", "work"]);
    /// ```
    fn flat_map_iter<F, SI>(self, map_op: F) -> FlatMapIter<Self, F>
    where
        F: Fn(Self::Item) -> SI + Sync + Send,
        SI: IntoIterator,
        SI::Item: Send,
    {
        FlatMapIter::new(self, map_op)
    }

    /// Runs the parallel loops that the items are as one loop. In the results, the loops stand one
    /// behind the other.
    ///
    /// Where the inner loops are short, [`flatten_iter`](Self::flatten_iter) costs less.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = vec![vec![1, 2], vec![], vec![3]].into_par_iter().flatten().collect();
    /// assert_eq!(v, [1, 2, 3]);
    /// ```
    fn flatten(self) -> Flatten<Self>
    where
        Self::Item: IntoParallelIterator,
    {
        Flatten::new(self)
    }

    /// Runs over what the items hold, each item in one go; only the outer loop is split.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = [Some(1), None, Some(3)].par_iter().copied().flatten_iter().collect();
    /// assert_eq!(v, [1, 3]);
    /// ```
    fn flatten_iter(self) -> FlattenIter<Self>
    where
        Self::Item: IntoIterator<Item: Send>,
    {
        FlattenIter::new(self)
    }

    /// Keeps what is in the items, until one is `None`. The loop stops soon after that, and items
    /// that stand before the `None` may be missing, too.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = [Some(1), Some(2)].par_iter().copied().while_some().collect();
    /// assert_eq!(v, [1, 2]);
    /// ```
    fn while_some<T>(self) -> WhileSome<Self>
    where
        Self: ParallelIterator<Item = Option<T>>,
        T: Send,
    {
        WhileSome::new(self)
    }

    /// Makes a panic stop the whole loop sooner.
    ///
    /// Without it, other pieces of the loop run to the end of their block before the panic goes on
    /// in the caller. With it, they check before each item whether a closure before or behind the
    /// fuse has panicked, and stop if so. That costs a load an item.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let result = std::panic::catch_unwind(|| {
    ///     (0..1_000_000_u32).into_par_iter().panic_fuse().for_each(|x| {
    ///         assert_ne!(x, 7);
    ///     });
    /// });
    /// assert!(result.is_err());
    /// ```
    fn panic_fuse(self) -> PanicFuse<Self> {
        PanicFuse::new(self)
    }

    /// Keeps at most `n` items: those that come first in time. The loop stops soon after the last
    /// of them. They keep their order.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..100_u32).into_par_iter().filter(|x| x % 2 == 0).take_any(3).collect();
    /// assert_eq!(v.len(), 3);
    /// assert!(v.is_sorted());
    /// ```
    fn take_any(self, n: usize) -> TakeAny<Self> {
        TakeAny::new(self, n)
    }

    /// Leaves out at most `n` items: those that come first in time. The others keep their order.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!((0..100).into_par_iter().filter(|x| x % 2 == 0).skip_any(3).count(), 47);
    /// ```
    fn skip_any(self, n: usize) -> SkipAny<Self> {
        SkipAny::new(self, n)
    }

    /// Keeps items until `predicate` is false for one, wherever that item stands. The loop stops
    /// soon after. Items before that one may be missing, and items behind it may be there. They
    /// keep their order.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// // Enough items for a total of some 50.
    /// let total = AtomicU32::new(0);
    /// let v: Vec<u32> = (1..1_000_u32)
    ///     .into_par_iter()
    ///     .take_any_while(|x| total.fetch_add(*x, Ordering::Relaxed) + x <= 50)
    ///     .collect();
    /// assert!(v.iter().sum::<u32>() <= 50);
    /// ```
    fn take_any_while<P>(self, predicate: P) -> TakeAnyWhile<Self, P>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        TakeAnyWhile::new(self, predicate)
    }

    /// Leaves items out until `predicate` is false for one, wherever that item stands. Items before
    /// that one may be there, and items behind it may be missing. The others keep their order.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..100_u32).into_par_iter().skip_any_while(|x| *x < 50).collect();
    /// // None of the upper half was skipped. Of the lower half, some may have come through.
    /// assert!(v.ends_with(&(50..100).collect::<Vec<_>>()));
    /// ```
    fn skip_any_while<P>(self, predicate: P) -> SkipAnyWhile<Self, P>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        SkipAnyWhile::new(self, predicate)
    }

    /// Lets items pass until `flag` is set; the loop stops soon after. Not in rayon.
    ///
    /// Any code may set the flag: a signal handler, a timer, an item of the loop itself. Each
    /// thread looks at it before and after each item. An item that has begun is finished, and each
    /// thread may begin one more before it sees the flag. The result is that of the items that have
    /// passed: some of the items, in their order, not necessarily the first ones.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static STOP: AtomicBool = AtomicBool::new(false);
    /// // In a program, the handler of Ctrl-C would set it, or a thread that sleeps until a deadline.
    /// let found: Vec<u64> = (0..u64::MAX)
    ///     .into_par_iter()
    ///     .stop_when(&STOP)
    ///     .filter(|n| n % 1000 == 7)
    ///     .inspect(|_| STOP.store(true, Ordering::Relaxed))
    ///     .collect();
    /// assert!(!found.is_empty() && found.is_sorted());
    /// ```
    ///
    /// To drop the result as well, put the loop into [`cancellable`](crate::cancellable), and drop
    /// or abort its computation.
    fn stop_when(self, flag: &AtomicBool) -> StopWhen<'_, Self> {
        StopWhen::new(self, flag)
    }

    /// Combines all items into one.
    ///
    /// `identity` makes values that change nothing when they are combined; one is made for each
    /// piece of the loop. `op` must be associative. It need not be commutative: neighbours are
    /// combined, left before right. How the parentheses fall depends on how the loop is split, so
    /// that sums of floats may differ from run to run in the last digits.
    /// [`deterministic`](IndexedParallelIterator::deterministic) loops always give the same result.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let text = ["a", "b", "c"]
    ///     .par_iter()
    ///     .map(|s| s.to_string())
    ///     .reduce(String::new, |a, b| a + &b);
    /// assert_eq!(text, "abc");
    /// ```
    fn reduce<OP, ID>(self, identity: ID, op: OP) -> Self::Item
    where
        OP: Fn(Self::Item, Self::Item) -> Self::Item + Sync + Send,
        ID: Fn() -> Self::Item + Sync + Send,
    {
        reduce::reduce(self, &identity, &op)
    }

    /// Combines all items into one, or gives `None` if there are none. Otherwise like
    /// [`reduce`](Self::reduce).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let longest = ["a", "ccc", "bb"]
    ///     .par_iter()
    ///     .copied()
    ///     .reduce_with(|a, b| if b.len() > a.len() { b } else { a });
    /// assert_eq!(longest, Some("ccc"));
    /// ```
    fn reduce_with<OP>(self, op: OP) -> Option<Self::Item>
    where
        OP: Fn(Self::Item, Self::Item) -> Self::Item + Sync + Send,
    {
        self.fold(
            || None,
            |before, item| match before {
                None => Some(item),
                Some(before) => Some(op(before, item)),
            },
        )
        .reduce(
            || None,
            |left, right| match (left, right) {
                (Some(left), Some(right)) => Some(op(left, right)),
                (left, right) => left.or(right),
            },
        )
    }

    /// Combines the contents of all items, if no item and no call of `op` is a failure. Otherwise
    /// the loop stops soon, and some failure is the result, not necessarily the first.
    ///
    /// `identity` and `op` are as for [`reduce`](Self::reduce).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total = |v: &[u8]| v.par_iter().copied().map(Some).try_reduce(|| 0, u8::checked_add);
    /// assert_eq!(total(&[1, 2, 3]), Some(6));
    /// assert_eq!(total(&[100, 100, 100]), None);
    /// assert_eq!(total(&[]), Some(0));
    /// ```
    fn try_reduce<T, OP, ID>(self, identity: ID, op: OP) -> Self::Item
    where
        OP: Fn(T, T) -> Self::Item + Sync + Send,
        ID: Fn() -> T + Sync + Send,
        Self::Item: Try<Output = T>,
    {
        try_reduce::try_reduce(self, &identity, &op)
    }

    /// Like [`try_reduce`](Self::try_reduce), but `None` if there are no items.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total = |v: &[u8]| v.par_iter().copied().map(Some).try_reduce_with(u8::checked_add);
    /// assert_eq!(total(&[1, 2, 3]), Some(Some(6)));
    /// assert_eq!(total(&[100, 100, 100]), Some(None));
    /// assert_eq!(total(&[]), None);
    /// ```
    fn try_reduce_with<T, OP>(self, op: OP) -> Option<Self::Item>
    where
        OP: Fn(T, T) -> Self::Item + Sync + Send,
        Self::Item: Try<Output = T>,
    {
        try_reduce::try_reduce_with(self, &op)
    }

    /// Folds each piece of the loop into an accumulator, and makes an iterator over the
    /// accumulators, in order.
    ///
    /// The loop is split on demand: if no other thread asks for work, there is one piece. So an
    /// accumulator may be costly to make.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let bytes: Vec<u8> = (0..200_u8)
    ///     .into_par_iter()
    ///     .fold(Vec::new, |mut piece, byte| {
    ///         piece.push(byte);
    ///         piece
    ///     })
    ///     .reduce(Vec::new, |left, right| [left, right].concat());
    /// assert!(bytes.into_iter().eq(0..200));
    /// ```
    fn fold<T, ID, F>(self, identity: ID, fold_op: F) -> Fold<Self, ID, F>
    where
        F: Fn(T, Self::Item) -> T + Sync + Send,
        ID: Fn() -> T + Sync + Send,
        T: Send,
    {
        Fold::new(self, identity, fold_op)
    }

    /// Like [`fold`](Self::fold), with clones of `init` for accumulators.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total: u32 = (0..10_u32).into_par_iter().fold_with(0, |a, b| a + b).sum();
    /// assert_eq!(total, 45);
    /// ```
    fn fold_with<F, T>(self, init: T, fold_op: F) -> FoldWith<Self, T, F>
    where
        F: Fn(T, Self::Item) -> T + Sync + Send,
        T: Send + Clone,
    {
        FoldWith::new(self, init, fold_op)
    }

    /// Like [`fold`](Self::fold), with a `fold_op` that may fail. A failure ends its piece of the
    /// loop, and is the item that this piece makes. Other pieces go on, unless what follows stops
    /// them, as [`try_reduce`](Self::try_reduce) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total = |v: &[u8]| {
    ///     v.par_iter()
    ///         .try_fold(|| 0_u8, |sum, x| sum.checked_add(*x))
    ///         .try_reduce(|| 0, u8::checked_add)
    /// };
    /// assert_eq!(total(&[1, 2, 3]), Some(6));
    /// assert_eq!(total(&[100, 100, 100]), None);
    /// ```
    fn try_fold<T, R, ID, F>(self, identity: ID, fold_op: F) -> TryFold<Self, R, ID, F>
    where
        F: Fn(T, Self::Item) -> R + Sync + Send,
        ID: Fn() -> T + Sync + Send,
        R: Try<Output = T> + Send,
    {
        TryFold::new(self, identity, fold_op)
    }

    /// Like [`try_fold`](Self::try_fold), with clones of `init` for accumulators.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total = (1..=4_u8)
    ///     .into_par_iter()
    ///     .try_fold_with(0_u8, u8::checked_add)
    ///     .try_reduce(|| 0, u8::checked_add);
    /// assert_eq!(total, Some(10));
    /// ```
    fn try_fold_with<F, T, R>(self, init: T, fold_op: F) -> TryFoldWith<Self, R, F>
    where
        F: Fn(T, Self::Item) -> R + Sync + Send,
        R: Try<Output = T> + Send,
        T: Clone + Send,
    {
        TryFoldWith::new(self, init, fold_op)
    }

    /// The sum of the items.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let total: u32 = [1, 2, 3].par_iter().sum();
    /// assert_eq!(total, 6);
    /// ```
    fn sum<S>(self) -> S
    where
        S: Send + Sum<Self::Item> + Sum<S>,
    {
        sum_product::sum(self)
    }

    /// The product of the items.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let factorial: u64 = (1..=10_u64).into_par_iter().product();
    /// assert_eq!(factorial, 3_628_800);
    /// ```
    fn product<P>(self) -> P
    where
        P: Send + Product<Self::Item> + Product<P>,
    {
        sum_product::product(self)
    }

    /// The least item; of several equal ones, the first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([3, 1, 2].par_iter().min(), Some(&1));
    /// ```
    fn min(self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.reduce_with(Ord::min)
    }

    /// The least item in the order of `f`; of several equal ones, the first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let least = [0.5, -1.5, 2.0].par_iter().copied().min_by(f64::total_cmp);
    /// assert_eq!(least, Some(-1.5));
    /// ```
    fn min_by<F>(self, f: F) -> Option<Self::Item>
    where
        F: Sync + Send + Fn(&Self::Item, &Self::Item) -> Ordering,
    {
        self.reduce_with(|a, b| if f(&a, &b).is_gt() { b } else { a })
    }

    /// The item with the least key; of several equal ones, the first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([-3_i32, 2, 4].par_iter().min_by_key(|x| x.abs()), Some(&2));
    /// ```
    fn min_by_key<K, F>(self, f: F) -> Option<Self::Item>
    where
        K: Ord + Send,
        F: Sync + Send + Fn(&Self::Item) -> K,
    {
        let keyed = self.map(|item| (f(&item), item));
        Some(keyed.min_by(|a, b| a.0.cmp(&b.0))?.1)
    }

    /// The greatest item; of several equal ones, the last.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([3, 1, 2].par_iter().max(), Some(&3));
    /// ```
    fn max(self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.reduce_with(Ord::max)
    }

    /// The greatest item in the order of `f`; of several equal ones, the last.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let greatest = [0.5, -1.5, 2.0].par_iter().copied().max_by(f64::total_cmp);
    /// assert_eq!(greatest, Some(2.0));
    /// ```
    fn max_by<F>(self, f: F) -> Option<Self::Item>
    where
        F: Sync + Send + Fn(&Self::Item, &Self::Item) -> Ordering,
    {
        self.reduce_with(|a, b| if f(&a, &b).is_gt() { a } else { b })
    }

    /// The item with the greatest key; of several equal ones, the last.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([-3_i32, 2, 1].par_iter().max_by_key(|x| x.abs()), Some(&-3));
    /// ```
    fn max_by_key<K, F>(self, f: F) -> Option<Self::Item>
    where
        K: Ord + Send,
        F: Sync + Send + Fn(&Self::Item) -> K,
    {
        let keyed = self.map(|item| (f(&item), item));
        Some(keyed.max_by(|a, b| a.0.cmp(&b.0))?.1)
    }

    /// Continues with the items of `chain` after those of this loop.
    ///
    /// # Panics
    ///
    /// Panics if there are more than `usize::MAX` items, and an adapter asks for their places, as
    /// `rev` and `zip` do.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..2_u32).into_par_iter().chain(7..9).collect();
    /// assert_eq!(v, [0, 1, 7, 8]);
    /// ```
    fn chain<C>(self, chain: C) -> Chain<Self, C::Iter>
    where
        C: IntoParallelIterator<Item = Self::Item>,
    {
        Chain::new(self, chain.into_par_iter())
    }

    /// Puts a clone of `element` between each two items.
    ///
    /// # Panics
    ///
    /// Panics if there are more than `usize::MAX` items with the clones, and a sink or an adapter
    /// asks for their places.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let text: String = ["many", "hands"].par_iter().copied().intersperse(" ").collect();
    /// assert_eq!(text, "many hands");
    /// ```
    fn intersperse(self, element: Self::Item) -> Intersperse<Self>
    where
        Self::Item: Clone,
    {
        Intersperse::new(self, element)
    }

    /// Some item for which `predicate` is true, not necessarily the first. The loop stops soon
    /// after one is found.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let root = (0..100_u32).into_par_iter().find_any(|x| x * x == 1764);
    /// assert_eq!(root, Some(42));
    /// ```
    fn find_any<P>(self, predicate: P) -> Option<Self::Item>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        find::find_any(self, predicate)
    }

    /// Former name of [`find_any`](Self::find_any).
    #[doc(hidden)]
    #[deprecated(note = "use `find_any`, `find_first` or `find_last`")]
    fn find<P>(self, predicate: P) -> Option<Self::Item>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        self.find_any(predicate)
    }

    /// The first of the items for which `predicate` is true.
    ///
    /// A piece of the loop stops when a match is known that stands before it. Pieces that stand
    /// before the match go on. So [`find_any`](Self::find_any) may be faster.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let first = (1..1_000_u32).into_par_iter().find_first(|x| x % 42 == 0);
    /// assert_eq!(first, Some(42));
    /// ```
    fn find_first<P>(self, predicate: P) -> Option<Self::Item>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        find_ordered::find_first(self, predicate)
    }

    /// The last of the items for which `predicate` is true.
    ///
    /// Each piece of the loop runs forward, but stops when a match is known that stands behind it.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let last = (1..1_000_u32).into_par_iter().find_last(|x| x % 42 == 0);
    /// assert_eq!(last, Some(966));
    /// ```
    fn find_last<P>(self, predicate: P) -> Option<Self::Item>
    where
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        find_ordered::find_last(self, predicate)
    }

    /// The result for some item for which `predicate` gives one, not necessarily the first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let number: Option<u32> = ["x", "7"].par_iter().find_map_any(|s| s.parse().ok());
    /// assert_eq!(number, Some(7));
    /// ```
    fn find_map_any<P, R>(self, predicate: P) -> Option<R>
    where
        P: Fn(Self::Item) -> Option<R> + Sync + Send,
        R: Send,
    {
        self.filter_map(predicate).find_any(|_| true)
    }

    /// The result for the first item for which `predicate` gives one. Stops as
    /// [`find_first`](Self::find_first) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let number: Option<u32> = ["x", "7", "9"].par_iter().find_map_first(|s| s.parse().ok());
    /// assert_eq!(number, Some(7));
    /// ```
    fn find_map_first<P, R>(self, predicate: P) -> Option<R>
    where
        P: Fn(Self::Item) -> Option<R> + Sync + Send,
        R: Send,
    {
        self.filter_map(predicate).find_first(|_| true)
    }

    /// The result for the last item for which `predicate` gives one. Stops as
    /// [`find_last`](Self::find_last) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let number: Option<u32> = ["x", "7", "9"].par_iter().find_map_last(|s| s.parse().ok());
    /// assert_eq!(number, Some(9));
    /// ```
    fn find_map_last<P, R>(self, predicate: P) -> Option<R>
    where
        P: Fn(Self::Item) -> Option<R> + Sync + Send,
        R: Send,
    {
        self.filter_map(predicate).find_last(|_| true)
    }

    /// Is `predicate` true for some item? Stops soon after one is found.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2, 3].par_iter().any(|&x| x == 2));
    /// ```
    fn any<P>(self, predicate: P) -> bool
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        self.map(predicate).find_any(|&yes| yes).is_some()
    }

    /// Is `predicate` true for all items? Stops soon after an item is found for which it is false.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2, 3].par_iter().all(|&x| x > 0));
    /// ```
    fn all<P>(self, predicate: P) -> bool
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        self.map(predicate).find_any(|&yes| !yes).is_none()
    }

    /// Is no item greater than the next one, in the order of the loop? Stops soon after such a pair
    /// is found. Not in rayon.
    ///
    /// As in std, a pair that cannot be compared is out of order, and a loop of fewer than two
    /// items is sorted. Each item is compared with the next one, wherever the loop is split.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2, 2, 9].par_iter().is_sorted());
    /// assert!(![0.0, f64::NAN, 1.0].par_iter().is_sorted());
    /// assert!((0..100).into_par_iter().filter(|x| x % 7 == 0).is_sorted());
    /// ```
    fn is_sorted(self) -> bool
    where
        Self::Item: PartialOrd,
    {
        self.is_sorted_by(|a, b| a <= b)
    }

    /// Is `in_order` true for each item and the next one? Stops soon after a pair is found for
    /// which it is false. Not in rayon.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2, 9].par_iter().is_sorted_by(|a, b| a < b));
    /// assert!(![1, 2, 2, 9].par_iter().is_sorted_by(|a, b| a < b));
    /// ```
    fn is_sorted_by<F>(self, in_order: F) -> bool
    where
        F: Fn(&Self::Item, &Self::Item) -> bool + Sync + Send,
    {
        is_sorted::is_sorted_by(self, &in_order)
    }

    /// Is no key greater than the key of the next item? Stops soon after such a pair is found.
    /// `key` is called once for each item. Not in rayon.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!(["a", "of", "two", "some"].par_iter().is_sorted_by_key(|word| word.len()));
    /// ```
    fn is_sorted_by_key<K, F>(self, key: F) -> bool
    where
        F: Fn(Self::Item) -> K + Sync + Send,
        K: PartialOrd + Send,
    {
        self.map(key).is_sorted()
    }

    /// Are all items equal? Stops soon after two different neighbours are found. Not in rayon; the
    /// name is that of `itertools`.
    ///
    /// Each item is compared with the next one. A loop of fewer than two items has equal ones.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let rows = [vec![1, 2], vec![3, 4], vec![5, 6]];
    /// assert!(rows.par_iter().map(|row| row.len()).all_equal());
    /// assert!(!rows.par_iter().all_equal());
    /// ```
    fn all_equal(self) -> bool
    where
        Self::Item: PartialEq,
    {
        self.is_sorted_by(|a, b| a == b)
    }

    /// Makes a collection of the items, in order.
    ///
    /// A `Vec` whose length is known beforehand is written in place, with one allocation.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..4_u32).into_par_iter().collect();
    /// assert_eq!(v, [0, 1, 2, 3]);
    ///
    /// let all: Result<Vec<u32>, _> = ["1", "x"].par_iter().map(|s| s.parse::<u32>()).collect();
    /// assert!(all.is_err());
    /// ```
    fn collect<C>(self) -> C
    where
        C: FromParallelIterator<Self::Item>,
    {
        C::from_par_iter(self)
    }

    /// Makes an array of the items, in order. Not in rayon; the name is that of `itertools`.
    ///
    /// If the number of items is known beforehand, they are written in place, without an
    /// allocation. The array is in the frame of the caller, so it should not be large.
    ///
    /// # Errors
    ///
    /// If there are not `N` items: the error says how many there are, and the items are dropped.
    /// If their number is known beforehand, the loop does not run then.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let squares = (0..4_u32).into_par_iter().map(|x| x * x).collect_array();
    /// assert_eq!(squares, Ok([0, 1, 4, 9]));
    ///
    /// let line = "12,7";
    /// let numbers = line.par_split(',').filter_map(|number| number.parse::<u32>().ok());
    /// let Ok([width, height]) = numbers.collect_array() else {
    ///     panic!("not two numbers");
    /// };
    /// assert_eq!((width, height), (12, 7));
    ///
    /// let error = line.par_chars().collect_array::<5>().unwrap_err();
    /// assert_eq!((error.expected(), error.found()), (5, 4));
    /// ```
    fn collect_array<const N: usize>(self) -> Result<[Self::Item; N], ArrayLengthError> {
        sinks::collect::array::collect(self)
    }

    /// Makes two collections: of the first parts of the items, and of the second parts, in order.
    /// The loop runs once. Two `Vec`s whose length is known beforehand are written in place.
    ///
    /// # Panics
    ///
    /// Panics if a collection does not run the iterator that its `par_extend` gets.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let (a, b): (Vec<u32>, Vec<u32>) = (0..3_u32).into_par_iter().map(|x| (x, x * x)).unzip();
    /// assert_eq!((a, b), (vec![0, 1, 2], vec![0, 1, 4]));
    /// ```
    fn unzip<A, B, FromA, FromB>(self) -> (FromA, FromB)
    where
        Self: ParallelIterator<Item = (A, B)>,
        FromA: Default + Send + ParallelExtend<A>,
        FromB: Default + Send + ParallelExtend<B>,
        A: Send,
        B: Send,
    {
        let mut both = <(FromA, FromB)>::default();
        unzip::extend::<unzip::Pairs, _, _, _>(self, &mut both.0, &mut both.1);
        both
    }

    /// Makes two collections: of the items for which `predicate` is true, and of the others, in
    /// order. The loop runs once.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let (even, odd): (Vec<u32>, Vec<u32>) = (0..5_u32).into_par_iter().partition(|x| x % 2 == 0);
    /// assert_eq!((even, odd), (vec![0, 2, 4], vec![1, 3]));
    /// ```
    fn partition<A, B, P>(self, predicate: P) -> (A, B)
    where
        A: Default + Send + ParallelExtend<Self::Item>,
        B: Default + Send + ParallelExtend<Self::Item>,
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        self.partition_map(|item| {
            if predicate(&item) {
                Either::Left(item)
            } else {
                Either::Right(item)
            }
        })
    }

    /// Puts each item through `predicate`, and makes two collections: of the results that are
    /// `Left`, and of those that are `Right`, in order. The loop runs once.
    ///
    /// ```
    /// use manyhands::iter::Either;
    /// use manyhands::prelude::*;
    ///
    /// let (numbers, words): (Vec<u32>, Vec<&str>) = ["7", "seven"]
    ///     .par_iter()
    ///     .partition_map(|text| text.parse::<u32>().map_or(Either::Right(*text), Either::Left));
    /// assert_eq!((numbers, words), (vec![7], vec!["seven"]));
    /// ```
    fn partition_map<A, B, P, L, R>(self, predicate: P) -> (A, B)
    where
        A: Default + Send + ParallelExtend<L>,
        B: Default + Send + ParallelExtend<R>,
        P: Fn(Self::Item) -> Either<L, R> + Sync + Send,
        L: Send,
        R: Send,
    {
        let mut both = <(A, B)>::default();
        let sides = self.map(predicate);
        unzip::extend::<unzip::Sides, _, _, _>(sides, &mut both.0, &mut both.1);
        both
    }

    /// Makes a list of `Vec`s, one for each piece of the loop that had items, in order. For authors
    /// of collections who want to copy each item once.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let list = (0..9_u32).into_par_iter().filter(|x| x % 2 == 0).collect_vec_list();
    /// let v: Vec<u32> = list.into_iter().flatten().collect();
    /// assert_eq!(v, [0, 2, 4, 6, 8]);
    /// ```
    fn collect_vec_list(self) -> LinkedList<Vec<Self::Item>> {
        sinks::collect::list::collect(self)
    }

    /// Runs the loop with a consumer that need not know the places of its items. For authors of
    /// iterators; see [`plumbing`].
    fn drive_unindexed<C>(self, consumer: C) -> C::Result
    where
        C: UnindexedConsumer<Self::Item>;

    /// The number of items, if it is known. For authors of iterators.
    ///
    /// `Some` promises that the number is exact, and that
    /// [`drive_unindexed`](Self::drive_unindexed) splits the consumer by
    /// [`split_at`](Consumer::split_at) only.
    fn opt_len(&self) -> Option<usize> {
        None
    }
}

/// A loop over a known number of items, each of which has its place.
///
/// ```
/// use manyhands::prelude::*;
///
/// let v: Vec<(usize, char)> = vec!['a', 'b', 'c'].into_par_iter().enumerate().rev().collect();
/// assert_eq!(v, [(2, 'c'), (1, 'b'), (0, 'a')]);
/// ```
///
/// | these methods | |
/// |---|---|
/// | [`zip`](Self::zip), [`zip_eq`](Self::zip_eq), [`interleave`](Self::interleave), [`enumerate`](Self::enumerate), [`rev`](Self::rev), [`skip`](Self::skip), [`take`](Self::take), [`step_by`](Self::step_by), [`chunks`](Self::chunks), [`positions`](Self::positions) | make another loop |
/// | [`collect_into_vec`](Self::collect_into_vec), [`unzip_into_vecs`](Self::unzip_into_vecs) | run it, and keep the items |
/// | [`for_each_ordered`](Self::for_each_ordered), [`inclusive_scan`](Self::inclusive_scan), [`exclusive_scan`](Self::exclusive_scan) | run it in order, or as if |
/// | [`position_first`](Self::position_first), [`position_any`](Self::position_any), [`cmp`](Self::cmp), [`eq`](Self::eq), [`lt`](Self::lt) | run it until something is found |
/// | [`with_min_len`](Self::with_min_len), [`with_max_len`](Self::with_max_len), [`with_max_threads`](Self::with_max_threads), [`by_uniform_blocks`](Self::by_uniform_blocks), [`deterministic`](Self::deterministic) | say how it is split |
// There is no `is_empty`: `len` tells as much.
#[allow(clippy::len_without_is_empty)]
pub trait IndexedParallelIterator: ParallelIterator {
    /// Fills `target` with the items. Its old contents are dropped; its allocation is kept if it is
    /// large enough.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut v = vec![1, 2, 3];
    /// (5..7).into_par_iter().collect_into_vec(&mut v);
    /// assert_eq!(v, [5, 6]);
    /// ```
    fn collect_into_vec(self, target: &mut Vec<Self::Item>) {
        target.clear();
        sinks::collect::indexed::append(self, target);
    }

    /// Fills `left` and `right` with the first and the second parts of the items. Their old
    /// contents are dropped; their allocations are kept if they are large enough.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let (mut places, mut letters) = (vec![7], vec![]);
    /// ['a', 'b'].par_iter().enumerate().unzip_into_vecs(&mut places, &mut letters);
    /// assert_eq!((places, letters), (vec![0, 1], vec![&'a', &'b']));
    /// ```
    fn unzip_into_vecs<A, B>(self, left: &mut Vec<A>, right: &mut Vec<B>)
    where
        Self: IndexedParallelIterator<Item = (A, B)>,
        A: Send,
        B: Send,
    {
        left.clear();
        right.clear();
        unzip::extend::<unzip::Pairs, _, _, _>(self, left, right);
    }

    /// Calls `op` for each item, in order, on the calling thread, while other threads make the next
    /// items. Not in rayon.
    ///
    /// It is for loops whose last step alone is sequential: writing results to a file, say. `op`
    /// need not be `Send`, and may borrow what it likes.
    ///
    /// Items are made in waves of `window`: while `op` consumes one, the next is made. At most two
    /// waves of items are alive, however long the loop is. A window should have enough work for
    /// all threads: some 10 microseconds for each, and several items. Where the items come from a
    /// sequential iterator, see [`par_map_ordered`](ParallelMapOrdered::par_map_ordered).
    ///
    /// # Panics
    ///
    /// Panics if `window` is 0. If `op` panics, no more items are made soon after. If making an
    /// item panics, `op` has been called for the items of all earlier waves.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let mut text = String::new();
    /// (0..10_u32)
    ///     .into_par_iter()
    ///     .map(|n| n.to_string())
    ///     .for_each_ordered(4, |digit| text.push_str(&digit));
    /// assert_eq!(text, "0123456789");
    /// ```
    #[track_caller]
    fn for_each_ordered<OP>(self, window: usize, mut op: OP)
    where
        OP: FnMut(Self::Item),
    {
        let Continue(()) = self.try_for_each_ordered(window, |item| -> ControlFlow<Infallible> {
            op(item);
            Continue(())
        });
    }

    /// Like [`for_each_ordered`](Self::for_each_ordered), until one call of `op` fails: returns
    /// `None`, `Err`, `Break`. The result is then that of the first failing call. Not in rayon.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::io::Write;
    ///
    /// let mut file = Vec::new();
    /// [1, 2, 3]
    ///     .par_iter()
    ///     .map(|n| n * n)
    ///     .try_for_each_ordered(100, |square| writeln!(file, "{square}"))?;
    /// assert_eq!(file, b"1\n4\n9\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    fn try_for_each_ordered<OP, R>(self, window: usize, op: OP) -> R
    where
        OP: FnMut(Self::Item) -> R,
        R: Try<Output = ()>,
    {
        assert_ne!(window, 0, "a window needs at least one item");
        ordered::try_for_each(self, window, op)
    }

    /// Calls `op` for each item, with one of the `states`: a thread borrows a state for the items
    /// that it runs, and no two threads have the same one at a time. Not in rayon.
    ///
    /// It is for what is costly to make, or is wanted afterwards: buffers, connections, counters.
    /// [`for_each_init`](ParallelIterator::for_each_init) makes a value for each piece of the loop,
    /// and drops it. Here the states are the caller's, and keep what `op` leaves in them.
    ///
    /// At most as many threads as there are states work on the loop, as if by
    /// [`with_max_threads`](Self::with_max_threads). So with
    /// [`current_num_threads`](crate::current_num_threads) states all threads can help, and a
    /// second or third state is not touched if no other thread has time. Which items meet which
    /// state is not defined: a thread that comes back may get another one. A thread that waits
    /// inside `op` keeps its state meanwhile.
    ///
    /// The list of free states is an allocation. A thread locks it for a moment before and after
    /// each block of items.
    /// States that change with each item and lie in the same cache line slow each other down: make
    /// them as large as a line, or let `op` write to what they point to.
    ///
    /// # Panics
    ///
    /// Panics if there is no state. If `op` panics, its state stays as `op` has left it.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Tally {
    ///     buffer: String,
    ///     digits: usize,
    /// }
    ///
    /// let mut tallies: Vec<Tally> = Vec::new();
    /// tallies.resize_with(manyhands::current_num_threads(), Tally::default);
    /// (0..1000_u32).into_par_iter().for_each_with_state(&mut tallies, |tally, n| {
    ///     use std::fmt::Write;
    ///     tally.buffer.clear();
    ///     write!(tally.buffer, "{n}").unwrap();
    ///     tally.digits += tally.buffer.len();
    /// });
    /// assert_eq!(tallies.iter().map(|tally| tally.digits).sum::<usize>(), 2890);
    /// ```
    #[track_caller]
    fn for_each_with_state<S, OP>(self, states: &mut [S], op: OP)
    where
        S: Send,
        OP: Fn(&mut S, Self::Item) + Sync + Send,
    {
        assert!(
            !states.is_empty(),
            "`for_each_with_state` needs at least one state"
        );
        with_state::for_each(self, states, &op);
    }

    /// Running totals (an inclusive prefix scan): element *i* of the result combines items 0 to *i*
    /// by `op`. Not in rayon.
    ///
    /// `op` must be associative. As with [`reduce`](ParallelIterator::reduce), how the parentheses
    /// fall depends on how the loop is split. The results are written in place, with one
    /// allocation. A piece that another thread has taken is gone through twice. So `op` is called
    /// once for each item on one thread, and nearly twice on many.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let sums = [1, 2, 3, 4].par_iter().copied().inclusive_scan(|a, b| a + b);
    /// assert_eq!(sums, [1, 3, 6, 10]);
    /// ```
    fn inclusive_scan<OP>(self, op: OP) -> Vec<Self::Item>
    where
        OP: Fn(&Self::Item, &Self::Item) -> Self::Item + Sync + Send,
        Self::Item: Sync,
    {
        scan::inclusive(self, &op)
    }

    /// Running totals (an exclusive prefix scan), and the grand total: element *i* of the result
    /// combines `init` and the items before item *i* by `op`. Not in rayon.
    ///
    /// `init` need not be neutral. Otherwise like [`inclusive_scan`](Self::inclusive_scan).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// // Where does each word start, if they are written one behind the other?
    /// let words = ["many", "hands", "make"];
    /// let lengths = words.par_iter().map(|word| word.len());
    /// assert_eq!(lengths.exclusive_scan(0, |a, b| a + b), (vec![0, 4, 9], 13));
    /// ```
    fn exclusive_scan<OP>(self, init: Self::Item, op: OP) -> (Vec<Self::Item>, Self::Item)
    where
        OP: Fn(&Self::Item, &Self::Item) -> Self::Item + Sync + Send,
        Self::Item: Sync,
    {
        scan::exclusive(self, init, &op)
    }

    /// Splits the loop, and puts results together, in a way that depends on its length alone. So
    /// sums of floats have the same bits in each run, on each machine, with any number of threads.
    /// The items lose their places. Not in rayon.
    ///
    /// The loop is cut into halves, and these again, until no piece is longer than 1/256 of the
    /// loop, or one item. The left half is never the longer one. Each piece is folded from left to
    /// right. So there are up to 256 accumulators, however many threads there are; the splits cost
    /// a few microseconds in a loop. [`with_min_len`](Self::with_min_len) and
    /// [`with_max_len`](Self::with_max_len), called before this method, move these limits.
    ///
    /// All that follows is deterministic, except methods with `any` in their name, and attempts
    /// that fail in several places. The loops that [`flat_map`](ParallelIterator::flat_map) and
    /// [`chain`](ParallelIterator::chain) add are loops of their own; make them deterministic, too.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let sum = || {
    ///     let terms = (1..100_000).into_par_iter().map(|n| 1.0 / f64::from(n));
    ///     terms.deterministic().sum::<f64>()
    /// };
    /// let pool = manyhands::Pool::builder().num_threads(3).build().unwrap();
    /// assert_eq!(sum().to_bits(), pool.install(sum).to_bits());
    /// ```
    fn deterministic(self) -> Deterministic<Self> {
        Deterministic::new(self)
    }

    /// Runs the loop in blocks, one after the other, each of them in parallel. The first block has
    /// an item for each thread, each further block twice as many as the one before.
    ///
    /// This is good for searches whose answer probably stands near the beginning: items far behind
    /// are not begun too early. The items lose their places.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let near = (0..1_000_000_u32).into_par_iter().by_exponential_blocks().find_first(|x| x % 97 == 96);
    /// assert_eq!(near, Some(96));
    /// ```
    fn by_exponential_blocks(self) -> ExponentialBlocks<Self> {
        ExponentialBlocks::new(self)
    }

    /// Runs the loop in blocks of `block_size` items, one after the other, each of them in
    /// parallel. So no more than a block is worked on at a time. The items lose their places.
    ///
    /// # Panics
    ///
    /// Panics if `block_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..10_u32).into_par_iter().by_uniform_blocks(4).collect();
    /// assert_eq!(v, (0..10).collect::<Vec<_>>());
    /// ```
    #[track_caller]
    fn by_uniform_blocks(self, block_size: usize) -> UniformBlocks<Self> {
        assert_ne!(block_size, 0, "a block needs at least one item");
        UniformBlocks::new(self, block_size)
    }

    /// Pairs each item with the item in the same place of `zip_op`. The loop is as long as the
    /// shorter of both.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let sums: Vec<i32> = [1, 2, 3].par_iter().zip([10, 20, 30].par_iter()).map(|(a, b)| a + b).collect();
    /// assert_eq!(sums, [11, 22, 33]);
    /// ```
    fn zip<Z>(self, zip_op: Z) -> Zip<Self, Z::Iter>
    where
        Z: IntoParallelIterator,
        Z::Iter: IndexedParallelIterator,
    {
        Zip::new(self, zip_op.into_par_iter())
    }

    /// Like [`zip`](Self::zip), for loops of the same length.
    ///
    /// # Panics
    ///
    /// Panics if the lengths differ: at once, not when the loop runs.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let pairs: Vec<(u32, char)> = (0..2_u32).into_par_iter().zip_eq(vec!['a', 'b']).collect();
    /// assert_eq!(pairs, [(0, 'a'), (1, 'b')]);
    /// ```
    #[track_caller]
    fn zip_eq<Z>(self, zip_op: Z) -> ZipEq<Self, Z::Iter>
    where
        Z: IntoParallelIterator<Iter: IndexedParallelIterator>,
    {
        let other = zip_op.into_par_iter();
        assert_eq!(
            self.len(),
            other.len(),
            "`zip_eq` needs two loops of the same length"
        );
        ZipEq::new(self, other)
    }

    /// Takes one item of each loop in turn, then the remaining items of the longer loop.
    ///
    /// # Panics
    ///
    /// Panics if there are more than `usize::MAX` items.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..2_u32).into_par_iter().interleave(10..14).collect();
    /// assert_eq!(v, [0, 10, 1, 11, 12, 13]);
    /// ```
    fn interleave<I>(self, other: I) -> Interleave<Self, I::Iter>
    where
        I: IntoParallelIterator<Item = Self::Item, Iter: IndexedParallelIterator>,
    {
        Interleave::new(self, other.into_par_iter())
    }

    /// Takes one item of each loop in turn, until the loop whose turn it is has ended.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..9_u32).into_par_iter().interleave_shortest(10..12).collect();
    /// assert_eq!(v, [0, 10, 1, 11, 2]);
    /// ```
    fn interleave_shortest<I>(self, other: I) -> InterleaveShortest<Self, I::Iter>
    where
        I: IntoParallelIterator<Item = Self::Item, Iter: IndexedParallelIterator>,
    {
        InterleaveShortest::new(self, other.into_par_iter())
    }

    /// Groups `chunk_size` items each into `Vec`s; the last group may be shorter. Each group is an
    /// allocation.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<Vec<u32>> = (0..5_u32).into_par_iter().chunks(2).collect();
    /// assert_eq!(v, [vec![0, 1], vec![2, 3], vec![4]]);
    /// ```
    #[track_caller]
    fn chunks(self, chunk_size: usize) -> Chunks<Self> {
        assert_ne!(chunk_size, 0, "chunk_size must not be zero");
        Chunks::new(self, chunk_size)
    }

    /// Folds each group of `chunk_size` items (the last group may be shorter) into an accumulator
    /// that `identity` makes. The groups do not depend on how the loop is split.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let sums: Vec<u32> = (0..5_u32).into_par_iter().fold_chunks(2, || 0, |a, b| a + b).collect();
    /// assert_eq!(sums, [1, 5, 4]);
    /// ```
    #[track_caller]
    fn fold_chunks<T, ID, F>(
        self,
        chunk_size: usize,
        identity: ID,
        fold_op: F,
    ) -> FoldChunks<Self, ID, F>
    where
        ID: Fn() -> T + Send + Sync,
        F: Fn(T, Self::Item) -> T + Send + Sync,
        T: Send,
    {
        assert_ne!(chunk_size, 0, "chunk_size must not be zero");
        FoldChunks::new(self, chunk_size, identity, fold_op)
    }

    /// Like [`fold_chunks`](Self::fold_chunks), with clones of `init` for accumulators.
    ///
    /// # Panics
    ///
    /// Panics if `chunk_size` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let sums: Vec<u32> = (0..5_u32).into_par_iter().fold_chunks_with(2, 10, |a, b| a + b).collect();
    /// assert_eq!(sums, [11, 15, 14]);
    /// ```
    #[track_caller]
    fn fold_chunks_with<T, F>(
        self,
        chunk_size: usize,
        init: T,
        fold_op: F,
    ) -> FoldChunksWith<Self, T, F>
    where
        T: Send + Clone,
        F: Fn(T, Self::Item) -> T + Send + Sync,
    {
        assert_ne!(chunk_size, 0, "chunk_size must not be zero");
        FoldChunksWith::new(self, chunk_size, init, fold_op)
    }

    /// Pairs each item with its place.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<(usize, &char)> = ['a', 'b'].par_iter().enumerate().collect();
    /// assert_eq!(v, [(0, &'a'), (1, &'b')]);
    /// ```
    fn enumerate(self) -> Enumerate<Self> {
        Enumerate::new(self)
    }

    /// Keeps the first item, and each `step`-th after it. The others are made and dropped, as in
    /// std, if the source cannot pass over them.
    ///
    /// # Panics
    ///
    /// Panics if `step` is 0.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..8_u32).into_par_iter().step_by(3).collect();
    /// assert_eq!(v, [0, 3, 6]);
    /// ```
    #[track_caller]
    fn step_by(self, step: usize) -> StepBy<Self> {
        assert_ne!(step, 0, "`step_by` needs a step of at least one");
        StepBy::new(self, step)
    }

    /// Leaves out the first `n` items. They are made and dropped, as in std.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..5_u32).into_par_iter().skip(3).collect();
    /// assert_eq!(v, [3, 4]);
    /// ```
    fn skip(self, n: usize) -> Skip<Self> {
        Skip::new(self, n)
    }

    /// Keeps the first `n` items, or all if there are fewer.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..5_u32).into_par_iter().take(2).collect();
    /// assert_eq!(v, [0, 1]);
    /// ```
    fn take(self, n: usize) -> Take<Self> {
        Take::new(self, n)
    }

    /// Reverses the order: the last item comes first.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v: Vec<u32> = (0..4_u32).into_par_iter().rev().collect();
    /// assert_eq!(v, [3, 2, 1, 0]);
    /// ```
    fn rev(self) -> Rev<Self> {
        Rev::new(self)
    }

    /// Compares both loops like words in a dictionary: the first pair of different items decides,
    /// or else the lengths. Pieces behind such a pair stop soon after it is found.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2, 9].par_iter().cmp([1, 3].par_iter()).is_lt());
    /// ```
    fn cmp<I>(self, other: I) -> Ordering
    where
        I: IntoParallelIterator<Item = Self::Item, Iter: IndexedParallelIterator>,
        Self::Item: Ord,
    {
        let other = other.into_par_iter();
        let lengths = self.len().cmp(&other.len());
        let pairs = self.zip(other).map(|(a, b)| Ord::cmp(&a, &b));
        pairs.find_first(|order| order.is_ne()).unwrap_or(lengths)
    }

    /// Like [`cmp`](Self::cmp), for items that may not be comparable. `None` if the first pair of
    /// unequal items cannot be compared.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([1.0, f64::NAN].par_iter().partial_cmp([1.0, 2.0].par_iter()), None);
    /// ```
    fn partial_cmp<I>(self, other: I) -> Option<Ordering>
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialOrd<I::Item>,
    {
        let other = other.into_par_iter();
        let lengths = self.len().cmp(&other.len());
        let pairs = self
            .zip(other)
            .map(|(a, b)| PartialOrd::partial_cmp(&a, &b));
        let equal = Some(Ordering::Equal);
        pairs
            .find_first(|order| *order != equal)
            .unwrap_or(Some(lengths))
    }

    /// Are both loops equally long, and the items in the same places equal? Stops soon after an
    /// unequal pair is found.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2].par_iter().copied().eq(1..3));
    /// ```
    fn eq<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialEq<I::Item>,
    {
        let other = other.into_par_iter();
        self.len() == other.len() && self.zip(other).all(|(a, b)| PartialEq::eq(&a, &b))
    }

    /// The opposite of [`eq`](Self::eq).
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2].par_iter().copied().ne(1..4));
    /// ```
    fn ne<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialEq<I::Item>,
    {
        !self.eq(other)
    }

    /// Is this loop less, in the sense of [`partial_cmp`](Self::partial_cmp)?
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2].par_iter().copied().lt(1..4));
    /// ```
    fn lt<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialOrd<I::Item>,
    {
        self.partial_cmp(other).is_some_and(Ordering::is_lt)
    }

    /// Is this loop less or equal, in the sense of [`partial_cmp`](Self::partial_cmp)?
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2].par_iter().copied().le(1..3));
    /// ```
    fn le<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialOrd<I::Item>,
    {
        self.partial_cmp(other).is_some_and(Ordering::is_le)
    }

    /// Is this loop greater, in the sense of [`partial_cmp`](Self::partial_cmp)?
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 3].par_iter().copied().gt(1..3));
    /// ```
    fn gt<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialOrd<I::Item>,
    {
        self.partial_cmp(other).is_some_and(Ordering::is_gt)
    }

    /// Is this loop greater or equal, in the sense of [`partial_cmp`](Self::partial_cmp)?
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert!([1, 2].par_iter().copied().ge(1..3));
    /// ```
    fn ge<I>(self, other: I) -> bool
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator>,
        Self::Item: PartialOrd<I::Item>,
    {
        self.partial_cmp(other).is_some_and(Ordering::is_ge)
    }

    /// The place of some item for which `predicate` is true, not necessarily the first. The loop
    /// stops soon after one is found.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let v = [3, 1, 4, 1];
    /// let place = v.par_iter().position_any(|&x| x == 1).unwrap();
    /// assert_eq!(v[place], 1);
    /// ```
    fn position_any<P>(self, predicate: P) -> Option<usize>
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        let answers = self.map(predicate).enumerate();
        Some(answers.find_any(|(_, yes)| *yes)?.0)
    }

    /// Former name of [`position_any`](Self::position_any).
    #[doc(hidden)]
    #[deprecated(note = "use `position_any`, `position_first` or `position_last`")]
    fn position<P>(self, predicate: P) -> Option<usize>
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        self.position_any(predicate)
    }

    /// The place of the first item for which `predicate` is true. Stops as
    /// [`find_first`](ParallelIterator::find_first) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([3, 1, 4, 1].par_iter().position_first(|&x| x == 1), Some(1));
    /// ```
    fn position_first<P>(self, predicate: P) -> Option<usize>
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        let answers = self.map(predicate).enumerate();
        Some(answers.find_first(|(_, yes)| *yes)?.0)
    }

    /// The place of the last item for which `predicate` is true. Stops as
    /// [`find_last`](ParallelIterator::find_last) does.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!([3, 1, 4, 1].par_iter().position_last(|&x| x == 1), Some(3));
    /// ```
    fn position_last<P>(self, predicate: P) -> Option<usize>
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        let answers = self.map(predicate).enumerate();
        Some(answers.find_last(|(_, yes)| *yes)?.0)
    }

    /// The places of all items for which `predicate` is true, in order.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let places: Vec<usize> = [3, 1, 4, 1].par_iter().positions(|&x| x == 1).collect();
    /// assert_eq!(places, [1, 3]);
    /// ```
    fn positions<P>(self, predicate: P) -> Positions<Self, P>
    where
        P: Fn(Self::Item) -> bool + Sync + Send,
    {
        Positions::new(self, predicate)
    }

    /// Sets the least length of a piece: none is made shorter than `min` items.
    ///
    /// Rarely needed: loops are split on demand, and measure what an item costs.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let pieces = (0..100_u32).into_par_iter().with_min_len(100).fold(|| (), |(), _| ()).count();
    /// assert_eq!(pieces, 1);
    /// ```
    fn with_min_len(self, min: usize) -> MinLen<Self> {
        MinLen::new(self, min)
    }

    /// Sets the greatest length of a piece: none is longer than `max` items, unless
    /// [`with_min_len`](Self::with_min_len) forbids the split.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// let pieces = (0..64_u32).into_par_iter().with_max_len(1).fold(|| (), |(), _| ()).count();
    /// assert_eq!(pieces, 64);
    /// ```
    fn with_max_len(self, max: usize) -> MaxLen<Self> {
        MaxLen::new(self, max)
    }

    /// Sets how many threads may work on the loop at a time: at most `max`; 0 counts as 1. Not in
    /// rayon.
    ///
    /// It is for items that need much memory, or another scarce resource, and for loops that shall
    /// leave room for others. The calling thread is one of the `max`. Loops, joins and scopes
    /// inside an item are not counted, nor is putting results of pieces together. Of two zipped
    /// loops the lower limit counts. Where loops are chained, set the limit behind `chain`.
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    /// (0..1000).into_par_iter().with_max_threads(2).for_each(|_| {
    ///     let working = now.fetch_add(1, Ordering::Relaxed) + 1;
    ///     most.fetch_max(working, Ordering::Relaxed);
    ///     now.fetch_sub(1, Ordering::Relaxed);
    /// });
    /// assert!(most.into_inner() <= 2);
    /// ```
    fn with_max_threads(self, max: usize) -> MaxThreads<Self> {
        MaxThreads::new(self, max)
    }

    /// The number of items; `usize::MAX` if there are more, as in a chain of two very long loops.
    ///
    /// ```
    /// use manyhands::prelude::*;
    ///
    /// assert_eq!((0..10_u32).into_par_iter().zip(0..7_u32).len(), 7);
    /// ```
    fn len(&self) -> usize;

    /// Runs the loop with a consumer. For authors of iterators; see [`plumbing`].
    fn drive<C>(self, consumer: C) -> C::Result
    where
        C: Consumer<Self::Item>;

    /// Hands a producer of [`len`](Self::len) items to `callback`. For authors of iterators.
    fn with_producer<CB>(self, callback: CB) -> CB::Output
    where
        CB: ProducerCallback<Self::Item>;
}
