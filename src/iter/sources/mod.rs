//! Loops that do not start from a collection: one source per file. No unsafe code here.
#![deny(unsafe_code)]

pub(super) mod empty;
pub(super) mod map_ordered;
pub(super) mod once;
pub(super) mod par_bridge;
pub(super) mod repeat;
pub(super) mod split;
pub(super) mod walk_tree;
