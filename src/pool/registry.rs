//! What the seats of one pool share: injector, sleep word, seat table, hooks, unfinished tasks.
//!
//! Seats stand in this order: workers `0..num_threads`, guests, spares. Seats of guests and spares
//! are made when first used and stay.

use super::Takers;
use super::bench::Bench;
use super::blocking::Blocking;
use super::builder::Plan;
use super::driver::Driver;
use super::events::Events;
use super::hooks::Hooks;
use super::injectors::Injectors;
use super::limit::Limit;
use super::metrics::{Metrics, SeatKind, WorkerMetrics};
use super::permit::{GuestSeats, Threads};
use super::rescue::Rescue;
use super::seat::{self, Mode, Seat};
use super::wait;
use crate::job::share::{self, ShareRef};
use crate::job::stack::StackJob;
use crate::job::{JobRef, NO_SEAT, SeatIndex};
use crate::sleep::{Notified, Sleep};
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::task::{Class, How, Owned, Priority, Schedule, TaskInfo};
use crate::trace::{self, LaneKind, Recorder, Span};
use crate::util::coarse;
use crate::util::count::Event;
use crate::util::fork::Process;
use crate::util::parker::Parker;
use crate::util::unwind::{self, Payload};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

/// One pool, as its threads see it.
pub(crate) struct Registry {
    pub(super) sleep: Sleep,
    pub(super) injectors: Injectors,
    pub(super) threads: Threads,
    pub(super) bench: Bench,
    pub(super) rescue: Rescue,
    pub(super) guests: GuestSeats,
    pub(super) driver: Driver,
    pub(super) hooks: Hooks,
    pub(super) blocking: Blocking,
    seats: Box<[OnceLock<Box<Seat>>]>,
    /// Seats at and above this index have never been used: a sweep stops here.
    used: AtomicUsize,
    workers: usize,
    closed: AtomicBool,
    owned: Owned,
    /// How many threads can run at the same time.
    cores: u32,
    pub(super) trace: Recorder,
    /// Where the threads are.
    process: Process,
}

impl Registry {
    pub(super) fn new(plan: &Plan, hooks: Hooks, events: Box<dyn Events>) -> Arc<Self> {
        let seats = plan.workers + plan.guests + plan.spares;
        let registry = Arc::new(Self {
            sleep: Sleep::new(plan.workers as u32, seats),
            injectors: Injectors::new(),
            threads: Threads::new(),
            bench: Bench::new(plan.workers + plan.guests, plan.spares, plan.keep_alive),
            rescue: Rescue::new(plan.spares > 0),
            guests: GuestSeats::new(plan.workers, plan.guests),
            driver: Driver::new(events),
            hooks,
            blocking: Blocking::new(plan.blocking, plan.keep_alive),
            seats: (0..seats).map(|_| OnceLock::new()).collect(),
            used: AtomicUsize::new(0),
            workers: plan.workers,
            closed: AtomicBool::new(false),
            owned: Owned::new(plan.workers.next_power_of_two() * 4),
            cores: plan.cores,
            trace: Recorder::from_environment(seats),
            process: Process::current(),
        });
        for index in 0..plan.workers {
            registry.seat(index as SeatIndex);
        }
        registry
    }

