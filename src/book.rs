//! The programs of the book and of the README, compiled and run by `cargo test --doc`.

#[doc = include_str!("../README.md")]
mod readme {}

#[doc = include_str!("../book/src/introduction.md")]
mod introduction {}

#[doc = include_str!("../book/src/first-pool.md")]
mod first_pool {}

#[doc = include_str!("../book/src/join-and-scope.md")]
mod join_and_scope {}

#[doc = include_str!("../book/src/futures.md")]
mod futures {}

#[doc = include_str!("../book/src/iterators.md")]
mod iterators {}

#[doc = include_str!("../book/src/beyond.md")]
mod beyond {}

#[doc = include_str!("../book/src/waiting.md")]
mod waiting {}

#[doc = include_str!("../book/src/blocking.md")]
mod blocking {}

#[doc = include_str!("../book/src/computing.md")]
mod computing {}

#[doc = include_str!("../book/src/cancellation.md")]
mod cancellation {}

#[doc = include_str!("../book/src/budgets.md")]
mod budgets {}

#[cfg(feature = "time")]
#[doc = include_str!("../book/src/timers.md")]
mod timers {}

#[cfg(feature = "hyper")]
#[doc = include_str!("../book/src/sockets.md")]
mod sockets {}

#[cfg(feature = "tokio")]
#[doc = include_str!("../book/src/tokio-crates.md")]
mod tokio_crates {}

#[doc = include_str!("../book/src/crates.md")]
mod crates {}

#[doc = include_str!("../book/src/watching.md")]
mod watching {}

#[doc = include_str!("../book/src/past-one-machine.md")]
mod past_one_machine {}

#[doc = include_str!("../book/src/coming-from-rayon.md")]
mod coming_from_rayon {}

#[doc = include_str!("../book/src/rayon-checklist.md")]
mod rayon_checklist {}

#[doc = include_str!("../book/src/ecosystem.md")]
mod ecosystem {}

#[cfg(all(feature = "time", feature = "tokio"))]
#[doc = include_str!("../book/src/coming-from-tokio.md")]
mod coming_from_tokio {}

#[doc = include_str!("../book/src/tokio-checklist.md")]
mod tokio_checklist {}

#[doc = include_str!("../book/src/limits.md")]
mod limits {}

#[doc = include_str!("../book/src/benchmarks.md")]
mod benchmarks {}

#[doc = include_str!("../book/src/inside-job.md")]
mod inside_job {}

#[doc = include_str!("../book/src/inside-sleep.md")]
mod inside_sleep {}

#[doc = include_str!("../book/src/inside-task.md")]
mod inside_task {}

#[doc = include_str!("../book/src/seeds.md")]
mod seeds {}

#[doc = include_str!("../book/src/verification.md")]
mod verification {}
