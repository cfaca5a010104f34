//! The programs that fork-join libraries are compared by elsewhere: those of tzcnt's
//! runtime-benchmarks and of libfork's benchmarks, at their sizes, beside C++ libraries.
//!
//! A [`Program`] is written once for any [`Fork`], and once more in `cpp/`. A sample is a process of
//! its own: one run of a small size to warm up, then one on the clock. It tells the time and the
//! highest resident size of the process, and fails if the result is wrong.

mod fib;
mod fold;
mod foreign;
mod fork;
mod integrate;
mod matmul;
mod primes;
mod queens;
mod scan;
mod skynet;
mod uts;

use crate::child::{self, Failure, Figures, Order};
use crate::cli::Options;
#[cfg(feature = "forte")]
use crate::fork_join::Forte;
use crate::fork_join::{Chili, ForkJoin, ManyHands, Rayon, Sequential};
use crate::progress;
use crate::results::{Column, Grid, Line, OURS, PLAIN, Unit};
use crate::stats::{mean, quartiles};
use crate::usage;
use foreign::Foreign;
use fork::{Fork, Joins, Loops, Scope, Scopes};
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the kinds of all children of this table begin with.
pub const KIND: &str = "suite ";

/// How large a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As defined by the suite.
    Full,
    /// For tests, and to warm up.
    Quick,
}

impl Size {
    pub fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }

    pub fn name(self) -> &'static str {
        self.pick("full", "quick")
    }

    /// A process that takes longer hangs.
    fn limit(self) -> Duration {
        Duration::from_secs(self.pick(600, 60))
    }
}

/// Something to compute.
trait Program: Copy + Send + Sync + 'static {
    /// On the command line.
    const NAME: &'static str;
    /// What is counted.
    const TASK: &'static str;
    /// What is made and checked off the clock.
    type State: Send;

    fn of(size: Size) -> Self;

    /// What the reader sees.
    fn label(&self) -> String;

    /// How many tasks a run has.
    fn tasks(&self) -> u64;

    fn prepare(&self) -> Self::State;

    /// Runs it once; returns a number that tells whether it went right.
    fn run<W: Fork>(&self, state: &mut Self::State, scope: &mut Scope<'_, W>) -> u64;

    /// What a run returns, by another way.
    fn expected(&self, state: &Self::State) -> u64;
}

/// How many leaves a range has that is halved as long as it is longer than a leaf.
fn leaves(len: u64, leaf: u64) -> u64 {
    if len <= leaf {
        1
    } else {
        leaves(len / 2, leaf) + leaves(len - len / 2, leaf)
    }
}

/// A program with everybody who runs it.
struct Row {
    program: &'static str,
    label: String,
    task: &'static str,
    tasks: u64,
    /// Bytes of stack of each thread, if not the default.
    stack: Option<usize>,
    subjects: Vec<Subject>,
}

struct Subject {
    name: &'static str,
    run: Run,
}

/// Who runs a sample.
enum Run {
    /// This program, as a child.
    Here(fn(Size, usize) -> Result<Figures, String>),
    /// A program in C++.
    There(Foreign),
}

fn here<T: Program, W: Fork>() -> Subject {
    Subject {
        name: W::NAME,
        run: Run::Here(sample::<T, W>),
    }
}

fn row<T: Program>(size: Size) -> Row {
    let program = T::of(size);
    let mut subjects = vec![
        here::<T, Joins<Sequential>>(),
        here::<T, Joins<ManyHands>>(),
        here::<T, Joins<Rayon>>(),
        here::<T, Joins<Chili>>(),
        #[cfg(feature = "forte")]
        here::<T, Joins<Forte>>(),
    ];
    subjects.extend(foreign::ALL.map(|foreign| Subject {
        name: foreign.name,
        run: Run::There(foreign),
    }));
    Row {
        program: T::NAME,
        label: program.label(),
        task: T::TASK,
        tasks: program.tasks(),
        stack: None,
        subjects,
    }
}

/// Also by scopes and by loops: for programs whose nodes have many children.
fn row_of_many<T: Program>(size: Size) -> Row {
    let mut row = row::<T>(size);
    row.subjects.extend([
        here::<T, Scopes<ManyHands>>(),
        here::<T, Scopes<Rayon>>(),
        #[cfg(feature = "forte")]
        here::<T, Scopes<Forte>>(),
        here::<T, Loops<ManyHands>>(),
        here::<T, Loops<Rayon>>(),
    ]);
    row
}

