//! Every name of the book's chapter "rayon's interface, name by name" is used here, with the bounds
//! that rayon has. What counts is that this compiles; that the names do what they should is the
//! business of their examples and of the other tests.

#![allow(dead_code, deprecated, unused_imports, clippy::type_complexity)]

use manyhands::iter::plumbing::*;
use manyhands::iter::*;
use manyhands::prelude::*;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{OsStr, OsString};
use std::hash::BuildHasher;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

#[test]
fn the_chapter_names_nothing_that_is_not_here() {
    let chapter = include_str!("../../book/src/rayon-checklist.md");
    let (same, _) = chapter
        .split_once("## What differs")
        .expect("a last section");
    let here = include_str!("checklist.rs");
    let words = |text: &'static str| {
        text.split(|c: char| c != '_' && !c.is_alphanumeric())
            .filter(|word| word.len() > 1)
    };
    let used: HashSet<&str> = words(here).collect();
    let named = same.split('`').skip(1).step_by(2).flat_map(words);
    let missing: BTreeSet<&str> = named.filter(|name| !used.contains(name)).collect();
    assert!(missing.is_empty(), "not used in checklist.rs: {missing:?}");
}

fn parallel_iterator<I: ParallelIterator<Item = u32>>(it: impl Fn() -> I) {
    it().for_each(drop);
    it().for_each_with(1, |_, _| ());
    it().for_each_init(|| Rc::new(1), |_, _| ());
    it().try_for_each(|_| Some(())).unwrap();
    it().try_for_each_with(1, |_, _| ControlFlow::<()>::Continue(()))
        .is_break();
    it().try_for_each_init(|| Rc::new(1), |_, _| Ok::<(), ()>(()))
        .unwrap();
    _ = it()
        .map(|x| x)
        .map_with(1, |_, x| x)
        .map_init(|| Rc::new(1), |_, x| x);
    _ = it().inspect(|_| ()).update(|_| ()).panic_fuse();
    _ = it().filter(|_| true).filter_map(Some);
    _ = it().flat_map(Some).flat_map_iter(Some);
    _ = it().map(Some).flatten();
    _ = it().map(Some).flatten_iter();
    _ = it().map(Some).while_some().chain([1]).intersperse(1);
    _ = it()
        .take_any(1)
        .skip_any(1)
        .take_any_while(|_| true)
        .skip_any_while(|_| true);
    _ = (it().reduce(|| 1, |a, _| a), it().reduce_with(|a, _| a));
    _ = it().map(Some).try_reduce(|| 1, |a, _| Some(a));
    _ = it().map(Ok::<_, ()>).try_reduce_with(|a, _| Ok(a));
    _ = (it().fold(|| 1, |a, _| a), it().fold_with(1, |a, _| a));
    _ = it().try_fold(|| 1, |a, _| Some(a));
    _ = it().try_fold_with(Poll::Ready(1), |a, _| a.map(Ok::<_, ()>));
    _ = it().try_fold_with(Poll::Ready(Some(1)), |a, _| a.map(|a| a.map(Ok::<_, ()>)));
    _ = (it().sum::<u32>(), it().product::<u32>(), it().count());
    _ = (it().min(), it().min_by(Ord::cmp), it().min_by_key(|x| *x));
    _ = (it().max(), it().max_by(Ord::cmp), it().max_by_key(|x| *x));
    _ = (
        it().find_any(|_| true),
        it().find_first(|_| true),
        it().find_last(|_| true),
    );
    _ = (
        it().find_map_any(Some),
        it().find_map_first(Some),
        it().find_map_last(Some),
    );
    _ = (it().any(|_| true), it().all(|_| true), it().find(|_| true));
    _ = it().collect::<Vec<_>>();
    _ = it().map(|x| (x, x)).unzip::<_, _, Vec<_>, HashSet<_>>();
    _ = it().partition::<Vec<_>, LinkedList<_>, _>(|_| true);
    _ = it().partition_map::<Vec<_>, Vec<_>, _, _, ()>(Either::Left);
    _ = it().collect_vec_list();
    _ = (
        it().opt_len(),
        it().into_par_iter().drive_unindexed(Nothing),
    );
}

fn by_reference<'a, I: ParallelIterator<Item = &'a u32>>(it: impl Fn() -> I) {
    _ = (it().cloned(), it().copied());
}

