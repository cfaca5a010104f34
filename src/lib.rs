//! One work-stealing pool for futures, fork-join and parallel iterators.
//!
//! A thread of the pool polls futures, runs halves of a [`join`](join()), jobs of a
//! [`scope`](scope()) and pieces of parallel loops. Async code may call any of these directly, and
//! any of these may wait for a future.
//!
//! # Quick start
//!
//! Most programs need no [`Pool`]: the functions of this crate use a default one, which starts at
//! its first use.
//!
//! ```
//! use manyhands::prelude::*;
//! use manyhands::{block_on, join, spawn};
//!
//! // Fork and join: both closures may borrow, and perhaps run at the same time.
//! let mut numbers = [5, 3, 8, 1];
//! let (low, high) = numbers.split_at_mut(2);
//! join(|| low.sort(), || high.sort());
//! assert_eq!(numbers, [3, 5, 1, 8]);
//!
//! // Parallel loops.
//! let squares: u64 = (1..=100_u64).into_par_iter().map(|x| x * x).sum();
//! assert_eq!(squares, 338_350);
//!
//! // Futures; inside them, all of the above.
//! let total = block_on(async {
//!     let task = spawn(async { (1..=100_u64).into_par_iter().sum::<u64>() });
//!     task.await.unwrap()
//! });
//! assert_eq!(total, 5050);
//! ```
//!
//! # What to use
//!
//! | you want to | use |
//! |---|---|
//! | run two closures | [`join`](join()) |
//! | run three or four closures | [`join3`], [`join4`] |
//! | run an array of closures, or one for each item of a short slice | [`join_all`], [`join_array`], [`join_each`] |
//! | run many closures that borrow | [`scope`](scope()), [`in_place_scope`] |
//! | start a future | [`spawn`](spawn()) |
//! | wait for a future, anywhere | [`block_on`](block_on()) |
//! | start many futures, and take results as they come | [`task::JoinSet`] |
//! | give a future values of its own | [`task_local!`] |
//! | await a computation, and cancel it by dropping | [`compute`](compute()) |
//! | leave a cancelled computation in the middle of a loop | [`cancellable`] |
//! | start a computation | [`spawn_compute`] |
//! | call something that blocks | [`spawn_blocking`], [`block_in_place`] |
//! | run a closure on every worker | [`broadcast`](broadcast()) |
//! | have a pool of your own | [`Pool::builder`] |
//!
//! # Concepts
//!
//! * A pool has [`current_num_threads`] *permits*, one for each thread that computes at a time. Its
//!   worker threads hold them; a thread that must wait lends its permit to another, which may be a
//!   *spare* thread, created when it is first needed.
//! * A thread from outside that calls `join`, `scope` or a loop works itself, as a *guest*, on its
//!   own stack. [`Handle::install`] moves to a worker.
//! * Handles detach, futures cancel: dropping a [`JoinHandle`] lets the task run on, dropping a
//!   [`Compute`] cancels it. Cancelling keeps from starting what has not begun; what runs goes on,
//!   except for [`cancellable`] regions.
//!
//! # Guarantees
//!
//! * **No wait runs a stranger.** A wait runs descendants of what it waits for, or sleeps and lends
//!   its core. So a lock held across `join` meets nobody who wants it, except the two closures
//!   themselves. There are two exceptions, where nobody else could do it: a
//!   [`broadcast`](broadcast()) is run by every worker, also by one that waits; and if no thread
//!   works or sleeps and none can be created, a waiter runs what is there.
//!   ([`yield_now`](yield_now()) runs a stranger because it is asked to.)
//! * **Every wait of this crate finishes on a pool of one thread,** if what it waits for does.
//! * **Both halves of a join run, and every job of a scope,** whatever panics. The first panic goes
//!   on in whoever waits; one that nobody waits for goes to
//!   [`panic_handler`](PoolBuilder::panic_handler). None ends the process.
//! * **Costs:** a join that nobody steals from makes no allocation, no fence and no atomic
//!   read-modify-write. A spawned task is at most one allocation, a job of a scope is one.
//! * **An idle pool sleeps.**
//!
//! The repository has a book with a guide, limits, how it works inside, and what has been verified.

pub mod array;
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

#[cfg(doctest)]
mod book;
#[cfg(doctest)]
mod compile_fail;
mod entry;
#[cfg(feature = "hyper")]
pub mod hyper;
mod job;
mod latch;
mod pool;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(not(feature = "sim"))]
mod sim;
mod sleep;
mod sync;
pub mod task;
#[cfg(feature = "time")]
pub mod time;
#[cfg_attr(not(feature = "time"), allow(dead_code))]
mod timer;
mod trace;
mod util;