fn rows(size: Size) -> Vec<Row> {
    const LARGE: usize = 64 << 20;

    let on_large_stacks = |row: Row| Row {
        label: format!("{}, stacks of {} MiB", row.label, LARGE >> 20),
        stack: Some(LARGE),
        ..row
    };
    vec![
        row::<fib::Fib>(size),
        row_of_many::<skynet::Skynet>(size),
        row_of_many::<queens::Queens>(size),
        row::<matmul::Matmul>(size),
        row::<uts::T1>(size),
        row::<uts::T3>(size),
        row::<uts::T3L>(size),
        on_large_stacks(row::<uts::T3L>(size)),
        row::<integrate::Integrate>(size),
        row::<primes::Primes>(size),
        row::<fold::Fold>(size),
        row::<scan::Scan>(size),
    ]
}

/// One sample, in a process of its own.
fn sample<T: Program, W: Fork>(size: Size, threads: usize) -> Result<Figures, String> {
    // Where the caller computes, its stack is that of any other thread.
    let body = move || {
        let pool = W::Library::pool(threads);
        let run = |size| {
            let program = black_box(T::of(size));
            let mut state = program.prepare();
            let (time, result) = W::Library::inside(&pool, |scope| {
                let start = Instant::now();
                let result = program.run::<W>(&mut state, scope);
                (start.elapsed(), result)
            });
            let expected = program.expected(&state);
            if result == expected {
                Ok(time)
            } else {
                let (label, name) = (program.label(), W::NAME);
                Err(format!("{label}: {name} has {result}, not {expected}"))
            }
        };
        run(Size::Quick)?;
        run(size)
    };
    let computed = std::thread::spawn(body).join();
    let time = computed.map_err(|_| "it panicked".to_owned())??;
    let peak = usage::memory("VmHWM").ok_or("no VmHWM in /proc/self/status")?;
    Ok(Figures::from([
        ("time_ns".into(), time.as_nanos() as f64),
        ("peak".into(), peak as f64),
    ]))
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    for size in [Size::Full, Size::Quick] {
        for row in rows(size) {
            if order.kind != kind(size, row.program) {
                continue;
            }
            let mut subjects = row.subjects.into_iter();
            let subject = subjects.find(|subject| subject.name == order.subject);
            return match subject.map(|subject| subject.run) {
                Some(Run::Here(sample)) => sample(size, order.threads),
                _ => Err(format!("unknown subject: {}", order.subject)),
            };
        }
    }
    Err(format!("unknown row: {}", order.kind))
}

fn kind(size: Size, program: &str) -> String {
    format!("{KIND}{} {program}", size.name())
}

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let size = if options.quick {
        Size::Quick
    } else {
        Size::Full
    };
    let wanted =
        |row: &Row| options.only.is_empty() || options.only.iter().any(|name| name == row.program);
    let mut rows = rows(size);
    rows.retain(wanted);
    // Once for all numbers of threads.
    let built = foreign::ALL.map(|foreign| foreign.build());
    let mut grids = Vec::new();
    for &threads in threads {
        let mut grid = Grid {
            title: match threads {
                1 => "1 thread".to_owned(),
                _ => format!("{threads} threads"),
            },
            columns: vec![
                Column::new("time", Unit::Nanoseconds),
                Column::new("best", Unit::Nanoseconds),
                Column::new("beside manyhands", Unit::Count),
                Column::new("core-ns a task", Unit::Nanoseconds).plotted(),
                Column::new("peak memory", Unit::Bytes),
            ],
            lines: Vec::new(),
            notes: Vec::new(),
        };
        for row in &rows {
            // A sample may take a minute.
            let rounds = options.rounds.div_ceil(4);
            let found = measure(row, size, threads, rounds, &built);
            grid.notes.extend(notes(row, &found));
            grid.lines.extend(lines(row, threads, &found));
        }
        grid.notes.extend(beside_the_best(&grid.lines));
        grids.push(grid);
    }
    grids
}

/// What the samples of a subject have found.
#[derive(Default)]
struct Found {
    times: Vec<f64>,
    peaks: Vec<f64>,
    hangs: bool,
    /// Why there are no more figures.
    outcome: Option<String>,
    /// What else it has said of that.
    error: Option<String>,
}

