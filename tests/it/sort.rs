//! Sorts give what std's sorts give; and whatever a comparison does, no item is lost.

use crate::util::{Census, Counted, pool, spin_until, watched};
use manyhands::prelude::*;
use manyhands::{Pool, cancellable};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering as Memory};
use std::sync::{Arc, LazyLock};

/// Alone, as many threads as cores, more.
static POOLS: LazyLock<[Pool; 3]> = LazyLock::new(|| {
    [1, 2, 7].map(|threads| {
        Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool")
    })
});

/// Long enough for several leaves in each of the pools.
const LONG: usize = 9_000;

fn random(len: usize, seed: u32) -> impl Iterator<Item = u32> {
    let mut x = seed.wrapping_mul(0x9E37_79B9) | 1;
    (0..len).map(move |_| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x
    })
}

/// A key, and where its item stood: equal keys show whether a sort is stable.
fn numbered(keys: impl Iterator<Item = u32>) -> Vec<(u32, usize)> {
    keys.zip(0..).collect()
}

fn check_all(input: &[(u32, usize)]) {
    let mut expected = input.to_vec();
    expected.sort_by_key(|item| item.0);
    let mut backwards = input.to_vec();
    backwards.sort_by_key(|item| std::cmp::Reverse(item.0));
    for pool in &*POOLS {
        pool.install(|| {
            let sorted = |sort: fn(&mut [(u32, usize)])| {
                let mut v = input.to_vec();
                sort(&mut v);
                v
            };
            assert_eq!(sorted(|v| v.par_sort_by_key(|item| item.0)), expected);
            assert_eq!(sorted(|v| v.par_sort_by(|a, b| b.0.cmp(&a.0))), backwards);
            assert_eq!(
                sorted(|v| v.par_sort_by_cached_key(|item| item.0)),
                expected
            );
            // The places are part of the order here.
            assert_eq!(sorted(|v| v.par_sort()), expected);
            assert_eq!(sorted(|v| v.par_sort_unstable()), expected);
            // An unstable sort is right about the keys, and keeps the items.
            for mut v in [
                sorted(|v| v.par_sort_unstable_by_key(|item| item.0)),
                sorted(|v| v.par_sort_unstable_by(|a, b| a.0.cmp(&b.0))),
            ] {
                assert!(v.is_sorted_by_key(|item| item.0));
                v.sort();
                assert_eq!(v, expected);
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(4)
    })]

    #[test]
    fn sorts_agree_with_std(len in 0..20_000_usize, seed: u32, values in 1..20_u32) {
        check_all(&numbered(random(len, seed)));
        check_all(&numbered(random(len, seed).map(|x| x % values)));
    }
}

/// Keys in orders that take different ways through the sorts.
fn patterns(len: usize) -> Vec<Vec<u32>> {
    let n = len as u32;
    // One key of 50 is anywhere.
    let nearly = |x: u32| {
        if x % 50 == 3 {
            x.wrapping_mul(0x9E37_79B9) % n
        } else {
            x
        }
    };
    vec![
        random(len, 3).collect(),
        (0..n).collect(),
        (0..n).rev().collect(),
        vec![7; len],
        random(len, 5).map(|x| x % 16).collect(),
        (0..n / 2).chain((0..n - n / 2).rev()).collect(),
        (0..n / 2).rev().chain(0..n - n / 2).collect(),
        // The second half belongs before the first one; or into it.
        (n / 2..n).chain(0..n / 2).collect(),
        (0..n).map(|x| x % 100).collect(),
        (0..n / 10 * 9)
            .map(|x| x / 3)
            .chain(random(len - len / 10 * 9, 7).map(|x| x % n))
            .collect(),
        (0..n).map(nearly).collect(),
        (0..n).rev().map(nearly).collect(),
        // Two that are too great in a row: it looks as if all others were too small.
        (0..n)
            .map(|x| if x % 2_000 < 2 { x + n } else { x })
            .collect(),
        // Long sorted pieces.
        (0..n).map(|x| x.rotate_right(8)).collect(),
    ]
}

#[test]
fn all_patterns_are_sorted() {
    for keys in patterns(LONG).into_iter().chain(patterns(8 * LONG)) {
        check_all(&numbered(keys.into_iter()));
    }
}

#[test]
fn lengths_about_the_shortest_piece() {
    for len in [
        0, 1, 2, 2_047, 2_048, 2_049, 4_095, 4_096, 4_097, 16_383, 16_384, 16_385,
    ] {
        check_all(&numbered(random(len, 5)));
    }
}

#[test]
fn items_without_a_size() {
    for pool in &*POOLS {
        let mut v = [(); 50_000];
        pool.install(|| v.par_sort());
        pool.install(|| v.par_sort_unstable());
        pool.install(|| v.par_sort_by_cached_key(|_| 1));
        assert_eq!(v.len(), 50_000);
    }
}

#[test]
fn long_slices() {
    // Long enough for everything that is done together.
    for values in [u32::MAX, 16] {
        check_all(&numbered(random(600_000, 8).map(|x| x % values)));
    }
}

#[test]
fn strings() {
    let mut v: Vec<String> = random(LONG, 9).map(|x| x.to_string()).collect();
    let mut expected = v.clone();
    expected.sort();
    let mut w = v.clone();
    for pool in &*POOLS {
        pool.install(|| v.par_sort());
        pool.install(|| w.par_sort_unstable());
        assert_eq!(v, expected);
        assert_eq!(w, expected);
        v.rotate_left(1_234);
        w.rotate_left(1_234);
    }
}

/// An item that owns memory, so that a lost or doubled one is noticed; and whose comparison
/// changes it, so that a stale copy is noticed.
struct Item {
    key: u32,
    number: usize,
    looked_at: std::cell::Cell<u32>,
    is_busy: AtomicBool,
    _counted: Counted,
}

type Sort = fn(&mut [Item], &(dyn Fn(&Item, &Item) -> Ordering + Sync));

const SORTS: [Sort; 2] = [
    |v, compare| v.par_sort_by(compare),
    |v, compare| v.par_sort_unstable_by(compare),
];

/// All pools with all sorts and all inputs.
fn all_ways() -> impl Iterator<Item = (&'static Pool, Sort, Vec<u32>)> {
    POOLS.iter().flat_map(|pool| {
        let inputs = || patterns(LONG).into_iter();
        SORTS
            .into_iter()
            .flat_map(move |sort| inputs().map(move |input| (pool, sort, input)))
    })
}

/// [`loses_nothing`] on a pool.
fn survives(
    pool: &Pool,
    sort: Sort,
    keys: &[u32],
    compare: impl Fn(u32, &Item, &Item) -> Ordering + Sync,
) -> u32 {
    let compare = &compare;
    pool.install(|| loses_nothing(sort, keys, compare))
}

/// Sorts items with a comparison that is told how many there have been before it; all items must
/// be there afterwards, and none may have been compared by two threads at a time. Returns how many
/// comparisons there were.
fn loses_nothing(
    sort: Sort,
    keys: &[u32],
    compare: impl Fn(u32, &Item, &Item) -> Ordering + Sync,
) -> u32 {
    let census = Census::default();
    let items = keys.iter().zip(0..).map(|(&key, number)| Item {
        key,
        number,
        looked_at: 0.into(),
        is_busy: false.into(),
        _counted: census.make(),
    });
    let mut items: Vec<Item> = items.collect();
    let calls = AtomicU32::new(0);
    let looks = AtomicUsize::new(0);
    let shared = AtomicUsize::new(0);
    let counting = |a: &Item, b: &Item| {
        for item in [a, b] {
            // The flag is the only part of an item that may be looked at from everywhere: so this
            // is no race of its own when the sort is wrong.
            if item.is_busy.swap(true, Memory::Relaxed) {
                shared.fetch_add(1, Memory::Relaxed);
                return Ordering::Less;
            }
        }
        let busy = Busy([a, b]);
        for item in busy.0 {
            item.looked_at.set(item.looked_at.get() + 1);
            looks.fetch_add(1, Memory::Relaxed);
        }
        compare(calls.fetch_add(1, Memory::Relaxed), a, b)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        cancellable(|| sort(&mut items, &counting))
    }));
    assert_eq!(shared.into_inner(), 0, "compared by two threads at a time");
    assert_eq!(census.dropped(), 0);
    let seen: usize = items.iter().map(|item| item.looked_at.get() as usize).sum();
    assert_eq!(seen, looks.into_inner(), "a comparison was forgotten");
    items.sort_by_key(|item| item.number);
    assert!(items.iter().map(|item| item.number).eq(0..keys.len()));
    drop(items);
    census.assert_all_dropped(keys.len());
    calls.into_inner()
}

