//! Sources that are not collections: one per file. There is no unsafe code here.
#![deny(unsafe_code)]

pub(super) mod empty;
pub(super) mod map_ordered;
pub(super) mod once;
pub(super) mod par_bridge;
pub(super) mod repeat;
pub(super) mod split;
pub(super) mod walk_tree;
