//! Adapters that change the number or the order of items, and sources without a collection. Their
//! producers are cut in all places, and read from both ends.

use super::super::fork;
use super::super::fork::script::{Script, play};
use super::super::*;
use super::drops::{all_dropped_once, fragile};
use super::equivalence::{items, same};
use super::{config, everybody, scripts};
use crate::iter::*;
use proptest::prelude::*;
use std::fmt::Debug;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A cut of a producer after `first` items, and of the rest after `second` more.
struct Cut {
    first: usize,
    second: usize,
}

impl<T: Send> ProducerCallback<T> for Cut {
    type Output = [Vec<T>; 3];

    fn callback<P: Producer<Item = T>>(self, producer: P) -> [Vec<T>; 3] {
        let (first, rest) = producer.split_at(self.first);
        let (second, third) = rest.split_at(self.second);
        let mut third: Vec<T> = third.into_iter().rev().collect();
        third.reverse();
        // The middle part is read from both ends in turn.
        let mut iter = second.into_iter();
        let (mut front, mut back) = (Vec::new(), Vec::new());
        while iter.len() > 0 {
            assert_eq!(iter.len() + front.len() + back.len(), self.second);
            front.extend(iter.next());
            back.extend(iter.next_back());
        }
        assert!(iter.next().is_none());
        front.extend(back.into_iter().rev());
        [first.into_iter().collect(), front, third]
    }
}

fn cut_everywhere<I>(make: impl Fn() -> I, expected: &[I::Item])
where
    I: IndexedParallelIterator<Item: Clone + PartialEq + Debug>,
{
    let len = expected.len();
    assert_eq!((make().len(), make().opt_len()), (len, Some(len)));
    for first in 0..=len {
        for second in 0..=len - first {
            let pieces = make().with_producer(Cut { first, second });
            let lens = [first, second, len - first - second];
            assert_eq!(pieces.each_ref().map(Vec::len), lens);
            assert_eq!(pieces.concat(), expected);
        }
    }
}

fn interleaved(a: &[u16], b: &[u16]) -> Vec<u16> {
    let mut v = Vec::new();
    for i in 0..a.len().max(b.len()) {
        v.extend(a.get(i));
        v.extend(b.get(i));
    }
    v
}

fn interleaved_shortest(a: &[u16], b: &[u16]) -> Vec<u16> {
    interleaved(&a[..a.len().min(b.len() + 1)], &b[..a.len().min(b.len())])
}

fn interspersed(v: &[u16]) -> Vec<u16> {
    v.iter().map(|x| vec![*x]).collect::<Vec<_>>().join(&9)
}

