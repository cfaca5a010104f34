//! A place at the pool: the queues of one seat, and how a join gives half of its work away.
//!
//! A join puts its second half into the next *private slot*: two plain stores that no other thread
//! looks at. Jobs become visible to thieves, oldest first, only when somebody is hungry:
//!
//! * a thief that finds the public deque empty stores `limit = 0`;
//! * the owner compares `top < limit` at every fork and looks at `limit` again at every join end,
//!   so its next one takes the slow path, moves its oldest private job to the public deque,
//!   and tells the sleepers ([`Seat::push_slow`], [`Seat::feed`]).
//!
//! Invariants (proofs in `pool/README.md`):
//!
//! * S1: fields under "owner" are touched by the thread that occupies the seat, and by no other.
//! * S2: private jobs are newer than public ones, and belong to the frames of the owner's stack in
//!   order. So if a job has been exposed, so was every older one, and when its join ends every
//!   newer one is done.
//! * S3: at every fork or join end with a hungry thief and an empty public deque, the oldest
//!   private job becomes public before user code goes on.
//! * S5: if a slot holds a job whose join goes on, then that job is private and was put there by
//!   the push that returned the slot; every slot that a job leaves by exposure is cleared.
//! * S4: the public `jobs` deque holds join halves and scope jobs only; whatever runs on this seat
//!   on top of a stolen job pushes only descendants of that job there.

use super::counters::Counters;
use super::find;
use super::registry::Registry;
use super::wait::{self, Wait, WaitWord};
use crate::job::share::ShareRef;
use crate::job::stack::StackHeader;
use crate::job::{Header, JobRef, SeatIndex};
use crate::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
};
use crate::sync::deque::{Steal, Stealer, Worker};
use crate::sync::{Cell, Mutex, chaos, lock, thread_cell};
use crate::trace::{self, Span};
use crate::util::coarse;
use crate::util::count::Event;
use crate::util::parker::Parker;
use crate::util::rng::Rng;
use crossbeam_utils::CachePadded;
use std::cell;
use std::collections::VecDeque;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// Jobs that a seat keeps private at most.
pub(crate) const SLOTS: u8 = 32;

/// The place of a private job. Eight bits into an array of 256 need no bounds check.
pub(crate) type SlotIndex = u8;

/// A slot that is never used: the place of jobs that are public from the beginning.
const NOWHERE: SlotIndex = SlotIndex::MAX;

/// Another one: the place of jobs that stay with their join, because the slots are full and no
/// other thread may join in.
const KEPT: SlotIndex = SlotIndex::MAX - 1;

/// How often, from one turn of the injector to the next, a woken task may overtake the queue. Few:
/// a task that awaits many others, one after the other, would be woken by each of them; when it has
/// to queue, it finds most of them done.
const OVERTAKES: u32 = 3;

/// So many references to the registry are kept for new tasks. They are given up one by one when the
/// seat is left, which takes some 100 µs at most.
const STOCK: usize = 1 << 14;

/// Queues and owner state of one seat.
#[repr(C)]
pub(crate) struct Seat {
    /// 0: expose a job at the next fork or join end. Otherwise [`SLOTS`]. Read by the owner at
    /// every fork, stored by thieves now and then.
    limit: CachePadded<AtomicU8>,
    owner: CachePadded<Owner>,
    shared: CachePadded<Shared>,
}

/// S1: the occupant's.
struct Owner {
    /// The first free slot.
    top: Cell<SlotIndex>,
    /// Full below `top`. Above it there may be pointers of joins that have ended, but none of a
    /// join that goes on (S5).
    /// So many that loom does not watch them.
    slots: [cell::Cell<Option<NonNull<StackHeader>>>; 256],
    /// Pushes minus own pops of `jobs`: the absolute index of its back end, which thieves do not
    /// move. A wait may pop while this is above the value at its beginning.
    back: Cell<usize>,
    /// See [`Seat::next_turn`].
    turn: Cell<u32>,
    /// How often the LIFO slot may still go first. 0: it is empty, and stays so.
    overtakes: Cell<u32>,
    /// Has the last job computed?
    heavy: Cell<bool>,
    /// Counted references to the registry that tasks have given back here, for tasks to come.
    stock: Cell<usize>,
    jobs: Worker<JobRef>,
    tasks: Worker<JobRef>,
    /// The thread sleeps where others' wakers may be called on it.
    driving: Cell<bool>,
    rng: Rng,
    parker: Cell<Option<&'static Parker>>,
}