fn indexed_parallel_iterator<I: IndexedParallelIterator<Item = u32>>(it: impl Fn() -> I) {
    _ = it().zip([1]).zip_eq([1]);
    _ = it().interleave([1]).interleave_shortest([1]);
    _ = it().enumerate().step_by(1).skip(1).take(1).rev();
    _ = (it().position_any(|_| true), it().position_first(|_| true));
    _ = (
        it().position_last(|_| true),
        it().position(|_| true),
        it().positions(|_| true),
    );
    _ = it()
        .chunks(1)
        .fold_chunks(1, || 1, |a, _| a)
        .fold_chunks_with(1, 1, |a, _| a);
    _ = (it().by_exponential_blocks(), it().by_uniform_blocks(1));
    _ = it().with_min_len(1).with_max_len(1);
    _ = (it().cmp([1]), it().partial_cmp([1]));
    _ = (
        it().eq([1]),
        it().ne([1]),
        it().lt([1]),
        it().le([1]),
        it().gt([1]),
        it().ge([1]),
    );
    it().collect_into_vec(&mut vec![]);
    it().enumerate().unzip_into_vecs(&mut vec![], &mut vec![]);
    _ = (it().len(), it().drive(Nothing), it().with_producer(Nothing));
}

/// Takes everything, in every role.
#[derive(Debug)]
struct Nothing;

impl<T> Consumer<T> for Nothing {
    type Folder = Nothing;
    type Reducer = Nothing;
    type Result = ();

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (Nothing, Nothing, Nothing)
    }

    fn into_folder(self) -> Self {
        self
    }

    fn full(&self) -> bool {
        true
    }
}

impl<T> UnindexedConsumer<T> for Nothing {
    fn split_off_left(&self) -> Self {
        Nothing
    }

    fn to_reducer(&self) -> Self {
        Nothing
    }
}

impl<T> Folder<T> for Nothing {
    type Result = ();

    fn consume(self, _item: T) -> Self {
        self
    }

    fn complete(self) {}

    fn full(&self) -> bool {
        true
    }
}

impl Reducer<()> for Nothing {
    fn reduce(self, (): (), (): ()) {}
}

impl<T> ProducerCallback<T> for Nothing {
    type Output = ();

    fn callback<P: Producer<Item = T>>(self, producer: P) {
        _ = (producer.min_len(), producer.max_len());
        let (left, right) = producer.split_at(1);
        let sequential: P::IntoIter = left.into_iter();
        drop(sequential);
        right
            .fold_with(Nothing)
            .consume_iter(std::iter::empty::<T>());
    }
}

fn bridges<I: IndexedParallelIterator, P: Producer, U: UnindexedProducer>(it: I, p: P, u: U) {
    bridge(it, Nothing);
    bridge_producer_consumer(1, p, Nothing);
    let (left, right) = u.split();
    left.fold_with(Nothing);
    bridge_unindexed(right.unwrap(), Nothing);
}

fn functions() {
    _ = (empty::<u32>(), once(1), repeat_n(1, 1), repeatn(1, 1));
    _ = (repeat(1), repeat(1).take(1), repeat(1).zip([1]));
    _ = split(1, |x| (x, None));
    _ = walk_tree(1, |_| [1]);
    _ = (walk_tree_prefix(1, |_| [1]), walk_tree_postfix(1, |_| [1]));
    _ = std::iter::once(1).par_bridge();
}

fn slices<T: Sync>(s: &[T]) {
    s.as_parallel_slice();
    _ = (
        s.par_split(|_| true),
        s.par_split_inclusive(|_| true),
        s.par_chunk_by(|_, _| true),
    );
    _ = (
        s.par_windows(1),
        s.par_array_windows::<1>(),
        s.par_chunks(1),
        s.par_rchunks(1),
    );
    _ = (
        s.par_chunks_exact(1).remainder(),
        s.par_rchunks_exact(1).remainder(),
    );
}

fn slices_that_change<T: Send + Ord>(s: &mut [T]) {
    s.as_parallel_slice_mut();
    _ = s.par_split_mut(|_| true);
    _ = s.par_split_inclusive_mut(|_| true);
    _ = s.par_chunk_by_mut(|_, _| true);
    _ = s.par_chunks_mut(1);
    _ = s.par_rchunks_mut(1);
    let mut chunks = s.par_chunks_exact_mut(1);
    _ = (chunks.remainder().len(), chunks.take_remainder().len());
    _ = chunks.into_remainder();
    let mut chunks = s.par_rchunks_exact_mut(1);
    _ = (chunks.remainder().len(), chunks.take_remainder().len());
    _ = chunks.into_remainder();
    s.par_sort();
    s.par_sort_by(Ord::cmp);
    s.par_sort_by_key(|_| 1);
    s.par_sort_by_cached_key(|_| 1);
    s.par_sort_unstable();
    s.par_sort_unstable_by(Ord::cmp);
    s.par_sort_unstable_by_key(|_| 1);
}

