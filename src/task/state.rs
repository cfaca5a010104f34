//! The state word: six flags, when the task was spawned, and a count of references. No other file
//! looks at its bits.
//!
//! Every transition is a method here, named after its cause, and returns what the caller has to do
//! next. The rules task.I1, task.I2, ... are those of the module's README.

use super::info::TaskState;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::util::coarse;
use std::fmt;
use std::time::Duration;

/// The lock of the stage (task.I2): its holder polls the future, drops it, or stores the output.
/// Set by the thread that uses the right to run, or takes it away when the pool closes. Cleared by
/// the same thread: back to idle, or for good in the write that sets COMPLETE.
const RUNNING: usize = 1 << 0;

/// The task is to be polled. While the task is not running, a job with the right to run is on its
/// way to a queue, in a queue, or on its way out. While it is running, the runner will make that
/// job.
const NOTIFIED: usize = 1 << 1;

/// There is a result and the future is gone. Never cleared; excludes RUNNING. task.I2 and task.I3
/// say what it means for the stage and the join waker.
const COMPLETE: usize = 1 << 2;

/// The task is not to be polled again. Never cleared. Set by `abort`, by closing the pool, and by
/// the drop of the last reference that could have led to another poll.
const CANCELLED: usize = 1 << 3;

/// The `JoinHandle` exists. Cleared by its drop. As long as it is set, the handle owns the result
/// of a complete task; afterwards the runner does.
const JOIN_INTEREST: usize = 1 << 4;

/// The slot of the join waker holds a waker that the runner may read once the task is complete
/// (task.I3). Set by the handle. Cleared by the handle before completion, by the runner after it.
const JOIN_WAKER: usize = 1 << 5;

/// The count of references sits above the flags.
const REF_SHIFT: u32 = 6;
/// One reference, as it is counted in the word.
const REF_ONE: usize = 1 << REF_SHIFT;
/// The width of the count of references, in bits.
const REF_BITS: u32 = if usize::BITS >= 64 { 28 } else { 26 };
/// The highest number that fits the count of references.
const REF_MASK: usize = (1 << REF_BITS) - 1;
/// The highest count of references: half of what the word can count. Beyond it the process ends,
/// before the threads that have passed the check can make the count overflow.
const REF_LIMIT: usize = REF_MASK / 2;

/// The stamp of the spawn ([`coarse::stamp`]) sits above the count, as many of its bits as there is
/// room for: none in a word of 32 bits. It never changes, so no transition cares.
const STAMP_SHIFT: u32 = REF_SHIFT + REF_BITS;
/// The width of the stamp, in bits: all that are left.
const STAMP_BITS: u32 = usize::BITS - STAMP_SHIFT;

/// One value of the state word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot(usize);

impl Snapshot {
    fn has(self, flags: usize) -> bool {
        self.0 & flags == flags
    }

    fn has_any(self, flags: usize) -> bool {
        self.0 & flags != 0
    }

    fn with(self, flags: usize) -> Self {
        Self(self.0 | flags)
    }

    fn without(self, flags: usize) -> Self {
        Self(self.0 & !flags)
    }

    fn refs(self) -> usize {
        self.0 >> REF_SHIFT & REF_MASK
    }

    #[inline]
    fn one_more(self) -> Self {
        if self.refs() >= REF_LIMIT {
            too_many_references();
        }
        Self(self.0 + REF_ONE)
    }

    fn one_less(self) -> Self {
        debug_assert!(self.refs() > 0, "{self:?}");
        Self(self.0 - REF_ONE)
    }

    /// `count` references less; others remain.
    fn less(self, count: usize) -> Self {
        debug_assert!(self.refs() > count, "{self:?}");
        Self(self.0 - count * REF_ONE)
    }

    /// The task neither runs nor is about to.
    fn is_idle(self) -> bool {
        !self.has_any(RUNNING | NOTIFIED | COMPLETE)
    }

    /// What becomes of a task when one reference is given up.
    #[inline]
    fn dropped(self) -> (Self, Dropped) {
        if self.is_idle() && self.refs() == 2 {
            // task.I5: the caller's and the list's. No waker and no handle is left, so the task
            // could never be polled, cancelled or awaited. The new reference is the job's; the
            // caller's lasts until the job is scheduled.
            return (
                self.with(NOTIFIED | CANCELLED).one_more(),
                Dropped::Orphaned,
            );
        }
        let next = self.one_less();
        let what = if next.refs() == 0 {
            Dropped::Last
        } else {
            Dropped::Alive
        };
        (next, what)
    }

