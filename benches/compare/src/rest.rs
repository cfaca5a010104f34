//! What a pool costs that does nothing, or next to nothing.

use crate::child::{Figures, Order};
use crate::cli::Options;
use crate::launch::{self, How, Launch, Subject};
use crate::progress;
use crate::results::{Column, Grid, Line, Unit};
use crate::usage::Usage;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody gives the pool anything.
pub const REST: &str = "rest";
/// An outside thread spawns a small future every millisecond.
pub const FUTURES: &str = "rest-futures";
/// An outside thread spawns a small closure every millisecond.
pub const CLOSURES: &str = "rest-closures";

/// The process without any pool: what the outside thread costs, and the kernel's clock.
const NO_POOL: &str = "(no pool)";

/// How long a process is watched unless `--seconds` says otherwise.
const TIME: Duration = Duration::from_secs(10);

const PERIOD: Duration = Duration::from_millis(1);

/// After the warm-up, threads may look for work for a while before they sleep.
const SETTLE: Duration = Duration::from_millis(200);

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let mut grids = Vec::new();
    let time = options.seconds.unwrap_or(TIME);
    for &threads in threads {
        let grid = |title: &str, kind, subjects: Vec<&str>| {
            let title = format!("{title}, {} s, {threads} threads", time.as_secs_f64());
            grid(&title, kind, &subjects, threads, time)
        };
        let pools = launch::pools().map(|subject| subject.name);
        grids.push(grid("at rest", REST, pools.collect()));
        let futures = launch::subjects(How::Future).map(|subject| subject.name);
        grids.push(grid("1000 futures a second", FUTURES, futures.collect()));
        let closures = launch::subjects(How::Closure).map(|subject| subject.name);
        grids.push(grid("1000 closures a second", CLOSURES, closures.collect()));
    }
    grids
}

fn grid(title: &str, kind: &str, subjects: &[&str], threads: usize, time: Duration) -> Grid {
    let mut grid = Grid {
        title: title.to_owned(),
        columns: vec![
            Column::new("CPU time", Unit::Nanoseconds).plotted(),
            Column::new("without what no pool takes", Unit::Nanoseconds),
            Column::new("voluntary switches", Unit::Count),
            Column::new("involuntary switches", Unit::Count),
        ],
        lines: Vec::new(),
        notes: Vec::new(),
    };
    let mut baseline = None;
    for &subject in [NO_POOL].iter().chain(subjects) {
        progress::say(&format!("{title}: {subject}"));
        let mut order = Order::new(kind, subject, threads);
        order.time = time;
        let values = match order.run() {
            Ok(figures) => {
                let figure = |name| figures.get(name).copied();
                let cpu = figure("cpu_ns");
                let base = *baseline.get_or_insert(cpu);
                vec![
                    cpu,
                    cpu.zip(base).map(|(cpu, base)| cpu - base),
                    figure("voluntary"),
                    figure("involuntary"),
                ]
            }
            Err(error) => {
                grid.notes.push(error);
                vec![None; grid.columns.len()]
            }
        };
        grid.lines.push(Line::new(title, subject, values));
    }
    grid
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    let how = match order.kind.as_str() {
        FUTURES => Some(How::Future),
        CLOSURES => Some(How::Closure),
        _ => None,
    };
    let pool = match &*order.subject {
        NO_POOL => None,
        name => {
            let fits = |subject: &&Subject| {
                subject.name == name && how.is_none_or(|how| how == subject.how)
            };
            let subject = launch::SUBJECTS.iter().find(fits);
            let subject = subject.ok_or_else(|| format!("unknown subject: {name}"))?;
            Some(launch::warmed(subject, order.threads)?)
        }
    };
    thread::sleep(SETTLE);

    let time = order.time;
    let before = Usage::now();
    if how.is_some() {
        now_and_then(pool.as_deref(), time)?;
    } else {
        thread::sleep(time);
    }
    let used = Usage::now().since(before);
    Ok(Figures::from([
        ("cpu_ns".into(), used.cpu.as_nanos() as f64),
        ("voluntary".into(), used.voluntary as f64),
        ("involuntary".into(), used.involuntary as f64),
    ]))
}

/// Launches a job every millisecond, by the clock: a late one does not delay the others.
fn now_and_then(pool: Option<&dyn Launch>, time: Duration) -> Result<(), String> {
    let ran = Arc::new(AtomicU64::new(0));
    let mut launched = 0;
    let start = Instant::now();
    let mut next = start;
    while next < start + time {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let ran = Arc::clone(&ran);
        let job = Box::new(move || {
            // Ordering: Relaxed; a statistic.
            ran.fetch_add(1, Ordering::Relaxed);
        });
        match pool {
            Some(pool) => pool.launch(job),
            // The baseline runs them where it makes them.
            None => job(),
        }
        launched += 1;
        next += PERIOD;
    }
    // The last may still be on their way.
    for _ in 0..1000 {
        if ran.load(Ordering::Relaxed) == launched {
            return Ok(());
        }
        thread::sleep(PERIOD);
    }
    let ran = ran.load(Ordering::Relaxed);
    Err(format!("{ran} of {launched} jobs have run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_made_with_and_without_a_pool() {
        for (kind, subject) in [(REST, "rayon"), (FUTURES, NO_POOL), (FUTURES, "tokio")] {
            let figures = child(&Order::new(kind, subject, 1)).unwrap();
            assert!(figures["cpu_ns"] >= 0.0);
        }
        assert!(child(&Order::new(REST, "nobody", 1)).is_err());
    }

    #[test]
    fn every_millisecond_has_a_job() {
        now_and_then(None, Duration::from_millis(20)).unwrap();
    }
}
