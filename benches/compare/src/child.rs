//! Processes of their own, for figures that belong to a whole process: CPU time at rest, memory.
//!
//! The parent runs this very program once more as `manyhands-compare --child KIND SUBJECT THREADS
//! MILLISECONDS`; the child prints its figures as one JSON object of numbers.

use crate::{memory, mixed, neutral, rest, suite, world};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// What a process has found, by name.
pub type Figures = BTreeMap<String, f64>;

/// The hidden argument.
pub const FLAG: &str = "--child";

/// What a process is to do.
#[derive(Debug, Clone)]
pub struct Order {
    pub kind: String,
    pub subject: String,
    pub threads: usize,
    /// How long the child watches, or works.
    pub time: Duration,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The child had to be stopped.
    Hung,
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hung => f.write_str("hung"),
            Self::Other(error) => f.write_str(error),
        }
    }
}

/// A child that needs so much longer than it was told to watch hangs.
const GRACE: Duration = Duration::from_secs(60);

/// How often the parent looks.
const NAP: Duration = Duration::from_millis(20);

impl Order {
    pub fn new(kind: &str, subject: &str, threads: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            threads,
            time: Duration::ZERO,
        }
    }

    /// Runs the process. A child that hangs or fails is an error, not the end.
    pub fn run(&self) -> Result<Figures, String> {
        self.run_within(GRACE)
            .map_err(|failure| failure.to_string())
    }

    /// The same, if a child is to hang that needs so much longer than it was told.
    pub fn run_within(&self, grace: Duration) -> Result<Figures, Failure> {
        self.wait(self.time + grace)
            .map_err(|failure| match failure {
                Failure::Hung => failure,
                Failure::Other(error) => Failure::Other(format!(
                    "{}, {}, {} threads: {error}",
                    self.kind, self.subject, self.threads
                )),
            })
    }

    fn wait(&self, limit: Duration) -> Result<Figures, Failure> {
        run(&mut self.command()?, limit)
    }

    /// How to start the process.
    pub fn command(&self) -> Result<Command, Failure> {
        let program = std::env::current_exe().map_err(other)?;
        let mut command = Command::new(program);
        command
            .args([FLAG, &self.kind, &self.subject])
            .args([self.threads.to_string(), self.time.as_millis().to_string()]);
        Ok(command)
    }
}

fn other(error: std::io::Error) -> Failure {
    Failure::Other(error.to_string())
}

/// Runs any program that prints its figures. If its standard error is a pipe, an error has its text.
pub fn run(command: &mut Command, limit: Duration) -> Result<Figures, Failure> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(other)?;
    let complaints = child.stderr.take().map(|mut pipe| {
        // Of its own thread, so that a talkative child does not wait for us.
        thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is told.
            let _ = pipe.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    // Naps, not the clock: if all of this was stopped for a while, nobody hung.
    let mut naps = limit.as_millis() / NAP.as_millis();
    let status = loop {
        match child.try_wait().map_err(other)? {
            Some(status) => break status,
            None if naps == 0 => {
                // It may just have ended: then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Failure::Hung);
            }
            None => thread::sleep(NAP),
        }
        naps -= 1;
    };
    let mut text = String::new();
    if let Some(output) = &mut child.stdout {
        let read = output.read_to_string(&mut text);
        read.map_err(other)?;
    }
    if !status.success() {
        let complaints = complaints.and_then(|thread| thread.join().ok());
        let complaints = complaints.filter(|text| !text.trim().is_empty());
        return Err(Failure::Other(match complaints {
            Some(text) => format!("{status}: {}", text.trim()),
            None => status.to_string(),
        }));
    }
    serde_json::from_str(&text).map_err(|error| Failure::Other(format!("{error}: {text}")))
}

/// The figures of the process in the middle of a few, by the figure named.
pub fn middle(order: &Order, figure: &str) -> Result<f64, String> {
    let mut found = Vec::new();
    for _ in 0..3 {
        let figures = order.run()?;
        found.push(*figures.get(figure).ok_or("a figure is missing")?);
    }
    Ok(crate::stats::quartiles(&found).median)
}

/// The child's side: what comes after the flag.
pub fn main(args: &[String]) -> ExitCode {
    let figures = parse(args).and_then(|order| match order.kind.as_str() {
        rest::REST | rest::FUTURES | rest::CLOSURES => rest::child(&order),
        memory::UTS | memory::PENDING | memory::WORKERS => memory::child(&order),
        kind if kind.starts_with(mixed::KIND) => mixed::child(&order),
        kind if kind.starts_with(neutral::KIND) => neutral::child(&order),
        kind if kind.starts_with(world::KIND) => world::child(&order),
        kind if kind.starts_with(suite::KIND) => suite::child(&order),
        _ => Err(format!("unknown kind: {}", order.kind)),
    });
    match figures {
        Ok(figures) => {
            let text = serde_json::to_string(&figures).expect("numbers are JSON");
            println!("{text}");
            // Without the destructors: tasks that wait for ever need not be taken down.
            std::process::exit(0);
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn parse(args: &[String]) -> Result<Order, String> {
    let [kind, subject, threads, milliseconds] = args else {
        return Err("four arguments, please".into());
    };
    let number = |text: &str| -> Result<usize, _> {
        text.parse().map_err(|_| format!("not a number: {text}"))
    };
    Ok(Order {
        kind: kind.clone(),
        subject: subject.clone(),
        threads: number(threads)?,
        time: Duration::from_millis(number(milliseconds)? as u64),
    })
}
