//! Ids of tasks, and which task the calling thread polls.

use crate::sync::wide::AtomicU64;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::Ordering;

/// The id of a task: no two tasks of a process share one.
///
/// The numbers say nothing about the order in which tasks were spawned.
///
/// # Examples
///
/// ```
/// manyhands::block_on(async {
///     let a = manyhands::spawn(async { manyhands::task::id() });
///     let b = manyhands::spawn(async {});
///     let id = a.id();
///     assert_ne!(id, b.id());
///     assert_eq!(a.await.unwrap(), id);
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

/// The number of ids that a thread takes from the process-wide counter at a time, so that spawning
/// threads do not fight for one cache line.
const BLOCK: u64 = 64;

/// The first id that no thread has taken. Not a modelled atomic: an id orders nothing, it only has
/// to be new. 0 stands for "no task".
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

std::thread_local! {
    /// The next id of this thread's block, and the end of the block.
    static BLOCK_LEFT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

impl Id {
    #[inline]
    pub(super) fn next() -> Self {
        BLOCK_LEFT.with(|left| {
            let (mut next, mut end) = left.get();
            if next == end {
                // Ordering: Relaxed; only uniqueness matters. 2^64 ids do not run out.
                next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
                end = next + BLOCK;
            }
            left.set((next + 1, end));
            Self(next)
        })
    }

    /// The number of the block that the spawning thread took the id from. It spreads
    /// threads without a seat over cursors.
    pub(super) fn block(self) -> u64 {
        (self.0 - 1) / BLOCK
    }

    /// The number that tells tasks apart in a trace.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}