    /// The seat with this index, made now if it has not been used before.
    pub(crate) fn seat(&self, index: SeatIndex) -> &Seat {
        let at = index as usize;
        let seat = self.seats[at].get_or_init(|| Box::new(Seat::new(index, NonNull::from(self))));
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

    pub(super) fn used_seats(&self) -> usize {
        // Ordering: Acquire pairs with the `fetch_max` in `seat`.
        self.used.load(Ordering::Acquire)
    }

    /// All seats that have ever been used.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Seat> {
        (0..self.used_seats()).filter_map(|index| self.used_seat(index))
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// Does a thread of the pool sit there, and not a guest?
    pub(super) fn is_own_thread(&self, seat: &Seat) -> bool {
        !self.guests.has(seat.index())
    }

    /// Permits: how many threads compute at a time.
    pub(crate) fn num_threads(&self) -> usize {
        self.sleep.permits() as usize
    }

    /// All values of `current_thread_index` on this pool are below this.
    pub(crate) fn index_bound(&self) -> usize {
        self.seats.len()
    }

    /// May anybody ever steal from a seat that computes? Not on a pool with one permit, where
    /// whoever computes is alone.
    #[inline]
    pub(crate) fn expects_thieves(&self) -> bool {
        self.sleep.permits() > 1
    }

    /// How many threads can compute at the same time: no more than there are cores.
    pub(super) fn parallelism(&self) -> usize {
        self.num_threads().min(self.cores as usize)
    }

    /// May a thread that has nothing to do spin for a moment? Not if another one could use its
    /// core.
    pub(super) fn may_spin(&self) -> bool {
        self.cores > 1 && self.sleep.active() <= self.cores
    }

    // ---- publishing work --------------------------------------------------------------------

    /// Tells the sleepers about work that has just become visible. If none sleeps because all
    /// wait, a spare thread takes the free permit. If all compute, a thread that only polls may
    /// have to come.
    #[inline]
    pub(crate) fn notify(&self) {
        self.heed(self.sleep.notify());
    }

    /// Does what is left to do after the sleepers were told.
    #[inline]
    fn heed(&self, notified: Notified) {
        match notified {
            Notified::Enough => {}
            Notified::AllBusy => self.look_after_waiting(),
            Notified::NobodySleeps => self.call_spare(),
        }
    }

    /// As [`notify`](Self::notify), by the occupant of a seat.
    #[inline]
    pub(crate) fn notify_from(&self, seat: &Seat) {
        // Whoever polls is counted as active. So the one permit is out, and `notify` would find
        // that (step P3), and nobody computes.
        if self.sleep.permits() == 1 && seat.phase().mode() == Mode::Polling {
            return;
        }
        match self.sleep.notify() {
            // Not everybody computes: this thread does not.
            Notified::AllBusy if seat.phase().mode() == Mode::Polling => {}
            notified => self.heed(notified),
        }
    }

    /// After a permit was given back or the last searcher stopped: is there work to tell about, or
    /// somebody who waits for a permit?
    pub(crate) fn notify_if_visible(&self) {
        self.rescue.grant();
        if self.has_visible_work() {
            self.notify();
        } else {
            self.relieve_spare();
        }
    }

    /// Anything that any thread could take, the role of the driver included. Callers have put a
    /// SeqCst fence before.
    pub(super) fn has_visible_work(&self) -> bool {
        self.driver.is_wanted() || self.has_visible_jobs()
    }

    /// The same without that role.
    pub(super) fn has_visible_jobs(&self) -> bool {
        !self.injectors.is_empty() || self.seats().any(Seat::has_visible_work)
    }

    /// Hands a closure to whoever comes first.
    pub(crate) fn inject(&self, job: JobRef) {
        self.inject_as(job, Class::root(Priority::Normal));
    }

    /// Hands a job of some class to whoever comes first.
    pub(crate) fn inject_as(&self, job: JobRef, class: Class) {
        self.check_process();
        self.injectors.push(job, class);
        Event::Injected.count();
        self.notify();
        self.drain_if_over();
    }

    /// Is the occupant of a seat at work, or was it just woken by what happens now? What is left on
    /// the queues of a thread that is away would wait for thieves.
    #[inline]
    fn is_awake(&self, seat: &Seat) -> bool {
        if seat.is_driving() {
            self.wake_driver(seat);
        }
        seat.phase().mode() != Mode::Away
    }

    /// Puts a ready task where a worker finds it.
    pub(super) fn schedule(&self, job: JobRef, how: How, class: Class) {
        // Only usual futures have queues on seats.
        let is_usual = class == Class::future(Priority::Normal) && how != How::Aside;
        match seat::try_current() {
            Some(seat) if is_usual && self.owns(seat) && self.is_awake(seat) => {
                if how == How::Wake {
                    seat.counters().count_wake();
                }
                let alone = !seat.has_own_tasks();
                // It is not next on a thread that computes.
                let is_next = how == How::Wake && seat.phase().mode() != Mode::Computing;
                let queued = match is_next {
                    true => seat.put_next(job),
                    false => Some(job),
                };
                // What is alone, and next on this very thread, needs no other one.
                let mut tell = !alone;
                if let Some(task) = queued {
                    seat.push_task(task);
                    tell |= how != How::Yield;
                }
                if tell {
                    self.notify_from(seat);
                }
            }
            seat => self.schedule_for_others(job, how, class, seat),
        }
    }

    /// The same where whoever takes it looks into the shared queues.
    #[inline(never)]
    fn schedule_for_others(&self, job: JobRef, how: How, class: Class, from: Option<&Seat>) {
        let Some(seat) = from.filter(|seat| self.owns(seat) && self.is_awake(seat)) else {
            return self.inject_as(job, class);
        };
        match how {
            How::Aside => self.injectors.put_aside(job, class.priority()),
            _ => self.injectors.push(job, class),
        }
        if how == How::Wake {
            seat.counters().count_wake();
        }
        self.notify_from(seat);
    }

    /// A thread leaves its seat for good: nothing of its work may stay behind.
    pub(super) fn clear_seat(&self, seat: &Seat) {
        seat.expose_all();
        let mut moved = false;
        while let Some(job) = seat.pop_public() {
            self.injectors.push(job, Class::root(Priority::Normal));
            moved = true;
        }
        while let Some(task) = seat.pop_task() {
            self.injectors.push(task, Class::future(Priority::Normal));
            moved = true;
        }
        if moved {
            self.notify();
            self.drain_if_over();
        }
    }

    // ---- the end ----------------------------------------------------------------------------

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Ordering: Acquire pairs with the Release half of the swap in `close`.
        self.closed.load(Ordering::Acquire)
    }

