//! How a [`JoinSet`] starts tasks: each way of [`Handle`], with the handle put into the set.

use crate::pool::Handle;
use crate::task::{AbortHandle, JoinHandle, JoinSet};
use crate::{spawn, spawn_blocking, spawn_compute};

impl<T: Send + 'static> JoinSet<T> {
    /// Starts a future on the current pool, as [`spawn`](crate::spawn()), and adds it to the set.
    /// The handle returned can abort it.
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

    /// Runs a closure that blocks, as [`spawn_blocking`], and adds it to the set.
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

    /// Starts a closure that computes, as [`spawn_compute`], and adds it to the set: aborting
    /// the set stops its parallel loops at their next check.
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
        futures.into_iter().for_each(|future| {
            set.spawn(future);
        });
        set
    }
}
