//! Simulated machines: any number of cores, exact time, and seeds that repeat a run (feature
//! `sim`).
//!
//! A simulation runs a closure, and the pools that it makes, on threads of the system of which one
//! at a time holds the *baton*. Whenever a pool decides something that other threads see (a fork, a
//! steal, a lock, a latch, a sleep, a wake, a poll, a timer), the clock of its thread moves on by
//! what that costs, and the simulation chooses who goes on:
//!
//! * in [`Builder::run`], the thread with the least *virtual time*. So the closure takes the time
//!   that it would take on a machine with [that many cores](Builder::cores): speed can be tested
//!   without a clock, and on any machine;
//! * in [`many`], a seed. So a thousand seeds are a thousand schedules, and one that fails can be
//!   repeated.
//!
//! | in a simulation | is virtual |
//! |---|---|
//! | [`work`] | takes time on its core, and nothing else |
//! | code between two decisions | takes no time |
//! | `time::now`, `sleep`, `timeout`, `interval` | yes; if nobody can run, the clock jumps |
//! | `std::time::Instant::now` | no |
//! | threads of pools made inside, and their spare and blocking threads | yes |
//! | threads that the closure creates itself | no; they run beside the simulation |
//!
//! # Determinism
//!
//! The same closure and seed take the same decisions ([`check_determinism`]), unless the closure
//! depends on something else: the real clock, addresses, the order of a `HashMap`, files, threads
//! of its own.
//!
//! A thread that holds the baton and blocks in the system (on a `std` mutex that another thread of
//! the simulation holds across a call into the pool, in a channel of `std`, in a read) would stop
//! everything. A watchdog sees that it sleeps and decides nothing, passes the baton on after about
//! 15 ms, and the thread queues up again at its next decision. (Where the system does not show who
//! sleeps, and for a thread that waits in a loop, that takes 5 seconds.) When that is depends on
//! the real clock: such runs may differ ([`Report::blocked_outside`] counts them).
//!
//! # The pieces
//!
//! | file | story |
//! |---|---|
//! | `kind.rs` | the kinds of decisions |
//! | `costs.rs` | what they cost on the simulated machine |
//! | `machine.rs` | threads, cores and clocks as data; who goes next |
//! | `baton.rs` | the real threads; what the rest of the crate calls |
//! | `run.rs`, `explore.rs`, `report.rs` | the doors |
//! | `off.rs` | in place of `baton.rs` in builds without simulations |
//!
//! The layers above call `baton.rs` at their decisions, mostly by way of `sync`. It knows nothing
//! of them: no pool, no job, no lock of `sync`.

#[cfg_attr(
    any(not(feature = "sim"), manyhands_model, manyhands_tsan),
    path = "off.rs"
)]
mod baton;
mod kind;

#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod costs;
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod explore;
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod machine;
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod report;
#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod run;
#[cfg(all(test, feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
mod tests;

#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
pub use self::{
    explore::{check_determinism, many},
    report::Report,
    run::{Builder, work},
};

#[cfg(all(feature = "sim", not(any(manyhands_model, manyhands_tsan))))]
pub(crate) use self::baton::{Line, sleep_releasing, touch, wake_quietly};
// `sleep` and `wake` are for the kernel's futex, which not every system has.
#[allow(unused_imports)]
pub(crate) use self::baton::{
    Ticket, cores, default_pool, is_on, nanos, note, now, on_stall, point, seed, sleep, ticket,
    wake, with_sites,
};
pub(crate) use self::kind::Kind;