    pub(super) fn is_complete(self) -> bool {
        self.has(COMPLETE)
    }

    /// Is the task to be polled, and no thread at it?
    #[inline]
    pub(super) fn is_ready_to_run(self) -> bool {
        self.has(NOTIFIED) && !self.has_any(RUNNING | COMPLETE | CANCELLED)
    }

    pub(super) fn shown(self) -> TaskState {
        if self.has(COMPLETE) {
            TaskState::Complete
        } else if self.has(RUNNING) {
            TaskState::Running
        } else if self.has(NOTIFIED) {
            TaskState::Scheduled
        } else {
            TaskState::Idle
        }
    }

    /// How long before `now` the task was spawned.
    pub(super) fn age(self, now: u32) -> Option<Duration> {
        let stamp = self.0 as u64 >> STAMP_SHIFT;
        (STAMP_BITS > 0).then(|| coarse::between(stamp as u32, now, STAMP_BITS))
    }

    pub(super) fn has_join_waker(self) -> bool {
        self.has(JOIN_WAKER)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(usize, &str); 6] = [
            (RUNNING, "RUNNING"),
            (NOTIFIED, "NOTIFIED"),
            (COMPLETE, "COMPLETE"),
            (CANCELLED, "CANCELLED"),
            (JOIN_INTEREST, "JOIN_INTEREST"),
            (JOIN_WAKER, "JOIN_WAKER"),
        ];
        for (flag, name) in NAMES {
            if self.has(flag) {
                write!(f, "{name} | ")?;
            }
        }
        write!(f, "{} refs", self.refs())
    }
}

#[cold]
fn too_many_references() -> ! {
    // Unwinding would leave the reference that could not be counted. Tests want to see it, though.
    if cfg!(test) {
        panic!("too many references to a task");
    }
    eprintln!("manyhands: too many references to one task (are wakers leaked?); aborting");
    std::process::abort();
}

/// What a thread with the right to run may do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Poll the future; RUNNING is the caller's.
    Poll,
    /// Drop the future unpolled; RUNNING is the caller's.
    Cancel,
    /// The awaiter of the task or the closing pool took the right away: give up the job's
    /// reference, touch nothing.
    Stale,
}

/// What follows a poll that returned `Pending`.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterPoll {
    /// Nothing; the caller's reference is given up, and others keep the cell alive.
    Idle,
    /// Schedule a job. Its reference is the caller's if the caller has `lent` it; else it has one
    /// of its own, and the caller gives up the other.
    Notified,
    /// Drop the future: the task was cancelled meanwhile, or neither a waker nor a handle of it is
    /// left. RUNNING is still the caller's.
    Cancel,
}

/// What a wake or an abort has to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notify {
    /// Nothing: another thread will run the task, or no thread needs to.
    Nothing,
    /// Schedule a job, which has a reference of its own.
    Schedule,
}

/// What is left to do after a reference was given up.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// Nothing; the cell may be gone by now.
    Alive,
    /// Free the cell.
    Last,
    /// The reference is *not* given up: schedule a job (which has one of its own), then try again.
    Orphaned,
}

/// What is left to do after the result was stored.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completed {
    /// Nothing: the result is the handle's, the references are given up, the cell may be gone.
    Released,
    /// Wake the handle, then let go of its waker.
    Wake,
    /// Drop the result, which is the runner's, and give up the references.
    Dispose,
    /// Drop the result and free the cell: there are no other references. The word is as it was.
    Alone,
}

/// Who empties the slot of the join waker after the runner has read it.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WakerReleased {
    /// The handle. The references are given up, the cell may be gone.
    ToHandle,
    /// The runner: the handle is gone. The references are not given up.
    ToRunner,
}

/// What the drop of a `JoinHandle` has to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HandleDropped {
    /// The task is complete, and there are no other references: drop what is left and free the
    /// cell. The word is as it was.
    Alone,
    /// The handle's reference was given up in the same write.
    Released(Dropped),
    /// Drop the result, the waker or both, as the fields say; then give up the handle's reference.
    Dispose { output: bool, waker: bool },
}

