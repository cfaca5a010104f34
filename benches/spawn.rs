//! The cost of a spawned future, from its spawn to its awaited result.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyhands::{JoinHandle, Pool};
use std::time::Duration;

const MANY: u64 = 10_000;

async fn sum(handles: Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("the task ends well");
    }
    sum
}

fn benches(c: &mut Criterion) {
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("spawn");
        group.bench_function(BenchmarkId::new("one", threads), |b| {
            b.iter(|| pool.block_on(pool.spawn(async { 1 })));
        });
        group.bench_function(BenchmarkId::new("10k from a task", threads), |b| {
            b.iter(|| {
                let all = pool.spawn(async {
                    sum((0..MANY).map(|_| manyhands::spawn(async { 1 })).collect()).await
                });
                assert_eq!(pool.block_on(all).expect("the task ends well"), MANY);
            });
        });
        group.bench_function(BenchmarkId::new("10k from outside", threads), |b| {
            b.iter(|| {
                let handles = (0..MANY).map(|_| pool.spawn(async { 1 })).collect();
                assert_eq!(pool.block_on(sum(handles)), MANY);
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = group;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(group);
