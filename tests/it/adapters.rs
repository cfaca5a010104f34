//! What all iterators have in common: they can be cloned and printed, and the producers of those
//! that are indexed can be cut in all places and read from both ends.

use manyhands::iter;
use manyhands::iter::plumbing::{Producer, ProducerCallback};
use manyhands::prelude::*;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::fmt::Debug;

/// Cuts a producer after `first` items, and what is left after `second` more.
struct Cut {
    first: usize,
    second: usize,
}

impl<T> ProducerCallback<T> for Cut {
    type Output = Vec<T>;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> Vec<T> {
        let (left, rest) = producer.split_at(self.first);
        let (middle, right) = rest.split_at(self.second);
        let mut left = left.into_iter();
        assert_eq!(left.len(), self.first);
        let mut items: Vec<T> = left.by_ref().collect();
        assert!(left.next().is_none() && left.next_back().is_none());
        // The middle one from both ends in turn.
        let mut middle = middle.into_iter();
        let mut back = Vec::new();
        while let Some(item) = middle.next() {
            items.push(item);
            back.extend(middle.next_back());
            assert_eq!(
                items.len() + back.len() + middle.len(),
                self.first + self.second
            );
        }
        back.reverse();
        items.append(&mut back);
        let mut right: Vec<T> = right.into_iter().rev().collect();
        right.reverse();
        items.append(&mut right);
        items
    }
}

/// However it is cut, `make` makes what `expected` does.
#[track_caller]
fn cut<I, S>(make: impl Fn() -> I, expected: impl Fn() -> S)
where
    I: IndexedParallelIterator<Item: Debug + PartialEq>,
    S: Iterator<Item = I::Item>,
{
    let len = expected().count();
    assert_eq!((make().len(), make().opt_len()), (len, Some(len)));
    for first in 0..=len {
        for second in 0..=len - first {
            let items = make().with_producer(Cut { first, second });
            assert!(items.into_iter().eq(expected()), "{first}, {second}");
        }
    }
}

#[test]
fn adapters_are_cut_in_all_places() {
    let v: Vec<u8> = (10..18).collect();
    for n in [0, 1, 2, 7] {
        let v = &v[..n];
        let par = || v.par_iter().copied();
        let seq = || v.iter().copied();
        cut(|| v.par_iter().cloned(), seq);
        cut(|| par().map(|x| x + 1), || seq().map(|x| x + 1));
        cut(|| par().map_with(1, |y, x| x + *y), || seq().map(|x| x + 1));
        cut(
            || par().map_init(|| 1, |y, x| x + *y),
            || seq().map(|x| x + 1),
        );
        cut(|| par().inspect(|_| ()), seq);
        cut(|| par().with_min_len(2).with_max_len(3), seq);
        cut(|| par().enumerate(), || seq().enumerate());
        cut(|| par().rev(), || seq().rev());
        cut(|| par().zip(5..10_u8), || seq().zip(5..10));
        cut(|| par().chain(0..3_u8), || seq().chain(0..3));
        cut(
            || (v, [1, 2, 3]).into_par_iter(),
            || v.iter().zip([1, 2, 3]),
        );
        for k in [0, 1, n, 9] {
            cut(|| par().skip(k), || seq().skip(k));
            cut(|| par().take(k), || seq().take(k));
        }
    }
}

