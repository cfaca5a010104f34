//! A set of tasks that are awaited in the order in which they end.

use super::{Handle, spawn, spawn_blocking, spawn_compute};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::task::{AbortHandle, Id, JoinError, JoinHandle, coop};
use crate::util::unwind;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

/// A set of tasks with one type of output, awaited in the order in which they end.
///
/// The set holds its tasks: dropping it aborts those that are not complete, as [`abort_all`] does.
/// A panic of a task comes out of [`join_next`] as an error, and the others run on. Names and
/// behaviour are those of tokio's `JoinSet`.
///
/// # Cost
///
/// Two allocations a task: the task and its entry in the set. A task that ends costs the set a
/// short lock and one wake-up of the awaiting task, however many tasks there are. What a burst of
/// tasks has taken is given back as they are joined: the set keeps room for at most four times as
/// many tasks as it holds, or 64.
///
/// # Examples
///
/// ```
/// use manyhands::task::JoinSet;
/// use manyhands::prelude::*;
///
/// let sums = manyhands::block_on(async {
///     let mut set = JoinSet::new();
///     for n in 1..=4_u64 {
///         set.spawn(async move { (0..n * 1000).into_par_iter().sum::<u64>() });
///     }
///     let mut sums = Vec::new();
///     while let Some(sum) = set.join_next().await {
///         sums.push(sum.unwrap());
///     }
///     sums.sort();
///     sums
/// });
/// assert_eq!(sums, [499_500, 1_999_000, 4_498_500, 7_998_000]);
/// ```
///
/// [`abort_all`]: Self::abort_all
/// [`join_next`]: Self::join_next
pub struct JoinSet<T> {
    /// In no order: the last one fills the place of one that is taken out.
    tasks: Vec<Member<T>>,
    ended: Arc<Ended>,
}

/// A set with room for no more tasks than this keeps it.
const SMALL: usize = 64;

/// A task of the set.
struct Member<T> {
    task: JoinHandle<T>,
    entry: Arc<Entry>,
}

/// The tasks that have ended, and the waker of the task that awaits them.
#[derive(Default)]
struct Ended(Mutex<News>);

/// The news that [`Ended`] guards. They are hints: the set asks the handle of each entry that it
/// takes.
#[derive(Default)]
struct News {
    entries: VecDeque<Arc<Entry>>,
    waker: Option<Waker>,
    /// No set waits for news any more. (An entry that came now would keep this alive for ever, as
    /// it is kept by it.)
    closed: bool,
}

/// The waker of one task's handle.
struct Entry {
    /// The place of the task in the set, or [`GONE`]. Read and written by the set alone.
    place: AtomicUsize,
    ended: Arc<Ended>,
}

/// The place of a task that is not in the set any more.
const GONE: usize = usize::MAX;

impl Entry {
    // Ordering: Relaxed, both; the set is behind a `&mut`, which orders its threads.
    fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed)
    }

    fn move_to(&self, place: usize) {
        self.place.store(place, Ordering::Relaxed);
    }
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        let ended = Arc::clone(&self.ended);
        ended.add(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ended.add(Arc::clone(self));
    }
}

/// Gives back what a burst has taken. Amortised: as many entries were taken out before as are moved
/// here.
fn fits(len: usize, capacity: usize) -> bool {
    capacity <= SMALL || len >= capacity / 4
}

