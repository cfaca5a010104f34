//! What a loop does between its blocks: cut, share, help, end. None of that depends on the items,
//! so it is compiled once, and not once for each chain of adapters.
//!
//! [`drive`] begins a loop. [`divide`] begins a piece, or cuts it first. [`run`] opens it, and runs
//! it block by block. [`help`] is called by a thread that has taken the half of an open piece. What
//! does depend on the items is behind the five traits here, which `bridge.rs` implements.
//!
//! Every item that no thread has begun belongs to the second half of a join, which any thread can
//! take, whatever the runner of the piece does meanwhile. The exceptions are items in a block that
//! a thread runs, and what limits forbid to take.
//!
//! One rule is behind the unsafe functions of the traits:
//!
//! * driver.D1: Items that no thread has begun are touched only by the thread that *holds* them. In
//!   a long loop that is whoever has locked [`Piece::rest`]. In a short one, it is the runner
//!   between two joins, and the thief of a join's second half while the join lasts.

use super::fork::{self, Clock, Discard, Waiting};
use super::splitter::{Limits, PATIENCE_NS, Plan, Site};
use super::workers::{Token, Workers};
use crate::sync::{Mutex, lock};
use std::sync::atomic::{AtomicBool, Ordering};

/// Items in a row that no thread has begun; and their result, once they have been run.
pub(super) trait Items: Discard + Send {
    /// Does the consumer want no more items?
    fn is_full(&mut self) -> bool;

    /// Makes the result of no items.
    fn skip(&mut self);

    /// Runs all items at once.
    fn run(&mut self);

    /// Cuts the items in two, after the first `keep` of them. `run_both` is called once, and gives
    /// both parts their results, which then become one.
    fn cut(&mut self, keep: usize, run_both: &mut dyn FnMut(&mut dyn Items, &mut dyn Items));

    /// Lends what is needed to run the items as a piece. `run` is called once, and ends with
    /// [`Work::finish`].
    fn work(&mut self, run: &mut dyn FnMut(&mut dyn Work));
}

/// The work at one piece: a runner, and what others make of the items behind those that it runs.
pub(super) trait Work {
    /// The two sides of a join: its first half has the runner, its second half the helper.
    fn halves(&mut self) -> (&mut dyn Runner, &mut dyn Helper);

    /// Takes over what the helper has made since the last call.
    fn absorb(&mut self);

    /// Runs the `len` items that are left as one block, and finishes.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and there are some.
    unsafe fn run_rest(&mut self, len: usize);

    /// Joins all results to that of the piece. The runner has completed.
    fn finish(&mut self);
}

/// Takes blocks off the left end of a piece, and runs them.
pub(super) trait Runner {
    /// What has become of the items that no thread has begun.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items.
    unsafe fn state(&self) -> State;

    /// Takes the next `block` items off; all that the producer has, if `is_last`. The folder goes
    /// on if it can. Else a new one is needed, which `true` tells: see [`ready`](Self::ready).
    ///
    /// (If a producer has more items than it said, the last block has them: nothing is dropped in
    /// silence. Sinks that rely on the number panic.)
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and there are some.
    unsafe fn begin(&mut self, block: usize, is_last: bool) -> bool;

    /// Takes the `len` items that are left, which will not be run. As [`begin`](Self::begin), says
    /// whether a folder is needed.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and there are some.
    unsafe fn stop(&mut self, len: usize) -> bool;

    /// Notes where the `len` items end that are left: what helpers make from now on comes before
    /// what they have made so far.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and there are some.
    unsafe fn open(&mut self, len: usize);

    /// Makes the folder that is needed, and completes the one before it.
    fn ready(&mut self);

    /// Runs the items that were taken last, and gets [`ready`](Self::ready) first if need be. Says
    /// whether the folder wants more items.
    fn fold(&mut self) -> bool;

    /// Ends the folder.
    fn complete(&mut self);
}

/// The items that no thread has begun, as seen by those who come to help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// The consumer, or the folder of the runner, wants no more.
    Full,
    /// There are none, or a thread unwound in the middle of a cut.
    Gone,
}

/// The place in which a thread that helps with a piece leaves its result.
pub(super) trait Helper: Send {
    /// Lends a place for items. `help` is called once, and may fetch some, and run them.
    fn help(&mut self, help: &mut dyn FnMut(&mut dyn Taken));

    /// Takes all items, and lends them to `run`, which is called once, if there are any.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items.
    unsafe fn take_all(&mut self, run: &mut dyn FnMut(&mut dyn Items));
}

