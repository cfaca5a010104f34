#![doc = include_str!("README.md")]
//!
//! # This file
//!
//! The one allocation of a task, and counted references to it. What does not depend on the type of
//! the future sits in [`Header`], so that wakers, handles and lists work on a thin pointer to it.
//! The rest is reached through [`Vtable`].

use super::entry::Entry;
use super::heft::{Heft, Stopwatch};
use super::id::Id;
use super::info::{Site, TaskInfo, TaskKind};
use super::observer::{self, TaskMeta};
use super::state::{Dropped, Notify, State};
use super::{Class, How, JoinError, Schedule};
use crate::job::cancel::{self, Cancel};
use crate::job::{self, BEGUN, JobRef, SeatIndex, blocks};
use crate::sync::UnsafeCell;
use crate::util::coarse;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;

/// The part of a cell that does not depend on the future. The module's README says who may touch
/// which field when.
#[repr(C)]
pub(super) struct Header {
    /// The function that runs the task. It is the first field, so that the right to run is a
    /// `JobRef`. Never changes.
    job: job::Header,
    /// Flags and references. For every thread with a reference.
    pub(super) state: State,
    /// Never changes.
    vtable: &'static Vtable,
    /// Never changes.
    pub(super) id: Id,
    /// Where the task is listed. Written before any other thread has a reference.
    pub(super) entry: UnsafeCell<Option<NonNull<Entry>>>,
    /// The slot of the join waker: task.I3.
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
    /// The place where the task was spawned. Never changes.
    pub(super) site: Site,
    /// The time when the last poll began, as a [`coarse::stamp`]; 0 before the first poll. Written
    /// by the runner. Not a modelled atomic: it orders nothing, and is only shown to people.
    polled: AtomicU32,
    /// Stops parallel work inside the task. For every thread with a reference.
    pub(super) cancel: Cancel,
    /// Is the next poll likely to compute? Written by the runner.
    heft: Heft,
    /// Never changes.
    class: Class,
}

/// [`CancelRef`](cancel::CancelRef) needs the lowest bits of the flag's address.
const _: () = assert!(
    std::mem::offset_of!(Header, cancel) % cancel::ALIGN == 0
        && align_of::<Header>() >= cancel::ALIGN
);

/// The functions that know the future's type. Each takes the header of a cell of that type.
pub(super) struct Vtable {
    /// Passes a job to the scheduler. Consumes the job's reference; the caller has another one.
    schedule: unsafe fn(NonNull<Header>, How),
    /// [`Code::BEGIN`].
    begin: unsafe fn(NonNull<Header>),
    /// [`Code::CLOSE`].
    close: unsafe fn(NonNull<Header>),
    /// [`Code::TAKE_OUTPUT`].
    take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// [`Code::DISPOSE_OUTPUT`].
    dispose_output: unsafe fn(NonNull<Header>),
    /// [`Code::REPORT`].
    report: unsafe fn(NonNull<Header>, crate::util::unwind::Payload),
    /// The name of the task.
    name: unsafe fn(NonNull<Header>) -> Option<Arc<str>>,
    /// Does it run on a thread for blocking closures?
    blocking: bool,
    /// Frees the cell. There is no reference left.
    free: unsafe fn(NonNull<Header>),
}

/// What `run.rs` does with a cell: this file makes it, and does not import what runs it.
///
/// # Safety
///
/// [`RUN`](Self::RUN) does not unwind.
pub(super) unsafe trait Code {
    /// Uses the right to run once.
    const RUN: unsafe fn(NonNull<job::Header>, SeatIndex);
    /// Asks the scheduler to begin the task, which is awaited.
    const BEGIN: unsafe fn(NonNull<Header>);
    /// Cancels the task on behalf of a closing pool.
    const CLOSE: unsafe fn(NonNull<Header>);
    /// Moves the result out.
    const TAKE_OUTPUT: unsafe fn(NonNull<Header>, *mut ());
    /// Drops the result where it is.
    const DISPOSE_OUTPUT: unsafe fn(NonNull<Header>);
    /// Reports a panic that no handle will.
    const REPORT: unsafe fn(NonNull<Header>, crate::util::unwind::Payload);
}