#[test]
fn producers_are_cut_in_all_places() {
    let v: Vec<u16> = (10..18).collect();
    for n in 0..v.len() {
        let a = &v[..n];
        let par = || a.par_iter().copied();
        cut_everywhere(
            || par().update(|x| *x += 1),
            &a.iter().map(|x| x + 1).collect::<Vec<_>>(),
        );
        cut_everywhere(|| par().panic_fuse(), a);
        cut_everywhere(|| par().intersperse(9), &interspersed(a));
        cut_everywhere(
            || par().zip_eq(a.par_iter()),
            &a.iter().map(|x| (*x, x)).collect::<Vec<_>>(),
        );
        cut_everywhere(|| repeat_n(7, n), &vec![7; n]);
        for k in 1..5 {
            cut_everywhere(
                || par().step_by(k),
                &a.iter().copied().step_by(k).collect::<Vec<_>>(),
            );
            let chunks: Vec<Vec<u16>> = a.chunks(k).map(<[u16]>::to_vec).collect();
            cut_everywhere(|| par().chunks(k), &chunks);
            let push = |mut v: Vec<u16>, x| {
                v.push(x);
                v
            };
            cut_everywhere(|| par().fold_chunks(k, Vec::new, push), &chunks);
            cut_everywhere(|| par().fold_chunks_with(k, Vec::new(), push), &chunks);
        }
        for m in 0..5 {
            let b = &v[v.len() - m..];
            let other = || b.par_iter().copied();
            cut_everywhere(|| par().interleave(other()), &interleaved(a, b));
            cut_everywhere(|| other().interleave(par()), &interleaved(b, a));
            cut_everywhere(
                || par().interleave_shortest(other()),
                &interleaved_shortest(a, b),
            );
            cut_everywhere(
                || other().interleave_shortest(par()),
                &interleaved_shortest(b, a),
            );
        }
    }
    cut_everywhere(|| once(3), &[3]);
    cut_everywhere(empty::<u8>, &[]);
    cut_everywhere(|| Either::<_, Empty<_>>::Left(once(3)), &[3]);
    cut_everywhere(|| repeat(1).zip(once(2)), &[(1, 2)]);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn shapes(v in items(), w in items(), n in 1..400_usize, s in scripts()) {
        let par = || v.par_iter().copied();
        same(&s, || par().step_by(n).collect::<Vec<_>>(), v.iter().copied().step_by(n).collect())?;
        same(&s, || par().chunks(n).collect::<Vec<_>>(), v.chunks(n).map(<[u16]>::to_vec).collect())?;
        let sums: Vec<u64> = v.chunks(n).map(|c| c.iter().map(|x| u64::from(*x)).sum()).collect();
        let add = |a: u64, b: u16| a + u64::from(b);
        same(&s, || par().fold_chunks(n, || 0, add).collect::<Vec<_>>(), sums.clone())?;
        same(&s, || par().fold_chunks_with(n, 0, add).collect::<Vec<_>>(), sums)?;
        let other = || w.par_iter().copied();
        same(&s, || par().interleave(other()).collect::<Vec<_>>(), interleaved(&v, &w))?;
        same(&s, || par().interleave_shortest(other()).rev().collect::<Vec<_>>(),
            interleaved_shortest(&v, &w).into_iter().rev().collect())?;
        same(&s, || par().by_exponential_blocks().collect::<Vec<_>>(), v.clone())?;
        same(&s, || par().by_uniform_blocks(n).collect::<Vec<_>>(), v.clone())?;
        same(&s, || par().by_uniform_blocks(n).filter(|x| x % 3 == 0).collect::<Vec<_>>(),
            v.iter().copied().filter(|x| x % 3 == 0).collect())?;
        same(&s, || par().by_exponential_blocks().find_first(|x| x % 16 == 0),
            v.iter().copied().find(|x| x % 16 == 0))?;
    }

    #[test]
    fn elements_between(v in items(), w in items(), k in 1..9_u16, s in scripts()) {
        let par = || v.par_iter().copied();
        same(&s, || par().intersperse(9).collect::<Vec<_>>(), interspersed(&v))?;
        same(&s, || par().intersperse(9).rev().collect::<Vec<_>>(),
            interspersed(&v).into_iter().rev().collect())?;
        same(&s, || par().intersperse(9).filter(|x| x % k == 0).collect::<Vec<_>>(),
            interspersed(&v).into_iter().filter(|x| x % k == 0).collect())?;
        // Pieces without items.
        let few = |x: &u16| x % (40 * k) == 0;
        let some: Vec<u16> = v.iter().copied().filter(few).collect();
        same(&s, || par().filter(few).intersperse(9).collect::<Vec<_>>(), interspersed(&some))?;
        same(&s, || par().filter(few).intersperse(9).find_last(|x| *x == 9),
            (some.len() > 1 || some == [9]).then_some(9))?;
        let all: Vec<u16> = v.iter().chain(&w).copied().collect();
        same(&s, || par().chain(w.par_iter().copied()).map(|x| x / 2 * 2).intersperse(9).collect::<Vec<_>>(),
            interspersed(&all.iter().map(|x| x / 2 * 2).collect::<Vec<_>>()))?;
        let more: Vec<u16> = v.iter().flat_map(|x| 0..x % 3).collect();
        same(&s, || par().flat_map(|x| 0..x % 3).intersperse(9).collect::<Vec<_>>(), interspersed(&more))?;
        same(&s, || par().flat_map_iter(|x| 0..x % 3).intersperse(9).intersperse(8).count(),
            (4 * more.len()).saturating_sub(3))?;
    }

    #[test]
    fn comparisons(v in items(), at in 0..300_usize, len in 0..300_usize, s in scripts()) {
        let mut w = v.clone();
        w.truncate(len);
        if let Some(x) = w.get_mut(at) {
            *x = x.wrapping_add(1);
        }
        let (a, b) = (|| v.par_iter(), || w.par_iter());
        same(&s, || a().cmp(b()), v.cmp(&w))?;
        same(&s, || a().partial_cmp(b()), v.partial_cmp(&w))?;
        same(&s, || [a().eq(b()), a().ne(b()), a().lt(b()), a().le(b()), a().gt(b()), a().ge(b())],
            [v == w, v != w, v < w, v <= w, v > w, v >= w])?;
        same(&s, || [a().eq(a()), a().ne(a()), a().lt(a()), a().le(a()), a().gt(a()), a().ge(a())],
            [true, false, false, true, false, true])?;
        let float = |x: &u16| if x % 64 == 0 { f32::NAN } else { f32::from(*x) };
        same(&s, || a().map(float).partial_cmp(b().map(float)),
            v.iter().map(float).partial_cmp(w.iter().map(float)))?;
    }

    #[test]
    fn sources(n in 0..300_u32, s in scripts()) {
        let halves = |v: Vec<u32>| {
            let mut left = v;
            let right = left.split_off(left.len() / 2);
            if left.is_empty() { (right, None) } else { (left, Some(right)) }
        };
        let all: Vec<u32> = (0..n).collect();
        same(&s, || split(all.clone(), halves).flatten_iter().collect::<Vec<_>>(), all.clone())?;
        same(&s, || {
            let mut v: Vec<u32> = (0..n).par_bridge().collect();
            v.sort();
            v
        }, all)?;
        same(&s, || repeat_n("a", n as usize).collect::<String>(), "a".repeat(n as usize))?;
        let (found, _) = play(s.clone(), || repeat(n).find_any(|x| *x == n));
        prop_assert_eq!(found, Some(n));
        same(&s, || once(n).chain(empty()).chain(once(1)).collect::<Vec<_>>(), vec![n, 1])?;
    }

    #[test]
    fn trees(n in 1..300_u32, k in 1..5_u32, s in scripts()) {
        // Node x has the children kx + 1 ..= kx + k; with one child each it is a list.
        let children = |x: &u32| (k * x + 1..=k * x + k).filter(|x| *x < n);
        fn prefix(x: u32, children: &dyn Fn(&u32) -> Vec<u32>, into: &mut Vec<u32>, post: bool) {
            if !post {
                into.push(x);
            }
            children(&x).into_iter().for_each(|x| prefix(x, children, into, post));
            if post {
                into.push(x);
            }
        }
        let walk = |post| {
            let mut v = Vec::new();
            prefix(0, &|x| children(x).collect(), &mut v, post);
            v
        };
        same(&s, || walk_tree_prefix(0, children).collect::<Vec<_>>(), walk(false))?;
        same(&s, || walk_tree_postfix(0, children).collect::<Vec<_>>(), walk(true))?;
        same(&s, || walk_tree(0, children).sum::<u32>(), (0..n).sum())?;
        same(&s, || walk_tree_prefix(0, children).find_first(|x| x % 7 == 6),
            walk(false).into_iter().find(|x| x % 7 == 6))?;
        // The same below a long list.
        let stem = 1_000 + 10 * n;
        let below = |x: &u32| match stem.checked_sub(*x) {
            Some(0) | None => children(&(x - stem)).map(|x| x + stem).collect(),
            Some(_) => vec![x + 1],
        };
        let all: Vec<u32> = (0..stem).chain(walk(false).into_iter().map(|x| x + stem)).collect();
        same(&s, || walk_tree_prefix(0, below).collect::<Vec<_>>(), all)?;
        let mut all: Vec<u32> = walk(true).into_iter().map(|x| x + stem).collect();
        all.extend((0..stem).rev());
        same(&s, || walk_tree_postfix(0, below).collect::<Vec<_>>(), all)?;
    }

    #[test]
    fn owned_items_are_dropped_once(len in 0..120_usize, bad in 0..150_usize, n in 1..20_usize, s in scripts()) {
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).step_by(n).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).chunks(n).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).chunks(n).rev().take(2).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).fold_chunks(n, || None, |_, item| Some(item)).collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |mut v| {
            let w = v.split_off(len / n);
            v.into_par_iter().interleave(w.into_par_iter().map(fragile(bad))).collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |mut v| {
            let w = v.split_off(len / n);
            v.into_par_iter().map(fragile(bad)).interleave_shortest(w).collect::<Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).by_uniform_blocks(n).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| v.into_iter().par_bridge().map(fragile(bad)).collect::<Vec<_>>())?;
        all_dropped_once(s, len, |v| v.into_iter().par_bridge().find_any(|item| item.number == bad).is_some())?;
    }
}

