//! The way down: all that loops need of the layers below, in one small file.
//!
//! Called by the bridges, the splitting policy, and the few adapters that fork by themselves.
//! Nothing else in `iter` may know that there are threads. Unit tests put a *script* under these
//! functions. It says at each poll whether a thread is hungry, at each join which half runs first,
//! at each feed whether a thief comes, and at each lap how much time has passed, all on one thread.

pub(crate) use crate::pool::halves::Takers;

use crate::entry::{self, current};
use crate::pool::{computing, halves, region, seat};
use crate::util::clock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A closure that is called once, or dropped, behind a pointer; then its result. What is behind a
/// pointer is compiled once, with this crate, and not for each closure of a program.
struct Call<F, R> {
    op: Option<F>,
    result: Option<R>,
}

impl<F, R> Call<F, R> {
    fn new(op: F) -> Self {
        Self {
            op: Some(op),
            result: None,
        }
    }

    fn into_result(self) -> R {
        self.result.expect("the closure was called")
    }
}

trait Callee: Discard {
    /// Calls the closure, which is told whether it is on another thread now.
    fn call(&mut self, migrated: bool);
}

impl<F: FnOnce(bool) -> R, R> Callee for Call<F, R> {
    fn call(&mut self, migrated: bool) {
        self.result = self.op.take().map(|op| op(migrated));
    }
}

impl<F, R> Discard for Call<F, R> {
    fn discard(&mut self) {
        self.op = None;
    }
}

/// What is behind a pointer in the second half of a join.
pub(super) trait Discard {
    /// Drops it; it will not be run.
    fn discard(&mut self);
}

/// The second half of a join. If a join drops it, what is behind the pointer is dropped there,
/// where its destructor may panic.
pub(super) struct Waiting<'a, T: Discard + ?Sized>(Option<&'a mut T>);

impl<'a, T: Discard + ?Sized> Waiting<'a, T> {
    pub(super) fn new(half: &'a mut T) -> Self {
        Self(Some(half))
    }

    pub(super) fn begin(mut self) -> &'a mut T {
        self.0.take().expect("a half begins once")
    }
}

impl<T: Discard + ?Sized> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if let Some(half) = &mut self.0 {
            half.discard();
        }
    }
}

/// Runs `here` on this thread, and `there` perhaps at the same time on another, which it is told.
/// `here` need not be `Send`. A thread without a seat runs one after the other: inside of
/// [`on_seat`] there is none. (To look for a seat in each join would be half of what the compiler
/// makes of a loop.)
pub(crate) fn join<A, B, RA, RB>(here: A, there: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce(bool) -> RB + Send,
    RB: Send,
{
    fn join(here: &mut dyn Callee, there: &mut (dyn Callee + Send)) {
        let there = Waiting::new(there);
        entry::join_here(
            || here.call(false),
            |context| there.begin().call(context.migrated()),
        );
    }

    #[cfg(test)]
    if script::is_playing() {
        return script::join(|_| here(), there);
    }
    let (mut here, mut there) = (Call::new(|_| here()), Call::new(there));
    join(&mut here, &mut there);
    (here.into_result(), there.into_result())
}

/// As [`join`], outside of [`on_seat`] as well: there it looks for a seat.
pub(crate) fn join_anywhere<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    fn join(a: &mut (dyn Callee + Send), b: &mut (dyn Callee + Send)) {
        let b = Waiting::new(b);
        entry::join(|| a.call(false), || b.begin().call(false));
    }

    #[cfg(test)]
    if script::is_playing() {
        return script::join(|_| a(), |_| b());
    }
    let (mut a, mut b) = (Call::new(|_| a()), Call::new(|_| b()));
    join(&mut a, &mut b);
    (a.into_result(), b.into_result())
}

