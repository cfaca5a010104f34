//! One thread at a time; events are counted, and everything is dropped once.

#![allow(clippy::waker_clone_wake)] // That is what some of these tests are about.

use super::super::state::State;
use super::{Mock, spawn, spawn_compute};
use crate::job::cancel::{CancelRef, Cancelled};
use crate::job::origin;
use crate::task::{self, AbortHandle, CancelOnDrop, How, Id, JoinError, JoinHandle};
use crate::util::unwind;
use crate::util::wakes::Wakes;
use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

/// Panics without a message on the terminal.
fn panic_quietly(payload: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(payload))
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn ready<T>(handle: &mut JoinHandle<T>) -> Result<T, JoinError> {
    match poll(handle, Waker::noop()) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the task is not complete"),
    }
}

/// Nothing is left: every cell gave back its scheduler.
fn assert_clean(pool: &Arc<Mock>) {
    assert_eq!(pool.queued(), 0);
    assert!(pool.owned.is_empty());
    assert_eq!(Arc::strong_count(pool), 1, "a cell was leaked");
}

#[derive(Default)]
struct Events {
    polls: AtomicUsize,
    future_drops: AtomicUsize,
    outputs: AtomicUsize,
    output_drops: AtomicUsize,
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Where the task under test is told to panic.
#[derive(Clone, Copy, Debug)]
struct Panics {
    poll: bool,
    future: bool,
    output: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    During,
    After,
    Never,
}

const WHENS: [When; 4] = [When::Before, When::During, When::After, When::Never];

struct Output {
    events: Arc<Events>,
    panics: bool,
}

impl Drop for Output {
    fn drop(&mut self) {
        add(&self.events.output_drops);
        if self.panics {
            panic_quietly("output");
        }
    }
}

type Meanwhile = Box<dyn FnOnce() + Send>;

/// A future that is pending `pendings` times and wakes itself each time; then it gives an output,
/// or panics.
struct Probe {
    events: Arc<Events>,
    panics: Panics,
    pendings: usize,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl Future for Probe {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        add(&self.events.polls);
        if let Some(action) = self.meanwhile.lock().unwrap().take() {
            action();
        }
        if self.pendings > 0 {
            self.pendings -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.panics.poll {
            panic_quietly("poll");
        }
        add(&self.events.outputs);
        Poll::Ready(Output {
            events: self.events.clone(),
            panics: self.panics.output,
        })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        add(&self.events.future_drops);
        if self.panics.future {
            panic_quietly("future");
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Output,
    Panic,
    Cancelled,
}

/// How the probe's task should end, and how many panics have no handle to go to.
fn expected(panics: Panics, pendings: usize, abort: When, drop_handle: When) -> (Ending, usize) {
    let cancelled = abort == When::Before || (abort == When::During && pendings > 0);
    let (ending, mut lost) = match (cancelled, panics) {
        (true, Panics { future: false, .. }) => (Ending::Cancelled, 0),
        (true, Panics { future: true, .. }) => (Ending::Panic, 0),
        (
            false,
            Panics {
                poll: true, future, ..
            },
        ) => (Ending::Panic, usize::from(future)),
        (
            false,
            Panics {
                future: true,
                output,
                ..
            },
        ) => (Ending::Panic, usize::from(output)),
        (false, _) => (Ending::Output, 0),
    };
    if drop_handle != When::Never {
        lost += match ending {
            Ending::Output => usize::from(panics.output),
            Ending::Panic => 1,
            Ending::Cancelled => 0,
        };
    }
    (ending, lost)
}

fn check_case(panics: Panics, pendings: usize, abort: When, mut drop_handle: When) {
    let case = format!("{panics:?}, {pendings} pending, abort {abort:?}, drop {drop_handle:?}");
    if abort == When::Before && drop_handle == When::During {
        // There will be no poll in which to drop it.
        drop_handle = When::Never;
    }
    let pool = Mock::new();
    let events = Arc::new(Events::default());
    let meanwhile = Arc::new(Mutex::new(None));
    let handle = spawn(
        Probe {
            events: events.clone(),
            panics,
            pendings,
            meanwhile: meanwhile.clone(),
        },
        pool.clone(),
    );
    let aborter = handle.abort_handle();
    let handle = Arc::new(Mutex::new(Some(handle)));
    let act = {
        let (handle, aborter) = (handle.clone(), aborter.clone());
        move |now: When| {
            if abort == now {
                aborter.abort();
            }
            if drop_handle == now {
                drop(handle.lock().unwrap().take());
            }
        }
    };

    act(When::Before);
    *meanwhile.lock().unwrap() = Some(Box::new({
        let act = act.clone();
        move || act(When::During)
    }));
    let runs = pool.run_all();
    assert!(aborter.is_finished(), "{case}");
    assert_eq!(count(&events.future_drops), 1, "{case}");
    act(When::After);
    meanwhile.lock().unwrap().take();
    drop(act);

    let (ending, lost) = expected(panics, pendings, abort, drop_handle);
    let left = handle.lock().unwrap().take();
    if let Some(mut left) = left {
        let result = ready(&mut left);
        let got = match &result {
            Ok(_) => Ending::Output,
            Err(error) if error.is_panic() => Ending::Panic,
            Err(_) => Ending::Cancelled,
        };
        assert_eq!(got, ending, "{case}");
        let dropped = unwind::catch_drop(result);
        let panics_here = ending == Ending::Output && panics.output;
        assert_eq!(dropped.is_err(), panics_here, "{case}");
    }
    drop(aborter);
    assert_eq!(pool.take_panics(), lost, "{case}");
    let polls = match abort {
        When::Before => 0,
        When::During => 1,
        When::After | When::Never => 1 + pendings,
    };
    assert_eq!(count(&events.polls), polls, "{case}");
    // A task that is cancelled before or between polls is not run more often for that.
    let expected_runs = if abort == When::Before { 1 } else { polls };
    assert_eq!(runs, expected_runs, "{case}");
    assert_eq!(count(&events.future_drops), 1, "{case}");
    assert_eq!(
        count(&events.outputs),
        count(&events.output_drops),
        "{case}"
    );
    assert_clean(&pool);
}

#[test]
fn every_combination_of_panics_drops_and_aborts_drops_everything_once() {
    let mut cases = 0;
    for bits in 0..8 {
        let panics = Panics {
            poll: bits & 1 != 0,
            future: bits & 2 != 0,
            output: bits & 4 != 0,
        };
        for pendings in [0, 1] {
            for abort in WHENS {
                for drop_handle in WHENS {
                    check_case(panics, pendings, abort, drop_handle);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 256);
}

/// A future that waits for ever, and a place where it leaves its waker.
fn waiting(keep: bool) -> (impl Future<Output = Arc<()>> + Send, Shared) {
    let shared = Shared::default();
    let inside = shared.clone();
    let token = shared.token.clone();
    let future = std::future::poll_fn(move |cx| {
        let mut slot = inside.slot.lock().unwrap();
        if slot.done {
            return Poll::Ready(token.clone());
        }
        if keep {
            slot.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    });
    (future, shared)
}

#[derive(Default)]
struct Slot {
    waker: Option<Waker>,
    done: bool,
}

#[derive(Clone, Default)]
struct Shared {
    slot: Arc<Mutex<Slot>>,
    token: Arc<()>,
}

impl Shared {
    fn waker(&self) -> Waker {
        self.slot.lock().unwrap().waker.take().unwrap()
    }

    fn future_is_alive(&self) -> bool {
        Arc::strong_count(&self.token) > 1
    }

    fn set_done(&self) {
        self.slot.lock().unwrap().done = true;
    }
}

#[test]
fn an_output_reaches_the_handle_and_the_first_run_is_a_spawn() {
    let pool = Mock::new();
    let mut handle = spawn(async { 7 }, pool.clone());
    assert!(!handle.is_finished());
    assert!(poll(&mut handle, Waker::noop()).is_pending());
    assert_eq!(pool.run(), Some(How::Spawn));
    assert!(handle.is_finished());
    assert_eq!(ready(&mut handle).unwrap(), 7);
    drop(handle);
    assert_clean(&pool);
}

#[test]
#[should_panic(expected = "polled again")]
fn a_handle_gives_its_result_once() {
    let pool = Mock::new();
    let mut handle = spawn(async {}, pool.clone());
    pool.run_all();
    ready(&mut handle).unwrap();
    let _ = ready(&mut handle);
}

#[test]
fn wakes_of_an_idle_task_schedule_it_once() {
    let pool = Mock::new();
    let (future, shared) = waiting(true);
    let mut handle = spawn(future, pool.clone());
    pool.run_all();
    assert_eq!(pool.queued(), 0);
    let waker = shared.waker();
    waker.wake_by_ref();
    waker.clone().wake();
    waker.wake();
    assert_eq!(pool.queued(), 1);
    shared.set_done();
    assert_eq!(pool.run(), Some(How::Wake));
    assert!(ready(&mut handle).is_ok());
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_wake_during_the_poll_is_a_yield_and_reschedules_once() {
    let pool = Mock::new();
    let mut polls = 0;
    let future = std::future::poll_fn(move |cx| {
        polls += 1;
        if polls == 3 {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        cx.waker().clone().wake();
        Poll::Pending
    });
    let mut handle = spawn(future, pool.clone());
    assert_eq!(pool.run(), Some(How::Spawn));
    assert_eq!(pool.queued(), 1);
    assert_eq!(pool.run(), Some(How::Yield));
    assert_eq!(pool.run(), Some(How::Yield));
    assert_eq!(pool.run(), None);
    assert_eq!(ready(&mut handle).unwrap(), 3);
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn yield_now_goes_to_the_back_of_the_queue() {
    let pool = Mock::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let task = |name: &'static str| {
        let log = log.clone();
        async move {
            for _ in 0..2 {
                log.lock().unwrap().push(name);
                task::yield_now().await;
            }
        }
    };
    drop(spawn(task("a"), pool.clone()));
    drop(spawn(task("b"), pool.clone()));
    pool.run_all();
    assert_eq!(*log.lock().unwrap(), ["a", "b", "a", "b"]);
    assert_clean(&pool);
}

#[test]
fn a_wake_after_completion_does_nothing_and_a_waker_keeps_only_the_cell() {
    let pool = Mock::new();
    let (future, shared) = waiting(true);
    let handle = spawn(future, pool.clone());
    pool.run_all();
    let waker = shared.waker();
    shared.set_done();
    waker.wake_by_ref();
    pool.run_all();
    assert!(handle.is_finished());
    drop(handle);
    assert!(!shared.future_is_alive());
    waker.wake_by_ref();
    waker.clone().wake();
    assert_eq!(pool.queued(), 0);
    let weak = Arc::downgrade(&pool);
    drop(pool);
    assert!(weak.upgrade().is_some(), "the cell owns its scheduler");
    waker.wake();
    assert!(weak.upgrade().is_none());
}

#[test]
fn the_last_waker_of_a_detached_task_has_its_future_dropped_by_a_worker() {
    let pool = Mock::new();
    let (future, shared) = waiting(true);
    drop(spawn(future, pool.clone()));
    pool.run_all();
    let waker = shared.waker();
    let second = waker.clone();
    drop(waker);
    assert_eq!(pool.queued(), 0);
    drop(second);
    assert!(shared.future_is_alive(), "not on this thread");
    assert_eq!(pool.run(), Some(How::Wake));
    assert!(!shared.future_is_alive());
    assert_clean(&pool);
}

#[test]
fn a_detached_task_that_keeps_no_waker_ends_with_its_poll() {
    let pool = Mock::new();
    let (future, shared) = waiting(false);
    drop(spawn(future, pool.clone()));
    assert_eq!(pool.run_all(), 1);
    assert!(!shared.future_is_alive());
    assert_clean(&pool);
}

#[test]
fn a_handle_keeps_a_task_that_nobody_can_wake() {
    let pool = Mock::new();
    let (future, shared) = waiting(false);
    let handle = spawn(future, pool.clone());
    let aborter = handle.abort_handle();
    pool.run_all();
    assert!(shared.future_is_alive());
    drop(handle);
    assert_eq!(pool.queued(), 0, "the abort handle is left");
    drop(aborter);
    pool.run_all();
    assert!(!shared.future_is_alive());
    assert_clean(&pool);
}

#[test]
fn an_abort_of_an_idle_task_leaves_the_drop_to_a_worker() {
    let pool = Mock::new();
    let (future, shared) = waiting(true);
    let mut handle = spawn(future, pool.clone());
    pool.run_all();
    handle.abort();
    handle.abort();
    assert!(shared.future_is_alive());
    assert!(!handle.is_finished());
    assert_eq!(pool.queued(), 1);
    pool.run_all();
    assert!(!shared.future_is_alive());
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    drop(handle);
    shared.waker().wake();
    assert_clean(&pool);
}

#[test]
fn cancel_on_drop_aborts_and_passes_the_result_on() {
    let pool = Mock::new();
    let (future, shared) = waiting(true);
    let task = spawn(future, pool.clone()).cancel_on_drop();
    let watch = task.abort_handle();
    pool.run_all();
    drop(task);
    pool.run_all();
    assert!(watch.is_finished());
    assert!(!shared.future_is_alive());
    drop((watch, shared.waker()));
    let mut task = spawn(async { 3 }, pool.clone()).cancel_on_drop();
    pool.run_all();
    let Poll::Ready(result) = poll(&mut task, Waker::noop()) else {
        panic!("complete")
    };
    assert_eq!(result.unwrap(), 3);
    drop(task);
    assert_clean(&pool);
}

#[test]
fn closing_cancels_idle_queued_and_later_tasks_at_once() {
    let pool = Mock::new();
    let (future, idle) = waiting(true);
    let mut first = spawn(future, pool.clone());
    pool.run_all();
    let (future, queued) = waiting(true);
    let mut second = spawn(future, pool.clone());
    pool.closed.store(true, Ordering::Relaxed);
    pool.owned.close_and_cancel_all();
    assert!(!idle.future_is_alive() && !queued.future_is_alive());
    assert!(ready(&mut first).unwrap_err().is_cancelled());
    assert!(ready(&mut second).unwrap_err().is_cancelled());
    let (future, late) = waiting(true);
    let mut third = spawn(future, pool.clone());
    assert!(!late.future_is_alive());
    assert!(ready(&mut third).unwrap_err().is_cancelled());
    idle.waker().wake();
    assert_eq!(pool.queued(), 1, "the stale job of the second task");
    pool.run_all();
    drop((first, second, third));
    assert_clean(&pool);
}

#[test]
fn a_queued_task_is_not_polled_once_the_pool_is_closed() {
    let pool = Mock::new();
    let mut handle = spawn(async { unreachable!() }, pool.clone());
    pool.closed.store(true, Ordering::Relaxed);
    pool.run_all();
    let result: Result<(), _> = ready(&mut handle);
    assert!(result.unwrap_err().is_cancelled());
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_task_that_closes_its_pool_finishes_its_poll_and_is_cancelled() {
    let pool = Mock::new();
    let inside = pool.clone();
    let token = Arc::new(());
    let kept = token.clone();
    let future = async move {
        inside.close();
        assert_eq!(Arc::strong_count(&kept), 2);
        task::yield_now().await;
        unreachable!();
    };
    let mut handle = spawn(future, pool.clone());
    assert_eq!(pool.run_all(), 1);
    assert_eq!(Arc::strong_count(&token), 1);
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_panic_while_closing_goes_to_the_handle_and_the_rest_is_cancelled() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_quietly("bomb");
        }
    }
    let pool = Mock::new();
    let bomb = Bomb;
    let mut bad = spawn(async move { drop(bomb) }, pool.clone());
    let mut good = spawn(async {}, pool.clone());
    pool.close();
    assert!(ready(&mut bad).unwrap_err().is_panic());
    assert!(ready(&mut good).unwrap_err().is_cancelled());
    drop((bad, good));
    assert_eq!(pool.take_panics(), 0);
    assert_clean(&pool);
}

#[test]
fn the_awaiter_is_woken_and_a_new_awaiter_replaces_the_old() {
    let ((old, waker), (new, newer)) = (Wakes::count(), Wakes::count());
    let pool = Mock::new();
    let mut handle = spawn(async {}, pool.clone());
    assert!(poll(&mut handle, &waker).is_pending());
    assert!(poll(&mut handle, &waker).is_pending());
    assert_eq!(Arc::strong_count(&old), 3, "not cloned again");
    assert!(poll(&mut handle, &newer).is_pending());
    drop(newer);
    assert_eq!(Arc::strong_count(&old), 2);
    pool.run_all();
    assert_eq!((old.so_far(), new.so_far()), (0, 1));
    drop(handle);
    assert_eq!(Arc::strong_count(&new), 1);
    let mut detached = spawn(async {}, pool.clone());
    assert!(poll(&mut detached, &waker).is_pending());
    drop(detached);
    assert_eq!(Arc::strong_count(&old), 2);
    pool.run_all();
    assert_eq!(old.so_far(), 0);
    assert_clean(&pool);
}

#[test]
fn a_panicking_waker_of_the_awaiter_harms_nobody() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic_quietly("wake");
        }
        fn wake_by_ref(self: &Arc<Self>) {
            panic_quietly("wake");
        }
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            panic_quietly("drop");
        }
    }
    let pool = Mock::new();
    let mut handle = spawn(async { 1 }, pool.clone());
    let waker = Waker::from(Arc::new(Bad));
    assert!(poll(&mut handle, &waker).is_pending());
    std::mem::forget(waker.clone());
    drop(waker);
    pool.run_all();
    assert_eq!(pool.take_panics(), 1, "the wake");
    assert_eq!(ready(&mut handle).unwrap(), 1);
    drop(handle);

    // The handle drops the waker: before completion, and after it.
    for complete in [false, true] {
        let mut handle = spawn(async { 1 }, pool.clone());
        let waker = Waker::from(Arc::new(Bad));
        assert!(poll(&mut handle, &waker).is_pending());
        assert!(unwind::catch_drop(waker).is_ok());
        if complete {
            pool.run_all();
            assert_eq!(pool.take_panics(), 1, "the wake");
        }
        drop(handle);
        assert_eq!(pool.take_panics(), 1, "the drop");
        pool.run_all();
    }

    // The handle replaces the waker: the panic is its poller's, and the new waker is in place.
    let mut handle = spawn(async { 1 }, pool.clone());
    let waker = Waker::from(Arc::new(Bad));
    assert!(poll(&mut handle, &waker).is_pending());
    assert!(unwind::catch_drop(waker).is_ok());
    assert!(unwind::catch(|| poll(&mut handle, Waker::noop())).is_err());
    pool.run_all();
    assert_eq!(ready(&mut handle).unwrap(), 1);
    drop(handle);
    assert_eq!(pool.take_panics(), 0);
    assert_clean(&pool);
}

#[test]
fn a_waker_that_panics_when_cloned_leaves_the_handle_as_it_was() {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic_quietly("clone"), |_| {}, |_| {}, |_| {});
    // SAFETY: the functions do nothing with their argument.
    let bad = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE)) };
    let pool = Mock::new();
    let mut handle = spawn(async { 1 }, pool.clone());
    assert!(unwind::catch(|| poll(&mut handle, &bad)).is_err());
    assert!(poll(&mut handle, Waker::noop()).is_pending());
    assert!(unwind::catch(|| poll(&mut handle, &bad)).is_err());
    pool.run_all();
    assert_eq!(ready(&mut handle).unwrap(), 1);
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_long_message_is_shown_up_to_a_limit() {
    let pool = Mock::new();
    // Two bytes each, so that the limit is in the middle of one.
    let message = format!("!{}", "é".repeat(600));
    let mut handle = spawn_compute(
        move || -> () { std::panic::resume_unwind(Box::new(message)) },
        pool.clone(),
    );
    pool.run_all();
    let error = ready(&mut handle).unwrap_err();
    let shown = format!("!{}", "é".repeat(499));
    assert!(
        error
            .to_string()
            .ends_with(&format!("{shown}... (202 bytes more)"))
    );
    assert!(format!("{error:?}").contains(&format!("Some({shown:?}... (202 bytes more))")));
    let whole = error.into_panic().downcast::<String>().unwrap();
    assert_eq!(whole.len(), 1201);
}

/// As loops and joins do it.
fn check_cancelled() {
    if origin::is_in_region() {
        origin::check_region(|| ());
    }
}

#[test]
fn a_closure_runs_once_under_its_cancel_flag() {
    let pool = Mock::new();
    let mut handle = spawn_compute(|| 5, pool.clone());
    pool.run_all();
    assert_eq!(ready(&mut handle).unwrap(), 5);

    let aborter: Arc<Mutex<Option<AbortHandle>>> = Arc::default();
    let inside = aborter.clone();
    let mut handle = spawn_compute(
        move || {
            assert!(!origin::is_cancelled());
            inside.lock().unwrap().take().unwrap().abort();
            assert!(origin::is_cancelled() && !origin::is_cut());
            // It cuts nothing, but in a region.
            check_cancelled();
            let region = CancelRef::current().cutting();
            // SAFETY: job.J3: it is the flag that the thread works under already.
            let under = unsafe { origin::enter_flag(region) };
            assert!(origin::is_cut());
            let payload = unwind::catch(check_cancelled).unwrap_err();
            assert!(payload.is::<Cancelled>());
            assert!(origin::run_or_skip(|| unreachable!()).is_err());
            drop(under);
            check_cancelled();
            7
        },
        pool.clone(),
    );
    *aborter.lock().unwrap() = Some(handle.abort_handle());
    pool.run_all();
    assert!(!origin::is_cancelled());
    assert_eq!(ready(&mut handle).unwrap(), 7);

    let mut handle = spawn_compute(|| unreachable!(), pool.clone());
    handle.abort();
    pool.run_all();
    let result: Result<(), _> = ready(&mut handle);
    assert!(result.unwrap_err().is_cancelled());
    drop(handle);
    assert_eq!(pool.take_panics(), 0);
}

#[test]
fn destructors_of_a_cancelled_task_are_not_cut_short() {
    struct Check(Arc<AtomicUsize>);
    impl Drop for Check {
        fn drop(&mut self) {
            check_cancelled();
            assert!(task::try_id().is_some());
            add(&self.0);
        }
    }
    let pool = Mock::new();
    let drops = Arc::new(AtomicUsize::new(0));
    let check = Check(drops.clone());
    let mut handle = spawn(async move { drop(check) }, pool.clone());
    handle.abort();
    pool.run_all();
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    assert_eq!(count(&drops), 1);
}

#[test]
fn a_task_knows_its_id_also_around_a_nested_one() {
    let pool = Mock::new();
    assert_eq!(task::try_id(), None);
    let inside = pool.clone();
    let mut handle = spawn(
        async move {
            let outer = task::id();
            let mut nested = spawn(async { task::id() }, inside.clone());
            inside.run_all();
            let inner = ready(&mut nested).unwrap();
            assert_eq!(inner, nested.id());
            (outer, task::id(), inner)
        },
        pool.clone(),
    );
    pool.run_all();
    let (outer, again, inner) = ready(&mut handle).unwrap();
    assert_eq!(outer, handle.id());
    assert_eq!(outer, again);
    assert_ne!(outer, inner);
    assert_eq!(task::try_id(), None);
}

#[test]
#[should_panic(expected = "outside a task")]
fn asking_for_the_id_outside_a_task_says_what_to_do() {
    let _ = task::id();
}

#[test]
fn ids_of_many_threads_are_distinct() {
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..1000).map(|_| Id::next()).collect::<Vec<_>>()))
        .collect();
    let ids: HashSet<Id> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(ids.len(), 4000);
}

