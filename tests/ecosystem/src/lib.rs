//! What people name when they speak of async and parallel Rust, in tasks of manyhands: a small test
//! each, at current versions. The book's page "Crates that people name" says what they show.
//!
//! The tests count, and never measure time. A test that hangs ends the process after a minute, and
//! shows the pools.

#![cfg(test)]

#[allow(dead_code, reason = "the tests of the library use the rest")]
#[path = "../../it/util.rs"]
mod util;

mod actors;
mod blocking;
mod channels;
mod concurrency;
mod echo;
mod locks;
mod objects;
mod page;
mod scopes;
mod select;
mod small;
mod smol;

#[cfg(feature = "servers")]
mod servers;

use manyhands::spawn;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use util::{SIZES, pool, watched};

/// Runs a test as a task of pools of one thread, of two and of eight.
fn in_task<F>(test: impl Fn() -> F + Send)
where
    F: Future<Output = ()> + Send + 'static,
{
    watched(move || {
        for size in SIZES {
            let pool = pool(size);
            let task = pool.spawn(test());
            if let Err(error) = task.join() {
                resume_unwind(error.into_panic());
            }
            pool.shutdown();
        }
    });
}

/// Runs a test that is not `Send` in `block_on`, on pools of the same sizes.
fn in_block_on<F: Future<Output = ()>>(test: impl Fn() -> F + Send) {
    watched(move || {
        for size in SIZES {
            let pool = pool(size);
            pool.block_on(test());
            pool.shutdown();
        }
    });
}

/// Spawns a task, and awaits it at once.
async fn elsewhere<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    spawn(future).await.expect("the task does not panic")
}

/// A path for a temporary file; no two tests get the same.
fn scratch() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(format!("manyhands-crates-{process}-{count}"))
}
