//! The public API, in one binary.

mod adapters;
mod auto_traits;
mod beyond;
mod block_on;
mod blocking;
mod builder;
mod checklist;
mod compute;
mod drops;
mod futures;
mod iter_equiv;
mod join;
mod layers;
mod limit;
mod panics;
mod plumbing;
mod responsive;
mod scope;
mod shutdown;
mod smoke;
mod sort;
mod sources;
mod strangers;
mod util;
mod wait;