/// The future, what it made, or neither.
pub(super) enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Empty,
}

/// The allocation. It is not aligned to cache lines: allocators serve alignments beyond 16 bytes on
/// a slow path (with glibc 2.36 about 100 ns more per task). That costs more than the line that two
/// neighbours may share.
#[repr(C)]
pub(super) struct Cell<F: Future, S> {
    header: Header,
    /// Never changes.
    pub(super) scheduler: S,
    /// task.I2: for the thread that holds RUNNING; after COMPLETE for the owner of the result.
    pub(super) stage: UnsafeCell<Stage<F>>,
}

impl<F, S> Cell<F, S>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    const VTABLE: Vtable = Vtable {
        schedule: schedule::<F, S>,
        begin: <Self as Code>::BEGIN,
        close: <Self as Code>::CLOSE,
        take_output: <Self as Code>::TAKE_OUTPUT,
        dispose_output: <Self as Code>::DISPOSE_OUTPUT,
        report: <Self as Code>::REPORT,
        name: name::<F, S>,
        blocking: S::BLOCKING,
        free: free::<F, S>,
    };

    /// Allocates a task. The caller has to account for its three references: see `State::new`.
    /// (Inlined, as there is one caller: that is 30 instructions less.)
    #[inline(always)]
    pub(super) fn allocate(
        future: F,
        scheduler: S,
        class: Class,
        site: Site,
        id: Id,
    ) -> NonNull<Header> {
        // The memory comes first: then the values can be written straight to their place.
        let place = blocks::take::<Self>();
        let cell = Self {
            header: Header {
                // SAFETY: `Code::RUN` does not unwind; `JobRef`s to it are made by `schedule` only,
                // one for each time that the state says so.
                job: unsafe { job::Header::new(<Self as Code>::RUN) },
                state: State::new(coarse::stamp()),
                vtable: &Self::VTABLE,
                id,
                entry: UnsafeCell::new(None),
                join_waker: UnsafeCell::new(None),
                site,
                polled: AtomicU32::new(0),
                cancel: Cancel::new(),
                heft: Heft::of(site),
                class,
            },
            scheduler,
            stage: UnsafeCell::new(Stage::Future(future)),
        };
        // SAFETY: memory for a cell, and nobody else's.
        unsafe { place.write(cell) };
        place.cast()
    }
}

/// # Safety
///
/// `task` is a `Cell<F, S>`; a job's reference is handed over, and the caller has another one.
unsafe fn schedule<F, S>(task: NonNull<Header>, how: How)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the caller's reference keeps the cell, and with it the scheduler, to the end of the
    // call, even if the job runs and ends meanwhile.
    let (class, scheduler) = unsafe {
        let cell = &*task.cast::<Cell<F, S>>().as_ptr();
        (cell.header.class, &cell.scheduler)
    };
    if scheduler.is_plain() {
        // SAFETY: the header is the first field of a live cell, which the job's reference keeps
        // until it has run. The future is `Send`. task.I1: the state lets one thread at a time make
        // a job.
        let job = unsafe { JobRef::new(task.cast()) };
        scheduler.schedule(job, how, class);
    } else {
        // SAFETY: as above; the scheduler is the cell's.
        unsafe { schedule_observed(task, scheduler, how, class) };
    }
}

/// [`schedule`] in a pool that is closed, or wants to know of its tasks.
///
/// # Safety
///
/// As for [`schedule`]; `scheduler` is the cell's.
#[cold]
unsafe fn schedule_observed<S: Schedule>(
    task: NonNull<Header>,
    scheduler: &S,
    how: How,
    class: Class,
) {
    if scheduler.is_closed() {
        // task.I6: the closing thread goes through all unfinished tasks after this became true.
        // SAFETY: the reference was made for a job, and there will be none.
        unsafe { release(task) };
        return;
    }
    // SAFETY: as in `schedule`.
    let job = unsafe { JobRef::new(task.cast()) };
    let job = observer::probe(scheduler, job, how, class);
    scheduler.schedule(job, how, class);
}

