//! One work-stealing pool for futures, fork-join and parallel iterators.
#![allow(dead_code, unused_imports)]

mod iter;
mod job;
mod join;
mod latch;
mod pool;
mod sleep;
mod sync;
mod task;
mod util;