/// Everybody's.
struct Shared {
    jobs: Stealer<JobRef>,
    tasks: Stealer<JobRef>,
    /// The task that was woken last, run next. Stolen only by a thief on its last round.
    lifo: AtomicPtr<Header>,
    mail: Mail,
    /// What the occupant is doing; see [`Phase`]. Written by the occupant.
    phase: AtomicU64,
    /// What it waits for, if it is away for that. Written by the occupant.
    wait: WaitWord,
    /// Does a waiter look at this seat just now, for what it could take back?
    watched: AtomicBool,
    counters: Counters,
    index: SeatIndex,
    registry: NonNull<Registry>,
    /// Does a thread sit here? Only to check S1; no modelled atomic, as it orders nothing.
    #[cfg(debug_assertions)]
    taken: std::sync::atomic::AtomicBool,
}

/// Jobs for the thread of this seat and no other.
#[derive(Debug)]
struct Mail {
    waiting: AtomicUsize,
    /// `None`: the thread of this seat has ended and opens no more letters.
    letters: Mutex<Option<VecDeque<JobRef>>>,
}

// SAFETY: S1 for the owner's cells, which is what every `unsafe` entry below asks for; the rest is
// `Sync` by itself. `registry` outlives its seats, which it owns.
unsafe impl Sync for Seat {}
// SAFETY: as above; nothing in a seat belongs to the thread that made it.
unsafe impl Send for Seat {}

/// What the occupant of a seat is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// It holds no permit: it sleeps, waits, blocks, or is not there.
    Away = 0,
    /// It looks for something to do, or polls a future that has not begun to compute.
    Polling = 1,
    /// It runs something that may take long.
    Computing = 2,
    /// It polls futures without a permit.
    Overcommitted = 3,
}

/// A [`Mode`], and how often the occupant has come back to its queues: two looks that see the same
/// phase have seen the same computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase(pub(super) u64);

impl Phase {
    const MODES: [Mode; 4] = [
        Mode::Away,
        Mode::Polling,
        Mode::Computing,
        Mode::Overcommitted,
    ];

    #[inline]
    pub(super) fn mode(self) -> Mode {
        Self::MODES[(self.0 & 3) as usize]
    }

    fn next(self, mode: Mode) -> Self {
        let rounds = self.0 >> 2;
        let rounds = match mode {
            Mode::Polling => rounds.wrapping_add(1),
            _ => rounds,
        };
        Self(rounds << 2 | mode as u64)
    }
}

thread_cell! {
    static CURRENT: cell::Cell<*const Seat> = cell::Cell::new(ptr::null());
}

thread_cell! {
    static HOME: cell::Cell<*const Registry> = cell::Cell::new(ptr::null());
}

/// The calling thread works for a pool without having a seat there, while this lives.
pub(super) struct AtHome(*const Registry);

impl AtHome {
    pub(super) fn enter(registry: &Arc<Registry>) -> Self {
        Self(HOME.with(|home| home.replace(Arc::as_ptr(registry))))
    }

    /// The pool that the calling thread works for without a seat, if it does.
    pub(super) fn current() -> Option<Arc<Registry>> {
        let home = HOME.try_with(cell::Cell::get).ok()?;
        if home.is_null() {
            return None;
        }
        // SAFETY: it came from an `Arc` that outlives the guard, which clears the cell.
        unsafe {
            Arc::increment_strong_count(home);
            Some(Arc::from_raw(home))
        }
    }
}

impl Drop for AtHome {
    fn drop(&mut self) {
        HOME.with(|home| home.set(self.0));
    }
}

/// Where a job is, when the join that made it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Popped {
    /// Back in the owner's hands, with the right to run it.
    Mine,
    /// A thief has it.
    Stolen,
}