type Built = Result<std::path::PathBuf, String>;

fn measure(row: &Row, size: Size, threads: usize, rounds: usize, built: &[Built]) -> Vec<Found> {
    let count = row.subjects.len();
    let mut all: Vec<Found> = row.subjects.iter().map(|_| Found::default()).collect();
    for round in 0..rounds {
        for turn in 0..count {
            // Everybody follows everybody else now and then.
            let place = (round + turn) % count;
            let (subject, found) = (&row.subjects[place], &mut all[place]);
            // Once is enough.
            if found.hangs || found.outcome.is_some() {
                continue;
            }
            progress::say(&format!(
                "suite: {}, {threads} threads, round {}: {}",
                row.label,
                round + 1,
                subject.name
            ));
            let command = match &subject.run {
                Run::Here(_) => Order::new(&kind(size, row.program), subject.name, threads)
                    .command()
                    .map_err(|error| error.to_string()),
                Run::There(foreign) => built[foreign.place()]
                    .as_ref()
                    .map(|program| foreign.command(program, row, size, threads))
                    .map_err(|why| format!("skipped: {why}")),
            };
            match command {
                Ok(command) => found.add(command, row.stack, size.limit()),
                Err(why) => found.outcome = Some(why),
            }
        }
    }
    all
}

impl Found {
    /// Runs a sample.
    fn add(&mut self, mut command: Command, stack: Option<usize>, limit: Duration) {
        // Threads of Rust that are given no size look here. The C++ programs do, too.
        match stack {
            Some(bytes) => command.env("RUST_MIN_STACK", bytes.to_string()),
            None => command.env_remove("RUST_MIN_STACK"),
        };
        match child::run(command.stderr(Stdio::piped()), limit) {
            Ok(figures) => {
                let figure = |name| figures.get(name).copied();
                self.times.extend(figure("time_ns"));
                self.peaks.extend(figure("peak"));
            }
            Err(Failure::Hung) => self.hangs = true,
            Err(Failure::Other(error)) if error.contains("overflowed its stack") => {
                self.outcome = Some("stack overflow".to_owned());
            }
            Err(Failure::Other(error)) => {
                self.outcome = Some("failed".to_owned());
                self.error = Some(error);
            }
        }
    }
}

fn notes(row: &Row, found: &[Found]) -> Vec<String> {
    let with_names = row.subjects.iter().zip(found);
    let errors = with_names.filter_map(|(subject, found)| {
        let error = found.error.as_ref()?;
        Some(format!("{}: {}: {error}", row.label, subject.name))
    });
    errors.collect()
}

fn lines(row: &Row, threads: usize, found: &[Found]) -> Vec<Line> {
    let median = |values: &[f64]| (!values.is_empty()).then(|| quartiles(values).median);
    let mut with_names = row.subjects.iter().zip(found);
    let ours = with_names.find(|(subject, _)| subject.name == OURS);
    let ours = ours.and_then(|(_, found)| median(&found.times));
    let lines = row.subjects.iter().zip(found).map(|(subject, found)| {
        let time = median(&found.times);
        let best = found.times.iter().copied().reduce(f64::min);
        let cores = if subject.name == PLAIN { 1 } else { threads };
        let ratio = time.zip(ours).map(|(time, ours)| time / ours);
        let each = time.map(|time| time * cores as f64 / row.tasks as f64);
        let name = format!("{}: {} {}", row.label, row.tasks, row.task);
        let values = vec![time, best, ratio, each, median(&found.peaks)];
        Line {
            hangs: found.hangs,
            outcome: found.outcome.clone(),
            ..Line::new(name, subject.name, values)
        }
    });
    lines.collect()
}

