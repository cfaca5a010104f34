//! A queue of tasks that are awaited in the order in which they were spawned.

use super::join_set::{output, without_id};
use super::{Handle, spawn, spawn_blocking, spawn_compute};
use crate::task::{AbortHandle, CancelOnDrop, Id, JoinError, JoinHandle};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A queue of tasks with one type of output, awaited in the order in which they were spawned.
///
/// All tasks run at the same time; only their results come in order. The queue holds its tasks:
/// dropping it aborts those that are not complete. Names and behaviour are those of tokio-util's
/// `JoinQueue`. ([`JoinSet`](crate::task::JoinSet) gives results in the order in which tasks end.)
///
/// # Cost
///
/// One allocation a task, the task itself.
///
/// # Examples
///
/// ```
/// use manyhands::task::{JoinQueue, yield_now};
///
/// manyhands::block_on(async {
///     let mut queue = JoinQueue::new();
///     for n in 0..3 {
///         queue.spawn(async move {
///             for _ in n..3 {
///                 yield_now().await; // the first one takes longest
///             }
///             n
///         });
///     }
///     while let Some(n) = queue.join_next().await {
///         println!("{}", n.unwrap()); // 0, 1, 2
///     }
/// });
/// ```
pub struct JoinQueue<T> {
    tasks: VecDeque<CancelOnDrop<T>>,
}

impl<T> JoinQueue<T> {
    /// An empty queue.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = manyhands::task::JoinQueue::<u32>::new();
    /// assert!(queue.is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tasks: VecDeque::new(),
        }
    }

    /// An empty queue with room for `capacity` tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = manyhands::task::JoinQueue::<u32>::with_capacity(10);
    /// assert_eq!(queue.len(), 0);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            tasks: VecDeque::with_capacity(capacity),
        }
    }

    /// The number of tasks in the queue. Tasks that have ended count until they are joined.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Does the queue hold no task?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for the oldest task, and takes it out. `None` if the queue is empty.
    ///
    /// Dropping the future loses nothing: no task is taken out by a future that was not ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// manyhands::block_on(async {
    ///     let mut queue = JoinQueue::new();
    ///     queue.spawn(async { 1 });
    ///     assert_eq!(queue.join_next().await.unwrap().unwrap(), 1);
    ///     assert!(queue.join_next().await.is_none());
    /// });
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|context| self.poll_join_next(context)).await
    }

    /// Like [`join_next`](Self::join_next), with the task's id. An error has the id
    /// [itself](JoinError::id).
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// manyhands::block_on(async {
    ///     let mut queue = JoinQueue::new();
    ///     let name = queue.spawn(async { 1 }).id();
    ///     assert_eq!(queue.join_next_with_id().await.unwrap().unwrap(), (name, 1));
    /// });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|context| self.poll_join_next_with_id(context)).await
    }

    /// Takes out the oldest task if it has ended. `None` if it has not, or if the queue is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let mut queue = JoinQueue::new();
    /// queue.spawn(async { 1 });
    /// let one = std::iter::repeat_with(|| queue.try_join_next()).find_map(|one| one);
    /// assert_eq!(one.unwrap().unwrap(), 1);
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// Like [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let mut queue = JoinQueue::new();
    /// let name = queue.spawn(async { 1 }).id();
    /// let one = std::iter::repeat_with(|| queue.try_join_next_with_id()).find_map(|one| one);
    /// assert_eq!(one.unwrap().unwrap(), (name, 1));
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let result = self.tasks.front_mut()?.take_result()?;
        Some(self.pop(result))
    }

    /// Polls for the oldest task: [`join_next`](Self::join_next) for implementations of futures and
    /// streams. The waker of the last call is woken when the task ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    /// use manyhands::task::JoinQueue;
    ///
    /// // A queue as a stream of results.
    /// let mut queue: JoinQueue<_> = (1..=3).map(|n| async move { n }).collect();
    /// let results = futures::stream::poll_fn(move |context| queue.poll_join_next(context));
    /// let all: Vec<i32> = manyhands::block_on(results.map(Result::unwrap).collect());
    /// assert_eq!(all, [1, 2, 3]);
    /// ```
    pub fn poll_join_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(context)
            .map(|result| result.map(without_id))
    }

    /// Like [`poll_join_next`](Self::poll_join_next), with the task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    /// use std::future::poll_fn;
    ///
    /// let mut queue = JoinQueue::new();
    /// let name = queue.spawn(async { 1 }).id();
    /// let next = poll_fn(|context| queue.poll_join_next_with_id(context));
    /// assert_eq!(manyhands::block_on(next).unwrap().unwrap(), (name, 1));
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let Some(oldest) = self.tasks.front_mut() else {
            return Poll::Ready(None);
        };
        let result = ready!(Pin::new(oldest).poll(context));
        Poll::Ready(Some(self.pop(result)))
    }

    /// Takes out the oldest task, which has given its result.
    fn pop(&mut self, result: Result<T, JoinError>) -> Result<(Id, T), JoinError> {
        let task = self.tasks.pop_front().expect("it was there");
        result.map(|output| (task.id(), output))
    }

    /// Waits for all tasks, and returns their outputs in the order in which they were spawned.
    ///
    /// # Panics
    ///
    /// If a task panics, its panic continues here. If one is cancelled, this panics. In both cases
    /// the remaining tasks are aborted. Use [`join_next`](Self::join_next) to handle failures.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let queue: JoinQueue<_> = (1..=3).map(|n| async move { n * n }).collect();
    /// assert_eq!(manyhands::block_on(queue.join_all()), [1, 4, 9]);
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            outputs.push(output(result));
        }
        outputs
    }

    /// Asks all tasks to end, as [`JoinHandle::abort`] does. They stay in the queue until they are
    /// joined. Those that were not complete before give an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// manyhands::block_on(async {
    ///     let mut queue = JoinQueue::new();
    ///     queue.spawn(std::future::pending::<()>());
    ///     queue.abort_all();
    ///     assert!(queue.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort_all(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }

    /// Aborts all tasks and waits until they have ended. Their results are dropped, panics among
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// manyhands::block_on(async {
    ///     let mut queue = JoinQueue::new();
    ///     queue.spawn(std::future::pending::<()>());
    ///     queue.shutdown().await;
    ///     assert!(queue.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Takes all tasks out of the queue. They run on, detached.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let mut queue = JoinQueue::new();
    /// queue.spawn(async move { sender.send("still here").unwrap() });
    /// queue.detach_all();
    /// drop(queue);
    /// assert_eq!(receiver.recv().unwrap(), "still here");
    /// ```
    pub fn detach_all(&mut self) {
        for task in self.tasks.drain(..) {
            drop(task.detach());
        }
    }

    fn hold(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let abort = task.abort_handle();
        self.tasks.push_back(task.cancel_on_drop());
        abort
    }
}