/// The seat that the calling thread occupies, if any.
///
/// The reference is valid while the thread occupies the seat, which it does until the function
/// that seated it returns: callers use it within their own frame and never store it.
#[inline(always)]
pub(crate) fn current<'a>() -> Option<&'a Seat> {
    let seat = CURRENT.with(cell::Cell::get);
    // SAFETY: `Occupied` clears the cell before the seat can go away.
    unsafe { seat.as_ref() }
}

/// As [`current`], also while the thread's locals are being destroyed (never, then).
#[inline]
pub(crate) fn try_current<'a>() -> Option<&'a Seat> {
    let seat = CURRENT.try_with(cell::Cell::get).ok()?;
    // SAFETY: as in `current`.
    unsafe { seat.as_ref() }
}

/// The calling thread occupies a seat while this lives.
pub(crate) struct Occupied<'a> {
    before: *const Seat,
    seat: &'a Seat,
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.before));
        let registry = self.seat.registry();
        for _ in 0..self.seat.owner.stock.take() {
            // SAFETY: the counts in the stock are the seat's to give up. None is the last: `'a`
            // says that the seat, and so its registry, is kept alive by somebody else.
            unsafe { Arc::decrement_strong_count(ptr::from_ref(registry)) };
        }
        #[cfg(debug_assertions)]
        // Ordering: Relaxed; orders nothing.
        self.seat.shared.taken.store(false, Ordering::Relaxed);
    }
}

impl Seat {
    pub(crate) fn new(index: SeatIndex, registry: NonNull<Registry>) -> Self {
        let jobs = Worker::new_lifo();
        let tasks = Worker::new_fifo();
        let shared = Shared {
            jobs: jobs.stealer(),
            tasks: tasks.stealer(),
            lifo: AtomicPtr::new(ptr::null_mut()),
            mail: Mail {
                waiting: AtomicUsize::new(0),
                letters: Mutex::new(Some(VecDeque::new())),
            },
            phase: AtomicU64::new(0),
            wait: WaitWord::new(),
            watched: AtomicBool::new(false),
            counters: Counters::new(),
            index,
            registry,
            #[cfg(debug_assertions)]
            taken: Default::default(),
        };
        let owner = Owner {
            top: Cell::new(0),
            slots: [const { cell::Cell::new(None) }; 256],
            back: Cell::new(0),
            turn: Cell::new(0),
            overtakes: Cell::new(OVERTAKES),
            heavy: Cell::new(false),
            stock: Cell::new(0),
            jobs,
            tasks,
            driving: Cell::new(false),
            rng: Rng::new(u64::from(index) + 1),
            parker: Cell::new(None),
        };
        Self {
            limit: CachePadded::new(AtomicU8::new(0)),
            owner: CachePadded::new(owner),
            shared: CachePadded::new(shared),
        }
    }

    /// The calling thread takes the seat, until the returned guard is dropped.
    ///
    /// # Safety
    ///
    /// No other thread occupies the seat, and the seat lives as long as the guard (S1).
    pub(crate) unsafe fn occupy(&self) -> Occupied<'_> {
        #[cfg(debug_assertions)]
        assert!(
            // Ordering: Relaxed; orders nothing.
            !self.shared.taken.swap(true, Ordering::Relaxed),
            "two threads on one seat"
        );
        self.owner.parker.set(Some(Parker::current()));
        Occupied {
            before: CURRENT.with(|current| current.replace(self)),
            seat: self,
        }
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> SeatIndex {
        self.shared.index
    }

    #[inline(always)]
    pub(crate) fn registry(&self) -> &Registry {
        // SAFETY: the registry owns this seat.
        unsafe { self.shared.registry.as_ref() }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    // ---- the owner's side -------------------------------------------------------------------
    // Every method down to "the thieves' side" is called by the occupant only (S1). They are safe
    // to call because the only ways to a `&Seat` outside this folder are `current` and `occupy`.

    pub(crate) fn parker(&self) -> &'static Parker {
        self.owner
            .parker
            .get()
            .expect("an occupied seat has a parker")
    }

