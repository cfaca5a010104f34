//! The counts of the examples `census`, `pipeline`, `actors` and `distributed`: how they are made,
//! added up and printed.

use super::files::{Found, Skip};
use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::io::{self, Write};
use std::path::PathBuf;

const COLUMNS: [&str; 5] = ["files", "bytes", "lines", "words", "identifiers"];

/// One number for each column.
pub(crate) type Counts = [u64; COLUMNS.len()];

/// The counts of some files. `K` is the type of an identifier: `&str`, borrowed from the text,
/// while a batch is counted, and `String` in the totals. So only an identifier that is new to the
/// totals costs an allocation.
#[derive(Default)]
pub(crate) struct Tally<K> {
    pub(crate) languages: HashMap<&'static str, Counts>,
    pub(crate) identifiers: HashMap<K, u64>,
    pub(crate) skipped: HashMap<Skip, u64>,
}

impl<'t> Tally<&'t str> {
    /// Adds a whole file.
    pub(crate) fn with_file(
        mut self,
        (language, text): &'t (&'static str, Result<String, Skip>),
    ) -> Self {
        match text {
            Ok(text) => {
                self.add(language, [1, text.len() as u64, 0, 0, 0]);
                self.with_lines(language, text.lines())
            }
            Err(reason) => {
                self.skip(reason);
                self
            }
        }
    }

    /// Adds lines, without counting files or bytes.
    pub(crate) fn with_lines(
        mut self,
        language: &'static str,
        new_lines: impl Iterator<Item = &'t str>,
    ) -> Self {
        let (mut lines, mut words, mut identifiers) = (0, 0, 0);
        for line in new_lines {
            lines += 1;
            words += line.split_whitespace().count() as u64;
            // Numbers are made of the same characters, but do not begin like a name.
            let names = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            for name in names.filter(|name| name.starts_with(|c: char| !c.is_numeric())) {
                identifiers += 1;
                *self.identifiers.entry(name).or_default() += 1;
            }
        }
        self.add(language, [0, 0, lines, words, identifiers]);
        self
    }
}

impl<K: Eq + Hash + Borrow<str>> Tally<K> {
    pub(crate) fn add(&mut self, language: &'static str, counts: Counts) {
        let total = self.languages.entry(language).or_default();
        total
            .iter_mut()
            .zip(counts)
            .for_each(|(total, count)| *total += count);
    }

    pub(crate) fn skip(&mut self, reason: Skip) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// The sum of both tallies.
    pub(crate) fn merge<J: Borrow<str> + Into<K>>(mut self, other: Tally<J>) -> Self {
        for (language, counts) in other.languages {
            self.add(language, counts);
        }
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        for (name, count) in other.identifiers {
            match self.identifiers.get_mut(name.borrow()) {
                Some(total) => *total += count,
                None => drop(self.identifiers.insert(name.into(), count)),
            }
        }
        self
    }
}

impl Tally<String> {
    /// Does the whole job with plain loops on one thread.
    pub(crate) fn sequential(roots: &[PathBuf]) -> Self {
        let mut found = Found::default();
        let mut dirs = found.sort_out(roots);
        while let Some(dir) = dirs.pop() {
            dirs.extend(found.list(&dir));
        }
        let files = found.take_files();
        let total = Self {
            skipped: found.skipped,
            ..Self::default()
        };
        files.iter().fold(total, |total, file| {
            total.merge(Tally::default().with_file(&file.fetch()))
        })
    }

    /// Compares two tallies; the error names the first difference.
    pub(crate) fn compare(&self, other: &Self) -> Result<(), String> {
        compare(&self.languages, &other.languages)?;
        compare(&self.skipped, &other.skipped)?;
        compare(&self.identifiers, &other.identifiers)
    }

    /// Prints the tables, in an order that depends on the counts alone.
    pub(crate) fn report(&self, out: &mut impl Write, top: usize, seconds: f64) -> io::Result<()> {
        self.report_some(out, top, self.identifiers.len(), seconds)
    }

    /// As [`report`](Self::report), for a tally with the most frequent of `distinct` identifiers.
    pub(crate) fn report_some(
        &self,
        out: &mut impl Write,
        top: usize,
        distinct: usize,
        seconds: f64,
    ) -> io::Result<()> {
        let mut row = |name: &str, cells: [String; COLUMNS.len()]| {
            let cells: String = cells.iter().map(|cell| format!(" {cell:>12}")).collect();
            writeln!(out, "{name:<14}{cells}")
        };
        row("language", COLUMNS.map(String::from))?;
        let mut total = Counts::default();
        for (language, counts) in by_count(&self.languages, |counts| counts[2]) {
            row(language, counts.map(|count| count.to_string()))?;
            total
                .iter_mut()
                .zip(counts)
                .for_each(|(total, count)| *total += count);
        }
        row("total", total.map(|count| count.to_string()))?;

        if !self.skipped.is_empty() {
            writeln!(out, "\nnot counted:")?;
            for (reason, count) in by_count(&self.skipped, |count| *count) {
                writeln!(out, "{count:>12} {reason}")?;
            }
        }
        writeln!(out, "\nmost frequent of {distinct} identifiers:")?;
        for (name, count) in by_count(&self.identifiers, |count| *count)
            .into_iter()
            .take(top)
        {
            writeln!(out, "{count:>12} {name}")?;
        }
        let [files, bytes, ..] = total;
        let rate = |count: u64, unit: f64| count as f64 / unit / seconds.max(1e-9);
        let (megabytes, files_rate) = (rate(bytes, 1e6), rate(files, 1.0));
        writeln!(
            out,
            "\n{seconds:.3} s, {megabytes:.0} MB/s, {files_rate:.0} files/s"
        )
    }
}

/// The entries with the highest counts first; among equals, by name.
fn by_count<K: Ord, V>(map: &HashMap<K, V>, count: impl Fn(&V) -> u64) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|&(name, value)| (Reverse(count(value)), name));
    entries
}

fn compare<K, V>(parallel: &HashMap<K, V>, sequential: &HashMap<K, V>) -> Result<(), String>
where
    K: Debug + Eq + Hash + Ord,
    V: Debug + PartialEq,
{
    let names: BTreeSet<_> = parallel.keys().chain(sequential.keys()).collect();
    for name in names {
        let (parallel, sequential) = (parallel.get(name), sequential.get(name));
        if parallel != sequential {
            return Err(format!(
                "{name:?}: {parallel:?}, sequentially {sequential:?}"
            ));
        }
    }
    Ok(())
}