/// The state word.
pub(super) struct State {
    word: AtomicUsize,
}

impl State {
    /// The state of a task that is about to be scheduled for the first time. Its three references
    /// are those of the job, the list of unfinished tasks and the `JoinHandle`. `stamp` is the
    /// time.
    pub(super) fn new(stamp: u32) -> Self {
        let stamp = (u64::from(stamp) << STAMP_SHIFT) as usize;
        Self {
            word: AtomicUsize::new(NOTIFIED | JOIN_INTEREST | (3 * REF_ONE) | stamp),
        }
    }

    /// One read-modify-write, repeated until it fits; `None` leaves the word alone. `success` is
    /// the ordering of the write, `seen` that of a read that leads to no write.
    #[inline]
    fn update<R>(
        &self,
        success: Ordering,
        seen: Ordering,
        mut transition: impl FnMut(Snapshot) -> (Option<Snapshot>, R),
    ) -> R {
        // Ordering: the caller's, who gives the reason.
        let mut now = self.word.load(seen);
        loop {
            let (next, result) = transition(Snapshot(now));
            let Some(next) = next else {
                return result;
            };
            // Ordering: the caller's, as above.
            match self.word.compare_exchange_weak(now, next.0, success, seen) {
                Ok(_) => return result,
                Err(other) => now = other,
            }
        }
    }