    /// What the occupant does from now on.
    pub(super) fn set_mode(&self, mode: Mode) {
        let before = self.phase().mode();
        self.show_mode(mode);
        if before == Mode::Computing {
            self.counters().end_computing();
        }
        // Not for guests: two looks at the clock would be a third of what a call from outside costs.
        if mode == Mode::Computing && self.registry().is_own_thread(self) {
            self.counters().begin_computing();
        }
    }

    /// As [`set_mode`](Self::set_mode), by a guest, whose time is not taken.
    #[inline]
    pub(super) fn show_mode(&self, mode: Mode) {
        let phase = self.phase().next(mode);
        // Ordering: Relaxed; where it must be ordered against the queues, callers put a fence
        // (R2 in `rescue.rs`).
        self.shared.phase.store(phase.0, Ordering::Relaxed);
    }

    /// The occupant begins to compute, if it has only polled so far.
    #[inline]
    pub(super) fn compute(&self) {
        if matches!(self.phase().mode(), Mode::Polling | Mode::Overcommitted) {
            self.begin_computing();
        }
    }

    #[cold]
    fn begin_computing(&self) {
        self.registry().begin_computing(self);
    }

    /// The job that the occupant has run is over, and it looks for the next one.
    #[inline]
    pub(super) fn end_job(&self) {
        let heavy = self.phase().mode() != Mode::Polling;
        self.owner.heavy.set(heavy);
        if heavy {
            coarse::expire();
            self.set_mode(Mode::Polling);
            trace::end(Span::Compute);
        }
    }

    /// Is the next job likely to compute? The last one has. Then a thread takes no more tasks than
    /// it can begin with: the others would wait behind the first.
    #[inline]
    pub(super) fn is_heavy(&self) -> bool {
        self.owner.heavy.get()
    }

    pub(crate) fn rng(&self) -> &Rng {
        &self.owner.rng
    }

    /// Puts a join's second half where the owner finds it again: usually two plain stores. The
    /// slot is to be given back to [`pop`](Self::pop).
    #[inline(always)]
    pub(crate) fn push(&self, job: NonNull<StackHeader>) -> SlotIndex {
        let top = self.owner.top.get();
        // Ordering: Relaxed; late sight of a thief's 0 delays the exposure by one fork. The job
        // itself is published by the deque.
        if top < self.limit.load(Ordering::Relaxed) {
            self.put(top, job)
        } else {
            self.push_slow(job)
        }
    }

    #[inline(always)]
    fn put(&self, slot: SlotIndex, job: NonNull<StackHeader>) -> SlotIndex {
        self.owner.slots[slot as usize].set(Some(job));
        self.owner.top.set(slot + 1);
        slot
    }

    /// Takes back the job that was pushed last, when its join ends.
    ///
    /// `top` is not read here: the slot is known since the push, so the next fork does not wait
    /// for this one's loads and stores to come through memory.
    #[inline(always)]
    pub(crate) fn pop(&self, slot: SlotIndex, job: NonNull<StackHeader>) -> Popped {
        // Ordering: Relaxed, as in `push`.
        if self.owner.slots[slot as usize].get() == Some(job)
            && self.limit.load(Ordering::Relaxed) != 0
        {
            // S5: the job is where it was put, and all that were above it are done.
            self.owner.top.set(slot);
            return Popped::Mine;
        }
        self.pop_slow(slot, job)
    }

    /// The public deque is empty and somebody is hungry, or the slots are full.
    #[cold]
    fn push_slow(&self, job: NonNull<StackHeader>) -> SlotIndex {
        // A computation begins: the newest task must not wait behind it.
        self.flush_lifo();
        let registry = self.registry();
        self.compute();
        self.answer();
        let mut exposed = false;
        let may_expose = ShareRef::current().has_free();
        if self.owner.top.get() == SLOTS {
            if !may_expose {
                return KEPT;
            }
            self.expose(SLOTS / 2);
            exposed = true;
        }
        let mut public = false;
        if may_expose && registry.expects_thieves() && self.owner.jobs.is_empty() {
            public = self.owner.top.get() == 0;
            if public {
                // SAFETY: the job is the caller's, in place until its join ends.
                self.push_public(unsafe { StackHeader::expose(job) });
                Event::Exposure.count();
            } else {
                self.expose(1);
            }
            exposed = true;
        }
        let slot = if public {
            NOWHERE
        } else {
            self.put(self.owner.top.get(), job)
        };
        if exposed {
            wait::tell_of_half(self);
        }
        slot
    }

