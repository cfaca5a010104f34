//! A place at the pool: what one thread works with, and what others may know of it.
//!
//! | file | story |
//! |---|---|
//! | `slots.rs` | join halves: private slots, and how they become public |
//! | `reach.rs` | how a thief gets at them while their owner is away |
//! | `offer.rs` | public jobs, and the hunger of thieves |
//! | `lifo.rs` | ready tasks |
//! | `mail.rs` | letters for this thread alone |
//! | `mode.rs` | what the occupant is doing |
//! | `waits_for.rs` | what it waits for, shown to people |
//! | `credit.rs` | counts of the scope that it works for |
//! | `counters.rs`, `histogram.rs` | what it has done, and how long polls took |
//!
//! Two types, one seat. [`Seat`] is what everybody may do with it: steal, post a letter, look.
//! [`Occupant`] is evidence that the calling thread sits there, and what only that thread may do;
//! it lends the same evidence to the parts of the seat, as [`Own`].
//!
//! `seat.S1`: the owner's fields are touched through [`Occupant`] and [`Own`] only. A thread gets
//! an `Occupant` by sitting down ([`Seat::sit`], which is unsafe for that reason) or by asking for
//! its own ([`current`]), and cannot send it to another thread.
//!
//! Used by every other room of the pool. A seat knows no registry: it carries the address of its
//! pool for those who do (`registry.rs`), and tells nobody of anything.

mod counters;
mod credit;
mod histogram;
mod lifo;
mod mail;
mod mode;
mod offer;
mod reach;
mod slots;
mod waits_for;

pub use self::counters::SeatMetrics;
pub(crate) use self::counters::{Counters, Parked};
pub(crate) use self::credit::Credit;
pub use self::histogram::Histogram;
pub(crate) use self::lifo::Tasks;
pub(crate) use self::mail::Mail;
pub(crate) use self::mode::{Errand, Mode, Progress};
pub(crate) use self::offer::Offer;
pub(crate) use self::reach::{Asked, Reached, may_reach};
pub(crate) use self::slots::{Exposed, Popped, Slot, Slots, Wanted};
pub(crate) use self::waits_for::{Shown, Wait, WaitWord};

use self::mode::PhaseWord;
use crate::job::blocks::{self, Blocks};
use crate::job::origin::Here;
use crate::job::{JobRef, SeatIndex};
use crate::sync::{Cell, thread_cell};
use crate::task::Cursor;
use crate::util::parker::Parker;
use crate::util::rng::Rng;
use crossbeam_utils::CachePadded;
use std::cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::{self, NonNull};

/// The number of rounds after which each shared queue of the pool has gone first once, so that a
/// busy seat starves none. (Go and tokio use the same number; it is prime, so that it does not beat
/// with the loops of programs.)
pub(crate) const ROUNDS: u32 = 61;

/// Who sits on a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeatKind {
    /// One of the threads that the pool began with.
    Worker,
    /// A thread from outside, as long as it works in a call of this crate.
    Guest,
    /// A thread that was created because others waited or computed.
    Spare,
}

/// Queues and state of one seat: what everybody may do with it.
#[repr(C)]
pub(crate) struct Seat {
    slots: Slots,
    desk: CachePadded<Desk>,
    pub(super) tasks: Tasks,
    pub(super) mail: Mail,
    phase: PhaseWord,
    pub(super) waits_for: WaitWord,
    counters: Counters,
    index: SeatIndex,
    kind: SeatKind,
    /// The registry that owns this seat.
    pool: NonNull<()>,
    /// Does a thread sit here? Only to check seat.S1; no modelled atomic, as it orders nothing.
    #[cfg(debug_assertions)]
    taken: std::sync::atomic::AtomicBool,
}

/// `seat.S1`: the occupant's.
struct Desk {
    /// See [`Occupant::next_round`].
    round: Cell<u32>,
    /// Has the last job computed?
    last_computed: Cell<bool>,
    /// Counted references to the registry that tasks have given back here, for tasks to come
    /// (`home.rs`).
    stock: Cell<usize>,
    /// The thread sleeps where others' wakers may be called on it.
    driving: Cell<bool>,
    errand: Cell<Option<Errand>>,
    /// Memory for jobs.
    blocks: Blocks,
    /// Where the next task is listed.
    cursor: Cursor,
    /// See [`Occupant::slice`].
    slice: Cell<u64>,
    /// See [`Occupant::credit`].
    credit: Cell<Credit>,
    rng: Rng,
    parker: Cell<Option<&'static Parker>>,
}

