//! Systems over shared values: each says what it reads and writes, and a schedule is made of that.
//!
//! ```text
//! cargo run --release --example systems [PATH...] [--threads N] [--top K] [--verify]
//! ```
//!
//! The systems study source files, 64 a round: one fetches the files of the next round, others look
//! at those of this one, and some need what others have found. The values that they share have no
//! locks that anybody waits for: two systems run at the same time only if neither writes what the
//! other uses. Inside, most are parallel loops. What to observe: the last table tells which systems
//! ran beside which others. With `--verify` all is done again, one system after the other.

use indicatif::{ProgressBar, ProgressStyle};
use manyhands::{Pool, prelude::*};
use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[allow(dead_code, reason = "the census reads large files in pieces")]
#[path = "census/files.rs"]
mod files;
#[path = "census/options.rs"]
mod options;
#[path = "systems/schedule.rs"]
mod schedule;
#[path = "systems/world.rs"]
mod world;

use files::{Found, Skip, SourceFile};
use options::Options;
use schedule::{Log, Schedule};
use world::{Get, GetMut, Read, World, Write};

/// The number of files that are studied in a round.
const ROUND: usize = 64;

/// Widths of lines are told in steps of this number of characters, up to the last step.
const STEP: usize = 20;
const LAST: usize = 5;

/// Lines with fewer bytes are alike by chance.
const LONG: usize = 40;

fn main() -> ExitCode {
    let options = Options::from_args();
    let schedule = schedule();
    let log = Log::default();
    let start = Instant::now();
    let world = world(&options.paths);
    let total = world.get::<Queue>().0.len() as u64;
    world.get::<Progress>().0.set_length(total);
    let rounds = on_threads(options.threads, || {
        rounds(&world, |world| schedule.run(world, &log))
    });
    let seconds = start.elapsed().as_secs_f64();
    world.get::<Progress>().0.finish_and_clear();

    // An error means that the reader has gone (`systems | head`): no harm in that.
    let _ = report(&mut io::stdout().lock(), &world, &schedule, options.top);
    println!("\n{rounds} rounds in {seconds:.3} s");
    schedule
        .describe_runs(&log)
        .for_each(|line| println!("{line}"));
    if options.verify {
        let sequential = self::world(&options.paths);
        on_threads(1, || rounds_in_order(&sequential, &schedule));
        if let Err(difference) = compare(&world, &sequential) {
            eprintln!("systems: verification failed: {difference}");
            return ExitCode::FAILURE;
        }
        println!("verified: one system after the other finds the same");
    }
    ExitCode::SUCCESS
}

fn on_threads<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    let pool = Pool::builder().num_threads(threads).build();
    let pool = pool.unwrap_or_else(|error| options::fail(&error.to_string()));
    pool.install(run)
}

fn rounds_in_order(world: &World, schedule: &Schedule) {
    rounds(world, |world| schedule.run_in_order(world));
}

/// Calls `round` until no file is left; returns how often.
fn rounds(world: &World, round: impl Fn(&World)) -> usize {
    let mut count = 0;
    loop {
        round(world);
        count += 1;
        if world.get::<Next>().0.is_empty() {
            return count;
        }
    }
}

/// The systems. Where two of them conflict, the one that stands first runs first.
fn schedule() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.add::<(Write<Next>, Write<Batch>)>("turn", turn);
    schedule.add::<(Write<Queue>, Write<Next>)>("fetch", fetch);
    schedule.add::<(Read<Batch>, Write<Languages>)>("languages", study);
    schedule.add::<(Read<Batch>, Write<Widths>)>("widths", study);
    schedule.add::<(Read<Batch>, Write<Words>)>("words", study);
    schedule.add::<(Read<Batch>, Write<Copies>)>("copies", study);
    schedule.add::<(Read<Batch>, Write<Notes>)>("notes", study);
    schedule.add::<(Read<Languages>, Read<Words>, Write<Growth>)>("growth", grow);
    schedule.add::<(Read<Languages>, Read<Notes>, Write<Progress>)>("progress", show);
    schedule
}

/// The values before the first round.
fn world(roots: &[PathBuf]) -> World {
    let mut found = Found::default();
    let mut dirs = found.sort_out(roots);
    while let Some(dir) = dirs.pop() {
        dirs.extend(found.list(&dir));
    }
    let queue = Queue(found.take_files().into());
    let languages = Languages {
        skipped: found.skipped.into_iter().collect(),
        ..Languages::default()
    };
    World::default()
        .with(queue)
        .with(languages)
        .with(Next::default())
        .with(Batch::default())
        .with(Widths::default())
        .with(Words::default())
        .with(Copies::default())
        .with(Notes::default())
        .with(Growth::default())
        .with(Progress::default())
}