    /// Takes back a thief's 0, before the deque is looked at and filled. After it, either this
    /// thread sees the deque empty and exposes something, or a thief that empties it sees the new
    /// limit, and stores 0 again, as the later of the two stores (S3).
    fn answer(&self) {
        // Ordering: Relaxed; what matters is the order against the deque's indexes, which the
        // fence below and the one in `steal_job` make.
        self.limit.store(SLOTS, Ordering::Relaxed);
        // Ordering: SeqCst fence; pairs with the one in `steal_job`.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        chaos::point("limit before expose");
    }

    /// Moves the `count` oldest private jobs to the public deque.
    fn expose(&self, count: SlotIndex) {
        let top = self.owner.top.get() as usize;
        let count = count as usize;
        debug_assert!(count <= top);
        for slot in &self.owner.slots[..count] {
            let job = slot.get().expect("a slot below the top is full");
            // SAFETY: a private job lives in a frame below us on this thread's stack, and leaves
            // the slots here: it is exposed once.
            self.push_public(unsafe { StackHeader::expose(job) });
            Event::Exposure.count();
        }
        for i in count..top {
            self.owner.slots[i - count].set(self.owner.slots[i].get());
        }
        for slot in &self.owner.slots[top - count..top] {
            slot.set(None);
        }
        self.owner.top.set((top - count) as SlotIndex);
    }

    #[cfg(all(test, not(manyhands_model)))]
    pub(super) fn has_private_jobs(&self) -> bool {
        self.owner.top.get() > 0
    }

    fn push_public(&self, job: JobRef) {
        self.owner.back.set(self.owner.back.get().wrapping_add(1));
        self.owner.jobs.push(job);
    }

    /// Offers the oldest private job, if a thief asked for one.
    #[inline]
    pub(crate) fn feed(&self) {
        // Ordering: Relaxed, as in `push`.
        if self.limit.load(Ordering::Relaxed) == 0 {
            self.feed_slow();
        }
    }

    #[cold]
    fn feed_slow(&self) {
        if self.owner.top.get() == 0 {
            // Nothing to offer; the next fork will.
            return;
        }
        self.answer();
        if self.registry().expects_thieves()
            && self.owner.jobs.is_empty()
            && ShareRef::current().has_free()
        {
            self.expose(1);
            wait::tell_of_half(self);
        }
    }

    #[cold]
    fn pop_slow(&self, slot: SlotIndex, job: NonNull<StackHeader>) -> Popped {
        if slot == KEPT {
            return Popped::Mine;
        }
        let top = self.owner.top.get();
        if top != 0 && self.owner.slots[top as usize - 1].get() == Some(job) {
            self.owner.top.set(top - 1);
            self.feed();
            return Popped::Mine;
        }
        // S2: it was exposed, and what lies above it in the deque are scope jobs spawned by the
        // first half: descendants of what this join waits for.
        debug_assert_eq!(top, 0, "jobs newer than this join are done");
        while let Some(found) = self.pop_public() {
            if found.is(job.cast()) {
                // The right to run goes to the caller, who calls the closure directly.
                let _ = found.into_raw();
                // SAFETY: it was on the public deque, so it has been exposed; and the right to run
                // it is ours.
                unsafe { StackHeader::public_of(job).take_back() };
                return Popped::Mine;
            }
            found.execute(self.index());
        }
        Popped::Stolen
    }

    /// The newest public job.
    #[inline]
    pub(crate) fn pop_public(&self) -> Option<JobRef> {
        let mut job = None;
        // Most threads that look here poll futures, and a look costs less than a pop.
        if !self.owner.jobs.is_empty() {
            job = self.owner.jobs.pop();
        }
        if job.is_some() {
            self.owner.back.set(self.owner.back.get().wrapping_sub(1));
        }
        if self.owner.jobs.is_empty() {
            // The next fork makes something public again.
            // Ordering: Relaxed, as in `push`.
            self.limit.store(0, Ordering::Relaxed);
        }
        job
    }

