//! What a computation, a pending task and a worker take in memory.

use crate::alloc;
use crate::child::{self, Figures, Order};
use crate::cli::Options;
use crate::fork_join::{self, ForkJoin, Work};
use crate::launch;
use crate::progress;
use crate::results::{Column, Grid, Line, PLAIN, Unit};
use crate::tables;
use crate::tasks::{self, Executor};
use crate::usage::memory;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// The highest resident size of a process that walks the UTS-like tree.
pub const UTS: &str = "memory-uts";
/// A million tasks that wait.
pub const PENDING: &str = "memory-pending";
/// Workers that sleep.
pub const WORKERS: &str = "memory-workers";

const TASKS: usize = 1_000_000;

/// Workers of the larger of the two pools that are compared.
const MANY: usize = 64;

pub fn grids(_: &Options, threads: &[usize]) -> Vec<Grid> {
    let mut grids: Vec<_> = threads.iter().map(|&threads| uts(threads)).collect();
    grids.push(pending(threads[0]));
    grids.push(workers());
    grids
}

/// What the process of each subject has found, and notes about those that failed.
fn grid(title: String, columns: Vec<Column>) -> Grid {
    Grid {
        title,
        columns,
        lines: Vec::new(),
        notes: Vec::new(),
    }
}

fn line(grid: &mut Grid, subject: &str, found: Result<Vec<Option<f64>>, String>) {
    let values = found.unwrap_or_else(|error| {
        grid.notes.push(error);
        vec![None; grid.columns.len()]
    });
    grid.lines.push(Line::new(&grid.title, subject, values));
}

fn uts(threads: usize) -> Grid {
    let mut grid = grid(
        format!("UTS-like tree, {threads} threads"),
        vec![
            Column::new("peak", Unit::Bytes),
            Column::new("over the plain calls", Unit::Bytes).plotted(),
        ],
    );
    let mut plain = None;
    for (subject, _) in FORK_JOIN {
        progress::say(&format!(
            "memory: UTS-like tree, {threads} threads: {subject}"
        ));
        let peak = child::middle(&Order::new(UTS, subject, threads), "peak");
        let values = peak.map(|peak| {
            let plain = *plain.get_or_insert(peak);
            vec![Some(peak), (*subject != PLAIN).then_some(peak - plain)]
        });
        line(&mut grid, subject, values);
    }
    grid
}

fn pending(threads: usize) -> Grid {
    let mut grid = grid(
        format!("a pending task among a million, {threads} threads"),
        vec![
            Column::new("resident", Unit::Bytes).plotted(),
            Column::new("requested", Unit::Bytes).plotted(),
            Column::new("allocations", Unit::Count),
        ],
    );
    for (subject, _) in EXECUTORS {
        progress::say(&format!("memory: pending tasks: {subject}"));
        let figures = Order::new(PENDING, subject, threads).run();
        let values = figures.map(|figures| {
            ["resident", "requested", "allocations"]
                .map(|name| figures.get(name).copied())
                .into()
        });
        line(&mut grid, subject, values);
    }
    grid
}

fn workers() -> Grid {
    let mut grid = grid(
        "a sleeping worker".to_owned(),
        vec![
            Column::new("resident", Unit::Bytes).plotted(),
            Column::new("workers", Unit::Count),
        ],
    );
    for subject in launch::pools() {
        progress::say(&format!("memory: sleeping workers: {}", subject.name));
        let many = MANY.min(subject.most);
        let resident = |threads| {
            let order = Order::new(WORKERS, subject.name, threads);
            child::middle(&order, "resident")
        };
        let values = resident(many).and_then(|large| {
            let each = (large - resident(1)?) / (many - 1) as f64;
            Ok(vec![Some(each), Some(many as f64)])
        });
        line(&mut grid, subject.name, values);
    }
    grid
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    let name = &*order.subject;
    let unknown = || format!("unknown subject: {name}");
    match order.kind.as_str() {
        UTS => {
            let (_, walk) = FORK_JOIN
                .iter()
                .find(|(subject, _)| *subject == name)
                .ok_or_else(unknown)?;
            walk(order.threads)
        }
        PENDING => {
            let (_, wait) = EXECUTORS
                .iter()
                .find(|(subject, _)| *subject == name)
                .ok_or_else(unknown)?;
            wait(order.threads, TASKS)
        }
        _ => {
            let subject = launch::pools()
                .find(|subject| subject.name == name)
                .ok_or_else(unknown)?;
            let _pool = launch::warmed(subject, order.threads)?;
            thread::sleep(Duration::from_millis(100));
            Ok(Figures::from([("resident".into(), resident()?)]))
        }
    }
}

