//! The public API, in one binary.

// For `rayon_names`.
extern crate manyhands as rayon;

mod adapters;
#[cfg(feature = "macros")]
mod attributes;
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
mod enter;
mod futures;
mod hidden;
mod house;
mod iter_equiv;
mod join;
mod join_many;
mod join_map;
mod join_set;
mod layers;
mod limit;
mod nested;
mod panics;
mod pinned;
mod places;
mod plots;
mod plumbing;
mod rayon_names;
mod resize;
mod responsive;
mod scope;
mod shutdown;
mod smoke;
mod sort;
mod source;
mod sources;
mod strangers;
mod task_local;
#[cfg(feature = "time")]
mod tokio_names;
mod tokio_util;
mod util;
mod wait;
mod words;
mod wrap;