    /// The present value. If it is complete, the result is visible.
    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        // Ordering: Acquire pairs with the Release in `complete`.
        Snapshot(self.word.load(Ordering::Acquire))
    }

    // ---- The holder of the right to run ----

    /// Uses the right to run.
    #[inline]
    pub(super) fn start(&self) -> Start {
        // Ordering: Acquire pairs with the Release in `after_poll` (the future as the last poll
        // left it) and in `wake` and `abort` (what was done before them).
        self.update(Ordering::Acquire, Ordering::Relaxed, |now| {
            if now.has_any(RUNNING | COMPLETE) || !now.has(NOTIFIED) {
                // Written back: only a write makes sure that the value is not an old one.
                return (Some(now), Start::Stale);
            }
            let next = now.with(RUNNING).without(NOTIFIED);
            if now.has(CANCELLED) {
                (Some(next), Start::Cancel)
            } else {
                (Some(next), Start::Poll)
            }
        })
    }

    /// The awaiter of the task uses the right to run, whose job stays where it is. `true`: RUNNING
    /// is the caller's, with a reference.
    #[inline]
    #[must_use]
    pub(super) fn start_by_awaiter(&self) -> bool {
        // Ordering: Acquire, as in `start`.
        self.update(Ordering::Acquire, Ordering::Relaxed, |now| {
            if !now.is_ready_to_run() {
                return (None, false);
            }
            let next = now.with(RUNNING).without(NOTIFIED);
            (Some(next.one_more()), true)
        })
    }

    /// The poll returned `Pending`. If the task is to be polled again at once, `lends` is asked
    /// whether the caller's reference goes to the next job, which else has one of its own.
    #[inline]
    pub(super) fn after_poll(&self, mut lends: impl FnMut() -> bool) -> AfterPoll {
        // Ordering: Release pairs with the Acquire in `start` and `close`: the future goes to the
        // next runner. Acquire on a cancelled task pairs with the Release in `abort`: the
        // destructor of the future sees what was done before the abort.
        self.update(Ordering::Release, Ordering::Acquire, |now| {
            debug_assert!(now.has(RUNNING) && !now.has(COMPLETE), "{now:?}");
            if now.has(CANCELLED) {
                return (None, AfterPoll::Cancel);
            }
            if now.has(NOTIFIED) {
                let next = now.without(RUNNING);
                let next = if lends() { next } else { next.one_more() };
                return (Some(next), AfterPoll::Notified);
            }
            if now.refs() == 2 {
                // task.I5, as in `Snapshot::dropped`: the runner's reference and the list's.
                return (None, AfterPoll::Cancel);
            }
            (Some(now.without(RUNNING).one_less()), AfterPoll::Idle)
        })
    }

    /// The result is stored: RUNNING becomes COMPLETE, and the runner's `own` references are given
    /// up if nothing else is left to do.
    #[inline]
    pub(super) fn complete(&self, own: usize) -> Completed {
        // Ordering: Release pairs with the Acquire in `load`, `offer_waker`, `take_waker_back` and
        // `drop_handle`: the result is stored before it is announced. Acquire pairs with the
        // Release in `offer_waker`: the join waker is visible. Where the runner is alone, Acquire
        // also pairs with the Release of all who gave up a reference: their uses of the cell come
        // before its end.
        self.update(Ordering::AcqRel, Ordering::Acquire, |now| {
            debug_assert!(now.has(RUNNING) && !now.has(COMPLETE), "{now:?}");
            let next = now.without(RUNNING).with(COMPLETE);
            if !now.has(JOIN_INTEREST) {
                if now.refs() == own {
                    // Without another reference, no thread could make a new one.
                    return (None, Completed::Alone);
                }
                (Some(next), Completed::Dispose)
            } else if now.has(JOIN_WAKER) {
                (Some(next), Completed::Wake)
            } else {
                // Not the last ones: the handle has one.
                (Some(next.less(own)), Completed::Released)
            }
        })
    }

    /// The runner has woken the join waker and lets go of it. It also gives up its `own`
    /// references, unless the handle is gone: then the waker is the runner's to drop first.
    #[inline]
    pub(super) fn release_waker(&self, own: usize) -> WakerReleased {
        // Ordering: Release pairs with the Acquire in `drop_handle`: the runner's read of the slot
        // ends before the handle empties it. Acquire pairs with the Release in `drop_handle`: the
        // handle's reads of the slot end before the runner empties it.
        self.update(Ordering::AcqRel, Ordering::Relaxed, |now| {
            debug_assert!(now.has(COMPLETE | JOIN_WAKER), "{now:?}");
            let next = now.without(JOIN_WAKER);
            if now.has(JOIN_INTEREST) {
                // Not the last ones: the handle has one.
                (Some(next.less(own)), WakerReleased::ToHandle)
            } else {
                (Some(next), WakerReleased::ToRunner)
            }
        })
    }

    // ---- Wakers, abort handles, the closing pool ----

    /// Wakes the task; the caller keeps its reference.
    #[inline]
    pub(super) fn wake(&self) -> Notify {
        // Ordering: Release pairs with the Acquire in `start`: the poll sees what was written
        // before the wake. For that, a task that is already notified gets a write, too.
        self.update(Ordering::Release, Ordering::Relaxed, |now| {
            if now.has(COMPLETE) {
                (None, Notify::Nothing)
            } else if now.has_any(RUNNING | NOTIFIED) {
                (Some(now.with(NOTIFIED)), Notify::Nothing)
            } else {
                (Some(now.with(NOTIFIED).one_more()), Notify::Schedule)
            }
        })
    }

    /// Asks for the end of the task without taking part in it.
    pub(super) fn abort(&self) -> Notify {
        // Ordering: Release pairs with the Acquire in `start` and `after_poll`: the destructor of
        // the future sees what was done before the abort.
        self.update(Ordering::Release, Ordering::Relaxed, |now| {
            if now.has_any(COMPLETE | CANCELLED) {
                (None, Notify::Nothing)
            } else if now.has_any(RUNNING | NOTIFIED) {
                (Some(now.with(CANCELLED)), Notify::Nothing)
            } else {
                (
                    Some(now.with(CANCELLED | NOTIFIED).one_more()),
                    Notify::Schedule,
                )
            }
        })
    }

    /// The pool closes. Returns whether the caller holds RUNNING now and must cancel the task; its
    /// job, if there is one, becomes stale. Otherwise the present runner cancels the task.
    #[must_use]
    pub(super) fn close(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `after_poll`: the future as the last poll
        // left it.
        self.update(Ordering::Acquire, Ordering::Relaxed, |now| {
            if now.has(COMPLETE) {
                (None, false)
            } else if now.has(RUNNING) {
                (Some(now.with(CANCELLED)), false)
            } else {
                (Some(now.with(CANCELLED | RUNNING)), true)
            }
        })
    }

    // ---- The `JoinHandle` ----

    /// The handle has filled the slot, and lends it to the runner. `false`: too late, the task is
    /// complete. The result is then visible, and the slot remains the handle's.
    #[inline]
    #[must_use]
    pub(super) fn offer_waker(&self) -> bool {
        // Ordering: Release pairs with the Acquire in `complete`: the runner reads the slot.
        // Acquire on a complete task pairs with the Release there: the handle reads the result.
        self.update(Ordering::Release, Ordering::Acquire, |now| {
            debug_assert!(now.has(JOIN_INTEREST) && !now.has(JOIN_WAKER), "{now:?}");
            if now.has(COMPLETE) {
                (None, false)
            } else {
                (Some(now.with(JOIN_WAKER)), true)
            }
        })
    }

    /// The handle wants the slot back, to replace the waker. `false`: too late, the task is
    /// complete and the runner reads the slot. The result is then visible.
    #[inline]
    #[must_use]
    pub(super) fn take_waker_back(&self) -> bool {
        // Ordering: Relaxed; only the handle has touched the slot so far. Acquire on a complete
        // task pairs with the Release in `complete`: the handle reads the result.
        self.update(Ordering::Relaxed, Ordering::Acquire, |now| {
            debug_assert!(now.has(JOIN_INTEREST), "{now:?}");
            if now.has(COMPLETE) {
                (None, false)
            } else {
                debug_assert!(now.has(JOIN_WAKER), "{now:?}");
                (Some(now.without(JOIN_WAKER)), true)
            }
        })
    }

    /// The handle is dropped.
    #[inline]
    pub(super) fn drop_handle(&self) -> HandleDropped {
        // Ordering: Acquire pairs with the Release in `complete` (the result, if it is there) and
        // in `release_waker` (the runner has left the slot). Where the handle is alone, it also
        // pairs with the Release of all who gave up a reference. Release pairs with the Acquire in
        // `release_waker`: the handle has left the slot. It also pairs with the Acquire in
        // `complete`, `drop_ref` and `drop_refs`, as for every reference.
        self.update(Ordering::AcqRel, Ordering::Acquire, |now| {
            debug_assert!(now.has(JOIN_INTEREST), "{now:?}");
            let next = now.without(JOIN_INTEREST);
            if now.has(COMPLETE) {
                if now.refs() == 1 {
                    // Without another reference, no thread could make a new one; and the runner
                    // gives up its own last.
                    return (None, HandleDropped::Alone);
                }
                let waker = !now.has(JOIN_WAKER);
                let dispose = HandleDropped::Dispose {
                    output: true,
                    waker,
                };
                (Some(next), dispose)
            } else if now.has(JOIN_WAKER) {
                let dispose = HandleDropped::Dispose {
                    output: false,
                    waker: true,
                };
                (Some(next.without(JOIN_WAKER)), dispose)
            } else {
                let (next, dropped) = next.dropped();
                (Some(next), HandleDropped::Released(dropped))
            }
        })
    }

    // ---- References ----

    /// Adds a reference. The caller has one already.
    #[inline]
    pub(super) fn add_ref(&self) {
        // Ordering: Relaxed; the caller's reference keeps the cell alive, and passing the new one
        // to another thread orders its use.
        let before = Snapshot(self.word.fetch_add(REF_ONE, Ordering::Relaxed));
        let _ = before.one_more();
    }

    /// Gives up a reference.
    #[inline]
    pub(super) fn drop_ref(&self) -> Dropped {
        // Ordering: Release pairs with the Acquire here, in `drop_refs`, `complete` and
        // `drop_handle`: all other uses of the cell come before its end.
        self.update(Ordering::AcqRel, Ordering::Relaxed, |now| {
            let (next, dropped) = now.dropped();
            (Some(next), dropped)
        })
    }

    /// Gives up `count` references of a complete task. Returns whether they were the last.
    #[inline]
    #[must_use]
    pub(super) fn drop_refs(&self, count: usize) -> bool {
        // Ordering: as in `drop_ref`.
        let before = Snapshot(self.word.fetch_sub(count * REF_ONE, Ordering::AcqRel));
        debug_assert!(before.has(COMPLETE) && before.refs() >= count, "{before:?}");
        before.refs() == count
    }

    /// A word with a given count, for tests of the limit.
    #[cfg(test)]
    pub(super) fn with_refs(count: usize) -> Self {
        Self {
            word: AtomicUsize::new(NOTIFIED | JOIN_INTEREST | (count << REF_SHIFT)),
        }
    }

    /// The highest count that may still grow.
    #[cfg(test)]
    pub(super) const LIMIT: usize = REF_LIMIT;
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}
