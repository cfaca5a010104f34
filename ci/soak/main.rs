//! All examples under load for a long time, watched from outside. `ci/soak.sh` builds and starts it.
//!
//! ```text
//! soak --examples FOLDER --tree FOLDER --out FOLDER [--seconds N] [--seed N]
//! ```
//!
//! | kind | examples | load |
//! |---|---|---|
//! | servers: one process for the whole time | `echo --serve`, `http_server`, `dashboard`, `tokio_bridge` | clients here, or those that the example brings along |
//! | programs: one process after the other | all the others, and `echo` with its clients | each run |
//!
//! It fails if an answer is wrong, a process crashes, does not end or does not answer, or if one has
//! grown: memory, threads or file descriptors (`figures.rs` has the rule).

mod clients;
mod figures;
mod process;
mod programs;
mod servers;

use figures::Watched;
use std::collections::VecDeque;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// The least time after which an answer or a run counts as hung. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long an answer or a run may take: in a long soak, an eighth of it.
fn patience() -> Duration {
    static OF_PLAN: OnceLock<Duration> = OnceLock::new();
    *OF_PLAN.get_or_init(|| Plan::from_args().map_or(PATIENCE, |plan| PATIENCE.max(plan.time / 8)))
}

/// What the parts of a soak need to know.
struct Plan {
    examples: PathBuf,
    /// Source files that do not change meanwhile.
    tree: PathBuf,
    out: PathBuf,
    time: Duration,
    seed: u64,
    begin: Instant,
    /// Processes started so far: each has a seed of its own.
    started: AtomicU64,
    over: AtomicBool,
}

impl Plan {
    fn from_args() -> Result<Self, String> {
        let mut args: VecDeque<String> = env::args().skip(1).collect();
        let (mut examples, mut tree, mut out) = (None, None, None);
        let (mut seconds, mut seed) = (60, 1);
        while let Some(name) = args.pop_front() {
            let value = args.pop_front().ok_or(format!("{name} needs a value"))?;
            let number = || value.parse().map_err(|_| format!("{name} needs a number"));
            match name.as_str() {
                "--examples" => examples = Some(PathBuf::from(value)),
                "--tree" => tree = Some(PathBuf::from(value)),
                "--out" => out = Some(PathBuf::from(value)),
                "--seconds" => seconds = number()?,
                "--seed" => seed = number()?,
                _ => return Err(format!("unknown option {name}")),
            }
        }
        Ok(Self {
            examples: examples.ok_or("--examples is missing")?,
            tree: tree.ok_or("--tree is missing")?,
            out: out.ok_or("--out is missing")?,
            time: Duration::from_secs(seconds),
            seed,
            begin: Instant::now(),
            started: AtomicU64::new(0),
            over: AtomicBool::new(false),
        })
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// The chaos seed of the next process.
    fn next_seed(&self) -> u64 {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        self.seed.wrapping_mul(1_000_003).wrapping_add(number)
    }
}

fn main() -> ExitCode {
    let plan = match Plan::from_args() {
        Ok(plan) => Arc::new(plan),
        Err(error) => {
            eprintln!("soak: {error}");
            return ExitCode::from(2);
        }
    };
    println!("soak: {} s, seed {}", plan.time.as_secs(), plan.seed);
    let programs = {
        let plan = Arc::clone(&plan);
        thread::spawn(move || programs::run_in_turn(&plan))
    };
    let mut watched = servers::run(&plan);
    watched.extend(
        programs
            .join()
            .expect("the programs' thread does not panic"),
    );

    let table = figures::table(&watched);
    println!("\n{table}");
    save(&plan, &watched, &table).expect("the folder can be written to");
    report(&watched)
}

/// Leaves the table and all samples in the folder.
fn save(plan: &Plan, watched: &[Watched], table: &str) -> std::io::Result<()> {
    fs::write(plan.out.join("table.md"), table)?;
    let mut samples = "seconds,example,kib,threads,descriptors\n".to_owned();
    for example in watched {
        for (seconds, sample) in &example.samples {
            let (name, memory) = (&example.name, sample.memory);
            let (threads, descriptors) = (sample.threads, sample.descriptors);
            let _ = writeln!(
                samples,
                "{seconds:.1},{name},{memory},{threads},{descriptors}"
            );
        }
    }
    fs::write(plan.out.join("samples.csv"), samples)
}

/// Says what became of each example, as a test would.
fn report(watched: &[Watched]) -> ExitCode {
    let mut failed = 0;
    for example in watched {
        let complaints = example.complaints();
        let verdict = if complaints.is_empty() {
            "ok"
        } else {
            "FAILED"
        };
        println!("test {} ... {verdict}", example.name);
        for complaint in &complaints {
            println!("    {complaint}");
        }
        failed += usize::from(!complaints.is_empty());
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let passed = watched.len() - failed;
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
