//! Handles of a task: one that awaits the result, and others that can only abort.

use super::cell::{self, Header, TaskRef};
use super::id::Id;
use super::state::{Dropped, HandleDropped};
use super::{How, JoinError, coop, current};
use crate::util::unwind;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

/// A spawned task: await it for its result.
///
/// The task runs even if its handle is not awaited. Dropping the handle **detaches** the task,
/// which then runs to its end; use [`abort`](Self::abort) or
/// [`cancel_on_drop`](Self::cancel_on_drop) to stop it instead. A detached task ends early only if
/// its last waker is dropped while it waits. Nothing could wake it then, so its future is dropped.
///
/// A task that awaits the handle before any thread has begun the task may begin it on the spot: its
/// first poll then runs inside the poll of the handle. Hold no lock in a hand-written
/// [`poll`](Future::poll) that the task might take.
///
/// # Examples
///
/// ```
/// manyhands::block_on(async {
///     let double = manyhands::spawn(async { 2 * 21 });
///     assert_eq!(double.await.unwrap(), 42);
/// });
/// ```
///
/// A panic in the task arrives as an error:
///
/// ```
/// let task = manyhands::spawn(async { if true { panic!("oh no") } });
/// assert!(manyhands::block_on(task).unwrap_err().is_panic());
/// ```
pub struct JoinHandle<T> {
    /// `ManuallyDrop`, because the drop of a handle does more than the drop of a plain reference.
    task: ManuallyDrop<TaskRef>,
    _result: PhantomData<T>,
}

// SAFETY: a handle moves a `T` (or a panic payload) from the runner's thread to its own: `T: Send`
// is enough. A shared handle gives no access to the result.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: Send> Sync for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The caller hands over the reference of the one `JoinHandle` of a task with output `T`.
    pub(super) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self {
            // SAFETY: the caller's promise.
            task: ManuallyDrop::new(unsafe { TaskRef::from_raw(task) }),
            _result: PhantomData,
        }
    }

    /// Asks the task to end: it is not polled again, and a worker drops its future. Awaiting the
    /// handle then gives an error with [`is_cancelled`](JoinError::is_cancelled), unless the task
    /// was complete before.
    ///
    /// This only asks: when it returns, the task may still be in its last poll. That poll goes on
    /// to its end, and if it gives an output, so does the handle. Inside,
    /// [`is_cancelled`](crate::is_cancelled()) is true from now on, and
    /// [`cancellable`](crate::cancellable) regions are left.
    ///
    /// # Examples
    ///
    /// ```
    /// let task = manyhands::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(manyhands::block_on(task).unwrap_err().is_cancelled());
    /// ```
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Another handle that can abort the task.
    ///
    /// # Examples
    ///
    /// ```
    /// let task = manyhands::spawn(std::future::pending::<()>());
    /// let abort = task.abort_handle();
    /// std::thread::spawn(move || abort.abort());
    /// assert!(manyhands::block_on(task).is_err());
    /// ```
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle {
            task: TaskRef::clone(&self.task),
        }
    }

    /// Has the task ended? Then awaiting the handle gives the result at once.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.header().state.load().is_complete()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.header().id
    }

    /// A handle that aborts the task when it is dropped, for a task that should not outlive its
    /// waiter.
    ///
    /// # Examples
    ///
    /// ```
    /// manyhands::block_on(async {
    ///     let task = manyhands::spawn(std::future::pending::<()>()).cancel_on_drop();
    ///     let watch = task.abort_handle();
    ///     drop(task);
    ///     while !watch.is_finished() {
    ///         manyhands::task::yield_now().await;
    ///     }
    /// });
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop::new(self)
    }

    /// Drops the result and the waker, as `State::drop_handle` has asked.
    fn dispose(&self, output: bool, waker: bool) {
        if waker {
            let slot = &self.task.header().join_waker;
            // SAFETY: task.I3: either the task is not complete, and we have cleared JOIN_WAKER, or
            // the runner has, or it was never set: the slot is ours.
            let waker = slot.with_mut(|slot| unsafe { (*slot).take() });
            if let Err(payload) = unwind::catch_drop(waker) {
                self.task.report(payload);
            }
        }
        if output {
            // SAFETY: task.I2: the task was complete while the handle existed.
            unsafe { self.task.dispose_output() };
        }
    }

    /// Moves the result out of a complete task. `None` before that, and the second time.
    pub(crate) fn take_result(&mut self) -> Option<Result<T, JoinError>> {
        if !self.is_finished() {
            return None;
        }
        // SAFETY: the task is complete and its handle, which knows the type, exists: task.I2.
        unsafe { self.task.take_output() }
    }

    /// If no thread has begun the task, it may be begun here, on top of the poll of the task that
    /// awaits it (`nest.rs`).
    #[inline]
    fn begin_here(&self, waker: &Waker) {
        let header = self.task.header();
        let may_nest = header.state.load().is_ready_to_run() && header.may_nest();
        if may_nest && current::is_polled_with(waker) {
            header.begin();
        }
    }

    /// Is the task complete? If not, `waker` will be woken when it is.
    pub(crate) fn poll_complete(&self, waker: &Waker) -> bool {
        let Header {
            state, join_waker, ..
        } = self.task.header();
        let now = state.load();
        if now.is_complete() {
            return true;
        }
        if now.has_join_waker() {
            // SAFETY: task.I3: JOIN_WAKER was set by us, the only handle. So the slot is filled,
            // and the runner only reads it until we clear the flag.
            let same = join_waker
                .with(|slot| unsafe { (*slot).as_ref().is_some_and(|old| old.will_wake(waker)) });
            if same {
                return false;
            }
        }
        // User code runs before anything is changed: a panic in it goes to our caller.
        let new = waker.clone();
        if now.has_join_waker() && !state.take_waker_back() {
            return true;
        }
        // SAFETY: task.I3: JOIN_WAKER is not set and the handle exists: the slot is ours.
        let old = join_waker.with_mut(|slot| unsafe { (*slot).replace(new) });
        let complete = !state.offer_waker();
        let unused = if complete {
            // SAFETY: task.I3: the task was complete before JOIN_WAKER was set: the slot is still
            // ours.
            join_waker.with_mut(|slot| unsafe { (*slot).take() })
        } else {
            None
        };
        // Destructors of foreign wakers run here, where a panic leaves everything in order.
        drop((old, unused));
        complete
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        self.begin_here(cx.waker());
        if !self.poll_complete(cx.waker()) {
            return Poll::Pending;
        }
        unit.made_progress();
        // SAFETY: task.I2: the task was seen complete, and its handle, which knows the type,
        // exists.
        match unsafe { self.task.take_output() } {
            Some(result) => Poll::Ready(result),
            None => panic!("a JoinHandle was polled again after it had given its result"),
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let task = self.task.as_raw();
        let header = self.task.header();
        match header.state.drop_handle() {
            // The two short ways: one write, and no code of users.
            HandleDropped::Released(Dropped::Alive) => return,
            HandleDropped::Released(Dropped::Last) => {
                // SAFETY: no reference is left.
                return unsafe { cell::free_cell(task) };
            }
            // SAFETY: our reference was not given up, and the state made one for a job.
            HandleDropped::Released(Dropped::Orphaned) => unsafe { cell::submit(task, How::Wake) },
            HandleDropped::Dispose { output, waker } => self.dispose(output, waker),
            HandleDropped::Alone => {
                self.dispose(true, true);
                // SAFETY: ours was the last reference; what was dropped cannot have made another.
                return unsafe { cell::free_cell(task) };
            }
        }
        // SAFETY: our reference is given up, and not used again.
        unsafe { cell::release(task) };
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.task, "JoinHandle", f)
    }
}

