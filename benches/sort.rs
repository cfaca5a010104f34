//! The parallel sorts, and std's, over the same numbers and words.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion};
use criterion::{criterion_group, criterion_main, measurement::WallTime};
use manyhands::Pool;
use manyhands::prelude::*;
use std::time::Duration;

/// Numbers without an order (Steele's splitmix64).
fn numbers(len: u64) -> Vec<u64> {
    (1..=len)
        .map(|n| {
            let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^ (x >> 31)
        })
        .collect()
}

/// Measures one sort, on copies of `input`, in a pool of `threads` threads.
fn measure<T: Clone + Send + Sync>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    threads: usize,
    input: &[T],
    sort: impl Fn(&mut [T]) + Send + Sync,
) {
    let pool = Pool::builder()
        .num_threads(threads)
        .build()
        .expect("a pool");
    group.bench_function(BenchmarkId::new(name, threads), |b| {
        b.iter_batched_ref(
            || input.to_vec(),
            |v| pool.install(|| sort(v)),
            BatchSize::LargeInput,
        );
    });
}

fn inputs<T: Clone + Ord + Send + Sync>(c: &mut Criterion, name: &str, input: &[T]) {
    let mut group = c.benchmark_group(name);
    measure(&mut group, "std", 1, input, <[T]>::sort);
    measure(&mut group, "std unstable", 1, input, <[T]>::sort_unstable);
    for threads in [1, 2] {
        measure(&mut group, "par_sort", threads, input, |v| v.par_sort());
        measure(&mut group, "par_sort_unstable", threads, input, |v| {
            v.par_sort_unstable();
        });
    }
    group.finish();
}

fn benches(c: &mut Criterion) {
    let random = numbers(1_000_000);
    inputs(c, "sort 1M random", &random);
    inputs(c, "sort 20k random", &random[..20_000]);
    let sorted: Vec<u64> = (0..1_000_000).collect();
    inputs(c, "sort 1M sorted", &sorted);
    let few: Vec<u64> = random.iter().map(|x| x % 16).collect();
    inputs(c, "sort 1M of 16 values", &few);
    let words: Vec<String> = random[..100_000].iter().map(u64::to_string).collect();
    inputs(c, "sort 100k words", &words);
}

criterion_group! {
    name = group;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(800));
    targets = benches
}
criterion_main!(group);
