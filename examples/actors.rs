//! Actors that count source files: tasks with a state and a mailbox, and parallel loops inside.
//!
//! ```text
//! cargo run --release --example actors [PATH...] [--panic-every N] [--restarts N] [--verify] ...
//! ```
//!
//! It counts what the example `census` counts. *Counters* read a file and count it with a parallel
//! loop, right in the handler of the message. *Ledgers* add up. `--panic-every` puts a bug into the
//! counters: every Nth message that a counter handles makes it panic. What to observe: the totals
//! are right nevertheless. A supervisor starts the counter again, and the asking task is told and
//! asks once more. With too few `--restarts` the program says so and does not hang.

use futures::channel::oneshot;
use manyhands::task::JoinSet;
use manyhands::{JoinHandle, Pool, prelude::*, spawn_blocking};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

#[path = "actors/actor.rs"]
mod actor;
#[allow(dead_code, reason = "the census reads large files in pieces")]
#[path = "census/files.rs"]
mod files;
#[path = "census/options.rs"]
mod options;
#[path = "census/tally.rs"]
mod tally;

use actor::{Actor, Address, End, Failure, start};
use files::{Found, SourceFile};
use options::Options;
use tally::Tally;

/// The number of actors that count.
const COUNTERS: usize = 4;
/// The number of actors that add up.
const LEDGERS: usize = 2;

/// The capacity of a mailbox, in messages.
const MAILBOX: usize = 8;

/// The number of files under way at a time.
const UNDER_WAY: usize = 16;

/// The number of times that a file is given to counters that panic, before the program gives up.
const ATTEMPTS: usize = 20;

const USAGE: &str = "
  --panic-every N  every Nth message makes its counter panic (default: none does)
  --restarts N     how often each counter is started again (default: 1000)";

#[derive(Clone, Copy)]
struct Faults {
    /// Every how many messages a counter panics; 0 for never.
    panic_every: usize,
    restarts: usize,
}

