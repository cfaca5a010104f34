//! What the scheduler does in a run, by its own counters. They are in builds with a `cfg` only.

use crate::cli::Options;
use crate::results::Grid;

/// How to get the figures.
#[cfg(not(manyhands_counters))]
pub fn grids(_: &Options, _: &[usize]) -> Vec<Grid> {
    vec![Grid {
        title: "not counted".to_owned(),
        columns: Vec::new(),
        lines: Vec::new(),
        notes: vec![
            "The counters are in a build of their own: `RUSTFLAGS=\"--cfg manyhands_counters\" \
             cargo run --release -- counters`"
                .to_owned(),
        ],
    }]
}

#[cfg(manyhands_counters)]
pub use counted::grids;

#[cfg(manyhands_counters)]
mod counted {
    use super::*;
    use crate::fork_join::{self, ManyHands, Numbers, Queens, Tree, inside, sort};
    use crate::loops;
    use crate::measure::Make;
    use crate::progress;
    use crate::results::{Column, Line, Unit};
    use crate::tables::{UTS, YIELDS};
    use crate::tasks::{self, SpawnInside, SpawnOutside};
    use std::sync::Arc;

    pub fn grids(options: &Options, threads: &[usize]) -> Vec<Grid> {
        let names: Vec<_> = read().into_iter().map(|(name, _)| name).collect();
        let grid = |&threads: &usize| Grid {
            title: format!("{threads} threads"),
            columns: names
                .iter()
                .map(|name| Column::new(*name, Unit::Count))
                .collect(),
            lines: rows()
                .into_iter()
                .map(|(row, workload, runs)| {
                    progress::say(&format!("counters: {row}, {threads} threads"));
                    let runs = runs * options.rounds as u64;
                    Line::new(row, crate::results::OURS, count(workload(threads), runs))
                })
                .collect(),
            notes: Vec::new(),
        };
        threads.iter().map(grid).collect()
    }

    type Row = fn(usize) -> (&'static str, Make);

    /// The workloads, and how often each runs in a round.
    fn rows() -> Vec<(&'static str, Row, u64)> {
        vec![
            (
                "tree, 2^10 nodes",
                |n| inside::<ManyHands>(&Arc::new(Tree::new(10)), n),
                1000,
            ),
            (
                "tree, 2^16 nodes",
                |n| inside::<ManyHands>(&Arc::new(Tree::new(16)), n),
                20,
            ),
            (
                "UTS-like tree",
                |n| inside::<ManyHands>(&Arc::new(UTS), n),
                1,
            ),
            (
                "n-queens 11, joins",
                |n| inside::<ManyHands>(&Arc::new(Queens(11)), n),
                4,
            ),
            (
                "n-queens 11, spawns",
                |n| fork_join::queens_by_spawns::<ManyHands>(11, n),
                1,
            ),
            (
                "quicksort, 10^7 numbers",
                |n| sort::<ManyHands>(&Arc::new(Numbers::new(10_000_000)), n),
                1,
            ),
            ("sum of 10^3", |n| loops::sum(1_000, n), 1000),
            ("sum of 10^5", |n| loops::sum(100_000, n), 100),
            ("sum of 10^7", |n| loops::sum(10_000_000, n), 2),
            (
                "10k spawns from a task",
                |n| tasks::subject::<tasks::ManyHands, _>(SpawnInside(10_000), n),
                4,
            ),
            (
                "10k spawns from outside",
                |n| tasks::subject::<tasks::ManyHands, _>(SpawnOutside(10_000), n),
                4,
            ),
            (
                "200 tasks x 1000 yields",
                |n| tasks::subject::<tasks::ManyHands, _>(YIELDS, n),
                1,
            ),
        ]
    }

    /// Per run, in the order of the counters.
    fn count((_, make): (&'static str, Make), runs: u64) -> Vec<Option<f64>> {
        let mut sample = make();
        sample(1);
        let before = read();
        sample(runs);
        let after = read();
        let pairs = before.into_iter().zip(after);
        pairs
            .map(|((_, before), (_, after))| Some((after - before) as f64 / runs as f64))
            .collect()
    }

    fn read() -> Vec<(&'static str, u64)> {
        manyhands::counters::read()
    }
}