#[test]
fn errors_say_what_happened() {
    let pool = Mock::new();
    let mut handle = spawn_compute::<_, (), _>(|| panic_quietly("out of tea"), pool.clone());
    let id = handle.id();
    pool.run_all();
    let error = ready(&mut handle).unwrap_err();
    assert_eq!(error.to_string(), format!("task {id} panicked: out of tea"));
    assert!(format!("{error:?}").contains("out of tea"));
    assert_eq!(error.id(), id);
    assert_eq!(
        *error.into_panic().downcast::<&str>().unwrap(),
        "out of tea"
    );

    let mut handle = spawn_compute(|| (), pool.clone());
    handle.abort();
    pool.run_all();
    let error = ready(&mut handle).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("task {} was cancelled", handle.id())
    );
    let error = error.try_into_panic().unwrap_err();
    let message = unwind::catch(|| error.into_panic()).unwrap_err();
    assert!(
        message
            .downcast_ref::<String>()
            .unwrap()
            .contains("is_panic")
    );
}

#[test]
fn the_reference_count_stops_at_its_limit() {
    let state = State::with_refs(State::LIMIT - 1);
    state.add_ref();
    assert!(unwind::catch(|| state.add_ref()).is_err());
    let text = format!("{state:?}");
    assert!(text.starts_with("NOTIFIED | JOIN_INTEREST | "), "{text}");
}

