//! The way down: everything that loops need of the layers below, in one small file.
//!
//! Called by the bridges, the splitting policy, and the few adapters that fork by themselves.
//! Nothing else in `iter` may know that there are threads: unit tests put a *script* under
//! these functions, which says at each poll whether somebody is hungry, at each join who runs
//! first, and at each lap how much time has passed, all on one thread.

use crate::join::join_context;
use std::fmt;
use std::mem::ManuallyDrop;
use std::thread::ThreadId;
use std::time::Instant;

/// Runs both closures, perhaps at the same time; `a` runs on the calling thread. Each is told
/// whether it runs on another thread than the one that called.
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

/// Would somebody take work from this thread right now?
#[inline]
pub(crate) fn is_hungry() -> bool {
    #[cfg(test)]
    if script::is_playing() {
        return script::is_hungry();
    }
    crate::pool::is_hungry()
}

/// Runs a whole loop where others can take part in it: right here if the thread works for a pool,
/// else as a guest of the default pool, or on a worker if that has no guest seat free.
pub(crate) fn on_seat<R: Send>(op: impl FnOnce() -> R + Send) -> R {
    #[cfg(test)]
    if script::is_playing() {
        return script::on_seat(op);
    }
    crate::pool::on_seat(op)
}

/// How many threads may work on a loop that starts here.
pub(crate) fn num_threads() -> usize {
    #[cfg(test)]
    if script::is_playing() {
        return script::num_threads();
    }
    crate::pool::current_num_threads()
}

/// As [`num_threads`], but no more than there are cores: for what costs more with each piece.
pub(crate) fn parallelism() -> usize {
    #[cfg(test)]
    if script::is_playing() {
        return script::num_threads();
    }
    crate::pool::current_parallelism()
}

/// Unwinds, quietly, out of a computation that nobody waits for any more.
#[inline]
pub(crate) fn check_cancelled() {
    crate::job::cancel::check();
}

/// Measures how long blocks take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the start or the last lap.
    pub(crate) fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now.saturating_duration_since(self.0);
        self.0 = now;
        #[cfg(test)]
        if script::is_playing() {
            return script::lap();
        }
        u64::try_from(lap.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A value that stays on its thread while a closure that holds it passes through [`join`].
///
/// When a running loop is split, its left half goes on with the same folder, and a folder need
/// not be `Send` (think of the `Rc` made by `map_init`). `join` runs its first closure on the
/// calling thread, but its signature cannot say so. This type does not trust, it checks.
pub(crate) struct Stay<T> {
    value: ManuallyDrop<T>,
    home: ThreadId,
}

// SAFETY: the value is moved out or dropped only where `is_home` was seen to be true, that is, on
// the thread that gave it; no reference to it is ever handed out.
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
    /// On another thread than the one that made `self`; the value leaks then.
    pub(crate) fn into_inner(self) -> T {
        assert!(
            self.is_home(),
            "the first half of a join left its thread with a folder that must stay"
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
#[cfg_attr(any(manyhands_loom, manyhands_shuttle), allow(dead_code))]
pub(crate) mod script {
    use std::cell::{Cell, RefCell};

    /// How one join goes.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Join {
        /// The second closure runs first, as if a thief had been quick.
        pub(crate) right_first: bool,
        /// The second closure is told that it was stolen.
        pub(crate) migrated: bool,
    }

    /// What happens; where a list has ended, nobody is hungry, joins run left first and unstolen,
    /// and a lap takes a microsecond.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Script {
        pub(crate) hungry: Vec<bool>,
        pub(crate) joins: Vec<Join>,
        pub(crate) laps: Vec<u64>,
        pub(crate) threads: usize,
    }

    /// What the loops asked for.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Log {
        pub(crate) polls: usize,
        pub(crate) joins: usize,
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

    pub(super) fn is_hungry() -> bool {
        STATE.with_borrow_mut(|(script, log)| {
            log.polls += 1;
            script.hungry.get(log.polls - 1).copied().unwrap_or(false)
        })
    }

    pub(super) fn num_threads() -> usize {
        STATE.with_borrow(|(script, _)| script.threads.max(1))
    }

    pub(super) fn lap() -> u64 {
        STATE.with_borrow_mut(|(script, log)| {
            log.laps += 1;
            script.laps.get(log.laps - 1).copied().unwrap_or(1_000)
        })
    }

    pub(super) fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(bool) -> RA,
        B: FnOnce(bool) -> RB,
    {
        let step = STATE.with_borrow_mut(|(script, log)| {
            log.joins += 1;
            script.joins.get(log.joins - 1).copied().unwrap_or_default()
        });
        if step.right_first {
            let right = b(step.migrated);
            (a(false), right)
        } else {
            let left = a(false);
            (left, b(step.migrated))
        }
    }
}
