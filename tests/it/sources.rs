//! Slices, strings, collections, tuples and ranges give what std's iterators over them give, and
//! `par_drain` leaves what std's `drain` leaves.

use crate::util::{Census, SIZES, message_of, panic_of, pool, watched};
use manyhands::Pool;
use manyhands::iter::{walk_tree, walk_tree_postfix, walk_tree_prefix};
use manyhands::prelude::*;
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// More threads than cores, so that pieces are stolen at odd times.
static POOL: LazyLock<Pool> = LazyLock::new(|| {
    Pool::builder()
        .num_threads(4)
        .build()
        .expect("a pool of four")
});

/// Both make the same items, in order.
#[track_caller]
fn same<P, I, T>(par: P, seq: I)
where
    P: IntoParallelIterator<Item = T, Iter: Send> + Send,
    I: IntoIterator<Item = T>,
    T: Debug + PartialEq + Send,
{
    let got: Vec<T> = POOL.install(|| par.into_par_iter().collect());
    assert_eq!(got, seq.into_iter().collect::<Vec<T>>());
}

/// As [`same`]; and they can be reversed and cut.
#[track_caller]
fn same_places<P, I, T>(par: impl Fn() -> P, seq: impl Fn() -> I, cut: usize)
where
    P: IndexedParallelIterator<Item = T>,
    I: DoubleEndedIterator<Item = T>,
    T: Debug + PartialEq + Send,
{
    assert_eq!(par().len(), seq().count());
    same(par(), seq());
    let mut tail: Vec<T> = seq().skip(cut).collect();
    tail.reverse();
    same(par().skip(cut).rev(), tail);
    same(par().with_max_len(cut + 1), seq());
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn pieces_of_slices(v in prop::collection::vec(0..6_u32, 0..400), n in 1..40_usize, cut in 0..50_usize) {
        same_places(|| v.par_chunks(n), || v.chunks(n), cut);
        same_places(|| v.par_chunks_exact(n), || v.chunks_exact(n), cut);
        same_places(|| v.par_rchunks(n), || v.rchunks(n), cut);
        same_places(|| v.par_rchunks_exact(n), || v.rchunks_exact(n), cut);
        same_places(|| v.par_windows(n), || v.windows(n), cut);
        same_places(|| v.par_array_windows::<3>().map(|w| &w[..]), || v.windows(3), cut);
        prop_assert_eq!(v.par_chunks_exact(n).remainder(), v.chunks_exact(n).remainder());
        prop_assert_eq!(v.par_rchunks_exact(n).remainder(), v.rchunks_exact(n).remainder());
        same(v.par_split(|x| *x == 0), v.split(|x| *x == 0));
        same(v.par_split_inclusive(|x| *x == 0), v.split_inclusive(|x| *x == 0));
        same(v.par_chunk_by(|a, b| a <= b), v.chunk_by(|a, b| a <= b));
    }

    #[test]
    fn pieces_of_slices_that_change(v in prop::collection::vec(0..6_u32, 0..400), n in 1..40_usize) {
        let (mut a, mut b) = (v.clone(), v);
        same(a.par_chunks_mut(n), b.chunks_mut(n));
        same(a.par_chunks_exact_mut(n), b.chunks_exact_mut(n));
        same(a.par_rchunks_mut(n), b.rchunks_mut(n));
        same(a.par_rchunks_exact_mut(n), b.rchunks_exact_mut(n));
        same(a.par_split_mut(|x| *x == 0), b.split_mut(|x| *x == 0));
        same(a.par_split_inclusive_mut(|x| *x == 0), b.split_inclusive_mut(|x| *x == 0));
        same(a.par_chunk_by_mut(|a, b| a <= b), b.chunk_by_mut(|a, b| a <= b));
    }

    #[test]
    fn pieces_of_strings(text in "[ab ,;\t\nüß𝄞\u{a0}]{0,300}") {
        same(text.par_chars(), text.chars());
        same(text.par_char_indices(), text.char_indices());
        same_places(|| text.par_bytes(), || text.bytes(), 7);
        same(text.par_encode_utf16(), text.encode_utf16());
        same(text.par_lines(), text.lines());
        same(text.par_split_whitespace(), text.split_whitespace());
        same(text.par_split_ascii_whitespace(), text.split_ascii_whitespace());
        same(text.par_split(','), text.split(','));
        same(text.par_split([',', 'ü']), text.split([',', 'ü']));
        same(text.par_split(&[',', 'ü']), text.split(&[',', 'ü']));
        same(text.par_split(&[',', 'ü'][..]), text.split(&[',', 'ü'][..]));
        same(text.par_split(char::is_alphabetic), text.split(char::is_alphabetic));
        same(text.par_split_inclusive('𝄞'), text.split_inclusive('𝄞'));
        same(text.par_split_terminator([';', ',']), text.split_terminator([';', ',']));
        same(text.par_matches(char::is_alphabetic), text.matches(char::is_alphabetic));
        same(text.par_match_indices('ß'), text.match_indices('ß'));
    }

    #[test]
    fn collections(v in prop::collection::vec(any::<u16>(), 0..300), turn in 0..300_usize, cut in 0..100_usize) {
        let mut queue: VecDeque<u16> = v.iter().copied().collect();
        queue.rotate_left(turn.min(v.len()));
        same_places(|| queue.par_iter(), || queue.iter(), cut);
        same_places(|| queue.clone().into_par_iter(), || queue.clone().into_iter(), cut);
        let mut other = queue.clone();
        same(queue.par_iter_mut(), other.iter_mut());

        let list: LinkedList<u16> = v.iter().copied().collect();
        same(&list, &list);
        same(&mut list.clone(), &mut list.clone());
        same(list.clone(), list.clone());

        let heap: BinaryHeap<u16> = v.iter().copied().collect();
        same(&heap, &heap);
        same_places(|| heap.clone().into_par_iter(), || heap.clone().into_iter(), cut);

        let set: BTreeSet<u16> = v.iter().copied().collect();
        same(&set, &set);
        same(set.clone(), set.clone());

        let pairs = || v.iter().map(|x| (x % 100, *x));
        let map: BTreeMap<u16, u16> = pairs().collect();
        same(&map, &map);
        same(&mut map.clone(), &mut map.clone());
        same(map.clone(), map);

        // Clones of a table need not have its order: only references to one table have.
        let mut set: HashSet<u16> = v.iter().copied().collect();
        same(&set, &set);
        let sorted = |v: Vec<u16>| v.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(sorted(set.clone().into_par_iter().collect()), sorted(v.clone()));
        prop_assert_eq!(sorted(set.par_drain().collect()), sorted(v.clone()));
        prop_assert!(set.is_empty());

        let mut map: HashMap<u16, u16> = pairs().collect();
        same(&map, &map);
        let copy = map.clone();
        prop_assert_eq!(&map.clone().into_par_iter().collect::<HashMap<_, _>>(), &copy);
        map.par_iter_mut().for_each(|(_, x)| *x = x.wrapping_add(1));
        map.par_iter_mut().for_each(|(_, x)| *x = x.wrapping_sub(1));
        let mut again = HashMap::new();
        again.par_extend(&map);
        prop_assert_eq!(&again, &copy);
        prop_assert_eq!(map.par_drain().collect::<HashMap<_, _>>(), copy);
        prop_assert!(map.is_empty());
    }

    #[test]
    fn drains(v in prop::collection::vec(any::<u16>(), 0..300), a in 0..300_usize, b in 0..300_usize) {
        let (a, b) = (a.min(v.len()), b.min(v.len()));
        let range = a.min(b)..a.max(b);
        let mut left = v.clone();
        let drained: Vec<u16> = left.drain(range.clone()).collect();

        let mut w = v.clone();
        same(w.par_drain(range.clone()), drained.clone());
        prop_assert_eq!(&w, &left);
        let mut w = v.clone();
        drop(w.par_drain(range.clone()));
        prop_assert_eq!(&w, &left);
        let mut w = v.clone();
        w.par_drain(range.clone()).any(|x| x % 3 == 0);
        prop_assert_eq!(&w, &left);

        let mut queue = VecDeque::from(v.clone());
        queue.rotate_left(a);
        queue.rotate_right(a);
        same(queue.par_drain(range.clone()), drained.clone());
        prop_assert_eq!(&queue, &left);
        let mut queue = VecDeque::from(v.clone());
        drop(queue.par_drain(range.clone()));
        prop_assert_eq!(&queue, &left);

        let mut heap = BinaryHeap::from(v.clone());
        same(heap.par_drain().collect::<BTreeSet<_>>(), v.iter().copied().collect::<BTreeSet<_>>());
        prop_assert!(heap.is_empty());
        let mut heap = BinaryHeap::from(v.clone());
        drop(heap.par_drain());
        prop_assert!(heap.is_empty());

        let mut text: String = v.iter().map(|x| char::from((x % 26) as u8 + b'a')).collect();
        let mut other = text.clone();
        same(text.par_drain(range.clone()), other.drain(range).collect::<Vec<_>>());
        prop_assert_eq!(text, other);
    }

    #[test]
    fn ranges(a: u32, len in 0..3_000_u32, cut in 0..3_000_usize, wide: u128, low: i64) {
        let b = a.saturating_add(len);
        same_places(|| (a..b).into_par_iter(), || a..b, cut);
        same(a..=b, a..=b);
        let end = wide.saturating_add(len.into());
        same(wide..end, wide..end);
        same(wide..=end, wide..=end);
        let end = low.saturating_add(len.into());
        same(low..=end, low..=end);
        let first = char::from_u32(a % 0x11_0000).unwrap_or('\u{d7ff}');
        let last = char::from_u32(u32::from(first) + len).unwrap_or('\u{e010}').max(first);
        same_places(|| (first..last).into_par_iter(), || first..last, cut);
        same_places(|| (first..=last).into_par_iter(), || first..=last, cut);
    }

    #[test]
    fn tuples(a in prop::collection::vec(any::<u8>(), 0..300), b in prop::collection::vec(any::<u8>(), 0..300), cut in 0..99_usize) {
        same_places(
            || (&a, &b, 0..250_u32).into_par_iter(),
            || {
                let both = a.iter().zip(&b).zip(0..250).map(|((a, b), c)| (a, b, c));
                both.collect::<Vec<_>>().into_iter()
            },
            cut,
        );
        same((a.clone(),), a.iter().map(|x| (*x,)));
        let mut both = (a.clone(), b.clone());
        both.par_iter_mut().for_each(|(a, b)| std::mem::swap(a, b));
        let short = a.len().min(b.len());
        prop_assert_eq!((&both.0[..short], &both.1[..short]), (&b[..short], &a[..short]));
        prop_assert_eq!((&both.0[short..], &both.1[short..]), (&a[short..], &b[short..]));
        let many = (&a, &b, &a, &b, &a, &b, &a, &b, &a, &b, &a, &b);
        let twelve: Vec<u8> = many.into_par_iter().map(|t| t.11 ^ t.0).collect();
        prop_assert_eq!(twelve, a.iter().zip(&b).map(|(a, b)| a ^ b).collect::<Vec<_>>());
    }
}

