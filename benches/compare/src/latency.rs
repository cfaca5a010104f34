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

/// What has not begun by then is lost.
const LOST: Duration = Duration::from_secs(2);

/// One sample: nanoseconds. None if it was lost.
type Once = Box<dyn FnMut() -> Option<f64>>;

/// A subject, or why it takes no part.
type Subject = Result<(&'static str, Once), String>;

/// What is said of the samples.
const PARTS: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let grid = |&threads: &usize| {
        let columns = PARTS.map(|(name, _)| Column::new(name, Unit::Nanoseconds).plotted());
        let mut grid = Grid {
            title: format!("{threads} threads"),
            columns: columns.into(),
            lines: Vec::new(),
            notes: Vec::new(),
        };
        let mut row = |name, subjects| measure(&mut grid, name, subjects, options.rounds);
        row("spawn a future", spawns(How::Future, threads));
        row("spawn a closure", spawns(How::Closure, threads));
        row("wake a task", wakes(threads));
        grid
    };
    threads.iter().map(grid).collect()
}

/// A row, in interleaved rounds.
fn measure(grid: &mut Grid, row: &str, subjects: Vec<Subject>, rounds: usize) {
    let mut present = Vec::new();
    for subject in subjects {
        match subject {
            Ok((name, once)) => present.push((name, once, Vec::new())),
            Err(error) => grid.notes.push(format!("{row}: {error}")),
        }
    }
    let count = present.len();
    for round in 0..rounds {
        progress::say(&format!("latency: {row}, round {} of {rounds}", round + 1));
        for turn in 0..count {
            let (_, once, samples) = &mut present[(round + turn) % count];
            // The first wakes threads that have slept for long.
            once();
            samples.extend((0..SAMPLES).map(|_| once()));
        }
    }
    for (name, _, samples) in present {
        let mut figures: Vec<f64> = samples.iter().copied().flatten().collect();
        figures.sort_by(f64::total_cmp);
        let lost = samples.len() - figures.len();
        if lost > 0 {
            let all = samples.len();
            let note = format!("{row}: {name} has lost {lost} of {all} samples.");
            grid.notes.push(note);
        }
        let part = |(_, part)| (!figures.is_empty()).then(|| quantile(&figures, part));
        grid.lines
            .push(Line::new(row, name, PARTS.map(part).into()));
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
    fn wait(&self, start: u64) -> Option<f64> {
        for _ in 0..LOST.as_nanos() / IDLE.as_nanos() {
            thread::sleep(IDLE);
            // Ordering: Relaxed, as above.
            match self.nanoseconds.swap(0, Ordering::Relaxed) {
                0 => (),
                end => return Some(end.saturating_sub(start) as f64),
            }
        }
        None
    }
}

fn spawns(how: How, threads: usize) -> Vec<Subject> {
    let once = |subject: &'static launch::Subject| -> Subject {
        let pool = launch::warmed(subject, threads)?;
        let once = move || {
            // One of its own, should this come late.
            let moment = Moment::new();
            let begun = Arc::clone(&moment);
            let job = Box::new(move || begun.note());
            let start = moment.now();
            pool.launch(job);
            moment.wait(start)
        };
        Ok((subject.name, Box::new(once)))
    };
    launch::subjects(how).map(once).collect()
}

fn wakes(threads: usize) -> Vec<Subject> {
    vec![
        Ok(wake::<tasks::ManyHands>(threads)),
        Ok(wake::<tasks::Tokio>(threads)),
        Ok(wake::<tasks::AsyncExecutor>(threads)),
        Ok(wake::<tasks::Futures>(threads)),
        #[cfg(feature = "forte")]
        Ok(wake::<tasks::Forte>(threads)),
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
    // The first poll. If it is lost, so is every sample.
    moment.wait(start);
    let once = move || {
        // The pool lives as long as its task.
        let _executor = &executor;
        let waker = slot.lock().expect("nobody panics with the lock").take()?;
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
        for subject in futures.chain(closures).chain(wakes(2)) {
            // forte loses some now and then.
            let Ok((name, mut once)) = subject else {
                continue;
            };
            let times: Vec<_> = (0..5).filter_map(|_| once()).collect();
            assert!(times.len() == 5 || name == "forte", "{name}");
            assert!(times.iter().all(|time| *time < 1e9), "{name}: {times:?}");
        }
    }

    #[test]
    fn what_is_lost_is_told() {
        let mut grid = Grid {
            title: String::new(),
            columns: Vec::new(),
            lines: Vec::new(),
            notes: Vec::new(),
        };
        let mut calls = 0;
        let once = move || {
            calls += 1;
            (calls % 2 == 0).then_some(5.0)
        };
        measure(&mut grid, "row", vec![Ok(("half", Box::new(once)))], 1);
        assert_eq!(grid.lines[0].values, [Some(5.0); 3]);
        assert_eq!(grid.notes, ["row: half has lost 100 of 200 samples."]);
    }
}
