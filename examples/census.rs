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
use manyhands::{JoinHandle, Pool, SeatMetrics, prelude::*, spawn, spawn_blocking};
use std::io::{self, Write};
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[path = "census/files.rs"]
mod files;
#[path = "census/options.rs"]
mod options;
#[path = "census/tally.rs"]
mod tally;

use files::{Found, Skip, SourceFile, next_piece};
use options::Options;
use tally::Tally;

/// The size of a batch in bytes. Small files are fetched together up to this size, larger ones in
/// pieces of it. A lane holds one batch at a time: that bounds the memory in use, however large the
/// tree is.
const BATCH: u64 = 1 << 20;

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
    let mut found = Found::default();
    let dirs = found.sort_out(roots);
    walk_all(dirs, &mut found).await;
    let mut files = found.take_files();
    // Lanes take from the end, so large files come first: none is left for last.
    files.sort_by_key(|file| file.size);
    let progress = ProgressBar::new(files.iter().map(|file| file.size).sum()); // if on a terminal
    progress.set_style(ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}").unwrap());
    let files = Arc::new(Mutex::new(files));
    let new_lane = |_| spawn(lane(Arc::clone(&files), progress.clone()));
    let lanes: Vec<_> = (0..lanes).map(new_lane).collect();
    let mut total = Tally::default();
    total.skipped = found.skipped;
    for lane in lanes {
        total = total.merge(lane.await.expect("a lane does not panic"));
    }
    progress.finish_and_clear();
    total
}

/// Walks one directory as a task. (Not an `async fn`: the type of a future cannot contain itself,
/// and the future of a walk spawns walks.)
fn walk(dir: PathBuf) -> JoinHandle<Found> {
    spawn(async move {
        let mut found = Found::default();
        let dirs;
        (dirs, found) = blocking(move || (found.list(&dir), found)).await;
        walk_all(dirs, &mut found).await;
        found
    })
}

async fn walk_all(dirs: Vec<PathBuf>, found: &mut Found) {
    let walks: Vec<_> = dirs.into_iter().map(walk).collect();
    for walk in walks {
        found.merge(walk.await.expect("a walk does not panic"));
    }
}

/// Fetches batches and counts them until no file is left.
async fn lane(files: Arc<Mutex<Vec<SourceFile>>>, progress: ProgressBar) -> Tally<String> {
    let mut total = Tally::default();
    loop {
        let mut batch = next_batch(&mut files.lock().unwrap());
        let bytes = batch.iter().map(|file| file.size).sum();
        if bytes > BATCH {
            match count_large(batch.remove(0)).await {
                Ok(tally) => total = total.merge(tally),
                Err(reason) => total.skip(reason),
            }
        } else if !batch.is_empty() {
            let texts =
                blocking(move || batch.iter().map(SourceFile::fetch).collect::<Vec<_>>()).await;
            let counted = texts.par_iter().fold(Tally::default, Tally::with_file);
            total = total.merge(counted.reduce(Tally::default, Tally::merge));
        } else {
            return total;
        }
        progress.inc(bytes);
    }
}

/// Runs a closure on a thread that may block, while this thread does something else.
///
/// `block_in_place` would do without the change of threads. But a future that never awaits never
/// gives its core back. When the file is read, its thread computes beside the one that took over,
/// and the pool runs more threads than it should.
async fn blocking<R: Send + 'static>(read: impl FnOnce() -> R + Send + 'static) -> R {
    spawn_blocking(read).await.expect("reading does not panic")
}

/// Takes small files up to the size of a batch, or one large file.
fn next_batch(files: &mut Vec<SourceFile>) -> Vec<SourceFile> {
    let mut bytes = 0;
    let fits = |file: &&SourceFile| {
        bytes += file.size.max(4096); // empty files cost time too
        bytes <= BATCH
    };
    let count = files.iter().rev().take_while(fits).count().max(1);
    files.split_off(files.len().saturating_sub(count))
}

/// A file that is read in pieces of whole lines, each of which a parallel loop counts.
async fn count_large(file: SourceFile) -> Result<Tally<String>, Skip> {
    let mut total = Tally::default();
    let language = file.language;
    let mut reader = blocking(move || file.open()).await?;
    loop {
        let text;
        (text, reader) = blocking(move || (next_piece(&mut reader, BATCH), reader)).await;
        let text = text?;
        if text.is_empty() {
            total.add(language, [1, 0, 0, 0, 0]);
            return Ok(total);
        }
        total.add(language, [0, text.len() as u64, 0, 0, 0]);
        let count = |tally: Tally<_>, line| tally.with_lines(language, iter::once(line));
        let counted = text.par_lines().fold(Tally::default, count);
        total = total.merge(counted.reduce(Tally::default, Tally::merge));
    }
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
