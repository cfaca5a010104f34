//! Running a task: poll it or cancel it, store the result, tell the handle.
//!
//! All user code of a task runs in this file, or in the drop of its handle, each time inside
//! [`unwind::catch`]. It is the future's `poll` and `drop`, the output's `drop`, and the join
//! waker's `wake` and `drop`.

use super::cell::{self, Cell, Code, Header, Stage};
use super::nest::{self, Unbegun};
use super::observer::{self, Moment, Observed};
use super::state::{AfterPoll, Completed, Start, WakerReleased};
use super::{How, JoinError, Schedule, Spot, coop, current, waker};
use crate::job::cancel::CancelRef;
use crate::job::origin;
use crate::job::{self, BEGUN, JobRef, SeatIndex};
use crate::sim;
use crate::trace;
use crate::util::unwind::{self, AbortOnDrop, Payload};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

// SAFETY: `run` ends the process rather than to unwind.
unsafe impl<F, S> Code for Cell<F, S>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    const RUN: unsafe fn(NonNull<job::Header>, SeatIndex) = run::<F, S>;
    const BEGIN: unsafe fn(NonNull<Header>) = begin::<F, S>;
    const CLOSE: unsafe fn(NonNull<Header>) = close::<F, S>;
    const TAKE_OUTPUT: unsafe fn(NonNull<Header>, *mut ()) = take_output::<F, S>;
    const DISPOSE_OUTPUT: unsafe fn(NonNull<Header>) = dispose_output::<F, S>;
    const REPORT: unsafe fn(NonNull<Header>, Payload) = report::<F, S>;
}

/// Executes a job: uses the right to run once. Consumes the job's reference. Or, with [`BEGUN`] in
/// place of a seat, polls a task whose awaiter has used that right.
///
/// # Safety
///
/// `job` is the header of a `Cell<F, S>`, and belongs to a `JobRef` made for it. With [`BEGUN`],
/// the caller holds RUNNING and a reference, which is consumed.
unsafe fn run<F, S>(job: NonNull<job::Header>, seat: SeatIndex)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let guard = AbortOnDrop("a task contains every panic of its future");
    nest::job_begins();
    let task = job.cast::<Header>();
    // SAFETY: the job's reference keeps the cell until we give it up, in one of the branches
    // below, each of which does so last.
    unsafe {
        let start = match seat {
            BEGUN => Start::Poll,
            _ => (*task.as_ptr()).state.start(),
        };
        match start {
            Start::Poll => poll::<F, S>(task),
            Start::Cancel => {
                cancel_future::<F, S>(task);
                complete::<F, S>(task);
            }
            Start::Stale => cell::release(task),
        }
    }
    guard.disarm();
}

/// Asks the scheduler whether the task, which is awaited, is to be begun here.
///
/// # Safety
///
/// `task` is a live `Cell<F, S>`, and stays so for the call.
unsafe fn begin<F: Future, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    let (header, scheduler) = unsafe {
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        (task.as_ref(), &typed.scheduler)
    };
    scheduler.begin_awaited(&Unbegun::new(header));
}

/// Cancels a task on behalf of a closing pool, unless it is running; then its runner cancels it.
/// Consumes the reference of the list of unfinished tasks.
///
/// # Safety
///
/// `task` is a `Cell<F, S>`, and a reference is handed over.
unsafe fn close<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let guard = AbortOnDrop("a task contains every panic of its future");
    // SAFETY: the reference keeps the cell until we give it up, last in each branch.
    unsafe {
        (*task.as_ptr()).cancel.cancel();
        if (*task.as_ptr()).state.close() {
            cancel_future::<F, S>(task);
            complete::<F, S>(task);
        } else {
            cell::release(task);
        }
    }
    guard.disarm();
}

