//! What a rank tells rank 0 in the end, and what rank 0 makes of it.

use super::job::Job;
use super::options::NAME;
use super::shares::Shares;
use super::tally::Tally;
use super::wire::{self, MALFORMED, Reader, put, put_tally};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// The columns of the last table.
const COSTS: [&str; 7] = [
    "files", "bytes", "records", "sent", "count us", "share us", "add us",
];

/// What it has cost a rank: files, their bytes, identifiers that it told the ranks to which they
/// belong, bytes that it sent for that; and the times of counting, of telling, and of adding up what
/// others told, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Costs(pub(crate) [u64; COSTS.len()]);

impl Costs {
    pub(crate) const FILES: usize = 0;
    pub(crate) const BYTES: usize = 1;
    pub(crate) const RECORDS: usize = 2;
    pub(crate) const SENT: usize = 3;
    pub(crate) const COUNT: usize = 4;
    pub(crate) const SHARE: usize = 5;
    pub(crate) const ADD: usize = 6;

    /// Calls a function, and adds what it takes to a column.
    pub(crate) fn time<R>(&mut self, column: usize, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.0[column] += start.elapsed().as_micros() as u64;
        result
    }
}

pub(crate) struct Part {
    pub(crate) rank: usize,
    pub(crate) costs: Costs,
    /// How many identifiers belong to this rank.
    pub(crate) distinct: u64,
    /// The languages of the files that this rank counted; identifiers that belong to it, with the
    /// counts of all.
    pub(crate) tally: Tally<String>,
}

impl Part {
    /// Puts together what a rank has counted, and what it has added up for all. Identifiers that
    /// are not among the most frequent ones stay behind, unless all are to be compared.
    pub(crate) fn new(
        rank: usize,
        job: &Job,
        counted: Tally<String>,
        shares: Shares,
        costs: Costs,
    ) -> Self {
        let distinct = shares.len() as u64;
        let most = if job.options.verify {
            usize::MAX
        } else {
            job.options.top
        };
        let tally = Tally {
            identifiers: shares.into_top(most),
            ..counted
        };
        Self {
            rank,
            costs,
            distinct,
            tally,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.rank as u64);
        self.costs.0.iter().for_each(|cost| put(&mut bytes, *cost));
        put(&mut bytes, self.distinct);
        put_tally(&mut bytes, &self.tally);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = Reader(bytes);
        let rank = reader.number()? as usize;
        let mut costs = Costs::default();
        for cost in &mut costs.0 {
            *cost = reader.number()?;
        }
        let part = Self {
            rank,
            costs,
            distinct: reader.number()?,
            tally: wire::tally(&mut reader)?,
        };
        reader.is_empty().then_some(part).ok_or(MALFORMED.into())
    }
}

/// The end of the program on rank 0: adds all parts up, reports, and compares if that was asked for.
pub(crate) fn report(mut parts: Vec<Part>, job: &Job, start: Instant) -> ExitCode {
    parts.sort_by_key(|part| part.rank);
    let costs: Vec<_> = parts.iter().map(|part| part.costs).collect();
    let distinct: u64 = parts.iter().map(|part| part.distinct).sum();
    let tallies = parts.into_iter().map(|part| part.tally);
    let total = tallies.fold(Tally::default(), Tally::merge);
    let seconds = start.elapsed().as_secs_f64();
    // An error means that the reader has gone (`census-mpi | head`): no harm in that.
    let mut out = io::stdout().lock();
    let _ = total.report_some(&mut out, job.options.top, distinct as usize, seconds);
    let _ = report_costs(&mut out, &costs);
    if costs.iter().all(|costs| costs.0[Costs::FILES] == 0) {
        eprintln!("{NAME}: there are no files in {:?}", job.options.paths);
        return ExitCode::from(2);
    }
    if job.options.verify {
        if let Err(difference) = total.compare(&Tally::sequential(&job.options.paths)) {
            eprintln!("{NAME}: verification failed: {difference}");
            return ExitCode::FAILURE;
        }
        let _ = writeln!(out, "\nverified: one process counts the same");
    }
    ExitCode::SUCCESS
}

fn report_costs(out: &mut impl Write, costs: &[Costs]) -> io::Result<()> {
    writeln!(out)?;
    let mut row = |name: &str, cells: [String; COSTS.len()]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>11}")).collect();
        writeln!(out, "{name:<9}{cells}")
    };
    row("rank", COSTS.map(String::from))?;
    for (rank, costs) in costs.iter().enumerate() {
        row(
            &format!("rank {rank}"),
            costs.0.map(|cost| cost.to_string()),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let part = Part {
            rank: 3,
            costs: Costs([1, 2, 3, 4, 5, 6, 700]),
            distinct: 1000,
            tally: Tally {
                identifiers: [("a".to_owned(), 5)].into(),
                ..Tally::default()
            },
        };
        let bytes = part.to_bytes();
        let found = Part::from_bytes(&bytes).unwrap();
        assert_eq!((found.rank, found.distinct), (3, 1000));
        assert_eq!(found.costs, part.costs);
        assert_eq!(found.tally.compare(&part.tally), Ok(()));
        for length in 0..bytes.len() {
            assert!(Part::from_bytes(&bytes[..length]).is_err());
        }
        assert!(Part::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
}
