//! `MANYHANDS_NUM_THREADS` and the default number of threads.

use crate::sim;
use std::num::NonZero;
use std::sync::Once;
use std::thread;

/// The variable that sets the size of the default pool and of every pool built with 0 threads.
pub(crate) const NUM_THREADS: &str = "MANYHANDS_NUM_THREADS";

/// The meaning of a value of the variable.
#[derive(Debug, PartialEq, Eq)]
enum Setting {
    /// The variable is not set, empty, or 0: the default number.
    Default,
    Threads(usize),
    /// The value is not a number: the default is used, and a warning is printed once.
    Malformed,
}

fn parse(value: Option<&str>) -> Setting {
    match value.map(str::trim) {
        None | Some("") => Setting::Default,
        Some(text) => match text.parse::<u128>() {
            Ok(0) => Setting::Default,
            Ok(n) => Setting::Threads(usize::try_from(n).unwrap_or(usize::MAX)),
            Err(_) => Setting::Malformed,
        },
    }
}

/// The number of threads of a pool whose builder does not set it. It is the environment's, else one
/// per core that the process may use (see [`cores`]).
pub(crate) fn default_num_threads() -> usize {
    if let Some(cores) = sim::cores() {
        return cores;
    }
    let value = std::env::var_os(NUM_THREADS);
    let text = value.as_ref().map(|value| value.to_string_lossy());
    match parse(text.as_deref()) {
        Setting::Threads(n) => n,
        Setting::Default => cores(),
        Setting::Malformed => {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                eprintln!(
                    "manyhands: {NUM_THREADS}={:?} is not a number of threads; using {}",
                    text.unwrap_or_default(),
                    cores()
                );
            });
            cores()
        }
    }
}

/// The number of cores that this process may use, at least one: affinity and quotas count.
pub(crate) fn cores() -> usize {
    let counted = || smaller(num_cpus::get(), thread::available_parallelism().ok());
    sim::cores().unwrap_or_else(counted)
}

/// The smaller of two counts. `num_cpus` knows the quota of the process's own cgroup, and rounds it
/// up; std knows those of all groups around it, too, and rounds down. std may not know a count.
fn smaller(num_cpus: usize, std: Option<NonZero<usize>>) -> usize {
    let std = std.map_or(usize::MAX, NonZero::get);
    num_cpus.min(std).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Setting, parse, smaller};
    use std::num::NonZero;

    #[test]
    fn values_are_understood_or_reported() {
        assert_eq!(parse(None), Setting::Default);
        assert_eq!(parse(Some("")), Setting::Default);
        assert_eq!(parse(Some(" 0 ")), Setting::Default);
        assert_eq!(parse(Some(" 3\n")), Setting::Threads(3));
        assert_eq!(
            parse(Some("99999999999999999999")),
            Setting::Threads(usize::MAX)
        );
        assert_eq!(parse(Some("-1")), Setting::Malformed);
        assert_eq!(parse(Some("many")), Setting::Malformed);
    }

    #[test]
    fn the_smaller_count_of_cores_counts() {
        // A quota of 1.5 cores in a group around the process's own, on eight cores.
        assert_eq!(smaller(8, NonZero::new(1)), 1);
        // A quota of 1.1 in its own group.
        assert_eq!(smaller(2, NonZero::new(1)), 1);
        assert_eq!(smaller(3, NonZero::new(4)), 3);
        assert_eq!(smaller(4, NonZero::new(4)), 4);
        // One of the two does not know.
        assert_eq!(smaller(5, None), 5);
        assert_eq!(smaller(0, None), 1);
        assert_eq!(smaller(0, NonZero::new(3)), 1);
    }
}
