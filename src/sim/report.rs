//! What a simulation tells of itself when it has ended.

use super::kind::{KINDS, Kind};
use super::machine::{Machine, Time};
use std::time::Duration;

/// What happened in a simulation until its closure returned.
///
/// ```
/// use manyhands::sim;
/// use std::time::Duration;
///
/// let ((), report) = sim::Builder::new().cores(2).run(|| {
///     let half = || sim::work(Duration::from_millis(1));
///     manyhands::join(half, half);
/// });
/// assert!(report.elapsed() < Duration::from_micros(1_500), "{report:?}");
/// assert_eq!(report.steals(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    elapsed: Time,
    idle: Time,
    handovers: u64,
    fingerprint: u64,
    threads: usize,
    outside: u64,
    counts: [u64; KINDS],
}

impl Report {
    pub(super) fn of(machine: &Machine, end: Time) -> Self {
        Self {
            elapsed: end,
            idle: machine.idle(end),
            handovers: machine.handovers,
            fingerprint: machine.hash,
            threads: machine.threads.len(),
            outside: machine.outside,
            counts: machine.counts,
        }
    }

    fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }

    /// The virtual time that the closure took.
    ///
    /// ```
    /// let second = std::time::Duration::from_secs(1);
    /// let (_, report) = manyhands::sim::Builder::new().run(move || manyhands::sim::work(second));
    /// assert_eq!(report.elapsed(), second);
    /// ```
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed)
    }

    /// The number of decisions: places at which another thread could have gone on.
    ///
    /// ```
    /// let run = || manyhands::join(|| 1, || 2);
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.decisions() > 0);
    /// ```
    pub fn decisions(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A number that depends on every decision, its thread and its time: two runs that differ
    /// anywhere have different ones.
    ///
    /// ```
    /// let run = || manyhands::sim::Builder::new().run(|| manyhands::join(|| 1, || 2)).1;
    /// assert_eq!(run().fingerprint(), run().fingerprint());
    /// ```
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// How many times a thread took work of another seat.
    ///
    /// ```
    /// let run = || manyhands::join(|| 1, || 2);
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.steals() <= 1);
    /// ```
    pub fn steals(&self) -> u64 {
        self.count(Kind::Stolen)
    }

    /// How many times a sleeping thread was woken.
    ///
    /// ```
    /// let run = || manyhands::spawn(async {}).join();
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.wakes() > 0);
    /// ```
    pub fn wakes(&self) -> u64 {
        self.count(Kind::Wake)
    }

    /// How many times a thread went to sleep.
    ///
    /// ```
    /// let run = || manyhands::spawn(async {}).join();
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.parks() > 0);
    /// ```
    pub fn parks(&self) -> u64 {
        self.count(Kind::Park)
    }

    /// How many join halves were made public.
    ///
    /// ```
    /// let run = || manyhands::join(|| 1, || 2);
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.exposures() <= 1);
    /// ```
    pub fn exposures(&self) -> u64 {
        self.count(Kind::Expose)
    }

    /// How many times a line was touched that another core had written last.
    ///
    /// ```
    /// let run = || manyhands::spawn(async {}).join();
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.foreign_lines() > 0);
    /// ```
    pub fn foreign_lines(&self) -> u64 {
        let twice = 2 * self.count(Kind::Steal);
        let once = [Kind::Queue, Kind::SleepWord, Kind::Latch, Kind::Foreign];
        twice + once.iter().map(|kind| self.count(*kind)).sum::<u64>()
    }

    /// The time that all cores together were without a thread. A thread that looks for work is not
    /// idle.
    ///
    /// ```
    /// let second = std::time::Duration::from_secs(1);
    /// let (_, report) = manyhands::sim::Builder::new().run(move || manyhands::sim::work(second));
    /// // Four cores, of which one worked.
    /// assert_eq!(report.idle(), 3 * second);
    /// ```
    pub fn idle(&self) -> Duration {
        Duration::from_nanos(self.idle)
    }

    /// How many times another thread went on.
    ///
    /// ```
    /// let run = || manyhands::spawn(async {}).join();
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert!(report.handovers() > 1);
    /// ```
    pub fn handovers(&self) -> u64 {
        self.handovers
    }

    /// How many threads there were, with the one that ran the closure.
    ///
    /// ```
    /// let second = std::time::Duration::from_secs(1);
    /// let (_, report) = manyhands::sim::Builder::new().run(move || manyhands::sim::work(second));
    /// assert_eq!(report.threads(), 1);
    /// ```
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many times the watchdog had to pass the baton on because its holder was blocked outside
    /// of the simulation. If it is not 0, a second run may differ.
    ///
    /// ```
    /// let run = || manyhands::join(|| 1, || 2);
    /// let (_, report) = manyhands::sim::Builder::new().run(run);
    /// assert_eq!(report.blocked_outside(), 0);
    /// ```
    pub fn blocked_outside(&self) -> u64 {
        self.outside
    }
}
