//! Adapters, which stand between a source and a sink: one per file.
//!
//! An adapter that works item by item wraps the consumer. `stage.rs` does that for those that
//! remember nothing, and `seed.rs` for those that have a value in each piece. One that must know
//! the place of an item wraps the producer. One that can do either does both, so that it stays
//! indexed. Some are made of others: `inspect` is a `map`. There is no unsafe code here, and
//! nothing about threads.
#![deny(unsafe_code)]

pub(super) mod blocks;
pub(super) mod chain;
pub(super) mod chunks;
pub(super) mod cloned;
pub(super) mod copied;
pub(super) mod deterministic;
pub(super) mod enumerate;
pub(super) mod filter;
pub(super) mod filter_map;
pub(super) mod flat_map;
pub(super) mod flat_map_iter;
pub(super) mod flatten;
pub(super) mod flatten_iter;
pub(super) mod fold;
pub(super) mod fold_chunks;
mod gate;
pub(super) mod inspect;
pub(super) mod interleave;
pub(super) mod interleave_shortest;
pub(super) mod intersperse;
pub(super) mod len;
pub(super) mod map;
pub(super) mod map_init;
pub(super) mod map_with;
pub(super) mod panic_fuse;
pub(super) mod positions;
#[cfg(feature = "indicatif")]
pub(super) mod progress;
pub(super) mod rev;
mod seed;
pub(super) mod skip;
pub(super) mod skip_any;
pub(super) mod skip_any_while;
mod stage;
pub(super) mod step_by;
pub(super) mod stop_when;
pub(super) mod take;
pub(super) mod take_any;
pub(super) mod take_any_while;
pub(super) mod try_fold;
pub(super) mod update;
pub(super) mod while_some;
pub(super) mod zip;
pub(super) mod zip_eq;