#[test]
fn characters_step_over_the_surrogates() {
    let all = || '\0'..=char::MAX;
    assert_eq!(all().into_par_iter().count(), all().count());
    let near = || '\u{d7f0}'..'\u{e00f}';
    same_places(|| near().into_par_iter(), near, 15);
    same('b'..'a', 'b'..'a');
    let mut done = 'a'..='c';
    done.by_ref().for_each(drop);
    same(done.clone(), done);
}

#[test]
fn arrays_options_and_results() {
    let words = || ["many", "hands", "make"].map(String::from);
    same_places(|| words().into_par_iter(), || words().into_iter(), 1);
    same(&words(), &words());
    same(&mut words(), &mut words());
    same([(); 0], [(); 0]);
    same_places(|| Some(3).into_par_iter(), || Some(3).into_iter(), 1);
    same(&Some(3), &Some(3));
    same(&mut Some(3), &mut Some(3));
    same(None::<u8>, None);
    same(Some(3).into_par_iter().chain(None).chain(Some(4)), [3, 4]);
    same(Ok::<u8, String>(3), [3]);
    same(Err::<u8, String>(String::new()), []);
    same(&Ok::<u8, String>(3), &[3]);
    same(&mut Ok::<u8, String>(3), &mut [3]);
    let boxed = || vec![1, 2, 3].into_boxed_slice();
    same(boxed(), [1, 2, 3]);
    same(&boxed(), &[1, 2, 3]);
    same(&mut boxed(), &mut [1, 2, 3]);
}