impl Ended {
    fn add(&self, entry: Arc<Entry>) {
        let waker = {
            let mut news = lock(&self.0);
            if news.closed {
                // `entry` is dropped after the lock: it was borrowed from the caller's frame.
                return;
            }
            news.entries.push_back(entry);
            news.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn take(&self) -> Option<Arc<Entry>> {
        lock(&self.0).take()
    }

    /// Takes an entry, or leaves a waker, in one step: no task can end in between.
    fn take_or_wait(&self, waker: &Waker) -> Option<Arc<Entry>> {
        // Wakers are foreign code: they are cloned and dropped outside the lock.
        let new = waker.clone();
        let old = {
            let mut news = lock(&self.0);
            if let Some(entry) = news.take() {
                return Some(entry);
            }
            news.waker.replace(new)
        };
        drop(old);
        None
    }

    fn close(&self) {
        let news = {
            let mut news = lock(&self.0);
            let closed = News {
                closed: true,
                ..News::default()
            };
            std::mem::replace(&mut *news, closed)
        };
        drop(news);
    }
}

impl News {
    fn take(&mut self) -> Option<Arc<Entry>> {
        let entry = self.entries.pop_front();
        if !fits(self.entries.len(), self.entries.capacity()) {
            self.entries.shrink_to(2 * self.entries.len());
        }
        entry
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// # Examples
    ///
    /// ```
    /// let set = manyhands::task::JoinSet::<u32>::new();
    /// assert!(set.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            tasks: Vec::new(),
            ended: Arc::default(),
        }
    }

    /// The number of tasks in the set. Tasks that have ended count until they are joined.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Does the set hold no task?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a task.
    pub(crate) fn insert(&mut self, task: JoinHandle<T>) {
        let entry = Arc::new(Entry {
            place: AtomicUsize::new(self.tasks.len()),
            ended: Arc::clone(&self.ended),
        });
        let waker = Waker::from(Arc::clone(&entry));
        if task.poll_complete(&waker) {
            self.ended.add(Arc::clone(&entry));
        }
        self.tasks.push(Member { task, entry });
    }

    /// Waits until a task of the set ends, and takes it out. `None` if the set is empty.
    ///
    /// Dropping the future loses nothing: no task is taken out by a future that was not ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// manyhands::block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.spawn(async { 1 });
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    ///     assert!(set.join_next().await.is_none());
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
    /// use manyhands::task::JoinSet;
    ///
    /// manyhands::block_on(async {
    ///     let mut set = JoinSet::new();
    ///     let name = set.spawn(async { 1 }).id();
    ///     assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (name, 1));
    /// });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|context| self.poll_join_next_with_id(context)).await
    }