/// A place for items that a helper takes off the right end of a piece.
pub(super) trait Taken {
    /// What has become of the items that no thread has begun.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items.
    unsafe fn state(&self) -> State;

    /// Takes all items but the first `keep`.
    ///
    /// # Safety
    ///
    /// driver.D1: the caller holds the items, and there are some.
    unsafe fn fetch(&mut self, keep: usize);

    /// The two sides of a join: its first half runs what was fetched, its second half is the next
    /// helper with what is left.
    fn halves(&mut self) -> (&mut dyn Items, &mut dyn Helper);

    /// Has the next helper made anything?
    fn is_helped(&self) -> bool;

    /// Joins what the next helper has made to the result of what was fetched.
    fn finish(&mut self);
}

/// The items of a piece that no thread has begun, in numbers.
#[derive(Clone, Copy, Debug)]
struct Rest {
    plan: Plan,
    /// The number of items directly before them that belong to the same piece.
    done: usize,
    len: usize,
    /// Is there a half that helps with the piece, or a thread that runs it?
    is_helped: bool,
}

impl Rest {
    /// All items of a piece.
    fn of(plan: Plan, len: usize) -> Self {
        Self {
            plan,
            done: 0,
            len,
            is_helped: false,
        }
    }

    /// Cuts the items in two: `keep` items, and the others, which begin a piece.
    fn cut(self, keep: usize) -> (Self, Self) {
        let left = Self { len: keep, ..self };
        (left, Self::of(self.plan, self.len - keep))
    }

    /// Takes the first `block` items off.
    fn begin(&mut self, block: usize) {
        self.done = self.done.saturating_add(block);
        self.len -= block;
    }

    /// Takes note of what the block before these items took.
    fn record(&mut self, lap: Option<&mut Lap>) {
        if let Some(lap) = lap.filter(|lap| lap.block > 0) {
            self.plan.record(self.done, lap.block, lap.clock.lap());
            lap.block = 0;
        }
    }

    /// These items as a loop of its own of which nothing is known.
    fn forgetting_costs(self, max_threads: usize) -> Self {
        let mut plan = self.plan;
        plan.forget();
        plan.expect_takers(self.len, max_threads);
        Self::of(plan, self.len)
    }

    /// Are there items behind the next block that another thread may take?
    fn can_be_helped(&self) -> bool {
        let block = self.plan.block(self.done, self.len);
        let done = self.done.saturating_add(block);
        self.plan.help(done, self.len - block).is_some()
    }
}

/// Runs a loop over `len` items where others can take part in it.
pub(super) fn drive(
    len: usize,
    limits: Limits,
    max_threads: usize,
    site: Site,
    items: &mut dyn Items,
) {
    // No other thread could take part in it, and a way into the pool and back may be longer.
    if !limits.divisible(len) && !fork::has_seat() {
        fork::check_cancelled();
        return match items.is_full() {
            true => items.skip(),
            false => items.run(),
        };
    }
    fork::on_seat(|| {
        fork::check_cancelled();
        let mut plan = Plan::new(len, limits, site);
        let is_short = plan.is_short(len);
        if is_short && items.is_full() {
            return items.skip();
        }
        let workers = Workers::new(max_threads);
        if !is_short {
            plan.expect_takers(len, max_threads);
            if items.is_full() || !plan.is_tiny(len) {
                return divide(Rest::of(plan, len), items, &workers, workers.first());
            }
        }
        match plan.probes(len) {
            None => items.run(),
            Some(probes) => {
                let rest = Rest::of(plan, len);
                items.work(&mut |work| run_short(rest, probes, work, &workers));
            }
        }
    });
}

/// Runs a loop that should be short: a few items first, and all others if the first ones were as
/// cheap as expected. While the first ones run, any thread may take the others.
fn run_short(mut rest: Rest, probes: [usize; 2], work: &mut dyn Work, workers: &Workers) {
    let token = workers.first();
    let (runner, helper) = work.halves();
    let mut lap = Lap::start();
    for block in probes.into_iter().filter(|&block| block > 0) {
        // SAFETY: driver.D1: this thread is the runner, between joins; no thread took the others.
        unsafe { runner.begin(block, false) };
        rest.begin(block);
        lap.block += block;
        let (wants_more, is_taken) = fork::join_quietly(
            || workers.unwound.watch(|| runner.fold()),
            |migrated| migrated && take_others(rest, helper, workers),
        );
        if is_taken {
            rest.plan.doubt();
        }
        if is_taken || !wants_more {
            runner.complete();
            work.absorb();
            return work.finish();
        }
    }
    let ns = lap.clock.peek();
    if rest.plan.is_as_expected(lap.block, ns) {
        rest.plan.remember_first(lap.block, ns);
        // SAFETY: driver.D1: as above.
        unsafe { work.run_rest(rest.len) };
    } else {
        run(rest, Some(lap), work, workers, token);
    }
}

