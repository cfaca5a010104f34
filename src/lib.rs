//! One work-stealing pool for futures, fork-join and parallel iterators.
#![allow(dead_code, unused_imports)]

mod iter;
mod job;
mod join;
mod latch;
mod pool;
mod sleep;
mod sync;
pub mod task;
mod util;

pub use task::{AbortHandle, CancelOnDrop, JoinError, JoinHandle};