    /// Step C1 of the shutdown (see `shutdown.rs`). `true`: this call did it.
    pub(super) fn close(&self) -> bool {
        // Ordering: SeqCst, as the store of a store-then-look pair; the fence of `wake_all`
        // follows anyway.
        !self.closed.swap(true, Ordering::SeqCst)
    }

    /// Runs what was pushed after the last thread had gone (step C4).
    pub(super) fn drain_if_over(&self) {
        if !self.is_closed() {
            return;
        }
        // Ordering: SeqCst fence; pairs with the one in `Threads::leave`: either we see that all
        // threads have left, or the last of them sees our push.
        fence(Ordering::SeqCst);
        if self.threads.live() == 0 {
            self.drain();
        }
    }

    /// Runs everything in the injector on this thread: tasks are cancelled by that, and jobs that
    /// somebody waits for are done. Then nobody is left who could look after events.
    pub(super) fn drain(&self) {
        while let Some(job) = self.injectors.take_any() {
            job.execute(NO_SEAT);
        }
        self.driver.close();
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

    // ---- getting onto a seat ----------------------------------------------------------------

    /// Runs `f`, which computes, on a seat of this pool: the calling thread's, else a guest seat on
    /// this thread, else (no guest seat free, or the thread works for another pool) on a worker,
    /// which `migrated` tells.
    pub(crate) fn on_seat<R: Send>(self: &Arc<Self>, f: impl FnOnce(&Seat, bool) -> R + Send) -> R {
        match seat::current() {
            Some(seat) if self.owns(seat) => {
                seat.compute();
                f(seat, false)
            }
            Some(_) => self.install(f),
            None => {
                self.check_process();
                match self.guests.claim() {
                    Some(index) => self.as_guest(index, Mode::Computing, |seat| f(seat, false)),
                    None => self.install(f),
                }
            }
        }
    }

    /// As [`on_seat`](Self::on_seat) for closures that must stay on this thread: `f` may have to
    /// do without a seat.
    pub(crate) fn in_place<R>(self: &Arc<Self>, f: impl FnOnce(Option<&Seat>) -> R) -> R {
        match seat::current() {
            Some(seat) => f(self.owns(seat).then_some(seat)),
            None => {
                self.check_process();
                match self.guests.claim() {
                    Some(index) => self.as_guest(index, Mode::Polling, |seat| f(Some(seat))),
                    None => {
                        // What `f` spawns belongs here nevertheless.
                        let _home = seat::AtHome::enter(self);
                        let _context = self.hooks.context.enter();
                        f(None)
                    }
                }
            }
        }
    }

    #[inline]
    pub(crate) fn owns(&self, seat: &Seat) -> bool {
        std::ptr::eq(seat.registry(), self)
    }

    /// Works as a guest on a claimed seat.
    fn as_guest<R>(
        self: &Arc<Self>,
        index: SeatIndex,
        mode: Mode,
        f: impl FnOnce(&Seat) -> R,
    ) -> R {
        /// The seat is this thread's, and so is a permit.
        struct Claim<'a>(&'a Registry, SeatIndex);
        impl Drop for Claim<'_> {
            fn drop(&mut self) {
                self.0.guests.give_back(self.1);
                self.0.sleep.release();
                self.0.notify_if_visible();
            }
        }