    /// Takes out a task that has ended. `None` if none has, or if the set is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 1 });
    /// let one = loop {
    ///     if let Some(one) = set.try_join_next() {
    ///         break one;
    ///     }
    ///     std::thread::yield_now();
    /// };
    /// assert_eq!(one.unwrap(), 1);
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// Like [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let task = set.spawn(async { 1 });
    /// while !task.is_finished() {
    ///     std::thread::yield_now();
    /// }
    /// // The set hears of it a moment after the task has ended.
    /// let one = std::iter::repeat_with(|| set.try_join_next_with_id()).find_map(|one| one);
    /// assert_eq!(one.unwrap().unwrap(), (task.id(), 1));
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        while let Some(entry) = self.ended.take() {
            if let Some(result) = self.remove(&entry) {
                return Some(result);
            }
        }
        None
    }

    /// Polls for a task that has ended: [`join_next`](Self::join_next) for implementations of
    /// futures and streams. The waker of the last call is woken when a task ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    /// use manyhands::task::JoinSet;
    ///
    /// // A set as a stream of results.
    /// let mut set: JoinSet<_> = (1..=3).map(|n| async move { n }).collect();
    /// let results = futures::stream::poll_fn(move |context| set.poll_join_next(context));
    /// let sum = results.fold(0, async |sum, n| sum + n.unwrap());
    /// assert_eq!(manyhands::block_on(sum), 6);
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
    /// use manyhands::task::JoinSet;
    /// use std::future::poll_fn;
    ///
    /// let mut set = JoinSet::new();
    /// let name = set.spawn(async { 1 }).id();
    /// let next = poll_fn(|context| set.poll_join_next_with_id(context));
    /// assert_eq!(manyhands::block_on(next).unwrap().unwrap(), (name, 1));
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let unit = ready!(coop::poll_proceed(context));
        let mut next = self.try_join_next_with_id();
        while next.is_none() {
            let Some(entry) = self.ended.take_or_wait(context.waker()) else {
                return Poll::Pending;
            };
            next = self.remove(&entry);
        }
        unit.made_progress();
        Poll::Ready(next)
    }

    /// Takes out the task of an entry, if it is in the set and has ended.
    fn remove(&mut self, entry: &Entry) -> Option<Result<(Id, T), JoinError>> {
        let place = entry.place();
        if !self.tasks.get(place)?.task.is_finished() {
            return None;
        }
        let Member { mut task, entry } = self.tasks.swap_remove(place);
        entry.move_to(GONE);
        if let Some(moved) = self.tasks.get(place) {
            moved.entry.move_to(place);
        }
        if !fits(self.tasks.len(), self.tasks.capacity()) {
            self.tasks.shrink_to(2 * self.tasks.len());
        }
        let result = task.take_result().expect("a finished task has its result");
        Some(result.map(|output| (task.id(), output)))
    }

    /// Waits for all tasks, and returns their outputs in the order in which they ended.
    ///
    /// # Panics
    ///
    /// If a task panics, its panic continues here. If one is cancelled, this panics. In both cases
    /// the remaining tasks are aborted. Use [`join_next`](Self::join_next) to handle failures.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let set: JoinSet<_> = (1..=3).map(|n| async move { n * n }).collect();
    /// let mut squares = manyhands::block_on(set.join_all());
    /// squares.sort();
    /// assert_eq!(squares, [1, 4, 9]);
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            outputs.push(output(result));
        }
        outputs
    }

    /// Asks all tasks to end, as [`JoinHandle::abort`] does. They stay in the set until they are
    /// joined. Those that were not complete before give an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// manyhands::block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.spawn(std::future::pending::<()>());
    ///     set.abort_all();
    ///     assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort_all(&mut self) {
        for member in &self.tasks {
            member.task.abort();
        }
    }

    /// Aborts all tasks and waits until they have ended. Their results are dropped, panics among
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// manyhands::block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.spawn(std::future::pending::<()>());
    ///     set.shutdown().await;
    ///     assert!(set.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Takes all tasks out of the set. They run on, detached.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let mut set = JoinSet::new();
    /// set.spawn(async move { sender.send("still here").unwrap() });
    /// set.detach_all();
    /// drop(set);
    /// assert_eq!(receiver.recv().unwrap(), "still here");
    /// ```
    pub fn detach_all(&mut self) {
        // News of the old tasks no longer concerns this set.
        self.ended.close();
        self.ended = Arc::default();
        drop(std::mem::take(&mut self.tasks));
    }
}

pub(super) fn without_id<T>(result: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    result.map(|(_, output)| output)
}