fn strings(s: &str) {
    s.as_parallel_string();
    _ = (
        s.par_chars(),
        s.par_char_indices(),
        s.par_bytes(),
        s.par_encode_utf16(),
    );
    _ = (
        s.par_lines(),
        s.par_split_whitespace(),
        s.par_split_ascii_whitespace(),
    );
    _ = (
        s.par_split('a'),
        s.par_split_inclusive(['a']),
        s.par_split_terminator(&['a']),
    );
    _ = (
        s.par_matches(&['a'][..]),
        s.par_match_indices(char::is_alphabetic),
    );
}

/// The types of the iterators, by their paths.
mod types {
    use manyhands::iter::{
        Chain, Chunks, Cloned, Copied, Empty, Enumerate, ExponentialBlocks, Filter, FilterMap,
        FlatMap, FlatMapIter, Flatten, FlattenIter, Fold, FoldChunks, FoldChunksWith, FoldWith,
        Inspect, Interleave, InterleaveShortest, Intersperse, IterBridge, Map, MapInit, MapWith,
        MaxLen, MinLen, MultiZip, Once, PanicFuse, Positions, Repeat, RepeatN, Rev, Skip, SkipAny,
        SkipAnyWhile, Split, StepBy, Take, TakeAny, TakeAnyWhile, TryFold, TryFoldWith,
        UniformBlocks, Update, WalkTree, WalkTreePostfix, WalkTreePrefix, WhileSome, Zip, ZipEq,
    };

    mod slice {
        use manyhands::slice::{
            ArrayWindows, ChunkBy, ChunkByMut, Chunks, ChunksExact, ChunksExactMut, ChunksMut,
            Iter, IterMut, RChunks, RChunksExact, RChunksExactMut, RChunksMut, Split,
            SplitInclusive, SplitInclusiveMut, SplitMut, Windows,
        };
    }

    mod str {
        use manyhands::str::{
            Bytes, CharIndices, Chars, EncodeUtf16, Lines, MatchIndices, Matches, Split,
            SplitAsciiWhitespace, SplitInclusive, SplitTerminator, SplitWhitespace,
        };
    }

    use manyhands::collections::{
        binary_heap, btree_map, btree_set, hash_map, hash_set, linked_list, vec_deque,
    };
    use manyhands::{array, option, range, range_inclusive, result, string, vec};

    /// Iterators over owned items, shared and mutable references; and drains.
    type Owned<K, V> = (
        (
            array::IntoIter<K, 1>,
            vec::IntoIter<K>,
            option::IntoIter<K>,
            result::IntoIter<K>,
        ),
        (
            binary_heap::IntoIter<K>,
            btree_map::IntoIter<K, V>,
            btree_set::IntoIter<K>,
        ),
        (hash_map::IntoIter<K, V>, hash_set::IntoIter<K>),
        (linked_list::IntoIter<K>, vec_deque::IntoIter<K>),
        (range::Iter<K>, range_inclusive::Iter<K>),
    );
    type Shared<'a, K, V> = (
        (option::Iter<'a, K>, result::Iter<'a, K>),
        (
            binary_heap::Iter<'a, K>,
            btree_map::Iter<'a, K, V>,
            btree_set::Iter<'a, K>,
        ),
        (hash_map::Iter<'a, K, V>, hash_set::Iter<'a, K>),
        (linked_list::Iter<'a, K>, vec_deque::Iter<'a, K>),
    );
    type Mutable<'a, K, V> = (
        (option::IterMut<'a, K>, result::IterMut<'a, K>),
        (btree_map::IterMut<'a, K, V>, hash_map::IterMut<'a, K, V>),
        (linked_list::IterMut<'a, K>, vec_deque::IterMut<'a, K>),
    );
    type Drains<'a, K, V> = (
        (
            vec::Drain<'a, K>,
            vec_deque::Drain<'a, K>,
            string::Drain<'a>,
        ),
        (
            binary_heap::Drain<'a, u32>,
            hash_map::Drain<'a, K, V>,
            hash_set::Drain<'a, K>,
        ),
    );
}

fn source<S: IntoParallelIterator>() {}
fn indexed<S: IntoParallelIterator<Iter: IndexedParallelIterator>>() {}

