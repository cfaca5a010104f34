//! When to split: policy only, no threads and no items.
//!
//! [`Plan`] decides for loops over a known number of items, [`Budget`] for producers that only
//! know how to split "somewhere". Both are asked by the bridges and know nothing of producers
//! and consumers. The README of this folder explains the rules.

use super::fork::{self, Takers};
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
/// Less work than this does not pay for waking a thread up: that costs the one who does it up to
/// five microseconds, and takes ten times as long.
const WORTH_WAKING_NS: f64 = 100_000.0;

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

    /// Takes note that a block of `items` took `ns`.
    fn record(&mut self, items: usize, ns: f64, limits: Limits) {
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

thread_local! {
    /// How long the loops were that have begun on this thread since one of them woke somebody.
    static ALONE_NS: Cell<f64> = const { Cell::new(0.0) };
}

/// Should a loop that takes so long wake a thread up? If it is long enough to pay for that; or if
/// all those that did not were, together. So a thread that runs short loops one after the other
/// finds help in the end (which stays awake for the next one), and a lone short loop costs at most
/// what the others have saved.
fn is_time_to_wake(cost: Option<f64>) -> bool {
    ALONE_NS.with(|alone| {
        let ns = alone.get() + cost.unwrap_or(WORTH_WAKING_NS);
        let is_time = ns >= WORTH_WAKING_NS;
        alone.set(if is_time { 0.0 } else { ns });
        is_time
    })
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
        // Nothing is to be decided about a single piece.
        let known = limits.divisible(len).then(|| site.recall()).flatten();
        Self {
            limits,
            pace: Pace::start(len, limits, known),
            pieces: 1,
            site,
        }
    }

    /// If a loop of `len` items should be over before anybody could help: how many of them to
    /// run first, to see whether it is so. An eighth, or a single item that cannot be divided.
    #[inline]
    pub(super) fn probe(&self, len: usize) -> Option<usize> {
        if !self.limits.divisible(len) {
            return Some(len);
        }
        let is_short = self.pace.cost(len)? < 2.0 * WORTH_SHARING_NS && len <= self.limits.max;
        is_short.then(|| (len / 8).max(self.limits.min))
    }

    /// Have these items taken so little that all of the loop will be short?
    #[inline]
    pub(super) fn is_as_expected(&self, items: usize, ns: f64) -> bool {
        let expected = self.pace.cost(items).unwrap_or(0.0);
        // A reading of the clock alone takes some ten nanoseconds.
        ns < 2.0 * expected + 100.0
    }

    /// Before a loop of `len` items starts: cut it at once?
    ///
    /// Idle threads should not have to wait for the end of our first item, which may be long. So
    /// if the cost is unknown, or known to be large, and somebody is hungry, the loop is cut into
    /// a piece for everybody. There may be `max_threads` of us.
    pub(super) fn expect_takers(&mut self, len: usize, max_threads: usize) {
        let cost = self.pace.cost(len);
        let least = match fork::takers() {
            Takers::None => return,
            Takers::Asleep if !is_time_to_wake(cost) => return,
            Takers::Asleep | Takers::Awake => WORTH_SHARING_NS,
        };
        let most = fork::num_threads()
            .min(max_threads)
            .min(len / self.limits.min);
        let pieces = cost.map_or(most, |ns| saturate(ns / least));
        self.pieces = pieces.clamp(1, most.max(1));
    }

    /// Is this piece, of `len` items, to be cut before it begins?
    pub(super) fn cut(&self, len: usize) -> Option<Cut> {
        if !self.limits.divisible(len) {
            return None;
        }
        if self.pieces > 1 {
            let right_pieces = self.pieces / 2;
            let left_pieces = self.pieces - right_pieces;
            // No overflow: the share is at most `len`.
            let share = len as u128 * left_pieces as u128 / self.pieces as u128;
            let min = self.limits.min;
            return Some(Cut {
                keep: (share as usize).clamp(min, len - min),
                left_pieces,
                right_pieces,
            });
        }
        (len > self.limits.max).then_some(Cut {
            keep: len / 2,
            left_pieces: 1,
            right_pieces: 1,
        })
    }

    /// The piece becomes so many pieces, before any of them begins.
    pub(super) fn expect_pieces(&mut self, pieces: usize) {
        self.pieces = pieces;
    }

    /// Between blocks: how many of the `rest` items should be given away, from the right?
    pub(super) fn share(&self, done: usize, rest: usize) -> Option<usize> {
        let ns = self.pace.cost(rest)?;
        let (keep, give) = (rest / 2, rest - rest / 2);
        // Most of the time nobody asks: that comes last, but it decides.
        let wanted = keep >= 1
            && self.may_give(done, keep, give)
            && ns >= WORTH_SHARING_NS
            && match fork::takers() {
                Takers::None => false,
                Takers::Asleep => ns >= WORTH_WAKING_NS,
                Takers::Awake => true,
            };
        wanted.then_some(give)
    }

    /// How many of the `rest` items should go to a thread that has come to help? It may be the
    /// last one: whoever runs the piece is busy with a block.
    pub(super) fn help(&self, done: usize, rest: usize) -> Option<usize> {
        let (keep, give) = (rest / 2, rest - rest / 2);
        let is_worth = self.pace.cost(rest).is_none_or(|ns| ns >= WORTH_SHARING_NS);
        (is_worth && self.may_give(done, keep, give)).then_some(give)
    }

    /// Would both pieces be long enough?
    fn may_give(&self, done: usize, keep: usize, give: usize) -> bool {
        let min = self.limits.min;
        give >= min && done.saturating_add(keep) >= min
    }

    /// How many of the `rest` items to run before looking up again.
    pub(super) fn block(&self, rest: usize) -> usize {
        self.pace.block.min(rest)
    }

    /// Takes note that a block of `items` took `ns`.
    pub(super) fn record(&mut self, items: usize, ns: f64) {
        self.pace.record(items, ns, self.limits);
    }

    /// Keeps what was learned for the next run of the same loop on this thread.
    pub(super) fn remember(&self) {
        if let Some(ns) = self.pace.ns_per_item {
            self.site.remember(ns);
        }
    }
}

/// How a piece is cut in two before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// How many items go left.
    pub(super) keep: usize,
    /// How many pieces are to come of each half.
    pub(super) left_pieces: usize,
    pub(super) right_pieces: usize,
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
#[cfg_attr(manyhands_model, allow(dead_code))]
pub(super) fn forget_sites() {
    ALONE_NS.set(0.0);
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
