//! manyhands beside its published peers.
//!
//! ```text
//! cargo run --release -- [TABLE...] [--rounds N] [--threads 1,2] [--json FILE]
//! ```
//!
//! Every row of every table of times runs all subjects in one process, in interleaved rounds: noise
//! that comes and goes hits all of them. `README.md` tells how to read the figures and where to add
//! a row.

mod alloc;
mod child;
mod cli;
mod counters;
mod fork_join;
mod latency;
mod launch;
mod loops;
mod machine;
mod measure;
mod memory;
mod mixed;
mod neutral;
mod patience;
mod peers;
mod plot;
mod progress;
mod report;
mod rest;
mod results;
mod sorts;
mod stats;
mod suite;
mod tables;
mod tasks;
mod usage;
mod world;

use cli::Options;
use results::{Report, Section};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tables::{Kind, Table};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((child::FLAG, order)) = args.split_first().map(|(flag, rest)| (&**flag, rest)) {
        return child::main(order);
    }
    let options = match cli::parse(args.into_iter()) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", cli::usage());
            return ExitCode::from(2);
        }
    };
    let done = match options.from.split_first() {
        Some((first, more)) => show(&options, first, more),
        None => measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows the wanted tables of saved reports, as those of the first one.
fn show(options: &Options, first: &Path, more: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let read = |file: &Path| -> Result<Report, String> {
        let text = fs::read_to_string(file).map_err(named(file))?;
        serde_json::from_str(&text).map_err(named(file))
    };
    let mut report = read(first)?;
    for file in more {
        report.add(read(file)?);
    }
    report
        .sections
        .retain(|section| options.wants(&section.table));
    print!("{}", report::markdown(&report));
    save(options, &report)
}

/// Measures, prints a table as soon as it is done, and saves all that is done so far.
fn measure(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut report = Report {
        machine: machine::Machine::here(),
        versions: peers::versions(),
        rounds: options.rounds,
        sections: Vec::new(),
    };
    print!("{}", report::preamble(&report));
    save(options, &report)?;
    let wanted = tables::ALL.iter().filter(|table| options.wants(table.name));
    for table in wanted {
        let threads = options.threads.as_deref().unwrap_or(table.threads);
        match table.kind {
            Kind::Times { extras, rows } => {
                for &threads in threads {
                    let mut section = empty(table, Some(threads));
                    section.extras = extras.to_vec();
                    rows(threads, &mut |row| {
                        progress::say(&format!("{}, {threads} threads: {}", table.name, row.name));
                        section.rows.push(measure::run(row, options.rounds));
                    });
                    print!("{}", report::section(&section));
                    report.sections.push(section);
                    save(options, &report)?;
                }
            }
            Kind::Figures(grids) => {
                let mut section = empty(table, None);
                section.grids = grids(options, threads);
                print!("{}", report::section(&section));
                report.sections.push(section);
                save(options, &report)?;
            }
        }
    }
    Ok(())
}

fn empty(table: &Table, threads: Option<usize>) -> Section {
    Section {
        table: table.name.to_owned(),
        about: table.about.to_owned(),
        threads,
        extras: Vec::new(),
        rows: Vec::new(),
        grids: Vec::new(),
    }
}

fn save(options: &Options, report: &Report) -> Result<(), Box<dyn Error>> {
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(report)? + "\n";
        fs::write(file, json).map_err(named(file))?;
    }
    if let Some(file) = &options.markdown {
        fs::write(file, report::markdown(report)).map_err(named(file))?;
    }
    if let Some(folder) = &options.plots {
        plot::write(report, folder).map_err(named(folder))?;
    }
    Ok(())
}

/// An error that says which file it is about.
fn named<E: std::fmt::Display>(file: &Path) -> impl Fn(E) -> String + '_ {
    move |error| format!("{}: {error}", file.display())
}
