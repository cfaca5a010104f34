//! Results as Markdown.

use crate::results::{Extra, Grid, Measured, OURS, PLAIN, Report, Section, Unit};
use crate::stats::geometric_mean;
use std::fmt::Write;

/// The whole report, as it is printed.
pub fn markdown(report: &Report) -> String {
    let sections: String = report.sections.iter().map(section).collect();
    preamble(report) + &sections
}

pub fn preamble(report: &Report) -> String {
    let machine = &report.machine;
    let versions: Vec<_> = report
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        "- Machine: {}, {} cores, {}\n\
         - Compiler: {}\n\
         - Subjects: {}; manyhands at {}\n\
         - Date: {}\n\
         - Command: `{}`\n\
         - Rounds: {}\n",
        machine.cpu,
        machine.cores,
        machine.system,
        machine.compiler,
        versions.join(", "),
        machine.revision,
        machine.date,
        machine.command,
        report.rounds,
    )
}

pub fn section(section: &Section) -> String {
    let threads = match section.threads {
        None => String::new(),
        Some(1) => ", 1 thread".to_owned(),
        Some(threads) => format!(", {threads} threads"),
    };
    let mut text = format!("\n## {}{threads}\n\n{}\n", section.table, section.about);
    if !section.rows.is_empty() {
        text += &times(section);
        for note in section.rows.iter().flat_map(|row| &row.hung) {
            text += &format!("\n{note}\n");
        }
    }
    for extra in &section.extras {
        match extra {
            Extra::Switches => (),
            Extra::OverPlain => text += &over_plain(section),
            Extra::GeometricMean => text += &geometric_means(section),
        }
    }
    for grid in &section.grids {
        text += &self::grid(grid);
    }
    text
}

/// A table; the first columns hold text, as many as named.
fn table(texts: usize, header: &[String], lines: &[Vec<String>]) -> String {
    let mut text = String::from("\n");
    let mut line = |cells: &[String]| {
        writeln!(text, "| {} |", cells.join(" | ")).expect("a string takes all");
    };
    line(header);
    let rule = |place| if place < texts { "---" } else { "--:" }.to_owned();
    line(&(0..header.len()).map(rule).collect::<Vec<_>>());
    lines.iter().for_each(|cells| line(cells));
    text
}

