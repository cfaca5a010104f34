//! The whole pool under model checkers.
//!
//! * `shuttle`: real pools of 1 to 3 workers under thousands of random schedules.
//! * `loom`: one seat and its thieves, exhaustively: models of seat.S2-seat.S4 and of leapfrogging.
//! * `errand`: the driver runs tasks of its reactor.
//! * `rest`: a paused clock jumps when nothing is left to do, and not before (with `test-util`).
//! * `unit`: one seat on one thread, under random scripts.

#[cfg(manyhands_loom)]
mod errand;
#[cfg(manyhands_loom)]
pub(super) mod loom;
#[cfg(all(manyhands_loom, feature = "test-util"))]
mod rest;
#[cfg(manyhands_shuttle)]
mod shuttle;
#[cfg(not(manyhands_model))]
mod unit;