impl<T: Send + 'static> JoinQueue<T> {
    /// Starts a future on the current pool, as [`spawn`](crate::spawn), and puts it at the end of
    /// the queue. The handle returned can abort it.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let mut queue = JoinQueue::new();
    /// queue.spawn(std::future::pending()).abort();
    /// queue.spawn(async { 1 });
    /// manyhands::block_on(async {
    ///     assert!(queue.join_next().await.unwrap().is_err());
    ///     assert_eq!(queue.join_next().await.unwrap().unwrap(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.hold(spawn(future))
    }

    /// As [`spawn`](Self::spawn), on the pool of `handle`, with its priority and within its limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let mut queue = JoinQueue::new();
    /// queue.spawn_on(async { manyhands::current_num_threads() }, pool.handle());
    /// assert_eq!(manyhands::block_on(queue.join_all()), [1]);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.hold(handle.spawn(future))
    }

    /// Runs a closure that blocks, as [`spawn_blocking`], and puts it at the end of the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinQueue;
    ///
    /// let mut queue = JoinQueue::new();
    /// queue.spawn_blocking(|| std::fs::read_to_string("Cargo.toml").unwrap());
    /// let texts = manyhands::block_on(queue.join_all());
    /// assert!(texts[0].contains("manyhands"));
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(spawn_blocking(f))
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), on the pool of `handle`.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::{Handle, task::JoinQueue};
    ///
    /// let mut queue = JoinQueue::new();
    /// queue.spawn_blocking_on(|| 1, &Handle::current());
    /// assert_eq!(manyhands::block_on(queue.join_all()), [1]);
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(handle.spawn_blocking(f))
    }

    /// Starts a closure that computes, as [`spawn_compute`], and puts it at the end of the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use manyhands::task::JoinQueue;
    ///
    /// let mut queue = JoinQueue::new();
    /// for n in [10_u64, 100] {
    ///     queue.spawn_compute(move || (1..=n).into_par_iter().sum::<u64>());
    /// }
    /// assert_eq!(manyhands::block_on(queue.join_all()), [55, 5050]);
    /// ```
    #[track_caller]
    pub fn spawn_compute<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(spawn_compute(f))
    }
}

impl<T> Default for JoinQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinQueue")
            .field("len", &self.len())
            .finish()
    }
}

/// Starts each future on the current pool.
impl<F> FromIterator<F> for JoinQueue<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut queue = Self::new();
        queue.extend(futures);
        queue
    }
}

/// Starts each future on the current pool, and puts it at the end of the queue.
impl<F> Extend<F> for JoinQueue<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}