    /// The absolute index of the back end of the public jobs. See `Owner::back`.
    pub(crate) fn back(&self) -> usize {
        self.owner.back.get()
    }

    /// Has this seat pushed jobs above `base` that it has not popped itself? They may have been
    /// stolen since.
    pub(crate) fn is_above(&self, base: usize) -> bool {
        // The difference, not the order: the counter may wrap.
        self.owner.back.get().wrapping_sub(base) as isize > 0
    }

    /// A scope spawn: public at once, so that it is always stealable.
    pub(crate) fn push_job(&self, job: JobRef) {
        // Older private jobs stay private: they are below this one in the owner's order (S2 speaks
        // of join halves), and thieves take this one first.
        self.flush_lifo();
        self.push_public(job);
        self.registry().notify_from(self);
    }

    /// Makes everything on this seat visible to thieves: before a wait that is not for descendants.
    pub(crate) fn expose_all(&self) {
        let top = self.owner.top.get();
        if top > 0 {
            self.expose(top);
            self.registry().notify();
        }
        self.flush_lifo();
    }

    /// A ready task, at the end of the queue.
    #[inline]
    pub(crate) fn push_task(&self, task: JobRef) {
        self.owner.tasks.push(task);
    }

    /// A task that this thread has woken: next in line, if the slot has not had its share. Returns
    /// the task that has to go to the queue instead, this one or the one that was in the slot. (The slot
    /// is flushed when this thread starts to compute; the queue is not looked at then, so sleepers
    /// must hear of it now.)
    #[must_use]
    pub(crate) fn put_next(&self, task: JobRef) -> Option<JobRef> {
        if self.owner.overtakes.get() == 0 {
            return Some(task);
        }
        // Ordering: AcqRel: Release hands the task to a thief's swap, Acquire takes over the
        // former one, which this thread put there itself.
        let before = self
            .shared
            .lifo
            .swap(task.into_raw().as_ptr(), Ordering::AcqRel);
        // The first fork of a computation must look at the slot.
        // Ordering: Relaxed; read by this thread.
        self.limit.store(0, Ordering::Relaxed);
        // SAFETY: the slot owned this right to run, and the swap gave it to us.
        NonNull::new(before).map(|before| unsafe { JobRef::new(before) })
    }

    /// Moves the task in the LIFO slot to the queue.
    pub(crate) fn flush_lifo(&self) {
        if let Some(task) = self.steal_lifo() {
            self.owner.tasks.push(task);
            self.registry().notify();
        }
    }

    /// The task in the LIFO slot. If it overtakes the queue by that, it is counted.
    #[inline]
    pub(crate) fn pop_lifo(&self) -> Option<JobRef> {
        let task = self.steal_lifo()?;
        if self.has_own_tasks() {
            // Not 0 before, or the slot would be empty.
            self.owner.overtakes.set(self.owner.overtakes.get() - 1);
        }
        Some(task)
    }

    /// The LIFO slot may go first again.
    pub(crate) fn allow_overtaking(&self) {
        self.owner.overtakes.set(OVERTAKES);
    }

    #[inline]
    pub(crate) fn pop_task(&self) -> Option<JobRef> {
        self.owner.tasks.pop()
    }

    /// The queue that batches are stolen into.
    pub(crate) fn tasks(&self) -> &Worker<JobRef> {
        &self.owner.tasks
    }

    #[inline]
    pub(crate) fn has_own_tasks(&self) -> bool {
        !self.owner.tasks.is_empty()
    }

    /// A counted reference to the registry out of the stock, if there is one.
    #[inline]
    pub(super) fn take_counted(&self) -> Option<Arc<Registry>> {
        let stock = self.owner.stock.get().checked_sub(1)?;
        self.owner.stock.set(stock);
        // SAFETY: `put_counted` has forgotten an `Arc` of this registry, and its count is ours now.
        Some(unsafe { Arc::from_raw(self.shared.registry.as_ptr()) })
    }

