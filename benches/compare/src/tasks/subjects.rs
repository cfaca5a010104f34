//! The executors.

use super::{Executor, Spawn};
use crate::results::OURS;
use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A handle whose task neither panics nor is cancelled.
pub struct Unwrap<H>(H);

impl<H, T, E> Future for Unwrap<H>
where
    H: Future<Output = Result<T, E>> + Unpin,
    E: Debug,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|result| result.expect("the task ends well"))
    }
}

pub struct ManyHands(manyhands::Pool);

impl ManyHands {
    pub fn pool(&self) -> &manyhands::Pool {
        &self.0
    }
}

#[derive(Clone)]
pub struct InManyHands;

impl Executor for ManyHands {
    const NAME: &'static str = OURS;
    type Inside = InManyHands;

    fn start(threads: usize) -> Self {
        Self(
            manyhands::Pool::builder()
                .num_threads(threads)
                .build()
                .expect("a pool"),
        )
    }

    fn inside(&self) -> InManyHands {
        InManyHands
    }

    fn spawn<F>(&self, future: F) -> Unwrap<manyhands::JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Unwrap(self.0.spawn(future))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn steals(&self) -> Option<u64> {
        Some(self.0.metrics().seats.iter().map(|seat| seat.steals).sum())
    }
}

impl Spawn for InManyHands {
    type Handle<T: Send + 'static> = Unwrap<manyhands::JoinHandle<T>>;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Unwrap(manyhands::spawn(future))
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        drop(handle);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        manyhands::task::yield_now()
    }
}

pub struct Tokio(tokio::runtime::Runtime);

#[derive(Clone)]
pub struct InTokio;

impl Executor for Tokio {
    const NAME: &'static str = "tokio";
    type Inside = InTokio;

    fn start(threads: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(threads).build().expect("a runtime"))
    }

    fn inside(&self) -> InTokio {
        InTokio
    }

    fn spawn<F>(&self, future: F) -> Unwrap<tokio::task::JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Unwrap(self.0.spawn(future))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Spawn for InTokio {
    type Handle<T: Send + 'static> = Unwrap<tokio::task::JoinHandle<T>>;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Unwrap(tokio::spawn(future))
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        drop(handle);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }
}

/// One thread for each worker, which runs the executor for good; the executor is leaked, as a
/// static one would be.
pub struct AsyncExecutor(&'static async_executor::Executor<'static>);

#[derive(Clone)]
pub struct InAsyncExecutor(&'static async_executor::Executor<'static>);

impl Executor for AsyncExecutor {
    const NAME: &'static str = "async-executor";
    type Inside = InAsyncExecutor;

    fn start(threads: usize) -> Self {
        let executor: &'static _ = Box::leak(Box::new(async_executor::Executor::new()));
        for _ in 0..threads {
            std::thread::spawn(|| {
                futures_lite::future::block_on(executor.run(std::future::pending::<()>()));
            });
        }
        Self(executor)
    }

    fn inside(&self) -> InAsyncExecutor {
        InAsyncExecutor(self.0)
    }

    fn spawn<F>(&self, future: F) -> async_executor::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }
}

impl Spawn for InAsyncExecutor {
    type Handle<T: Send + 'static> = async_executor::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

pub struct Futures(futures::executor::ThreadPool);

#[derive(Clone)]
pub struct InFutures(futures::executor::ThreadPool);

fn spawn_on_futures<F>(
    pool: &futures::executor::ThreadPool,
    future: F,
) -> futures::future::RemoteHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    use futures::task::SpawnExt;
    pool.spawn_with_handle(future).expect("a pool that runs")
}

impl Executor for Futures {
    const NAME: &'static str = "futures";
    type Inside = InFutures;

    fn start(threads: usize) -> Self {
        let mut builder = futures::executor::ThreadPool::builder();
        Self(builder.pool_size(threads).create().expect("a pool"))
    }

    fn inside(&self) -> InFutures {
        InFutures(self.0.clone())
    }

    fn spawn<F>(&self, future: F) -> futures::future::RemoteHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on_futures(&self.0, future)
    }

    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_ok(future);
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures::executor::block_on(future)
    }
}

impl Spawn for InFutures {
    type Handle<T: Send + 'static> = futures::future::RemoteHandle<T>;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on_futures(&self.0, future)
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.forget();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

#[cfg(feature = "forte")]
pub struct Forte(&'static forte::ThreadPool);

#[cfg(feature = "forte")]
impl Forte {
    pub fn pool(&self) -> &'static forte::ThreadPool {
        self.0
    }
}

#[cfg(feature = "forte")]
#[derive(Clone)]
pub struct InForte(&'static forte::ThreadPool);

#[cfg(feature = "forte")]
impl Executor for Forte {
    const NAME: &'static str = "forte";
    type Inside = InForte;
    const MOST: usize = 32;

    fn start(threads: usize) -> Self {
        let pool: &'static _ = Box::leak(Box::new(forte::ThreadPool::new()));
        pool.resize_to(threads);
        Self(pool)
    }

    fn inside(&self) -> InForte {
        InForte(self.0)
    }

    fn spawn<F>(&self, future: F) -> forte::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }
}

#[cfg(feature = "forte")]
impl Spawn for InForte {
    type Handle<T: Send + 'static> = forte::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}