/// Two items while they are compared.
struct Busy<'a>([&'a Item; 2]);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        for item in self.0 {
            item.is_busy.store(false, Memory::Relaxed);
        }
    }
}

#[test]
fn a_panic_in_a_comparison_loses_nothing() {
    watched(|| {
        for (pool, sort, keys) in all_ways() {
            let all = survives(pool, sort, &keys, |_, a, b| a.key.cmp(&b.key));
            // About every phase: steps without a pattern, so that it falls anywhere.
            let mut places = random(6, all).map(|x| x % all);
            let ends = [1, all.saturating_sub(1)];
            for bad in ends.into_iter().chain(&mut places) {
                survives(pool, sort, &keys, |call, a, b| {
                    if call == bad {
                        resume_unwind(Box::new("on purpose"));
                    }
                    a.key.cmp(&b.key)
                });
            }
        }
    });
}

#[test]
fn a_panic_in_any_of_the_first_comparisons_loses_nothing() {
    watched(|| {
        for keys in [&patterns(LONG)[0], &patterns(LONG)[10]] {
            for (sort, bad) in SORTS
                .iter()
                .flat_map(|&s| (0..200).map(move |bad| (s, bad)))
            {
                survives(&POOLS[1], sort, keys, |call, a, b| {
                    if call == bad {
                        resume_unwind(Box::new("on purpose"));
                    }
                    a.key.cmp(&b.key)
                });
            }
        }
    });
}