// SAFETY: seat.S1 for the owner's cells, which are reached through `Own` and `Occupant` only; the
// rest is `Sync` by itself. The pool outlives its seats, which it owns.
unsafe impl Sync for Seat {}
// SAFETY: as above; nothing in a seat belongs to the thread that made it.
unsafe impl Send for Seat {}

/// A part of a seat in the hands of the seat's occupant (seat.S1): only its thread has one.
pub(crate) struct Own<'a, T> {
    part: &'a T,
    /// Not `Send`.
    _thread: PhantomData<*mut ()>,
}

impl<T> Clone for Own<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Own<'_, T> {}

impl<T> Deref for Own<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.part
    }
}

/// Evidence that the calling thread sits on a seat (seat.S1): what only that thread may do there.
///
/// It is valid while the thread occupies the seat, which it does until the function that seated it
/// returns: callers use it within their own frame and never store it.
#[derive(Clone, Copy)]
pub(crate) struct Occupant<'a>(Own<'a, Seat>);

impl<'a> Deref for Occupant<'a> {
    type Target = Seat;

    #[inline(always)]
    fn deref(&self) -> &Seat {
        self.0.part
    }
}

thread_cell! {
    static CURRENT: cell::Cell<*const Seat> = cell::Cell::new(ptr::null());
}

/// The seat that the calling thread occupies, if any.
#[inline(always)]
pub(crate) fn current<'a>() -> Option<Occupant<'a>> {
    let seat = CURRENT.with(cell::Cell::get);
    // SAFETY: `Sitting` clears the cell before the seat can go away; the cell is this thread's, so
    // that seat.S1 holds.
    unsafe { seat.as_ref().map(|seat| Occupant::new(seat)) }
}

/// As [`current`], also while the thread's locals are being destroyed (never, then).
#[inline]
pub(crate) fn try_current<'a>() -> Option<Occupant<'a>> {
    let seat = CURRENT.try_with(cell::Cell::get).ok()?;
    // SAFETY: as in `current`.
    unsafe { seat.as_ref().map(|seat| Occupant::new(seat)) }
}

/// The calling thread sits on a seat while this lives.
#[must_use]
pub(crate) struct Sitting<'a> {
    before: *const Seat,
    me: Occupant<'a>,
    _blocks: blocks::Entered,
}

impl<'a> Sitting<'a> {
    pub(crate) fn me(&self) -> Occupant<'a> {
        self.me
    }
}

