//! Runs a loom model, and fails it if loom did not see every execution, or saw only one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The time after which a model counts as cut off.
const LIMIT: Duration = Duration::from_secs(300);

/// Explores every interleaving of `f` with at most `LOOM_MAX_PREEMPTIONS` (default 3) preemptions.
///
/// Loom returns success when it runs into its own time limit; this wrapper does not. A model that
/// was cut off fails, and so does one that has a single execution. The wrapper prints the number of
/// executions.
pub(crate) fn check(name: &str, f: impl Fn() + Sync + Send + 'static) {
    check_within(usize::MAX, name, f);
}

/// As [`check`], for a model too large for that: with at most `bound` preemptions.
pub(crate) fn check_within(bound: usize, name: &str, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let preemptions = builder.preemption_bound.unwrap_or(3).min(bound);
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 50_000;
    builder.max_duration = Some(LIMIT);
    // The time is checked this often, so that the limit is not overrun by minutes.
    builder.checkpoint_interval = 1_000;
    let executions = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&executions);
    let start = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        f();
    });
    let took = start.elapsed();
    assert!(
        took < LIMIT,
        "model {name} was cut off after {} executions: make it smaller",
        executions.load(Ordering::Relaxed)
    );
    // Loom remembers only the last access to each object. An access that hides the others' leaves
    // nothing to try in another order.
    assert!(
        executions.load(Ordering::Relaxed) > 1,
        "model {name} has a single execution, so it tests nothing that a test would not"
    );
    println!(
        "model {name}: {} executions in {:.1} s, preemption bound {preemptions}",
        executions.load(Ordering::Relaxed),
        took.as_secs_f64(),
    );
}
