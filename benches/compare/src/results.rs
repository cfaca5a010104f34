//! What was measured, as it is saved and read back. All that is printed or drawn is made of this.

use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The subject that all ratios refer to.
pub const OURS: &str = "manyhands";

/// The recursion without any join.
pub const PLAIN: &str = "(plain calls)";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    /// Of each subject.
    pub versions: BTreeMap<String, String>,
    pub rounds: usize,
    pub sections: Vec<Section>,
}

impl Report {
    /// Adds the tables of another report. Grids go to the table that they belong to.
    pub fn add(&mut self, other: Self) {
        for section in other.sections {
            let mut sections = self.sections.iter_mut();
            let same = sections.find(|known| {
                (&known.table, known.threads) == (&section.table, section.threads)
                    && known.rows.is_empty()
            });
            match same {
                Some(known) => known.grids.extend(section.grids),
                None => self.sections.push(section),
            }
        }
    }
}

/// A table; one of times is made for each number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    pub table: String,
    pub about: String,
    /// None if the rows say it.
    pub threads: Option<usize>,
    pub extras: Vec<Extra>,
    /// Times of repeated runs.
    pub rows: Vec<Measured>,
    /// Any other figures.
    pub grids: Vec<Grid>,
}

/// What else is told of the times of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extra {
    /// Context switches and steals.
    Switches,
    /// What a subject costs more than the plain calls.
    OverPlain,
    /// One figure for all rows.
    GeometricMean,
}

/// A measured row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub row: String,
    /// What is counted: node, task, ...
    pub unit: String,
    /// How many of them one run has.
    pub units: u64,
    pub subjects: Vec<Subject>,
    /// Who hung. The figures are of the other rounds.
    pub hung: Vec<String>,
}

/// One subject's part of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    pub name: String,
    pub median_ns: f64,
    pub low_quartile_ns: f64,
    pub high_quartile_ns: f64,
    /// The round that was disturbed least. On a busy machine it says more than the median.
    pub best_ns: f64,
    /// Nanoseconds per run, one figure a round.
    pub rounds_ns: Vec<f64>,
    /// Context switches of the process per run.
    pub switches: f64,
    /// Visits to another's queue that brought work, per run, where the subject counts them.
    pub steals: Option<f64>,
    /// How much longer the median is than ours.
    pub ratio: Option<f64>,
}

impl Measured {
    pub fn median(&self, subject: &str) -> Option<f64> {
        let mut subjects = self.subjects.iter();
        let found = subjects.find(|other| other.name == subject)?;
        Some(found.median_ns)
    }

    /// What a unit costs more than in the plain calls.
    pub fn over_plain(&self, subject: &str) -> Option<f64> {
        Some((self.median(subject)? - self.median(PLAIN)?) / self.units as f64)
    }
}

impl Section {
    /// All subjects of the rows, in the order of their first appearance.
    pub fn subjects(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for subject in self.rows.iter().flat_map(|row| &row.subjects) {
            if !names.contains(&&*subject.name) {
                names.push(&*subject.name);
            }
        }
        names
    }
}

/// Figures that are no times of repeated runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    pub title: String,
    pub columns: Vec<Column>,
    pub lines: Vec<Line>,
    /// What went wrong, or must be known.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub unit: Unit,
    /// Whether the plot shows it. All columns of a plot have one unit.
    pub plotted: bool,
}

impl Column {
    pub fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self {
            name: name.into(),
            unit,
            plotted: false,
        }
    }

    pub fn plotted(mut self) -> Self {
        self.plotted = true;
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    Nanoseconds,
    Bytes,
    Count,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub row: String,
    pub subject: String,
    /// One for each column.
    pub values: Vec<Option<f64>>,
    /// Whether it was still running when it should have ended long ago. The values are then of the
    /// other rounds, if there are any.
    #[serde(default)]
    pub hangs: bool,
    /// Why there are no figures, or no more.
    #[serde(default)]
    pub outcome: Option<String>,
}

impl Line {
    pub fn new(
        row: impl Into<String>,
        subject: impl Into<String>,
        values: Vec<Option<f64>>,
    ) -> Self {
        Self {
            row: row.into(),
            subject: subject.into(),
            values,
            hangs: false,
            outcome: None,
        }
    }
}
