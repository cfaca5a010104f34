//! What all workloads need: a schedule, a log of latencies, and figures of the whole process.

use super::PARTS;
use crate::child::Figures;
use crate::stats::quantile;
use crate::usage::{self, Usage};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::loops::{rounds, spin};

#[derive(Clone, Copy)]
pub struct Setup {
    pub threads: usize,
    pub time: Duration,
}

impl Setup {
    /// Cores that the runtime can use.
    pub fn cores(self) -> usize {
        let cores = thread::available_parallelism();
        cores.map_or(1, |cores| cores.get().min(self.threads))
    }
}

/// What a workload has found.
#[derive(Default)]
pub struct Outcome {
    /// Nanoseconds.
    latencies: Vec<u64>,
    /// How much was done.
    units: u64,
    /// Any other figure.
    extra: Option<f64>,
    /// Whether that is how many threads there are a while later.
    threads_afterwards: bool,
    run: Option<Run>,
    counted: Vec<Counter>,
}

impl Outcome {
    pub fn new(latencies: Vec<u64>, units: u64) -> Self {
        Self {
            latencies,
            units,
            ..Self::default()
        }
    }

    pub fn with_extra(mut self, extra: f64) -> Self {
        self.extra = Some(extra);
        self
    }

    /// The extra figure is how many threads there are a while later.
    pub fn with_threads_afterwards(mut self) -> Self {
        self.threads_afterwards = true;
        self
    }

    pub fn figures(mut self) -> Figures {
        let mut figures = Figures::new();
        self.latencies.sort_unstable();
        let latencies: Vec<f64> = self.latencies.iter().map(|&ns| ns as f64).collect();
        if !latencies.is_empty() {
            figures.extend(PARTS.map(|(name, part)| (name.to_owned(), quantile(&latencies, part))));
        }
        figures.extend(self.extra.map(|extra| ("extra".to_owned(), extra)));
        if let Some(run) = self.run {
            let a_second = |count: f64| count / run.time.as_secs_f64();
            figures.extend([
                ("units".to_owned(), a_second(self.units as f64)),
                (
                    "cpu_ns".to_owned(),
                    a_second(run.used.cpu.as_nanos() as f64),
                ),
                ("voluntary".to_owned(), a_second(run.used.voluntary as f64)),
                (
                    "involuntary".to_owned(),
                    a_second(run.used.involuntary as f64),
                ),
                ("threads".to_owned(), run.threads as f64),
            ]);
            figures.extend(self.counted.into_iter().map(|counter| match counter {
                Counter::Events(name, count) => (name.to_owned(), a_second(count as f64)),
                Counter::Longest(name, time) => (name.to_owned(), time.as_nanos() as f64),
            }));
        }
        figures
    }
}

/// Something that a runtime counts itself.
pub enum Counter {
    Events(&'static str, u64),
    Longest(&'static str, Duration),
}

/// How to read the runtime's own counters, if it has any. Set once, when it starts.
pub static COUNTERS: OnceLock<fn() -> Vec<Counter>> = OnceLock::new();

/// What the process has used.
struct Run {
    time: Duration,
    used: Usage,
    threads: usize,
}

/// Threads of the workloads, which are none of the runtime's.
static OURS: AtomicUsize = AtomicUsize::new(1);

/// A thread that is not counted among those of the runtime.
pub fn thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    // Ordering: Relaxed; a statistic.
    OURS.fetch_add(1, Ordering::Relaxed);
    thread::spawn(move || {
        let result = f();
        OURS.fetch_sub(1, Ordering::Relaxed);
        result
    })
}

/// Threads that there are now, without those of the workload.
pub fn threads() -> usize {
    let all = usage::threads().unwrap_or_default();
    // Ordering: Relaxed, as above.
    all.saturating_sub(OURS.load(Ordering::Relaxed))
}

/// How often threads are counted.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a workload on a thread of its own, and watches the process meanwhile.
pub fn measure(setup: Setup, workload: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    // Measured once, off the clock.
    rounds(1);
    let before = Usage::now();
    let start = Instant::now();
    let (sender, outcome) = mpsc::channel();
    thread(move || sender.send(workload()));
    let mut most = 0;
    loop {
        match outcome.recv_timeout(LOOK) {
            Ok(mut outcome) => {
                outcome.run = Some(Run {
                    time: start.elapsed(),
                    used: Usage::now().since(before),
                    threads: most,
                });
                outcome.counted = COUNTERS.get().map(|read| read()).unwrap_or_default();
                if outcome.threads_afterwards {
                    // They have some time to end.
                    thread::sleep(2 * setup.time);
                    outcome.extra = Some(threads() as f64);
                }
                return outcome;
            }
            Err(RecvTimeoutError::Timeout) => most = most.max(threads()),
            Err(RecvTimeoutError::Disconnected) => panic!("the workload panicked: see above"),
        }
    }
}

/// Latencies, noted by any thread.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u64>>>);

impl Log {
    pub fn new() -> Self {
        // Room enough, so that no thread copies them with the lock held.
        Self(Arc::new(Mutex::new(Vec::with_capacity(1 << 20))))
    }

