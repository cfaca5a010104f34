//! A loop that nobody awaits any more stops by itself.
//!
//! ```text
//! cargo run --release --example cancel
//! ```
//!
//! Two searches race for a number whose Collatz sequence is long: one goes through small numbers,
//! the other through a range that would take hours. What to observe: the program ends when the
//! first search ends. `select` drops the future of the loser. Its loop is `cancellable`, and is left at its
//! next check.

use futures::future::{Either, select};
use manyhands::cancellable;
use manyhands::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

fn main() {
    let start = Instant::now();
    let looked_at = Arc::new(AtomicU64::new(0));
    manyhands::block_on(async {
        let quick = search(1..3_000_000, Arc::default());
        let endless = search(1 << 40..1 << 50, Arc::clone(&looked_at));
        let (found, name) = match select(quick, endless).await {
            Either::Left((found, _dropped)) => (found, "the small numbers"),
            Either::Right((found, _dropped)) => (found, "the large numbers"),
        };
        let (steps, number) = found;
        println!(
            "{name} won: {number} takes {steps} steps ({:?})",
            start.elapsed()
        );
    });
    // The loop has stopped, or stops within a chunk: wait until the count stands still.
    let mut before = u64::MAX;
    let mut now = looked_at.load(Ordering::Relaxed);
    while before != now {
        std::thread::sleep(std::time::Duration::from_millis(50));
        (before, now) = (now, looked_at.load(Ordering::Relaxed));
    }
    println!(
        "the other search stopped after {now} of {} numbers",
        (1_u64 << 50) - (1 << 40)
    );
}

/// Searches the range for the number with the longest sequence. Starts when polled, stops when
/// dropped.
fn search(range: Range<u64>, looked_at: Arc<AtomicU64>) -> manyhands::Compute<(u32, u64)> {
    manyhands::compute(move || {
        let longest = range.into_par_iter().map(|number| {
            looked_at.fetch_add(1, Ordering::Relaxed);
            (steps(number), number)
        });
        // Nobody sees what a loser returns.
        let longest = cancellable(|| longest.max()).ok().flatten();
        longest.unwrap_or_default()
    })
}

fn steps(mut n: u64) -> u32 {
    let mut steps = 0;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}
