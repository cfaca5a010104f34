//! Tests of the parts of the sorts, under a script: no threads, every outcome of every fork.

use super::copy::copy_back;
use super::merge::merge;
use super::merge_in_place::merge_in_place;
use super::partition::{partition, partition_shared};
use super::quick::conquer;
use super::runs::leading_run;
use super::{nearly, stable, strays, unstable};
use crate::iter::plumbing::fork::script::{Script, play};
use crate::iter::plumbing::tests::scripts;
use proptest::prelude::*;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers with one of five patterns, which `kind` names.
fn numbers(kind: u32, len: usize, seed: u64) -> Vec<u64> {
    let mut x = seed | 1;
    let mut random = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let pattern = |n: u64, random: u64| match kind {
        0 => random,
        1 => random % 16,
        2 => n,
        3 => u64::MAX - n,
        _ if random % 40 == 0 => random % len as u64,
        _ => n,
    };
    (0..len as u64).map(|n| pattern(n, random())).collect()
}

const KINDS: u32 = 5;

fn less(a: &(u64, usize), b: &(u64, usize)) -> bool {
    a.0 < b.0
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    #[test]
    fn sorts_agree_with_std(
        script in scripts(),
        kinds in (0..KINDS, 0..KINDS),
        lens in (0..60_000_usize, 0..30_000_usize),
        seed: u64,
    ) {
        let mut input = numbers(kinds.0, lens.0, seed);
        input.extend(numbers(kinds.1, lens.1, seed ^ 5));
        let input: Vec<_> = input.into_iter().zip(0..).collect();
        let mut expected = input.clone();
        expected.sort_by_key(|item| item.0);
        let mut sorted = input.clone();
        play(script.clone(), || stable(&mut sorted, less));
        prop_assert!(sorted == expected);
        let mut sorted = input;
        play(script, || unstable(&mut sorted, less));
        prop_assert!(sorted.is_sorted_by_key(|item| item.0));
        sorted.sort();
        prop_assert!(sorted == expected);
    }

    #[test]
    fn merges_agree_with_std(
        script in scripts(),
        kinds in (0..KINDS, 0..KINDS),
        lens in (0..20_000_usize, 0..20_000_usize),
        seed: u64,
    ) {
        let mut left = numbers(kinds.0, lens.0, seed);
        let mut right = numbers(kinds.1, lens.1, seed ^ 5);
        left.sort();
        right.sort();
        let mut both: Vec<_> = left.into_iter().chain(right).zip(0..).collect();
        let mut expected = both.clone();
        expected.sort_by_key(|item| item.0);

        let mut merged = both.clone();
        let mut buffer = vec![MaybeUninit::uninit(); both.len()];
        play(script.clone(), || {
            let (left, right) = merged.split_at_mut(lens.0);
            merge(left, right, &mut buffer, &less);
            // SAFETY: `merge` has promised that.
            unsafe { copy_back(&mut buffer, &mut merged) }
        });
        prop_assert!(merged == expected);

        play(script, || merge_in_place(&mut both, lens.0, &less));
        prop_assert!(both.is_sorted_by_key(|item| item.0));
        both.sort();
        prop_assert!(both == expected);
    }

    #[test]
    fn a_run_is_found(
        script in scripts(),
        run in 1..70_000_usize,
        rest in 0..20_000_usize,
        descends: bool,
    ) {
        let mut slice: Vec<usize> = (0..run).collect();
        // The next item continues the run in neither direction.
        slice.extend((0..rest).map(|n| if descends { 2 * run + n } else { n % 2 }));
        if descends {
            slice[..run].reverse();
        }
        // Single items go either way, and a rest that continues the run is a part of it.
        prop_assume!(run > 2);
        let found = play(script, || leading_run(&mut slice, 10_000, &|a, b| a < b)).0;
        prop_assert_eq!(found, run);
        prop_assert!(slice[..run].is_sorted());
    }

    #[test]
    fn a_partition_keeps_everything(
        items in prop::collection::vec(any::<u8>(), 0..300),
        pivot: u8,
    ) {
        // Small items and large ones are moved in different ways.
        let belongs_left = |item: &u8| *item < pivot;
        let mut small = items.clone();
        let mut large: Vec<[u8; 100]> = items.iter().map(|&item| [item; 100]).collect();
        let left = partition(&mut small, belongs_left);
        prop_assert_eq!(partition(&mut large, |item| belongs_left(&item[99])), left);
        let large: Vec<u8> = large.iter().map(|item| item[50]).collect();
        for mut parts in [small, large] {
            prop_assert!(parts[..left].iter().all(belongs_left));
            prop_assert!(!parts[left..].iter().any(belongs_left));
            parts.sort();
            let mut expected = items.clone();
            expected.sort();
            prop_assert_eq!(parts, expected);
        }
    }

    #[test]
    fn several_threads_partition(
        script in scripts(),
        items in prop::collection::vec(any::<u8>(), 0..300),
        mut pivots in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        pivots.sort();
        let mut parts = items.clone();
        let (least, greatest) = (pivots[0], pivots[pivots.len() - 1]);
        let (left, _) = play(script, || partition_shared(&mut parts, &mut pivots, &|a, b| a < b));
        prop_assert!(parts[..left].iter().all(|item| *item < greatest));
        prop_assert!(parts[left..].iter().all(|item| *item >= least));
        parts.sort();
        let mut expected = items;
        expected.sort();
        prop_assert_eq!(parts, expected);
    }

    #[test]
    fn strays_keep_their_order(
        script in scripts(),
        len in 1..400_usize,
        same in 1..9_u64,
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..30),
    ) {
        let mut keys: Vec<u64> = (0..len as u64).map(|n| n / same).collect();
        for (place, value) in wrong {
            *place.get_mut(&mut keys) = value % (2 + len as u64 / same);
        }
        let mut items: Vec<_> = keys.into_iter().zip(0..).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        if play(script, || put_back(&mut items, &less)).0 {
            prop_assert!(items == expected);
        }
    }

    #[test]
    fn nearly_sorted_slices_are_recognised(
        len in 1_000..20_000_usize,
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..20),
    ) {
        let mut slice = numbers(2, len, 0);
        for (place, value) in wrong {
            *place.get_mut(&mut slice) = value % (2 * len as u64);
        }
        let mut expected = slice.clone();
        expected.sort();
        let (done, _) = play(Script::default(), || nearly::sort(&mut slice, &|a, b| a < b, <[u64]>::sort));
        prop_assert!(done);
        prop_assert!(slice == expected);
    }
}

