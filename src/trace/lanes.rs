//! The lanes of one pool at one moment: what is written to a file.

use super::lane::Lane;
use super::timeline::Scale;
use std::collections::HashMap;
use std::sync::Arc;

/// All lanes at one moment.
#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) all: Vec<Arc<Lane>>,
    pub(super) scale: Scale,
    pub(super) now: u64,
    pub(super) names: HashMap<u64, Arc<str>>,
}

impl Lanes {
    pub(super) fn dropped(&self) -> u64 {
        self.all.iter().map(|lane| lane.notes.dropped()).sum()
    }

    /// The name of a task, if it has one.
    pub(super) fn name(&self, task: u64) -> Option<&str> {
        self.names.get(&task).map(|name| &**name)
    }
}
