//! Loops under a script: no threads, every outcome of every fork, and always the result of std.

mod attempts;
mod beyond;
mod drops;
mod equivalence;
mod pieces;
#[cfg(feature = "indicatif")]
mod progress;
mod search;
mod shapes;

use super::fork::Takers;
use super::fork::script::{Join, Script};
use proptest::prelude::*;

/// Any script: hungry or not, stolen or not, at once or between blocks or late, fast or slow.
pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    let takers = prop_oneof![
        Just(Takers::None),
        Just(Takers::Asleep),
        Just(Takers::Awake)
    ];
    let takers = prop::collection::vec(takers, 0..120);
    let join = (any::<bool>(), any::<bool>()).prop_map(|(right_first, migrated)| Join {
        right_first,
        migrated,
    });
    let lap = prop_oneof![
        0..300_u64,
        500..10_000_u64,
        20_000..5_000_000_u64,
        Just(u64::MAX)
    ];
    (
        takers,
        prop::collection::vec(join, 0..60),
        prop::collection::vec(any::<bool>(), 0..60),
        prop::collection::vec(any::<bool>(), 0..60),
        prop::collection::vec(lap, 0..120),
        1..9_usize,
    )
        .prop_map(|(takers, joins, feeds, returns, laps, threads)| Script {
            takers,
            joins,
            feeds,
            returns,
            laps,
            threads,
        })
}

/// A script in which no thread is hungry, whatever the loop costs.
fn nobody() -> Script {
    Script::default()
}

/// A script in which a thread is always hungry, comes, and takes all it can get, and items are
/// heavy: the loop is split wherever it may be.
fn everybody() -> Script {
    Script {
        takers: vec![Takers::Awake; 100_000],
        feeds: vec![true; 100_000],
        returns: vec![true; 100_000],
        laps: vec![1_000_000; 100_000],
        threads: 4,
        ..Script::default()
    }
}

/// As [`everybody`], but each thread that comes is too late: what is offered is run in order.
fn too_late() -> Script {
    Script {
        feeds: Vec::new(),
        ..everybody()
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    }
}
