//! The public API, in one binary.

// For `rayon_names`.
extern crate manyhands as rayon;

mod adapters;
mod auto_traits;
mod beyond;
mod big_futures;
mod block_on;
mod blocking;
mod builder;
mod cancel;
mod checklist;
mod compute;
mod coop;
mod drops;
mod futures;
mod hidden;
mod house;
mod iter_equiv;
mod join;
mod join_many;
mod join_set;
mod layers;
mod limit;
mod nested;
mod panics;
mod places;
mod plumbing;
mod rayon_names;
mod responsive;
mod scope;
mod shutdown;
mod smoke;
mod sort;
mod source;
mod sources;
mod strangers;
mod task_local;
mod util;
mod wait;
mod words;
mod wrap;