        struct Leave<'a>(&'a Registry, &'a Seat);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                trace::end(Span::Compute);
                self.0.clear_seat(self.1);
                self.1.show_mode(Mode::Away);
            }
        }

        let _context = self.hooks.context.enter();
        let seat = self.seat(index);
        self.sleep.acquire();
        // Dropped after all that makes this thread the occupant: the next guest may be waiting (S1).
        let _claim = Claim(self, index);
        // SAFETY: the claim made this thread the only occupant; the seat lives in `self`.
        let _occupied = unsafe { seat.occupy() };
        let _traced = self.trace.enter(LaneKind::Guest, index as usize);
        seat.end_job();
        if mode == Mode::Computing {
            seat.counters().count_computation();
            seat.show_mode(mode);
            trace::begin(Span::Compute);
        }
        let _leave = Leave(self, seat);
        // A guest that polls may spawn much.
        let _stamps = (mode == Mode::Polling).then(coarse::keep);
        f(seat)
    }

    /// Runs `f` on a worker and waits for it. A thread of another pool lends its core meanwhile.
    #[cold]
    fn install<R: Send>(self: &Arc<Self>, f: impl FnOnce(&Seat, bool) -> R + Send) -> R {
        self.check_process();
        if self.has_no_thread() {
            // The system granted no thread at all: work as a guest, or wait until a guest leaves.
            loop {
                if let Some(index) = self.guests.claim() {
                    return self.as_guest(index, Mode::Computing, |seat| f(seat, true));
                }
                std::thread::yield_now();
            }
        }
        self.install_by(|job| self.inject(job), f)
    }

    /// Did the system grant no thread at all, so that this one must work as a guest?
    fn has_no_thread(&self) -> bool {
        self.threads.live() == 0 && !self.guests.is_empty() && seat::current().is_none()
    }

    /// Runs `f` on a worker, once whoever `submit` gives the job to has one.
    fn install_by<R: Send>(
        self: &Arc<Self>,
        submit: impl FnOnce(JobRef),
        f: impl FnOnce(&Seat, bool) -> R + Send,
    ) -> R {
        let registry = Arc::clone(self);
        let job = StackJob::new(move |migrated| match seat::current() {
            Some(seat) if registry.owns(seat) => f(seat, migrated),
            // The pool is over: whoever pushed last runs what is left.
            _ => registry.in_place(|seat| match seat {
                Some(seat) => f(seat, migrated),
                None => panic!("the pool was shut down before this call could run on it"),
            }),
        });
        // SAFETY: the job lives in this frame, which is not left before its latch is set: nothing
        // from here to the end of the wait unwinds.
        let guard = unwind::AbortOnDrop("install must wait for its job");
        // SAFETY: as above.
        let job_ref = unsafe { crate::job::stack::StackHeader::expose(job.as_header()) };
        submit(job_ref);
        // SAFETY: exposed above.
        let done = unsafe { job.public() }.latch();
        match seat::current() {
            Some(seat) => wait::until(seat, done),
            None => done.wait(Parker::current()),
        }
        guard.disarm();
        // SAFETY: the latch is set.
        match unsafe { job.take_result() } {
            Ok(result) => result,
            Err(payload) => unwind::resume(payload),
        }
    }

    /// [`Pool::install`](crate::Pool::install): on a worker, unless this thread already is one.
    pub(crate) fn install_op<R: Send>(self: &Arc<Self>, op: impl FnOnce() -> R + Send) -> R {
        match seat::current() {
            Some(seat) if self.owns(seat) => op(),
            _ => self.install(move |_, _| op()),
        }
    }

    /// As [`install_op`](Self::install_op), when it is the turn of `limit`.
    pub(crate) fn install_limited<R: Send>(
        self: &Arc<Self>,
        limit: &Arc<Limit>,
        op: impl FnOnce() -> R + Send,
    ) -> R {
        match seat::current() {
            Some(seat) if self.owns(seat) && ShareRef::current() == limit.share() => op(),
            _ => self.install_by(
                |job| limit.push(job, Class::root(Priority::Normal)),
                |_, _| {
                    // SAFETY: this call keeps the limit, and waits for what runs under it.
                    let _under = unsafe { share::enter(limit.share()) };
                    op()
                },
            ),
        }
    }

    /// The pool of a seat, as a handle.
    #[inline]
    pub(crate) fn of(seat: &Seat) -> Arc<Self> {
        if let Some(registry) = seat.take_counted() {
            return registry;
        }
        seat.registry().to_arc()
    }

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

    /// Who could take work that is offered by the occupant of `seat` now?
    #[cold]
    pub(super) fn takers(&self, seat: &Seat) -> Takers {
        if !self.expects_thieves() || !ShareRef::current().has_free() {
            Takers::None
        } else if seat.is_watched() || self.sleep.has_searchers() {
            Takers::Awake
        } else if self.sleep.wants_one() {
            Takers::Asleep
        } else {
            Takers::None
        }
    }

    /// The pool's unfinished tasks, in the order of their ids.
    pub(super) fn tasks(&self) -> Vec<TaskInfo> {
        let mut tasks = self.owned.dump();
        tasks.sort_unstable_by_key(|task| task.id);
        tasks
    }

    /// What the pool records of itself.
    pub(crate) fn trace(&self) -> &Recorder {
        &self.trace
    }

    /// All unfinished tasks.
    pub(crate) fn owned(&self) -> &Owned {
        &self.owned
    }

    /// A panic that nobody waits for.
    pub(crate) fn report_panic(&self, payload: Payload) {
        self.hooks.report_panic(payload);
    }

    /// The pool now.
    pub(crate) fn metrics(&self) -> Metrics {
        let (active, searching) = self.sleep.at_work();
        let (spare_threads, idle_spare_threads) = self.bench.threads();
        let (tasks, spawned_tasks) = self.owned.counts();
        let (injected_futures, injected_closures) = self.injectors.depths();
        Metrics {
            permits: self.num_threads(),
            active,
            searching,
            threads: self.threads.live(),
            spare_threads,
            idle_spare_threads,
            tasks,
            spawned_tasks,
            injected_futures,
            injected_closures,
            blocking: self.blocking.metrics(),
            workers: self.seats().map(|seat| self.metrics_of(seat)).collect(),
        }
    }

    fn metrics_of(&self, seat: &Seat) -> WorkerMetrics {
        let index = seat.index() as usize;
        let kind = if index < self.workers {
            SeatKind::Worker
        } else if self.is_own_thread(seat) {
            SeatKind::Spare
        } else {
            SeatKind::Guest
        };
        let (queued_jobs, queued_tasks) = seat.depths();
        WorkerMetrics {
            queued_jobs,
            queued_tasks,
            ..seat.counters().read(index, kind)
        }
    }

    /// Wakes every sleeper, because letters were posted.
    pub(crate) fn wake_for_mail(&self) {
        self.sleep.wake_all();
        self.threads.wake_waiters();
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

/// What a task keeps of its pool: a counted reference. On a seat of the pool it is taken from the
/// seat's stock, and goes back there with the task. So threads that spawn and finish tasks do not
/// fight for the count.
pub(crate) struct Home(ManuallyDrop<Arc<Registry>>);

impl Home {
    #[inline]
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self(ManuallyDrop::new(registry))
    }
}

impl Drop for Home {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let registry = unsafe { ManuallyDrop::take(&mut self.0) };
        match seat::try_current() {
            Some(seat) if registry.owns(seat) => seat.put_counted(registry),
            _ => drop(registry),
        }
    }
}

impl Schedule for Home {
    fn schedule(&self, job: JobRef, how: How, class: Class) {
        self.0.schedule(job, how, class);
    }

    #[inline]
    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn owned(&self) -> &Owned {
        &self.0.owned
    }

    fn unhandled_panic(&self, payload: Payload) {
        self.0.report_panic(payload);
    }

    fn puts_heavy_aside(&self) -> bool {
        seat::try_current()
            .is_some_and(|seat| self.0.owns(seat) && seat.phase().mode() == Mode::Overcommitted)
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
            .field("sleep", &self.sleep)
            .field("threads", &self.threads)
            .field("injectors_are_empty", &self.injectors.is_empty())
            .field("closed", &self.is_closed())
            .field("seats", &Seats(self))
            .finish_non_exhaustive()
    }
}