/// The files that nobody has read.
struct Queue(VecDeque<SourceFile>);

/// The texts of the next round.
#[derive(Default)]
struct Next(Vec<Text>);

/// The texts of this round.
#[derive(Default)]
struct Batch(Vec<Text>);

struct Text {
    path: PathBuf,
    language: &'static str,
    text: Result<String, Skip>,
}

impl Text {
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.iter().flat_map(|text| text.lines())
    }
}

fn turn((mut next, mut batch): (GetMut<'_, Next>, GetMut<'_, Batch>)) {
    batch.0 = std::mem::take(&mut next.0);
}

fn fetch((mut queue, mut next): (GetMut<'_, Queue>, GetMut<'_, Next>)) {
    let count = queue.0.len().min(ROUND);
    let files: Vec<_> = queue.0.drain(..count).collect();
    let texts = files.into_par_iter().map(|file| {
        let (language, text) = file.fetch();
        let path = file.path;
        Text {
            path,
            language,
            text,
        }
    });
    next.0 = texts.collect();
}

/// What a system finds in texts, and how it adds that up.
trait Findings: Any + Default + Send + Sync {
    fn look(&mut self, text: &Text);
    fn add(&mut self, later: Self);
}

/// Looks at all texts of the round, on all threads that have nothing else to do.
fn study<F: Findings>((batch, mut findings): (Get<'_, Batch>, GetMut<'_, F>)) {
    let parts = batch.0.par_iter().fold(F::default, |mut part, text| {
        part.look(text);
        part
    });
    let new = parts.reduce(F::default, |mut part, later| {
        part.add(later);
        part
    });
    findings.add(new);
}

/// Files, bytes, lines and empty lines by language; and why files were not read.
#[derive(Debug, Default, PartialEq)]
struct Languages {
    counts: BTreeMap<&'static str, [u64; 4]>,
    skipped: BTreeMap<Skip, u64>,
}

impl Languages {
    fn total(&self) -> [u64; 4] {
        let columns = |n| self.counts.values().map(|counts| counts[n]).sum();
        std::array::from_fn(columns)
    }
}

impl Findings for Languages {
    fn look(&mut self, file: &Text) {
        match &file.text {
            Ok(text) => {
                let counts = self.counts.entry(file.language).or_default();
                counts[0] += 1;
                counts[1] += text.len() as u64;
                for line in text.lines() {
                    counts[2] += 1;
                    counts[3] += u64::from(line.trim().is_empty());
                }
            }
            Err(reason) => *self.skipped.entry(reason).or_default() += 1,
        }
    }

    fn add(&mut self, later: Self) {
        for (language, more) in later.counts {
            let counts = self.counts.entry(language).or_default();
            counts.iter_mut().zip(more).for_each(|(n, more)| *n += more);
        }
        for (reason, more) in later.skipped {
            *self.skipped.entry(reason).or_default() += more;
        }
    }
}

/// The lines by their width, in steps; the last has all that are wider.
#[derive(Debug, Default, PartialEq)]
struct Widths(BTreeMap<usize, u64>);

impl Findings for Widths {
    fn look(&mut self, text: &Text) {
        for line in text.lines() {
            let step = (line.chars().count() / STEP).min(LAST);
            *self.0.entry(step).or_default() += 1;
        }
    }

    fn add(&mut self, later: Self) {
        for (step, more) in later.0 {
            *self.0.entry(step).or_default() += more;
        }
    }
}

/// How often each word occurs.
#[derive(Debug, Default, PartialEq)]
struct Words(HashMap<String, u64>);

impl Findings for Words {
    fn look(&mut self, text: &Text) {
        let is_letter = |c: char| c.is_alphabetic() || c == '_';
        for line in text.lines() {
            let words = line.split(|c| !is_letter(c));
            for word in words.filter(|word| !word.is_empty()) {
                match self.0.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(self.0.insert(word.to_owned(), 1)),
                }
            }
        }
    }

    fn add(&mut self, mut later: Self) {
        // Into the larger one: sums do not depend on the order.
        if later.0.len() > self.0.len() {
            std::mem::swap(&mut self.0, &mut later.0);
        }
        for (word, more) in later.0 {
            *self.0.entry(word).or_default() += more;
        }
    }
}

/// How often each long line occurs, by its hash.
#[derive(Debug, Default, PartialEq)]
struct Copies(HashMap<u64, u64>);

impl Findings for Copies {
    fn look(&mut self, text: &Text) {
        for line in text.lines().map(str::trim).filter(|l| l.len() >= LONG) {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            *self.0.entry(hasher.finish()).or_default() += 1;
        }
    }

