//! Quicksort: a join at each level, and the standard library's sort for short pieces.
//!
//! Not an `impl Work`, because it changes its input: every run gets a fresh copy, off the clock.

use super::{Chili, ForkJoin, ManyHands, Rayon, Sequential, every_subject};
use crate::measure::{Make, Row, Sample, Sampled};
use std::sync::{Arc, Mutex};

#[cfg(feature = "forte")]
use super::Forte;

/// Shorter pieces are not split.
const CUT_OFF: usize = 1 << 10;

/// What all subjects of a row share.
pub struct Numbers {
    unsorted: Vec<u32>,
    /// What is sorted. Only one subject runs at a time.
    copy: Mutex<Vec<u32>>,
}

impl Numbers {
    pub fn new(count: usize) -> Self {
        // A round of xorshift.
        let mut state = 0x9e37_79b9_u32;
        let unsorted: Vec<u32> = (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state
            })
            .collect();
        let copy = Mutex::new(unsorted.clone());
        Self { unsorted, copy }
    }
}

fn quicksort<P: ForkJoin>(numbers: &mut [u32], scope: &mut P::Scope<'_>) {
    if numbers.len() <= CUT_OFF {
        numbers.sort_unstable();
        return;
    }
    let middle = partition(numbers);
    let (low, high) = numbers.split_at_mut(middle);
    // The pivot, which `high` begins with, is in place.
    let high = &mut high[1..];
    P::join(
        scope,
        |scope| quicksort::<P>(low, scope),
        |scope| quicksort::<P>(high, scope),
    );
}

/// Puts what is less than a pivot before it; returns where the pivot is. Without a branch on the
/// numbers, so that it does not measure mispredictions.
fn partition(numbers: &mut [u32]) -> usize {
    let last = numbers.len() - 1;
    numbers.swap(median_of_three(numbers), last);
    let (pivot, others) = numbers.split_last_mut().expect("more than the cut-off");
    let mut less = 0;
    for at in 0..others.len() {
        let smaller = others[at] < *pivot;
        others.swap(less, at);
        less += usize::from(smaller);
    }
    numbers.swap(less, last);
    less
}

fn median_of_three(numbers: &[u32]) -> usize {
    let mut places = [0, numbers.len() / 2, numbers.len() - 1];
    places.sort_unstable_by_key(|&place| numbers[place]);
    places[1]
}

/// A number that depends on every place.
fn fingerprint(numbers: &[u32]) -> u64 {
    assert!(numbers.is_sorted(), "sorted");
    numbers.iter().zip(1..).fold(0, |sum: u64, (&number, nth)| {
        sum.wrapping_add(u64::from(number).wrapping_mul(nth))
    })
}

/// Each run sorts a fresh copy.
pub fn sort<P: ForkJoin>(numbers: &Arc<Numbers>, threads: usize) -> (&'static str, Make) {
    let numbers = Arc::clone(numbers);
    let make = move || -> Sample {
        let pool = P::pool(threads);
        let numbers = Arc::clone(&numbers);
        Box::new(move |repeats| {
            let before = P::steals(&pool);
            let mut copy = numbers.copy.lock().expect("nobody panics with the lock");
            let mut sampled = Sampled::default();
            for _ in 0..repeats {
                copy.copy_from_slice(&numbers.unsorted);
                let copy = &mut copy[..];
                let sampled = &mut sampled;
                P::inside(&pool, |scope| {
                    sampled.add(|| {
                        quicksort::<P>(copy, scope);
                        0
                    });
                });
            }
            sampled.result = fingerprint(&copy);
            sampled.with_steals(before, P::steals(&pool))
        })
    };
    (P::NAME, Box::new(make))
}

pub fn row_sort(name: &str, count: usize, threads: usize) -> Row {
    Row {
        name: name.to_owned(),
        unit: "number",
        units: count as u64,
        subjects: every_subject!(sort, Arc::new(Numbers::new(count)), threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sorts() {
        for threads in [1, 2] {
            let mut expected = Numbers::new(50_000).unsorted;
            expected.sort_unstable();
            for (name, make) in row_sort("sort", 50_000, threads).subjects {
                assert_eq!(make()(2).result, fingerprint(&expected), "{name}");
            }
        }
    }

    #[test]
    fn many_equal_numbers_are_sorted() {
        let mut numbers = vec![5; 3000];
        numbers.extend([1, 9, 3]);
        quicksort::<Sequential>(&mut numbers, &mut ());
        assert!(numbers.is_sorted());
    }
}
