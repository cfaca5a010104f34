//! Tests of what rayon does not have: ordered loops, scans, deterministic and limited loops, flags.

use super::super::fork;
use super::super::fork::script::{Script, play};
use super::super::workers::Workers;
use super::drops::{Item, all_dropped_once, fragile};
use super::equivalence::{items, same};
use super::{config, everybody, nobody, scripts};
use crate::iter::ArrayLengthError;
use crate::prelude::*;
use proptest::prelude::*;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The promise of `deterministic`, written out: the results of the pieces, with parentheses around
/// each two that are put together.
fn parentheses(items: &[u16], leaf: usize, min: usize) -> String {
    let middle = items.len() / 2;
    if items.len() <= leaf || middle < min {
        let sum: u64 = items.iter().map(|x| u64::from(*x)).sum();
        return sum.to_string();
    }
    let (left, right) = items.split_at(middle);
    let (left, right) = (parentheses(left, leaf, min), parentheses(right, leaf, min));
    format!("({left} {right})")
}

/// The shape of a loop: the sums of its pieces, and parentheses.
fn shape(iter: impl ParallelIterator<Item = u64>) -> String {
    iter.fold(|| 0, |sum, x| sum + x)
        .map(|sum| sum.to_string())
        .reduce_with(|a, b| format!("({a} {b})"))
        .unwrap_or_else(|| String::from("0"))
}

