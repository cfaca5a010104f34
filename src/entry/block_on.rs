//! Waiting for a future on the calling thread, whatever thread that is.
//!
//! The future is polled here and nowhere else. Between polls the thread sleeps on its
//! [`Parker`]; if it has a seat, it lends its core and leaves nothing of its work hidden.
//!
//! No allocation, except for a future that is too big to be moved (`task/big.rs`): the waker *is*
//! the thread's parker, which lives for ever. Nested `block_on`s of a thread share it, each with a
//! bit of its own (the eighth and deeper ones share the last bit).

use super::current::with_unseated;
use super::global;
use crate::pool::wait::{self, PollOf};
use crate::pool::{Occupant, Registry, guest, seat};
use crate::task::big::is_big;
use crate::task::{JoinError, JoinHandle, coop};
use crate::trace;
use crate::util::parker::{LAST_LEVEL, Level, Parker};
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// Runs a future on this thread until it is done, and returns its output.
///
/// Legal everywhere: on the main thread, inside a task, a job, a scope or another `block_on`, also
/// on a pool with a single thread. A thread of a pool lends its core while it waits, so that
/// other threads of the pool (spare ones, if need be) do what the future waits for. It runs
/// nothing else on its own stack meanwhile, unless the pool cannot have another thread and would
/// stand still otherwise.
///
/// The future need not be `Send`: only this thread polls it. On a thread from outside it runs as a
/// guest of the default pool, so that `spawn`, `join` and loops inside it are as cheap as on a
/// worker. It runs on the stack of this thread, whatever
/// [`stack_size`](crate::PoolBuilder::stack_size) says, and so do those joins and loops.
///
/// # Panics
///
/// If the future panics.
///
/// ```
/// use std::rc::Rc;
/// let not_send = Rc::new(3);
/// let n = manyhands::block_on(async move {
///     manyhands::task::yield_now().await;
///     let nested = manyhands::block_on(async { 4 });
///     *not_send + nested
/// });
/// assert_eq!(n, 7);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    if const { is_big::<F>() } {
        block_on_small(Box::pin(future))
    } else {
        block_on_small(future)
    }
}

fn block_on_small<F: Future>(future: F) -> F::Output {
    match seat::try_current() {
        Some(me) => run(Waits::on(me), future),
        None => with_unseated(|registry| small_in(registry, future)),
    }
}

/// On a given pool: as its guest, or on the seat that the thread has on some pool.
pub(crate) fn block_on_in<F: Future>(registry: &Arc<Registry>, future: F) -> F::Output {
    if const { is_big::<F>() } {
        small_in(registry, Box::pin(future))
    } else {
        small_in(registry, future)
    }
}

fn small_in<F: Future>(registry: &Arc<Registry>, future: F) -> F::Output {
    match seat::try_current() {
        Some(me) => run(Waits::on(me), future),
        None => {
            let output = guest::in_place(registry, |me| match me {
                Some(me) => run(Waits::on(me), future),
                None => run(Waits::Outside(registry), future),
            });
            // The default pool never ends, and is written now and then.
            registry.trace().save_if_grown();
            output
        }
    }
}

/// Where a thread waits.
#[derive(Clone, Copy)]
enum Waits<'a> {
    /// With what it did before.
    OnSeat(Occupant<'a>, PollOf),
    /// For a pool that has no seat for it.
    Outside(&'a Registry),
    /// There is no pool.
    Alone,
}

impl<'a> Waits<'a> {
    fn on(me: Occupant<'a>) -> Self {
        Self::OnSeat(me, PollOf::on(me))
    }
}

fn run<F: Future>(waits: Waits<'_>, future: F) -> F::Output {
    let parker = Parker::current();
    let level = parker.begin_level();
    let _end = EndLevel(parker);
    let _outside = match waits {
        Waits::Outside(registry) => Some(wait::begin_outside(registry, parker)),
        _ => None,
    };
    let waker = waker(parker, level);
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        {
            let _traced = trace::poll(0, None, || None);
            if let Poll::Ready(output) = coop::poll(future.as_mut(), &mut context) {
                return output;
            }
        }
        match waits {
            Waits::OnSeat(me, poll) => wait::for_poll(me, level, poll),
            Waits::Outside(registry) => wait::outside(registry, parker, level),
            Waits::Alone => {
                while !parker.take_poll_request(level) {
                    parker.park();
                }
            }
        }
    }
}