pub use entry::{
    BroadcastContext, Cancelled, Compute, CustomSpawn, DefaultSpawn, EnterGuard, FnContext, Handle,
    Pool, PoolBuildError, PoolBuilder, Scope, ScopeFifo, ThreadSpawn, Yield, block_in_place,
    block_on, broadcast, cancellable, compute, current_num_threads,
    current_thread_has_pending_jobs, current_thread_index, in_place_scope, in_place_scope_fifo,
    is_cancelled, join, join_all, join_array, join_context, join_each, join3, join4,
    max_num_threads, scope, scope_fifo, shield, spawn, spawn_blocking, spawn_broadcast,
    spawn_compute, thread_index_bound, yield_local, yield_now,
};
// rayon's names, for programs that depend on this crate under the name `rayon`.
#[doc(hidden)]
pub use entry::{
    Pool as ThreadPool, PoolBuildError as ThreadPoolBuildError, PoolBuilder as ThreadPoolBuilder,
};
pub use pool::{BlockingMetrics, Histogram, Metrics, SeatKind, SeatMetrics, ThreadBuilder};
pub use task::{AbortHandle, CancelOnDrop, JoinError, JoinHandle, Priority};

/// Runs an async `main`.
///
/// ```
/// #[manyhands::main]
/// async fn main() -> Result<(), manyhands::JoinError> {
///     let answer = manyhands::spawn(async { 42 }).await?;
///     assert_eq!(answer, 42);
///     Ok(())
/// }
/// ```
///
/// means
///
/// ```
/// fn main() -> Result<(), manyhands::JoinError> {
///     async fn main() -> Result<(), manyhands::JoinError> {
///         let answer = manyhands::spawn(async { 42 }).await?;
///         assert_eq!(answer, 42);
///         Ok(())
///     }
///     manyhands::block_on(main())
/// }
/// ```
///
/// The function may have any name, any output that a `main` may have, and other attributes. The
/// body is polled on the thread of `main`, as in [`block_on`](block_on()): it need not be `Send`.
///
/// When `main` returns, the process ends, with all tasks that run. (tokio waits for those that
/// block.) Await what should come to an end.
///
/// # Settings
///
/// | | |
/// |---|---|
/// | `num_threads = 4` | the number of threads of the default pool; else that of `MANYHANDS_NUM_THREADS` or the cores |
/// | `crate = rayon` | the path under which the program knows this crate, if it is not `manyhands` |
///
/// For other settings of the default pool, write `main` as above, and begin with
/// [`Pool::builder`] and [`build_global`](PoolBuilder::build_global).
///
/// # Panics
///
/// With `num_threads`, if there is a default pool already, or if the system refuses a thread.
///
/// ```
/// #[manyhands::main(num_threads = 3)]
/// async fn main() {
///     assert_eq!(manyhands::current_num_threads(), 3);
/// }
/// ```
#[cfg(feature = "macros")]
pub use manyhands_macros::main;

/// Makes a test of an async function.
///
/// ```
/// # mod tests {
/// #[manyhands::test]
/// async fn adds() {
///     let sum = manyhands::spawn(async { 1 + 2 }).await;
///     assert_eq!(sum.unwrap(), 3);
/// }
///
/// #[manyhands::test(num_threads = 4)]
/// #[should_panic(expected = "out of tea")]
/// async fn fails() {
///     assert_eq!(manyhands::current_num_threads(), 4);
///     panic!("out of tea");
/// }
/// # }
/// ```
///
/// Each test has a pool of its own, which is shut down at its end: tasks that are left are
/// cancelled. The function may have any output that a test may have, and other attributes, such as
/// `#[should_panic]` and `#[ignore]`. Its body is polled on the thread of the test.
///
/// # Settings
///
/// | | |
/// |---|---|
/// | `num_threads = 4` | the number of threads of the pool; else one, so that a hundred tests at a time are not a hundred threads a core |
/// | `start_paused = true` | time is virtual, and jumps to the next timer when nothing else can run; needs the feature `test-util` or `sim` |
/// | `seed = 17` | the same, and the seed says whose turn it is, as in `sim::many`; needs the feature `sim` |
/// | `crate = rayon` | the path under which the program knows this crate, if it is not `manyhands` |
///
/// Under virtual time read the clock with [`time::now`], as `Instant::now` is the real one. With
/// the feature `sim`, `start_paused` and `seed` run the test in a simulation (`manyhands::sim`).
/// `num_threads` is then the number of simulated cores, with a `seed` 4 if it is not set. So
/// `seed = 17` repeats what `sim::many` has found. Else `start_paused` pauses the clock of the
/// test's pool, as `time::pause` does.
#[cfg(feature = "macros")]
pub use manyhands_macros::test;

/// What the attributes `main` and `test` expand to calls of; not part of the interface.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __attributes {
    #[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
    pub use crate::entry::attributes::Simulated;
    pub use crate::entry::attributes::{Main, Test};
}

/// What the pools of this process have done, for `benches/compare`; not part of the interface.
#[cfg(manyhands_counters)]
#[doc(hidden)]
pub mod counters {
    pub use crate::util::count::read;
}