fn resident() -> Result<f64, String> {
    let bytes = memory("VmRSS").ok_or("no VmRSS in /proc/self/status")?;
    Ok(bytes as f64)
}

type Walk = fn(usize) -> Result<Figures, String>;

const FORK_JOIN: &[(&str, Walk)] = &[
    (PLAIN, walk::<fork_join::Sequential>),
    (fork_join::ManyHands::NAME, walk::<fork_join::ManyHands>),
    (fork_join::Rayon::NAME, walk::<fork_join::Rayon>),
    (fork_join::Chili::NAME, walk::<fork_join::Chili>),
    #[cfg(feature = "forte")]
    (fork_join::Forte::NAME, walk::<fork_join::Forte>),
];

fn walk<P: ForkJoin>(threads: usize) -> Result<Figures, String> {
    let pool = P::pool(threads);
    for _ in 0..5 {
        P::inside(&pool, |scope| {
            std::hint::black_box(tables::UTS.run::<P>(scope))
        });
    }
    let peak = memory("VmHWM").ok_or("no VmHWM in /proc/self/status")?;
    Ok(Figures::from([("peak".into(), peak as f64)]))
}

type Wait = fn(usize, usize) -> Result<Figures, String>;

const EXECUTORS: &[(&str, Wait)] = &[
    (tasks::ManyHands::NAME, wait::<tasks::ManyHands>),
    (tasks::Tokio::NAME, wait::<tasks::Tokio>),
    (tasks::AsyncExecutor::NAME, wait::<tasks::AsyncExecutor>),
    (tasks::Futures::NAME, wait::<tasks::Futures>),
    #[cfg(feature = "forte")]
    (tasks::Forte::NAME, wait::<tasks::Forte>),
];

/// What all tasks wait for. It keeps their wakers, since a task whose wakers are all gone may be
/// dropped.
struct Never {
    wakers: Mutex<Vec<Option<Waker>>>,
    waiting: AtomicUsize,
}

/// Waits, under its number, for what never comes: a future of 16 bytes.
struct Waiting {
    never: &'static Never,
    number: usize,
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut wakers = self
            .never
            .wakers
            .lock()
            .expect("nobody panics with the lock");
        wakers[self.number] = Some(context.waker().clone());
        drop(wakers);
        // Ordering: Relaxed; only the count matters.
        self.never.waiting.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    }
}

/// Spawns in portions and lets each be polled before the next, so that the queues stay short and
/// what is left are the tasks.
fn wait<E: Executor>(threads: usize, tasks: usize) -> Result<Figures, String> {
    const PORTION: usize = 500;

    // In pages that are there already, and so not among the tasks' memory. (A loop, as a vector of
    // zeroes may come from pages that are not.)
    let mut wakers = Vec::with_capacity(tasks);
    wakers.extend((0..tasks).map(|_| Some(Waker::noop().clone())));
    let never: &'static Never = Box::leak(Box::new(Never {
        wakers: Mutex::new(wakers),
        waiting: AtomicUsize::new(0),
    }));
    let executor = E::start(threads);
    executor.block_on(executor.spawn(async {}));

    let before = resident()?;
    alloc::start();
    let counted = alloc::read();
    for from in (0..tasks).step_by(PORTION) {
        let to = (from + PORTION).min(tasks);
        for number in from..to {
            executor.spawn_detached(Waiting { never, number });
        }
        let mut naps = 0;
        while never.waiting.load(Ordering::Relaxed) < to {
            thread::sleep(Duration::from_micros(50));
            naps += 1;
            if naps % 1000 == 0 {
                // forte sleeps on now and then (see README.md); one more spawn wakes it.
                executor.spawn_detached(async {});
            }
        }
    }
    let count = alloc::read();
    let each = |total: f64| total / tasks as f64;
    Ok(Figures::from([
        ("resident".into(), each(resident()? - before)),
        ("requested".into(), each((count.live - counted.live) as f64)),
        (
            "allocations".into(),
            each((count.allocations - counted.allocations) as f64),
        ),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_tasks_take_memory_with_everybody() {
        for (name, wait) in EXECUTORS {
            let figures = wait(1, 2000).unwrap();
            assert!(figures["requested"] > 16.0, "{name}: {figures:?}");
            assert!(figures["allocations"] > 0.5, "{name}: {figures:?}");
        }
    }

    #[test]
    fn a_child_knows_its_subjects() {
        assert!(child(&Order::new(UTS, "nobody", 1)).is_err());
        let figures = child(&Order::new(WORKERS, "rayon", 1)).unwrap();
        assert!(figures["resident"] > 1e5);
    }
}
