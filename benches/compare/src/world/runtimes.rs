//! The runtimes, as their documentation says how to use them.

use super::nets::{AsyncIo, Net, TokioNet};
use std::sync::OnceLock;
use std::time::Duration;

/// A runtime with timers and sockets. It is global: a process starts one.
pub trait World: 'static {
    const NAME: &'static str;
    type Net: Net;
    /// Cancels its task when it is dropped.
    type Task: Send;

    fn start(threads: usize);

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::Task;

    /// Starts a task that is not cancelled.
    fn detach<F: Future<Output = ()> + Send + 'static>(future: F);

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send;

    /// Whether the future was ready in time.
    fn timeout<F: Future + Send>(time: Duration, future: F) -> impl Future<Output = bool> + Send;
}

/// Something to do with a runtime that is known by its name.
pub trait Job {
    type Result;
    fn run<W: World>(self) -> Self::Result;
}

/// Does the job with the runtime of that name, if there is one.
pub fn with<J: Job>(name: &str, job: J) -> Option<J::Result> {
    match name {
        Tokio::NAME => Some(job.run::<Tokio>()),
        Smol::NAME => Some(job.run::<Smol>()),
        Ours::NAME => Some(job.run::<Ours>()),
        _ => None,
    }
}

/// manyhands as this build has it. The features are for the whole program, so there is one a build.
#[cfg(not(feature = "world-tokio"))]
pub type Ours = ManyHands;
#[cfg(feature = "world-tokio")]
pub type Ours = TokioInside;

/// tokio with its own timers and sockets.
pub struct Tokio;

static TOKIO: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

/// A task of tokio that is aborted when this is dropped.
pub struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn tokio() -> &'static tokio::runtime::Runtime {
    TOKIO.get().expect("it has started")
}

impl World for Tokio {
    const NAME: &'static str = "tokio";
    type Net = TokioNet;
    type Task = AbortOnDrop;

    fn start(threads: usize) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(threads).enable_all().build();
        let first = TOKIO.set(runtime.expect("a runtime"));
        first.expect("it starts once");
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> AbortOnDrop {
        AbortOnDrop(tokio().spawn(future))
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        tokio().spawn(future);
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }

    async fn timeout<F: Future + Send>(time: Duration, future: F) -> bool {
        tokio::time::timeout(time, future).await.is_ok()
    }
}

/// async-executor with threads of its own, and async-io.
pub struct Smol;

static EXECUTOR: async_executor::Executor<'static> = async_executor::Executor::new();

impl World for Smol {
    const NAME: &'static str = "smol";
    type Net = AsyncIo;
    type Task = async_executor::Task<()>;

    /// As smol's own threads do: they run tasks inside of async-io's `block_on`.
    fn start(threads: usize) {
        for _ in 0..threads {
            std::thread::spawn(|| {
                async_io::block_on(EXECUTOR.run(std::future::pending::<()>()));
            });
        }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::Task {
        EXECUTOR.spawn(future)
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        EXECUTOR.spawn(future).detach();
    }

    async fn sleep(time: Duration) {
        async_io::Timer::after(time).await;
    }

    async fn timeout<F: Future + Send>(time: Duration, future: F) -> bool {
        async_io_timeout(time, future).await
    }
}

/// As smol's documentation composes it.
async fn async_io_timeout<F: Future + Send>(time: Duration, future: F) -> bool {
    let in_time = async {
        future.await;
        true
    };
    let late = async {
        async_io::Timer::after(time).await;
        false
    };
    futures_lite::future::or(in_time, late).await
}

static POOL: OnceLock<manyhands::Pool> = OnceLock::new();

fn pool() -> &'static manyhands::Pool {
    POOL.get().expect("it has started")
}

fn start_pool(threads: usize) {
    let pool = manyhands::Pool::builder().num_threads(threads).build();
    let first = POOL.set(pool.expect("a pool"));
    first.expect("it starts once");
}

/// manyhands with its own timers, and sockets of async-io. Who waits for their events: with the feature
/// `async-io` an idle thread of the pool, else the thread that async-io brings along.
#[cfg(not(feature = "world-tokio"))]
pub struct ManyHands;

#[cfg(not(feature = "world-tokio"))]
impl World for ManyHands {
    const NAME: &'static str = match cfg!(feature = "world-async-io") {
        true => "manyhands",
        false => "manyhands, async-io's thread",
    };
    type Net = AsyncIo;
    type Task = manyhands::CancelOnDrop<()>;

    fn start(threads: usize) {
        start_pool(threads);
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::Task {
        pool().spawn(future).cancel_on_drop()
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(pool().spawn(future));
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
        manyhands::time::sleep(time)
    }

    async fn timeout<F: Future + Send>(time: Duration, future: F) -> bool {
        manyhands::time::timeout(time, future).await.is_ok()
    }
}

/// manyhands with the feature `tokio`: sockets and timers of tokio in tasks of the pool.
#[cfg(feature = "world-tokio")]
pub struct TokioInside;

#[cfg(feature = "world-tokio")]
impl World for TokioInside {
    const NAME: &'static str = "manyhands, tokio's sockets";
    type Net = TokioNet;
    type Task = manyhands::CancelOnDrop<()>;

    fn start(threads: usize) {
        start_pool(threads);
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::Task {
        pool().spawn(future).cancel_on_drop()
    }

    fn detach<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(pool().spawn(future));
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }

    fn timeout<F: Future + Send>(time: Duration, future: F) -> impl Future<Output = bool> + Send {
        Tokio::timeout(time, future)
    }
}
