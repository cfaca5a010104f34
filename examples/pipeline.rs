//! A pipeline of tasks over bounded channels: find files, read them, count in parallel, add up.
//!
//! ```text
//! cargo run --release --example pipeline [PATH...] [--threads N] [--top K] [--verify]
//! ```
//!
//! It counts what the example `census` counts, but each stage is one task that knows nothing of the
//! others: it takes from a channel and sends to the next. One pool runs all stages, and the
//! parallel loop of the stage `count` is called right inside its task. What to observe: the totals
//! are right with any number of threads, even with one. And memory stays bounded, because a stage
//! that is too fast for the next one waits for it.

use futures::channel::mpsc::{Receiver, Sender, channel};
use futures::{SinkExt, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use manyhands::{Pool, prelude::*, spawn, spawn_blocking};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

#[allow(dead_code, reason = "the census reads large files in pieces")]
#[path = "census/files.rs"]
mod files;
#[path = "census/options.rs"]
mod options;
#[path = "census/tally.rs"]
mod tally;

use files::{Found, Skip, SourceFile};
use options::Options;
use tally::Tally;

/// The capacity of a channel, in files that are found or read.
const CAPACITY: usize = 64;

/// The number of files that are read at the same time.
const READERS: usize = 8;

/// A file that was read: its language, and its text or why there is none.
type Text = (&'static str, Result<String, Skip>);

fn main() -> ExitCode {
    let options = Options::from_args();
    let pool = Pool::builder().num_threads(options.threads).build();
    let pool = pool.unwrap_or_else(|error| options::fail(&error.to_string()));

    let start = Instant::now();
    let total = pool.block_on(pipeline(options.paths.clone()));
    let seconds = start.elapsed().as_secs_f64();
    // An error means that the reader has gone (`pipeline | head`): no harm in that.
    let _ = total.report(&mut io::stdout().lock(), options.top, seconds);
    if options.verify {
        if let Err(difference) = total.compare(&Tally::sequential(&options.paths)) {
            eprintln!("pipeline: verification failed: {difference}");
            return ExitCode::FAILURE;
        }
        println!("verified: a sequential count agrees");
    }
    ExitCode::SUCCESS
}

async fn pipeline(roots: Vec<PathBuf>) -> Tally<String> {
    let (found, to_read) = channel(CAPACITY);
    let (read, to_count) = channel(CAPACITY);
    let (counted, to_add) = channel(1);
    let find = spawn(find(roots, found));
    let stages = [
        spawn(read_all(to_read, read)),
        spawn(count(to_count, counted)),
    ];
    let mut total = add_up(to_add).await;
    for stage in stages {
        stage.await.expect("a stage does not panic");
    }
    for (reason, count) in find.await.expect("the walk does not panic") {
        *total.skipped.entry(reason).or_default() += count;
    }
    total
}

/// Walks the directories, and sends the files. Returns how many entries were skipped, and why.
async fn find(mut roots: Vec<PathBuf>, mut files: Sender<SourceFile>) -> HashMap<Skip, u64> {
    // A root inside another root would be walked twice.
    roots.sort_unstable();
    roots.dedup_by(|path, before| path.starts_with(before));
    let mut found = Found::default();
    let mut dirs = found.sort_out(&roots);
    loop {
        for file in found.take_files() {
            files.send(file).await.expect("the next stage takes all");
        }
        let Some(dir) = dirs.pop() else {
            return found.skipped;
        };
        let listed = spawn_blocking(move || (found.list(&dir), found));
        let inside;
        (inside, found) = listed.await.expect("listing does not panic");
        dirs.extend(inside);
    }
}

/// Reads files on threads that may block, several at a time.
async fn read_all(files: Receiver<SourceFile>, mut texts: Sender<Text>) {
    let mut reads = files
        .map(|file| spawn_blocking(move || file.fetch()))
        .buffered(READERS);
    while let Some(text) = reads.next().await {
        let text = text.expect("reading does not panic");
        texts.send(text).await.expect("the next stage takes all");
    }
}

/// Counts all texts that are there, in parallel, while other stages fetch more.
async fn count(texts: Receiver<Text>, mut tallies: Sender<Tally<String>>) {
    let progress = ProgressBar::new_spinner(); // if on a terminal
    progress.set_style(ProgressStyle::with_template("{elapsed} {pos} files, {per_sec}").unwrap());
    let mut batches = texts.ready_chunks(CAPACITY);
    while let Some(batch) = batches.next().await {
        let counted = batch.par_iter().fold(Tally::default, Tally::with_file);
        let tally = counted.reduce(Tally::default, Tally::merge);
        // The texts end here: the next stage gets identifiers of its own.
        let tally = Tally::default().merge(tally);
        tallies.send(tally).await.expect("the next stage takes all");
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
}

/// Adds up the tallies of all batches.
async fn add_up(mut tallies: Receiver<Tally<String>>) -> Tally<String> {
    let mut total = Tally::default();
    while let Some(tally) = tallies.next().await {
        total = total.merge(tally);
    }
    total
}
