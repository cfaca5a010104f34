//! Timers, sockets and HTTP: what a runtime does at the border of the process.
//!
//! Each sample is a process of its own (`crate::child`). In the groups with sockets that process
//! is the load, and starts the server as another one (`server.rs`), so that each has its own CPU
//! time.

mod echo;
mod http;
mod load;
mod nets;
mod runtimes;
mod server;
mod timers;
mod wrk;

pub use self::runtimes::{Job, Ours, Smol, Tokio, World, with};

use crate::child::{Failure, Figures, Order};
use crate::cli::Options;
use crate::progress;
use crate::results::{Column, Grid, Line, Unit};
use crate::stats::quartiles;
use std::time::Duration;

/// What the kinds of all children of this table begin with.
pub const KIND: &str = "world ";

/// How to run a sample.
#[derive(Clone, Copy)]
struct Setup {
    threads: usize,
    time: Duration,
}

/// Rows that are compared in one grid.
struct Group {
    name: &'static str,
    about: &'static str,
    columns: Vec<Shown>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    name: &'static str,
    /// How many files a process opens.
    files: u64,
    /// Names, which `run` knows.
    subjects: Vec<&'static str>,
    run: Box<dyn Fn(&str, Setup) -> Result<Figures, String>>,
}

/// A column: the figure that it shows, by its name in the child.
struct Shown {
    title: &'static str,
    figure: &'static str,
    unit: Unit,
    /// Whether its quartiles are shown as well.
    quartiles: bool,
}

fn shown(title: &'static str, figure: &'static str, unit: Unit) -> Shown {
    Shown {
        title,
        figure,
        unit,
        quartiles: false,
    }
}

impl Shown {
    fn with_quartiles(mut self) -> Self {
        self.quartiles = true;
        self
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::new(self.title, self.unit)];
        if self.quartiles {
            columns.extend(["from", "to"].map(|name| Column::new(name, self.unit)));
        }
        columns
    }

    /// The figures of all rounds as cells.
    fn cells(&self, rounds: &[Figures]) -> Vec<Option<f64>> {
        let figures = rounds.iter().filter_map(|round| round.get(self.figure));
        let figures: Vec<f64> = figures.copied().collect();
        let found = (!figures.is_empty()).then(|| quartiles(&figures));
        let mut cells = vec![found.map(|found| found.median)];
        if self.quartiles {
            cells.extend([found.map(|found| found.low), found.map(|found| found.high)]);
        }
        cells
    }
}

fn groups() -> Vec<Group> {
    vec![
        timers::group(),
        echo::group(),
        http::light_group(),
        http::heavy_group(),
    ]
}

/// How long a sample with sockets takes unless `--seconds` says otherwise.
const TIME: Duration = Duration::from_secs(1);

/// A sample that needs so much longer hangs: 10^6 tasks and 10^4 connections take a while.
const GRACE: Duration = Duration::from_secs(30);

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let wanted = |group: &Group| {
        options.only.is_empty() || options.only.iter().any(|name| name == group.name)
    };
    let mut grids = Vec::new();
    for &threads in threads {
        let groups = groups();
        let wanted = groups.iter().filter(|group| wanted(group));
        grids.extend(wanted.map(|group| grid(group, options, threads)));
    }
    grids
}

fn grid(group: &Group, options: &Options, threads: usize) -> Grid {
    let mut grid = Grid {
        title: format!(
            "{}: {}, {threads} threads{}",
            group.name,
            group.about,
            match (
                cfg!(feature = "world-async-io"),
                cfg!(feature = "world-tokio")
            ) {
                (_, true) => ", feature tokio",
                (true, false) => ", feature async-io",
                (false, false) => "",
            }
        ),
        columns: group.columns.iter().flat_map(Shown::columns).collect(),
        lines: Vec::new(),
        notes: group.notes.clone(),
    };
    for row in &group.rows {
        if let Err(error) = server::allow_files(row.files) {
            grid.notes.push(format!("{}: left out: {error}", row.name));
            continue;
        }
        let samples = samples(group, row, options, threads, &mut grid.notes);
        for (subject, (rounds, hung)) in row.subjects.iter().zip(samples) {
            let cells = group.columns.iter().flat_map(|shown| shown.cells(&rounds));
            grid.lines.push(Line {
                hangs: hung,
                ..Line::new(row.name, *subject, cells.collect())
            });
        }
    }
    grid
}

/// Runs all subjects of a row in interleaved rounds: the figures of each, and whether it hung.
fn samples(
    group: &Group,
    row: &Row,
    options: &Options,
    threads: usize,
    notes: &mut Vec<String>,
) -> Vec<(Vec<Figures>, bool)> {
    let kind = format!("{KIND}{} {}", group.name, row.name);
    let count = row.subjects.len();
    let mut found = vec![(Vec::new(), false); count];
    for round in 0..options.rounds.div_ceil(4) {
        for turn in 0..count {
            let place = (round + turn) % count;
            let (rounds, hung) = &mut found[place];
            if *hung {
                continue;
            }
            let subject = row.subjects[place];
            progress::say(&format!("{kind}, {subject}, round {}", round + 1));
            let mut order = Order::new(&kind, subject, threads);
            order.time = options.seconds.unwrap_or(TIME);
            match order.run_within(GRACE) {
                Ok(figures) => rounds.push(figures),
                Err(Failure::Hung) => *hung = true,
                Err(Failure::Other(error)) => notes.push(error),
            }
        }
    }
    found
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    if let Some(what) = order.kind.strip_prefix(server::KIND) {
        return server::child(what, &order.subject, order.threads);
    }
    let setup = Setup {
        threads: order.threads,
        time: order.time,
    };
    for group in groups() {
        for row in group.rows {
            if order.kind == format!("{KIND}{} {}", group.name, row.name) {
                server::allow_files(row.files)?;
                return (row.run)(&order.subject, setup);
            }
        }
    }
    Err(format!("unknown row: {}", order.kind))
}

fn unknown(subject: &str) -> String {
    format!("unknown subject: {subject}")
}
