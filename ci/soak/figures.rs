//! What was seen of a process, and whether it has grown.

use std::fmt::Write as _;

/// A look at a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// In KiB: resident; of a program that ends, the peak.
    pub(crate) memory: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
}

impl Sample {
    /// The larger of both, field by field.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            threads: self.threads.max(other.threads),
            descriptors: self.descriptors.max(other.descriptors),
        }
    }
}

/// An example, and all that was seen of it.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) name: String,
    pub(crate) runs: u64,
    pub(crate) requests: u64,
    /// Of a server at intervals, of a program one for each run; with the second it was taken.
    pub(crate) samples: Vec<(f64, Sample)>,
    pub(crate) failures: Vec<String>,
}

/// A figure, and how much of it may come on top of what there was: half as much again, and this.
struct Figure {
    name: &'static str,
    of: fn(&Sample) -> u64,
    slack: u64,
}

const FIGURES: [Figure; 3] = [
    Figure {
        name: "KiB of memory",
        of: |sample| sample.memory,
        slack: 16 << 10,
    },
    Figure {
        name: "threads",
        of: |sample| sample.threads,
        slack: 8,
    },
    Figure {
        name: "descriptors",
        of: |sample| sample.descriptors,
        slack: 16,
    },
];

/// How many seconds examples need until they have all that they keep: the dashboard keeps samples of
/// two minutes.
const WARM: f64 = 150.0;

/// How many KiB of memory may come on top in a run that is too short for that.
const COLD: u64 = 64 << 10;

/// The medians of the second tenth of a series, of all of it, and of its last tenth. The first tenth
/// is left out of the comparison: there the process warms up.
fn phases(series: &[u64]) -> Option<[u64; 3]> {
    if series.is_empty() {
        return None;
    }
    let tenth = series.len().div_ceil(10);
    // One sample alone has no second tenth.
    let second = series.iter().skip(tenth.min(series.len() - 1)).take(tenth);
    let last = series.iter().skip(series.len() - tenth);
    Some([median(second)?, median(series.iter())?, median(last)?])
}

fn median<'a>(values: impl Iterator<Item = &'a u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.copied().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

impl Watched {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn series(&self, figure: &Figure) -> Vec<u64> {
        let values = self.samples.iter();
        values.map(|(_, sample)| (figure.of)(sample)).collect()
    }

    /// What went wrong, and what has grown. A handful of samples says nothing about growth.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = self.failures.clone();
        if self.samples.len() < 30 {
            return complaints;
        }
        let is_cold = self.samples[self.samples.len().div_ceil(10)].0 < WARM;
        for figure in &FIGURES {
            let slack = match is_cold {
                true if figure.slack > 1023 => COLD,
                _ => figure.slack,
            };
            if let Some([early, _, late]) = phases(&self.series(figure)) {
                if late > early + early / 2 + slack {
                    let name = figure.name;
                    complaints.push(format!("{name}: from {early} to {late}"));
                }
            }
        }
        complaints
    }
}

/// The table of the book: each figure in the second tenth, in the middle, in the last tenth.
pub(crate) fn table(watched: &[Watched]) -> String {
    let mut table = "\
| example | runs | requests | memory, MiB | threads | descriptors |
|---|--:|--:|--:|--:|--:|
"
    .to_owned();
    for example in watched {
        let cells = FIGURES.iter().map(|figure| {
            let Some(phases) = phases(&example.series(figure)) else {
                return "-".to_owned();
            };
            let text = phases.map(|value| match figure.slack {
                ..=1023 => value.to_string(),
                _ => format!("{:.1}", value as f64 / 1024.0),
            });
            text.join(", ")
        });
        let cells: Vec<String> = cells.collect();
        let requests = match example.requests {
            0 => String::new(),
            requests => grouped(requests),
        };
        let (name, runs) = (&example.name, grouped(example.runs));
        let _ = writeln!(
            table,
            "| `{name}` | {runs} | {requests} | {} |",
            cells.join(" | ")
        );
    }
    table
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example whose memory, threads and descriptors follow these functions of the progress.
    fn watched(memory: fn(f64) -> f64, threads: fn(f64) -> f64, files: fn(f64) -> f64) -> Watched {
        let samples = (0..200).map(|place| {
            let share = f64::from(place) / 200.0;
            let sample = Sample {
                memory: memory(share) as u64,
                threads: threads(share) as u64,
                descriptors: files(share) as u64,
            };
            (share * 7200.0, sample)
        });
        Watched {
            samples: samples.collect(),
            ..Watched::new("it")
        }
    }

    #[test]
    fn what_stays_is_no_growth() {
        let steady = watched(|_| 10e3, |_| 4.0, |_| 12.0);
        assert_eq!(steady.complaints(), Vec::<String>::new());
        // A start from nothing, and waves.
        fn waves(share: f64) -> f64 {
            1.0 + 0.8 * (share * 200.0).sin()
        }
        let steady = watched(
            |share| 20e3 * waves(share) * (share * 20.0).min(1.0),
            |share| 5.0 * waves(share),
            |share| if share < 0.05 { 4.0 } else { 30.0 },
        );
        assert_eq!(steady.complaints(), Vec::<String>::new());
    }

    #[test]
    fn growth_is_seen() {
        let grows = watched(|share| 10e3 + 40e3 * share, |_| 4.0, |_| 12.0);
        assert_eq!(grows.complaints(), ["KiB of memory: from 16000 to 48000"]);
        let grows = watched(|_| 10e3, |share| 4.0 + 30.0 * share, |_| 12.0);
        assert!(grows.complaints()[0].starts_with("threads: "));
        let grows = watched(|_| 10e3, |_| 4.0, |share| 12.0 + 100.0 * share);
        assert!(grows.complaints()[0].starts_with("descriptors: "));
    }

    #[test]
    fn a_short_run_is_all_warming_up() {
        let grows = |seconds: f64| {
            let mut grows = watched(|share| 10e3 + 60e3 * share, |_| 4.0, |_| 12.0);
            for (at, _) in &mut grows.samples {
                *at *= seconds / 7200.0;
            }
            grows.complaints().len()
        };
        assert_eq!([grows(60.0), grows(1600.0)], [0, 1]);
    }

    #[test]
    fn a_failure_counts_without_samples() {
        let mut failed = Watched::new("it");
        assert_eq!(failed.complaints(), Vec::<String>::new());
        failed.failures.push("crashed".to_owned());
        assert_eq!(failed.complaints(), ["crashed"]);
    }

    #[test]
    fn a_table_has_a_row_for_each() {
        let mut one = watched(|_| 10240.0, |_| 4.0, |_| 12.0);
        (one.runs, one.requests) = (1, 1_234_567);
        let rows = table(&[one, Watched::new("none")]);
        let rows: Vec<&str> = rows.lines().skip(2).collect();
        let full = "| `it` | 1 | 1,234,567 | 10.0, 10.0, 10.0 | 4, 4, 4 | 12, 12, 12 |";
        assert_eq!(rows, [full, "| `none` | 0 |  | - | - | - |"]);
    }
}
