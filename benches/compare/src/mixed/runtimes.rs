//! The ways to have tasks and computations in one program.
//!
//! Each is a choice of three things: who polls tasks ([`Tasks`]), who runs loops ([`Loops`]), and
//! how a task gets a computation done ([`Runtime::compute`]). All of them are global, as they are
//! in a program that uses them; a process has one.

use super::harness::{COUNTERS, Counter};
use crate::results::OURS;
use futures::channel::oneshot;
use manyhands::SeatMetrics;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What a program is built on.
pub trait Runtime: 'static {
    const NAME: &'static str;
    type Tasks: Tasks;
    type Loops: Loops;

    /// Once in a process.
    fn start(threads: usize) {
        Self::Tasks::start(threads);
        Self::Loops::start(threads);
    }

    /// What a task awaits in order to compute something. If it is dropped before its end, the
    /// computation is cancelled, as far as this runtime can.
    fn compute<T, F>(f: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static;

    /// Starts a task.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Self::Tasks::spawn(future)
    }

    /// Starts a task that nobody awaits.
    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        Self::Tasks::detach(future);
    }

    /// Waits for a future: on a thread of the workload's own, or inside of a loop.
    fn block_on<F: Future<Output: Send> + Send>(future: F) -> F::Output {
        Self::Tasks::block_on(future)
    }

    /// Blocks a task.
    fn blocking<F: FnOnce() + Send + 'static>(f: F) -> impl Future<Output = ()> + Send {
        Self::Tasks::blocking(f)
    }

    /// A parallel loop, called right here.
    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64 {
        Self::Loops::sum(items, item)
    }

    /// A fork-join, called right here.
    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send,
    {
        Self::Loops::join(a, b)
    }
}

pub trait Tasks {
    fn start(threads: usize);

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static;

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(Self::spawn(future));
    }

    fn block_on<F: Future<Output: Send> + Send>(future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }

    fn blocking<F: FnOnce() + Send + 'static>(f: F) -> impl Future<Output = ()> + Send;
}

pub trait Loops {
    fn start(threads: usize);
    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64;
    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send;
}

/// Everything on one pool; loops are called right in the task.
pub struct ManyHands;

impl Runtime for ManyHands {
    const NAME: &'static str = OURS;
    type Tasks = Self;
    type Loops = Self;

    fn start(threads: usize) {
        let builder = manyhands::Pool::builder().num_threads(threads);
        builder.build_global().expect("the first pool");
        COUNTERS.get_or_init(|| counters);
    }

    async fn compute<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        f()
    }
}

/// What the default pool has counted so far.
fn counters() -> Vec<Counter> {
    let metrics = manyhands::Handle::current().metrics();
    let sum = |count: fn(&SeatMetrics) -> u64| metrics.seats.iter().map(count).sum();
    let longest = |time: fn(&SeatMetrics) -> Duration| {
        metrics.seats.iter().map(time).max().unwrap_or_default()
    };
    vec![
        Counter::Events("computations", sum(|seat| seat.computations)),
        Counter::Events("lent", sum(|seat| seat.lent)),
        Counter::Events("overcommitted", sum(|seat| seat.overcommitted)),
        Counter::Longest("slowest_poll", longest(|seat| seat.slowest_poll)),
        Counter::Longest("longest_rescue", longest(|seat| seat.longest_rescue)),
    ]
}

impl Tasks for ManyHands {
    fn start(_: usize) {}

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let task = manyhands::spawn(future);
        async { task.await.expect("no task panics") }
    }

    fn block_on<F: Future<Output: Send> + Send>(future: F) -> F::Output {
        manyhands::block_on(future)
    }

    async fn blocking<F: FnOnce() + Send + 'static>(f: F) {
        manyhands::block_in_place(f);
    }
}

impl Loops for ManyHands {
    fn start(_: usize) {}

    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64 {
        use manyhands::prelude::*;
        (0..items).into_par_iter().map(item).sum()
    }

    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send,
    {
        let (a, b) = manyhands::join(a, b);
        a.wrapping_add(b)
    }
}

/// The same pool, but the task awaits the computation.
pub struct Awaited;

impl Runtime for Awaited {
    const NAME: &'static str = "manyhands, awaited";
    type Tasks = ManyHands;
    type Loops = ManyHands;

    fn start(threads: usize) {
        <ManyHands as Runtime>::start(threads);
    }

    fn compute<T, F>(f: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let computed = manyhands::compute(move || manyhands::cancellable(f));
        async move { computed.await.expect("nobody awaits what was cancelled") }
    }
}

/// The glue that tokio's documentation recommends.
pub struct TokioRayon;

impl Runtime for TokioRayon {
    const NAME: &'static str = "tokio + rayon";
    type Tasks = Tokio;
    type Loops = Rayon;

    fn compute<T, F>(f: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        on_rayon(f)
    }
}

/// Loops of rayon that are called right in a task of tokio.
pub struct RayonInTokio;

impl Runtime for RayonInTokio {
    const NAME: &'static str = "rayon inside tokio";
    type Tasks = Tokio;
    type Loops = Rayon;

    async fn compute<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        f()
    }
}

/// The glue, with the executor of smol.
pub struct SmolRayon;

impl Runtime for SmolRayon {
    const NAME: &'static str = "smol + rayon";
    type Tasks = Smol;
    type Loops = Rayon;

    fn compute<T, F>(f: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        on_rayon(f)
    }
}

/// Computations on the blocking threads of tokio, as many at a time as there are cores. Each is
/// sequential.
pub struct SpawnBlocking;

