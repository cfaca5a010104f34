//! How many seats and threads a pool has: defaults and limits.

use super::threads::MAX_GUESTS;
use crate::sleep::MAX_SEATS;
use crate::util::env;
use std::time::Duration;

/// The number of worker threads of a pool, at most.
pub(crate) const MAX_THREADS: usize = 1024;
/// The number of spare threads of a pool, at most.
const MAX_SPARES: usize = 2048;
const _: () = assert!(MAX_THREADS + MAX_GUESTS + MAX_SPARES <= MAX_SEATS);

/// The number of spare threads of a pool whose builder was not told.
const DEFAULT_SPARES: usize = 256;
/// The number of guest seats of a pool that has spare threads.
const GUESTS: usize = 32;
/// The number of threads for blocking closures of a pool whose builder was not told.
const DEFAULT_BLOCKING: usize = 512;
/// How long a spare or blocking thread waits for work in a pool whose builder was not told.
const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How many seats and threads of which kind a pool has.
#[derive(Debug)]
pub(crate) struct Sizes {
    /// Permits at the beginning.
    pub(crate) permits: usize,
    /// Worker threads: the most permits that there can be.
    pub(crate) workers: usize,
    /// The first of them whose thread ends with the pool: 1 where a thread of the program's is
    /// worker 0 for good.
    pub(crate) first_to_end: usize,
    pub(crate) guests: usize,
    pub(crate) spares: usize,
    pub(crate) blocking: usize,
    /// How long a spare or blocking thread waits for work before it ends.
    pub(crate) keep_alive: Duration,
    /// How many threads can run at the same time.
    pub(crate) cores: u32,
}

impl Sizes {
    /// The sizes of a pool that is asked for these; 0 threads and `None` stand for the defaults. A
    /// pool without spare threads has no guest seats either.
    pub(crate) fn new(
        threads: usize,
        max_threads: Option<usize>,
        spares: Option<usize>,
        blocking: Option<usize>,
        keep_alive: Option<Duration>,
    ) -> Self {
        let threads = match threads {
            0 => env::default_num_threads(),
            threads => threads,
        };
        let permits = threads.clamp(1, MAX_THREADS);
        let workers = max_threads.unwrap_or(permits).clamp(permits, MAX_THREADS);
        let spares = spares.unwrap_or(DEFAULT_SPARES).min(MAX_SPARES);
        Self {
            permits,
            workers,
            guests: if spares == 0 { 0 } else { GUESTS },
            spares,
            // Models have no clock, so no thread spins there.
            cores: if cfg!(manyhands_model) {
                1
            } else {
                env::cores() as u32
            },
            ..Self::alone(blocking, keep_alive)
        }
    }

    /// The sizes of a pool whose only thread is one of the program's. Nobody works beside it, so it
    /// does not ask the system for the number of cores: that reads files, and programs make many
    /// such pools.
    pub(crate) fn alone(blocking: Option<usize>, keep_alive: Option<Duration>) -> Self {
        Self {
            permits: 1,
            workers: 1,
            first_to_end: 0,
            guests: 0,
            spares: 0,
            blocking: blocking.unwrap_or(DEFAULT_BLOCKING).max(1),
            keep_alive: keep_alive.unwrap_or(DEFAULT_KEEP_ALIVE),
            cores: 1,
        }
    }
}
