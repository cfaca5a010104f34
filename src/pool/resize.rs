//! The number of permits changes while the pool runs.
//!
//! The table of seats stays as it is: a pool has a worker thread for each permit that there can
//! ever be, and those without a permit sleep. So there is nothing to be made or to be taken down
//! here, and a change is two steps: the number, behind which the sleep word is changed and a fence
//! put (`Sleep::set_permits`), and a look whom it concerns (`tell::permits`).
//!
//! Nobody is interrupted. A thread that has a permit too many finds the pool crowded after its job,
//! and sleeps (`worker.rs`): its slots are empty then, and what else is on its seat it puts into
//! the injectors. The proof that no wake-up is lost is in `sleep/README.md`.

use super::registry::Registry;
use super::tell;
use crate::sync::atomic::Ordering;

/// From now on as many threads compute at a time, but at least one, and no more than the pool has
/// workers. Returns that number.
pub(crate) fn set_num_threads(registry: &Registry, threads: usize) -> usize {
    registry.check_process();
    let threads = threads.clamp(1, registry.max_threads());
    registry.sleep.set_permits(threads as u32);
    tell::permits(registry);
    threads
}

/// The system has granted this number of worker threads, and no more. (The pool is being built.)
pub(super) fn make_do_with(registry: &Registry, threads: usize) {
    // Ordering: Relaxed, as in `Registry::max_threads`.
    registry.granted.store(threads, Ordering::Relaxed);
    set_num_threads(registry, registry.num_threads());
}
