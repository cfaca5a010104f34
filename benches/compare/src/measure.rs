//! Interleaved rounds, and what is said of them.

use crate::results::{Measured, OURS, Subject};
use crate::stats::quartiles;
use crate::usage::Usage;
use crate::watchdog;
use std::thread;
use std::time::{Duration, Instant};

/// Runs a workload so many times.
pub type Sample = Box<dyn FnMut(u64) -> Sampled>;

/// What a sample has found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sampled {
    /// Of all runs.
    pub time: Duration,
    /// Context switches of the process meanwhile.
    pub switches: u64,
    /// Steals meanwhile, where the subject counts them.
    pub steals: Option<u64>,
    /// What the last run computed.
    pub result: u64,
}

impl Sampled {
    /// Runs `f` on the clock; what it returns is the result.
    #[inline(always)]
    pub fn add(&mut self, f: impl FnOnce() -> u64) {
        let before = Usage::now();
        let start = Instant::now();
        self.result = f();
        self.time += start.elapsed();
        self.switches += Usage::now().since(before).switches();
    }

    /// One measured call.
    #[inline(always)]
    pub fn of(f: impl FnOnce() -> u64) -> Self {
        let mut sampled = Self::default();
        sampled.add(f);
        sampled
    }

    /// Notes the steals between two counts, if there are any counts.
    pub fn with_steals(mut self, before: Option<u64>, after: Option<u64>) -> Self {
        self.steals = before.zip(after).map(|(before, after)| after - before);
        self
    }
}

/// One workload, done by everybody.
pub struct Row {
    pub name: String,
    /// What is counted: node, task, ...
    pub unit: &'static str,
    /// How many of them one run has.
    pub units: u64,
    pub subjects: Vec<(&'static str, Sample)>,
}

impl Row {
    /// Leaves a subject out that cannot do this.
    pub fn without(mut self, subject: &str) -> Self {
        self.subjects.retain(|(name, _)| *name != subject);
        self
    }
}

/// A sample is repeated until it takes at least this long. A run that takes longer is a sample.
const SAMPLE: Duration = Duration::from_millis(15);

/// Threads of the subject before go to sleep meanwhile.
const SETTLE: Duration = Duration::from_millis(2);

/// A sample that takes longer than this hangs.
const HANGS: Duration = Duration::from_secs(120);

/// Measures a row.
///
/// # Panics
///
/// If two subjects do not compute the same.
pub fn run(mut row: Row, rounds: usize) -> Measured {
    let row_name = row.name;
    let begin = |subject: &str| watchdog::begin(format!("{row_name}: {subject}"), HANGS);
    let mut result = None;
    let repeats: Vec<u64> = row
        .subjects
        .iter_mut()
        .map(|(name, sample)| {
            begin(name);
            let computed = sample(1).result;
            assert_eq!(
                computed,
                *result.get_or_insert(computed),
                "{row_name}: {name}"
            );
            calibrate(sample)
        })
        .collect();

    let count = row.subjects.len();
    let mut samples = vec![Vec::with_capacity(rounds); count];
    for round in 0..rounds {
        // Everybody follows everybody else now and then.
        for turn in 0..count {
            let at = (round + turn) % count;
            thread::sleep(SETTLE);
            let (name, sample) = &mut row.subjects[at];
            begin(name);
            samples[at].push(sample(repeats[at]));
        }
    }
    watchdog::end();

    let subjects: Vec<_> = row
        .subjects
        .iter()
        .zip(repeats)
        .zip(&samples)
        .map(|(((name, _), repeats), samples)| subject(name, repeats, samples))
        .collect();
    let mut measured = Measured {
        row: row_name,
        unit: row.unit.to_owned(),
        units: row.units,
        subjects,
    };
    if let Some(ours) = measured.median(OURS) {
        for subject in &mut measured.subjects {
            subject.ratio = Some(subject.median_ns / ours);
        }
    }
    measured
}

fn subject(name: &str, repeats: u64, samples: &[Sampled]) -> Subject {
    let runs = (repeats * samples.len() as u64) as f64;
    let rounds_ns: Vec<f64> = samples
        .iter()
        .map(|sample| sample.time.as_nanos() as f64 / repeats as f64)
        .collect();
    let quartiles = quartiles(&rounds_ns);
    let switches: u64 = samples.iter().map(|sample| sample.switches).sum();
    let steals: Option<u64> = samples.iter().map(|sample| sample.steals).sum();
    Subject {
        name: name.to_owned(),
        median_ns: quartiles.median,
        low_quartile_ns: quartiles.low,
        high_quartile_ns: quartiles.high,
        best_ns: rounds_ns.iter().copied().fold(f64::INFINITY, f64::min),
        rounds_ns,
        switches: switches as f64 / runs,
        steals: steals.map(|steals| steals as f64 / runs),
        ratio: None,
    }
}

/// How often a sample must run its workload to take long enough. Also the warm-up.
fn calibrate(sample: &mut Sample) -> u64 {
    let mut repeats = 1;
    loop {
        let time = sample(repeats).time;
        if time * 2 >= SAMPLE {
            let wanted = repeats as f64 * SAMPLE.as_secs_f64() / time.as_secs_f64();
            return wanted.ceil().max(1.0) as u64;
        }
        repeats *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so long a run, with a switch and three steals.
    fn fixed(time: Duration, result: u64) -> Sample {
        Box::new(move |repeats| Sampled {
            time: time * u32::try_from(repeats).unwrap(),
            switches: repeats,
            steals: Some(3 * repeats),
            result,
        })
    }

    #[test]
    fn a_round_has_a_figure_of_every_subject() {
        let row = Row {
            name: "fixed".into(),
            unit: "run",
            units: 1,
            subjects: vec![
                ("manyhands", fixed(Duration::from_micros(1), 5)),
                ("two", fixed(Duration::from_micros(2), 5)),
                // Longer than a sample: one run each.
                ("three", fixed(Duration::from_millis(100), 5)),
            ],
        };
        let measured = run(row, 3);
        let [one, two, three] = &measured.subjects[..] else {
            panic!("three subjects")
        };
        assert_eq!(one.rounds_ns, [1000.0; 3]);
        assert_eq!(two.rounds_ns, [2000.0; 3]);
        assert_eq!(three.rounds_ns, [1e8; 3]);
        assert_eq!((two.best_ns, two.ratio), (2000.0, Some(2.0)));
        assert_eq!((two.switches, two.steals), (1.0, Some(3.0)));
    }

    #[test]
    #[should_panic(expected = "liar")]
    fn subjects_that_disagree_are_not_compared() {
        let row = Row {
            name: "lie".into(),
            unit: "run",
            units: 1,
            subjects: vec![("honest", fixed(SAMPLE, 1)), ("liar", fixed(SAMPLE, 2))],
        };
        run(row, 1);
    }
}
