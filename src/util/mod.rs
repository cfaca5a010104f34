//! Small tools without knowledge of pools: parking, alarms, panics, random numbers, clocks, the
//! environment, counters, cores.

pub(crate) mod alarm;
pub(crate) mod clock;
pub(crate) mod coarse;
pub(crate) mod count;
pub(crate) mod env;
pub(crate) mod fork;
pub(crate) mod lent;
#[cfg(all(test, manyhands_loom))]
pub(crate) mod model;
pub(crate) mod parker;
pub(crate) mod place;
pub(crate) mod rng;
pub(crate) mod spans;
pub(crate) mod stack;
pub(crate) mod tokens;
pub(crate) mod unwind;
#[cfg(all(test, not(manyhands_model)))]
pub(crate) mod wakes;