#[test]
fn a_task_with_a_small_future_takes_two_cache_lines() {
    use super::super::cell::{Cell, Header};
    type Small = std::future::Ready<[u8; 24]>;
    assert!(size_of::<Header>() <= 9 * size_of::<usize>());
    assert!(size_of::<Cell<Small, Arc<Mock>>>() <= 128);
    assert_eq!(size_of::<JoinHandle<[u64; 9]>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<AbortHandle>>(), size_of::<usize>());
}

#[test]
fn handles_cross_threads_when_the_result_does() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug + 'static>() {}
    fn error<T: Send + Sync + Unpin + std::error::Error + 'static>() {}
    all::<JoinHandle<std::cell::Cell<u8>>>();
    all::<CancelOnDrop<std::cell::Cell<u8>>>();
    all::<AbortHandle>();
    all::<Id>();
    all::<task::YieldNow>();
    error::<JoinError>();
}

/// A task that has computed in its last poll, and was woken.
fn heavy_task(pool: &Arc<Mock>) -> (JoinHandle<()>, Arc<AtomicUsize>) {
    let polls = Arc::new(AtomicUsize::new(0));
    let mut handle = {
        let polls = Arc::clone(&polls);
        let future = std::future::poll_fn(move |context| {
            if polls.fetch_add(1, Ordering::Relaxed) > 0 {
                return Poll::Ready(());
            }
            task::note_computing();
            context.waker().wake_by_ref();
            Poll::Pending
        });
        spawn(future, Arc::clone(pool))
    };
    assert_eq!(pool.run(), Some(How::Spawn));
    assert!(poll(&mut handle, Waker::noop()).is_pending());
    pool.put_heavy_aside(true);
    (handle, polls)
}