/// The stable sort of what is nearly in order. Says whether it was.
fn put_back<T: Send>(items: &mut [T], is_less: &(impl Fn(&T, &T) -> bool + Sync)) -> bool {
    let Some(spans) = strays::find(items, is_less) else {
        return false;
    };
    let mut buffer = Vec::with_capacity(items.len());
    let spare = &mut buffer.spare_capacity_mut()[..items.len()];
    stable::put_back(items, spare, &spans, is_less);
    true
}

#[test]
fn strays_are_found() {
    // One item of forty is anywhere.
    let mut slice = numbers(4, 40_000, 7);
    let (done, _) = play(Script::default(), || put_back(&mut slice, &|a, b| a < b));
    assert!(done && slice.is_sorted());
}

#[test]
fn a_panic_anywhere_among_strays_loses_nothing() {
    let keys: Vec<u64> = numbers(4, 120, 11).iter().map(|key| key / 3).collect();
    for bad in 0..1_500 {
        survives(&keys, Script::default(), bad, 0, |items, is_less| {
            assert!(put_back(items, &is_less));
        });
    }
}

#[test]
fn the_first_item_may_be_the_wrong_one() {
    let mut slice = numbers(2, 1_000, 0);
    slice[0] = 9;
    let (done, _) = play(Script::default(), || {
        nearly::sort(&mut slice, &|a, b| a < b, <[u64]>::sort)
    });
    assert!(done && slice.is_sorted());
}

