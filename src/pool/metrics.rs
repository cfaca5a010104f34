//! What a pool does and has done, to look at.

use super::BlockingMetrics;
use super::registry::Registry;
use super::seat::{Histogram, Seat, SeatMetrics};

/// A pool at one moment, and what it has done so far; see
/// [`Handle::metrics`](crate::Handle::metrics).
///
/// The numbers are read one after the other while the pool goes on, so that sums may be off by what
/// happens meanwhile. [`to_prometheus`](Self::to_prometheus) writes them down for a monitoring
/// system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// How many threads compute at a time:
    /// [`Handle::current_num_threads`](crate::Handle::current_num_threads).
    pub permits: usize,
    /// The most that [`Handle::set_num_threads`](crate::Handle::set_num_threads) can set.
    pub max_permits: usize,
    /// Threads that hold a permit now. For moments more than there are permits: a thread that
    /// resumes from a wait takes one without asking.
    pub active: usize,
    /// Those of them that look for something to do.
    pub searching: usize,
    /// Threads of the pool that exist: workers, spare threads, and those for blocking closures.
    pub threads: usize,
    /// Spare threads among them.
    pub spare_threads: usize,
    /// Spare threads that have nothing to do, and end when that lasts.
    pub idle_spare_threads: usize,
    /// Tasks that have not ended: futures, and closures with a handle.
    pub tasks: usize,
    /// Tasks that were ever spawned.
    pub spawned_tasks: u64,
    /// Ready futures in the queues that belong to no seat.
    pub injected_futures: usize,
    /// Closures that wait to be started there.
    pub injected_closures: usize,
    /// The threads of [`spawn_blocking`](crate::spawn_blocking), and the queue before them; see
    /// [`Handle::blocking_metrics`](crate::Handle::blocking_metrics).
    pub blocking: BlockingMetrics,
    /// One entry for each seat that was ever used: workers first, then guests, then spare threads.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(2).build().unwrap();
    /// assert_eq!(pool.metrics().seats.len(), 2);
    /// ```
    pub seats: Vec<SeatMetrics>,
}

impl Metrics {
    /// The pool now.
    pub(crate) fn of(registry: &Registry) -> Self {
        let (active, searching) = registry.sleep.at_work();
        let (spare_threads, idle_spare_threads) = registry.bench.threads();
        let (tasks, spawned_tasks) = registry.owned().counts();
        let (injected_futures, injected_closures) = registry.injectors.depths();
        Self {
            permits: registry.num_threads(),
            max_permits: registry.max_threads(),
            active,
            searching,
            threads: registry.threads.live(),
            spare_threads,
            idle_spare_threads,
            tasks,
            spawned_tasks,
            injected_futures,
            injected_closures,
            blocking: registry.blocking.metrics(),
            seats: registry.seats().map(of_seat).collect(),
        }
    }

    /// How long the measured polls of futures took, on all seats together. `None` if the pool
    /// measures none: see
    /// [`enable_poll_histograms`](crate::PoolBuilder::enable_poll_histograms).
    ///
    /// ```
    /// let plain = manyhands::Pool::builder().num_threads(1).build().unwrap();
    /// assert!(plain.metrics().poll_times().is_none());
    /// let pool = manyhands::Pool::builder().num_threads(1).poll_histogram_sampling(1).build().unwrap();
    /// pool.spawn(manyhands::task::yield_now()).join().unwrap();
    /// assert_eq!(pool.metrics().poll_times().unwrap().count(), 2);
    /// ```
    pub fn poll_times(&self) -> Option<Histogram> {
        self.all(|seat| seat.poll_times.as_ref())
    }

    /// How long the tasks of the measured polls were ready before them, on all seats together;
    /// `None` as above. A task is ready from its spawn, its wake, or the end of a poll during which
    /// it was woken.
    ///
    /// ```
    /// let pool = manyhands::Pool::builder().num_threads(1).poll_histogram_sampling(1).build().unwrap();
    /// pool.spawn(manyhands::task::yield_now()).join().unwrap();
    /// assert_eq!(pool.metrics().wake_to_poll().unwrap().count(), 2);
    /// ```
    pub fn wake_to_poll(&self) -> Option<Histogram> {
        self.all(|seat| seat.wake_to_poll.as_ref())
    }

    /// The histograms of all seats in one.
    fn all(&self, of: impl Fn(&SeatMetrics) -> Option<&Histogram>) -> Option<Histogram> {
        let mut parts = self.seats.iter().filter_map(of).peekable();
        parts.peek()?;
        Some(parts.fold(Histogram::empty(), Histogram::merge))
    }
}

fn of_seat(seat: &Seat) -> SeatMetrics {
    SeatMetrics {
        queued_jobs: seat.offer().depth(),
        queued_tasks: seat.tasks.depth(),
        ..seat.counters().read(seat.index() as usize, seat.kind())
    }
}

/// The blocking closures of a pool now.
pub(crate) fn of_blocking(registry: &Registry) -> BlockingMetrics {
    registry.blocking.metrics()
}
