//! The way down: all that loops need of the layers below, in one small file.
//!
//! Called by the bridges, the splitting policy, and the few adapters that fork by themselves.
//! Nothing else in `iter` may know that there are threads. Unit tests put a *script* under these
//! functions. It says at each poll whether a thread is hungry, at each join which half runs first,
//! and at each lap how much time has passed, all on one thread.

pub(crate) use crate::pool::halves::Takers;

use crate::entry::{current, join_context};
use crate::pool::halves;
use crate::util::clock;
use std::fmt;
use std::mem::ManuallyDrop;
use std::thread::ThreadId;

/// Runs both closures, perhaps at the same time; `a` runs on the calling thread. Each is told
/// whether it runs on a thread other than the caller's.
pub(crate) fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce(bool) -> RA + Send,
    B: FnOnce(bool) -> RB + Send,
    RA: Send,
    RB: Send,
{
    #[cfg(test)]
    if script::is_playing() {
        return script::join(a, b);
    }
    join_context(
        |context| a(context.migrated()),
        |context| b(context.migrated()),
    )
}

/// Which threads would take work from this thread right now?
#[inline]
pub(crate) fn takers() -> Takers {
    #[cfg(test)]
    if script::is_playing() {
        return script::takers();
    }
    halves::takers()
}

/// Would any thread take work from this thread right now, awake or asleep?
#[inline]
pub(crate) fn is_hungry() -> bool {
    takers() != Takers::None
}

/// Should a thread that has run what it was given go back to the giver? Always; only a script may
/// say otherwise.
#[inline]
pub(crate) fn goes_back() -> bool {
    #[cfg(test)]
    if script::is_playing() {
        return script::goes_back();
    }
    true
}

/// Runs a whole loop where others can take part in it: right here if the thread works for a pool,
/// else as a guest of the default pool. If that pool has no guest seat free, a worker runs the
/// loop.
pub(crate) fn on_seat<R: Send>(op: impl FnOnce() -> R + Send) -> R {
    #[cfg(test)]
    if script::is_playing() {
        return script::on_seat(op);
    }
    current::on_seat(op)
}

/// Like [`on_seat`], for a loop of which a part must stay on this thread: if no seat is free, it
/// runs right here without one.
pub(crate) fn in_place<R>(op: impl FnOnce() -> R) -> R {
    #[cfg(test)]
    if script::is_playing() {
        return script::on_seat(op);
    }
    current::in_place(op)
}

/// Runs `here` on this thread, and `there` perhaps at the same time on another; `here` need not be
/// `Send`. A thread without a seat runs one after the other; a loop in `there` then goes to a
/// worker.
pub(crate) fn join_here<A, B, RA, RB>(here: A, there: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    if !has_seat() {
        return (here(), there());
    }
    let here = Stay::new(here);
    let (left, right) = join(move |_| Stay::new(here.into_inner()()), move |_| there());
    (left.into_inner(), right)
}

pub(crate) fn has_seat() -> bool {
    #[cfg(test)]
    if script::is_playing() {
        return true;
    }
    current::has_seat()
}

/// The number of threads that may work on a loop that starts here.
pub(crate) fn num_threads() -> usize {
    #[cfg(test)]
    if script::is_playing() {
        return script::num_threads();
    }
    current::current_num_threads()
}

/// Like [`num_threads`], but at most the number of cores: for loops that cost more with each piece.
pub(crate) fn parallelism() -> usize {
    #[cfg(test)]
    if script::is_playing() {
        return script::num_threads();
    }
    current::current_parallelism()
}

/// Unwinds, quietly, out of a cancelled computation.
#[inline]
pub(crate) fn check_cancelled() {
    crate::job::origin::check_cancelled();
}

/// A stopwatch for blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(clock::Clock);

impl Clock {
    #[inline]
    pub(crate) fn start() -> Self {
        Self(clock::Clock::start())
    }

    /// About how many nanoseconds have passed since the start or the last lap. The lap goes on.
    #[inline]
    pub(crate) fn peek(&self) -> f64 {
        #[cfg(test)]
        if script::is_playing() {
            return script::peek();
        }
        self.0.peek()
    }

    /// Like [`peek`](Self::peek), and begins the next lap.
    #[inline]
    pub(crate) fn lap(&mut self) -> f64 {
        #[cfg(test)]
        if script::is_playing() {
            return script::lap();
        }
        self.0.lap()
    }
}

/// A value that stays on its thread while a closure that holds it passes through [`join`].
///
/// When a running loop is split, its left half goes on with the same folder. A folder need not be
/// `Send` (think of the `Rc` made by `map_init`), nor need the closure of an ordered loop. `join`
/// runs its first closure on the calling thread, but its signature cannot say so. This type does
/// not trust, it checks.
pub(crate) struct Stay<T> {
    value: ManuallyDrop<T>,
    home: ThreadId,
}

