//! rayon-core's interface on the pool of [manyhands].
//!
//! One line in a program's `Cargo.toml` puts every crate that uses rayon on the pool that also runs
//! the program's futures:
//!
//! ```toml
//! [patch.crates-io]
//! rayon-core = { git = "https://github.com/manyhands-rs/manyhands" }
//! ```
//!
//! All names, arguments, results and rules are those of rayon-core 1.13. This page says where the
//! two differ; the book has [a chapter](https://github.com/manyhands-rs/manyhands/blob/main/book/src/ecosystem.md)
//! with limits and measurements.
//!
//! ```
//! fn sum(items: &[u64]) -> u64 {
//!     if items.len() <= 2 {
//!         return items.iter().sum();
//!     }
//!     let (left, right) = items.split_at(items.len() / 2);
//!     let (left, right) = rayon_core::join(|| sum(left), || sum(right));
//!     left + right
//! }
//! assert_eq!(sum(&[1, 2, 3, 4, 5]), 15);
//! ```
//!
//! # The default pool
//!
//! A process has one default pool, for this crate and for manyhands. Whoever needs it first makes
//! it, and that decides its kind:
//!
//! | first | threads | for |
//! |---|---|---|
//! | a function of this crate, or [`ThreadPoolBuilder::build_global`] | workers and no others | programs without futures |
//! | a function of manyhands, or its `build_global` | spare threads and guests, too | programs with futures |
//!
//! A program with futures calls `manyhands::block_on` in `main`, and so has the second kind.
//!
//! ```
//! // Futures, and a dependency's joins, on the same threads.
//! let (one, two) = manyhands::block_on(async {
//!     let task = manyhands::spawn(async { rayon_core::join(|| 1, || 2) });
//!     task.await.unwrap()
//! });
//! assert_eq!((one, two), (1, 2));
//! ```
//!
//! # Indexes of threads
//!
//! [`current_thread_index`] is below [`current_num_threads`], and no two threads of a pool have the
//! same one. That holds on every pool at any moment, because only worker threads have an index.
//! On pools of the first kind, and on every [`ThreadPool`], nothing runs on any other thread. On
//! the second kind a closure may run on a spare thread or a guest: it then has no index, so
//! [`current_thread_index`] is `None`, and never one that another thread has as well.
//!
//! # What differs
//!
//! * A wait runs no strangers. `join`, `scope` and `broadcast` run parts of what they wait for, or
//!   sleep. rayon-core's run any job.
//! * A panic in a closure of [`spawn`] that no [`panic_handler`](ThreadPoolBuilder::panic_handler)
//!   takes is printed and forgotten. rayon-core ends the process. The same is so for a panic in a
//!   start or exit handler.
//! * [`max_num_threads`] is 1024.
//! * Without `RAYON_NUM_THREADS`, the variable of manyhands is heeded: `MANYHANDS_NUM_THREADS`.

mod broadcast;
mod builder;
mod default_pool;
mod deprecated;
mod error;
mod fork;
mod local;
mod pool;
mod registry;
mod spawn;
mod yielding;

pub use self::broadcast::{broadcast, spawn_broadcast};
pub use self::builder::{ThreadBuilder, ThreadPoolBuilder, max_num_threads};
pub use self::default_pool::{current_num_threads, current_thread_index};
#[allow(deprecated)]
pub use self::deprecated::{Configuration, initialize};
pub use self::error::ThreadPoolBuildError;
pub use self::fork::{in_place_scope, in_place_scope_fifo, join, join_context, scope, scope_fifo};
pub use self::pool::ThreadPool;
pub use self::spawn::{spawn, spawn_fifo};
pub use self::yielding::{current_thread_has_pending_tasks, yield_local, yield_now};
pub use manyhands::{BroadcastContext, FnContext, Scope, ScopeFifo, Yield};
