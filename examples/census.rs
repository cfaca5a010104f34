//! A census of source code: files, bytes, lines, words and identifiers per language, and the most
//! frequent identifiers.
//!
//! ```text
//! cargo run --release --example census [PATH...] [--threads N] [--top K] [--verify]
//! ```
//!
//! One pool does it all: futures walk the directories and fetch the files in batches, and parallel
//! loops inside those futures count. What to observe in the last table: each thread of the pool is
//! busy to the end, near 100 %, even if the tree is deep, or one huge file.

use indicatif::{ProgressBar, ProgressStyle};
use manyhands::{Pool, SeatMetrics};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

#[path = "census/count.rs"]
mod count;
#[path = "census/files.rs"]
mod files;
#[path = "census/options.rs"]
mod options;
#[path = "census/tally.rs"]
mod tally;

use count::{count, find};
use options::Options;
use tally::Tally;

/// The highest number of threads that list directories and read files, and so of open files.
const READERS: usize = 8;

fn main() -> ExitCode {
    let options = Options::from_args();
    let pool = Pool::builder()
        .num_threads(options.threads)
        .max_blocking_threads(READERS)
        .build();
    let pool = pool.unwrap_or_else(|error| options::fail(&error.to_string()));

    let (before, start) = (pool.metrics(), Instant::now());
    let tally = pool.block_on(census(&options.paths, 2 * pool.current_num_threads()));
    let (after, seconds) = (pool.metrics(), start.elapsed().as_secs_f64());
    let mut out = io::stdout().lock();
    // An error means that the reader has gone (`census | head`): no harm in that.
    let _ = tally.report(&mut out, options.top, seconds);
    let _ = report_workers(&mut out, &before.seats, &after.seats, seconds);
    if options.verify {
        let start = Instant::now();
        if let Err(difference) = tally.compare(&Tally::sequential(&options.paths)) {
            eprintln!("census: verification failed: {difference}");
            return ExitCode::FAILURE;
        }
        let sequential = start.elapsed().as_secs_f64();
        let gain = sequential / seconds;
        let _ = writeln!(
            out,
            "\nverified: a sequential census agrees ({sequential:.3} s, {gain:.2}x)"
        );
    }
    ExitCode::SUCCESS
}

/// The whole job. With more `lanes` than threads, some of them read while others count.
async fn census(roots: &[PathBuf], lanes: usize) -> Tally<String> {
    let mut found = find(roots).await;
    let files = found.take_files();
    let progress = ProgressBar::new(files.iter().map(|file| file.size).sum()); // if on a terminal
    progress.set_style(ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}").unwrap());
    let bar = progress.clone();
    let mut total = count(files, lanes, move |bytes| bar.inc(bytes)).await;
    progress.finish_and_clear();
    for (reason, count) in found.skipped {
        *total.skipped.entry(reason).or_default() += count;
    }
    total
}

/// Reports how much of the time the threads were awake: counting, or looking for work. The pool
/// keeps as many threads awake as it has workers, though not always the same ones. A worker that
/// waits for the other half of a loop sleeps, and another thread takes its place.
fn report_workers(
    out: &mut impl Write,
    before: &[SeatMetrics],
    after: &[SeatMetrics],
    seconds: f64,
) -> io::Result<()> {
    writeln!(
        out,
        "\n{:<14} {:>12} {:>12} {:>12}",
        "thread", "busy %", "jobs", "steals"
    )?;
    let mut row = |name: &str, [busy, jobs, steals]: [f64; 3]| {
        writeln!(out, "{name:<14} {busy:>12.1} {jobs:>12} {steals:>12}")
    };
    let (mut others, mut total) = ([0.0; 3], [0.0; 3]);
    for now in after {
        let then = before.iter().find(|then| then.index == now.index);
        let since = |what: fn(&SeatMetrics) -> f64| what(now) - then.map_or(0.0, what);
        let numbers = [
            100.0 * since(|metrics| metrics.awake().as_secs_f64()) / seconds,
            since(|metrics| metrics.jobs as f64),
            since(|metrics| metrics.steals as f64),
        ];
        let add = |sum: &mut [f64; 3]| sum.iter_mut().zip(numbers).for_each(|(s, n)| *s += n);
        add(&mut total);
        // The pool began with its workers; the main thread and spare threads came later.
        match then {
            Some(_) => row(&format!("worker {}", now.index), numbers)?,
            None => add(&mut others),
        }
    }
    row(&format!("{} others", after.len() - before.len()), others)?;
    row("total", total)
}
