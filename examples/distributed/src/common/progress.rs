//! What a rank says on standard error: errors, and how far it is, a line for each tenth of its bytes.

use super::options::NAME;
use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says something on standard error, which all ranks may share: in one piece.
pub(crate) fn say(rank: usize, what: &str) {
    let line = format!("{NAME}: rank {rank}: {what}\n");
    // If nobody listens any more, there is nobody to tell.
    let _ = io::stderr().write_all(line.as_bytes());
}

#[derive(Clone)]
pub(crate) struct Progress(Arc<State>);

struct State {
    rank: usize,
    /// The bytes of all files of this rank.
    total: u64,
    done: AtomicU64,
    /// Whether this rank is to end in the middle: see [`Job`](super::job::Job).
    die: bool,
}

impl Progress {
    /// Says what there is to do.
    pub(crate) fn new(rank: usize, files: usize, total: u64, die: bool) -> Self {
        if files == 0 {
            say(rank, "no files for this rank");
        } else {
            say(rank, &format!("{files} files, {total} bytes"));
        }
        Self(Arc::new(State {
            rank,
            total,
            done: AtomicU64::new(0),
            die,
        }))
    }

    /// Notes that so many bytes more were counted.
    pub(crate) fn add(&self, bytes: u64) {
        let state = &*self.0;
        if state.die {
            process::abort();
        }
        // Ordering: it is only a number. Nothing else is read because of it.
        let before = state.done.fetch_add(bytes, Ordering::Relaxed);
        let tenths = |done: u64| done.min(state.total) * 10 / state.total.max(1);
        let now = tenths(before + bytes);
        if now > tenths(before) {
            say(state.rank, &format!("{now}0 % counted"));
        }
    }
}