static PERMITS: Semaphore = Semaphore::const_new(0);

impl Runtime for SpawnBlocking {
    const NAME: &'static str = "tokio, spawn_blocking";
    type Tasks = Tokio;
    type Loops = Plain;

    fn start(threads: usize) {
        Tokio::start(threads);
        PERMITS.add_permits(threads);
    }

    async fn compute<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let _permit = PERMITS.acquire().await.expect("it is never closed");
        let task = TOKIO.get().expect("it has started").spawn_blocking(f);
        AbortOnDrop(task).await
    }
}

/// A second runtime of tokio for computations, whose threads have a lower priority. Each computation
/// is sequential.
pub struct TwoTokios;

static SECOND: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

impl Runtime for TwoTokios {
    const NAME: &'static str = "two tokios";
    type Tasks = Tokio;
    type Loops = Plain;

    fn start(threads: usize) {
        Tokio::start(threads);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .on_thread_start(be_nice)
            .build();
        let first = SECOND.set(runtime.expect("a runtime"));
        first.expect("it starts once");
    }

    async fn compute<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let second = SECOND.get().expect("it has started");
        AbortOnDrop(second.spawn(async { f() })).await
    }
}

/// Lowers the priority of this thread.
fn be_nice() {
    // SAFETY: the call takes numbers only. On Linux, 0 is the thread that calls.
    let failed = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) };
    assert_eq!(failed, 0, "a lower priority is always granted");
}

/// A computation that has not started when its future is dropped never does.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let result = Pin::new(&mut self.0).poll(context);
        result.map(|result| result.expect("no computation panics"))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The tasks of tokio.
pub struct Tokio;

static TOKIO: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

impl Tasks for Tokio {
    fn start(threads: usize) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(threads).build();
        let first = TOKIO.set(runtime.expect("a runtime"));
        first.expect("it starts once");
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let task = TOKIO.get().expect("it has started").spawn(future);
        async { task.await.expect("no task panics") }
    }

    async fn blocking<F: FnOnce() + Send + 'static>(f: F) {
        tokio::task::block_in_place(f);
    }
}

/// The executor of smol, with threads of its own.
pub struct Smol;

static EXECUTOR: async_executor::Executor<'static> = async_executor::Executor::new();

impl Tasks for Smol {
    fn start(threads: usize) {
        for _ in 0..threads {
            std::thread::spawn(|| {
                futures_lite::future::block_on(EXECUTOR.run(std::future::pending::<()>()));
            });
        }
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        EXECUTOR.spawn(future).detach();
    }

    async fn blocking<F: FnOnce() + Send + 'static>(f: F) {
        blocking::unblock(f).await;
    }
}

/// The loops of rayon.
pub struct Rayon;

/// Runs on rayon's threads. If the future is gone before it starts, it does not.
async fn on_rayon<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = oneshot::channel();
    rayon::spawn(move || {
        if !sender.is_canceled() {
            // Nobody may wait for it any more.
            let _ = sender.send(f());
        }
    });
    receiver.await.expect("no computation panics")
}

impl Loops for Rayon {
    fn start(threads: usize) {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build_global().expect("the first pool");
    }

    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64 {
        use rayon::prelude::*;
        (0..items).into_par_iter().map(item).sum()
    }

    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send,
    {
        let (a, b) = rayon::join(a, b);
        a.wrapping_add(b)
    }
}

/// Sequential loops.
pub struct Plain;

impl Loops for Plain {
    fn start(_: usize) {}

    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64 {
        (0..items).map(item).sum()
    }

    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send,
    {
        a().wrapping_add(b())
    }
}

/// One pool, with joins where the others have loops.
#[cfg(feature = "forte")]
pub struct Forte;

#[cfg(feature = "forte")]
static FORTE: forte::ThreadPool = forte::ThreadPool::new();

#[cfg(feature = "forte")]
impl Runtime for Forte {
    const NAME: &'static str = "forte";
    type Tasks = Self;
    type Loops = Self;

    fn start(threads: usize) {
        FORTE.resize_to(threads);
    }

    async fn compute<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        f()
    }
}

#[cfg(feature = "forte")]
impl Tasks for Forte {
    fn start(_: usize) {}

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send> + Send + 'static,
    {
        FORTE.spawn(future)
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        FORTE.spawn(future).detach();
    }

    fn block_on<F: Future<Output: Send> + Send>(future: F) -> F::Output {
        FORTE.block_on(future)
    }

    /// It has nothing for that.
    async fn blocking<F: FnOnce() + Send + 'static>(f: F) {
        f();
    }
}

#[cfg(feature = "forte")]
impl Loops for Forte {
    fn start(_: usize) {}

    fn sum<F: Fn(usize) -> u64 + Send + Sync>(items: usize, item: F) -> u64 {
        fn halves(items: std::ops::Range<usize>, item: &(impl Fn(usize) -> u64 + Sync)) -> u64 {
            match items.len() {
                0 => 0,
                1 => item(items.start),
                len => {
                    let middle = items.start + len / 2;
                    let (low, high) = (items.start..middle, middle..items.end);
                    <Forte as Loops>::join(|| halves(low, item), || halves(high, item))
                }
            }
        }
        halves(0..items, &item)
    }

    fn join<A, B>(a: A, b: B) -> u64
    where
        A: FnOnce() -> u64 + Send,
        B: FnOnce() -> u64 + Send,
    {
        let (a, b) = FORTE.join(|_| a(), |_| b());
        a.wrapping_add(b)
    }
}