fn tree_sum(terms: &[f64], leaf: usize) -> f64 {
    if terms.len() <= leaf {
        return terms.iter().sum();
    }
    let (left, right) = terms.split_at(terms.len() / 2);
    tree_sum(left, leaf) + tree_sum(right, leaf)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ordered_loops_are_sequential(v in items(), window in 1..400_usize, s in scripts()) {
        let squares: Vec<u64> = v.iter().map(|x| u64::from(*x).pow(2)).collect();
        let square = |x: &u16| u64::from(*x).pow(2);
        same(&s, || {
            let mut seen = Vec::new();
            v.par_iter().map(square).for_each_ordered(window, |x| seen.push(x));
            seen
        }, squares.clone())?;
        same(&s, || {
            let seen = Rc::new(Cell::new(Vec::new()));
            let push = |x| seen.set([seen.take(), vec![x]].concat());
            v.iter().par_map_ordered(window, square).for_each(push);
            seen.take()
        }, squares)?;
    }

    #[test]
    fn ordered_loops_stop_at_the_first_failure(
        v in items(), window in 1..400_usize, limit in any::<u16>(), s in scripts(),
    ) {
        let end = v.iter().position(|x| *x > limit);
        let expected = end.map_or(Ok(()), |end| Err(v[end]));
        let prefix = &v[..end.map_or(v.len(), |end| end + 1)];
        let run = |mapped: bool| {
            let mut seen = Vec::new();
            let check = |x: u16| {
                seen.push(x);
                if x <= limit { Ok(()) } else { Err(x) }
            };
            let result = if mapped {
                v.iter().par_map_ordered(window, |x| *x).try_for_each(check)
            } else {
                v.par_iter().copied().try_for_each_ordered(window, check)
            };
            (seen, result)
        };
        same(&s, || run(false), (prefix.to_vec(), expected))?;
        same(&s, || run(true), (prefix.to_vec(), expected))?;
    }

    #[test]
    fn ordered_loops_hold_two_windows(len in 0..300_usize, window in 1..100_usize, s in scripts()) {
        for mapped in [false, true] {
            let (made, gone, most) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
            let make = |_| {
                let alive = made.fetch_add(1, Ordering::Relaxed) + 1 - gone.load(Ordering::Relaxed);
                most.fetch_max(alive, Ordering::Relaxed);
            };
            let drop = |()| {
                gone.fetch_add(1, Ordering::Relaxed);
            };
            play(s.clone(), || if mapped {
                (0..len).par_map_ordered(window, make).for_each(drop);
            } else {
                (0..len).into_par_iter().map(make).for_each_ordered(window, drop);
            });
            prop_assert!(most.load(Ordering::Relaxed) <= 2 * window);
            prop_assert_eq!(gone.into_inner(), len);
        }
    }

    #[test]
    fn ordered_loops_drop_each_item_once(
        len in 0..150_usize, window in 1..200_usize, bad in 0..200_usize, s in scripts(),
    ) {
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).for_each_ordered(window, drop);
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().for_each_ordered(window, |item| drop(fragile(bad)(item)));
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_iter().par_map_ordered(window, fragile(bad)).for_each(drop);
        })?;
        all_dropped_once(s.clone(), len, |v| {
            let items = v.into_iter().map(fragile(bad));
            items.par_map_ordered(window, |item| item).for_each(drop);
        })?;
        let until_bad = |item: Item| (item.number != bad).then_some(());
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().try_for_each_ordered(window, until_bad))?;
        all_dropped_once(s, len, |v| v.into_iter().par_map_ordered(window, |item| item).try_for_each(until_bad))?;
    }

    #[test]
    fn items_before_the_wave_of_a_panic_are_consumed(
        len in 1..200_usize, window in 1..60_usize, bad in any::<prop::sample::Index>(), s in scripts(),
    ) {
        let bad = bad.index(len);
        let mut seen = Vec::new();
        let make = |n| {
            if n == bad {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            n
        };
        let result = catch_unwind(AssertUnwindSafe(|| {
            play(s, || (0..len).into_par_iter().map(make).for_each_ordered(window, |n| seen.push(n)))
        }));
        prop_assert!(result.is_err());
        prop_assert_eq!(seen, (0..bad / window * window).collect::<Vec<_>>());
    }

    #[test]
    fn scans(v in items(), k in 1..20_u16, s in scripts()) {
        // Not commutative, so that a wrong order shows.
        let text = |x: &u16| (x % k).to_string();
        let op = |a: &String, b: &String| format!("{a}{b}");
        let mut all: Vec<String> = v.iter().scan(String::from("<"), |all, x| {
            *all += &text(x);
            Some(all.clone())
        }).collect();
        same(&s, || v.par_iter().map(text).inclusive_scan(op),
            all.iter().map(|all| all[1..].to_owned()).collect::<Vec<_>>())?;
        all.insert(0, String::from("<"));
        let total = all.pop().unwrap();
        same(&s, || v.par_iter().map(text).exclusive_scan(String::from("<"), op),
            (all.clone(), total.clone()))?;
        same(&s, || v.par_iter().with_max_len(usize::from(k)).map(text).exclusive_scan(String::from("<"), op),
            (all, total))?;
    }

    #[test]
    fn scans_drop_each_item_once(len in 0..120_usize, bad in 0..400_usize, s in scripts()) {
        // The items, and one result for each call of `op`.
        let calls = AtomicUsize::new(0);
        let alive = AtomicUsize::new(0);
        let op = |a: &Live<'_>, b: &Live<'_>| {
            if calls.fetch_add(1, Ordering::Relaxed) == bad {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            Live::new(&alive, a.sum + b.sum)
        };
        let scan = |exclusive: bool| {
            let items = (0..len).into_par_iter().map(|n| Live::new(&alive, n));
            if exclusive {
                let (sums, total) = items.exclusive_scan(Live::new(&alive, 0), op);
                sums.len() + 1 == alive.load(Ordering::Relaxed) && total.sum == (0..len).sum::<usize>()
            } else {
                let sums = items.inclusive_scan(op);
                sums.len() == alive.load(Ordering::Relaxed)
            }
        };
        for exclusive in [false, true] {
            let result = catch_unwind(AssertUnwindSafe(|| play(s.clone(), || scan(exclusive)).0));
            prop_assert!(result.unwrap_or(true));
            prop_assert_eq!(alive.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn deterministic_loops_have_one_shape(
        v in items(), min in 0..20_usize, max in 1..40_usize, s in scripts(),
    ) {
        let wide = || v.par_iter().map(|x| u64::from(*x));
        let leaf = v.len().div_ceil(256).max(1);
        same(&s, || shape(wide().deterministic()), parentheses(&v, leaf, 1))?;
        same(&s, || shape(wide().with_min_len(min).deterministic()), parentheses(&v, leaf, min.max(1)))?;
        same(&s, || shape(wide().with_max_len(max).deterministic()), parentheses(&v, leaf.min(max), 1))?;
        same(&s, || shape(wide().with_max_threads(min % 4).deterministic()), parentheses(&v, leaf, 1))?;
        same(&s, || wide().deterministic().collect::<Vec<_>>(), v.iter().map(|x| u64::from(*x)).collect())?;
        same(&s, || v.par_iter().deterministic().filter(|x| **x > 999).collect::<Vec<_>>(),
            v.iter().filter(|x| **x > 999).collect())?;
    }

    #[test]
    fn deterministic_sums_have_the_same_bits(len in 0..5000_usize, seed in any::<u32>(), s in scripts()) {
        let term = |n: usize| f64::from(seed) / (n as f64 + 0.1);
        let terms: Vec<f64> = (0..len).map(term).collect();
        let leaf = len.div_ceil(256).max(1);
        let sum = || (0..len).into_par_iter().map(term).deterministic().sum::<f64>();
        same(&s, || sum().to_bits(), tree_sum(&terms, leaf).to_bits())?;
        // An item that a filter leaves out adds nothing, in its place.
        let odd = |x: &f64| x.to_bits() % 2 == 1;
        let filtered = || (0..len).into_par_iter().map(term).deterministic().filter(odd).sum::<f64>();
        let (alone, _) = play(nobody(), filtered);
        same(&s, || filtered().to_bits(), alone.to_bits())?;
        let inner = || {
            let rows = (0..len.min(60)).into_par_iter().deterministic();
            rows.flat_map(|n| (0..n).into_par_iter().map(term).deterministic()).sum::<f64>()
        };
        let (alone, _) = play(nobody(), inner);
        same(&s, || inner().to_bits(), alone.to_bits())?;
    }

    #[test]
    fn limited_loops_give_the_same(v in items(), k in 0..5_usize, max in 1..90_usize, s in scripts()) {
        same(&s, || v.par_iter().with_max_threads(k).map(u16::to_string).collect::<Vec<_>>(),
            v.iter().map(u16::to_string).collect())?;
        same(&s, || v.par_iter().with_max_threads(k).rev().enumerate().collect::<Vec<_>>(),
            v.iter().rev().enumerate().collect())?;
        let lens = || v.par_iter().with_max_len(max).with_max_threads(k).fold(|| 0, |n, _| n + 1);
        let (lens, _) = play(s, || lens().collect::<Vec<usize>>());
        prop_assert_eq!(lens.iter().sum::<usize>(), v.len());
        prop_assert!(lens.iter().all(|len| *len <= max));
    }

    #[test]
    fn a_limited_loop_has_so_many_pieces_under_way(
        len in 1..300_usize, k in 1..6_usize, max in 1..90_usize, s in scripts(),
    ) {
        // Each piece that was offered counts, because it may be running. A fold begins when its
        // piece does, so only pieces that have begun and not ended are counted here: no more than
        // there are tokens.
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let run = || {
            let limited = (0..len).into_par_iter().with_max_len(max).with_max_threads(k);
            limited.fold(|| Under::new(&now, &most), |piece, _| piece).for_each(drop);
        };
        play(s, run);
        prop_assert!(most.into_inner() <= k);
        prop_assert_eq!(now.into_inner(), 0);
    }

    #[test]
    fn sorted_loops_are_told_from_others(
        mut v in items(), swap in any::<(prop::sample::Index, prop::sample::Index)>(),
        is_swapped in any::<bool>(), k in 1..9_u16, s in scripts(),
    ) {
        v.sort_unstable();
        if is_swapped && !v.is_empty() {
            let (a, b) = (swap.0.index(v.len()), swap.1.index(v.len()));
            v.swap(a, b);
        }
        same(&s, || v.par_iter().is_sorted(), v.is_sorted())?;
        same(&s, || v.par_iter().copied().rev().is_sorted_by(|a, b| a > b),
            v.iter().rev().is_sorted_by(|a, b| a > b))?;
        same(&s, || v.par_iter().is_sorted_by_key(|x| x / 9_999), v.is_sorted_by_key(|x| x / 9_999))?;
        // Not owned by a place: pieces without an item, loops in loops.
        let odd = |x: &&u16| **x % k == 1;
        same(&s, || v.par_iter().filter(odd).is_sorted(), v.iter().filter(odd).is_sorted())?;
        let more = |x: &u16| [*x; 3].into_iter().take(usize::from(x % k));
        same(&s, || v.par_iter().flat_map_iter(more).is_sorted(), v.iter().flat_map(more).is_sorted())?;
        let more = |x: &u16| more(x).collect::<Vec<_>>();
        same(&s, || v.par_iter().flat_map(more).is_sorted(), v.iter().flat_map(more).is_sorted())?;
    }

    #[test]
    fn equal_items_are_told_from_others(
        len in 0..200_usize, other in 0..400_usize, max in 1..30_usize, s in scripts(),
    ) {
        let item = |n: usize| if n == other { "other" } else { "item" };
        let is_equal = len < 2 || other >= len;
        same(&s, || (0..len).into_par_iter().map(item).all_equal(), is_equal)?;
        same(&s, || (0..len).into_par_iter().with_max_len(max).map(item).all_equal(), is_equal)?;
    }

    #[test]
    fn pairs_that_cannot_be_compared(len in 0..200_usize, bad in 0..400_usize, s in scripts()) {
        let item = |n: usize| if n == bad { f64::NAN } else { n as f64 };
        same(&s, || (0..len).into_par_iter().map(item).is_sorted(), (0..len).map(item).is_sorted())?;
    }

    #[test]
    fn each_pair_of_a_sorted_loop_is_compared_once(len in 0..300_usize, s in scripts()) {
        let pairs = std::sync::Mutex::new(Vec::new());
        let in_order = |a: &usize, b: &usize| {
            pairs.lock().unwrap().push((*a, *b));
            a < b
        };
        same(&s, || (0..len).into_par_iter().is_sorted_by(in_order), true)?;
        let mut pairs = pairs.into_inner().unwrap();
        pairs.sort_unstable();
        prop_assert!(pairs.into_iter().eq((1..len).map(|n| (n - 1, n))));
    }

    #[test]
    fn arrays_have_all_items_or_say_how_many(len in 0..60_usize, k in 1..4_usize, s in scripts()) {
        fn expected<const N: usize>(v: Vec<usize>) -> Result<[usize; N], (usize, usize)> {
            v.try_into().map_err(|v: Vec<_>| (N, v.len()))
        }
        let told = |error: ArrayLengthError| (error.expected(), error.found());
        let items = || (0..len).into_par_iter();
        same(&s, || items().collect_array::<21>().map_err(told), expected((0..len).collect()))?;
        same(&s, || items().collect_array::<0>().map_err(told), expected((0..len).collect()))?;
        let some = |n: &usize| n % k == 0;
        same(&s, || items().filter(some).collect_array::<9>().map_err(told),
            expected((0..len).filter(some).collect()))?;
        let all = play(s.clone(), || (0..300).into_par_iter().rev().collect_array::<300>()).0;
        prop_assert!(all.is_ok_and(|all| all.into_iter().eq((0..300).rev())));
        let all = play(s, || (0..300).into_par_iter().filter(|_| true).collect_array::<300>()).0;
        prop_assert!(all.is_ok_and(|all| all.into_iter().eq(0..300)));
    }

    #[test]
    fn arrays_and_ends_drop_each_item_once(len in 0..40_usize, bad in 0..60_usize, s in scripts()) {
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).collect_array::<20>().is_ok()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            let some = v.into_par_iter().filter(|item| item.number % 2 == 0).map(fragile(bad));
            some.collect_array::<10>().is_ok()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).is_sorted_by(|a, b| a.number < b.number)
        })?;
        all_dropped_once(s, len, |v| v.into_par_iter().is_sorted_by(|_, item| item.number != bad))?;
    }

    #[test]
    fn states_meet_each_item_once(v in items(), k in 1..6_usize, max in 1..90_usize, s in scripts()) {
        let mut states = vec![Vec::new(); k];
        let run = || {
            let items = v.par_iter().with_max_len(max).enumerate();
            items.for_each_with_state(&mut states, |met, item| met.push(item));
        };
        play(s, run);
        let mut met = states.concat();
        met.sort_unstable();
        prop_assert!(met.into_iter().eq(v.iter().enumerate()));
    }

    #[test]
    fn a_panic_leaves_its_state_as_it_is(
        len in 0..200_usize, bad in 0..250_usize, k in 1..6_usize, s in scripts(),
    ) {
        let mut states = vec![Vec::new(); k];
        let result = catch_unwind(AssertUnwindSafe(|| play(s, || {
            (0..len).into_par_iter().for_each_with_state(&mut states, |met, n| {
                met.push(n);
                if n == bad {
                    std::panic::resume_unwind(Box::new("on purpose"));
                }
            });
        })));
        prop_assert_eq!(result.is_err(), bad < len);
        let mut met = states.concat();
        met.sort_unstable();
        let count = met.len();
        met.dedup();
        prop_assert_eq!(met.len(), count);
        let expected = if bad < len { met.contains(&bad) } else { count == len };
        prop_assert!(expected);
    }

    #[test]
    fn nothing_passes_after_the_flag(len in 0..300_usize, end in 0..300_usize, s in scripts()) {
        let flag = AtomicBool::new(false);
        let passed = AtomicUsize::new(0);
        let run = || {
            let loop_ = (0..len).into_par_iter().stop_when(&flag).inspect(|_| {
                if passed.fetch_add(1, Ordering::Relaxed) == end {
                    flag.store(true, Ordering::Relaxed);
                }
            });
            loop_.collect::<Vec<_>>()
        };
        let (v, _) = play(s.clone(), run);
        prop_assert_eq!(v.len(), len.min(end + 1));
        prop_assert!(v.is_sorted_by(|a, b| a < b));
        flag.store(true, Ordering::Relaxed);
        let (nothing, _) = play(s, || (0..len).into_par_iter().chain([7]).stop_when(&flag).count());
        prop_assert_eq!(nothing, 0);
    }
}