#[test]
fn a_comparison_that_lies_ends_and_loses_nothing() {
    watched(|| {
        for (pool, sort, keys) in all_ways() {
            let lies = |compare: &(dyn Fn(u32, &Item, &Item) -> Ordering + Sync)| {
                survives(pool, sort, &keys, compare);
            };
            lies(&|_, _, _| Ordering::Less);
            lies(&|_, _, _| Ordering::Greater);
            lies(&|_, _, _| Ordering::Equal);
            lies(&|call, _, _| (call.wrapping_mul(0x9E37_79B9) >> 30).cmp(&1));
            // Seldom, so that it is believed for long.
            for every in [7, 1_001] {
                lies(&|call, a, b| match call % every {
                    0 => b.key.cmp(&a.key),
                    _ => a.key.cmp(&b.key),
                });
            }
            lies(&|_, a, b| (a.key % 3).cmp(&((b.key + 1) % 3)));
        }
    });
}

/// rayon's sorts take any order, and std's take NaNs if there are not too few of them. Here no
/// comparison panics, so no sort does.
#[test]
fn an_order_that_contradicts_itself_is_no_panic() {
    fn not_a_number(one_in: u32) -> impl Fn(u32, u32) -> Ordering + Sync {
        move |a, b| {
            let is_nan = |x: u32| x % one_in == 0;
            if is_nan(a) || is_nan(b) {
                Ordering::Equal
            } else {
                a.cmp(&b)
            }
        }
    }
    let mixed = |a: u32, b: u32| {
        let mixed = (a ^ b.rotate_left(16)).wrapping_mul(0x9E37_79B9);
        (mixed >> 30).cmp(&1)
    };
    let circle = |a: u32, b: u32| (a % 3).cmp(&((b + 1) % 3));
    let nearly_equal = |a: u32, b: u32| (a >> 24).abs_diff(b >> 24).cmp(&9).then(a.cmp(&b));
    type Order<'a> = &'a (dyn Fn(u32, u32) -> Ordering + Sync);
    let (few, some, many) = (not_a_number(1_000), not_a_number(100), not_a_number(10));
    let orders: [Order<'_>; 6] = [&few, &some, &many, &mixed, &circle, &nearly_equal];
    let permutes = |pool: &Pool, len: usize, order: Order<'_>| {
        let input: Vec<u32> = random(len, 1).collect();
        let compare = |a: &u32, b: &u32| order(*a, *b);
        let mut expected = input.clone();
        expected.sort_unstable();
        for stable in [true, false] {
            let mut v = input.clone();
            pool.install(|| match stable {
                true => v.par_sort_by(compare),
                false => v.par_sort_unstable_by(compare),
            });
            v.sort_unstable();
            assert!(v == expected, "items were lost");
        }
    };
    watched(|| {
        for pool in &*POOLS {
            for order in orders {
                for len in [500, 3_000, 20_000] {
                    permutes(pool, len, order);
                }
            }
            // Long enough for a common partition, which sorts a sample.
            permutes(pool, 300_000, &some);
            permutes(pool, 300_000, &many);
        }
    });
}

