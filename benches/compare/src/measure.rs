//! Interleaved rounds, and what is said of them.

use std::thread;
use std::time::Duration;

/// Runs a workload so many times; says how long that took and what the last run computed.
pub type Sample = Box<dyn FnMut(u64) -> (Duration, u64)>;

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

/// A measured row.
#[derive(Debug)]
pub struct Measured {
    pub table: &'static str,
    pub threads: usize,
    pub row: String,
    pub unit: &'static str,
    pub units: u64,
    pub subjects: Vec<Subject>,
}

/// One subject's part of a row.
#[derive(Debug)]
pub struct Subject {
    pub name: &'static str,
    /// Nanoseconds per run, one figure a round.
    pub rounds: Vec<f64>,
    pub quartiles: Quartiles,
}

impl Subject {
    /// The round that was disturbed least. On a busy machine it says more than the median.
    pub fn best(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quartiles {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

/// A sample is repeated until it takes at least this long.
const SAMPLE: Duration = Duration::from_millis(15);

/// Threads of the subject before go to sleep meanwhile.
const SETTLE: Duration = Duration::from_millis(2);

/// Measures a row.
///
/// # Panics
///
/// If two subjects do not compute the same.
pub fn run(mut row: Row, table: &'static str, threads: usize, rounds: usize) -> Measured {
    let mut result = None;
    let repeats: Vec<u64> = row
        .subjects
        .iter_mut()
        .map(|(name, sample)| {
            let computed = sample(1).1;
            assert_eq!(
                computed,
                *result.get_or_insert(computed),
                "{}: {name}",
                row.name
            );
            calibrate(sample)
        })
        .collect();

    let count = row.subjects.len();
    let mut times = vec![Vec::with_capacity(rounds); count];
    for round in 0..rounds {
        // Everybody follows everybody else now and then.
        for turn in 0..count {
            let at = (round + turn) % count;
            thread::sleep(SETTLE);
            let (time, _) = row.subjects[at].1(repeats[at]);
            times[at].push(time.as_nanos() as f64 / repeats[at] as f64);
        }
    }
    Measured {
        table,
        threads,
        row: row.name,
        unit: row.unit,
        units: row.units,
        subjects: row
            .subjects
            .iter()
            .zip(times)
            .map(|((name, _), rounds)| Subject {
                name,
                quartiles: quartiles(&rounds),
                rounds,
            })
            .collect(),
    }
}

/// How often a sample must run its workload to take long enough. Also the warm-up.
fn calibrate(sample: &mut Sample) -> u64 {
    let mut repeats = 1;
    loop {
        let (time, _) = sample(repeats);
        if time * 2 >= SAMPLE {
            let wanted = repeats as f64 * SAMPLE.as_secs_f64() / time.as_secs_f64();
            return wanted.ceil().max(1.0) as u64;
        }
        repeats *= 2;
    }
}

/// Quartiles, interpolated between the two nearest figures.
fn quartiles(figures: &[f64]) -> Quartiles {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let place = part * (sorted.len() - 1) as f64;
        let below = sorted[place.floor() as usize];
        let above = sorted[place.ceil() as usize];
        below + (above - below) * place.fract()
    };
    Quartiles {
        low: at(0.25),
        median: at(0.5),
        high: at(0.75),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let found = quartiles(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((found.low, found.median, found.high), (1.75, 2.5, 3.25));
        let found = quartiles(&[7.0]);
        assert_eq!((found.low, found.median, found.high), (7.0, 7.0, 7.0));
    }

    #[test]
    fn a_round_has_a_figure_of_every_subject() {
        let fixed = |ns: u64| -> Sample {
            Box::new(move |repeats| (Duration::from_nanos(ns * repeats), 5))
        };
        let row = Row {
            name: "fixed".into(),
            unit: "run",
            units: 1,
            subjects: vec![("one", fixed(1000)), ("two", fixed(2000))],
        };
        let measured = run(row, "test", 1, 3);
        assert_eq!(measured.subjects[0].rounds, [1000.0; 3]);
        assert_eq!(measured.subjects[1].rounds, [2000.0; 3]);
        assert_eq!(measured.subjects[1].best(), 2000.0);
    }

    #[test]
    #[should_panic(expected = "liar")]
    fn subjects_that_disagree_are_not_compared() {
        let fixed = |result| -> Sample { Box::new(move |_| (SAMPLE, result)) };
        let row = Row {
            name: "lie".into(),
            unit: "run",
            units: 1,
            subjects: vec![("honest", fixed(1)), ("liar", fixed(2))],
        };
        run(row, "test", 1, 1);
    }
}