/// Runs the others of a short loop, if it may have another thread. Says whether it did.
#[cold]
fn take_others(rest: Rest, helper: &mut dyn Helper, workers: &Workers) -> bool {
    let Some(token) = workers.another() else {
        return false;
    };
    let mut token = Some(token);
    // SAFETY: driver.D1: this is the second half of a join, on the thread of its thief.
    unsafe {
        helper.take_all(&mut |items| {
            let rest = rest.forgetting_costs(workers.max());
            divide(rest, items, workers, only(&mut token));
        });
    }
    true
}

/// Takes what a closure that is called once has been given to keep.
fn only<T>(kept: &mut Option<T>) -> T {
    kept.take().expect("the closure is called once")
}

/// Runs a piece that no thread has begun. Cuts it first, if there is a reason.
fn divide<'w>(rest: Rest, items: &mut dyn Items, workers: &'w Workers, token: Token<'w>) {
    fork::check_cancelled();
    if items.is_full() || workers.unwound.is_set() {
        return items.skip();
    }
    let mut token = Some(token);
    let Some(cut) = rest.plan.cut(rest.len) else {
        return items.work(&mut |work| run(rest, None, work, workers, only(&mut token)));
    };
    let (mut left, mut right) = rest.cut(cut.keep);
    left.plan.expect_pieces(cut.left_pieces);
    right.plan.expect_pieces(cut.right_pieces);
    items.cut(cut.keep, &mut |left_items, right_items| {
        let waiting = Waiting::new(right_items);
        workers.join(
            only(&mut token),
            |token| divide(left, left_items, workers, token),
            |token| divide(right, waiting.begin(), workers, token),
        );
    });
}

/// A piece that a thread runs, and that others help with.
///
/// It is *open* while a second half of a join exists that calls [`help`] when a thread takes it,
/// or while such a thread is at it. There is one such half or thread at a time, so the results of
/// helpers have an order.
struct Piece {
    /// The items that are left: the runner takes them from the left, a helper from the right.
    ///
    /// The lock is held while producer and consumer are cut, never while an item is made or taken.
    rest: Mutex<Rest>,
    /// Has the last item been begun? It publishes nothing: a helper that sees it late waits longer.
    has_ended: AtomicBool,
}

impl Piece {
    fn new(rest: Rest) -> Self {
        Self {
            rest: Mutex::new(rest),
            has_ended: AtomicBool::new(false),
        }
    }

    /// Notes that there are no more items for a helper.
    fn end(&self) {
        // Ordering: Relaxed, for the reason given at the field.
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// Notes that no thread helps any more. If items are left, the runner opens the piece again.
    fn close(&self) {
        lock(&self.rest).is_helped = false;
    }

    /// Cuts off the right half of what no thread has begun.
    ///
    /// If the runner should be done with the rest before it could be fetched, this waits for that.
    /// But an estimate may be wrong, so the wait is a short one.
    fn take_end(&self, taken: &mut dyn Taken) -> Option<Rest> {
        let is_wrong = {
            let rest = lock(&self.rest);
            rest.plan.is_almost_done(rest.len)
        };
        if is_wrong {
            fork::wait_briefly(&self.has_ended, PATIENCE_NS);
        }
        let mut rest = lock(&self.rest);
        // SAFETY: driver.D1: this thread has the lock.
        if unsafe { taken.state() } != State::Ready {
            return None;
        }
        let give = rest.plan.help(rest.done, rest.len)?;
        let keep = rest.len - give;
        // SAFETY: as above; there are items.
        unsafe { taken.fetch(keep) };
        let (left, mut right) = rest.cut(keep);
        *rest = left;
        if is_wrong {
            right.plan.forget();
        }
        Some(right)
    }
}

/// A stopwatch, and the number of items that were run since it was read.
struct Lap {
    clock: Clock,
    block: usize,
}

impl Lap {
    fn start() -> Self {
        Self {
            clock: Clock::start(),
            block: 0,
        }
    }
}

/// Runs a piece. While it is open, another thread may take the items that this one has not begun.
fn run<'w>(
    mut rest: Rest,
    mut lap: Option<Lap>,
    work: &mut dyn Work,
    workers: &'w Workers,
    mut token: Token<'w>,
) {
    let mut is_open = rest.can_be_helped() && workers.has_another();
    rest.is_helped = is_open;
    let piece = Piece::new(rest);
    loop {
        let (runner, helper) = work.halves();
        let blocks = || run_blocks(&piece, runner, &mut lap, workers, token, is_open);
        let step = if is_open {
            let (step, ()) = fork::join_quietly(blocks, |migrated| {
                if migrated {
                    help(&piece, helper, workers);
                    piece.close();
                }
            });
            step
        } else {
            blocks()
        };
        work.absorb();
        match step {
            Step::Done => return work.finish(),
            Step::Open(held) => (token, is_open) = (held, true),
        }
    }
}