#[test]
fn sources_are_cut_in_all_places() {
    let v: Vec<u16> = (10..17).collect();
    for n in [0, 1, 2, 7] {
        let v = &v[..n];
        let seq = || v.iter().copied();
        cut(|| v.to_vec().into_par_iter(), seq);
        cut(|| VecDeque::from_iter(seq()).into_par_iter(), seq);
        cut(
            || BinaryHeap::from_iter(seq().rev()).into_par_iter(),
            || seq().rev(),
        );
        let mut queue = VecDeque::from_iter(seq());
        queue.rotate_left(n / 2);
        cut(|| queue.par_iter(), || queue.iter());
        let text = "x".repeat(n);
        cut(|| text.par_bytes(), || text.bytes());
        for k in 1..5 {
            cut(|| v.par_chunks(k), || v.chunks(k));
            cut(|| v.par_chunks_exact(k), || v.chunks_exact(k));
            cut(|| v.par_rchunks(k), || v.rchunks(k));
            cut(|| v.par_rchunks_exact(k), || v.rchunks_exact(k));
            cut(|| v.par_windows(k), || v.windows(k));
        }
        cut(
            || v.par_array_windows::<2>().map(|w| &w[..]),
            || v.windows(2),
        );
    }
    cut(|| [1, 2, 3].into_par_iter(), || [1, 2, 3].into_iter());
    cut(|| Some(1).into_par_iter(), || Some(1).into_iter());
    cut(|| Ok::<_, ()>(1).into_par_iter(), || [1].into_iter());
    cut(|| (-100..-93_i8).into_par_iter(), || -100..-93);
    cut(|| (0..=5_u16).into_par_iter(), || 0..=5);
    cut(
        || ('\u{d7fe}'..'\u{e002}').into_par_iter(),
        || '\u{d7fe}'..'\u{e002}',
    );
}

#[test]
fn mutable_sources_are_cut_in_all_places() {
    for (first, second) in [(0, 0), (0, 3), (1, 0), (2, 1), (1, 2), (3, 0)] {
        let cut = || Cut { first, second };
        let mut v: Vec<u8> = (0..9).collect();
        let mut w = v.clone();
        assert!(
            v.par_chunks_mut(3)
                .with_producer(cut())
                .into_iter()
                .eq(w.chunks_mut(3))
        );
        assert!(
            v.par_chunks_exact_mut(3)
                .with_producer(cut())
                .into_iter()
                .eq(w.chunks_exact_mut(3))
        );
        assert!(
            v.par_rchunks_mut(4)
                .with_producer(cut())
                .into_iter()
                .eq(w.rchunks_mut(4))
        );
        let exact = v.par_rchunks_exact_mut(2).with_producer(cut());
        assert!(exact.into_iter().eq(w.rchunks_exact_mut(2)));
        assert!(v.par_iter_mut().with_producer(cut()).into_iter().eq(&mut w));
        let mut queue = VecDeque::from(v.clone());
        queue.rotate_left(4);
        let mut other = queue.clone();
        assert!(
            queue
                .par_iter_mut()
                .with_producer(cut())
                .into_iter()
                .eq(&mut other)
        );
        assert!(
            queue
                .par_drain(2..7)
                .with_producer(cut())
                .into_iter()
                .eq(other.drain(2..7))
        );
        assert_eq!(queue, other);
        assert!(
            v.par_drain(1..6)
                .with_producer(cut())
                .into_iter()
                .eq(w.drain(1..6))
        );
        assert_eq!(v, w);
    }
}

/// A clone is printed as the original, and that says what it is.
#[track_caller]
fn clones<I: Clone + Debug>(original: I) {
    let name = std::any::type_name::<I>()
        .split('<')
        .next()
        .unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or_default();
    let text = format!("{original:?}");
    assert!(text.contains(name), "{text} should say that it is a {name}");
    assert_eq!(text, format!("{:?}", original.clone()));
}

