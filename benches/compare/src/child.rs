//! Processes of their own, for figures that belong to a whole process: CPU time at rest, memory.
//!
//! The parent runs this very program once more as `manyhands-compare --child KIND SUBJECT THREADS
//! SECONDS`; the child prints its figures as one JSON object of numbers.

use crate::{memory, rest};
use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
    pub seconds: usize,
}

/// A child that needs so much longer than it was told to watch hangs.
const GRACE: Duration = Duration::from_secs(60);

impl Order {
    pub fn new(kind: &str, subject: &str, threads: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            threads,
            seconds: 0,
        }
    }

    /// Runs the process. A child that hangs or fails is an error, not the end.
    pub fn run(&self) -> Result<Figures, String> {
        let what = format!("{}, {}, {} threads", self.kind, self.subject, self.threads);
        let limit = Duration::from_secs(self.seconds as u64) + GRACE;
        self.wait(limit).map_err(|error| format!("{what}: {error}"))
    }

    fn wait(&self, limit: Duration) -> Result<Figures, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args([FLAG, &self.kind, &self.subject])
            .args([self.threads.to_string(), self.seconds.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let start = Instant::now();
        let status = loop {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if start.elapsed() > limit => {
                    // It may just have ended: then there is nothing to kill.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("hung for {} s", limit.as_secs()));
                }
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        let mut text = String::new();
        if let Some(output) = &mut child.stdout {
            let read = output.read_to_string(&mut text);
            read.map_err(|error| error.to_string())?;
        }
        if !status.success() {
            return Err(status.to_string());
        }
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }
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
    let [kind, subject, threads, seconds] = args else {
        return Err("four arguments, please".into());
    };
    let number = |text: &str| text.parse().map_err(|_| format!("not a number: {text}"));
    Ok(Order {
        kind: kind.clone(),
        subject: subject.clone(),
        threads: number(threads)?,
        seconds: number(seconds)?,
    })
}