/// # Safety
///
/// `task` is a live `Cell<F, S>`.
unsafe fn name<F: Future, S: Schedule>(task: NonNull<Header>) -> Option<Arc<str>> {
    // SAFETY: the caller's promise.
    unsafe {
        (*task.cast::<Cell<F, S>>().as_ptr())
            .scheduler
            .name()
            .cloned()
    }
}

impl Header {
    /// A poll begins.
    #[inline]
    pub(super) fn note_poll(&self) -> Option<Stopwatch> {
        // Ordering: Relaxed; only shown to people.
        self.polled.store(coarse::stamp(), Ordering::Relaxed);
        self.heft.note_poll(self.site, self.id)
    }

    /// Has no poll begun yet?
    pub(super) fn is_new(&self) -> bool {
        // Ordering: Relaxed, as in `note_poll`; asked by the runner, who is told by the queue.
        self.polled.load(Ordering::Relaxed) == 0
    }

    /// What the task is.
    pub(super) fn kind(&self) -> TaskKind {
        TaskKind::new(self.class.kind(), self.vtable.blocking)
    }

    /// What hooks are told of it.
    pub(super) fn meta(&self) -> TaskMeta<'_> {
        TaskMeta::new(self.id, self.site, self.kind())
    }

    /// The current poll computes.
    pub(super) fn note_computing(&self) {
        self.heft.note_computing(self.site);
    }

    /// Is the next poll likely to compute?
    #[inline]
    pub(super) fn is_heavy(&self) -> bool {
        self.heft.is_heavy()
    }

    /// The task is awaited by the task that the calling thread polls: may it be begun there? See
    /// `nest.rs`.
    #[inline]
    pub(super) fn may_nest(&self) -> bool {
        self.class.is_usual() && self.heft.may_nest()
    }

    pub(super) fn class(&self) -> Class {
        self.class
    }

    /// Asks the scheduler to begin the task on top of the present poll.
    pub(super) fn begin(&self) {
        // SAFETY: `self` is the header of a live cell of the vtable's type.
        unsafe { (self.vtable.begin)(NonNull::from(self)) }
    }
}

/// Describes a task at the time `now`. Reads what any reference may read, and touches neither the
/// future nor the result.
///
/// # Safety
///
/// The task is live during the call.
pub(super) unsafe fn describe(task: NonNull<Header>, now: u32) -> TaskInfo {
    // SAFETY: the caller's promise; the vtable is that of the cell's type.
    let (header, name) = unsafe { (task.as_ref(), (task.as_ref().vtable.name)(task)) };
    let state = header.state.load();
    // Ordering: Relaxed, as in `note_poll`.
    let polled = header.polled.load(Ordering::Relaxed);
    TaskInfo {
        id: header.id,
        name,
        location: header.site,
        state: state.shown(),
        kind: header.kind(),
        priority: header.class.priority(),
        age: state.age(now),
        last_poll: (polled != 0).then(|| coarse::between(polled, now, u32::BITS)),
    }
}

/// # Safety
///
/// `task` is a `Cell<F, S>` without references.
unsafe fn free<F: Future, S>(task: NonNull<Header>) {
    let place = task.cast::<Cell<F, S>>();
    // SAFETY: no other pointer to it is left, and the memory came from `blocks` (`allocate`).
    unsafe {
        let cell = &mut *place.as_ptr();
        // Does nothing, except that a model checker sees that all other accesses have ended.
        cell.stage.with_mut(|_| ());
        cell.header.join_waker.with_mut(|_| ());
        cell.header.entry.with_mut(|_| ());
        place.drop_in_place();
        blocks::give(place);
    }
}

/// Gives up one reference.
///
/// # Safety
///
/// The reference is the caller's, who does not use it again.
#[inline]
pub(super) unsafe fn release(task: NonNull<Header>) {
    loop {
        // SAFETY: the reference that is being given up keeps the cell until `drop_ref`.
        match unsafe { (*task.as_ptr()).state.drop_ref() } {
            Dropped::Alive => return,
            // SAFETY: that was the last reference.
            Dropped::Last => return unsafe { free_cell(task) },
            // SAFETY: our reference was not given up, and the state made one for a job.
            Dropped::Orphaned => unsafe { submit(task, How::Wake) },
        }
    }
}

