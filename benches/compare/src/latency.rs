//! How soon a sleeping pool begins.
//!
//! An outside thread notes the time, gives the pool something, and sleeps for a millisecond; what
//! it has given notes the time too. So nobody waits for anybody, and the pool is asleep again
//! before the next sample.

use crate::cli::Options;
use crate::launch::{self, How};
use crate::progress;
use crate::results::{Column, Grid, Line, Unit};
use crate::stats::quantile;
use crate::tasks::{self, Executor};
use crate::watchdog;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How long the pool has to go to sleep.
const IDLE: Duration = Duration::from_millis(1);

/// Samples of a subject in a round.
const SAMPLES: usize = 200;

/// One sample: nanoseconds.
type Once = Box<dyn FnMut() -> f64>;

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let mut grids = Vec::new();
    for &threads in threads {
        let mut grid = Grid {
            title: format!("{threads} threads"),
            columns: [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]
                .map(|(name, _)| Column::new(name, Unit::Nanoseconds).plotted())
                .into(),
            lines: Vec::new(),
            notes: Vec::new(),
        };
        measure(
            &mut grid,
            "spawn a future",
            spawns(How::Future, threads),
            options.rounds,
        );
        measure(
            &mut grid,
            "spawn a closure",
            spawns(How::Closure, threads),
            options.rounds,
        );
        measure(&mut grid, "wake a task", wakes(threads), options.rounds);
        grids.push(grid);
    }
    grids
}

fn measure(grid: &mut Grid, row: &str, mut subjects: Vec<(&'static str, Once)>, rounds: usize) {
    let count = subjects.len();
    let mut figures = vec![Vec::new(); count];
    for round in 0..rounds {
        progress::say(&format!("latency: {row}, round {} of {rounds}", round + 1));
        for turn in 0..count {
            let at = (round + turn) % count;
            let (name, once) = &mut subjects[at];
            watchdog::begin(format!("latency: {row}: {name}"), Duration::from_secs(60));
            // The first wakes threads that have slept for long.
            once();
            figures[at].extend((0..SAMPLES).map(|_| once()));
        }
    }
    watchdog::end();
    for ((name, _), mut figures) in subjects.into_iter().zip(figures) {
        figures.sort_by(f64::total_cmp);
        grid.lines.push(Line {
            row: row.to_owned(),
            subject: name.to_owned(),
            values: [0.5, 0.9, 0.99]
                .map(|part| Some(quantile(&figures, part)))
                .into(),
        });
    }
}

/// When something happened, on another thread. 0: it has not.
struct Moment {
    base: Instant,
    nanoseconds: AtomicU64,
}

impl Moment {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            base: Instant::now(),
            nanoseconds: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).expect("less than centuries")
    }

    fn note(&self) {
        // Ordering: Relaxed; nothing else is handed over.
        self.nanoseconds.store(self.now(), Ordering::Relaxed);
    }

    /// Lets the moment come, and says how long after `start` it was.
    fn wait(&self, start: u64) -> f64 {
        loop {
            thread::sleep(IDLE);
            // Ordering: Relaxed, as above.
            match self.nanoseconds.swap(0, Ordering::Relaxed) {
                0 => (),
                end => return end.saturating_sub(start) as f64,
            }
        }
    }
}

fn spawns(how: How, threads: usize) -> Vec<(&'static str, Once)> {
    let once = |subject: &'static launch::Subject| -> (&'static str, Once) {
        let pool = launch::warmed(subject, threads);
        let moment = Moment::new();
        let once = move || {
            let begun = Arc::clone(&moment);
            let job = Box::new(move || begun.note());
            let start = moment.now();
            pool.launch(job);
            moment.wait(start)
        };
        (subject.name, Box::new(once))
    };
    launch::subjects(how).map(once).collect()
}

fn wakes(threads: usize) -> Vec<(&'static str, Once)> {
    vec![
        wake::<tasks::ManyHands>(threads),
        wake::<tasks::Tokio>(threads),
        wake::<tasks::AsyncExecutor>(threads),
        wake::<tasks::Futures>(threads),
        #[cfg(feature = "forte")]
        wake::<tasks::Forte>(threads),
    ]
}

/// A task that notes the time whenever it is woken, and waits again.
fn wake<E: Executor>(threads: usize) -> (&'static str, Once) {
    let executor = E::start(threads);
    let moment = Moment::new();
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let (polled, kept) = (Arc::clone(&moment), Arc::clone(&slot));
    let start = moment.now();
    executor.spawn_detached(poll_fn(move |context| {
        let waker = context.waker().clone();
        *kept.lock().expect("nobody panics with the lock") = Some(waker);
        polled.note();
        Poll::Pending
    }));
    moment.wait(start);
    let once = move || {
        // The pool lives as long as its task.
        let _executor = &executor;
        let waker = slot.lock().expect("nobody panics with the lock").take();
        let waker = waker.expect("the task has been polled");
        let start = moment.now();
        waker.wake();
        moment.wait(start)
    };
    (E::NAME, Box::new(once))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_begins_and_wakes() {
        let futures = spawns(How::Future, 2).into_iter();
        let closures = spawns(How::Closure, 2).into_iter();
        for (name, mut once) in futures.chain(closures).chain(wakes(2)) {
            for _ in 0..5 {
                let time = once();
                assert!(time > 0.0 && time < 1e9, "{name}: {time}");
            }
        }
    }
}