/// As [`join`], but `there` stays private although a thread is hungry: it can be taken, but no
/// thread is told of it before [`feed`] is called.
#[inline]
pub(crate) fn join_quietly<A, B, RA, RB>(here: A, there: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce(bool) -> RB + Send,
    RB: Send,
{
    #[cfg(test)]
    if script::is_playing() {
        return script::join(|_| here(), there);
    }
    entry::join_context_quietly(here, |context| there(context.migrated()))
}

/// The number of second halves of this thread's joins that are private.
#[inline]
pub(crate) fn private_jobs() -> usize {
    #[cfg(test)]
    if script::is_playing() {
        return script::private_jobs();
    }
    halves::private_jobs()
}

/// Makes the oldest private second half of this thread's joins public, if a thread is hungry.
#[cold]
pub(crate) fn feed() {
    #[cfg(test)]
    if script::is_playing() {
        return script::feed();
    }
    if let Some(me) = seat::current() {
        halves::feed(me);
    }
}

/// Waits until `flag` is set, but no longer than `ns` nanoseconds. Whoever set it need not have
/// finished anything: the caller may learn nothing from it. A script and a model do not wait.
pub(crate) fn wait_briefly(flag: &AtomicBool, ns: f64) {
    #[cfg(test)]
    if script::is_playing() {
        return;
    }
    if cfg!(manyhands_model) {
        return;
    }
    let clock = Clock::start();
    // Ordering: Relaxed, for the reason given above.
    while !flag.load(Ordering::Relaxed) && clock.peek() < ns {
        std::hint::spin_loop();
    }
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

/// Should a thread that has run what it took come back for more? Not if more threads compute than
/// should: one of them has to leave, and this one is between two jobs.
#[inline]
pub(crate) fn goes_back() -> bool {
    #[cfg(test)]
    if script::is_playing() {
        return script::goes_back();
    }
    !halves::is_surplus()
}

/// Runs a whole loop where others can take part in it: right here if the thread works for a pool,
/// else as a guest of the default pool. If that pool has no guest seat for it, a worker runs the
/// loop.
#[inline]
pub(crate) fn on_seat<R: Send>(op: impl FnOnce() -> R + Send) -> R {
    #[cfg(test)]
    if script::is_playing() {
        return script::on_seat(op);
    }
    current::on_seat(|me| {
        computing::begin(me);
        op()
    })
}

/// Like [`on_seat`], for a loop of which a part must stay on this thread: if no seat is free, it
/// runs right here without one.
pub(crate) fn in_place<R>(op: impl FnOnce() -> R) -> R {
    fn in_place(op: &mut dyn Callee) {
        current::in_place(|| op.call(false));
    }

    #[cfg(test)]
    if script::is_playing() {
        return script::on_seat(op);
    }
    let mut op = Call::new(|_| op());
    in_place(&mut op);
    op.into_result()
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
    region::check_cancelled();
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

/// Loops without threads: a script says what happens at every fork.
#[cfg(test)]
#[cfg_attr(manyhands_model, allow(dead_code))]
pub(crate) mod script {
    use super::Takers;
    use std::cell::{Cell, RefCell};
    use std::mem;
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
    /// hungry, joins run left first and unstolen, no thief comes, no thread comes back for more,
    /// and a lap takes a microsecond.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Script {
        pub(crate) takers: Vec<Takers>,
        pub(crate) joins: Vec<Join>,
        /// Does a thief take the oldest open half, and run all of it at once?
        pub(crate) feeds: Vec<bool>,
        /// Does a thread that has run what it took come back for more?
        pub(crate) returns: Vec<bool>,
        pub(crate) laps: Vec<u64>,
        pub(crate) threads: usize,
    }

    /// A log of what the loops asked for.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Log {
        pub(crate) polls: usize,
        pub(crate) joins: usize,
        pub(crate) feeds: usize,
        pub(crate) returns: usize,
        pub(crate) laps: usize,
        pub(crate) entries: usize,
    }

    thread_local! {
        static PLAYING: Cell<bool> = const { Cell::new(false) };
        static STATE: RefCell<(Script, Log)> = RefCell::default();
        /// The second halves of the joins under way, oldest first. `None`: a thief has it.
        static OPEN: RefCell<Vec<Option<Half>>> = RefCell::default();
    }

    /// Runs a second half; it is told whether it was stolen.
    type Half = *const dyn Fn(bool);

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

    pub(super) fn private_jobs() -> usize {
        OPEN.with_borrow(|open| open.iter().flatten().count())
    }

    pub(super) fn feed() {
        let comes = STATE.with_borrow_mut(|(script, log)| {
            log.feeds += 1;
            script.feeds.get(log.feeds - 1).copied().unwrap_or(false)
        });
        let oldest = || OPEN.with_borrow_mut(|open| open.iter_mut().find_map(Option::take));
        if let Some(half) = comes.then(oldest).flatten() {
            // SAFETY: `while_open` removes the half before its frame ends.
            elsewhere(|| unsafe { (*half)(true) });
        }
    }

    /// Runs `op` as another thread would: on a seat without halves.
    fn elsewhere(op: impl FnOnce()) {
        let open = OPEN.take();
        op();
        OPEN.set(open);
    }

    /// Runs `op`, while a thief may take `half`.
    fn while_open<R>(half: &dyn Fn(bool), op: impl FnOnce() -> R) -> R {
        // SAFETY: only the lifetime changes. The pointer is removed below, before `half` ends; `op`
        // does not unwind.
        let half = unsafe { mem::transmute::<*const (dyn Fn(bool) + '_), Half>(half) };
        OPEN.with_borrow_mut(|open| open.push(Some(half)));
        let result = op();
        OPEN.with_borrow_mut(Vec::pop);
        result
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
        let (second, result) = (Cell::new(Some(b)), Cell::new(None));
        let right = |migrated: bool| {
            if let Some(b) = second.take() {
                let half = AssertUnwindSafe(|| b(migrated));
                result.set(Some(catch_unwind(half)));
            }
        };
        let left = || catch_unwind(AssertUnwindSafe(|| a(false)));
        let left = if step.right_first {
            elsewhere(|| right(step.migrated));
            left()
        } else {
            while_open(&right, left)
        };
        right(step.migrated);
        match (left, result.take().expect("the second half has run")) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(payload), _) | (_, Err(payload)) => resume_unwind(payload),
        }
    }
}