/// A value that counts how many of its kind are alive.
struct Live<'a> {
    alive: &'a AtomicUsize,
    sum: usize,
}

impl<'a> Live<'a> {
    fn new(alive: &'a AtomicUsize, sum: usize) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self { alive, sum }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A piece that is under way.
struct Under<'a>(&'a AtomicUsize);

impl<'a> Under<'a> {
    fn new(now: &'a AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Self(now)
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn tokens_are_as_many_as_workers() {
    let workers = Workers::new(3);
    let first = workers.first();
    let (second, third) = (workers.another().unwrap(), workers.another().unwrap());
    assert!(!workers.has_another() && workers.another().is_none());
    drop(first);
    let again = workers.another().unwrap();
    assert!(workers.another().is_none());
    drop((second, third, again));
    assert!(workers.has_another());

    // Zero counts as one, and a panic gives its token back.
    for max in [0, 1] {
        assert!(Workers::new(max).another().is_none());
    }
    let workers = Workers::new(2);
    let panicking = || {
        let _token = workers.another();
        std::panic::resume_unwind(Box::new("on purpose"));
    };
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    assert!(workers.another().is_some());
}

#[test]
fn halves_without_a_token_of_their_own_run_one_after_the_other() {
    let workers = Workers::new(1);
    let is_alone = |_token| workers.another().is_none();
    let run = || workers.join(workers.first(), is_alone, is_alone);
    let (result, log) = play(everybody(), run);
    assert_eq!((result, log.joins), ((true, true), 0));

    let workers = Workers::new(2);
    let is_alone = |_token| workers.another().is_none();
    let run = || workers.join(workers.first(), is_alone, |_| ());
    let ((left_is_alone, ()), log) = play(nobody(), run);
    assert_eq!((left_is_alone, log.joins), (true, 1));
    assert!(workers.another().is_some(), "the tokens were given back");
}

/// A thread that has run its piece gives its token to the next one that comes.
#[test]
fn a_token_is_given_back_before_a_thread_waits() {
    let workers = Workers::new(2);
    let run = || {
        let left = |token| {
            drop(token);
            workers.has_another()
        };
        let right = |_token| workers.has_another();
        workers.join(workers.first(), left, right)
    };
    assert_eq!(play(nobody(), run).0, (true, true));
}

#[test]
fn a_loop_for_one_worker_is_not_shared() {
    let joins = |k| {
        let run = || (0..100).into_par_iter().with_max_threads(k).for_each(drop);
        play(everybody(), run).1.joins
    };
    assert_eq!((joins(0), joins(1)), (0, 0));
    assert!(joins(2) > 0);
}

#[test]
fn a_long_deterministic_loop_has_256_pieces() {
    for (len, pieces) in [
        (0, 1),
        (1, 1),
        (255, 255),
        (256, 256),
        (500, 256),
        (1_000_000, 256),
    ] {
        for script in [nobody(), everybody()] {
            let run = || {
                (0..len)
                    .into_par_iter()
                    .deterministic()
                    .fold(|| (), |(), _| ())
                    .count()
            };
            assert_eq!(play(script, run).0, pieces);
        }
    }
}

#[test]
fn a_scan_alone_is_one_pass() {
    let calls = AtomicUsize::new(0);
    let op = |a: &u32, b: &u32| {
        calls.fetch_add(1, Ordering::Relaxed);
        a + b
    };
    let run = || (0..1000_u32).into_par_iter().exclusive_scan(5, op).1;
    assert_eq!(play(nobody(), run).0, 5 + 499_500);
    assert_eq!(calls.into_inner(), 1000);
}

/// A piece that was not begun when a pair was found out of order is not begun any more.
#[test]
fn a_loop_that_is_not_sorted_ends_early() {
    let endless = || (0..u64::MAX).into_par_iter();
    for script in [nobody(), everybody()] {
        let (sorted, _) = play(script.clone(), || endless().map(|n| n % 1000).is_sorted());
        assert!(!sorted);
        let (equal, _) = play(script, || endless().flat_map_iter(|n| n..).all_equal());
        assert!(!equal);
    }
}

#[test]
fn a_loop_of_a_wrong_length_does_not_run() {
    let run = || {
        (0..3)
            .into_par_iter()
            .map(|_| unreachable!())
            .collect_array::<4>()
    };
    let (result, _) = play(nobody(), || run().map(|_: [(); 4]| ()));
    let error = result.unwrap_err();
    assert_eq!((error.expected(), error.found()), (4, 3));
}

#[test]
fn making_items_stops_when_nobody_wants_them() {
    // The second half of the join is told first, or last, that its wave will not be consumed.
    for right_first in [false, true] {
        let made = AtomicUsize::new(0);
        let script = Script {
            joins: vec![
                super::Join {
                    right_first,
                    migrated: right_first
                };
                9
            ],
            threads: 2,
            ..nobody()
        };
        let run = || {
            let items = (0..1000).into_par_iter().map(|n| {
                made.fetch_add(1, Ordering::Relaxed);
                n
            });
            items.try_for_each_ordered(10, |n| if n == 3 { Err(n) } else { Ok(()) })
        };
        assert_eq!(play(script, run).0, Err(3));
        assert_eq!(made.into_inner(), if right_first { 20 } else { 10 });
    }
}

#[test]
fn while_an_item_of_a_wave_is_made_another_lane_takes_the_others() {
    for mapped in [false, true] {
        let made = AtomicUsize::new(0);
        let beside = AtomicUsize::new(0);
        let make = |n: usize| {
            if n == 0 {
                fork::feed();
                beside.store(made.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            made.fetch_add(1, Ordering::Relaxed);
            n
        };
        let script = Script {
            feeds: vec![true; 9],
            threads: 4,
            ..nobody()
        };
        let run = || {
            let mut seen = Vec::new();
            if mapped {
                (0..4).par_map_ordered(4, make).for_each(|n| seen.push(n));
            } else {
                let items = (0..4).into_par_iter().map(make);
                items.for_each_ordered(4, |n| seen.push(n));
            }
            seen
        };
        assert_eq!(play(script, run).0, [0, 1, 2, 3]);
        assert_eq!(beside.into_inner(), 3);
    }
}