#[test]
fn an_aborted_sort_loses_nothing() {
    watched(|| {
        for (pool, sort, keys) in all_ways() {
            let reached = Arc::new(AtomicBool::new(false));
            let aborted = Arc::new(AtomicBool::new(false));
            let flags = (Arc::clone(&reached), Arc::clone(&aborted));
            let run = pool.spawn_compute(move || {
                loses_nothing(sort, &keys, |call, a, b| {
                    if call == 12_000 {
                        flags.0.store(true, Memory::Release);
                        spin_until(|| flags.1.load(Memory::Acquire));
                    }
                    a.key.cmp(&b.key)
                })
            });
            spin_until(|| reached.load(Memory::Acquire) || run.is_finished());
            run.abort();
            aborted.store(true, Memory::Release);
            run.join().unwrap();
        }
    });
}

/// A key that owns memory, and whose comparison is no order.
struct Key {
    value: u32,
    calls: Arc<AtomicU32>,
    _counted: Counted,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.calls.fetch_add(1, Memory::Relaxed) {
            60_000 => resume_unwind(Box::new("on purpose")),
            call if call % 5 == 0 => other.value.cmp(&self.value),
            _ => self.value.cmp(&other.value),
        }
    }
}

#[test]
fn cached_keys_that_lie_or_panic_lose_nothing() {
    for (pool, keys) in POOLS
        .iter()
        .flat_map(|pool| patterns(LONG).into_iter().map(move |k| (pool, k)))
    {
        let census = Census::default();
        let calls = Arc::new(AtomicU32::new(0));
        let mut items: Vec<(u32, usize)> = numbered(keys.iter().copied());
        let _ = catch_unwind(AssertUnwindSafe(|| {
            pool.install(|| {
                items.par_sort_by_cached_key(|item| Key {
                    value: item.0,
                    calls: Arc::clone(&calls),
                    _counted: census.make(),
                });
            });
        }));
        census.assert_all_dropped(keys.len());
        items.sort_by_key(|item| item.1);
        assert_eq!(items, numbered(keys.into_iter()));
    }
}

#[test]
fn a_panic_in_a_key_leaves_the_slice_as_it_was() {
    for pool in &*POOLS {
        let input: Vec<u32> = random(LONG, 4).collect();
        let mut v = input.clone();
        let bad = input[LONG / 2];
        let result = catch_unwind(AssertUnwindSafe(|| {
            pool.install(|| {
                v.par_sort_by_cached_key(|&x| {
                    if x == bad {
                        resume_unwind(Box::new("on purpose"));
                    }
                    x
                });
            });
        }));
        assert!(result.is_err());
        assert_eq!(v, input);
    }
}

#[test]
fn cached_keys_are_made_once() {
    let calls = AtomicUsize::new(0);
    let mut v: Vec<u32> = random(LONG, 4).collect();
    pool(2).install(|| {
        v.par_sort_by_cached_key(|x| {
            calls.fetch_add(1, Memory::Relaxed);
            x.to_string()
        });
    });
    assert_eq!(calls.into_inner(), LONG);
    assert!(v.is_sorted_by_key(u32::to_string));
}