fn texts(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

fn times(section: &Section) -> String {
    let switches = section.extras.contains(&Extra::Switches);
    let mut header = texts(&[
        "row",
        "subject",
        "per run",
        "per unit",
        "quartiles",
        "best",
        "beside manyhands",
    ]);
    if switches {
        header.extend(texts(&[
            "switches a run",
            "steals a run",
            "switches per 1000 steals",
        ]));
    }
    let mut lines = Vec::new();
    for measured in &section.rows {
        let units = measured.units as f64;
        for (place, subject) in measured.subjects.iter().enumerate() {
            let row = if place == 0 { &*measured.row } else { "" };
            let mut cells = vec![
                row.to_owned(),
                subject.name.clone(),
                time(subject.median_ns),
                format!("{} / {}", time(subject.median_ns / units), measured.unit),
                format!(
                    "{} - {}",
                    time(subject.low_quartile_ns / units),
                    time(subject.high_quartile_ns / units)
                ),
                time(subject.best_ns / units),
                ratio(subject.ratio),
            ];
            if switches {
                let per_steals = subject
                    .steals
                    .filter(|&steals| steals > 0.0)
                    .map(|steals| 1000.0 * subject.switches / steals);
                cells.extend([
                    number(subject.switches),
                    subject.steals.map_or(String::new(), number),
                    per_steals.map_or(String::new(), number),
                ]);
            }
            lines.push(cells);
        }
    }
    table(2, &header, &lines)
}

/// What a unit costs over the plain calls, and how that compares with rayon.
fn over_plain(section: &Section) -> String {
    const BASE: &str = "rayon";
    let subjects = section.subjects();
    let subjects = subjects.iter().filter(|name| **name != PLAIN);
    let mut header = texts(&["row"]);
    header.extend(subjects.clone().map(|name| (*name).to_owned()));
    let cell = |row: &Measured, subject: &str| {
        let Some(cost) = row.over_plain(subject) else {
            return String::new();
        };
        let base = row.over_plain(BASE).filter(|&base| base > 0.0);
        match base.filter(|_| subject != BASE) {
            Some(base) => format!("{} ({:.2}x)", time(cost), cost / base),
            None => time(cost),
        }
    };
    let lines: Vec<_> = section
        .rows
        .iter()
        .map(|row| {
            let name = format!("{}, a {}", row.row, row.unit);
            let cells = subjects.clone().map(|subject| cell(row, subject));
            [name].into_iter().chain(cells).collect()
        })
        .collect();
    format!(
        "\nCost over the plain calls, of the medians (beside that of {BASE}):\n{}",
        table(1, &header, &lines)
    )
}

/// How much longer each peer takes than manyhands, over all rows that both have.
fn geometric_means(section: &Section) -> String {
    let peers = section.subjects();
    let peers = peers.iter().filter(|name| ![OURS, PLAIN].contains(*name));
    let mean = |peer: &&&str| {
        let subjects = section.rows.iter().flat_map(|row| &row.subjects);
        let ratios: Vec<_> = subjects
            .filter(|subject| subject.name == ***peer)
            .filter_map(|subject| subject.ratio)
            .collect();
        let mean = geometric_mean(&ratios)?;
        Some(match ratios.len() == section.rows.len() {
            true => format!("{peer} {mean:.2}x"),
            false => format!("{peer} {mean:.2}x ({} rows)", ratios.len()),
        })
    };
    let means: Vec<_> = peers.filter_map(|peer| mean(&peer)).collect();
    format!(
        "\nGeometric mean of the rows beside manyhands, {} rows: {}.\n",
        section.rows.len(),
        means.join(", ")
    )
}

fn grid(grid: &Grid) -> String {
    let mut text = format!("\n### {}\n", grid.title);
    if !grid.lines.is_empty() {
        // The row is not told where it is the title once more.
        let rows = grid.lines.iter().any(|line| line.row != grid.title);
        let mut header = texts(if rows {
            &["row", "subject"]
        } else {
            &["subject"]
        });
        let texts = header.len();
        header.extend(grid.columns.iter().map(|column| column.name.clone()));
        let mut before = None;
        let mut lines = Vec::new();
        for line in &grid.lines {
            let mut cells = Vec::new();
            if rows {
                let repeated = before.replace(&line.row) == Some(&line.row);
                cells.push(if repeated { "" } else { &line.row }.to_owned());
            }
            let hangs = if line.hangs { " (hangs)" } else { "" };
            let outcome = line.outcome.iter();
            let outcome: String = outcome.map(|text| format!(" ({text})")).collect();
            cells.push(format!("{}{hangs}{outcome}", line.subject));
            for (column, value) in grid.columns.iter().zip(&line.values) {
                cells.push(value.map_or(String::new(), |value| figure(value, column.unit)));
            }
            lines.push(cells);
        }
        text += &table(texts, &header, &lines);
    }
    for note in &grid.notes {
        text += &format!("\n{note}\n");
    }
    text
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or(String::new(), |ratio| format!("{ratio:.2}x"))
}

/// A figure with its unit.
pub fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => time(value),
        Unit::Bytes => scaled(value, &[(1.0, "B"), (1024.0, "KiB"), (1048576.0, "MiB")]),
        Unit::Count => number(value),
    }
}

/// Three significant digits or so, in the unit that suits.
pub fn time(ns: f64) -> String {
    scaled(ns, &[(1.0, "ns"), (1e3, "us"), (1e6, "ms"), (1e9, "s")])
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else {
        three_digits(value)
    }
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let mut fitting = units.iter().rev();
    let (size, unit) = fitting
        .find(|(size, _)| value.abs() >= *size)
        .unwrap_or(&units[0]);
    format!("{} {unit}", three_digits(value / size))
}

