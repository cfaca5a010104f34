//! Scopes: an empty one, and many small jobs in one.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyhands::{Pool, scope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn benches(c: &mut Criterion) {
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("scope");
        group.bench_function(BenchmarkId::new("empty", threads), |b| {
            pool.install(|| b.iter(|| scope(|_| ())));
        });
        group.bench_function(BenchmarkId::new("1000 jobs", threads), |b| {
            pool.install(|| b.iter(|| thousand(&AtomicU64::new(0))));
        });
        group.bench_function(BenchmarkId::new("1000 jobs from outside", threads), |b| {
            b.iter(|| pool.scope(|_| thousand(&AtomicU64::new(0))));
        });
        group.finish();
    }
}

fn thousand(ran: &AtomicU64) {
    scope(|scope| {
        for _ in 0..1000 {
            // Ordering: Relaxed; the end of the scope orders it before the check below.
            scope.spawn(|_| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    // Ordering: Relaxed, as above.
    assert_eq!(ran.load(Ordering::Relaxed), 1000);
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
