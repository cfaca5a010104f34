//! A pool at rest: how fast it gets up, and what it costs while it sleeps.
//!
//! The cost is not a time to be sampled: a line on stderr gives the CPU seconds that the whole
//! process used over two seconds of rest.

// `criterion_group!` makes a function without docs.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyhands::Pool;
use std::thread;
use std::time::{Duration, Instant};

/// A time long enough for every worker to go to sleep.
const REST: Duration = Duration::from_millis(2);

fn benches(c: &mut Criterion) {
    for threads in [1, 2] {
        let pool = Pool::builder()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let mut group = c.benchmark_group("idle");
        group.bench_function(BenchmarkId::new("spawn after rest", threads), |b| {
            b.iter_custom(|rounds| {
                (0..rounds)
                    .map(|_| {
                        thread::sleep(REST);
                        let spawned = Instant::now();
                        let first_poll = pool.spawn(async { Instant::now() });
                        let first_poll = pool.block_on(first_poll).expect("the task ends well");
                        first_poll - spawned
                    })
                    .sum()
            });
        });
        group.finish();
        at_rest(threads);
        drop(pool);
    }
}

/// Prints the CPU seconds of this process while there is nothing to do.
fn at_rest(threads: usize) {
    let span = Duration::from_secs(if std::env::args().any(|arg| arg == "--test") {
        0
    } else {
        2
    });
    let before = cpu_seconds();
    thread::sleep(span);
    if let (Some(before), Some(after)) = (before, cpu_seconds()) {
        eprintln!(
            "idle/CPU at rest/{threads}: {:.3} s over {} s",
            after - before,
            span.as_secs()
        );
    }
}

/// The CPU seconds that the process has used so far, from the scheduler's account of each of its
/// threads.
fn cpu_seconds() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let account = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += account.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
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
