//! Threads that are in `block_on` of a pool which has no seat for them (feature `test-util`).
//!
//! Nobody else need know of them: they take no work and hold no permit. But a paused clock must not
//! jump while one of them polls.

use crate::sync::{Mutex, lock};
use crate::util::parker::Parker;
use std::ptr;

/// Those of one pool.
#[derive(Debug)]
pub(crate) struct Outside(Mutex<Vec<Thread>>);

#[derive(Debug)]
struct Thread {
    parker: &'static Parker,
    /// The number of its `block_on`s, one in the other.
    depth: usize,
    /// It waits, or is about to; else it polls.
    waits: bool,
}

impl Outside {
    pub(in crate::pool) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The thread begins a `block_on`: it polls from now on.
    pub(in crate::pool) fn enter(&self, parker: &'static Parker) {
        let mut threads = lock(&self.0);
        match find(&mut threads, parker) {
            Some(thread) => thread.depth += 1,
            None => threads.push(Thread {
                parker,
                depth: 1,
                waits: false,
            }),
        }
    }

    /// The innermost `block_on` of the thread has ended.
    pub(in crate::pool) fn leave(&self, parker: &'static Parker) {
        let mut threads = lock(&self.0);
        if let Some(thread) = find(&mut threads, parker) {
            thread.depth -= 1;
        }
        threads.retain(|thread| thread.depth > 0);
    }

    /// The thread waits from now on, or polls again.
    pub(in crate::pool) fn set_waits(&self, parker: &'static Parker, waits: bool) {
        if let Some(thread) = find(&mut lock(&self.0), parker) {
            thread.waits = waits;
        }
    }

    /// The parkers of all these threads. `None`: one polls.
    pub(in crate::pool) fn all_wait(&self) -> Option<Vec<&'static Parker>> {
        let threads = lock(&self.0);
        let waiting = threads
            .iter()
            .map(|thread| thread.waits.then_some(thread.parker));
        waiting.collect()
    }
}

fn find<'a>(threads: &'a mut [Thread], parker: &'static Parker) -> Option<&'a mut Thread> {
    threads
        .iter_mut()
        .find(|thread| ptr::eq(thread.parker, parker))
}
