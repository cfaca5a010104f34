//! How far a rank is: a line on standard error for each tenth of its bytes.

use super::options::NAME;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
            eprintln!("{NAME}: rank {rank}: no files for this rank");
        } else {
            eprintln!("{NAME}: rank {rank}: {files} files, {total} bytes");
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
            eprintln!("{NAME}: rank {}: {}0 % counted", state.rank, now);
        }
    }
}
