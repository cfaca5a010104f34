//! What the operators of the dataflow do between two messages: there the pool is at work.

use crate::common::deal::deal_out;
use crate::common::files::SourceFile;
use crate::common::job::{Job, count_files};
use crate::common::part::{Costs, Part};
use crate::common::progress::Progress;
use crate::common::shares::Shares;
use crate::common::tally::Tally;
use crate::common::wire;
use crate::metered::Meter;
use manyhands::Pool;
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// So many bytes of files are counted between two looks at what other ranks have sent. What was
/// found in them travels while the next are counted.
const ROUND: u64 = 32 << 20;

/// So many identifiers are worth a parallel loop.
const MANY: usize = 1 << 14;

/// This rank: its number, its pool, and what all its operators know. They run on one thread.
pub(crate) struct Rank {
    pub(crate) rank: usize,
    pub(crate) ranks: usize,
    pub(crate) job: Arc<Job>,
    pub(crate) pool: Pool,
    pub(crate) meter: Meter,
    pub(crate) state: RefCell<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Counts of languages, and what was skipped; no identifiers.
    counted: Tally<String>,
    costs: Costs,
    /// When this rank had counted its last file.
    end_of_count: Option<Instant>,
}

impl Rank {
    /// Lists all files, and returns those for each rank as one message.
    pub(crate) fn deal_out(&self) -> Vec<Vec<u8>> {
        let dealt = deal_out(&self.job.options.paths, self.ranks);
        let (messages, skipped) = self.pool.block_on(dealt);
        self.state.borrow_mut().counted.skipped = skipped;
        messages
    }
}

/// Counts the files of this rank, in rounds.
pub(crate) struct Counting {
    rank: Rc<Rank>,
    files: Vec<SourceFile>,
    progress: Option<Progress>,
}

impl Counting {
    pub(crate) fn new(rank: &Rc<Rank>) -> Self {
        Self {
            rank: Rc::clone(rank),
            files: Vec::new(),
            progress: None,
        }
    }

    /// Notes files to count.
    pub(crate) fn take(&mut self, message: &[u8]) {
        self.files.extend(well(wire::files(message)));
    }

    /// Counts some files, when all have been noted, and returns what was found in them; none if
    /// there are no more.
    pub(crate) fn round(&mut self) -> Option<HashMap<String, u64>> {
        let rank = &*self.rank;
        let state = &mut *rank.state.borrow_mut();
        let begin = || {
            state.costs.0[Costs::SENT] = rank.meter.bytes();
            rank.job.progress(rank.rank, &self.files)
        };
        let progress = self.progress.get_or_insert_with(begin);
        if self.files.is_empty() {
            state.end_of_count = Some(Instant::now());
            return None;
        }
        let mut bytes = 0;
        let fits = |file: &&SourceFile| {
            bytes += file.size;
            bytes <= ROUND
        };
        let count = self.files.iter().take_while(fits).count().max(1);
        let files = self.files.drain(..count).collect();
        let start = Instant::now();
        let counted = count_files(files, progress, &mut state.costs);
        let mut tally = rank.pool.block_on(counted);
        state.costs.0[Costs::COUNT] += start.elapsed().as_micros() as u64;
        let identifiers = mem::take(&mut tally.identifiers);
        state.costs.0[Costs::RECORDS] += identifiers.len() as u64;
        state.counted = mem::take(&mut state.counted).merge(tally);
        Some(identifiers)
    }
}

/// Adds up the identifiers that belong to this rank.
pub(crate) struct Adding {
    rank: Rc<Rank>,
    waiting: Vec<(String, u64)>,
    shares: Shares,
}

impl Adding {
    pub(crate) fn new(rank: &Rc<Rank>) -> Self {
        Self {
            rank: Rc::clone(rank),
            waiting: Vec::new(),
            shares: Shares::new(),
        }
    }

    /// Notes what a rank has found.
    pub(crate) fn take(&mut self, found: &mut Vec<(String, u64)>) {
        self.waiting.append(found);
        if self.waiting.len() >= MANY {
            self.add();
        }
    }

    fn add(&mut self) {
        let (rank, found) = (&*self.rank, mem::take(&mut self.waiting));
        let shares = &mut self.shares;
        let add = || rank.pool.block_on(async { shares.add(found, rank.ranks) });
        rank.state.borrow_mut().costs.time(Costs::ADD, add);
    }

    /// What this rank has to tell, when nobody can find anything any more.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.add();
        let rank = &*self.rank;
        let mut state = rank.state.take();
        let end_of_count = state.end_of_count.expect("all ranks have counted all");
        state.costs.0[Costs::SHARE] = end_of_count.elapsed().as_micros() as u64;
        // What had been sent before was files.
        let sent = &mut state.costs.0[Costs::SENT];
        *sent = rank.meter.bytes() - *sent;
        let part = async {
            let shares = self.shares;
            Part::new(rank.rank, &rank.job, state.counted, shares, state.costs)
        };
        rank.pool.block_on(part).to_bytes()
    }
}

/// A message that makes no sense ends the process, as a panic does: see
/// [`end_on_panic`](crate::common::job::end_on_panic).
pub(crate) fn well<T>(read: Result<T, String>) -> T {
    read.unwrap_or_else(|error| panic!("{error}"))
}
