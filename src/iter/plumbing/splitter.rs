//! The splitting policy: when to split. It knows no threads and no items.
//!
//! [`Plan`] decides for loops over a known number of items, [`Budget`] for producers that only know
//! how to split "somewhere". The bridges ask both, which know nothing of producers and consumers.
//! The README of this folder explains the rules.

use super::fork::{self, Takers};
use crate::sync::wide::AtomicU64;
use std::cell::Cell;
use std::sync::atomic::Ordering;

/// The block length up to which the next block may grow. A check between blocks costs tens of
/// nanoseconds, which stays below one percent of this.
const BLOCK_NS: f64 = 5_000.0;
/// The block length from which the next block shrinks. A hungry thread waits for the end of a
/// block.
const LONG_BLOCK_NS: f64 = 20_000.0;
/// The block length below which the next block may be much larger: a block this short shows only
/// that items are cheap.
const QUICK_BLOCK_NS: f64 = 500.0;
/// How many times as long the next block may be.
const QUICK_GROWTH: usize = 8;
/// A block takes what would be left behind it, if that is at most this part of it.
const TAIL: usize = 4;
/// The least work that is worth sharing. Less is done sooner than a thief could fetch it.
const WORTH_SHARING_NS: f64 = 4_000.0;
/// How long a helper waits for the end of a piece whose rest is not worth sharing. After that the
/// estimate was wrong, and the helper takes what is left.
pub(super) const PATIENCE_NS: f64 = 2.0 * WORTH_SHARING_NS;
/// The least work that is worth a wake-up. A wake-up costs the waking thread up to five
/// microseconds, and takes ten times as long.
const WORTH_WAKING_NS: f64 = 100_000.0;

/// Blocks and pieces of more than eight times this many items begin at a multiple of it. If the
/// first item of a loop begins a cache line, so do they: vectors of numbers do not cross lines.
const EVEN: usize = 64;

/// A number near `items`, and no greater, such that `done` and it are a multiple of [`EVEN`].
fn evened(done: usize, items: usize, least: usize) -> usize {
    let over = done.wrapping_add(items) % EVEN;
    if items > 8 * EVEN && items - over >= least {
        items - over
    } else {
        items
    }
}

/// The limits that the producer asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    min: usize,
    max: usize,
}

impl Limits {
    #[inline]
    pub(super) fn new(min_len: usize, max_len: usize) -> Self {
        Self {
            min: min_len.max(1),
            max: max_len.max(1),
        }
    }