fn owned_sources<K: Send + Ord, V: Send, S, E>() {
    indexed::<Vec<K>>();
    indexed::<Box<[K]>>();
    indexed::<[K; 3]>();
    indexed::<Option<K>>();
    indexed::<Result<K, E>>();
    indexed::<BinaryHeap<K>>();
    indexed::<VecDeque<K>>();
    source::<BTreeMap<K, V>>();
    source::<BTreeSet<K>>();
    source::<HashMap<K, V, S>>();
    source::<HashSet<K, S>>();
    source::<LinkedList<K>>();
    indexed::<Either<Empty<K>, Once<K>>>();
    indexed::<(Vec<K>,)>();
    indexed::<(Vec<K>, [K; 3], Option<V>)>();
}

fn shared_sources<'a, K: Sync + Ord + 'a, V: Sync + 'a, S: 'a, E: 'a>() {
    indexed::<&'a Vec<K>>();
    indexed::<&'a Box<[K]>>();
    indexed::<&'a [K]>();
    indexed::<&'a [K; 3]>();
    indexed::<&'a Option<K>>();
    indexed::<&'a Result<K, E>>();
    indexed::<&'a BinaryHeap<K>>();
    indexed::<&'a VecDeque<K>>();
    source::<&'a BTreeMap<K, V>>();
    source::<&'a BTreeSet<K>>();
    source::<&'a HashMap<K, V, S>>();
    source::<&'a HashSet<K, S>>();
    source::<&'a LinkedList<K>>();
    indexed::<&'a (Vec<K>, [K; 3])>();
}

fn mutable_sources<'a, K: Send + Sync + 'a, V: Send + 'a, S: 'a, E: 'a>() {
    indexed::<&'a mut Vec<V>>();
    indexed::<&'a mut Box<[V]>>();
    indexed::<&'a mut [V]>();
    indexed::<&'a mut [V; 3]>();
    indexed::<&'a mut Option<V>>();
    indexed::<&'a mut Result<V, E>>();
    indexed::<&'a mut VecDeque<V>>();
    source::<&'a mut BTreeMap<K, V>>();
    source::<&'a mut HashMap<K, V, S>>();
    source::<&'a mut LinkedList<V>>();
    indexed::<&'a mut (Vec<V>, [V; 3])>();
}

fn ranges() {
    indexed::<Range<u8>>();
    indexed::<Range<u16>>();
    indexed::<Range<u32>>();
    indexed::<Range<usize>>();
    indexed::<Range<i8>>();
    indexed::<Range<i16>>();
    indexed::<Range<i32>>();
    indexed::<Range<isize>>();
    indexed::<Range<char>>();
    source::<Range<u64>>();
    source::<Range<i64>>();
    source::<Range<u128>>();
    source::<Range<i128>>();
    indexed::<RangeInclusive<u8>>();
    indexed::<RangeInclusive<u16>>();
    indexed::<RangeInclusive<i8>>();
    indexed::<RangeInclusive<i16>>();
    indexed::<RangeInclusive<char>>();
    source::<RangeInclusive<u32>>();
    source::<RangeInclusive<usize>>();
    source::<RangeInclusive<i32>>();
    source::<RangeInclusive<isize>>();
    source::<RangeInclusive<u64>>();
    source::<RangeInclusive<i64>>();
    source::<RangeInclusive<u128>>();
    source::<RangeInclusive<i128>>();
}

fn drains<K: Send + Ord, V: Send, S>(
    (vec, queue, text): (&mut Vec<K>, &mut VecDeque<K>, &mut String),
    (heap, map, set): (
        &mut BinaryHeap<K>,
        &mut HashMap<K, V, S>,
        &mut HashSet<K, S>,
    ),
) {
    _ = (vec.par_drain(..1), queue.par_drain(1..), text.par_drain(..));
    _ = (heap.par_drain(), map.par_drain(), set.par_drain());
    fn full<D: ParallelDrainFull>() {}
    fn range<D: ParallelDrainRange>() {}
}

fn collects<C: FromParallelIterator<T>, T: Send>() {}
fn extends<C: ParallelExtend<T>, T: Send>() {}
fn both<C: FromParallelIterator<T> + ParallelExtend<T>, T: Send>() {}

