//! Tasks and computations in one program: what each does to the other.
//!
//! A [`Workload`] is written once for any [`Runtime`]. Each sample is a process of its own
//! (`crate::child`), since most runtimes are global, and since some hang: that is a result here,
//! not an accident.
//!
//! Times are counted from when something was *due*, not from when a busy machine came to it, and
//! what is late delays nothing that comes after it ([`open_loop`]).

mod cancel;
mod fan_out;
mod harness;
mod hog;
mod isolation;
mod load;
mod nesting;
mod requests;
mod runtimes;
mod stages;
mod stall;
mod wakes;

use crate::child::{Failure, Figures, Order};
use crate::cli::Options;
use crate::progress;
use crate::results::{Column, Grid, Line, Unit};
use crate::stats::quartiles;
use harness::{Outcome, Setup};
use runtimes::Runtime;
use std::time::Duration;

/// What the kinds of all children of this table begin with.
pub const KIND: &str = "mixed ";

/// Something to do for a while.
trait Workload: Copy + Send + 'static {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome;
}

/// Workloads that are compared in one grid.
struct Group {
    name: &'static str,
    about: &'static str,
    /// What the latencies are of.
    latency: &'static str,
    /// What is counted.
    unit: &'static str,
    /// The name of [`Outcome::extra`].
    extra: Option<&'static str>,
    /// Whether anything waits inside of a loop or a task: then it also runs with one thread, where
    /// such things hang first.
    waits: bool,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    subjects: Vec<Subject>,
}

struct Subject {
    name: &'static str,
    run: Box<dyn FnOnce(Setup) -> Outcome + Send>,
}

fn subject<R: Runtime>(workload: impl Workload) -> Subject {
    Subject {
        name: R::NAME,
        run: Box::new(move |setup| {
            R::start(setup.threads);
            harness::measure(setup, move || workload.run::<R>(setup))
        }),
    }
}

fn row(name: &'static str, workload: impl Workload) -> Row {
    Row {
        name,
        subjects: vec![
            subject::<runtimes::ManyHands>(workload),
            subject::<runtimes::Awaited>(workload),
            subject::<runtimes::TokioRayon>(workload),
            subject::<runtimes::RayonInTokio>(workload),
            subject::<runtimes::SmolRayon>(workload),
            subject::<runtimes::SpawnBlocking>(workload),
            subject::<runtimes::TwoTokios>(workload),
            #[cfg(feature = "forte")]
            subject::<runtimes::Forte>(workload),
        ],
    }
}

fn groups() -> Vec<Group> {
    vec![
        wakes::group(),
        requests::group(),
        stall::group(),
        stages::group(),
        fan_out::group(),
        nesting::group(),
        hog::group(),
        isolation::group(),
        wakes::blocking_group(),
        cancel::group(),
    ]
}

/// How long a sample takes unless `--seconds` says otherwise.
const TIME: Duration = Duration::from_millis(500);

/// A sample that needs so much longer hangs: this, and four times what it was told to take.
const GRACE: Duration = Duration::from_secs(2);

/// What is said of latencies.
const PARTS: [(&str, f64); 4] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
    let wanted = |group: &Group| {
        options.only.is_empty() || options.only.iter().any(|name| name == group.name)
    };
    let mut grids = Vec::new();
    for &threads in threads {
        for group in groups().iter().filter(|group| wanted(group)) {
            if threads > 1 || group.waits {
                grids.push(grid(group, options, threads));
            }
        }
    }
    grids
}