impl Drop for Sitting<'_> {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.before));
        #[cfg(debug_assertions)]
        // Ordering: Relaxed; orders nothing.
        self.me
            .taken
            .store(false, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Seat {
    /// A seat of a pool, which `measures` polls or does not.
    pub(super) fn new(index: SeatIndex, kind: SeatKind, pool: NonNull<()>, measures: bool) -> Self {
        Self {
            slots: Slots::new(),
            tasks: Tasks::new(),
            mail: Mail::new(),
            phase: PhaseWord::new(),
            waits_for: WaitWord::new(),
            counters: Counters::new(measures),
            index,
            kind,
            pool,
            #[cfg(debug_assertions)]
            taken: Default::default(),
            desk: CachePadded::new(Desk {
                round: Cell::new(0),
                last_computed: Cell::new(false),
                stock: Cell::new(0),
                driving: Cell::new(false),
                errand: Cell::new(None),
                slice: Cell::new(0),
                blocks: Blocks::new(),
                cursor: Cursor::new(),
                credit: Cell::new(Credit::NONE),
                rng: Rng::new(u64::from(index) + 1),
                parker: Cell::new(None),
            }),
        }
    }

    /// The calling thread takes the seat, until the returned guard is dropped.
    ///
    /// # Safety
    ///
    /// No other thread occupies the seat, and the seat lives as long as the guard (seat.S1).
    pub(super) unsafe fn sit(&self) -> Sitting<'_> {
        #[cfg(debug_assertions)]
        assert!(
            // Ordering: Relaxed; orders nothing.
            !self.taken.swap(true, std::sync::atomic::Ordering::Relaxed),
            "two threads on one seat"
        );
        // SAFETY: the caller's promise.
        let me = unsafe { Occupant::new(self) };
        me.desk().parker.set(Some(Parker::current()));
        me.slots().set_here(Here::of_this_thread());
        Sitting {
            before: CURRENT.with(|current| current.replace(self)),
            me,
            // SAFETY: seat.S1; the seat lives as long as this guard.
            _blocks: unsafe { me.desk().blocks.enter() },
        }
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> SeatIndex {
        self.index
    }

    pub(super) fn kind(&self) -> SeatKind {
        self.kind
    }

    /// Is it a seat for threads from outside?
    pub(super) fn is_guest(&self) -> bool {
        self.kind == SeatKind::Guest
    }

    /// The address of the registry that owns this seat.
    #[inline(always)]
    pub(super) fn pool(&self) -> NonNull<()> {
        self.pool
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What it offers to thieves and waiters.
    #[inline(always)]
    pub(crate) fn offer(&self) -> &Offer {
        self.slots.offer()
    }

    /// Is there anything that a thief could take without reaching for it?
    pub(crate) fn has_visible_work(&self) -> bool {
        self.offer().has_public() || self.tasks.are_there()
    }

    /// The slots, for a thief that reaches for what is private in them.
    pub(crate) fn hidden(&self) -> &Slots {
        &self.slots
    }

    /// Are there private jobs?
    pub(crate) fn hides_jobs(&self) -> bool {
        self.slots.private_jobs() > 0
    }

    /// Might there be private jobs that are not to be seen yet (`sync::asymmetric`)? An owner forks
    /// while it computes, and without a permit inside `block_in_place` only.
    pub(crate) fn may_hide_jobs(&self) -> bool {
        let blocks = self.mode() == Mode::Away && self.waits_for.get() == Wait::Blocking;
        blocks || self.mode() == Mode::Computing || self.hides_jobs()
    }

    /// Are there private jobs, whose owner does not know that a thread looks for work? (If it
    /// knows, it makes the next one public, and tells.) Asked by a thread that is about to sleep.
    pub(crate) fn hides_unasked(&self) -> bool {
        !self.offer().is_asked() && self.hides_jobs()
    }
}

impl<'a> Occupant<'a> {
    /// # Safety
    ///
    /// The calling thread sits on the seat for `'a` (seat.S1).
    #[inline(always)]
    unsafe fn new(seat: &'a Seat) -> Self {
        Self(Own {
            part: seat,
            _thread: PhantomData,
        })
    }

    /// The seat, as everybody knows it.
    #[inline(always)]
    pub(crate) fn seat(self) -> &'a Seat {
        self.0.part
    }

    #[inline(always)]
    fn own<T>(self, part: &'a T) -> Own<'a, T> {
        Own {
            part,
            _thread: PhantomData,
        }
    }

    #[inline(always)]
    fn desk(self) -> &'a Desk {
        &self.seat().desk
    }

    /// Its join halves and scope jobs.
    #[inline(always)]
    pub(crate) fn slots(self) -> Own<'a, Slots> {
        self.own(&self.seat().slots)
    }

    /// Its ready tasks.
    #[inline(always)]
    pub(crate) fn tasks(self) -> Own<'a, Tasks> {
        self.own(&self.seat().tasks)
    }

    /// The next letter for this thread.
    pub(crate) fn open_mail(self) -> Option<JobRef> {
        self.own(&self.seat().mail).open()
    }

    /// A task that this thread has woken goes to the LIFO slot, if the slot has not had its share.
    /// Returns the task that has to go to the queue instead, this one or the former one.
    ///
    /// The slot is flushed when this thread begins to compute. The queue is not looked at then, so
    /// sleepers must hear of what is in it at once.
    #[must_use]
    pub(crate) fn put_next(self, task: JobRef) -> Option<JobRef> {
        if !self.tasks().may_overtake() {
            return Some(task);
        }
        // The first fork of a computation looks at the LIFO slot.
        self.slots().slow_next_fork();
        self.tasks().put_next(task)
    }

    /// The thread's place to sleep.
    pub(crate) fn parker(self) -> &'static Parker {
        self.desk()
            .parker
            .get()
            .expect("an occupied seat has a parker")
    }

    /// Where the thread starts its round of victims.
    pub(crate) fn rng(self) -> &'a Rng {
        &self.desk().rng
    }

    /// The stock of counted references (`home.rs`).
    #[inline]
    pub(super) fn stock(self) -> &'a Cell<usize> {
        &self.desk().stock
    }

    /// Where the next task that the thread spawns is listed.
    #[inline]
    pub(crate) fn cursor(self) -> &'a Cursor {
        &self.desk().cursor
    }

    /// The next round of the main loop begins. Returns which of [`ROUNDS`] it is.
    #[inline]
    pub(crate) fn next_round(self) -> u32 {
        let next = self.round() + 1;
        let round = if next == ROUNDS { 0 } else { next };
        self.desk().round.set(round);
        round
    }

    /// When the thread was seen to begin tasks on top of a poll (`nested.rs`), by the clock's
    /// ticks.
    pub(crate) fn slice(self) -> &'a Cell<u64> {
        &self.desk().slice
    }

    /// What [`next_round`](Self::next_round) has returned.
    #[inline]
    pub(crate) fn round(self) -> u32 {
        self.desk().round.get()
    }
}
