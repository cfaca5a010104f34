//! Sorts give what std's sorts give; and whatever a comparison does, no item is lost.

use crate::util::{Census, Counted, pool, watched};
use manyhands::Pool;
use manyhands::prelude::*;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering as Memory};

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

#[test]
fn patterns() {
    let len = LONG as u32;
    check_all(&numbered(0..len));
    check_all(&numbered((0..len).rev()));
    check_all(&numbered((0..len).map(|_| 7)));
    check_all(&numbered((0..len / 2).chain((0..len / 2).rev())));
    check_all(&numbered((0..len / 2).rev().chain(0..len / 2)));
    check_all(&numbered((0..len).map(|x| x % 100)));
    // Long sorted pieces, and some items in wrong places.
    check_all(&numbered((0..len).map(|x| x.rotate_right(8))));
    check_all(&numbered(
        (0..len).map(|x| if x % 1_000 == 3 { 5_000 } else { x }),
    ));
}

#[test]
fn lengths_about_the_shortest_piece() {
    for len in [0, 1, 2, 2_047, 2_048, 2_049, 4_096, 4_097, 6_145, 8_191] {
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
    _counted: Counted,
}

type Sort = fn(&mut [Item], &(dyn Fn(&Item, &Item) -> Ordering + Sync));

const SORTS: [Sort; 2] = [
    |v, compare| v.par_sort_by(compare),
    |v, compare| v.par_sort_unstable_by(compare),
];

/// Sorts items with a comparison that is told how many there have been before it; all
/// items must be there afterwards. Returns how many comparisons there were.
fn survives(
    pool: &Pool,
    sort: Sort,
    compare: impl Fn(u32, &Item, &Item) -> Ordering + Sync,
) -> u32 {
    let census = Census::default();
    let mut items: Vec<Item> = random(LONG, 3)
        .zip(0..)
        .map(|(key, number)| Item {
            key,
            number,
            looked_at: 0.into(),
            _counted: census.make(),
        })
        .collect();
    let calls = AtomicU32::new(0);
    let looks = AtomicUsize::new(0);
    let counting = |a: &Item, b: &Item| {
        for item in [a, b] {
            item.looked_at.set(item.looked_at.get() + 1);
            looks.fetch_add(1, Memory::Relaxed);
        }
        compare(calls.fetch_add(1, Memory::Relaxed), a, b)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        pool.install(|| sort(&mut items, &counting))
    }));
    assert_eq!(census.dropped(), 0);
    let seen: usize = items.iter().map(|item| item.looked_at.get() as usize).sum();
    assert_eq!(seen, looks.into_inner(), "a comparison was forgotten");
    items.sort_by_key(|item| item.number);
    assert!(items.iter().map(|item| item.number).eq(0..LONG));
    drop(items);
    census.assert_all_dropped(LONG);
    calls.into_inner()
}

#[test]
fn a_panic_in_a_comparison_loses_nothing() {
    watched(|| {
        for (pool, sort) in POOLS.iter().flat_map(|p| SORTS.map(|s| (p, s))) {
            let all = survives(pool, sort, |_, a, b| a.key.cmp(&b.key));
            // About every phase: a prime step, so that it falls anywhere.
            let early = 0..20;
            let rest = (20..all).step_by(all as usize / 23 + 1);
            for bad in early.step_by(4).chain(rest).chain(all - 6..all) {
                survives(pool, sort, |call, a, b| {
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
        for (pool, sort) in POOLS.iter().flat_map(|p| SORTS.map(|s| (p, s))) {
            survives(pool, sort, |_, _, _| Ordering::Less);
            survives(pool, sort, |_, _, _| Ordering::Greater);
            survives(pool, sort, |_, _, _| Ordering::Equal);
            survives(pool, sort, |call, _, _| {
                (call.wrapping_mul(0x9E37_79B9) >> 30).cmp(&1)
            });
            survives(pool, sort, |call, a, b| match call % 7 {
                0 => b.key.cmp(&a.key),
                _ => a.key.cmp(&b.key),
            });
            survives(pool, sort, |_, a, b| (a.key % 3).cmp(&((b.key + 1) % 3)));
        }
    });
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
