//! A process of an example: its output, and what the kernel says of it.

use crate::figures::Sample;
use crate::{Plan, patience};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How much of an output is kept, in bytes.
const KEPT: usize = 256 << 10;

/// What a process has printed.
#[derive(Default)]
struct Printed {
    /// Its end, if it is long.
    text: String,
    /// The last line on the standard output.
    last: String,
}

type Output = Arc<(Mutex<Printed>, Condvar)>;

pub(crate) struct Process {
    child: Child,
    output: Output,
    readers: Vec<JoinHandle<()>>,
    name: String,
    /// As somebody would type it.
    pub(crate) line: String,
}

impl Process {
    pub(crate) fn start(plan: &Plan, example: &str, args: &[String]) -> Result<Self, String> {
        let seed = plan.next_seed();
        let line = format!("MANYHANDS_CHAOS_SEED={seed} {example} {}", args.join(" "));
        let mut child = Command::new(plan.examples.join(example))
            .args(args)
            .env("MANYHANDS_CHAOS_SEED", seed.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{line}: cannot start: {error}"))?;
        let output = Output::default();
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let readers = vec![
            read(stdout, Arc::clone(&output), true),
            read(stderr, Arc::clone(&output), false),
        ];
        Ok(Self {
            child,
            output,
            readers,
            name: example.to_owned(),
            line,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process is like now, unless it has ended.
    pub(crate) fn sample(&self) -> Option<Sample> {
        self.look("VmRSS:")
    }

    /// As [`sample`](Self::sample), with the most memory it ever had.
    pub(crate) fn peak(&self) -> Option<Sample> {
        self.look("VmHWM:")
    }

    fn look(&self, memory: &str) -> Option<Sample> {
        let folder = format!("/proc/{}", self.id());
        // Before that is its name, it has our files.
        let name = fs::read_to_string(format!("{folder}/comm")).ok()?;
        if name.trim_end() != self.name {
            return None;
        }
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_whitespace().next()?.parse().ok()
        };
        Some(Sample {
            memory: field(memory)?,
            threads: field("Threads:")?,
            descriptors: fs::read_dir(format!("{folder}/fd")).ok()?.count() as u64,
        })
    }

    /// The last line on the standard output.
    pub(crate) fn last_line(&self) -> String {
        lock(&self.output.0).last.clone()
    }

    /// Waits for a line that begins so, and returns its rest.
    pub(crate) fn wait_for(&self, beginning: &str) -> Result<String, String> {
        let end = Instant::now() + patience();
        let mut printed = lock(&self.output.0);
        loop {
            let rest = |line: &str| Some(line.strip_prefix(beginning)?.to_owned());
            if let Some(rest) = printed.text.lines().find_map(rest) {
                return Ok(rest);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("{}: no `{beginning}`", self.line));
            }
            let result = self.output.1.wait_timeout(printed, left);
            (printed, _) = result.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let _ = Command::new("kill").args(["-s", name, &id]).status();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child of ours")
    }

    /// Waits for its end, with `look` at it now and then; a run that takes too long is killed.
    pub(crate) fn wait(&mut self, mut look: impl FnMut(&Self)) -> Result<(), String> {
        let end = Instant::now() + patience();
        loop {
            look(self);
            match self.ended() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    self.finish();
                    return Err(format!("{}: {status}\n{}", self.line, self.text()));
                }
                None if Instant::now() > end => return Err(self.hung()),
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Kills it, and says what its threads were doing.
    pub(crate) fn hung(&mut self) -> String {
        let mut text = format!("{}: hung\n{}\n", self.line, self.text());
        let threads = fs::read_dir(format!("/proc/{}/task", self.id()));
        for thread in threads.into_iter().flatten().flatten() {
            for file in ["comm", "wchan", "syscall", "stat"] {
                let told = fs::read_to_string(thread.path().join(file));
                text.push_str(told.unwrap_or_default().trim_end());
                text.push_str("  ");
            }
            text.push('\n');
        }
        self.kill();
        text
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// All of the output has been read. The process has ended.
    pub(crate) fn finish(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not panic");
        }
    }

    /// The output.
    pub(crate) fn text(&self) -> String {
        lock(&self.output.0).text.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread that takes in what the process prints.
fn read(from: impl Read + Send + 'static, output: Output, is_stdout: bool) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut bytes = Vec::new();
        while matches!(from.read_until(b'\n', &mut bytes), Ok(1..)) {
            let line = String::from_utf8_lossy(&bytes).into_owned();
            bytes.clear();
            let mut printed = lock(&output.0);
            printed.text.push_str(&line);
            if printed.text.len() > 2 * KEPT {
                let cut = printed.text.ceil_char_boundary_at(KEPT);
                printed.text.drain(..cut);
            }
            if is_stdout {
                printed.last = line;
            }
            output.1.notify_all();
        }
    })
}

trait CharBoundary {
    fn ceil_char_boundary_at(&self, from: usize) -> usize;
}

impl CharBoundary for String {
    fn ceil_char_boundary_at(&self, from: usize) -> usize {
        (from..self.len())
            .find(|&place| self.is_char_boundary(place))
            .unwrap_or(self.len())
    }
}