/// By what the suites rank: the mean of each subject's times beside the best of the row.
fn beside_the_best(lines: &[Line]) -> Option<String> {
    let parallel = || lines.iter().filter(|line| line.subject != PLAIN);
    let mut subjects: Vec<&str> = Vec::new();
    for line in parallel() {
        if !subjects.contains(&&*line.subject) {
            subjects.push(&line.subject);
        }
    }
    let ratio = |line: &Line| {
        let peers = parallel().filter(|peer| peer.row == line.row);
        let best = peers.filter_map(|peer| peer.values[0]).reduce(f64::min)?;
        Some(line.values[0]? / best)
    };
    let scores = subjects.into_iter().filter_map(|subject| {
        let own = parallel().filter(|line| line.subject == subject);
        let ratios: Vec<f64> = own.filter_map(ratio).collect();
        let rows = ratios.len();
        Some(format!("{subject} {:.2} ({rows})", mean(&ratios)?))
    });
    let scores: Vec<String> = scores.collect();
    (!scores.is_empty()).then(|| {
        format!(
            "Time beside the best of the row, the mean over the rows that it has: {}.",
            scores.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_right_with_everybody() {
        for row in rows(Size::Quick) {
            for subject in row.subjects {
                let Run::Here(sample) = subject.run else {
                    continue;
                };
                for threads in [1, 2] {
                    let figures = sample(Size::Quick, threads);
                    let figures = figures.unwrap_or_else(|error| panic!("{error}"));
                    assert!(figures["time_ns"] > 0.0, "{}: {}", row.label, subject.name);
                    assert!(figures["peak"] > 0.0);
                }
            }
        }
    }

    #[test]
    fn rows_are_named_once() {
        let rows = rows(Size::Full);
        for (place, row) in rows.iter().enumerate() {
            assert!(rows[..place].iter().all(|other| other.label != row.label));
            let names: Vec<_> = row.subjects.iter().map(|subject| subject.name).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len(), "{}", row.label);
        }
    }

    fn row_of(names: &[&'static str]) -> Row {
        let subject = |&name: &&'static str| Subject {
            name,
            run: Run::There(foreign::ALL[0]),
        };
        Row {
            program: "row",
            label: "row".into(),
            task: "tasks",
            tasks: 10,
            stack: None,
            subjects: names.iter().map(subject).collect(),
        }
    }

    #[test]
    fn core_nanoseconds_count_all_threads() {
        let row = row_of(&[PLAIN, OURS, "rayon", "TBB"]);
        let found = |times: &[f64]| Found {
            times: times.to_vec(),
            peaks: vec![1024.0],
            ..Found::default()
        };
        let skipped = Found {
            outcome: Some("skipped: no g++".into()),
            ..Found::default()
        };
        let found = [
            found(&[50.0]),
            found(&[100.0, 20.0, 300.0]),
            found(&[200.0]),
            skipped,
        ];
        let lines = lines(&row, 2, &found);
        let values: Vec<_> = lines.iter().map(|line| line.values.clone()).collect();
        let line = |values: [f64; 5]| values.map(Some).to_vec();
        assert_eq!(values[0], line([50.0, 50.0, 0.5, 5.0, 1024.0]));
        assert_eq!(values[1], line([100.0, 20.0, 1.0, 20.0, 1024.0]));
        assert_eq!(values[2], line([200.0, 200.0, 2.0, 40.0, 1024.0]));
        assert_eq!(values[3], vec![None; 5]);
        assert_eq!(lines[3].outcome.as_deref(), Some("skipped: no g++"));
        assert_eq!(lines[0].row, "row: 10 tasks");
        let score = beside_the_best(&lines).unwrap();
        assert!(
            score.ends_with("manyhands 1.00 (1), rayon 2.00 (1)."),
            "{score}"
        );
    }

    #[test]
    fn a_child_knows_its_programs() {
        let order = |kind: &str, subject: &str| child(&Order::new(kind, subject, 1));
        assert!(order("suite quick fib", "rayon").is_ok());
        assert!(order("suite quick fib", "rayon, scope").is_err());
        assert!(order("suite quick fib", "TBB").is_err());
        assert!(order("suite quick nonsense", "rayon").is_err());
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let run = |script: &str| {
            let mut found = Found::default();
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            found.add(command, None, Duration::from_secs(60));
            found
        };
        let good = run("echo '{\"time_ns\": 5, \"peak\": 7}'");
        assert_eq!((good.times, good.peaks), (vec![5.0], vec![7.0]));
        let deep = run("echo 'thread x has overflowed its stack' >&2; kill -ABRT $$");
        assert_eq!(deep.outcome.as_deref(), Some("stack overflow"));
        assert_eq!(deep.error, None);
        let wrong = run("echo 'it has 3, not 4' >&2; exit 1");
        assert_eq!(wrong.outcome.as_deref(), Some("failed"));
        assert!(wrong.error.unwrap().contains("3, not 4"));
    }
}
