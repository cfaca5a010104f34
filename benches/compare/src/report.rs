//! Figures as Markdown tables and as JSON.

use crate::machine::Machine;
use crate::measure::{Measured, Subject};
use crate::peers;
use serde_json::json;
use std::fmt::Write;

/// The subject that all ratios refer to.
const OURS: &str = "manyhands";

pub const HEADER: &str = "\
| row | subject | per run | per unit | quartiles | best | beside manyhands |
|---|---|--:|--:|--:|--:|--:|
";

pub fn preamble(machine: &Machine) -> String {
    let Machine {
        cpu,
        cores,
        system,
        compiler,
        revision,
        date,
        command,
    } = machine;
    let peers: Vec<_> = peers::CRATES
        .iter()
        .filter_map(|name| Some(format!("{name} {}", peers::version(name)?)))
        .collect();
    format!(
        "- Machine: {cpu}, {cores} cores, {system}\n\
         - Compiler: {compiler}\n\
         - Subjects: {}; manyhands at {revision}\n\
         - Date: {date}\n\
         - Command: `{command}`\n",
        peers.join(", ")
    )
}

/// The lines of one row.
pub fn lines(measured: &Measured) -> String {
    let mut text = String::new();
    for (place, subject) in measured.subjects.iter().enumerate() {
        let units = measured.units as f64;
        let quartiles = subject.quartiles;
        let row = if place == 0 { &*measured.row } else { "" };
        writeln!(
            text,
            "| {row} | {} | {} | {} / {} | {} - {} | {} | {} |",
            subject.name,
            time(quartiles.median),
            time(quartiles.median / units),
            measured.unit,
            time(quartiles.low / units),
            time(quartiles.high / units),
            time(subject.best() / units),
            ratio(measured, subject).map_or(String::new(), |ratio| format!("{ratio:.2}x")),
        )
        .expect("a string takes all");
    }
    text
}

pub fn json(machine: &Machine, rounds: usize, results: &[Measured]) -> String {
    let versions: serde_json::Map<_, _> = peers::CRATES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), peers::version(name)?.into())))
        .collect();
    let rows: Vec<_> = results
        .iter()
        .map(|measured| {
            let subjects: Vec<_> = measured
                .subjects
                .iter()
                .map(|subject| {
                    json!({
                        "name": subject.name,
                        "median_ns": subject.quartiles.median,
                        "low_quartile_ns": subject.quartiles.low,
                        "high_quartile_ns": subject.quartiles.high,
                        "best_ns": subject.best(),
                        "rounds_ns": subject.rounds,
                        "ratio": ratio(measured, subject),
                    })
                })
                .collect();
            json!({
                "table": measured.table,
                "threads": measured.threads,
                "row": measured.row,
                "unit": measured.unit,
                "units": measured.units,
                "subjects": subjects,
            })
        })
        .collect();
    let all = json!({
        "cpu": machine.cpu,
        "cores": machine.cores,
        "system": machine.system,
        "compiler": machine.compiler,
        "revision": machine.revision,
        "date": machine.date,
        "command": machine.command,
        "versions": versions,
        "rounds": rounds,
        "results": rows,
    });
    format!("{all:#}\n")
}

/// How much longer the subject takes than manyhands.
fn ratio(measured: &Measured, subject: &Subject) -> Option<f64> {
    let ours = measured.subjects.iter().find(|other| other.name == OURS)?;
    Some(subject.quartiles.median / ours.quartiles.median)
}

/// Three significant digits or so, in the unit that suits.
fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "us"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let digits = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Quartiles;

    fn subject(name: &'static str, median: f64) -> Subject {
        Subject {
            name,
            rounds: vec![median],
            quartiles: Quartiles {
                low: median,
                median,
                high: median,
            },
        }
    }

    fn measured() -> Measured {
        Measured {
            table: "join",
            threads: 2,
            row: "tree".into(),
            unit: "node",
            units: 10,
            subjects: vec![subject("manyhands", 20.0), subject("rayon", 30.0)],
        }
    }

    #[test]
    fn times_have_units() {
        let shown: Vec<_> = [1.234, 45.6, 999.0, 12_345.0, 5e6, 2e9].map(time).into();
        assert_eq!(
            shown,
            [
                "1.23 ns", "45.6 ns", "999 ns", "12.3 us", "5.00 ms", "2.00 s"
            ]
        );
    }

    #[test]
    fn a_row_shows_every_subject_and_its_ratio() {
        assert_eq!(
            lines(&measured()),
            "| tree | manyhands | 20.0 ns | 2.00 ns / node | 2.00 ns - 2.00 ns | 2.00 ns | 1.00x |\n\
             |  | rayon | 30.0 ns | 3.00 ns / node | 3.00 ns - 3.00 ns | 3.00 ns | 1.50x |\n"
        );
    }

    #[test]
    fn json_can_be_read_back() {
        let text = json(&Machine::here(), 1, &[measured()]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["results"][0]["subjects"][1]["ratio"], 1.5);
        assert!(value["versions"]["rayon"].is_string());
    }
}