#[test]
fn iterators_can_be_cloned_and_printed() {
    let v = [1_u8, 2, 3];
    let it = || v.par_iter();
    let owned = || v.into_par_iter();
    clones(owned());
    clones(it().cloned());
    clones(it().copied());
    clones(it().by_exponential_blocks());
    clones(it().by_uniform_blocks(2));
    clones(it().chain(it()));
    clones(it().chunks(2));
    clones(it().enumerate());
    clones(it().filter(|_| true));
    clones(it().filter_map(Some));
    clones(it().flat_map(Some));
    clones(it().flat_map_iter(Some));
    clones(it().map(Some).flatten());
    clones(it().map(Some).flatten_iter());
    clones(it().fold(|| 1, |a, _| a));
    clones(it().fold_with(1, |a, _| a));
    clones(it().fold_chunks(2, || 1, |a, _| a));
    clones(it().fold_chunks_with(2, 1, |a, _| a));
    clones(it().try_fold(|| 1, |a, _| Some(a)));
    clones(it().try_fold_with(1, |a, _| Some(a)));
    clones(it().inspect(|_| ()));
    clones(it().interleave(it()));
    clones(it().interleave_shortest(it()));
    clones(it().intersperse(&9));
    clones(it().map(|x| x));
    clones(it().map_with(1, |_, x| x));
    clones(it().map_init(|| 1, |_, x| x));
    clones(it().panic_fuse());
    clones(it().positions(|_| true));
    clones(it().rev());
    clones(it().skip(1));
    clones(it().skip_any(1));
    clones(it().skip_any_while(|_| true));
    clones(it().step_by(2));
    clones(it().take(1));
    clones(it().take_any(1));
    clones(it().take_any_while(|_| true));
    clones(owned().update(|_| ()));
    clones(it().map(Some).while_some());
    clones(it().with_max_len(1));
    clones(it().with_min_len(1));
    clones(it().zip(it()));
    clones(it().zip_eq(it()));
    clones((it(), it()).into_par_iter());

    clones(iter::empty::<u8>());
    clones(iter::once(1));
    clones(iter::repeat(1));
    clones(iter::repeat_n(1, 2));
    clones(iter::split(1, |x| (x, None)));
    clones(iter::walk_tree(1, |_| [1]));
    clones(iter::walk_tree_prefix(1, |_| [1]));
    clones(iter::walk_tree_postfix(1, |_| [1]));
    clones(v.iter().par_bridge());
}

#[test]
fn sources_can_be_cloned_and_printed() {
    clones((0..9_u64).into_par_iter());
    clones((0..=9_u8).into_par_iter());
    clones(vec![1].into_par_iter());
    clones(Some(1).into_par_iter());
    clones(Some(1).par_iter());
    clones(Ok::<u8, ()>(1).into_par_iter());
    clones(Ok::<u8, ()>(1).par_iter());
    clones(VecDeque::from([1]).into_par_iter());
    clones(VecDeque::from([1]).par_iter());
    clones(BinaryHeap::from([1]).into_par_iter());
    clones(BinaryHeap::from([1]).par_iter());
    clones(LinkedList::from([1]).into_par_iter());
    clones(LinkedList::from([1]).par_iter());
    clones(BTreeMap::from([(1, 2)]).into_par_iter());
    clones(BTreeMap::from([(1, 2)]).par_iter());
    clones(BTreeSet::from([1]).into_par_iter());
    clones(BTreeSet::from([1]).par_iter());
    clones(HashMap::from([(1, 2)]).into_par_iter());
    clones(HashMap::from([(1, 2)]).par_iter());
    clones(HashSet::from([1]).into_par_iter());
    clones(HashSet::from([1]).par_iter());

    // Not the items, which need not be `Clone`: only what refers to them.
    #[derive(Debug)]
    struct Item;
    let s = [Item, Item];
    clones(s.par_iter());
    clones(s.par_chunks(1));
    clones(s.par_chunks_exact(1));
    clones(s.par_rchunks(1));
    clones(s.par_rchunks_exact(1));
    clones(s.par_windows(1));
    clones(s.par_array_windows::<1>());
    clones(s.par_split(|_| true));
    clones(s.par_split_inclusive(|_| true));
    clones(s.par_chunk_by(|_, _| true));

    clones("text".par_chars());
    clones("text".par_char_indices());
    clones("text".par_bytes());
    clones("text".par_encode_utf16());
    clones("text".par_lines());
    clones("text".par_split('e'));
    clones("text".par_split_inclusive('e'));
    clones("text".par_split_terminator('e'));
    clones("text".par_split_whitespace());
    clones("text".par_split_ascii_whitespace());
    clones("text".par_matches('e'));
    clones("text".par_match_indices('e'));
}

