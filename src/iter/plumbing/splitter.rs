//! When to split: policy only, no threads and no items.
//!
//! [`Plan`] decides for loops over a known number of items, [`Budget`] for producers that only
//! know how to split "somewhere". Both are asked by the bridges and know nothing of producers
//! and consumers. The README of this folder explains the rules.

use super::fork;
use std::cell::Cell;

/// A block shorter than this may grow: looking up costs tens of nanoseconds, so that it stays
/// below one percent.
const BLOCK_NS: f64 = 5_000.0;
/// A block longer than this shrinks: it is what somebody hungry waits for.
const LONG_BLOCK_NS: f64 = 20_000.0;
/// A block so short says little but "cheap": the next one may be much larger.
const QUICK_BLOCK_NS: f64 = 500.0;
/// Less work than this is done sooner than a thief could have fetched it.
const WORTH_SHARING_NS: f64 = 4_000.0;
/// When a loop starts in front of idle threads, each gets a piece of at least this length.
const PIECE_NS: f64 = 20_000.0;

/// What the producer asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    min: usize,
    max: usize,
}

impl Limits {
    pub(super) fn new(min_len: usize, max_len: usize) -> Self {
        Self {
            min: min_len.max(1),
            max: max_len.max(1),
        }
    }

    /// Can `len` items become two pieces?
    fn divisible(self, len: usize) -> bool {
        len / 2 >= self.min
    }
}

/// How large the blocks are, and what an item costs. Learned while the loop runs.
#[derive(Clone, Copy, Debug)]
struct Pace {
    block: usize,
    ns_per_item: Option<f64>,
}

impl Pace {
    /// Where nothing is known, the first block is as short as can be. Where the same loop ran
    /// before, it is an eighth of the loop at most, so that what has changed is noticed early.
    fn start(len: usize, limits: Limits, ns_per_item: Option<f64>) -> Self {
        let block = match ns_per_item {
            Some(ns) => saturate(BLOCK_NS / ns.max(0.01)).min(len / 8),
            None => 1,
        };
        Self {
            block: block.max(limits.min),
            ns_per_item,
        }
    }

    fn cost(&self, items: usize) -> Option<f64> {
        Some(self.ns_per_item? * items as f64)
    }

    fn is_worth_sharing(&self, items: usize) -> bool {
        self.cost(items).is_some_and(|ns| ns >= WORTH_SHARING_NS)
    }

    /// Takes note that a block of `items` took `ns`.
    fn record(&mut self, items: usize, ns: u64, limits: Limits) {
        let ns = ns as f64;
        self.ns_per_item = Some(ns / items.max(1) as f64);
        if ns < BLOCK_NS {
            let growth = if ns < QUICK_BLOCK_NS { 8 } else { 2 };
            self.block = self.block.max(items.saturating_mul(growth));
        } else if ns > LONG_BLOCK_NS {
            let fitting = saturate(items as f64 * BLOCK_NS / ns);
            self.block = fitting.max(limits.min);
        }
    }
}

/// Float to integer; what is too large becomes `usize::MAX`.
fn saturate(items: f64) -> usize {
    items as usize
}

/// The splitting of one piece of an indexed loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    limits: Limits,
    pace: Pace,
    /// Into how many pieces to cut before starting; 1 for "wait for demand".
    pieces: usize,
    site: Site,
}

impl Plan {
    /// The plan for a whole loop of `len` items.
    pub(super) fn new(len: usize, limits: Limits, site: Site) -> Self {
        Self {
            limits,
            pace: Pace::start(len, limits, site.recall()),
            pieces: 1,
            site,
        }
    }

    /// How many pieces would be long enough for a thread each? Many, if the cost is unknown.
    fn long_pieces(&self, len: usize) -> usize {
        if !self.limits.divisible(len) {
            return 1;
        }
        let pieces = self
            .pace
            .cost(len)
            .map_or(len, |ns| saturate(ns / PIECE_NS));
        pieces.min(len / self.limits.min)
    }

    /// Before a loop of `len` items starts: cut it at once?
    ///
    /// Idle threads should not have to wait for the end of our first item, which may be long. So
    /// if the cost is unknown, or known to be large, and somebody is hungry, the loop is cut into
    /// a piece for everybody. There may be `max_workers` of us.
    pub(super) fn expect_takers(&mut self, len: usize, max_workers: usize) {
        let pieces = self.long_pieces(len).min(max_workers);
        if pieces >= 2 && fork::is_hungry() {
            self.pieces = pieces.min(fork::num_threads());
        }
    }

