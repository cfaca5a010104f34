//! Futures that are not `Send`, on threads that they never leave.
//!
//! A pinned future is two things. On its thread, `Pinned` holds it and polls it. In the pool, a
//! task of the usual kind, `Remote`, waits for its output: so its handle, its id, and its end with
//! the pool are those of any task. `Reply` stands between the two.
//!
//! A thread is a blocking one of the pool, in `block_on` of a `Driver`, which polls what is ready.
//! It is there while it has futures, and no longer.

use super::{Handle, block_on};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::task::{JoinHandle, coop};
use crate::util::unwind::{self, Payload};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A handle to threads that run futures which are not `Send`: each future stays on the thread that
/// has made it. Cheap to clone; clones share the threads. Names and behaviour are those of
/// tokio-util's `LocalPoolHandle`.
///
/// The threads are beside the workers: blocking threads of the current pool
/// ([`max_blocking_threads`](crate::PoolBuilder::max_blocking_threads)), on which joins and loops
/// use the pool, as in [`block_on`](crate::block_on()). A thread comes with its first future and
/// goes back when it has none; meanwhile it has one of the 32 guest seats of the pool. A future
/// that computes or blocks keeps those on the same thread waiting: nobody else may poll them.
///
/// # Cost
///
/// A task of the pool and four small allocations for each future; a poll takes a short lock.
///
/// # Examples
///
/// ```
/// use manyhands::task::LocalPoolHandle;
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let threads = LocalPoolHandle::new(2);
/// let task = threads.spawn_pinned(|| async {
///     let not_send = Rc::new(Cell::new(1));
///     manyhands::task::yield_now().await;
///     not_send.set(not_send.get() + 1);
///     not_send.get()
/// });
/// assert_eq!(task.join().unwrap(), 2);
/// ```
#[derive(Clone)]
pub struct LocalPoolHandle {
    pool: Handle,
    threads: Arc<[Arc<Thread>]>,
}

/// What a thread and those who send it futures share.
#[derive(Default)]
struct Thread {
    state: Mutex<State>,
    /// The number of futures that were sent here and are not gone.
    load: AtomicUsize,
}

#[derive(Default)]
struct State {
    new: Vec<Box<dyn Create>>,
    /// The places of futures that were woken.
    ready: VecDeque<usize>,
    waker: Option<Waker>,
    /// Is a thread there, or on its way?
    runs: bool,
}

/// Makes a future on its thread.
trait Create: Send {
    fn create(self: Box<Self>) -> Box<dyn Local>;
}

/// A future on its thread.
trait Local {
    /// Is it done? Must not unwind.
    fn poll(&mut self, context: &mut Context<'_>) -> bool;
}

/// One more future of a thread, until this is dropped.
struct Load(Arc<Thread>);

impl Load {
    fn on(thread: &Arc<Thread>) -> Self {
        // Ordering: Relaxed, here and below; the number is a hint where there is room.
        thread.load.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(thread))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.load.fetch_sub(1, Ordering::Relaxed);
    }
}