fn grid(group: &Group, options: &Options, threads: usize) -> Grid {
    let time = options.seconds.unwrap_or(TIME);
    // A sample takes much longer than those of most tables. With one thread the question is who
    // hangs.
    let rounds = if threads == 1 {
        1
    } else {
        options.rounds.div_ceil(4)
    };
    let figures = figures(group);
    let column = |(name, _, unit): &(String, _, _)| Column::new(name, *unit);
    let mut grid = Grid {
        title: format!(
            "{}: {}, {}",
            group.name,
            group.about,
            match threads {
                1 => "1 thread".to_owned(),
                _ => format!("{threads} threads"),
            }
        ),
        columns: figures.iter().map(column).collect(),
        lines: Vec::new(),
        notes: vec![format!("Latency: {}.", group.latency)],
    };
    for row in &group.rows {
        let count = row.subjects.len();
        let mut found: Vec<Vec<Figures>> = vec![Vec::new(); count];
        let mut hung = vec![false; count];
        let kind = format!("{KIND}{} {}", group.name, row.name);
        for round in 0..rounds {
            progress::say(&format!("{kind}, {threads} threads, round {}", round + 1));
            for turn in 0..count {
                let place = (round + turn) % count;
                // Once is enough.
                if hung[place] {
                    continue;
                }
                let mut order = Order::new(&kind, row.subjects[place].name, threads);
                order.time = time;
                match order.run_within(GRACE + 4 * time) {
                    Ok(figures) => found[place].push(figures),
                    Err(Failure::Hung) => hung[place] = true,
                    Err(Failure::Other(error)) => grid.notes.push(error),
                }
            }
        }
        for (place, subject) in row.subjects.iter().enumerate() {
            let found = &found[place];
            if hung[place] && !found.is_empty() {
                grid.notes.push(format!(
                    "{}: {} hung after {} rounds.",
                    row.name,
                    subject.name,
                    found.len()
                ));
            }
            let median = |name: &str| {
                let values: Vec<_> = found.iter().filter_map(|one| one.get(name)).collect();
                let values: Vec<f64> = values.into_iter().copied().collect();
                (!values.is_empty()).then(|| quartiles(&values).median)
            };
            let values = figures.iter().map(|(_, name, _)| median(name));
            grid.lines.push(Line {
                hangs: hung[place],
                ..Line::new(row.name, subject.name, values.collect())
            });
        }
    }
    grid
}

/// The names of the columns, the figures of the child that they show, and their units.
fn figures(group: &Group) -> Vec<(String, &'static str, Unit)> {
    let mut columns: Vec<_> = PARTS
        .map(|(name, _)| (name.to_owned(), name, Unit::Nanoseconds))
        .into();
    columns.extend([
        (format!("{} a second", group.unit), "units", Unit::Count),
        ("CPU a second".to_owned(), "cpu_ns", Unit::Nanoseconds),
        (
            "voluntary switches a second".to_owned(),
            "voluntary",
            Unit::Count,
        ),
        ("involuntary".to_owned(), "involuntary", Unit::Count),
        ("most threads".to_owned(), "threads", Unit::Count),
    ]);
    // What only manyhands counts.
    let counters = [
        ("began to compute", "computations", Unit::Count),
        ("lent", "lent", Unit::Count),
        ("overcommitted", "overcommitted", Unit::Count),
        ("slowest poll", "slowest_poll", Unit::Nanoseconds),
        ("longest rescue", "longest_rescue", Unit::Nanoseconds),
    ];
    columns.extend(counters.map(|(title, name, unit)| (title.to_owned(), name, unit)));
    columns.extend(
        group
            .extra
            .map(|name| (name.to_owned(), "extra", Unit::Count)),
    );
    columns
}

/// In a process of its own.
pub fn child(order: &Order) -> Result<Figures, String> {
    let kind = &order.kind;
    let setup = Setup {
        threads: order.threads,
        time: order.time,
    };
    for group in groups() {
        for row in group.rows {
            if *kind == format!("{KIND}{} {}", group.name, row.name) {
                let mut subjects = row.subjects.into_iter();
                let subject = subjects.find(|subject| subject.name == order.subject);
                let subject = subject.ok_or(format!("unknown subject: {}", order.subject))?;
                return Ok((subject.run)(setup).figures());
            }
        }
    }
    Err(format!("unknown row: {kind}"))
}
