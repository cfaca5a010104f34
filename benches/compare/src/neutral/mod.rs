//! Programs that others have chosen to compare executors by: messages between tasks, tasks that
//! spawn tasks, tasks that sleep. Each sample is a process of its own (`crate::child`).

mod pinball;
mod skynet;
mod sleepers;

use crate::child::{Failure, Figures, Order};
use crate::cli::Options;
use crate::progress;
use crate::results::{Column, Grid, Line, OURS, Unit};
use crate::stats::{geometric_mean, quartiles};
use crate::suite::Size;
use crate::usage::memory;
use std::time::Duration;

/// What the kinds of all children of this table begin with.
pub const KIND: &str = "neutral ";

/// A sample that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Rows that are compared in one grid.
struct Group {
    name: &'static str,
    about: &'static str,
    /// What is counted.
    unit: &'static str,
    /// Whether the time says something.
    is_timed: bool,
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    name: String,
    /// How many units a run has.
    units: u64,
    subjects: Vec<Subject>,
}

struct Subject {
    name: &'static str,
    run: Run,
}

/// Does the work once, and returns its time.
type Run = Box<dyn Fn(usize) -> Result<Duration, String>>;

fn groups(size: Size) -> Vec<Group> {
    vec![
        pinball::group(size),
        skynet::group(size),
        sleepers::group(size),
    ]
}

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let size = match options.quick {
        true => Size::Quick,
        false => Size::Full,
    };
    let wanted = |group: &Group| {
        options.only.is_empty() || options.only.iter().any(|name| name == group.name)
    };
    let mut grids = Vec::new();
    for &threads in threads {
        let groups = groups(size);
        let wanted = groups.iter().filter(|group| wanted(group));
        grids.extend(wanted.map(|group| grid(group, size, options, threads)));
    }
    grids
}

/// The rounds of a subject in a row, and why there are no more.
#[derive(Clone, Default)]
struct Samples {
    rounds: Vec<Figures>,
    hung: bool,
}

impl Samples {
    fn middle(&self, figure: &str) -> Option<f64> {
        let figures = self.rounds.iter().filter_map(|round| round.get(figure));
        let figures: Vec<f64> = figures.copied().collect();
        (!figures.is_empty()).then(|| quartiles(&figures).median)
    }
}

fn grid(group: &Group, size: Size, options: &Options, threads: usize) -> Grid {
    let mut columns = vec![
        Column::new("time", Unit::Nanoseconds),
        Column::new(format!("a {}", group.unit), Unit::Nanoseconds).plotted(),
        Column::new(format!("{}s a second", group.unit), Unit::Count),
    ];
    if !group.is_timed {
        columns.clear();
    }
    columns.push(Column::new("peak memory", Unit::Bytes));
    columns.push(Column::new(format!("peak a {}", group.unit), Unit::Bytes));
    let mut grid = Grid {
        title: format!("{}: {}, {threads} threads", group.name, group.about),
        columns,
        lines: Vec::new(),
        notes: group.notes.clone(),
    };
    // The times of each subject beside ours, a row each.
    let mut ratios: Vec<(&str, Vec<f64>)> = Vec::new();
    for row in &group.rows {
        let samples = samples(group, row, size, options, threads, &mut grid.notes);
        let ours = row.subjects.iter().position(|subject| subject.name == OURS);
        let ours = ours.and_then(|place| samples[place].middle("time_ns"));
        for (subject, samples) in row.subjects.iter().zip(&samples) {
            let (time, peak) = (samples.middle("time_ns"), samples.middle("peak"));
            let units = row.units as f64;
            let mut values = Vec::new();
            if group.is_timed {
                let rate = time.map(|time| units * 1e9 / time);
                values.extend([time, time.map(|time| time / units), rate]);
            }
            values.extend([peak, peak.map(|peak| peak / units)]);
            if let (Some(time), Some(ours)) = (time, ours) {
                match ratios.iter_mut().find(|(name, _)| *name == subject.name) {
                    Some((_, known)) => known.push(time / ours),
                    None => ratios.push((subject.name, vec![time / ours])),
                }
            }
            grid.lines.push(Line {
                hangs: samples.hung,
                ..Line::new(&*row.name, subject.name, values)
            });
        }
    }
    if group.is_timed && group.rows.len() > 1 {
        grid.notes.push(mean(&ratios, group.rows.len()));
    }
    grid
}

/// One figure for all rows: of those who have them all.
fn mean(ratios: &[(&str, Vec<f64>)], rows: usize) -> String {
    let others = ratios.iter().filter(|(name, _)| *name != OURS);
    let told: Vec<_> = others
        .map(|(name, ratios)| match geometric_mean(ratios) {
            Some(mean) if ratios.len() == rows => format!("{name} {mean:.2}"),
            _ => format!("{name} has not all rows"),
        })
        .collect();
    format!(
        "Geometric mean of the times beside manyhands, {rows} rows: {}.",
        told.join(", ")
    )
}

/// Runs all subjects of a row in interleaved rounds.
fn samples(
    group: &Group,
    row: &Row,
    size: Size,
    options: &Options,
    threads: usize,
    notes: &mut Vec<String>,
) -> Vec<Samples> {
    let kind = format!("{KIND}{} {} {}", size.name(), group.name, row.name);
    let count = row.subjects.len();
    let mut found = vec![Samples::default(); count];
    for round in 0..options.rounds.div_ceil(4) {
        for turn in 0..count {
            let place = (round + turn) % count;
            let (subject, samples) = (row.subjects[place].name, &mut found[place]);
            if samples.hung {
                continue;
            }
            progress::say(&format!("{kind}, {subject}, round {}", round + 1));
            match Order::new(&kind, subject, threads).run_within(LIMIT) {
                Ok(figures) => samples.rounds.push(figures),
                Err(Failure::Hung) => samples.hung = true,
                Err(Failure::Other(error)) => notes.push(error),
            }
        }
    }
    found
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    for size in [Size::Full, Size::Quick] {
        for group in groups(size) {
            for row in group.rows {
                if order.kind != format!("{KIND}{} {} {}", size.name(), group.name, row.name) {
                    continue;
                }
                let mut subjects = row.subjects.iter();
                let subject = subjects
                    .find(|subject| subject.name == order.subject)
                    .ok_or_else(|| format!("unknown subject: {}", order.subject))?;
                let time = (subject.run)(order.threads)?;
                let peak = memory("VmHWM").ok_or("no VmHWM in /proc/self/status")?;
                return Ok(Figures::from([
                    ("time_ns".into(), time.as_nanos() as f64),
                    ("peak".into(), peak as f64),
                ]));
            }
        }
    }
    Err(format!("unknown row: {}", order.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row, with everybody. What forte does: see README.md.
    #[test]
    fn everybody_plays() {
        for group in groups(Size::Quick) {
            for row in &group.rows {
                for subject in row.subjects.iter().filter(|it| it.name != "forte") {
                    // Some are global: one start a process, which the test of the command does.
                    if group.name != "sleepers" {
                        let time = (subject.run)(2).unwrap();
                        assert!(time > Duration::ZERO, "{} {}", row.name, subject.name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_loads_are_those_of_the_original() {
        let group = pinball::group(Size::Full);
        let messages: Vec<u64> = group.rows.iter().map(|row| row.units).collect();
        // The longest way is 10^6 / balls, rounded down.
        let expected = [1, 3, 7, 17, 41, 101, 241].map(|balls| 1_000_000 / balls * balls * 61);
        assert_eq!(messages, expected);
        let skynet = skynet::group(Size::Full);
        assert_eq!(skynet.rows[0].units, 1_111_111);
    }
}