    /// Keeps a counted reference to the registry of this seat, unless there are too many.
    #[inline]
    pub(super) fn put_counted(&self, registry: Arc<Registry>) {
        debug_assert!(ptr::eq(&*registry, self.registry()));
        let stock = self.owner.stock.get();
        if stock < STOCK {
            self.owner.stock.set(stock + 1);
            std::mem::forget(registry);
        }
    }

    /// The next round of the worker's loop begins. Returns which of [`FAIRNESS`](find::FAIRNESS) it
    /// is.
    #[inline]
    pub(crate) fn next_turn(&self) -> u32 {
        let next = self.turn() + 1;
        let turn = if next == find::FAIRNESS { 0 } else { next };
        self.owner.turn.set(turn);
        turn
    }

    /// What [`next_turn`](Self::next_turn) has returned.
    #[inline]
    pub(super) fn turn(&self) -> u32 {
        self.owner.turn.get()
    }

    /// Is the job of this round one of the few that are timed?
    #[inline]
    pub(super) fn is_timed_round(&self) -> bool {
        self.turn() == 1
    }

    // ---- the thieves' side ------------------------------------------------------------------

    /// Are there public jobs? If not, asks the owner for some.
    pub(crate) fn offers_jobs(&self) -> bool {
        if !self.shared.jobs.is_empty() {
            return true;
        }
        // Ordering: Relaxed for both; the owner reads the word at every fork, and the store is
        // skipped when it would only take the line away from it.
        if self.limit.load(Ordering::Relaxed) != 0 {
            self.limit.store(0, Ordering::Relaxed);
        }
        false
    }

    /// The oldest public job. If it was the last one, the owner is asked for more.
    pub(crate) fn steal_job(&self) -> Steal<JobRef> {
        if !self.offers_jobs() {
            return Steal::Empty;
        }
        let stolen = self.shared.jobs.steal();
        // Ordering: SeqCst fence; pairs with the one in `answer`: the steal, then the look.
        fence(Ordering::SeqCst);
        Event::Fence.count();
        self.offers_jobs();
        if matches!(stolen, Steal::Success(_)) {
            Event::JobStolen.count();
        }
        stolen
    }

    /// Half of the tasks: one to run, the others into `dest`.
    pub(crate) fn steal_tasks(&self, dest: &Worker<JobRef>, most: usize) -> Steal<JobRef> {
        if self.shared.tasks.is_empty() {
            return Steal::Empty;
        }
        let stolen = self.shared.tasks.steal_batch_with_limit_and_pop(dest, most);
        if matches!(stolen, Steal::Success(_)) {
            Event::TasksStolen.count();
        }
        stolen
    }

    /// The task in the LIFO slot.
    #[inline]
    pub(crate) fn steal_lifo(&self) -> Option<JobRef> {
        // Ordering: Relaxed; only decides whether to try.
        if self.shared.lifo.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: AcqRel: Acquire pairs with the Release in `push_task`.
        let task = self.shared.lifo.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the slot owned this right to run, and the swap gave it to us.
        NonNull::new(task).map(|task| unsafe { JobRef::new(task) })
    }

    /// What the occupant waits for.
    pub(super) fn wait_word(&self) -> &WaitWord {
        &self.shared.wait
    }

    /// What the occupant is doing. To others a snapshot.
    #[inline]
    pub(super) fn phase(&self) -> Phase {
        // Ordering: Relaxed, as in `set_mode`.
        Phase(self.shared.phase.load(Ordering::Relaxed))
    }

    /// How many jobs, and how many ready tasks, others could take now.
    pub(super) fn depths(&self) -> (usize, usize) {
        // Ordering: Relaxed; a snapshot.
        let lifo = !self.shared.lifo.load(Ordering::Relaxed).is_null();
        let tasks = self.shared.tasks.len() + usize::from(lifo);
        (self.shared.jobs.len(), tasks)
    }

    /// Are there ready tasks?
    pub(super) fn has_tasks(&self) -> bool {
        // Ordering: Relaxed; callers put a SeqCst fence before the scan.
        !self.shared.tasks.is_empty() || !self.shared.lifo.load(Ordering::Relaxed).is_null()
    }