    /// Can `len` items become two pieces?
    pub(super) fn divisible(self, len: usize) -> bool {
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
    /// The pace at the start. Where nothing is known, blocks begin to grow from the shortest.
    /// Where the same loop ran before, the second block is as long as the last ones were, but at
    /// most an eighth of the loop, so that a change is noticed early.
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

    /// Have `items` taken no more than was expected?
    fn is_as_expected(&self, items: usize, ns: f64) -> bool {
        // The reading of the clock alone takes some ten nanoseconds.
        self.cost(items)
            .is_some_and(|expected| ns < 2.0 * expected + 100.0)
    }

    /// Takes note that the first block of a piece, of `items`, took `ns`. It is a test of what was
    /// known before: if that holds, it says more than this one block.
    fn record_first(&mut self, items: usize, ns: f64, limits: Limits) {
        if !self.is_as_expected(items, ns) {
            self.block = items;
            self.record(items, ns, limits);
        }
    }

    /// Takes note that a block of `items` took `ns`.
    fn record(&mut self, items: usize, ns: f64, limits: Limits) {
        self.ns_per_item = Some(ns / items.max(1) as f64);
        if ns < BLOCK_NS {
            let growth = if ns < QUICK_BLOCK_NS { QUICK_GROWTH } else { 2 };
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
    /// Must the first item show what the loop costs, before threads are told of it?
    is_unsteady: bool,
    site: Site,
}

impl Plan {
    /// The plan for a whole loop of `len` items.
    pub(super) fn new(len: usize, limits: Limits, site: Site) -> Self {
        // A single piece needs no decision.
        let recalled = if limits.divisible(len) {
            site.recall()
        } else {
            Recalled::Nothing
        };
        let known = match recalled {
            Recalled::Cost(ns) => Some(ns),
            Recalled::Nothing | Recalled::Unsteady => None,
        };
        Self {
            limits,
            pace: Pace::start(len, limits, known),
            pieces: 1,
            is_unsteady: matches!(recalled, Recalled::Unsteady),
            site,
        }
    }

    /// Forgets the cost of an item: it is not what was known.
    pub(super) fn forget(&mut self) {
        self.pace = Pace::start(0, self.limits, None);
    }

    /// Takes note that what was known of this loop gave threads time to take items of it.
    pub(super) fn doubt(&self) {
        if self.pace.ns_per_item.is_some() {
            self.site.doubt();
        }
    }

    /// Is a loop of `len` items expected to be short, so that it ends before a thread could help?
    #[inline]
    pub(super) fn is_short(&self, len: usize) -> bool {
        let is_cheap = |ns| ns < 2.0 * WORTH_SHARING_NS && len <= self.limits.max;
        !self.limits.divisible(len) || self.pace.cost(len).is_some_and(is_cheap)
    }

    /// May one item show that all others of a loop of `len` are as short as a block may be? Then
    /// the loop runs as one that is known to be short, with this item as its probe.
    pub(super) fn is_tiny(&self, len: usize) -> bool {
        let least = self.limits.min;
        let most = QUICK_GROWTH + QUICK_GROWTH / TAIL;
        self.pieces == 1
            && self.pace.ns_per_item.is_none()
            && len <= self.limits.max
            && self.limits.divisible(len)
            && len - least <= least.saturating_mul(most)
    }

    /// The lengths of the first two blocks of a short loop of `len` items: one item, then an
    /// eighth of the loop, or none if the loop should take less time than a block that says
    /// something. They show whether it is short. `None` if the loop cannot be divided.
    #[inline]
    pub(super) fn probes(&self, len: usize) -> Option<[usize; 2]> {
        if !self.limits.divisible(len) {
            return None;
        }
        let min = self.limits.min;
        let is_tiny = self.pace.cost(len).is_some_and(|ns| ns < QUICK_BLOCK_NS);
        let eighth = match is_tiny {
            true => 0,
            false => evened(min, (len / 8).saturating_sub(min), min),
        };
        Some([min, if eighth < min { 0 } else { eighth }])
    }

    /// Have the first items of a short loop taken so little time that the whole loop will be short?
    /// (Of a tiny loop nothing is expected.)
    pub(super) fn is_as_expected(&self, items: usize, ns: f64) -> bool {
        match self.pace.ns_per_item {
            Some(_) => self.pace.is_as_expected(items, ns),
            None => ns < QUICK_BLOCK_NS,
        }
    }

    /// Keeps what the first items of a tiny loop have shown for the next run of the same loop.
    pub(super) fn remember_first(&self, items: usize, ns: f64) {
        if self.pace.ns_per_item.is_none() {
            self.site.remember(ns / items as f64);
        }
    }

    /// Decides, before a loop of `len` items starts, whether to cut it at once.
    ///
    /// Idle threads should not have to wait for the end of our first item, which may be long. So
    /// if the cost is unknown, or known to be large, and somebody is hungry, the loop is cut into
    /// a piece for everybody. There may be `max_threads` of us.
    pub(super) fn expect_takers(&mut self, len: usize, max_threads: usize) {
        if self.is_unsteady {
            return;
        }
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
            let keep = (share as usize).clamp(min, len - min);
            return Some(Cut {
                keep: evened(0, keep, min),
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

    /// Should a thread be told, before the next block, that it may take a half from this one?
    /// `rest` are the items behind that block; `is_open` says whether a half of this piece's own
    /// is among those that may be taken.
    pub(super) fn feeds(&self, rest: usize, is_open: bool) -> bool {
        let takers = fork::takers();
        // Most of the time no thread is hungry. What is older than this piece, and private, is of
        // unknown cost.
        takers != Takers::None
            && (fork::private_jobs() > usize::from(is_open)
                || is_open && self.is_worth_telling(rest, takers))
    }

    /// Should a thread that has taken `items` to help tell another one, before it begins, that
    /// there may be more to take? Yes, unless it is known that they are too few.
    pub(super) fn feeds_at_once(&self, items: usize) -> bool {
        let takers = fork::takers();
        takers != Takers::None
            && (self.pace.ns_per_item.is_none() || self.is_worth_telling(items, takers))
    }

    /// Are `items` known to be worth a thread that looks for work, or one that sleeps?
    fn is_worth_telling(&self, items: usize, takers: Takers) -> bool {
        let least = match takers {
            Takers::None => return false,
            Takers::Awake => WORTH_SHARING_NS,
            Takers::Asleep => WORTH_WAKING_NS,
        };
        self.pace.cost(items).is_some_and(|ns| ns >= least)
    }

    /// Are the `rest` items known to be done sooner than a thief could take them?
    pub(super) fn is_almost_done(&self, rest: usize) -> bool {
        self.pace.cost(rest).is_some_and(|ns| ns < WORTH_SHARING_NS)
    }

    /// How many of the `rest` items go to a thread that has come to help: the right half, or all
    /// if that half would be too short a piece. The runner of the piece is busy with a block.
    pub(super) fn help(&self, done: usize, rest: usize) -> Option<usize> {
        let half = rest - evened(done, rest / 2, 0);
        [half, rest]
            .into_iter()
            .find(|&give| self.may_give(done, rest - give, give))
    }

    /// Would both pieces be long enough?
    fn may_give(&self, done: usize, keep: usize, give: usize) -> bool {
        let min = self.limits.min;
        give >= min && done.saturating_add(keep) >= min
    }

    /// How many of the `rest` items to run as the next block, if `done` items of the piece have
    /// been run. The first block is as short as it may be: whatever is known may be wrong.
    pub(super) fn block(&self, done: usize, rest: usize) -> usize {
        let block = if done == 0 {
            self.limits.min
        } else {
            self.pace.block
        };
        if block.saturating_add(block / TAIL) < rest {
            evened(done, block, self.limits.min)
        } else {
            rest
        }
    }

    /// Takes note that a block of `items`, which ended when `done` items of the piece were done,
    /// took `ns`.
    pub(super) fn record(&mut self, done: usize, items: usize, ns: f64) {
        if done == items {
            self.pace.record_first(items, ns, self.limits);
        } else {
            self.pace.record(items, ns, self.limits);
        }
    }

    /// Takes note that the loop wants no more items, after `done` items of the piece. If those took
    /// less time than a thread needs to come and help, the next run offers nothing before it has
    /// run its first item.
    pub(super) fn end_early(&self, done: usize) {
        if self.pace.cost(done).is_some_and(|ns| ns < WORTH_SHARING_NS) {
            self.site.remember_early_end();
        }
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

/// What is known of a loop from its last runs on this thread.
#[derive(Clone, Copy, Debug)]
struct Memory {
    site: usize,
    /// The cost of an item in the last run, if it was measured.
    ns_per_item: Option<f64>,
    /// Did the last run want no more items before a thread could have helped?
    ends_early: bool,
    /// A mark for each time that the cost changed: [`CHANGE`] at first, and one less with each
    /// run.
    changes: u16,
}

/// What a loop that begins may rely on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Recalled {
    Nothing,
    /// The cost of an item.
    Cost(f64),
    /// The cost of an item changes from run to run, or the first items may be all that run.
    Unsteady,
}

/// The mark of one change of the cost of a loop.
const CHANGE: u16 = 400;
/// A loop with this many marks is unsteady: three changes within some hundred runs.
const UNSTEADY: u16 = 1_000;
/// The most marks that are kept, so that a loop is unsteady for 1000 runs after the last change.
const MOST_CHANGES: u16 = 2 * UNSTEADY;
/// A factor between two costs of an item that is a change.
const CHANGE_FACTOR: f64 = 10.0;
/// Below this cost of an item its measurement is too coarse to show a change.
const CHANGE_NS: f64 = 200.0;

impl Memory {
    /// The memory of a loop that has not run.
    const NOTHING: Self = Self {
        site: 0,
        ns_per_item: None,
        ends_early: false,
        changes: 0,
    };

    /// What a run of the loop `site` may rely on, and the memory after that question.
    fn recall(self, site: usize) -> (Recalled, Self) {
        if self.site != site {
            return (Recalled::Nothing, self);
        }
        let recalled = match self.ns_per_item {
            _ if self.changes >= UNSTEADY || self.ends_early => Recalled::Unsteady,
            Some(ns) => Recalled::Cost(ns),
            None => Recalled::Nothing,
        };
        let changes = self.changes.saturating_sub(1);
        (recalled, Self { changes, ..self })
    }

    /// The memory after a run of the loop `site`.
    fn after(self, site: usize, ns_per_item: f64) -> Self {
        let known = self.ns_per_item.filter(|_| self.site == site);
        let has_changed = known.is_some_and(|known| {
            let (less, more) = (known.min(ns_per_item), known.max(ns_per_item));
            more > CHANGE_NS && more > CHANGE_FACTOR * less
        });
        Self {
            site,
            ns_per_item: Some(ns_per_item),
            ends_early: false,
            changes: self.changes_of(site, has_changed),
        }
    }

    /// The memory after a run of the loop `site` that showed only that its cost has changed.
    fn after_doubt(self, site: usize) -> Self {
        Self {
            site,
            ns_per_item: None,
            ends_early: false,
            changes: self.changes_of(site, true),
        }
    }

    /// The memory after a run of the loop `site` that a few items ended.
    fn after_early_end(self, site: usize) -> Self {
        Self {
            site,
            ns_per_item: None,
            ends_early: true,
            changes: self.changes_of(site, false),
        }
    }

    fn changes_of(self, site: usize, has_changed: bool) -> u16 {
        let before = if self.site == site { self.changes } else { 0 };
        let mark = if has_changed { CHANGE } else { 0 };
        (before + mark).min(MOST_CHANGES)
    }
}

/// The number of loops that a thread remembers.
const SITES: usize = 64;

thread_local! {
    static MEMORY: [Cell<Memory>; SITES] = const { [const { Cell::new(Memory::NOTHING) }; SITES] };
}

impl Site {
    pub(super) fn new(code: usize) -> Self {
        Self(code)
    }

    fn slot(self) -> usize {
        // Functions are aligned to 16 bytes, and those of one crate lie close together.
        (self.0 >> 4 ^ self.0 >> 10) % SITES
    }

    fn recall(self) -> Recalled {
        MEMORY.with(|slots| {
            let slot = &slots[self.slot()];
            let before = slot.get();
            let (recalled, after) = before.recall(self.0);
            if after.changes != before.changes {
                slot.set(after);
            }
            recalled
        })
    }

    fn doubt(self) {
        MEMORY.with(|slots| {
            let slot = &slots[self.slot()];
            slot.set(slot.get().after_doubt(self.0));
        });
    }

    fn remember_early_end(self) {
        MEMORY.with(|slots| {
            let slot = &slots[self.slot()];
            slot.set(slot.get().after_early_end(self.0));
        });
    }

    fn remember(self, ns_per_item: f64) {
        MEMORY.with(|slots| {
            let slot = &slots[self.slot()];
            slot.set(slot.get().after(self.0, ns_per_item));
        });
    }
}

#[cfg(test)]
#[cfg_attr(manyhands_model, allow(dead_code))]
pub(super) fn forget_sites() {
    ALONE_NS.set(0.0);
    MEMORY.with(|slots| slots.iter().for_each(|slot| slot.set(Memory::NOTHING)));
}

/// The splitting of a loop whose producer cannot tell how long it is.
///
/// Such a producer runs a piece from beginning to end: there are no blocks, and no hungry thread
/// can be served in between. So pieces are made ahead of demand, about two for each thread. More
/// are made when a piece was stolen, which shows that other threads have run out of work, and when
/// the last piece took long, so that the next one must not hide as much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    splits: usize,
    /// The number of splits that made this piece.
    depth: u32,
}

impl Budget {
    pub(super) fn start() -> Self {
        Self {
            splits: fork::num_threads(),
            depth: 0,
        }
    }

    /// May this piece be split? Both halves continue with what is left of the budget.
    pub(super) fn try_split(&mut self, migrated: bool, length: &PieceLength) -> bool {
        let may_split = if migrated {
            self.splits = fork::num_threads().max(self.splits / 2);
            true
        } else if self.splits > 0 {
            self.splits /= 2;
            true
        } else {
            length.at(self.depth) >= LONG_PIECE_NS || fork::is_hungry()
        };
        if may_split {
            self.depth = self.depth.saturating_add(1);
        }
        may_split
    }
}

/// How long the last piece of a loop took that ran to its end, and how often it had been split.
#[derive(Debug, Default)]
pub(super) struct PieceLength {
    /// The time that a piece would take that was not split at all, in nanoseconds. It publishes
    /// nothing. Where the pieces are uneven it is wrong, and the loop is split too often, or too
    /// seldom.
    whole_ns: AtomicU64,
}

impl PieceLength {
    /// Takes note that a piece took `ns`.
    pub(super) fn record(&self, budget: Budget, ns: f64) {
        let whole = ns * f64::from(budget.depth.min(MOST_SPLITS)).exp2();
        // Ordering: Relaxed, for the reason given at the field.
        self.whole_ns
            .store(saturate(whole) as u64, Ordering::Relaxed);
    }

    /// How long a piece should take that was split `depth` times.
    fn at(&self, depth: u32) -> u64 {
        // Ordering: Relaxed, for the reason given at the field.
        let whole = self.whole_ns.load(Ordering::Relaxed);
        whole >> depth.min(MOST_SPLITS)
    }
}

/// A piece of a loop of unknown length that should take this long is split before it begins.
const LONG_PIECE_NS: u64 = 100_000;
/// Deeper splits are not counted.
const MOST_SPLITS: u32 = u64::BITS - 1;

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{Memory, Recalled, UNSTEADY, evened};

    /// What a loop may rely on after runs of these costs.
    fn after(costs: impl IntoIterator<Item = f64>) -> Memory {
        let run = |memory: Memory, cost| memory.recall(7).1.after(7, cost);
        costs.into_iter().fold(Memory::NOTHING, run)
    }

    #[test]
    fn long_blocks_begin_at_even_places() {
        for (done, items, least, even) in [
            (0, 1_000, 1, 960),
            (1, 1_000, 1, 959),
            (960, 1_000, 1, 960),
            (1, 512, 1, 512),
            (1, 1_000, 990, 1_000),
            (usize::MAX, 1_000, 1, 961),
        ] {
            assert_eq!(evened(done, items, least), even);
        }
    }

    #[test]
    fn the_last_cost_is_remembered() {
        assert_eq!(Memory::NOTHING.recall(7).0, Recalled::Nothing);
        assert_eq!(after([3.0, 5.0]).recall(7).0, Recalled::Cost(5.0));
        assert_eq!(after([3.0, 5.0]).recall(8).0, Recalled::Nothing);
        assert_eq!(after([3.0]).after_doubt(7).recall(7).0, Recalled::Nothing);
        // Another loop in the same place starts anew.
        let other = after([1.0, 1e6, 1.0, 1e6]).after(8, 2.0);
        assert_eq!(other.recall(8).0, Recalled::Cost(2.0));
    }

    #[test]
    fn a_loop_that_changes_its_cost_three_times_is_unsteady() {
        assert_eq!(after([1.0, 1e6, 1.0]).recall(7).0, Recalled::Cost(1.0));
        let unsteady = after([1.0, 1e6, 1.0, 1e6]);
        assert_eq!(unsteady.recall(7).0, Recalled::Unsteady);
        let doubt = |memory: Memory| memory.after(7, 1.0).after_doubt(7);
        let doubted = doubt(doubt(doubt(after([1.0]))));
        assert_eq!(doubted.recall(7).0, Recalled::Unsteady);
        // Two changes in 51 runs, as of a loop that is dear now and then.
        let now_and_then = (0..200).map(|run| if run % 51 == 0 { 1e7 } else { 1.0 });
        assert_eq!(after(now_and_then).recall(7).0, Recalled::Unsteady);
    }

    #[test]
    fn a_search_that_ended_early_may_do_so_again() {
        let ended = after([3.0]).after_early_end(7);
        assert_eq!(ended.recall(7).0, Recalled::Unsteady);
        assert_eq!(ended.recall(8).0, Recalled::Nothing);
        assert_eq!(ended.after(7, 3.0).recall(7).0, Recalled::Cost(3.0));
    }

    #[test]
    fn an_unsteady_loop_becomes_steady_again() {
        let changes = (0..100).map(|run| if run % 2 == 0 { 1e6 } else { 1.0 });
        let steady = |runs: u16| changes.clone().chain((0..runs).map(|_| 1.0));
        assert_eq!(after(steady(UNSTEADY - 1)).recall(7).0, Recalled::Unsteady);
        assert_eq!(after(steady(UNSTEADY + 1)).recall(7).0, Recalled::Cost(1.0));
    }

    #[test]
    fn small_and_rare_changes_are_none() {
        // Below the precision of the clock, or by less than a factor of ten.
        let coarse = (0..100).map(|run| if run % 2 == 0 { 150.0 } else { 1.0 });
        assert_eq!(after(coarse).recall(7).0, Recalled::Cost(1.0));
        let doubled = (0..100).map(|run| if run % 2 == 0 { 9e5 } else { 1e5 });
        assert_eq!(after(doubled).recall(7).0, Recalled::Cost(1e5));
        // A block that was interrupted, once in 1000 runs.
        let interrupted = (0..10_000).map(|run| if run % 1_000 == 999 { 1e6 } else { 1.0 });
        assert!(matches!(after(interrupted).recall(7).0, Recalled::Cost(_)));
    }
}