fn debug(task: &TaskRef, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("id", &task.header().id)
        .field("state", &task.header().state)
        .finish()
}

/// A handle that can abort a task, but not await it. Made by [`JoinHandle::abort_handle`].
///
/// An `AbortHandle` keeps the task's state alive, but neither its future nor its result.
#[derive(Clone)]
pub struct AbortHandle {
    task: TaskRef,
}

impl AbortHandle {
    /// Asks the task to end, as [`JoinHandle::abort`] does.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Has the task ended?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.header().state.load().is_complete()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.header().id
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.task, "AbortHandle", f)
    }
}

/// A [`JoinHandle`] that aborts its task when dropped, so that a task cannot outlive whoever holds
/// this. Made by [`JoinHandle::cancel_on_drop`], or by [`new`](Self::new) under the name that
/// tokio-util gives it, [`task::AbortOnDropHandle`](crate::task::AbortOnDropHandle).
///
/// # Children
///
/// A task that holds such handles is the parent of their tasks. If it panics, is aborted, or ends,
/// its future is dropped, these handles with it, and the children are aborted, and theirs. For many
/// children there is [`JoinSet`](crate::task::JoinSet), which does the same.
///
/// ```
/// use manyhands::spawn;
/// use std::future::pending;
///
/// manyhands::block_on(async {
///     let (send, receive) = futures::channel::oneshot::channel();
///     let parent = spawn(async move {
///         let child = spawn(pending::<()>()).cancel_on_drop();
///         send.send(child.abort_handle()).unwrap();
///         pending::<()>().await;
///         drop(child);
///     });
///     let child = receive.await.unwrap();
///     parent.abort();
///     while !child.is_finished() {
///         manyhands::task::yield_now().await;
///     }
/// });
/// ```
#[derive(Debug)]
#[must_use = "dropping this aborts the task"]
pub struct CancelOnDrop<T> {
    /// `None`: detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> CancelOnDrop<T> {
    /// The same as [`JoinHandle::cancel_on_drop`].
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::AbortOnDropHandle;
    ///
    /// let child = AbortOnDropHandle::new(manyhands::spawn(async { 1 }));
    /// assert_eq!(manyhands::block_on(child).unwrap(), 1);
    /// ```
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self {
            handle: Some(handle),
        }
    }

    fn handle(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect("only `detach` takes it")
    }

    /// Asks the task to end, as [`JoinHandle::abort`] does. The handle can still be awaited.
    ///
    /// # Examples
    ///
    /// ```
    /// let child = manyhands::spawn(std::future::pending::<()>()).cancel_on_drop();
    /// child.abort();
    /// assert!(manyhands::block_on(child).unwrap_err().is_cancelled());
    /// ```
    pub fn abort(&self) {
        self.handle().abort();
    }

    /// Another handle that can abort the task, and tells whether it has ended.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle().abort_handle()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.handle().id()
    }

    /// Has the task ended?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// The handle as it was before: dropping it lets the task run on.
    ///
    /// # Examples
    ///
    /// ```
    /// let child = manyhands::spawn(async { 1 }).cancel_on_drop();
    /// let free: manyhands::JoinHandle<i32> = child.detach();
    /// assert_eq!(free.join().unwrap(), 1);
    /// ```
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle.take().expect("only `detach` takes it")
    }

    /// As [`JoinHandle::take_result`].
    pub(crate) fn take_result(&mut self) -> Option<Result<T, JoinError>> {
        self.handle.as_mut()?.take_result()
    }
}

impl<T> AsRef<JoinHandle<T>> for CancelOnDrop<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.handle()
    }
}

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.handle.as_mut().expect("only `detach` takes it");
        Pin::new(handle).poll(cx)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        // No effect on a task that is complete.
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}
