//! The cost of a `join`: inside the pool, and called by a thread outside it.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyhands::{Pool, join};
use std::hint::black_box;
use std::time::Duration;

struct Node {
    value: u64,
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

fn tree(levels: u32) -> Option<Box<Node>> {
    let mut node = Box::new(Node {
        value: 1,
        left: None,
        right: None,
    });
    if levels > 1 {
        node.left = tree(levels - 1);
        node.right = tree(levels - 1);
    }
    Some(node)
}

fn sum(node: Option<&Node>) -> u64 {
    let Some(node) = node else { return 0 };
    let (left, right) = join(|| sum(node.left.as_deref()), || sum(node.right.as_deref()));
    node.value + left + right
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

fn benches(c: &mut Criterion) {
    let tree = tree(10);
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("join");
        group.bench_function(BenchmarkId::new("tree 2^10", threads), |b| {
            pool.install(|| b.iter(|| sum(black_box(tree.as_deref()))));
        });
        group.bench_function(BenchmarkId::new("fib 20", threads), |b| {
            pool.install(|| b.iter(|| fib(black_box(20))));
        });
        group.bench_function(BenchmarkId::new("tree 2^10 from outside", threads), |b| {
            b.iter(|| pool.join(|| sum(black_box(tree.as_deref())), || ()));
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
