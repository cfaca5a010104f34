//! Pools: threads with seats, and everything that the seats of one pool share.
//!
//! The rooms, from the ground up; an import never points up, which `tests/it/layers.rs` checks.
//!
//! | floor | file | story |
//! |--:|---|---|
//! | 0 | `seat/` | a place for one thread: its queues, its owner's side and everybody's |
//! | 0 | `injectors.rs` | the queues that no seat owns |
//! | 0 | `threads/` | who exists, who sits on the bench, who waits |
//! | 0 | `driver.rs`, `events/` | who waits for timers and for the system, and in what |
//! | 0 | `rescue/` (state, `policy.rs`, `turn.rs`, `look.rs`) | futures beside computing threads |
//! | 0 | `watch/mod.rs` | is such a look due? |
//! | 0 | `blocking/`, `hooks.rs`, `sizes.rs`, `standing.rs` | the queue of closures that block; closures of the user around threads and tasks; sizes; open or closed |
//! | 1 | `registry.rs` | one pool: the sum of all that, and looks at it |
//! | 2 | `find.rs`, `rescue/sight.rs` | what a worker does next; what can be seen of a pool |
//! | 2 | `asleep.rs` | a sleep that hooks and counters know of |
//! | 3 | `tell.rs` | who hears of what |
//! | 4 | `publish.rs`, `timers.rs` | where a ready job goes; timers added |
//! | 4 | `rest/` | a paused clock jumps when nothing is left to do |
//! | 4 | `nested.rs`, `resize.rs` | tasks that their awaiters begin; another number of permits |
//! | 5 | `home.rs`, `rescue/post.rs`, `rescue/deputy.rs` | what a task keeps of its pool; the thread that polls while all compute, and its deputy |
//! | 5 | `region.rs` | regions that a cancelled computation may leave |
//! | 5 | `watch/look.rs` | a look after private halves of which no sleeper was told |
//! | 6 | `computing.rs` | a thread begins to compute |
//! | 7 | `halves.rs`, `wait/`, `yielding.rs` | what a join does at its seat; how a thread waits |
//! | 8 | `guest.rs`, `worker.rs`, `limit.rs`, `blocking/run.rs`, `shutdown.rs` | how threads come, work and go |
//! | 8 | `errand.rs` | the driver runs tasks of its reactor |
//! | 9 | `start.rs`, `metrics.rs`, `prometheus.rs` | how a pool begins; what it shows |
//!
//! Called by the doors ([`crate::entry`]), by `time`, and by `iter/plumbing/fork.rs`. It knows
//! nothing of iterators, and of joins and scopes only what they put on a seat and wait for.
#![doc = include_str!("README.md")]

mod asleep;
mod blocking;
pub(crate) mod computing;
mod driver;
mod errand;
mod events;
mod find;
pub(crate) mod guest;
pub(crate) mod halves;
mod home;
mod hooks;
mod injectors;
mod limit;
pub(crate) mod metrics;
mod nested;
mod prometheus;
pub(crate) mod publish;
pub(crate) mod region;
mod registry;
mod rescue;
pub(crate) mod resize;
mod rest;
pub(crate) mod seat;
pub(crate) mod shutdown;
mod sizes;
mod standing;
mod start;
mod tell;
#[cfg(test)]
mod tests;
mod threads;
#[cfg_attr(
    not(feature = "time"),
    allow(dead_code, reason = "`time` moves and removes timers")
)]
pub(crate) mod timers;
pub(crate) mod wait;
mod watch;
mod worker;
pub(crate) mod yielding;

pub use self::blocking::BlockingMetrics;
pub use self::metrics::Metrics;
pub use self::seat::{Histogram, SeatKind, SeatMetrics};
pub use self::start::ThreadBuilder;

pub(crate) use self::blocking::spawn_blocking;
#[cfg(all(feature = "tokio", not(manyhands_model)))]
pub(crate) use self::events::Context;
pub(crate) use self::home::Home;
pub(crate) use self::hooks::Hooks;
pub(crate) use self::limit::{Limit, Limited};
pub(crate) use self::registry::Registry;
pub(crate) use self::seat::{Credit, Occupant, Popped, Slot};
pub(crate) use self::sizes::{MAX_THREADS, Sizes};
pub(crate) use self::start::{Start, StartError};
#[cfg(all(test, manyhands_loom))]
pub(crate) use self::tests::loom::Seats;