/// # Safety
///
/// The caller holds RUNNING and a reference, which is consumed.
#[inline(always)]
unsafe fn poll<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the reference keeps the cell. `typed` is not used after `submit` or `complete`, which
    // give it up.
    unsafe {
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        let state = &(*task.as_ptr()).state;
        if (*task.as_ptr()).is_heavy() && typed.scheduler.puts_heavy_aside() {
            return put_aside::<F, S>(task);
        }
        let mut observed = None;
        if !typed.scheduler.is_plain() {
            if typed.scheduler.is_closed() {
                cancel_future::<F, S>(task);
                return complete::<F, S>(task);
            }
            observe::<F, S>(task, &mut observed);
        }
        let polled = poll_once::<F, S>(task);
        if let Some(observed) = observed {
            observed.end(&typed.scheduler, task.as_ref().meta());
        }
        if polled.is_pending() {
            sim::point(sim::Kind::Poll);
            let class = (*task.as_ptr()).class();
            // Most polls end without a wake, and need no queue.
            let mut spot = None;
            let after = state.after_poll(|| {
                if typed.scheduler.is_plain() {
                    spot = typed.scheduler.spot().filter(|spot| spot.has_queue(class));
                }
                spot.is_some()
            });
            match (after, spot) {
                (AfterPoll::Idle, _) => return,
                // task.I1: the state lets us make a job; our reference is its own.
                (AfterPoll::Notified, Some(spot)) => {
                    return spot.push_yielded(JobRef::new(task.cast()));
                }
                (AfterPoll::Notified, None) => {
                    cell::submit(task, How::Yield);
                    return cell::release(task);
                }
                (AfterPoll::Cancel, _) => cancel_future::<F, S>(task),
            }
        }
        complete::<F, S>(task);
    }
}

/// A poll begins of which the pool wants to know. (The first poll of a closure for blocking only
/// puts it into the queue.)
///
/// # Safety
///
/// `task` is a live `Cell<F, S>`.
#[cold]
#[inline(never)]
unsafe fn observe<F: Future, S: Schedule>(task: NonNull<Header>, to: &mut Option<Observed>) {
    // SAFETY: the caller's promise.
    let (header, typed) = unsafe { (task.as_ref(), &*task.cast::<Cell<F, S>>().as_ptr()) };
    if !(S::BLOCKING && header.is_new()) {
        *to = Observed::begin(&typed.scheduler, header.meta());
    }
}

/// Leaves the task to another thread instead of polling it, as if a poll had asked for another one.
///
/// # Safety
///
/// The caller holds RUNNING and a reference, which is consumed.
#[cold]
unsafe fn put_aside<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the reference keeps the cell until we give it up, last in each branch.
    unsafe {
        let state = &(*task.as_ptr()).state;
        // The task is running, so nothing is to be scheduled yet.
        let _ = state.wake();
        match state.after_poll(|| false) {
            AfterPoll::Idle => unreachable!("it was woken just now"),
            AfterPoll::Notified => {
                cell::submit(task, How::Aside);
                cell::release(task);
            }
            AfterPoll::Cancel => {
                cancel_future::<F, S>(task);
                complete::<F, S>(task);
            }
        }
    }
}

/// Polls the future. If it is ready or has panicked, drops it and stores the result. (Inlined, as
/// there is one caller: that is 20 instructions less.)
///
/// # Safety
///
/// The caller holds RUNNING and a reference.
#[inline(always)]
unsafe fn poll_once<F, S>(task: NonNull<Header>) -> Poll<()>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the caller's reference keeps the cell.
    let (header, typed) = unsafe {
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        (task.as_ref(), typed)
    };
    let (mut output, mut stopwatch) = (None, None);
    let polled = unwind::catch(|| {
        // SAFETY: the caller's reference outlasts the guard.
        let _entered = unsafe { current::enter(header) };
        stopwatch = header.note_poll().map(|watch| (watch, nest::begun()));
        let _traced = trace::poll(header.id.number(), Some(header.site), || {
            typed.scheduler.name()
        });
        // SAFETY: job.J3: the flag lives in the cell; jobs made by the poll end before it does,
        // because waits inside it are closed. The share is what the thread is under already.
        let _under = unsafe { origin::enter_flag(CancelRef::to(&header.cancel)) };
        // SAFETY: our reference outlasts the borrowed waker.
        let waker = unsafe { waker::borrow(task) };
        typed.stage.with_mut(|stage| {
            // SAFETY: task.I2: RUNNING is ours. The future does not move until it is dropped in
            // place.
            let stage = unsafe { &mut *stage };
            let Stage::Future(future) = stage else {
                unreachable!("a task that runs has its future")
            };
            // SAFETY: as above.
            let future = unsafe { Pin::new_unchecked(future) };
            match in_span(&typed.scheduler, || {
                coop::poll(future, &mut Context::from_waker(&waker))
            }) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(ready) => {
                    output = Some(ready);
                    // Parallel loops in destructors are not cut short.
                    // SAFETY: job.J3: there is no flag that would have to live, and the share is
                    // what the thread is under already.
                    let _under = unsafe { origin::enter_flag(CancelRef::NONE) };
                    // Should the drop panic, the stage is empty nevertheless: that is how
                    // assignment unwinds.
                    *stage = Stage::Empty;
                    Poll::Ready(())
                }
            }
        })
    });
    if let Some((watch, begun)) = stopwatch {
        // A poll that began other tasks on top of it was not the time of this one.
        if nest::begun() == begun {
            watch.stop(header.site);
        }
    }
    let result = match (polled, output) {
        (Ok(Poll::Pending), _) => return Poll::Pending,
        (Ok(Poll::Ready(())), output) => Ok(output.expect("set where it is ready")),
        // The drop of the future panicked; the output is lost.
        (Err(payload), Some(output)) => {
            if let Err(second) = drop_for(task, output) {
                typed.scheduler.unhandled_panic(second);
            }
            Err(JoinError::panicked(header.id, payload))
        }
        (Err(payload), None) => {
            // SAFETY: task.I2: RUNNING is ours.
            let dropped = unsafe { drop_future(task, typed) };
            // The handle gets the first panic of the task.
            if let Err(second) = dropped {
                typed.scheduler.unhandled_panic(second);
            }
            Err(JoinError::panicked(header.id, payload))
        }
    };
    // SAFETY: task.I2: RUNNING is ours, and the future has been dropped.
    unsafe { store(typed, result) };
    Poll::Ready(())
}

