//! One pool: what its seats and threads share. Data, and looks at it.
//!
//! Nothing here decides or wakes: who hears of a change is in `tell.rs`, where a job goes in
//! `publish.rs`, how a thread gets onto a seat in `guest.rs`.
//!
//! Seats stand in this order: workers, guests, spares. Seats of guests and spares
//! are made when first used and stay.

use super::blocking::Blocking;
use super::driver::Driver;
use super::events::Events;
use super::hooks::Hooks;
use super::injectors::Injectors;
use super::rescue::Rescue;
use super::seat::{Occupant, Seat, SeatKind, Sitting};
use super::sizes::Sizes;
use super::standing::Standing;
#[cfg(feature = "test-util")]
use super::threads::Outside;
use super::threads::{Bench, Call, GuestSeats, MAX_GUESTS, Threads, Waiters};
use super::watch::Watch;
use crate::job::SeatIndex;
use crate::sleep::Sleep;
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::task::{Owned, TaskInfo};
use crate::timer::Timers;
use crate::trace::Recorder;
use crate::util::fork::Process;
use crate::util::place::Place;
use crate::util::unwind::Payload;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// Creates a spare thread for a seat, or gives back what was reserved for it (`false`). The
/// function is in `start.rs`, far above.
pub(super) type StartSpare = fn(&Registry, SeatIndex, Call) -> bool;

/// One pool, as its threads see it.
pub(crate) struct Registry {
    pub(super) sleep: Sleep,
    pub(super) injectors: Injectors,
    pub(super) threads: Threads,
    pub(super) waiters: Waiters,
    #[cfg(feature = "test-util")]
    pub(super) outside: Outside,
    pub(super) bench: Bench,
    pub(super) rescue: Rescue,
    pub(super) guests: GuestSeats,
    /// Seats of workers, for guests once those have left them at the end (`guest::here`).
    pub(super) left: GuestSeats,
    pub(super) driver: Driver,
    pub(super) watch: Watch,
    pub(super) hooks: Hooks,
    pub(super) blocking: Blocking,
    pub(super) start_spare: StartSpare,
    seats: Box<[OnceLock<Box<Seat>>]>,
    /// Seats at and above this index have never been used: a sweep stops here.
    used: AtomicUsize,
    workers: usize,
    /// How many of them have a thread; see `resize.rs`.
    pub(super) granted: AtomicUsize,
    pub(super) standing: Standing,
    owned: Owned,
    /// How many threads can run at the same time.
    cores: u32,
    pub(super) trace: Recorder,
    /// Where the threads are.
    process: Process,
    /// Where threads begin that are created on demand: where the builder was.
    pub(super) place: Place,
}

impl Registry {
    pub(super) fn new(
        sizes: &Sizes,
        hooks: Hooks,
        events: Box<dyn Events>,
        start_spare: StartSpare,
    ) -> Arc<Self> {
        let seats = sizes.workers + sizes.guests + sizes.spares;
        let first_spare = sizes.workers + sizes.guests;
        let registry = Arc::new(Self {
            sleep: Sleep::new(sizes.permits as u32, seats),
            injectors: Injectors::new(),
            threads: Threads::new(),
            waiters: Waiters::new(),
            #[cfg(feature = "test-util")]
            outside: Outside::new(),
            bench: Bench::new(first_spare, sizes.spares, sizes.keep_alive),
            rescue: Rescue::new(sizes.spares > 0),
            guests: GuestSeats::new(sizes.workers, sizes.guests),
            left: GuestSeats::new(
                sizes.first_to_end,
                MAX_GUESTS.min(sizes.workers - sizes.first_to_end),
            ),
            driver: Driver::new(events),
            watch: Watch::new(),
            standing: Standing::new(!hooks.tasks.is_idle()),
            hooks,
            blocking: Blocking::new(sizes.blocking, sizes.keep_alive),
            start_spare,
            seats: (0..seats).map(|_| OnceLock::new()).collect(),
            used: AtomicUsize::new(0),
            workers: sizes.workers,
            granted: AtomicUsize::new(sizes.workers),
            owned: Owned::new(sizes.workers),
            cores: sizes.cores,
            trace: Recorder::from_environment(seats),
            process: Process::current(),
            place: Place::here(),
        });
        for index in 0..sizes.workers {
            registry.seat(index as SeatIndex);
        }
        registry
    }

    // ---- seats ------------------------------------------------------------------------------

    /// The seat with this index, made now if it has not been used before.
    pub(crate) fn seat(&self, index: SeatIndex) -> &Seat {
        let at = index as usize;
        let seat = self.seats[at].get_or_init(|| {
            let kind = if at < self.workers {
                SeatKind::Worker
            } else if self.guests.has(index) {
                SeatKind::Guest
            } else {
                SeatKind::Spare
            };
            let measures = self.hooks.tasks.sampling.is_some();
            Box::new(Seat::new(index, kind, NonNull::from(self).cast(), measures))
        });
        // Ordering: Relaxed to look, AcqRel to raise: a sweep that sees the new bound may still
        // find the seat unmade, and skips it then.
        if self.used.load(Ordering::Relaxed) <= at {
            self.used.fetch_max(at + 1, Ordering::AcqRel);
        }
        seat
    }