#[test]
fn limits_pass_through() {
    struct Limits;
    impl<T> ProducerCallback<T> for Limits {
        type Output = (usize, usize);

        fn callback<P: Producer<Item = T>>(self, producer: P) -> (usize, usize) {
            (producer.min_len(), producer.max_len())
        }
    }
    let range = || (0..99_u32).into_par_iter().with_min_len(7).with_max_len(20);
    assert_eq!(range().panic_fuse().with_producer(Limits), (7, 20));
    assert_eq!(range().update(|_| ()).with_producer(Limits), (7, 20));
    assert_eq!(range().intersperse(1).with_producer(Limits), (7, 20));
    assert_eq!(range().step_by(2).with_producer(Limits), (4, 10));
    assert_eq!(range().chunks(2).with_producer(Limits), (4, 10));
    assert_eq!(range().interleave(0..9).with_producer(Limits), (7, 20));
}

#[test]
fn wrong_numbers_panic_at_once() {
    let range = || (0..9_u32).into_par_iter();
    assert!(catch_unwind(|| range().step_by(0)).is_err());
    assert!(catch_unwind(|| range().chunks(0)).is_err());
    assert!(catch_unwind(|| range().fold_chunks(0, || 0, |a, _| a)).is_err());
    assert!(catch_unwind(|| range().fold_chunks_with(0, 0, |a, _| a)).is_err());
    assert!(catch_unwind(|| range().by_uniform_blocks(0)).is_err());
    assert!(catch_unwind(|| range().zip_eq(0..8)).is_err());
    let endless = || range().interleave(repeat_n(1, usize::MAX));
    assert_eq!(endless().len(), usize::MAX);
    assert!(catch_unwind(|| endless().any(|_| true)).is_err());
    assert_eq!(range().step_by(usize::MAX).len(), 1);
    assert_eq!(
        range().chunks(usize::MAX).map(|v| v.len()).sum::<usize>(),
        9
    );
}

