//! One work-stealing pool for futures, fork-join and parallel iterators.
#![allow(dead_code, unused_imports)]

pub mod collections;
pub mod iter;
pub mod option;
pub mod prelude;
pub mod range;
pub mod range_inclusive;
pub mod result;
pub mod slice;
pub mod str;
pub mod string;
pub mod vec;

mod block_on;
mod blocking;
mod broadcast;
mod compute;
mod entry;
mod job;
mod join;
mod latch;
mod pool;
mod scope;
mod sleep;
mod spawn;
mod sync;
pub mod task;
mod util;
mod yield_now;

pub use block_on::block_on;
pub use blocking::block_in_place;
pub use broadcast::{BroadcastContext, broadcast, spawn_broadcast};
pub use compute::{Compute, compute};
pub use join::{FnContext, join, join_context};
pub use pool::{
    CustomSpawn, DefaultSpawn, Handle, Pool, PoolBuildError, PoolBuilder, ThreadBuilder,
    ThreadSpawn, WorkerMetrics, current_num_threads, current_thread_index, max_num_threads,
    thread_index_bound,
};
pub use scope::{Scope, ScopeFifo, in_place_scope, in_place_scope_fifo, scope, scope_fifo};
pub use spawn::{spawn, spawn_blocking, spawn_compute};
pub use task::{AbortHandle, CancelOnDrop, JoinError, JoinHandle};
pub use yield_now::{Yield, yield_local, yield_now};
