//! The public API, in one binary.

mod block_on;
mod compute;
mod futures;
mod iter_equiv;
mod join;
mod layers;
mod plumbing;
mod scope;
mod shutdown;
mod smoke;
mod util;
mod wait;