/// What `join_all` takes of a task.
pub(super) fn output<T>(result: Result<T, JoinError>) -> T {
    match result.map_err(JoinError::try_into_panic) {
        Ok(output) => output,
        Err(Ok(payload)) => unwind::resume(payload),
        Err(Err(cancelled)) => panic!("{cancelled}: join_all has no output for it"),
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
        self.ended.close();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

// The bounds are `Future` and not `Spawnable`, so that the compiler names both types where the
// output of a future is not that of the set.
impl<T: Send + 'static> JoinSet<T> {
    /// Starts a future on the current pool, as [`spawn`](crate::spawn), and adds it to the set. The
    /// handle returned can abort it.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 1 });
    /// set.spawn(std::future::pending()).abort();
    /// let both = manyhands::block_on(async {
    ///     [set.join_next().await.unwrap(), set.join_next().await.unwrap()]
    /// });
    /// assert_eq!(both.iter().filter(|result| result.is_ok()).count(), 1);
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
    /// use manyhands::task::JoinSet;
    ///
    /// let pool = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// let mut set = JoinSet::new();
    /// set.spawn_on(async { manyhands::current_num_threads() }, pool.handle());
    /// assert_eq!(manyhands::block_on(set.join_all()), [1]);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.hold(handle.spawn(future))
    }

    /// Runs a closure that blocks, as [`spawn_blocking`], and adds it to the
    /// set.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::task::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// for name in ["Cargo.toml", "README.md"] {
    ///     set.spawn_blocking(move || std::fs::read_to_string(name).unwrap());
    /// }
    /// let texts = manyhands::block_on(set.join_all());
    /// assert!(texts.iter().all(|text| text.contains("manyhands")));
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
    /// use manyhands::{Handle, task::JoinSet};
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn_blocking_on(|| 1, &Handle::current());
    /// assert_eq!(manyhands::block_on(set.join_all()), [1]);
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(handle.spawn_blocking(f))
    }

    /// Starts a closure that computes, as [`spawn_compute`], and adds it to
    /// the set: aborting the set stops its parallel loops at their next check.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::prelude::*;
    /// use manyhands::task::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// for n in [10_u64, 100] {
    ///     set.spawn_compute(move || (1..=n).into_par_iter().sum::<u64>());
    /// }
    /// let sums = manyhands::block_on(set.join_all());
    /// assert_eq!(sums.iter().sum::<u64>(), 5105);
    /// ```
    #[track_caller]
    pub fn spawn_compute<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(spawn_compute(f))
    }

    /// As [`spawn_compute`](Self::spawn_compute), on the pool of `handle`, with its priority and
    /// within its limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use manyhands::{Handle, Priority, task::JoinSet};
    ///
    /// let background = Handle::current().with_priority(Priority::Background);
    /// let mut set = JoinSet::new();
    /// set.spawn_compute_on(|| manyhands::join(|| 20, || 22), &background);
    /// assert_eq!(manyhands::block_on(set.join_all()), [(20, 22)]);
    /// ```
    #[track_caller]
    pub fn spawn_compute_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.hold(handle.spawn_compute(f))
    }

    fn hold(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let abort = task.abort_handle();
        self.insert(task);
        abort
    }
}

/// Starts each future on the current pool.
impl<F> FromIterator<F> for JoinSet<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Starts each future on the current pool, and adds it to the set.
impl<F> Extend<F> for JoinSet<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

#[cfg(all(test, not(manyhands_model)))]
mod tests {
    use super::{JoinSet, SMALL};
    use crate::Pool;
    use crate::sync::lock;
    use std::future::pending;
    use std::sync::Arc;

    /// A burst, of which stragglers are left: room is given back, whichever they are.
    #[test]
    fn a_set_shrinks() {
        const MANY: usize = 4000;
        let pool = Pool::builder().num_threads(2).build().unwrap();
        let mut set = JoinSet::new();
        for n in 0..MANY {
            let stays = n % 500 == 499;
            let future = async move {
                if stays {
                    pending().await
                }
            };
            set.spawn_on(future, pool.handle());
        }
        assert!(set.tasks.capacity() >= MANY);
        pool.block_on(async {
            for _ in 0..MANY - 8 {
                set.join_next().await.unwrap().unwrap();
            }
        });
        assert_eq!(set.len(), 8);
        assert!(set.tasks.capacity() <= SMALL, "{}", set.tasks.capacity());
        let news = lock(&set.ended.0).entries.capacity();
        assert!(news <= SMALL, "{news}");
        set.abort_all();
        pool.block_on(async {
            for _ in 0..8 {
                assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
            }
            assert!(set.join_next().await.is_none());
        });
    }

    /// Entries keep the list of news, and the list keeps entries.
    #[test]
    fn nothing_is_left_of_a_set() {
        for detaches in [false, true] {
            let pool = Pool::builder().num_threads(2).build().unwrap();
            let mut set = JoinSet::new();
            for n in 0..100 {
                let future = async move {
                    if n % 2 == 0 {
                        pending().await
                    }
                };
                set.spawn_on(future, pool.handle());
            }
            let list = Arc::downgrade(&set.ended);
            pool.block_on(async { set.join_next().await.unwrap().unwrap() });
            if detaches {
                set.detach_all();
            }
            drop(set);
            pool.shutdown();
            assert_eq!(list.strong_count(), 0, "detaches: {detaches}");
        }
    }
}
