//! Interleaved rounds, and what is said of them.

use crate::patience::Runner;
use crate::results::{Measured, OURS, Subject};
use crate::stats::quartiles;
use crate::usage::Usage;
use std::thread;
use std::time::{Duration, Instant};

/// Runs a workload so many times.
pub type Sample = Box<dyn FnMut(u64) -> Sampled + Send>;

/// Makes a pool of its own, and what takes samples with it.
pub type Make = Box<dyn Fn() -> Sample>;

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
    pub subjects: Vec<(&'static str, Make)>,
}

/// A sample is repeated until it takes at least this long. A run that takes longer is a sample.
const SAMPLE: Duration = Duration::from_millis(15);

/// Threads of the subject before go to sleep meanwhile.
const SETTLE: Duration = Duration::from_millis(2);

/// A sample, or a calibration, that takes longer than this hangs. Generous, for busy machines.
const HANGS: Duration = Duration::from_secs(15);

/// A subject that hangs so often in a row takes no more part in it.
const PATIENCE: usize = 3;

/// A subject while its row is measured.
struct Contender {
    name: &'static str,
    make: Make,
    /// None: it is in the hands of a thread that hangs.
    sample: Option<Sample>,
    hangs: usize,
    repeats: u64,
    samples: Vec<Sampled>,
}

impl Contender {
    /// Lets it do something, with a new pool if it has hung. None if it hangs, or has hung too
    /// often.
    fn call<R: Send + 'static>(
        &mut self,
        runner: &mut Runner,
        limit: Duration,
        f: impl FnOnce(&mut Sample) -> R + Send + 'static,
    ) -> Option<R> {
        if self.hangs == PATIENCE {
            return None;
        }
        let mut sample = self.sample.take().unwrap_or_else(&self.make);
        let returned = runner.call(limit, move || (f(&mut sample), sample));
        self.hangs += usize::from(returned.is_none());
        let (result, sample) = returned?;
        self.sample = Some(sample);
        Some(result)
    }
}

/// Measures a row.
///
/// # Panics
///
/// If two subjects do not compute the same.
pub fn run(row: Row, rounds: usize) -> Measured {
    measure(row, rounds, HANGS)
}

fn measure(row: Row, rounds: usize, limit: Duration) -> Measured {
    let mut runner = Runner::start();
    let mut expected = None;
    let mut contenders: Vec<_> = row
        .subjects
        .into_iter()
        .map(|(name, make)| Contender {
            name,
            sample: Some(make()),
            make,
            hangs: 0,
            repeats: 1,
            samples: Vec::with_capacity(rounds),
        })
        .collect();
    for contender in &mut contenders {
        let warm = |sample: &mut Sample| (sample(1).result, calibrate(sample));
        let mut attempts = (0..PATIENCE).map(|_| contender.call(&mut runner, limit, warm));
        let Some((result, repeats)) = attempts.find_map(|found| found) else {
            continue;
        };
        contender.repeats = repeats;
        let expected = *expected.get_or_insert(result);
        assert_eq!(result, expected, "{}: {}", row.name, contender.name);
    }

    let count = contenders.len();
    for round in 0..rounds {
        // Everybody follows everybody else now and then.
        for turn in 0..count {
            let contender = &mut contenders[(round + turn) % count];
            thread::sleep(SETTLE);
            let repeats = contender.repeats;
            let sampled = contender.call(&mut runner, limit, move |sample| sample(repeats));
            contender.samples.extend(sampled);
        }
    }

    let hung = contenders
        .iter()
        .filter(|contender| contender.hangs > 0)
        .map(|contender| {
            let (name, hangs) = (contender.name, contender.hangs);
            let rounds = contender.samples.len();
            format!(
                "{}: {name} hung ({hangs}x); it has {rounds} rounds.",
                row.name
            )
        })
        .collect();
    let mut measured = Measured {
        hung,
        row: row.name,
        unit: row.unit.to_owned(),
        units: row.units,
        subjects: contenders.iter().filter_map(subject).collect(),
    };
    if let Some(ours) = measured.median(OURS) {
        for subject in &mut measured.subjects {
            subject.ratio = Some(subject.median_ns / ours);
        }
    }
    measured
}

/// None if there is no figure.
fn subject(contender: &Contender) -> Option<Subject> {
    let (repeats, samples) = (contender.repeats, &contender.samples);
    if samples.is_empty() {
        return None;
    }
    let runs = (repeats * samples.len() as u64) as f64;
    let rounds_ns: Vec<f64> = samples
        .iter()
        .map(|sample| sample.time.as_nanos() as f64 / repeats as f64)
        .collect();
    let quartiles = quartiles(&rounds_ns);
    let switches: u64 = samples.iter().map(|sample| sample.switches).sum();
    let steals: Option<u64> = samples.iter().map(|sample| sample.steals).sum();
    Some(Subject {
        name: contender.name.to_owned(),
        median_ns: quartiles.median,
        low_quartile_ns: quartiles.low,
        high_quartile_ns: quartiles.high,
        best_ns: rounds_ns.iter().copied().fold(f64::INFINITY, f64::min),
        rounds_ns,
        switches: switches as f64 / runs,
        steals: steals.map(|steals| steals as f64 / runs),
        ratio: None,
    })
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
    fn fixed(time: Duration, result: u64) -> Make {
        let sample = move |repeats| Sampled {
            time: time * u32::try_from(repeats).unwrap(),
            switches: repeats,
            steals: Some(3 * repeats),
            result,
        };
        Box::new(move || Box::new(sample))
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

    /// Hangs after so many calls of a pool.
    fn tiring(most: u64) -> Make {
        Box::new(move || {
            let mut calls = 0;
            Box::new(move |_| {
                calls += 1;
                if calls > most {
                    loop {
                        thread::park();
                    }
                }
                Sampled {
                    time: SAMPLE,
                    ..Sampled::default()
                }
            })
        })
    }

    #[test]
    fn who_hangs_has_figures_of_the_other_rounds() {
        let row = Row {
            name: "row".into(),
            unit: "run",
            units: 1,
            // The check and the calibration are two calls.
            subjects: vec![
                ("sometimes", tiring(4)),
                ("always", tiring(0)),
                ("never", fixed(SAMPLE, 0)),
            ],
        };
        let measured = measure(row, 7, Duration::from_millis(50));
        let rounds = measured.subjects.iter();
        let rounds: Vec<_> = rounds.map(|subject| subject.rounds_ns.len()).collect();
        // Two before it hangs, and four with a new pool.
        assert_eq!(rounds, [6, 7]);
        assert_eq!(
            measured.hung,
            [
                "row: sometimes hung (1x); it has 6 rounds.",
                "row: always hung (3x); it has 0 rounds."
            ]
        );
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