#[test]
fn targets() {
    let numbers = || (0..1_000_u32).into_par_iter();
    let expected: Vec<u32> = (0..1_000).collect();
    assert_eq!(*numbers().collect::<Box<[u32]>>(), *expected);
    assert_eq!(*numbers().collect::<Rc<[u32]>>(), *expected);
    assert_eq!(*numbers().collect::<Arc<[u32]>>(), *expected);
    assert_eq!(*numbers().collect::<Cow<'_, [u32]>>(), *expected);
    let text = || "many hands".par_chars();
    assert_eq!(*text().collect::<Box<str>>(), *"many hands");
    assert_eq!(text().collect::<Cow<'_, str>>(), "many hands");
    let os: OsString = ["many", "hands"].par_iter().map(OsStr::new).collect();
    assert_eq!(os, "manyhands");
}

#[test]
fn places_that_are_not_there() {
    let mut v = vec![1, 2, 3];
    panic_of(|| drop(v.par_drain(..4)));
    #[expect(clippy::reversed_empty_ranges)]
    panic_of(|| drop(v.par_drain(2..1)));
    panic_of(|| drop(v.par_drain(..=usize::MAX)));
    assert_eq!(v, [1, 2, 3]);
    panic_of(|| drop(String::from("ü").par_drain(1..)));
    panic_of(|| v.par_chunks_exact(0).len());
    panic_of(|| v.par_rchunks(0).len());
    panic_of(|| v.par_windows(0).len());
    panic_of(|| v.par_array_windows::<0>().len());
}

#[test]
fn a_panic_while_draining_drops_what_was_drained_and_keeps_the_rest() {
    let census = Census::default();
    let items = || (0..3_000).map(|n| (n, census.make()));
    let bad = |(n, _): &(u32, _)| {
        if *n == 1_777 {
            resume_unwind(Box::new("on purpose"));
        }
    };
    let rest = |n: u32| !(1_000..2_500).contains(&n);

    let mut v: Vec<_> = items().collect();
    panic_of(|| POOL.install(|| v.par_drain(1_000..2_500).for_each(|item| bad(&item))));
    assert!(
        v.iter()
            .map(|item| item.0)
            .eq((0..3_000).filter(|n| rest(*n)))
    );

    let mut queue: VecDeque<_> = items().collect();
    panic_of(|| POOL.install(|| queue.par_drain(1_000..2_500).for_each(|item| bad(&item))));
    assert!(
        queue
            .iter()
            .map(|item| item.0)
            .eq((0..3_000).filter(|n| rest(*n)))
    );
    assert_eq!(census.dropped(), 2 * 1_500);

    let mut array: Vec<[_; 3]> = vec![std::array::from_fn(|n| (n as u32 + 1_776, census.make()))];
    panic_of(|| array.remove(0).into_par_iter().for_each(|item| bad(&item)));
    drop((v, queue));
    census.assert_all_dropped(6_003);
}

/// Deep trees, of which each node has one child. The watchdog would end a walk whose time grows with
/// the square of the depth.
#[test]
fn a_chain_of_200_000_nodes_is_walked() {
    const DEPTH: usize = 200_000;
    let child = |node: &usize| (*node + 1 < DEPTH).then_some(*node + 1);
    for threads in SIZES {
        watched(|| {
            let pool = pool(threads);
            let down: Vec<usize> = pool.install(|| walk_tree_prefix(0, child).collect());
            assert!(down.into_iter().eq(0..DEPTH));
            let up: Vec<usize> = pool.install(|| walk_tree_postfix(0, child).collect());
            assert!(up.into_iter().eq((0..DEPTH).rev()));
            let sum: usize = pool.install(|| walk_tree(0, child).sum());
            assert_eq!(sum, (0..DEPTH).sum());
        });
    }
}

/// A search goes no deeper than about twice what it needs, so the tree may be endless.
#[test]
fn an_endless_chain_is_searched() {
    for threads in SIZES {
        watched(|| {
            let pool = pool(threads);
            let chain = || walk_tree_prefix(0_u64, |node| [node + 1]);
            let found = pool.install(|| chain().find_any(|node| *node == 100_000));
            assert_eq!(found, Some(100_000));
            let found = pool.install(|| chain().find_first(|node| *node >= 100_000));
            assert_eq!(found, Some(100_000));
        });
    }
}

/// A slice of items without a size may be as long as a number can tell. Nothing overflows, and
/// lengths and ends are those of std.
#[test]
fn the_longest_slices_have_the_lengths_of_std() {
    const MAX: usize = usize::MAX;
    /// The lengths agree; so do the first items, the last ones, and those at every third place.
    /// Items are compared by their lengths.
    #[track_caller]
    fn agree<P, I, T>(par: impl Fn() -> P, seq: impl Fn() -> I, length: fn(T) -> usize)
    where
        P: IndexedParallelIterator<Item = T>,
        I: DoubleEndedIterator<Item = T> + ExactSizeIterator,
        T: Send,
    {
        let len = seq().len();
        assert_eq!(par().len(), len);
        assert_eq!(par().opt_len(), Some(len));
        let mut ends: Vec<T> = par().take(3).collect();
        ends.extend(par().rev().take(3).collect::<Vec<T>>());
        ends.extend(par().step_by(3).take(3).collect::<Vec<T>>());
        let expected = seq().take(3).chain(seq().rev().take(3));
        let expected = expected.chain(seq().step_by(3).take(3));
        let lengths = ends.into_iter().map(length);
        assert!(lengths.eq(expected.map(length)), "other items");
        let places = |(place, _): (usize, T)| place;
        let last: Vec<_> = par().enumerate().rev().take(2).map(places).collect();
        assert!(
            last.into_iter()
                .eq(seq().enumerate().rev().take(2).map(places))
        );
        assert_eq!(par().zip(0..4_u8).count(), len.min(4));
        assert_eq!(par().step_by(3).len(), seq().step_by(3).len());
        assert_eq!(par().chunks(MAX).len(), usize::from(len > 0));
        assert_eq!(par().interleave_shortest(par().take(0)).len(), 1.min(len));
        let items = par();
        assert_eq!(POOL.install(|| items.any(|_| true)), len > 0);
    }
    watched(|| {
        let mut long = vec![(); MAX];
        let slice = &*long;
        agree(|| slice.par_iter(), || slice.iter(), |&()| 0);
        for size in [1, 2, 3, 7, MAX / 2, MAX / 2 + 1, MAX - 1, MAX] {
            agree(
                || slice.par_windows(size),
                || slice.windows(size),
                <[()]>::len,
            );
            agree(
                || slice.par_chunks(size),
                || slice.chunks(size),
                <[()]>::len,
            );
            agree(
                || slice.par_chunks_exact(size),
                || slice.chunks_exact(size),
                <[()]>::len,
            );
            agree(
                || slice.par_rchunks(size),
                || slice.rchunks(size),
                <[()]>::len,
            );
            agree(
                || slice.par_rchunks_exact(size),
                || slice.rchunks_exact(size),
                <[()]>::len,
            );
            let chunks = || slice.par_iter().fold_chunks(size, || (), |(), _| ());
            assert_eq!(chunks().len(), slice.chunks(size).len());
            assert_eq!(
                slice.par_iter().step_by(size).len(),
                slice.iter().step_by(size).len()
            );
        }
        assert_eq!(slice.par_array_windows::<1>().len(), MAX);
        assert_eq!(slice.par_array_windows::<2>().len(), MAX - 1);
        assert_eq!(
            POOL.install(|| slice.par_array_windows::<2>().take(5).count()),
            5
        );
        assert_eq!(long.par_iter_mut().len(), MAX);
        assert_eq!(long.par_chunks_mut(2).len(), MAX / 2 + 1);
        assert_eq!(long.par_rchunks_exact_mut(2).len(), MAX / 2);
    });
}

/// Where there are more items than a number can tell, `len` says the most, as the `size_hint` of
/// std's iterators does. A loop that needs their places refuses to begin.
#[test]
fn loops_that_are_too_long_say_so() {
    const MAX: usize = usize::MAX;
    let long = vec![(); MAX];
    let slice = &*long;
    let chain = || slice.par_iter().chain(slice.par_iter());
    let interleaved = || slice.par_iter().interleave(&slice[..1]);
    let interspersed = || slice.par_iter().intersperse(&());
    watched(|| {
        assert_eq!((chain().len(), chain().opt_len()), (MAX, None));
        assert_eq!((interleaved().len(), interleaved().opt_len()), (MAX, None));
        assert_eq!(
            (interspersed().len(), interspersed().opt_len()),
            (MAX, None)
        );
        assert!(POOL.install(|| chain().any(|_| true)));
        assert!(POOL.install(|| interspersed().any(|_| true)));
        let says_so = |message: String| assert!(message.contains("usize::MAX"), "{message}");
        POOL.install(|| {
            says_so(message_of(|| chain().rev().any(|_| true)));
            says_so(message_of(|| interleaved().any(|_| true)));
            says_so(message_of(|| interspersed().enumerate().any(|_| true)));
        });
    });
}