/// An item whose comparison changes it, so that a stale copy is noticed.
struct Item {
    key: u64,
    number: usize,
    looked_at: Cell<usize>,
}

/// Runs `part` with a comparison that lies as `lie` says and panics at the call number `bad`.
/// Checks that all items are there afterwards.
fn survives(
    keys: &[u64],
    script: Script,
    bad: usize,
    lie: u64,
    part: impl FnOnce(&mut [Item], &(dyn Fn(&Item, &Item) -> bool + Sync)),
) {
    let items = keys.iter().zip(0..).map(|(&key, number)| Item {
        key,
        number,
        looked_at: Cell::new(0),
    });
    let mut items: Vec<Item> = items.collect();
    let calls = AtomicUsize::new(0);
    let is_less = |a: &Item, b: &Item| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        for item in [a, b] {
            item.looked_at.set(item.looked_at.get() + 1);
        }
        if call == bad {
            resume_unwind(Box::new("on purpose"));
        }
        match (call as u64).checked_rem(lie) {
            Some(0) => b.key < a.key,
            _ => a.key < b.key,
        }
    };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        play(script, || part(&mut items, &is_less));
    }));
    let looks: usize = items.iter().map(|item| item.looked_at.get()).sum();
    assert_eq!(looks, 2 * calls.into_inner(), "a comparison was forgotten");
    items.sort_by_key(|item| item.number);
    assert!(items.iter().map(|item| item.number).eq(0..keys.len()));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    #[test]
    fn no_part_loses_anything(
        script in scripts(),
        kinds in (0..KINDS, 0..KINDS),
        lens in (1..6_000_usize, 1..6_000_usize),
        seed: u64,
        bad in prop_oneof![0..100_usize, 0..20_000_usize, Just(usize::MAX)],
        lie in prop_oneof![Just(0_u64), Just(1), 2..9_u64, 100..2_000_u64],
    ) {
        let mut keys = numbers(kinds.0, lens.0, seed);
        keys.extend(numbers(kinds.1, lens.1, seed ^ 5));
        survives(&keys, script.clone(), bad, lie, |items, is_less| stable(items, is_less));
        survives(&keys, script.clone(), bad, lie, |items, is_less| unstable(items, is_less));
        survives(&keys, script.clone(), bad, lie, |items, is_less| {
            put_back(items, &is_less);
        });
        survives(&keys, script.clone(), bad, lie, |items, is_less| {
            nearly::sort(items, &is_less, |rest| conquer(rest, 3_000, &is_less));
        });
        survives(&keys, script.clone(), bad, lie, |items, is_less| {
            let (pivot, rest) = items.split_first_mut().expect("two or more");
            partition(rest, |item| is_less(item, pivot));
        });
        survives(&keys, script.clone(), bad, lie, |items, is_less| {
            let (pivots, rest) = items.split_at_mut(1.max(lens.0 / 1_000));
            partition_shared(rest, pivots, &is_less);
        });
        keys[..lens.0].sort();
        keys[lens.0..].sort();
        survives(&keys, script.clone(), bad, lie, |items, is_less| {
            merge_in_place(items, lens.0, &is_less);
        });
        survives(&keys, script, bad, lie, |items, is_less| {
            let mut buffer: Vec<MaybeUninit<Item>> = Vec::new();
            buffer.resize_with(items.len(), MaybeUninit::uninit);
            let (left, right) = items.split_at_mut(lens.0);
            merge(left, right, &mut buffer, &is_less);
            // SAFETY: `merge` has promised that.
            unsafe { copy_back(&mut buffer, items) }
        });
    }
}