/// How far the runner of a piece has come.
enum Step<'w> {
    /// To the end.
    Done,
    /// To a place where the piece can be opened again.
    Open(Token<'w>),
}

/// Takes items from the right end of a piece that another thread runs, until none are left.
///
/// While this thread works at what it has taken, the rest of the piece is within reach of others:
/// the half that helps with it is now one of this thread's.
fn help(piece: &Piece, helper: &mut dyn Helper, workers: &Workers) {
    let Some(token) = workers.another() else {
        return;
    };
    let mut token = Some(token);
    helper.help(&mut |taken| {
        let token = only(&mut token);
        let Some(rest) = piece.take_end(taken) else {
            return;
        };
        let (items, next) = taken.halves();
        let ((), ()) = fork::join_quietly(
            || {
                if rest.plan.feeds_at_once(rest.len) {
                    fork::feed();
                }
                divide(rest, items, workers, token);
            },
            |migrated| {
                if migrated {
                    help(piece, next, workers);
                }
            },
        );
        // What lies left of it is taken later, by this thread if it still has the half.
        if !taken.is_helped() && fork::goes_back() {
            let (_, next) = taken.halves();
            help(piece, next, workers);
        }
        taken.finish();
    });
}

/// Runs a piece, block by block. Between blocks it checks whether to stop, and whether to tell a
/// thread that wants work.
fn run_blocks<'w>(
    piece: &Piece,
    runner: &mut dyn Runner,
    lap: &mut Option<Lap>,
    workers: &'w Workers,
    token: Token<'w>,
    is_open: bool,
) -> Step<'w> {
    loop {
        fork::check_cancelled();
        let mut rest = lock(&piece.rest);
        // SAFETY: driver.D1: this thread has the lock, as in all blocks below.
        let state = unsafe { runner.state() };
        if state == State::Gone {
            drop(rest);
            // The helper unwound: its panic goes on when this thread's join ends.
            runner.complete();
            return Step::Done;
        }
        rest.record(lap.as_mut());
        let is_full = state == State::Full || workers.unwound.is_set();
        if rest.len == 0 || is_full {
            if state == State::Full {
                rest.plan.end_early(rest.done);
            }
            // SAFETY: as above; there are items.
            let is_new = unsafe { runner.stop(rest.len) };
            drop(rest);
            piece.end();
            end_at(runner, is_new, is_full);
            return Step::Done;
        }
        if !rest.is_helped && rest.can_be_helped() && workers.has_another() {
            rest.is_helped = true;
            // SAFETY: as above; there are items.
            unsafe { runner.open(rest.len) };
            return Step::Open(token);
        }
        let block = rest.plan.block(rest.done, rest.len);
        let is_last = block == rest.len;
        if is_last {
            rest.plan.remember();
        }
        let feeds = rest.plan.feeds(rest.len - block, is_open);
        // SAFETY: as above; there are items.
        let is_new = unsafe { runner.begin(block, is_last) };
        rest.begin(block);
        if is_last {
            piece.end();
        }
        drop(rest);
        if is_new {
            runner.ready();
        }
        let lap = lap.get_or_insert_with(Lap::start);
        lap.block = block;
        if feeds {
            fork::feed();
            // What that took is not the cost of an item.
            lap.clock = Clock::start();
        }
        workers.unwound.watch(|| runner.fold());
        if is_last {
            runner.complete();
            return Step::Done;
        }
    }
}

/// Ends a piece of which the runner has stopped.
fn end_at(runner: &mut dyn Runner, is_new: bool, is_full: bool) {
    if is_new {
        runner.ready();
    } else if !is_full {
        // Helpers took the rest. A producer that cuts itself wrongly may have kept items, which
        // must not be lost.
        runner.fold();
    }
    runner.complete();
}