    /// Should `len` items that nobody has begun be cut in two? Says how many go left, and how
    /// each half continues. If nobody `may_help`, only where the producer demands it.
    pub(super) fn cut(mut self, len: usize, may_help: bool) -> Result<(usize, Self, Self), Self> {
        if !self.limits.divisible(len) {
            self.pieces = 1;
            return Err(self);
        }
        if !may_help {
            self.pieces = 1;
        }
        let (mut left, mut right) = (self, self);
        if self.pieces > 1 {
            right.pieces = self.pieces / 2;
            left.pieces = self.pieces - right.pieces;
            // No overflow: the share is at most `len`.
            let share = len as u128 * left.pieces as u128 / self.pieces as u128;
            let min = self.limits.min;
            return Ok(((share as usize).clamp(min, len - min), left, right));
        }
        let forced = len > self.limits.max;
        if forced || may_help && self.pace.is_worth_sharing(len) && fork::is_hungry() {
            return Ok((len / 2, left, right));
        }
        Err(self)
    }

    /// Between blocks: how many of the `rest` items should be given away, from the right?
    pub(super) fn share(&self, done: usize, rest: usize) -> Option<usize> {
        let (keep, give) = (rest / 2, rest - rest / 2);
        let min = self.limits.min;
        let allowed = keep >= 1 && give >= min && done.saturating_add(keep) >= min;
        let wanted = allowed && self.pace.is_worth_sharing(rest) && fork::is_hungry();
        wanted.then_some(give)
    }

    /// How many of the `rest` items to run before looking up again.
    pub(super) fn block(&self, rest: usize) -> usize {
        self.pace.block.min(rest)
    }

    /// Takes note that a block of `items` took `ns`.
    pub(super) fn record(&mut self, items: usize, ns: u64) {
        self.pace.record(items, ns, self.limits);
    }

    /// Keeps what was learned for the next run of the same loop on this thread.
    pub(super) fn remember(&self) {
        if let Some(ns) = self.pace.ns_per_item {
            self.site.remember(ns);
        }
    }
}

/// A loop in the program: the address of the code that runs it. Loops that share their code may
/// share what is known of them: it is a guess in any case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site(usize);

/// What an item cost when the loop last ran on this thread.
#[derive(Clone, Copy, Debug)]
struct Memory {
    site: usize,
    ns_per_item: f64,
}

const SITES: usize = 64;
const NOTHING: Memory = Memory {
    site: 0,
    ns_per_item: 0.0,
};

thread_local! {
    static MEMORY: [Cell<Memory>; SITES] = const { [const { Cell::new(NOTHING) }; SITES] };
}

impl Site {
    pub(super) fn new(code: usize) -> Self {
        Self(code)
    }

    fn slot(self) -> usize {
        // Functions are aligned to 16 bytes, and those of one crate lie close together.
        (self.0 >> 4 ^ self.0 >> 10) % SITES
    }

    fn recall(self) -> Option<f64> {
        let memory = MEMORY.with(|slots| slots[self.slot()].get());
        (memory.site == self.0).then_some(memory.ns_per_item)
    }

    fn remember(self, ns_per_item: f64) {
        MEMORY.with(|slots| {
            let slot = &slots[self.slot()];
            slot.set(Memory {
                site: self.0,
                ns_per_item,
            });
        });
    }
}

#[cfg(test)]
#[cfg_attr(any(manyhands_loom, manyhands_shuttle), allow(dead_code))]
pub(super) fn forget_sites() {
    MEMORY.with(|slots| slots.iter().for_each(|slot| slot.set(NOTHING)));
}

/// The splitting of a loop whose producer cannot tell how long it is.
///
/// Such a producer runs a piece from beginning to end: there are no blocks, and nobody can be
/// served in between. So pieces are made ahead of demand, about two for each thread, and
/// again when a piece was stolen, which shows that others have run dry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    splits: usize,
}

impl Budget {
    pub(super) fn start() -> Self {
        Self {
            splits: fork::num_threads(),
        }
    }

    /// May this piece be split? Both halves continue with what is left of the budget.
    pub(super) fn try_split(&mut self, migrated: bool) -> bool {
        if migrated {
            self.splits = fork::num_threads().max(self.splits / 2);
            true
        } else if self.splits > 0 {
            self.splits /= 2;
            true
        } else {
            fork::is_hungry()
        }
    }
}