fn three_digits(value: f64) -> String {
    let digits = match value.abs() {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::results::{Column, Line, Subject};

    fn subject(name: &str, median: f64) -> Subject {
        Subject {
            name: name.to_owned(),
            median_ns: median,
            low_quartile_ns: median,
            high_quartile_ns: median,
            best_ns: median,
            rounds_ns: vec![median],
            switches: 3.0,
            steals: (name == OURS).then_some(1500.0),
            ratio: Some(median / 20.0),
        }
    }

    /// A bit of everything.
    pub fn report() -> Report {
        let rows = vec![Measured {
            row: "tree".into(),
            unit: "node".into(),
            units: 10,
            subjects: vec![
                subject(PLAIN, 10.0),
                subject(OURS, 20.0),
                subject("rayon", 30.0),
            ],
            hung: Vec::new(),
        }];
        let grids = vec![Grid {
            title: "2 threads".into(),
            columns: vec![
                Column::new("p50", Unit::Nanoseconds).plotted(),
                Column::new("memory", Unit::Bytes),
            ],
            lines: vec![
                Line::new("spawn", OURS, vec![Some(1234.5), Some(2048.0)]),
                Line {
                    hangs: true,
                    ..Line::new("spawn", "tokio", vec![Some(0.0), None])
                },
                Line {
                    outcome: Some("skipped: no g++".into()),
                    ..Line::new("spawn", "TBB", vec![None, None])
                },
            ],
            notes: vec!["forte hung".into()],
        }];
        let section = |threads, extras: &[Extra], rows, grids| Section {
            table: "table".into(),
            about: "What it is.".into(),
            threads,
            extras: extras.to_vec(),
            rows,
            grids,
        };
        Report {
            machine: Machine::here(),
            versions: [("rayon".to_owned(), "1.12.0".to_owned())].into(),
            rounds: 1,
            sections: vec![
                section(
                    Some(2),
                    &[Extra::OverPlain, Extra::GeometricMean],
                    rows.clone(),
                    vec![],
                ),
                section(Some(8), &[Extra::Switches], rows, vec![]),
                section(None, &[], vec![], grids),
            ],
        }
    }

    #[test]
    fn times_have_units() {
        let shown: Vec<_> = [1.234, 45.6, 999.0, 12_345.0, 5e6, 2e9, -1500.0]
            .map(time)
            .into();
        assert_eq!(
            shown,
            [
                "1.23 ns", "45.6 ns", "999 ns", "12.3 us", "5.00 ms", "2.00 s", "-1.50 us"
            ]
        );
        assert_eq!(figure(1536.0, Unit::Bytes), "1.50 KiB");
        assert_eq!(figure(12345.6, Unit::Count), "12346");
        assert_eq!(figure(0.25, Unit::Count), "0.25");
    }

    #[test]
    fn a_row_shows_every_subject_its_ratio_and_its_cost() {
        assert_eq!(
            section(&report().sections[0]),
            "\n## table, 2 threads\n\nWhat it is.\n\n\
             | row | subject | per run | per unit | quartiles | best | beside manyhands |\n\
             | --- | --- | --: | --: | --: | --: | --: |\n\
             | tree | (plain calls) | 10.0 ns | 1.00 ns / node | 1.00 ns - 1.00 ns | 1.00 ns | 0.50x |\n\
             |  | manyhands | 20.0 ns | 2.00 ns / node | 2.00 ns - 2.00 ns | 2.00 ns | 1.00x |\n\
             |  | rayon | 30.0 ns | 3.00 ns / node | 3.00 ns - 3.00 ns | 3.00 ns | 1.50x |\n\
             \nCost over the plain calls, of the medians (beside that of rayon):\n\n\
             | row | manyhands | rayon |\n\
             | --- | --: | --: |\n\
             | tree, a node | 1.00 ns (0.50x) | 2.00 ns |\n\
             \nGeometric mean of the rows beside manyhands, 1 rows: rayon 1.50x.\n"
        );
    }

    #[test]
    fn switches_stand_beside_steals() {
        let text = section(&report().sections[1]);
        assert!(text.contains("| 1.00x | 3.00 | 1500 | 2.00 |"), "{text}");
        assert!(text.contains("| 1.50x | 3.00 |  |  |"), "{text}");
    }

    #[test]
    fn figures_and_notes_are_shown() {
        let text = section(&report().sections[2]);
        assert!(text.contains("### 2 threads"), "{text}");
        assert!(
            text.contains("| spawn | manyhands | 1.23 us | 2.00 KiB |"),
            "{text}"
        );
        assert!(text.contains("|  | tokio (hangs) | 0.00 ns |  |"), "{text}");
        let skipped = "|  | TBB (skipped: no g++) |  |  |";
        assert!(text.contains(skipped), "{text}");
        assert!(text.ends_with("\nforte hung\n"), "{text}");
    }

    #[test]
    fn json_can_be_read_back() {
        let report = report();
        let text = serde_json::to_string_pretty(&report).unwrap();
        let back: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back, report);
        assert_eq!(markdown(&back), markdown(&report));
    }
}