/// # Safety
///
/// There is no reference left.
#[inline]
pub(super) unsafe fn free_cell(task: NonNull<Header>) {
    // SAFETY: the cell is ours alone; the vtable is that of its type.
    unsafe { ((*task.as_ptr()).vtable.free)(task) }
}

/// Passes a job to the scheduler.
///
/// # Safety
///
/// The state asked for the job and made a reference for it; the caller has another one.
#[inline]
pub(super) unsafe fn submit(task: NonNull<Header>, how: How) {
    // SAFETY: the caller's duties are those of the vtable function.
    unsafe { ((*task.as_ptr()).vtable.schedule)(task, how) }
}

/// Wakes the task.
///
/// # Safety
///
/// The caller has a reference during the call.
#[inline]
pub(super) unsafe fn wake(task: NonNull<Header>, how: How) {
    // SAFETY: the caller's reference keeps the cell.
    match unsafe { (*task.as_ptr()).state.wake() } {
        Notify::Nothing => {}
        // SAFETY: the state made a reference for the job, and the caller has another one.
        Notify::Schedule => unsafe { submit(task, how) },
    }
}

/// Polls a task.
///
/// # Safety
///
/// RUNNING is the caller's, and a reference, which is handed over.
pub(super) unsafe fn poll_begun(task: NonNull<Header>) {
    // SAFETY: the function is that of the cell's type, and told that the right to run is used.
    unsafe { JobRef::new(task.cast()).execute(BEGUN) }
}

/// Calls [`Code::CLOSE`] for the task's type.
///
/// # Safety
///
/// A reference is handed over.
pub(super) unsafe fn close(task: NonNull<Header>) {
    // SAFETY: the vtable is that of the cell's type; the duty is the caller's.
    unsafe { ((*task.as_ptr()).vtable.close)(task) }
}

/// One counted reference.
#[derive(Debug)]
pub(super) struct TaskRef(NonNull<Header>);

// SAFETY: all that a reference alone gives access to (state, id, cancel flag, vtable) is made for
// any thread. The future that its last drop may free or schedule is `Send`.
unsafe impl Send for TaskRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// # Safety
    ///
    /// One reference is handed over.
    pub(super) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
    }

    pub(super) fn as_raw(&self) -> NonNull<Header> {
        self.0
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: our reference keeps the cell.
        unsafe { self.0.as_ref() }
    }

    /// Asks for the end of the task.
    pub(super) fn abort(&self) {
        let header = self.header();
        header.cancel.cancel();
        match header.state.abort() {
            Notify::Nothing => {}
            // A worker drops the future, never the aborting thread: the destructor may be slow, may
            // need the aborting thread's locks, and belongs to the pool.
            // SAFETY: the state made a reference for the job, and we have another one.
            Notify::Schedule => unsafe { submit(self.0, How::Wake) },
        }
    }

    /// Moves the result out.
    ///
    /// # Safety
    ///
    /// The task was seen complete, the result is the caller's (task.I2), `T` is its type.
    pub(super) unsafe fn take_output<T>(&self) -> Option<Result<T, JoinError>> {
        let mut output: Option<Result<T, JoinError>> = None;
        // SAFETY: the caller's promises; the destination has the type that the function expects.
        unsafe { (self.header().vtable.take_output)(self.0, (&raw mut output).cast()) };
        output
    }

    /// Drops the result where it is.
    ///
    /// # Safety
    ///
    /// The task was seen complete, and the result is the caller's (task.I2).
    pub(super) unsafe fn dispose_output(&self) {
        // SAFETY: the caller's promises.
        unsafe { (self.header().vtable.dispose_output)(self.0) }
    }

    /// Reports a panic that no handle will report.
    pub(super) fn report(&self, payload: crate::util::unwind::Payload) {
        // SAFETY: our reference keeps the cell.
        unsafe { (self.header().vtable.report)(self.0, payload) }
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.header().state.add_ref();
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and not used again.
        unsafe { release(self.0) }
    }
}