    /// Are there public jobs? Unlike [`offers_jobs`](Self::offers_jobs), asks for nothing.
    pub(super) fn has_public_jobs(&self) -> bool {
        !self.shared.jobs.is_empty()
    }

    /// Is there anything that a thief could take?
    pub(crate) fn has_visible_work(&self) -> bool {
        self.has_public_jobs() || self.has_tasks()
    }

    /// The occupant, as the driver, goes to sleep in the system's reactor, or comes back.
    pub(super) fn set_driving(&self, driving: bool) {
        self.owner.driving.set(driving);
    }

    /// Asked by the occupant, when it schedules something.
    #[inline]
    pub(super) fn is_driving(&self) -> bool {
        cfg!(any(feature = "async-io", feature = "tokio")) && self.owner.driving.get()
    }

    /// A waiter looks at this seat, and could take jobs from it at once, or does so no more.
    pub(super) fn set_watched(&self, watched: bool) {
        // Ordering: Relaxed; a hint. With two waiters, the first to leave hides the other.
        self.shared.watched.store(watched, Ordering::Relaxed);
    }

    pub(super) fn is_watched(&self) -> bool {
        // Ordering: Relaxed, as above.
        self.shared.watched.load(Ordering::Relaxed)
    }

    /// Is anybody waiting for this seat to offer work? Read by loops between blocks.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        // Ordering: Relaxed, as in `push`.
        self.limit.load(Ordering::Relaxed) == 0
    }

    /// A job for the thread of this seat only. The caller wakes it. If that thread has ended, the
    /// job comes back.
    pub(crate) fn post(&self, letter: JobRef) -> Result<(), JobRef> {
        let mut letters = lock(&self.shared.mail.letters);
        let Some(letters) = letters.as_mut() else {
            return Err(letter);
        };
        letters.push_back(letter);
        // Ordering: Relaxed; followed by the SeqCst fence of `wake_all`.
        self.shared
            .mail
            .waiting
            .store(letters.len(), Ordering::Relaxed);
        Ok(())
    }

    /// No letters will be opened any more; returns those that are left.
    pub(crate) fn close_mail(&self) -> VecDeque<JobRef> {
        let letters = lock(&self.shared.mail.letters).take().unwrap_or_default();
        // Ordering: Relaxed; the thread that would care has ended.
        self.shared.mail.waiting.store(0, Ordering::Relaxed);
        letters
    }

    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        // Ordering: Relaxed; pairs through the fences of the sleep protocol.
        self.shared.mail.waiting.load(Ordering::Relaxed) != 0
    }

    /// The next letter; called by the occupant.
    pub(crate) fn open_mail(&self) -> Option<JobRef> {
        if !self.has_mail() {
            return None;
        }
        let mut letters = lock(&self.shared.mail.letters);
        let letters = letters.as_mut()?;
        let letter = letters.pop_front();
        // Ordering: Relaxed, as in `post`.
        self.shared
            .mail
            .waiting
            .store(letters.len(), Ordering::Relaxed);
        letter
    }
}

impl fmt::Debug for Seat {
    /// For people who look at a pool that does not move: who waits for whom. A wait is shown while
    /// its thread holds no permit, not while it runs something on top.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only what any thread may read.
        let wait = self.wait_word().get();
        let doing: &dyn fmt::Display = match self.phase().mode() {
            Mode::Polling => &"looks for work, or polls",
            Mode::Computing => &"computes",
            Mode::Overcommitted => &"polls without a permit",
            Mode::Away if wait != Wait::Nothing => &wait,
            Mode::Away if self.counters().is_parked() => &"sleeps",
            Mode::Away => &"is empty",
        };
        f.debug_struct("Seat")
            .field("index", &self.shared.index)
            .field("doing", &format_args!("{doing}"))
            .field("asked", &self.is_asked())
            .field("jobs", &!self.shared.jobs.is_empty())
            .field("tasks", &!self.shared.tasks.is_empty())
            .field("mail", &self.has_mail())
            .finish_non_exhaustive()
    }
}
