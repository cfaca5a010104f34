//! The examples that do something and end, one after the other, again and again.

use crate::figures::{Sample, Watched};
use crate::process::Process;
use crate::{Plan, clients};
use std::collections::HashMap;
use std::thread;
use std::time::Duration;

/// Takes a fact from an output.
type Fact = fn(&str) -> Option<String>;

/// A program, and what must be in its output.
struct Program {
    name: &'static str,
    /// The example, if its name is another.
    example: &'static str,
    args: Vec<String>,
    /// With these numbers of threads in turn; none: the example does not ask.
    threads: &'static [u64],
    wanted: Vec<String>,
    /// What must be the same in every run, and in every program that has it under this name.
    same: Option<(&'static str, Fact)>,
    requests: u64,
}

impl Program {
    fn new(name: &'static str, args: &[&str], wanted: &str) -> Self {
        Self {
            name,
            example: name,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            threads: &[],
            wanted: vec![wanted.to_owned()],
            same: None,
            requests: 0,
        }
    }

    /// With these numbers of threads in turn.
    fn threads(self) -> Self {
        Self {
            threads: &[2, 1, 3, 8],
            ..self
        }
    }

    /// With the row of totals, which is the same whoever counts.
    fn totals(self) -> Self {
        Self {
            same: Some(("totals", |text| {
                let row = text.lines().find(|line| line.starts_with("total "))?;
                Some(row.split_whitespace().collect::<Vec<_>>().join(" "))
            })),
            ..self.threads()
        }
    }

    /// Runs it once; returns the peaks.
    fn run(
        &self,
        plan: &Plan,
        round: usize,
        facts: &mut HashMap<&'static str, String>,
    ) -> Result<Sample, String> {
        let mut args = self.args.clone();
        if !self.threads.is_empty() {
            let threads = self.threads[round % self.threads.len()];
            args.extend(["--threads".to_owned(), threads.to_string()]);
        }
        let mut process = Process::start(plan, self.example, &args)?;
        let mut peak = Sample::default();
        process.wait(|process| peak = peak.max(process.peak().unwrap_or_default()))?;
        process.finish();
        let text = process.text();
        if let Some(wanted) = self.wanted.iter().find(|wanted| !text.contains(*wanted)) {
            return Err(format!("{}: no `{wanted}` in\n{text}", process.line));
        }
        if let Some((name, fact)) = self.same {
            let fact = fact(&text).ok_or_else(|| format!("{}: no row in\n{text}", process.line))?;
            let before = facts.entry(name).or_insert_with(|| fact.clone());
            if *before != fact {
                return Err(format!("{}: `{fact}`, before `{before}`", process.line));
            }
        }
        Ok(peak)
    }
}

fn programs(plan: &Plan) -> Vec<Program> {
    let tree = plan.tree.to_str().expect("the path of the tree is UTF-8");
    let primes = clients::primes(3_000_000).len();
    vec![
        Program::new("census", &[tree, "--verify"], "verified: ").totals(),
        Program::new("pipeline", &[tree, "--verify"], "verified: ").totals(),
        Program {
            name: "actors that panic",
            ..Program::new(
                "actors",
                &[tree, "--verify", "--panic-every", "50"],
                "verified: ",
            )
            .totals()
        },
        Program {
            same: Some(("files and bytes", |text| {
                Some(text.trim_end().rsplit_once(", ")?.0.to_owned())
            })),
            ..Program::new("scopes", &[tree], " files, ")
        },
        Program::new("quicksort", &["200000"], "200000 items are in order"),
        Program::new("mixed", &[], &format!("{primes} primes in ")),
        Program::new("cancel", &[], "the small numbers won"),
        Program::new("responsive", &["--seconds", "2"], "\nbusy ").threads(),
        Program {
            name: "echo and its clients",
            requests: 10_000,
            ..Program::new(
                "echo",
                &["--connections", "200", "--messages", "50"],
                "10000 messages of 64 bytes",
            )
            .threads()
        },
    ]
}

/// Runs all programs in turn until the time is over, each at least once.
pub(crate) fn run_in_turn(plan: &Plan) -> Vec<Watched> {
    let programs = programs(plan);
    let new = |program: &Program| Watched::new(program.name);
    let mut watched: Vec<Watched> = programs.iter().map(new).collect();
    let mut facts = HashMap::new();
    for turn in 0.. {
        let (round, place) = (turn / programs.len(), turn % programs.len());
        if round > 0 && plan.is_over() {
            break;
        }
        let watched = &mut watched[place];
        // What has failed three times is not asked again.
        if watched.failures.len() >= 3 {
            thread::sleep(Duration::from_millis(10));
            continue;
        }
        watched.runs += 1;
        match programs[place].run(plan, round, &mut facts) {
            Ok(peak) => {
                let seconds = plan.begin.elapsed().as_secs_f64();
                watched.samples.push((seconds, peak));
                watched.requests += programs[place].requests;
            }
            Err(failure) => watched.failures.push(failure),
        }
    }
    watched
}
