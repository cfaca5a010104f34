//! Waking: tasks that talk to each other, and tasks that yield.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::channel::oneshot;
use manyhands::{JoinHandle, Pool, spawn};
use std::time::Duration;

async fn all(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        handle.await.expect("the task ends well");
    }
}

async fn ping_pong() {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    let other = spawn(async move {
        pinged.await.expect("a ping");
        pong.send(()).expect("somebody waits");
    });
    ping.send(()).expect("somebody waits");
    ponged.await.expect("a pong");
    other.await.expect("the task ends well");
}

async fn yield_often() {
    for _ in 0..1000 {
        manyhands::task::yield_now().await;
    }
}

fn benches(c: &mut Criterion) {
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("wake");
        group.bench_function(BenchmarkId::new("ping-pong 1k", threads), |b| {
            b.iter(|| {
                pool.block_on(pool.spawn(async {
                    all((0..1000).map(|_| spawn(ping_pong())).collect()).await;
                }))
                .expect("the task ends well");
            });
        });
        group.bench_function(BenchmarkId::new("yield 200 x 1000", threads), |b| {
            b.iter(|| {
                pool.block_on(pool.spawn(async {
                    all((0..200).map(|_| spawn(yield_often())).collect()).await;
                }))
                .expect("the task ends well");
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = group;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(group);