    /// The seat with this index, if it has ever been used.
    pub(super) fn used_seat(&self, index: usize) -> Option<&Seat> {
        self.seats[index].get().map(|seat| &**seat)
    }

    /// All seats that have ever been used have smaller indexes than this.
    pub(super) fn used_seats(&self) -> usize {
        // Ordering: Acquire pairs with the `fetch_max` in `seat`.
        self.used.load(Ordering::Acquire)
    }

    /// All seats that have ever been used.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Seat> {
        (0..self.used_seats()).filter_map(|index| self.used_seat(index))
    }

    /// The calling thread sits down, until the returned guard is dropped.
    ///
    /// # Safety
    ///
    /// No other thread occupies the seat, and the registry lives as long as the guard (`seat.S1`).
    #[inline]
    pub(super) unsafe fn occupy(&self, index: SeatIndex) -> Occupied<'_> {
        // SAFETY: the caller's promise; the registry owns the seat.
        Occupied(unsafe { self.seat(index).sit() })
    }

    #[inline]
    pub(crate) fn owns(&self, seat: &Seat) -> bool {
        seat.pool() == NonNull::from(self).cast()
    }

    /// All values of `current_thread_index` on this pool are below this.
    pub(crate) fn index_bound(&self) -> usize {
        self.seats.len()
    }

    // ---- sizes ------------------------------------------------------------------------------

    /// Permits: how many threads compute at a time.
    pub(crate) fn num_threads(&self) -> usize {
        self.sleep.permits() as usize
    }

    /// The most permits that there can be: as many as there are worker threads.
    pub(crate) fn max_threads(&self) -> usize {
        // Ordering: Relaxed; changed once, while the pool is being built.
        self.granted.load(Ordering::Relaxed)
    }

    /// May a thief ever steal from a seat that computes? Not on a pool with one permit, where the
    /// thread that computes is alone.
    #[inline]
    pub(crate) fn expects_thieves(&self) -> bool {
        self.sleep.permits() > 1
    }

    /// How many threads can compute at the same time: no more than there are cores.
    pub(crate) fn parallelism(&self) -> usize {
        self.num_threads().min(self.cores as usize)
    }

    /// May a thread that has nothing to do spin for a moment? Not if another one could use its
    /// core.
    pub(super) fn may_spin(&self) -> bool {
        self.cores > 1 && self.sleep.active() <= self.cores
    }

    /// Is there anything that any thread could take, the role of the driver included? Callers have
    /// put a SeqCst fence before.
    pub(super) fn has_visible_work(&self) -> bool {
        self.driver.is_wanted() || self.has_visible_jobs()
    }

    /// As [`has_visible_work`](Self::has_visible_work), without that role.
    pub(super) fn has_visible_jobs(&self) -> bool {
        !self.injectors.is_empty() || self.seats().any(Seat::has_visible_work)
    }

    /// As [`has_visible_jobs`](Self::has_visible_jobs), or is there a private join half? A thread
    /// that looks for work can reach it (rule H2).
    pub(super) fn has_jobs(&self) -> bool {
        if !self.expects_thieves() {
            return self.has_visible_jobs();
        }
        let has_jobs = |seat: &Seat| seat.has_visible_work() || seat.hides_jobs();
        !self.injectors.is_empty() || self.seats().any(has_jobs)
    }

    /// Is there anything that keeps a thread from falling asleep: something visible, or a private
    /// half of an owner that has not been asked for it?
    pub(super) fn has_work_left(&self) -> bool {
        if !self.expects_thieves() {
            return self.has_visible_work();
        }
        let has_jobs = |seat: &Seat| seat.has_visible_work() || seat.hides_unasked();
        self.driver.is_wanted() || !self.injectors.is_empty() || self.seats().any(has_jobs)
    }

    /// Asks every seat without public jobs for some: a permit is free, and no thread looks around.
    #[cold]
    pub(super) fn ask_all_for_jobs(&self) {
        for seat in self.seats() {
            seat.offer().ask_for_jobs();
        }
    }

    /// Can a spare thread be called?
    pub(super) fn can_call_spare(&self) -> bool {
        !self.is_closed() && self.bench.can_call()
    }

    /// Does no thread work or sleep, and can none be called?
    pub(super) fn is_stuck(&self) -> bool {
        self.sleep.is_stuck() && !self.can_call_spare() && !self.rescue.is_manned()
    }

    // ---- the end ----------------------------------------------------------------------------

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.standing.is_closed()
    }

    /// Step shutdown.C1 (see `shutdown.rs`). `true`: this call did it.
    pub(super) fn close(&self) -> bool {
        self.standing.close()
    }

    /// Is this a forked child of the process with the pool's threads?
    pub(super) fn is_forked(&self) -> bool {
        !self.process.is_current()
    }

    /// Called on every way into the pool from outside, and before every wait that sleeps: in a
    /// forked child nobody would come.
    ///
    /// # Panics
    ///
    /// If [`is_forked`](Self::is_forked).
    #[inline]
    pub(crate) fn check_process(&self) {
        if self.is_forked() {
            forked();
        }
    }

    // ---- accessors --------------------------------------------------------------------------

    /// One more counted reference.
    pub(super) fn to_arc(&self) -> Arc<Self> {
        let registry = std::ptr::from_ref(self);
        // SAFETY: every registry is made by `Arc::new` in `new`, and this one is alive, as it is
        // borrowed.
        unsafe {
            Arc::increment_strong_count(registry);
            Arc::from_raw(registry)
        }
    }

    /// The pool's unfinished tasks, in the order of their ids.
    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        let mut tasks = self.owned.dump();
        tasks.sort_unstable_by_key(|task| task.id);
        tasks
    }

    /// All unfinished tasks.
    pub(crate) fn owned(&self) -> &Owned {
        &self.owned
    }

    /// What the pool records of itself.
    pub(crate) fn trace(&self) -> &Recorder {
        &self.trace
    }

    pub(crate) fn timers(&self) -> &Timers {
        self.driver.timers()
    }

    /// A panic that no handle reports.
    pub(crate) fn report_panic(&self, payload: Payload) {
        self.hooks.report_panic(payload);
    }
}