#[test]
fn items_without_a_size() {
    let units = || vec![(); 1_000].into_par_iter();
    let (counts, _) = play(everybody(), || {
        [
            units().chunks(3).map(|v| v.len()).sum::<usize>(),
            units().step_by(3).count(),
            units().interleave(units()).count(),
            units().intersperse(()).collect::<Vec<_>>().len(),
            units().by_uniform_blocks(7).collect::<Vec<_>>().len(),
            units()
                .map(|()| ((), ()))
                .unzip::<_, _, Vec<_>, Vec<_>>()
                .1
                .len(),
        ]
    });
    assert_eq!(counts, [1_000, 334, 2_000, 1_999, 1_000, 1_000]);
    assert_eq!(units().cmp(units()), std::cmp::Ordering::Equal);
}

#[test]
fn a_bridge_ends_when_its_iterator_panics() {
    let items = (0..100).inspect(|x| assert_ne!(*x, 50));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let result = catch_unwind(|| items.par_bridge().count());
    std::panic::set_hook(hook);
    assert!(result.is_err());
}

/// While a thread is busy with an item, or waits for one, others take what comes.
#[test]
fn a_bridge_has_a_part_for_a_thread_that_comes_late() {
    for late in [0, 1, 50, 98] {
        let script = Script {
            feeds: vec![true; 9],
            ..Script::default()
        };
        let seen = AtomicUsize::new(0);
        let rest = AtomicUsize::new(0);
        let run = || {
            (0..100).par_bridge().for_each(|item| {
                if item == late {
                    fork::feed();
                    rest.store(seen.load(Ordering::Relaxed), Ordering::Relaxed);
                }
                seen.fetch_add(1, Ordering::Relaxed);
            });
        };
        play(script, run);
        // The thief has run all items but this one.
        assert_eq!((rest.into_inner(), seen.into_inner()), (99, 100));
    }
}

#[test]
fn a_thief_of_a_bridge_leaves_a_part_for_the_next_one() {
    let script = Script {
        feeds: vec![true; 9],
        ..Script::default()
    };
    let depth = AtomicUsize::new(0);
    let run = || {
        (0..5).par_bridge().for_each(|_| {
            depth.fetch_add(1, Ordering::Relaxed);
            fork::feed();
        });
    };
    let (_, log) = play(script, run);
    // Each of the threads has one item, and then finds the end; all are asked for the next.
    assert_eq!((depth.into_inner(), log.joins), (5, 6));
}

/// Pieces that took long are not repeated: the next ones are split further.
#[test]
fn a_long_piece_is_split_before_it_begins() {
    let parts = |lap| {
        let script = Script {
            laps: vec![lap],
            threads: 2,
            ..Script::default()
        };
        let halves = |range: std::ops::Range<u32>| {
            let middle = range.start.midpoint(range.end);
            if middle == range.start {
                (range, None)
            } else {
                (range.start..middle, Some(middle..range.end))
            }
        };
        let run = || split(0..64, halves).count();
        play(script, run).0
    };
    assert_eq!((parts(1_000), parts(90_000)), (4, 4));
    // After the first of four parts of 16 items, the others are single items.
    assert_eq!(parts(10_000_000), 1 + 48);
}
