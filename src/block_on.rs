//! Waiting for a future on the calling thread, whatever thread that is.
//!
//! The future is polled here and nowhere else. Between polls the thread sleeps on its
//! [`Parker`]; if it has a seat, it lends its core and leaves nothing of its work hidden.
//!
//! No allocation: the waker *is* the thread's parker, which lives for ever. Nested `block_on`s of a
//! thread share it, so the inner one asks for a poll of the outer one when it ends.

use crate::pool::{Registry, Seat, global, seat, wait};
use crate::task::{JoinError, JoinHandle};
use crate::util::parker::Parker;
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
/// worker.
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
    match seat::try_current() {
        Some(seat) => run(Some(seat), future),
        None => block_on_in(global::registry(), future),
    }
}

/// On a given pool: as its guest, or on the seat that the thread has on some pool.
pub(crate) fn block_on_in<F: Future>(registry: &Arc<Registry>, future: F) -> F::Output {
    match seat::try_current() {
        Some(seat) => run(Some(seat), future),
        None => registry.in_place(|seat| run(seat, future)),
    }
}

fn run<F: Future>(seat: Option<&Seat>, future: F) -> F::Output {
    let parker = Parker::current();
    // An outer `block_on` of this thread may miss wakes that are meant for it while this one uses
    // the same parker: let it look for itself afterwards.
    let _outer = PollOuter(parker);
    let waker = waker(parker);
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        match seat {
            Some(seat) => wait::for_poll(seat),
            None => {
                while !parker.take_poll_request() {
                    parker.park();
                }
            }
        }
    }
}

struct PollOuter(&'static Parker);

impl Drop for PollOuter {
    fn drop(&mut self) {
        self.0.request_poll();
    }
}

/// A waker that asks the `block_on` of the parker's thread to poll. Late wakes are harmless: at
/// worst some later `block_on` polls once too often.
fn waker(parker: &'static Parker) -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);

    fn clone(parker: *const ()) -> RawWaker {
        RawWaker::new(parker, &VTABLE)
    }

    fn wake(parker: *const ()) {
        // SAFETY: wakers of this table are made of parkers only, which live for ever.
        unsafe { (*parker.cast::<Parker>()).request_poll() };
    }

    fn drop(_: *const ()) {}

    // SAFETY: the four functions touch only the parker, by shared reference, from any thread, and
    // need no counting because it is never freed.
    unsafe { Waker::from_raw(RawWaker::new(ptr::from_ref(parker).cast(), &VTABLE)) }
}

impl<T> JoinHandle<T> {
    /// Blocks this thread until the task is done. On a thread of a pool that is legal too: it lends
    /// its core meanwhile; see [`block_on`]. In an async function, `.await` the handle instead.
    ///
    /// # Errors
    ///
    /// If the task panicked or was cancelled.
    ///
    /// ```
    /// let handle = manyhands::spawn(async { "done" });
    /// assert_eq!(handle.join().unwrap(), "done");
    /// ```
    pub fn join(self) -> Result<T, JoinError> {
        match seat::try_current() {
            Some(seat) => run(Some(seat), self),
            // As a guest of the default pool, if there is one, this thread can help where the
            // system granted no other.
            None => match global::existing() {
                Some(registry) => block_on_in(registry, self),
                None => run(None, self),
            },
        }
    }
}
