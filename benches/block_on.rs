//! The cost of `block_on`: of a ready future, and of one that wakes itself once.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyhands::Pool;
use std::hint::black_box;
use std::task::Poll;
use std::time::Duration;

async fn one_wake() {
    let mut woken = false;
    std::future::poll_fn(|context| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn benches(c: &mut Criterion) {
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("block_on");
        group.bench_function(BenchmarkId::new("ready", threads), |b| {
            b.iter(|| pool.block_on(async { black_box(1) }));
        });
        group.bench_function(BenchmarkId::new("one wake", threads), |b| {
            b.iter(|| pool.block_on(one_wake()));
        });
        group.bench_function(BenchmarkId::new("ready, on a worker", threads), |b| {
            pool.install(|| b.iter(|| manyhands::block_on(async { black_box(1) })));
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