fn main() -> ExitCode {
    let mut faults = Faults {
        panic_every: 0,
        restarts: 1000,
    };
    let args = faults.take(std::env::args_os().skip(1));
    let options = Options::from(args.into_iter(), USAGE);
    let pool = Pool::builder().num_threads(options.threads).build();
    let pool = pool.unwrap_or_else(|error| options::fail(&error.to_string()));

    let start = Instant::now();
    let counted = pool.block_on(count(options.paths.clone(), faults));
    let (total, restarts) = match counted {
        Ok(counted) => counted,
        Err(error) => {
            eprintln!("actors: {error}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    // An error means that the reader has gone (`actors | head`): no harm in that.
    let _ = total.report(&mut io::stdout().lock(), options.top, seconds);
    println!("restarts: {restarts}");
    if options.verify {
        if let Err(difference) = total.compare(&Tally::sequential(&options.paths)) {
            eprintln!("actors: verification failed: {difference}");
            return ExitCode::FAILURE;
        }
        println!("verified: a sequential count agrees");
    }
    ExitCode::SUCCESS
}

impl Faults {
    /// Takes the options for faults out of the arguments.
    fn take(&mut self, mut args: impl Iterator<Item = OsString>) -> Vec<OsString> {
        let mut others = Vec::new();
        while let Some(arg) = args.next() {
            let (name, place) = match arg.to_str() {
                Some(name @ "--panic-every") => (name, &mut self.panic_every),
                Some(name @ "--restarts") => (name, &mut self.restarts),
                _ => {
                    others.push(arg);
                    continue;
                }
            };
            *place = options::number(name, args.next()).unwrap_or_else(|e| options::fail(&e));
        }
        others
    }
}

/// An actor that reads files and counts them.
struct Counter {
    handled: usize,
    panic_every: usize,
}

struct Count {
    file: Arc<SourceFile>,
    answer: oneshot::Sender<Tally<String>>,
}

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, Count { file, answer }: Count) {
        self.handled += 1;
        if self.panic_every > 0 && self.handled % self.panic_every == 0 {
            panic!("a bug in the counter");
        }
        let language = file.language;
        let fetched = spawn_blocking(move || file.fetch().1).await;
        let mut total = Tally::default();
        match fetched.expect("reading does not panic") {
            Ok(text) => {
                total.add(language, [1, text.len() as u64, 0, 0, 0]);
                let lines = text.par_lines().fold(Tally::default, |tally, line| {
                    tally.with_lines(language, std::iter::once(line))
                });
                total = total.merge(lines.reduce(Tally::default, Tally::merge));
            }
            Err(reason) => total.skip(reason),
        }
        // The asking task may have gone.
        let _ = answer.send(total);
    }
}

/// An actor that adds up tallies.
struct Ledger(Tally<String>);

enum Entry {
    Add(Tally<String>),
    Close(oneshot::Sender<Tally<String>>),
}

impl Actor for Ledger {
    type Message = Entry;

    async fn handle(&mut self, entry: Entry) {
        match entry {
            Entry::Add(tally) => self.0 = std::mem::take(&mut self.0).merge(tally),
            Entry::Close(answer) => {
                let _ = answer.send(std::mem::take(&mut self.0));
            }
        }
    }
}

type Team<M> = (Vec<Address<M>>, Vec<JoinHandle<End>>);

/// The total, and how often a counter was started again.
async fn count(roots: Vec<PathBuf>, faults: Faults) -> Result<(Tally<String>, usize), String> {
    let make = move || Counter {
        handled: 0,
        panic_every: faults.panic_every,
    };
    let (counters, ends): Team<_> = (0..COUNTERS)
        .map(|_| start(MAILBOX, faults.restarts, make))
        .unzip();
    // A ledger that is started again would have lost its sums: better to have none.
    let (mut ledgers, _): Team<_> = (0..LEDGERS)
        .map(|_| start(MAILBOX, 0, || Ledger(Tally::default())))
        .unzip();

    let found = spawn_blocking(move || walk(&roots)).await;
    let mut found = found.expect("the walk does not panic");
    let mut under_way = JoinSet::new();
    for (number, file) in found.take_files().into_iter().enumerate() {
        if under_way.len() == UNDER_WAY {
            next(&mut under_way).await?;
        }
        let counter = counters[number % COUNTERS].clone();
        let ledger = ledgers[number % LEDGERS].clone();
        under_way.spawn(count_file(file, counter, ledger));
    }
    while !under_way.is_empty() {
        next(&mut under_way).await?;
    }

    // Without their last addresses the counters end.
    drop(counters);
    let mut restarts = 0;
    for end in ends {
        restarts += end.await.expect("a supervisor does not panic").restarts;
    }
    let mut total = Tally {
        skipped: found.skipped,
        ..Tally::default()
    };
    for ledger in &mut ledgers {
        let part = ledger.ask(Entry::Close).await;
        total = total.merge(part.map_err(|failure| format!("a ledger: {failure:?}"))?);
    }
    Ok((total, restarts))
}

/// Waits for the result of a file. After an error the other files are aborted with their set.
async fn next(under_way: &mut JoinSet<Result<(), String>>) -> Result<(), String> {
    let file = under_way.join_next().await.expect("it is not empty");
    file.expect("asking does not panic")
}

/// Has one file counted and noted; tries again if the counter panics.
async fn count_file(
    file: SourceFile,
    mut counter: Address<Count>,
    mut ledger: Address<Entry>,
) -> Result<(), String> {
    let name = file.path.display().to_string();
    let file = Arc::new(file);
    let mut failure = Failure::Panicked;
    for _ in 0..ATTEMPTS {
        let file = Arc::clone(&file);
        match counter.ask(|answer| Count { file, answer }).await {
            Ok(tally) => {
                let told = ledger.tell(Entry::Add(tally)).await;
                return told.map_err(|_| "a ledger has stopped".to_owned());
            }
            Err(other) => failure = other,
        }
    }
    Err(match failure {
        Failure::Panicked => format!("{name}: the counter panicked {ATTEMPTS} times"),
        Failure::Stopped => format!("{name}: the counter has stopped: too many restarts"),
    })
}

fn walk(roots: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut dirs = found.sort_out(roots);
    while let Some(dir) = dirs.pop() {
        dirs.extend(found.list(&dir));
    }
    found
}