impl<'a> Occupant<'a> {
    /// The pool that the seat belongs to.
    #[inline(always)]
    pub(crate) fn registry(self) -> &'a Registry {
        // SAFETY: every seat is made by `Registry::seat`, which gives it the registry's address;
        // the registry owns the seat, and so outlives it.
        unsafe { self.seat().pool().cast::<Registry>().as_ref() }
    }
}

/// The number of references to the registry that a seat keeps for new tasks, at most. They are
/// given up one by one when the seat is left, which takes some 100 µs.
const STOCK: usize = 1 << 14;

/// The stock of a seat: counted references that tasks have left there (see `home.rs`).
impl<'a> Occupant<'a> {
    /// A counted reference to the pool of this seat.
    #[inline]
    pub(crate) fn counted_registry(self) -> Arc<Registry> {
        match self.stock().get().checked_sub(1) {
            None => self.registry().to_arc(),
            Some(stock) => {
                self.stock().set(stock);
                // SAFETY: `put_counted` has forgotten an `Arc` of this registry, and its count is
                // ours now.
                unsafe { Arc::from_raw(self.registry()) }
            }
        }
    }

    /// Keeps a counted reference to the pool of this seat, unless there are [`STOCK`] of them.
    #[inline]
    pub(super) fn put_counted(self, registry: Arc<Registry>) {
        debug_assert!(std::ptr::eq(&*registry, self.registry()));
        let stock = self.stock().get();
        if stock < STOCK {
            self.stock().set(stock + 1);
            std::mem::forget(registry);
        }
    }
}

/// The calling thread occupies a seat of a pool while this lives.
#[must_use]
pub(crate) struct Occupied<'a>(Sitting<'a>);

impl<'a> Occupied<'a> {
    pub(super) fn me(&self) -> Occupant<'a> {
        self.0.me()
    }
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        let me = self.me();
        for _ in 0..me.stock().take() {
            // SAFETY: the counts in the stock are the seat's to give up. None is the last: `'a`
            // says that the seat, and so its registry, is kept alive by another reference.
            unsafe { Arc::decrement_strong_count(std::ptr::from_ref(me.registry())) };
        }
    }
}

#[cold]
fn forked() -> ! {
    panic!(
        "this process was forked after its parent had made the pool, whose threads stay with the \
         parent: build a new `Pool` in the child, or fork before the first use of manyhands"
    );
}

impl Drop for Registry {
    fn drop(&mut self) {
        debug_assert!(
            self.injectors.is_empty() || std::thread::panicking(),
            "a job was left behind"
        );
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Seats<'a>(&'a Registry);
        impl fmt::Debug for Seats<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.0.seats()).finish()
            }
        }
        f.debug_struct("Registry")
            .field("num_threads", &self.num_threads())
            .field("max_num_threads", &self.max_threads())
            .field("sleep", &self.sleep)
            .field("threads", &self.threads)
            .field("injectors_are_empty", &self.injectors.is_empty())
            .field("closed", &self.is_closed())
            .field("seats", &Seats(self))
            .finish_non_exhaustive()
    }
}
