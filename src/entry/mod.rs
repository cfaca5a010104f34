//! The doors to the pool: what users call to fork, spawn, wait, and make pools. (Iterators, timers
//! and `task::yield_now` have theirs in `iter`, `time` and `task`.)
//!
//! | file | doors |
//! |---|---|
//! | `join.rs`, `join_many.rs`, `scope/`, `broadcast.rs` | closures that are waited for |
//! | `spawn.rs`, `task_builder.rs`, `compute.rs` | futures and closures that run by themselves |
//! | `join_set.rs`, `join_map.rs`, `join_queue.rs` | many of them together |
//! | `local_pool.rs` | futures that are not `Send` |
//! | `block_on.rs`, `join_handle.rs`, `blocking.rs`, `yield_now.rs` | waits |
//! | `pool.rs`, `pool_builder.rs`, `build_error.rs`, `global.rs`, `current.rs`, `enter.rs` | pools: made, the default one, the calling thread's |
//! | `attributes.rs` | what `#[manyhands::main]` and `#[manyhands::test]` call |
//! | `cancellable.rs` | regions that a cancelled computation leaves |
//! | `handle.rs` | all of it as methods of [`Handle`] |
//!
//! A door finds the pool (`current.rs`), and hands over to the rooms of [`crate::pool`].

#[cfg(feature = "macros")]
pub(crate) mod attributes;
mod block_on;
mod blocking;
mod broadcast;
mod build_error;
mod cancellable;
mod compute;
pub(crate) mod current;
mod enter;
pub(crate) mod global;
mod handle;
mod join;
mod join_handle;
mod join_many;
mod join_map;
mod join_queue;
mod join_set;
mod local_pool;
mod pool;
mod pool_builder;
mod scope;
mod spawn;
mod task_builder;
mod yield_now;

pub use self::block_on::block_on;
pub use self::blocking::block_in_place;
pub use self::broadcast::{BroadcastContext, broadcast, spawn_broadcast};
pub use self::build_error::PoolBuildError;
pub use self::cancellable::{Cancelled, cancellable, is_cancelled, shield};
pub use self::compute::{Compute, compute};
pub use self::current::{current_num_threads, current_thread_index, thread_index_bound};
pub use self::enter::EnterGuard;
pub use self::handle::Handle;
pub use self::join::{FnContext, join, join_context};
pub(crate) use self::join::{join_context_quietly, join_here};
pub use self::join_many::{join_all, join_array, join_each, join3, join4};
pub use self::join_map::{JoinMap, JoinMapKeys};
pub use self::join_queue::JoinQueue;
pub use self::join_set::JoinSet;
pub use self::local_pool::LocalPoolHandle;
pub use self::pool::Pool;
pub use self::pool_builder::{
    CustomSpawn, DefaultSpawn, PoolBuilder, ThreadSpawn, max_num_threads,
};
pub use self::scope::{Scope, ScopeFifo, in_place_scope, in_place_scope_fifo, scope, scope_fifo};
pub use self::spawn::{spawn, spawn_blocking, spawn_compute};
pub use self::task_builder::Builder;
pub use self::yield_now::{Yield, current_thread_has_pending_jobs, yield_local, yield_now};