#[test]
fn a_heavy_task_is_put_aside_until_somebody_polls_it() {
    let pool = Mock::new();
    let (mut handle, polls) = heavy_task(&pool);
    assert_eq!(pool.run(), Some(How::Yield));
    assert_eq!(pool.run(), Some(How::Aside));
    assert_eq!((count(&polls), pool.queued()), (1, 1));
    pool.put_heavy_aside(false);
    assert_eq!(pool.run(), Some(How::Aside));
    assert_eq!(count(&polls), 2);
    assert!(ready(&mut handle).is_ok());
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_task_that_was_put_aside_can_be_aborted() {
    let pool = Mock::new();
    let (mut handle, polls) = heavy_task(&pool);
    assert_eq!(pool.run(), Some(How::Yield));
    handle.abort();
    assert_eq!(pool.run_all(), 1);
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    assert_eq!(count(&polls), 1);
    drop(handle);
    assert_clean(&pool);
}

#[test]
fn a_task_that_was_put_aside_ends_with_the_pool() {
    let pool = Mock::new();
    let (mut handle, polls) = heavy_task(&pool);
    assert_eq!(pool.run(), Some(How::Yield));
    pool.close();
    assert!(ready(&mut handle).unwrap_err().is_cancelled());
    assert_eq!(count(&polls), 1);
    drop(handle);
    assert_clean(&pool);
}

/// Makes [`may_nest`](task::nest) true for tasks of a place: some that are short.
fn prove_quick(pool: &Arc<Mock>, mut spawn_one: impl FnMut() -> JoinHandle<u32>) {
    for _ in 0..8 {
        drop(spawn_one());
        pool.run_all();
    }
}

/// A task that is awaited before it was begun is polled on top of its awaiter, in its own name, and
/// its job does nothing any more.
#[test]
fn an_awaited_task_is_begun_on_top_of_its_awaiter() {
    let pool = Mock::new();
    let again = pool.clone();
    let child = move || {
        spawn(
            async move { u32::from(task::id() == task::try_id().unwrap()) },
            again.clone(),
        )
    };
    prove_quick(&pool, &child);
    pool.nest();
    let inner = child();
    let id = inner.id();
    let mut parent = spawn(
        async move {
            let before = task::id();
            let result = inner.await.unwrap();
            assert_ne!(before, id);
            assert_eq!(task::id(), before);
            result
        },
        pool.clone(),
    );
    pool.run_newest();
    assert!(parent.is_finished());
    assert_eq!(pool.queued(), 1, "the job stays where it is");
    assert_eq!(pool.run_all(), 1);
    assert_eq!(ready(&mut parent).unwrap(), 1);
    drop(parent);
    drop(child);
    assert_clean(&pool);
}

/// A waker that is not the awaiter's own may belong to something that holds a lock, say.
#[test]
fn a_task_that_is_awaited_through_another_waker_is_not_begun() {
    struct Other;
    impl Wake for Other {
        fn wake(self: Arc<Self>) {}
    }

    let pool = Mock::new();
    let again = pool.clone();
    let child = move || spawn(async { 1 }, again.clone());
    prove_quick(&pool, &child);
    pool.nest();
    let mut inner = child();
    let parent = spawn(
        async move {
            let waker = Waker::from(Arc::new(Other));
            assert!(poll(&mut inner, &waker).is_pending());
            assert!(poll(&mut inner, Waker::noop()).is_pending());
        },
        pool.clone(),
    );
    pool.run_newest();
    assert!(parent.is_finished());
    drop((parent, child));
    pool.run_all();
    assert_clean(&pool);
}

/// Tasks that were not seen to be short, or were polled before, are left to the queue.
#[test]
fn only_a_new_and_quick_task_is_begun() {
    let pool = Mock::new();
    pool.nest();
    let inner = spawn(async { 1 }, pool.clone());
    let mut parent = spawn(inner, pool.clone());
    pool.run_newest();
    assert!(!parent.is_finished());
    pool.run_all();
    assert_eq!(ready(&mut parent).unwrap().unwrap(), 1);
    drop(parent);

    let again = pool.clone();
    let child = move || {
        spawn(
            async {
                task::yield_now().await;
                2
            },
            again.clone(),
        )
    };
    prove_quick(&pool, &child);
    let mut inner = child();
    pool.run();
    let mut parent = spawn(
        async move {
            let first = poll(&mut inner, Waker::noop()).is_pending();
            (first, inner.await.unwrap())
        },
        pool.clone(),
    );
    pool.run_newest();
    pool.run_all();
    assert_eq!(ready(&mut parent).unwrap(), (true, 2));
    drop((parent, child));
    assert_clean(&pool);
}

/// A chain of awaits comes back before the stack is full.
#[test]
fn a_chain_of_awaited_tasks_has_a_depth() {
    fn link(pool: &Arc<Mock>, left: u32) -> JoinHandle<u32> {
        let again = pool.clone();
        let future: Pin<Box<dyn Future<Output = u32> + Send>> = Box::pin(async move {
            match left {
                0 => 0,
                _ => link(&again, left - 1).await.unwrap() + 1,
            }
        });
        spawn(future, pool.clone())
    }

    let pool = Mock::new();
    let again = pool.clone();
    prove_quick(&pool, move || link(&again, 0));
    pool.nest();
    let mut first = link(&pool, 1000);
    pool.run_all();
    assert_eq!(ready(&mut first).unwrap(), 1000);
    drop(first);
    assert_clean(&pool);
}