fn targets<'a, K, V, S, E>()
where
    K: Copy + Ord + std::hash::Hash + Send + Sync + 'a,
    V: Copy + Send + Sync + 'a,
    S: BuildHasher + Default + Send,
    E: Send,
{
    both::<Vec<K>, K>();
    extends::<Vec<K>, &'a K>();
    collects::<Box<[K]>, K>();
    collects::<Rc<[K]>, K>();
    collects::<Arc<[K]>, K>();
    collects::<Cow<'a, [K]>, K>();
    both::<VecDeque<K>, K>();
    extends::<VecDeque<K>, &'a K>();
    both::<LinkedList<K>, K>();
    extends::<LinkedList<K>, &'a K>();
    both::<BinaryHeap<K>, K>();
    extends::<BinaryHeap<K>, &'a K>();
    both::<BTreeSet<K>, K>();
    extends::<BTreeSet<K>, &'a K>();
    both::<HashSet<K, S>, K>();
    extends::<HashSet<K, S>, &'a K>();
    both::<BTreeMap<K, V>, (K, V)>();
    extends::<BTreeMap<K, V>, (&'a K, &'a V)>();
    both::<HashMap<K, V, S>, (K, V)>();
    extends::<HashMap<K, V, S>, (&'a K, &'a V)>();
    both::<(), ()>();
    both::<(Vec<K>, HashSet<V2>), (K, V2)>();
    both::<(Vec<K>, Vec<V>), Either<K, V>>();
    extends::<Either<Vec<K>, LinkedList<K>>, K>();
    collects::<Option<Vec<K>>, Option<K>>();
    collects::<Result<Vec<K>, E>, Result<K, E>>();
}

type V2 = u32;

fn text_targets<'a>(_: &'a str) {
    both::<String, char>();
    both::<String, &'a char>();
    both::<String, &'a str>();
    both::<String, String>();
    both::<String, Box<str>>();
    both::<String, Cow<'a, str>>();
    collects::<Box<str>, char>();
    collects::<Box<str>, &'a char>();
    collects::<Box<str>, &'a str>();
    collects::<Box<str>, String>();
    collects::<Box<str>, Box<str>>();
    collects::<Box<str>, Cow<'a, str>>();
    collects::<Cow<'a, str>, char>();
    both::<OsString, &'a OsStr>();
    both::<OsString, OsString>();
    both::<OsString, Cow<'a, OsStr>>();
}

fn conversions<T>(mut it: T)
where
    T: for<'b> IntoParallelRefIterator<'b> + for<'b> IntoParallelRefMutIterator<'b>,
{
    _ = it.par_iter();
    _ = it.par_iter_mut();
    _ = Vec::<u32>::from_par_iter([1]);
    Vec::<u32>::new().par_extend([1]);
}

/// Not all that the prelude has is named above.
mod by_name {
    use manyhands::prelude::{ParallelBridge, ParallelSlice, ParallelSliceMut, ParallelString};
    use std::fmt::Debug;

    fn bounds<T: Clone + Debug>() {}

    fn iterators_are_clone_and_debug() {
        bounds::<manyhands::slice::Split<'_, super::Nothing, u32>>();
    }
}

fn fork_join(pool: &manyhands::Pool) {
    use manyhands::*;
    _ = (
        join(|| 1, || 2),
        join_context(|a: FnContext| a.migrated(), |b| b.migrated()),
    );
    scope(|s: &Scope<'_>| {
        s.spawn(|_| ());
        s.spawn_broadcast(|_, context: BroadcastContext<'_>| assert!(context.index() < 1));
    });
    scope_fifo(|s: &ScopeFifo<'_>| {
        s.spawn_fifo(|_| ());
        s.spawn_broadcast(|_, context| assert!(context.num_threads() > 1));
    });
    in_place_scope(|_| ());
    in_place_scope_fifo(|_| ());
    spawn_broadcast(|_| ());
    _ = broadcast(|_| 1);
    _ = (
        current_num_threads(),
        current_thread_index(),
        max_num_threads(),
    );
    _ = (yield_now(), yield_local(), Yield::Executed, Yield::Idle);

    _ = (
        pool.install(|| 1),
        pool.join(|| 1, || 2),
        pool.broadcast(|_| 1),
    );
    pool.scope(|_| ());
    pool.scope_fifo(|_| ());
    pool.in_place_scope(|_| ());
    pool.in_place_scope_fifo(|_| ());
    pool.spawn_broadcast(|_| ());
    _ = (pool.yield_now(), pool.yield_local());
    _ = (pool.current_num_threads(), pool.current_thread_index());
}

fn builder() -> std::io::Result<()> {
    use manyhands::{PoolBuilder, ThreadBuilder};
    let new = PoolBuilder::new;
    let spawn = |thread: ThreadBuilder| {
        _ = (thread.index(), thread.name(), thread.stack_size());
        std::thread::Builder::new().spawn(|| thread.run()).map(drop)
    };
    _ = new()
        .num_threads(1)
        .stack_size(1)
        .use_current_thread()
        .spawn_handler(spawn)
        .build();
    _ = new()
        .thread_name(|_| String::new())
        .panic_handler(drop)
        .build_global();
    _ = new()
        .start_handler(drop)
        .exit_handler(drop)
        .build_scoped(|thread| thread.run(), |pool| pool.install(|| 1));
    Ok(())
}
