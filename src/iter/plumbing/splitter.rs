//! The splitting policy: when to split. It knows no threads and no items.
//!
//! [`Plan`] decides for loops over a known number of items, [`Budget`] for producers that only know
//! how to split "somewhere". The bridges ask both, which know nothing of producers and consumers.
//! The README of this folder explains the rules.

use super::fork::{self, Takers};
use std::cell::Cell;

/// The block length up to which the next block may grow. A check between blocks costs tens of
/// nanoseconds, which stays below one percent of this.
const BLOCK_NS: f64 = 5_000.0;
/// The block length from which the next block shrinks. A hungry thread waits for the end of a
/// block.
const LONG_BLOCK_NS: f64 = 20_000.0;
/// The block length below which the next block may be much larger: a block this short shows only
/// that items are cheap.
const QUICK_BLOCK_NS: f64 = 500.0;
/// The least work that is worth sharing. Less is done sooner than a thief could fetch it.
const WORTH_SHARING_NS: f64 = 4_000.0;
/// The least work that is worth a wake-up. A wake-up costs the waking thread up to five
/// microseconds, and takes ten times as long.
const WORTH_WAKING_NS: f64 = 100_000.0;

/// The limits that the producer asked for.
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

/// The size of the blocks and the cost of an item, learned while the loop runs.
#[derive(Clone, Copy, Debug)]
struct Pace {
    block: usize,
    ns_per_item: Option<f64>,
}

impl Pace {
    /// The pace at the start. Where nothing is known, the first block is as short as possible.
    /// Where the same loop ran before, it is at most an eighth of the loop, so that a change is
    /// noticed early.
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
    /// The total length of the loops that have begun on this thread since one of them woke a
    /// thread.
    static ALONE_NS: Cell<f64> = const { Cell::new(0.0) };
}

/// Should a loop of this cost wake a thread? Yes, if it is long enough to pay for that, or if the
/// loops that woke none were long enough together. So a thread that runs short loops one after the
/// other finds help in the end, which stays awake for the next loop. And a lone short loop costs at
/// most what the others have saved.
fn is_time_to_wake(cost: Option<f64>) -> bool {
    ALONE_NS.with(|alone| {
        let ns = alone.get() + cost.unwrap_or(WORTH_WAKING_NS);
        let is_time = ns >= WORTH_WAKING_NS;
        alone.set(if is_time { 0.0 } else { ns });
        is_time
    })
}

/// Converts a float to an integer; a number that is too large becomes `usize::MAX`.
fn saturate(items: f64) -> usize {
    items as usize
}

/// The splitting of one piece of an indexed loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    limits: Limits,
    pace: Pace,
    /// The number of pieces to be made before starting; 1 for "wait for demand".
    pieces: usize,
    site: Site,
}

impl Plan {
    /// The plan for a whole loop of `len` items.
    pub(super) fn new(len: usize, limits: Limits, site: Site) -> Self {
        // A single piece needs no decision.
        let known = limits.divisible(len).then(|| site.recall()).flatten();
        Self {
            limits,
            pace: Pace::start(len, limits, known),
            pieces: 1,
            site,
        }
    }

    /// How many items to run first of a loop that should be short: one that ends before any thread
    /// could help. These items, an eighth of the loop, show whether it is short. All of them, if
    /// the loop cannot be divided; `None` if it is not expected to be short.
    #[inline]
    pub(super) fn probe(&self, len: usize) -> Option<usize> {
        if !self.limits.divisible(len) {
            return Some(len);
        }
        let is_short = self.pace.cost(len)? < 2.0 * WORTH_SHARING_NS && len <= self.limits.max;
        is_short.then(|| (len / 8).max(self.limits.min))
    }

    /// Have the first items taken so little time that the whole loop will be short?
    #[inline]
    pub(super) fn is_as_expected(&self, items: usize, ns: f64) -> bool {
        let expected = self.pace.cost(items).unwrap_or(0.0);
        // The reading of the clock alone takes some ten nanoseconds.
        ns < 2.0 * expected + 100.0
    }

    /// Decides, before a loop of `len` items starts, whether to cut it at once.
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

    /// How to cut this piece, of `len` items, before it begins, if at all.
    pub(super) fn cut(&self, len: usize) -> Option<Cut> {
        if !self.limits.divisible(len) {
            return None;
        }
        if self.pieces > 1 {
            let right_pieces = self.pieces / 2;
            let left_pieces = self.pieces - right_pieces;
            // This does not overflow: the share is at most `len`.
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

    /// Notes that the piece is to become `pieces` pieces before any of them begins.
    pub(super) fn expect_pieces(&mut self, pieces: usize) {
        self.pieces = pieces;
    }

    /// How many of the `rest` items to give away, from the right. Asked between blocks.
    pub(super) fn share(&self, done: usize, rest: usize) -> Option<usize> {
        let ns = self.pace.cost(rest)?;
        let (keep, give) = (rest / 2, rest - rest / 2);
        // Most of the time no thread is hungry. That test comes last, but it decides.
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

    /// How many of the `rest` items go to a thread that has come to help. It may get the last one,
    /// because the runner of the piece is busy with a block.
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

    /// How many of the `rest` items to run as the next block.
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

/// A cut of a piece in two, before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The number of items that go left.
    pub(super) keep: usize,
    /// The number of pieces that the left half is to become.
    pub(super) left_pieces: usize,
    /// The number of pieces that the right half is to become.
    pub(super) right_pieces: usize,
}

/// A loop in the program, named by the address of the code that runs it. Loops that share their
/// code share what is known of them: it is a guess in any case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site(usize);

/// The cost of an item when the loop last ran on this thread.
#[derive(Clone, Copy, Debug)]
struct Memory {
    site: usize,
    ns_per_item: f64,
}

/// The number of loops that a thread remembers.
const SITES: usize = 64;
/// The entry of a loop that has not run.
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
/// Such a producer runs a piece from beginning to end: there are no blocks, and no hungry thread
/// can be served in between. So pieces are made ahead of demand, about two for each thread. More
/// are made when a piece was stolen, which shows that other threads have run out of work.
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