    fn add(&mut self, later: Self) {
        for (line, more) in later.0 {
            *self.0.entry(line).or_default() += more;
        }
    }
}

/// Where somebody has left a note, in the order of the files.
#[derive(Debug, Default, PartialEq)]
struct Notes(Vec<(PathBuf, usize)>);

impl Findings for Notes {
    fn look(&mut self, text: &Text) {
        let has_note = |line: &str| {
            ["TODO", "FIXME", "XXX"]
                .iter()
                .any(|note| line.contains(note))
        };
        let lines = text.lines().enumerate();
        let notes = lines.filter(|(_, line)| has_note(line));
        self.0
            .extend(notes.map(|(at, _)| (text.path.clone(), at + 1)));
    }

    fn add(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

/// After each round, how many lines were seen, and how many different words are in them.
#[derive(Debug, Default, PartialEq)]
struct Growth(Vec<(u64, usize)>);

fn grow((languages, words, mut growth): (Get<'_, Languages>, Get<'_, Words>, GetMut<'_, Growth>)) {
    growth.0.push((languages.total()[2], words.0.len()));
}

struct Progress(ProgressBar);

impl Default for Progress {
    fn default() -> Self {
        let bar = ProgressBar::new(0); // if on a terminal
        bar.set_style(
            ProgressStyle::with_template("{elapsed} {pos} of {len} files, {msg}").unwrap(),
        );
        Self(bar)
    }
}

fn show((languages, notes, progress): (Get<'_, Languages>, Get<'_, Notes>, GetMut<'_, Progress>)) {
    progress.0.set_position(languages.total()[0]);
    progress.0.set_message(format!("{} notes", notes.0.len()));
}

/// Prints what was found, in an order that depends on the findings alone; and the schedule.
fn report(
    out: &mut impl io::Write,
    world: &World,
    schedule: &Schedule,
    top: usize,
) -> io::Result<()> {
    let languages = world.get::<Languages>();
    let mut row = |name: &str, cells: [String; 4]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>12}")).collect();
        writeln!(out, "{name:<14}{cells}")
    };
    row(
        "language",
        ["files", "bytes", "lines", "empty"].map(String::from),
    )?;
    for (language, counts) in &languages.counts {
        row(language, counts.map(|count| count.to_string()))?;
    }
    row("total", languages.total().map(|count| count.to_string()))?;
    let mut entry =
        |count: u64, label: &dyn std::fmt::Display| writeln!(out, "{count:>12} {label}");
    for (reason, &count) in &languages.skipped {
        entry(count, &format_args!("not read: {reason}"))?;
    }
    for (step, &count) in &world.get::<Widths>().0 {
        let (least, most) = (step * STEP, step * STEP + STEP - 1);
        match *step {
            LAST => entry(count, &format_args!("lines of {least} characters or more"))?,
            _ => entry(
                count,
                &format_args!("lines of {least} to {most} characters"),
            )?,
        }
    }
    let copies = world.get::<Copies>();
    let copied = copies.0.values().filter(|&&count| count > 1);
    entry(copied.count() as u64, &"long lines that occur again")?;
    let notes = world.get::<Notes>();
    entry(notes.0.len() as u64, &"notes (TODO, FIXME, XXX)")?;
    if let Some((path, line)) = notes.0.first() {
        let path = Path::display(path);
        entry(1, &format_args!("the first: {path}:{line}"))?;
    }
    let growth = &world.get::<Growth>().0;
    for &(lines, words) in growth.iter().step_by(growth.len().div_ceil(4)) {
        entry(words as u64, &format_args!("words after {lines} lines"))?;
    }
    let words = world.get::<Words>();
    let mut words: Vec<_> = words.0.iter().collect();
    words.par_sort_unstable_by_key(|&(word, &count)| (Reverse(count), word));
    entry(words.len() as u64, &"words; the most frequent:")?;
    for &(word, count) in words.iter().take(top) {
        entry(*count, word)?;
    }
    writeln!(out)?;
    schedule
        .describe()
        .try_for_each(|line| writeln!(out, "{line}"))
}

/// Compares the findings in two worlds; the error names the first difference.
fn compare(parallel: &World, sequential: &World) -> Result<(), String> {
    fn same<R: Any + Debug + PartialEq>(a: &World, b: &World) -> Result<(), String> {
        let name = std::any::type_name::<R>();
        match *a.get::<R>() == *b.get::<R>() {
            true => Ok(()),
            false => Err(format!("{name} differs")),
        }
    }
    same::<Languages>(parallel, sequential)?;
    same::<Widths>(parallel, sequential)?;
    same::<Words>(parallel, sequential)?;
    same::<Copies>(parallel, sequential)?;
    same::<Notes>(parallel, sequential)?;
    same::<Growth>(parallel, sequential)
}
