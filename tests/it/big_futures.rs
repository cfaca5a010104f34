//! Futures and closures of the size of some stacks: what tokio spawns, this crate does, too. A
//! failure is an overflow, which ends the process.

use crate::util::{build, watched};
use futures::future::BoxFuture;
use manyhands::task::{Builder, JoinSet};
use manyhands::{Handle, Pool, block_on, spawn, spawn_blocking, spawn_compute};
use std::hint::black_box;

/// With stacks of 2 MiB, tokio 1.54 gets as far as 1000 KiB, and 150 KiB without optimisation.
const STACK: usize = 2 << 20;
const SIZE: usize = if cfg!(debug_assertions) { 100 } else { 800 } << 10;

manyhands::task_local! {
    static NUMBER: usize;
}

async fn big() -> usize {
    let bytes = [1_u8; SIZE];
    black_box(&bytes);
    manyhands::task::yield_now().await;
    black_box(&bytes).len()
}

/// Closures are called from where they are stored, and so need one copy more.
fn big_closure() -> impl FnOnce() -> usize + Send + 'static {
    let bytes = [1_u8; SIZE / 2];
    move || 2 * black_box(&bytes).len()
}

async fn by_spawn() -> usize {
    spawn(big()).await.unwrap()
}

async fn by_handle() -> usize {
    Handle::current().spawn(big()).await.unwrap()
}

async fn by_limit() -> usize {
    let limited = Handle::current().with_limit(1);
    limited.spawn(big()).await.unwrap()
}

async fn by_name() -> usize {
    Builder::new().name("big").spawn(big()).await.unwrap()
}

async fn by_set() -> usize {
    let mut set = JoinSet::new();
    set.spawn(big());
    set.join_next().await.unwrap().unwrap()
}

#[cfg(feature = "time")]
async fn by_timeout() -> usize {
    use manyhands::time::{Duration, timeout};
    let hour = Duration::from_secs(3600);
    spawn(timeout(hour, big())).await.unwrap().unwrap()
}

async fn by_local() -> usize {
    spawn(NUMBER.scope(7, big())).await.unwrap()
}

async fn by_block_on() -> usize {
    block_on(big())
}

async fn by_block_on_of_a_handle() -> usize {
    Handle::current().block_on(big())
}

async fn by_compute() -> usize {
    spawn_compute(big_closure()).await.unwrap()
}

async fn by_blocking() -> usize {
    spawn_blocking(big_closure()).await.unwrap()
}

fn pools() -> [Pool; 2] {
    [1, 2].map(|threads| build(Pool::builder().num_threads(threads).stack_size(STACK)))
}

#[test]
fn big_futures_leave_room_on_the_stack() {
    // Each in a box of its own, so that a task has the copies of one way only.
    let ways: &[fn() -> BoxFuture<'static, usize>] = &[
        || Box::pin(by_spawn()),
        || Box::pin(by_handle()),
        || Box::pin(by_limit()),
        || Box::pin(by_name()),
        || Box::pin(by_set()),
        #[cfg(feature = "time")]
        || Box::pin(by_timeout()),
        || Box::pin(by_local()),
        || Box::pin(by_block_on()),
        || Box::pin(by_block_on_of_a_handle()),
        || Box::pin(by_compute()),
        || Box::pin(by_blocking()),
    ];
    watched(|| {
        for pool in pools() {
            for way in ways {
                assert_eq!(pool.spawn(way()).join().unwrap(), SIZE);
            }
        }
    });
}
