//! The default pool, and what a thread may know of its own.
//!
//! manyhands makes its default pool at the first use, with spare threads and guests. So every
//! function here that may be that first use calls [`ready`] before, which makes a pool of workers
//! only.

use crate::builder::ThreadPoolBuilder;
use std::sync::atomic::{AtomicBool, Ordering};

/// Is there a default pool? Never reset. It guards no data: whoever misses it asks once more.
static READY: AtomicBool = AtomicBool::new(false);

/// Sees to it that there is a default pool, unless this thread works for a pool of its own.
#[inline(always)]
pub(crate) fn ready() {
    // Ordering: Relaxed; the pool itself is published by the `OnceLock` in manyhands.
    if !READY.load(Ordering::Relaxed) {
        make_ready();
    }
}

/// There is a default pool now.
pub(crate) fn is_made() {
    // Ordering: Relaxed, as in `ready`.
    READY.store(true, Ordering::Relaxed);
}

#[inline(never)]
fn make_ready() {
    let works_for_one = manyhands::current_thread_index().is_some();
    if works_for_one || manyhands::Handle::try_current().is_some() {
        return;
    }
    // If there is one already, it stays. If the system refuses a thread, manyhands makes one of
    // those that it grants.
    let _ = ThreadPoolBuilder::new().build_global();
    is_made();
}

/// How many threads the current pool computes with: the pool of the calling thread, else the
/// default pool, which this call makes.
///
/// That number changes only if the program calls [`manyhands::Handle::set_num_threads`].
///
/// ```
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
/// assert_eq!(pool.install(rayon_core::current_num_threads), 3);
/// assert!(rayon_core::current_num_threads() >= 1);
/// ```
pub fn current_num_threads() -> usize {
    ready();
    manyhands::current_num_threads()
}

/// The index of the calling thread in its pool, if it is a worker of one.
///
/// It is below [`current_num_threads`], no other thread of the pool has the same, and it never
/// changes. `None` on all other threads: those from outside, and those that manyhands' default pool
/// adds in [programs with futures](crate#indexes-of-threads). Where
/// [`set_num_threads`](manyhands::Handle::set_num_threads) has lowered the number, also on workers
/// beyond it that have not come to the end of their job.
///
/// ```
/// assert_eq!(rayon_core::current_thread_index(), None);
/// let pool = rayon_core::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
/// assert!(pool.install(|| rayon_core::current_thread_index().unwrap()) < 2);
/// ```
#[inline]
pub fn current_thread_index() -> Option<usize> {
    let index = manyhands::current_thread_index()?;
    (index < manyhands::current_num_threads()).then_some(index)
}