/// Drops the future and stores that the task was cancelled (or that the drop panicked).
///
/// # Safety
///
/// The caller holds RUNNING and a reference.
unsafe fn cancel_future<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the caller's reference keeps the cell. task.I2: RUNNING is the caller's.
    unsafe {
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        let id = task.as_ref().id;
        let error = match drop_future(task, typed) {
            Ok(()) => JoinError::cancelled(id),
            Err(payload) => JoinError::panicked(id, payload),
        };
        store(typed, Err(error));
    }
}

/// Announces the result, and gives up the caller's reference and that of the list.
///
/// # Safety
///
/// The caller holds RUNNING and a reference, which is consumed. The result is stored.
unsafe fn complete<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the caller's reference keeps the cell until it is given up, last in each branch.
    unsafe {
        let header = task.as_ref();
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        if !typed.scheduler.is_plain() {
            observer::tell(&typed.scheduler, Moment::Terminate, header.meta());
        }
        // The task leaves the list first, so that one write gives up both references. The closing
        // pool need not find it there: it is about to complete anyway.
        let own = 1 + usize::from(typed.scheduler.owned().remove(task));
        let last = match header.state.complete(own) {
            Completed::Released => false,
            Completed::Alone => {
                // task.I2: there is no handle, so the result is the runner's.
                dispose_output::<F, S>(task);
                true
            }
            Completed::Dispose => {
                // task.I2: as above.
                dispose_output::<F, S>(task);
                header.state.drop_refs(own)
            }
            Completed::Wake => wake_handle::<F, S>(task, own),
        };
        if last {
            cell::free_cell(task);
        }
    }
}

/// Wakes the awaiter of the handle, then lets go of the waker and of the runner's references.
/// Returns whether those were the last ones.
///
/// # Safety
///
/// The caller has set COMPLETE while JOIN_WAKER was set, and has `own` references, which are
/// consumed.
unsafe fn wake_handle<F: Future, S: Schedule>(task: NonNull<Header>, own: usize) -> bool {
    // SAFETY: the caller's references keep the cell until `release_waker` or `drop_refs`, after
    // which it is not touched.
    unsafe {
        let header = task.as_ref();
        // task.I3: COMPLETE and JOIN_WAKER are set: the slot is filled, and all threads only read
        // it.
        let woken = header.join_waker.with(|slot| {
            let waker = (*slot).as_ref().expect("JOIN_WAKER says that it is there");
            unwind::catch(|| waker::wake_awaiter(waker))
        });
        if let Err(payload) = woken {
            report::<F, S>(task, payload);
        }
        if header.state.release_waker(own) == WakerReleased::ToHandle {
            return false;
        }
        // task.I3: COMPLETE is set, JOIN_WAKER and JOIN_INTEREST are not, and the runner found them
        // so: the slot is the runner's.
        let waker = header.join_waker.with_mut(|slot| (*slot).take());
        if let Err(payload) = unwind::catch_drop(waker) {
            report::<F, S>(task, payload);
        }
        header.state.drop_refs(own)
    }
}

