//! Small tools without knowledge of pools: parking, panics, random numbers, the environment.

pub(crate) mod env;
pub(crate) mod parker;
pub(crate) mod rng;
pub(crate) mod unwind;