impl LocalPoolHandle {
    /// At most `threads` threads of the current pool. None starts before its first future.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let threads = manyhands::task::LocalPoolHandle::new(3);
    /// assert_eq!(threads.num_threads(), 3);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        assert!(threads > 0, "a LocalPoolHandle needs a thread at least");
        Self {
            pool: Handle::current(),
            threads: (0..threads).map(|_| Arc::default()).collect(),
        }
    }

    /// The number of threads that there may be.
    #[must_use]
    pub fn num_threads(&self) -> usize {
        self.threads.len()
    }

    /// The number of unfinished futures of each thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let threads = manyhands::task::LocalPoolHandle::new(2);
    /// let _task = threads.spawn_pinned_by_idx(std::future::pending::<()>, 1);
    /// assert_eq!(threads.get_task_loads_for_each_worker(), [0, 1]);
    /// ```
    #[must_use]
    pub fn get_task_loads_for_each_worker(&self) -> Vec<usize> {
        let load = |thread: &Arc<Thread>| thread.load.load(Ordering::Relaxed);
        self.threads.iter().map(load).collect()
    }

    /// Calls `create` on the thread that has the fewest futures, and runs there what it returns.
    ///
    /// The handle is that of a task of the pool. [`abort`](JoinHandle::abort) lets the thread drop
    /// the future before its next poll. Dropping the handle detaches it. A panic, of `create` too,
    /// comes out of the handle. When the pool ends, the future is dropped, as those of tasks are.
    /// In the future, [`task::id`](crate::task::id()) is that of its thread's loop, and not that of
    /// the handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// let threads = manyhands::task::LocalPoolHandle::new(1);
    /// let task = threads.spawn_pinned(|| {
    ///     let not_send = Rc::new(7);
    ///     async move { *not_send }
    /// });
    /// assert_eq!(manyhands::block_on(task).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn_pinned<C, F>(&self, create: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let load = |thread: &&Arc<Thread>| thread.load.load(Ordering::Relaxed);
        let thread = self.threads.iter().min_by_key(load);
        self.spawn_on(create, thread.expect("one thread at least"))
    }

    /// As [`spawn_pinned`](Self::spawn_pinned), on the thread with the index `thread`.
    ///
    /// # Panics
    ///
    /// If there is no thread with this index.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// let threads = manyhands::task::LocalPoolHandle::new(2);
    /// let id = || async { thread::current().id() };
    /// let stays = threads.spawn_pinned_by_idx(std::future::pending::<()>, 1);
    /// let same = [0, 1].map(|_| threads.spawn_pinned_by_idx(id, 1).join().unwrap());
    /// assert_eq!(same[0], same[1]);
    /// # stays.abort();
    /// ```
    #[track_caller]
    pub fn spawn_pinned_by_idx<C, F>(&self, create: C, thread: usize) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let threads = self.threads.len();
        assert!(
            thread < threads,
            "thread {thread} of a LocalPoolHandle with {threads}"
        );
        self.spawn_on(create, &self.threads[thread])
    }

    #[track_caller]
    fn spawn_on<C, F>(&self, create: C, thread: &Arc<Thread>) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let reply = Arc::new(Reply::new());
        let order = Order {
            create,
            reply: Arc::clone(&reply),
            load: Load::on(thread),
        };
        // Before the future is sent, so that it cannot be too late for a pool that has ended.
        let task = self.pool.spawn(Remote(reply));
        let (waker, starts) = {
            let mut state = lock(&thread.state);
            state.new.push(Box::new(order));
            (
                state.waker.take(),
                !std::mem::replace(&mut state.runs, true),
            )
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        if starts {
            let start = Start(Some(Arc::clone(thread)));
            drop(self.pool.spawn_blocking(|| start.run()));
        }
        task
    }
}

impl fmt::Debug for LocalPoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPoolHandle")
            .field("num_threads", &self.num_threads())
            .finish_non_exhaustive()
    }
}

// ---- on the thread -------------------------------------------------------------------------

/// A thread that is on its way.
struct Start(Option<Arc<Thread>>);

impl Start {
    fn run(mut self) {
        if let Some(thread) = self.0.take() {
            block_on(Driver::new(thread));
        }
    }
}

/// It will never come, because the pool has ended: nothing is left behind.
impl Drop for Start {
    fn drop(&mut self) {
        let Some(thread) = &self.0 else { return };
        let new = {
            let mut state = lock(&thread.state);
            state.runs = false;
            std::mem::take(&mut state.new)
        };
        drop(new);
    }
}

/// The future that a thread blocks on: polls what is ready, until nothing is left.
struct Driver {
    thread: Arc<Thread>,
    /// The futures, each with its waker. A place that is free stands in `free`.
    places: Vec<Option<(Box<dyn Local>, Waker)>>,
    free: Vec<usize>,
}

/// The waker of the future in one place.
struct LocalWaker {
    place: usize,
    thread: Arc<Thread>,
}