    /// Notes how long ago something was due.
    pub fn since(&self, due: Instant) {
        let nanoseconds = due.elapsed().as_nanos() as u64;
        self.lock().push(nanoseconds);
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `event` when each time has come, late if it must be, but never less often.
pub fn open_loop(dues: impl Iterator<Item = Instant>, mut event: impl FnMut(Instant)) {
    for due in dues {
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            thread::sleep(early);
        }
        event(due);
    }
}

/// So many times a second, from now on, at even distances.
pub fn evenly(rate: u64, time: Duration) -> impl Iterator<Item = Instant> {
    let start = Instant::now();
    let count = (time.as_secs_f64() * rate as f64) as u64;
    (0..count).map(move |number| start + Duration::from_secs(number) / rate as u32)
}

/// So many times a second on average, as those come who do not know of each other.
pub fn at_random(rate: f64, time: Duration) -> impl Iterator<Item = Instant> {
    let start = Instant::now();
    let mut random = Random::new();
    let mut at = 0.0;
    std::iter::from_fn(move || {
        at -= (1.0 - random.unit()).ln() / rate;
        (at < time.as_secs_f64()).then(|| start + Duration::from_secs_f64(at))
    })
}

/// Waits until it has been so.
pub fn wait_until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs something again and again, and notes how long each run takes.
pub fn repeat(setup: Setup, mut run: impl FnMut()) -> (Vec<u64>, u64) {
    let log = Log::new();
    let end = Instant::now() + setup.time;
    loop {
        let start = Instant::now();
        run();
        log.since(start);
        if Instant::now() >= end {
            let runs = log.len() as u64;
            return (log.take(), runs);
        }
    }
}

/// The same numbers for everybody.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// From 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Computes for so long, about: one unit of work.
pub fn burn(time: Duration) -> u64 {
    black_box(spin(black_box(rounds(time.as_nanos() as u64))));
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_many_as_asked_for() {
        let second = Duration::from_secs(1);
        let even: Vec<_> = evenly(1000, second).collect();
        assert_eq!(even.len(), 1000);
        assert_eq!(even[999] - even[0], Duration::from_millis(999));
        let random: Vec<_> = at_random(1000.0, second).collect();
        assert!((800..1200).contains(&random.len()), "{}", random.len());
        assert!(random.is_sorted());
    }

    #[test]
    fn late_events_come_all_the_same() {
        let start = Instant::now();
        let mut dues = Vec::new();
        open_loop([start, start].into_iter(), |due| dues.push(due));
        assert_eq!(dues, [start, start]);
    }

    #[test]
    fn a_measured_workload_has_all_figures() {
        let setup = Setup {
            threads: 1,
            time: Duration::ZERO,
        };
        let figures = measure(setup, || Outcome::new(vec![1, 2, 3], 10)).figures();
        assert_eq!(figures["p50"], 2.0);
        assert_eq!(figures["max"], 3.0);
        for name in ["units", "cpu_ns", "voluntary", "involuntary", "threads"] {
            assert!(figures.contains_key(name), "{name}");
        }
    }
}
