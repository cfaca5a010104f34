//! Counters of the pool's events, for benchmarks where the clock is too noisy.
//!
//! In a normal build [`Event::count`] is empty and nothing is kept. With
//! `RUSTFLAGS="--cfg manyhands_counters"` every thread counts for itself, and `read` adds up.
//! `benches/compare` prints the sums in its table `counters`.

/// The events that are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A private job was made public.
    Exposure,
    /// A private job was taken by a thief, who reached into the slots of its owner.
    Reach,
    /// A join half or scope job was taken from another seat.
    JobStolen,
    /// Tasks were taken from another seat.
    TasksStolen,
    /// All seats were looked at, and none had anything.
    FailedSweep,
    /// A sleeper was popped to look for work.
    Wake,
    /// A thread was about to sleep in the kernel: idle, or in a wait.
    Park,
    /// A sleeping thread was woken in the kernel.
    Unpark,
    /// A sequentially consistent fence.
    Fence,
    /// The sleep word was changed.
    SleepWord,
    /// An exchange of the sleep word failed, because another thread changed it.
    SleepWordRetry,
    /// A job went through the injector.
    Injected,
}

impl Event {
    /// Counts the event once.
    #[inline(always)]
    pub(crate) fn count(self) {
        #[cfg(manyhands_counters)]
        counting::count(self);
    }
}

#[cfg(manyhands_counters)]
pub use counting::read;

#[cfg(manyhands_counters)]
mod counting {
    use super::Event;
    use crate::sync::wide::AtomicU64;
    use std::sync::atomic::Ordering;
    use std::sync::{Mutex, PoisonError};

    const NAMES: [&str; 12] = [
        "exposures",
        "reaches",
        "jobs stolen",
        "task steals",
        "failed sweeps",
        "wakes",
        "parks",
        "unparks",
        "fences",
        "sleep word changes",
        "sleep word retries",
        "injected",
    ];

    type Counters = [AtomicU64; NAMES.len()];

    static ALL: Mutex<Vec<&'static Counters>> = Mutex::new(Vec::new());

    std::thread_local! {
        // Leaked, so that what a thread has counted stays when it ends.
        static MINE: &'static Counters = {
            let mine = Box::leak(Box::new([const { AtomicU64::new(0) }; NAMES.len()]));
            ALL.lock().unwrap_or_else(PoisonError::into_inner).push(mine);
            mine
        };
    }

    pub(super) fn count(event: Event) {
        // Nothing is counted while the thread's locals are being destroyed.
        let _ = MINE.try_with(|mine| {
            let counter = &mine[event as usize];
            // Ordering: Relaxed; statistics, with one writer.
            counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        });
    }

    /// The sums of all threads since the start of the process.
    pub fn read() -> Vec<(&'static str, u64)> {
        let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |at: usize| {
            // Ordering: Relaxed; statistics.
            all.iter().map(|one| one[at].load(Ordering::Relaxed)).sum()
        };
        (0..NAMES.len()).map(|at| (NAMES[at], sum(at))).collect()
    }
}
