//! Many seeds, and the same seed twice.

use super::machine::Entry;
use super::run::{Builder, text};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// The variable that makes [`many`] run one seed only.
const SEED: &str = "MANYHANDS_SIM_SEED";

/// Runs `f` once for each seed, in a simulation in which the seed chooses who goes on at every
/// decision. A seed that fails is named on the standard error stream, and its panic goes on:
/// `MANYHANDS_SIM_SEED=17` runs seed 17 alone, and so repeats it.
///
/// Half of the seeds draw the next thread anew after some decisions; the others give each thread a
/// priority, and change one or two of them on the way. Most races need no more than that.
///
/// ```
/// use manyhands::sim;
///
/// sim::many(0..20, || {
///     let (a, b) = manyhands::join(|| 20, || 22);
///     assert_eq!(a + b, 42);
/// });
/// ```
///
/// # Panics
///
/// If `f` does, or if nobody can run any more.
pub fn many<F>(seeds: impl IntoIterator<Item = u64>, f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    Builder::new().many(seeds, f);
}

impl Builder {
    /// As [`many`], with the cores and the limit of this builder.
    ///
    /// ```
    /// manyhands::sim::Builder::new().cores(2).many(0..10, || {
    ///     assert_eq!(manyhands::current_num_threads(), 2);
    /// });
    /// ```
    pub fn many<F>(self, seeds: impl IntoIterator<Item = u64>, f: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        let f = Arc::new(f);
        let one = std::env::var(SEED)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let seeds: Box<dyn Iterator<Item = u64>> = match one {
            Some(seed) => Box::new(std::iter::once(seed)),
            None => Box::new(seeds.into_iter()),
        };
        for (before, seed) in seeds.enumerate() {
            let f = Arc::clone(&f);
            let builder = self.clone().explore().seed(seed);
            let ran = catch_unwind(AssertUnwindSafe(|| builder.run(move || f())));
            if let Err(payload) = ran {
                eprintln!(
                    "seed {seed} fails after {before} that did not: {}\n{SEED}={seed} repeats it",
                    text(&*payload).lines().next().unwrap_or_default()
                );
                resume_unwind(payload);
            }
        }
    }
}

/// Runs `f` twice with the same seed, and compares all decisions.
///
/// ```
/// manyhands::sim::check_determinism(17, || {
///     manyhands::join(|| 1, || 2);
/// });
/// ```
///
/// # Panics
///
/// If the runs differ; the message shows where. Whatever `f` does that depends on the machine is a
/// reason: the real clock, addresses, the order of a `HashMap`, threads of its own, files.
pub fn check_determinism<F>(seed: u64, f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    Builder::new().seed(seed).check_determinism(f);
}

impl Builder {
    /// As [`check_determinism`], with the cores, the seed and the way to choose of this builder.
    ///
    /// ```
    /// let builder = manyhands::sim::Builder::new().cores(8).explore().seed(17);
    /// builder.check_determinism(|| {
    ///     manyhands::join(|| 1, || 2);
    /// });
    /// ```
    pub fn check_determinism<F>(self, f: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        let f = Arc::new(f);
        let run = || {
            let f = Arc::clone(&f);
            let ended = self.clone().log().run_to_end(move || f());
            match ended.result {
                Ok(()) => (ended.report, ended.log),
                Err(payload) => resume_unwind(payload),
            }
        };
        let (first, second) = (run(), run());
        if let Some(difference) = difference(&first.1, &second.1) {
            panic!("two runs with the same seed differ: {difference}");
        }
        assert_eq!(
            first.0.fingerprint(),
            second.0.fingerprint(),
            "two runs with the same seed took the same decisions, but have not the same fingerprint"
        );
    }
}

/// The first decision that is not the same in both logs, with the ones before it.
fn difference(first: &[Entry], second: &[Entry]) -> Option<String> {
    let at = match first.iter().zip(second).position(|(a, b)| a != b) {
        Some(at) => at,
        None if first.len() == second.len() => return None,
        None => first.len().min(second.len()),
    };
    let line = |entry: Option<&Entry>| match entry {
        Some(entry) => format!(
            "thread {} {:?} at {} ns",
            entry.thread, entry.kind, entry.clock
        ),
        None => "nothing: the run has ended".to_owned(),
    };
    let before: String = (at.saturating_sub(5)..at)
        .map(|at| format!("\n    both: {}", line(first.get(at))))
        .collect();
    Some(format!(
        "decision {at}{before}\n    one: {}\n  other: {}",
        line(first.get(at)),
        line(second.get(at))
    ))
}