/// Moves the result into `*to`, an `Option<Result<F::Output, JoinError>>`, if it is still there.
///
/// # Safety
///
/// `task` is a complete `Cell<F, S>`, and the result is the caller's (task.I2). `to` is valid for
/// writes and of that type.
unsafe fn take_output<F, S>(task: NonNull<Header>, to: *mut ())
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: the caller's promises.
    unsafe {
        let typed = &*task.cast::<Cell<F, S>>().as_ptr();
        let stage = typed
            .stage
            .with_mut(|stage| std::mem::replace(&mut *stage, Stage::Empty));
        if let Stage::Output(result) = stage {
            *to.cast::<Option<Result<F::Output, JoinError>>>() = Some(result);
        }
    }
}

/// Drops the result, if it is still there, and reports a panic that it carries or causes.
///
/// # Safety
///
/// `task` is a complete `Cell<F, S>`, and the result is the caller's (task.I2).
unsafe fn dispose_output<F, S>(task: NonNull<Header>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let mut output: Option<Result<F::Output, JoinError>> = None;
    // SAFETY: the caller's promises.
    let scheduler = unsafe {
        take_output::<F, S>(task, (&raw mut output).cast());
        &(*task.cast::<Cell<F, S>>().as_ptr()).scheduler
    };
    let lost = match output {
        None => None,
        Some(Ok(output)) => drop_for(task, output).err(),
        Some(Err(error)) => error.try_into_panic().ok(),
    };
    if let Some(payload) = lost {
        scheduler.unhandled_panic(payload);
    }
}

/// Reports a panic that no handle will report.
///
/// # Safety
///
/// `task` is a live `Cell<F, S>`.
unsafe fn report<F: Future, S: Schedule>(task: NonNull<Header>, payload: Payload) {
    // SAFETY: the caller's promise.
    let scheduler = unsafe { &(*task.cast::<Cell<F, S>>().as_ptr()).scheduler };
    scheduler.unhandled_panic(payload);
}

/// Runs code of the task inside its span.
#[inline]
fn in_span<S: Schedule, R>(scheduler: &S, f: impl FnOnce() -> R) -> R {
    match scheduler.span() {
        Some(span) => span.run(f),
        None => f(),
    }
}

/// Drops the future in place, in the name of the task.
///
/// # Safety
///
/// The caller holds RUNNING (task.I2) and a reference.
unsafe fn drop_future<F: Future, S: Schedule>(
    task: NonNull<Header>,
    typed: &Cell<F, S>,
) -> Result<(), Payload> {
    in_the_name_of(task, || {
        in_span(&typed.scheduler, || {
            // SAFETY: the caller's promise. Even if the old value's drop panics, the new value is
            // in place: that is how assignment unwinds.
            typed
                .stage
                .with_mut(|stage| unsafe { *stage = Stage::Empty });
        });
    })
}

/// Stores the result.
///
/// # Safety
///
/// The caller holds RUNNING (task.I2) and a reference. The stage is empty.
unsafe fn store<F: Future, S>(typed: &Cell<F, S>, result: Result<F::Output, JoinError>) {
    typed.stage.with_mut(|stage| {
        // SAFETY: the caller's promise; nothing is overwritten that would have to be dropped.
        unsafe { stage.write(Stage::Output(result)) }
    });
}

/// Drops an output in the name of the task that made it.
fn drop_for<T>(task: NonNull<Header>, output: T) -> Result<(), Payload> {
    in_the_name_of(task, move || drop(output))
}

/// Runs destructors in the name of a task: `task::id()` tells its id in them, and their parallel
/// loops are not cut short.
fn in_the_name_of(task: NonNull<Header>, f: impl FnOnce()) -> Result<(), Payload> {
    unwind::catch(|| {
        // SAFETY: the callers have a reference. job.J3: there is no flag that would have to live,
        // and the share is what the thread is under already.
        let (_entered, _under) = unsafe {
            (
                current::enter(task.as_ref()),
                origin::enter_flag(CancelRef::NONE),
            )
        };
        f();
    })
}