struct EndLevel(&'static Parker);

impl Drop for EndLevel {
    fn drop(&mut self) {
        self.0.end_level();
    }
}

/// A waker that asks the `block_on` at a level of the parker's thread to poll. Late wakes are
/// harmless: at worst some later `block_on` polls once too often.
fn waker(parker: &'static Parker, level: Level) -> Waker {
    /// The level is part of the type, so that the parker can be all of the data.
    const fn vtable<const LEVEL: Level>() -> &'static RawWakerVTable {
        &RawWakerVTable::new(clone::<LEVEL>, wake::<LEVEL>, wake::<LEVEL>, drop)
    }

    fn clone<const LEVEL: Level>(parker: *const ()) -> RawWaker {
        RawWaker::new(parker, vtable::<LEVEL>())
    }

    fn wake<const LEVEL: Level>(parker: *const ()) {
        // SAFETY: wakers of these tables are made of parkers only, which live for ever.
        unsafe { (*parker.cast::<Parker>()).request_poll(LEVEL) };
    }

    fn drop(_: *const ()) {}

    const _: () = assert!(LAST_LEVEL == 7);
    let vtable = match level {
        0 => vtable::<0>(),
        1 => vtable::<1>(),
        2 => vtable::<2>(),
        3 => vtable::<3>(),
        4 => vtable::<4>(),
        5 => vtable::<5>(),
        6 => vtable::<6>(),
        _ => vtable::<7>(),
    };
    // SAFETY: the four functions touch only the parker, by shared reference, from any thread, and
    // need no counting because it is never freed.
    unsafe { Waker::from_raw(RawWaker::new(ptr::from_ref(parker).cast(), vtable)) }
}

/// The result of a task, for [`JoinHandle::join`].
pub(super) fn join_task<T>(task: JoinHandle<T>) -> Result<T, JoinError> {
    match seat::try_current() {
        Some(me) => run(Waits::on(me), task),
        // As a guest of the pool that it works for, or of the default pool if there is one, this
        // thread can help where the system granted no other.
        None => {
            let own = guest::unseated();
            match own.as_ref().or_else(|| global::existing()) {
                Some(registry) => small_in(registry, task),
                None => run(Waits::Alone, task),
            }
        }
    }
}

#[cfg(all(test, manyhands_loom))]
mod models {
    use super::{Waits, run};
    use crate::sync::atomic::{AtomicBool, Ordering};
    use crate::sync::{Arc, Mutex, UnsafeCell, lock, thread};
    use crate::util::model;
    use std::future::poll_fn;
    use std::task::{Poll, Waker};

    struct Event {
        happened: AtomicBool,
        value: UnsafeCell<u32>,
        waker: Mutex<Option<Waker>>,
    }

    // SAFETY: `value` is written before `happened` is set, and read after it was seen.
    unsafe impl Send for Event {}
    // SAFETY: as above.
    unsafe impl Sync for Event {}

    /// Another thread lets the event happen, and wakes whoever registered.
    fn event() -> (Arc<Event>, thread::JoinHandle<()>) {
        let event = Arc::new(Event {
            happened: AtomicBool::new(false),
            value: UnsafeCell::new(0),
            waker: Mutex::new(None),
        });
        let theirs = event.clone();
        let thread = thread::spawn(move || {
            // SAFETY: nobody reads before `happened` is set.
            theirs.value.with_mut(|value| unsafe { *value = 7 });
            theirs.happened.store(true, Ordering::Release);
            let waker = lock(&theirs.waker).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        (event, thread)
    }

    /// Waits for the event; `nested` runs in every poll, between registering and looking.
    fn wait(event: &Event, nested: impl Fn()) -> u32 {
        run(
            Waits::Alone,
            poll_fn(|context| {
                *lock(&event.waker) = Some(context.waker().clone());
                nested();
                if !event.happened.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
                // SAFETY: the event has happened, so the value was written.
                Poll::Ready(event.value.with(|value| unsafe { *value }))
            }),
        )
    }

    /// M7: a wake that races the sleep is not lost, and what the waker wrote is seen.
    #[test]
    fn wake_races_park() {
        model::check("block_on::wake_races_park", || {
            let (event, thread) = event();
            assert_eq!(wait(&event, || ()), 7);
            thread.join().unwrap();
        });
    }

    /// M7: a `block_on` inside the poll swallows no wake of the outer one, and causes none.
    #[test]
    fn a_nested_block_on_leaves_the_wake_alone() {
        model::check("block_on::a_nested_block_on_leaves_the_wake_alone", || {
            let (event, thread) = event();
            let nested = || {
                let mut yielded = false;
                run(
                    Waits::Alone,
                    poll_fn(|context| {
                        if std::mem::replace(&mut yielded, true) {
                            return Poll::Ready(());
                        }
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }),
                );
            };
            assert_eq!(wait(&event, nested), 7);
            thread.join().unwrap();
        });
    }
}