// SAFETY: the value is moved out or dropped only where `is_home` was seen to be true, that is, on
// the thread that gave it. No reference to it is ever handed out.
unsafe impl<T> Send for Stay<T> {}

impl<T> Stay<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: ManuallyDrop::new(value),
            home: std::thread::current().id(),
        }
    }

    fn is_home(&self) -> bool {
        self.home == std::thread::current().id()
    }

    /// Gives the value back.
    ///
    /// # Panics
    ///
    /// Panics on a thread other than the one that made `self`; the value then leaks.
    pub(crate) fn into_inner(self) -> T {
        assert!(
            self.is_home(),
            "the first half of a join left its thread with a value that must stay"
        );
        let mut this = ManuallyDrop::new(self);
        // SAFETY: we are on the value's thread (asserted), and `this` is neither dropped nor used
        // again, so that the value is taken once.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }
}

impl<T> Drop for Stay<T> {
    fn drop(&mut self) {
        if self.is_home() {
            // SAFETY: we are on the value's thread, and `into_inner` has not taken it, because it
            // prevents this drop.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

impl<T> fmt::Debug for Stay<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stay").field("home", &self.home).finish()
    }
}

/// Loops without threads: a script says what happens at every fork.
#[cfg(test)]
#[cfg_attr(manyhands_model, allow(dead_code))]
pub(crate) mod script {
    use super::Takers;
    use std::cell::{Cell, RefCell};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    /// The course of one join.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Join {
        /// Does the second closure run first, as if a thief had been quick?
        pub(crate) right_first: bool,
        /// Is the second closure told that it was stolen?
        pub(crate) migrated: bool,
    }

    /// A script: what happens, as one list for each question. Where a list has ended, no thread is
    /// hungry, joins run left first and unstolen, no thread comes back for more, and a lap takes a
    /// microsecond.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Script {
        pub(crate) takers: Vec<Takers>,
        pub(crate) joins: Vec<Join>,
        /// Does a thread go back to the one that gave it work?
        pub(crate) returns: Vec<bool>,
        pub(crate) laps: Vec<u64>,
        pub(crate) threads: usize,
    }

    /// A log of what the loops asked for.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Log {
        pub(crate) polls: usize,
        pub(crate) joins: usize,
        pub(crate) returns: usize,
        pub(crate) laps: usize,
        pub(crate) entries: usize,
    }

    thread_local! {
        static PLAYING: Cell<bool> = const { Cell::new(false) };
        static STATE: RefCell<(Script, Log)> = RefCell::default();
    }

    /// Runs `body` under the script.
    pub(crate) fn play<R>(script: Script, body: impl FnOnce() -> R) -> (R, Log) {
        struct Stop;
        impl Drop for Stop {
            fn drop(&mut self) {
                PLAYING.set(false);
            }
        }
        super::super::splitter::forget_sites();
        STATE.replace((script, Log::default()));
        PLAYING.set(true);
        let stop = Stop;
        let result = body();
        drop(stop);
        (result, STATE.with_borrow(|state| state.1))
    }

    pub(super) fn is_playing() -> bool {
        PLAYING.get()
    }

    pub(super) fn on_seat<R>(op: impl FnOnce() -> R) -> R {
        STATE.with_borrow_mut(|(_, log)| log.entries += 1);
        op()
    }

    pub(super) fn takers() -> Takers {
        STATE.with_borrow_mut(|(script, log)| {
            log.polls += 1;
            script
                .takers
                .get(log.polls - 1)
                .copied()
                .unwrap_or(Takers::None)
        })
    }

    pub(super) fn goes_back() -> bool {
        STATE.with_borrow_mut(|(script, log)| {
            log.returns += 1;
            script
                .returns
                .get(log.returns - 1)
                .copied()
                .unwrap_or(false)
        })
    }

    pub(super) fn num_threads() -> usize {
        STATE.with_borrow(|(script, _)| script.threads.max(1))
    }

    pub(super) fn lap() -> f64 {
        let lap = peek();
        STATE.with_borrow_mut(|(_, log)| log.laps += 1);
        lap
    }

    pub(super) fn peek() -> f64 {
        STATE
            .with_borrow(|(script, log)| script.laps.get(log.laps).copied().unwrap_or(1_000) as f64)
    }

    /// Runs both closures, even if one panics, as the real `join` does.
    pub(super) fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(bool) -> RA,
        B: FnOnce(bool) -> RB,
    {
        let step = STATE.with_borrow_mut(|(script, log)| {
            log.joins += 1;
            script.joins.get(log.joins - 1).copied().unwrap_or_default()
        });
        let left = || catch_unwind(AssertUnwindSafe(|| a(false)));
        let right = || catch_unwind(AssertUnwindSafe(|| b(step.migrated)));
        let (left, right) = if step.right_first {
            let right = right();
            (left(), right)
        } else {
            (left(), right())
        };
        match (left, right) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(payload), _) | (_, Err(payload)) => resume_unwind(payload),
        }
    }
}