impl Wake for LocalWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waker = {
            let mut state = lock(&self.thread.state);
            if !state.runs {
                // A late wake of a future that is gone.
                return;
            }
            state.ready.push_back(self.place);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Driver {
    fn new(thread: Arc<Thread>) -> Self {
        Self {
            thread,
            places: Vec::new(),
            free: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.places.len() == self.free.len()
    }

    /// A place for a new future.
    fn add(&mut self, local: Box<dyn Local>) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        let thread = Arc::clone(&self.thread);
        let waker = Waker::from(Arc::new(LocalWaker { place, thread }));
        let entry = Some((local, waker));
        if place == self.places.len() {
            self.places.push(entry);
        } else {
            self.places[place] = entry;
        }
        place
    }

    /// Polls the future in a place, unless it is gone.
    fn poll_one(&mut self, place: usize) {
        let Some(Some((local, waker))) = self.places.get_mut(place) else {
            return;
        };
        let mut one = poll_fn(|context| match local.poll(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        // Each with a budget of its own.
        let mut context = Context::from_waker(waker);
        if coop::poll(Pin::new(&mut one), &mut context).is_ready() {
            let gone = self.places[place].take();
            self.free.push(place);
            drop(gone);
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let own = context.waker().clone();
        let (new, ready, old) = {
            let mut state = lock(&self.thread.state);
            if state.new.is_empty() && state.ready.is_empty() && self.is_empty() {
                state.runs = false;
                return Poll::Ready(());
            }
            let old = state.waker.replace(own);
            (
                std::mem::take(&mut state.new),
                std::mem::take(&mut state.ready),
                old,
            )
        };
        drop(old);
        for order in new {
            let place = self.add(order.create());
            self.poll_one(place);
        }
        for place in ready {
            self.poll_one(place);
        }
        if self.is_empty() {
            // Once more, to say under the lock that it is the end.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

// ---- a future, its reply, and the task that waits for it ---------------------------------------

/// What a future is made of.
struct Order<C, T> {
    create: C,
    reply: Arc<Reply<T>>,
    load: Load,
}

impl<C, F> Create for Order<C, F::Output>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    fn create(self: Box<Self>) -> Box<dyn Local> {
        let Self {
            create,
            reply,
            load,
        } = *self;
        Box::new(Pinned {
            stage: Stage::New(create),
            reply,
            _load: load,
        })
    }
}

struct Pinned<C, F: Future> {
    stage: Stage<C, F>,
    reply: Arc<Reply<F::Output>>,
    _load: Load,
}

enum Stage<C, F> {
    New(C),
    Runs(Pin<Box<F>>),
    Gone,
}

impl<C: FnOnce() -> F, F: Future> Pinned<C, F> {
    fn step(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        if let Stage::New(_) = self.stage {
            if let Stage::New(create) = std::mem::replace(&mut self.stage, Stage::Gone) {
                self.stage = Stage::Runs(Box::pin(create()));
            }
        }
        match &mut self.stage {
            Stage::Runs(future) => future.as_mut().poll(context),
            _ => unreachable!("it is polled until it is gone"),
        }
    }
}

impl<C: FnOnce() -> F, F: Future> Local for Pinned<C, F> {
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let result = match self.reply.is_wanted(context.waker()) {
            true => match unwind::catch(|| self.step(context)) {
                Ok(Poll::Pending) => return false,
                Ok(Poll::Ready(output)) => Some(Ok(output)),
                Err(payload) => Some(Err(payload)),
            },
            false => None,
        };
        // The future is dropped before its output is there, as that of a task.
        let dropped = unwind::catch_drop(std::mem::replace(&mut self.stage, Stage::Gone));
        match (result, dropped) {
            (Some(Ok(output)), Ok(())) => self.reply.give(Ok(output)),
            (Some(Ok(_)), Err(payload)) | (Some(Err(payload)), Ok(())) => {
                self.reply.give(Err(payload));
            }
            (Some(Err(first)), Err(second)) => {
                unwind::discard(second);
                self.reply.give(Err(first));
            }
            (None, Ok(())) => {}
            (None, Err(payload)) => unwind::discard(payload),
        }
        true
    }
}

/// What goes from a pinned future to its task, and back.
struct Reply<T>(Mutex<Talk<T>>);

struct Talk<T> {
    result: Option<Result<T, Payload>>,
    /// The task's.
    waker: Option<Waker>,
    /// The future's: for the news that its output is not wanted.
    local: Option<Waker>,
    is_wanted: bool,
}

impl<T> Reply<T> {
    fn new() -> Self {
        Self(Mutex::new(Talk {
            result: None,
            waker: None,
            local: None,
            is_wanted: true,
        }))
    }

    /// Is the output still wanted? If so, `local` will be woken when it is not.
    fn is_wanted(&self, local: &Waker) -> bool {
        let mut talk = lock(&self.0);
        if talk.local.is_none() {
            talk.local = Some(local.clone());
        }
        talk.is_wanted
    }

    fn give(&self, result: Result<T, Payload>) {
        let (waker, unwanted) = {
            let mut talk = lock(&self.0);
            match talk.is_wanted {
                true => {
                    talk.result = Some(result);
                    (talk.waker.take(), None)
                }
                false => (None, Some(result)),
            }
        };
        if let Err(payload) = unwind::catch_drop(unwanted) {
            unwind::discard(payload);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The task of a pinned future.
struct Remote<T>(Arc<Reply<T>>);

impl<T> Future for Remote<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let new = context.waker().clone();
        let (result, old) = {
            let mut talk = lock(&self.0.0);
            match talk.result.take() {
                Some(result) => (Some(result), None),
                None => (None, talk.waker.replace(new)),
            }
        };
        drop(old);
        match result {
            Some(Ok(output)) => Poll::Ready(output),
            Some(Err(payload)) => unwind::resume(payload),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Remote<T> {
    fn drop(&mut self) {
        let (local, rest) = {
            let mut talk = lock(&self.0.0);
            talk.is_wanted = false;
            (talk.local.take(), (talk.result.take(), talk.waker.take()))
        };
        drop(rest);
        if let Some(local) = local {
            local.wake();
        }
    }
}
