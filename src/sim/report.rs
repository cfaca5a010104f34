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
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed)
    }

    /// The number of decisions: places at which another thread could have gone on.
    pub fn decisions(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A number that depends on every decision, its thread and its time: two runs that differ
    /// anywhere have different ones.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// How many times a thread took work of another seat.
    pub fn steals(&self) -> u64 {
        self.count(Kind::Stolen)
    }

    /// How many times a sleeping thread was woken.
    pub fn wakes(&self) -> u64 {
        self.count(Kind::Wake)
    }

    /// How many times a thread went to sleep.
    pub fn parks(&self) -> u64 {
        self.count(Kind::Park)
    }

    /// How many join halves were made public.
    pub fn exposures(&self) -> u64 {
        self.count(Kind::Expose)
    }

    /// How many times a line was touched that another core had written last.
    pub fn foreign_lines(&self) -> u64 {
        let twice = 2 * self.count(Kind::Steal);
        let once = [Kind::Queue, Kind::SleepWord, Kind::Latch, Kind::Foreign];
        twice + once.iter().map(|kind| self.count(*kind)).sum::<u64>()
    }

    /// The time that all cores together were without a thread. A thread that looks for work is not
    /// idle.
    pub fn idle(&self) -> Duration {
        Duration::from_nanos(self.idle)
    }

    /// How many times another thread went on.
    pub fn handovers(&self) -> u64 {
        self.handovers
    }

    /// How many threads there were, with the one that ran the closure.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many times the watchdog had to pass the baton on because its holder was blocked outside
    /// of the simulation. If it is not 0, a second run may differ.
    pub fn blocked_outside(&self) -> u64 {
        self.outside
    }
}