#[test]
fn mutable_sources_can_be_printed() {
    let mut v = vec![1, 2];
    assert!(format!("{:?}", v.par_iter_mut()).contains("IterMut"));
    assert!(format!("{:?}", v.par_chunks_mut(1)).contains("ChunksMut"));
    assert!(format!("{:?}", v.par_chunks_exact_mut(1)).contains("ChunksExactMut"));
    assert!(format!("{:?}", v.par_rchunks_mut(1)).contains("RChunksMut"));
    assert!(format!("{:?}", v.par_rchunks_exact_mut(1)).contains("RChunksExactMut"));
    assert!(format!("{:?}", v.par_split_mut(|_| true)).contains("SplitMut"));
    assert!(format!("{:?}", v.par_split_inclusive_mut(|_| true)).contains("SplitInclusiveMut"));
    assert!(format!("{:?}", v.par_chunk_by_mut(|_, _| true)).contains("ChunkByMut"));
    assert!(format!("{:?}", v.par_drain(..1)).contains("Drain"));
    assert!(format!("{:?}", BTreeMap::from([(1, 2)]).par_iter_mut()).contains("IterMut"));
    assert!(format!("{:?}", HashMap::from([(1, 2)]).par_iter_mut()).contains("IterMut"));
    assert!(format!("{:?}", LinkedList::from([1]).par_iter_mut()).contains("IterMut"));
    assert!(format!("{:?}", VecDeque::from([1]).par_iter_mut()).contains("IterMut"));
    assert!(format!("{:?}", VecDeque::from([1]).par_drain(..)).contains("Drain"));
    assert!(format!("{:?}", BinaryHeap::from([1]).par_drain()).contains("Drain"));
    assert!(format!("{:?}", HashMap::from([(1, 2)]).par_drain()).contains("Drain"));
    assert!(format!("{:?}", HashSet::from([1]).par_drain()).contains("Drain"));
    assert!(format!("{:?}", String::from("text").par_drain(..1)).contains("Drain"));
}

#[test]
fn numbers_at_their_limits() {
    let all = || (0..usize::MAX).into_par_iter();
    assert_eq!(
        (all().len(), all().opt_len()),
        (usize::MAX, Some(usize::MAX))
    );
    assert_eq!(all().skip(usize::MAX - 2).len(), 2);
    assert_eq!(all().step_by(usize::MAX).collect::<Vec<_>>(), [0]);
    assert_eq!(all().step_by(usize::MAX / 2).len(), 3);
    assert_eq!(all().rev().take(1).collect::<Vec<_>>(), [usize::MAX - 1]);
    assert_eq!(all().chunks(usize::MAX).len(), 1);
    assert_eq!(all().chain(0..1).opt_len(), None);
    assert_eq!(iter::repeat_n('x', usize::MAX).zip(0..2_u8).count(), 2);

    // Longer than any index.
    let wide = u128::from(u64::MAX);
    let long = || (0..3 * wide).into_par_iter();
    assert_eq!(long().opt_len(), None);
    assert_eq!((wide..wide + 5).into_par_iter().opt_len(), Some(5));
    assert_eq!(long().find_first(|x| *x > 1_000), Some(1_001));
    assert!(long().any(|x| x % 1_000 == 999));
    let least = || (i128::MIN..i128::MAX).into_par_iter();
    assert_eq!(least().find_first(|_| true), Some(i128::MIN));
    assert_eq!((i128::MAX - 2..=i128::MAX).into_par_iter().count(), 3);
    assert_eq!((0..=u64::MAX).into_par_iter().opt_len(), None);
    assert_eq!((u128::MAX..u128::MAX).into_par_iter().count(), 0);
}
