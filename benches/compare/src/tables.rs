//! Which tables there are, and the rows of those that show times. A new row is a line here.

use crate::cli::Options;
use crate::fork_join::{
    Fib, Queens, Tree, Unbalanced, row_inside, row_outside, row_queens_by_spawns, row_sort,
};
use crate::loops;
use crate::measure::Row;
use crate::results::{Extra, Grid};
use crate::sorts::{self, How, Order};
use crate::tasks::{
    self, Chain, Channel, PingPong, SpawnInside, SpawnOutside, SpawnTree, YieldMany,
};
use crate::{counters, latency, memory, mixed, neutral, rest, suite, world};

pub struct Table {
    pub name: &'static str,
    pub about: &'static str,
    /// Unless `--threads` says otherwise.
    pub threads: &'static [usize],
    pub kind: Kind,
}

pub enum Kind {
    /// Times of repeated runs, one section for each number of threads.
    Times {
        extras: &'static [Extra],
        /// Makes the rows at a number of threads, and hands each over before it makes the next: so
        /// only the pools and the data of one row are there at a time.
        rows: fn(usize, &mut dyn FnMut(Row)),
    },
    /// Any other figures, at these numbers of threads.
    Figures(fn(&Options, &[usize]) -> Vec<Grid>),
}

pub const ALL: &[Table] = &[
    Table {
        name: "join",
        about: "A join at every node or call, no cut-off, inside the pool.",
        threads: &[1, 2],
        kind: Kind::Times {
            extras: &[Extra::OverPlain, Extra::GeometricMean],
            rows: join,
        },
    },
    Table {
        name: "outside",
        about: "Every run is begun by a thread outside the pool.",
        threads: &[1, 2],
        kind: Kind::Times {
            extras: &[],
            rows: outside,
        },
    },
    Table {
        name: "unbalanced",
        about: "Trees whose halves differ, inside the pool.",
        threads: &[1, 2, 8],
        kind: Kind::Times {
            extras: &[Extra::Switches],
            rows: unbalanced,
        },
    },
    Table {
        name: "sums",
        about: "The sum of a cheap map over a slice, called inside the pool.",
        threads: &[1, 2],
        kind: Kind::Times {
            extras: &[Extra::OverPlain, Extra::GeometricMean],
            rows: loops::sums_inside,
        },
    },
    Table {
        name: "sums-outside",
        about: "The same, called each time by a thread outside the pool.",
        threads: &[1, 2],
        kind: Kind::Times {
            extras: &[Extra::OverPlain, Extra::GeometricMean],
            rows: loops::sums_outside,
        },
    },
    Table {
        name: "uneven",
        about: "Loops over items that take long, some longer than others, inside the pool.",
        threads: &[1, 2, 8],
        kind: Kind::Times {
            extras: &[Extra::Switches, Extra::GeometricMean],
            rows: loops::uneven,
        },
    },
    Table {
        name: "loops",
        about: "What programs do with parallel iterators, inside the pool.",
        threads: &[1, 2, 8],
        kind: Kind::Times {
            extras: &[Extra::GeometricMean],
            rows: loops::chains,
        },
    },
    Table {
        name: "tasks",
        about: "Futures: spawning, yielding and waking.",
        threads: &[1, 2],
        kind: Kind::Times {
            extras: &[Extra::GeometricMean],
            rows: tasks,
        },
    },
    Table {
        name: "sorts",
        about: "The sorts of slices, inside the pool; std's on one thread.",
        threads: &[1, 2, 8],
        kind: Kind::Times {
            extras: &[Extra::GeometricMean],
            rows: sorts,
        },
    },
    Table {
        name: "latency",
        about: "From a spawn, or a wake-up, on an outside thread to the first thing that runs, in a \
                pool that has slept for about a millisecond.",
        threads: &[2],
        kind: Kind::Figures(latency::grids),
    },
    Table {
        name: "mixed",
        about: "Tasks and computations in one program. The medians of all rounds; each sample is a \
                process of its own.",
        threads: &[1, 2],
        kind: Kind::Figures(mixed::grids),
    },
    Table {
        name: "world",
        about: "Timers, sockets and HTTP. The medians of all rounds; each sample is a process of its \
                own, and so is each server.",
        threads: &[2],
        kind: Kind::Figures(world::grids),
    },
    Table {
        name: "suite",
        about: "The programs that fork-join libraries are compared by elsewhere. The medians of all \
                rounds; each sample is a process of its own, with one run on the clock.",
        threads: &[1, 2],
        kind: Kind::Figures(suite::grids),
    },
    Table {
        name: "neutral",
        about: "Messages, tasks and sleeps: the programs that executors are compared by elsewhere. \
                The medians of all rounds; each sample is a process of its own, with one run on the \
                clock.",
        threads: &[2],
        kind: Kind::Figures(neutral::grids),
    },
    Table {
        name: "rest",
        about: "What a pool costs that has little to do: CPU time and context switches of a process \
                of its own.",
        threads: &[2],
        kind: Kind::Figures(rest::grids),
    },
    Table {
        name: "memory",
        about: "Each subject in a process of its own.",
        threads: &[2, 8],
        kind: Kind::Figures(memory::grids),
    },
    Table {
        name: "counters",
        about: "What manyhands does in one run, on average.",
        threads: &[2, 8, 16, 32, 64],
        kind: Kind::Figures(counters::grids),
    },
];

/// About a million nodes.
pub const UTS: Unbalanced = Unbalanced {
    children: 8000,
    seed: 42,
};

pub const YIELDS: YieldMany = YieldMany {
    tasks: 200,
    yields: 1000,
};

fn nodes(levels: u32) -> u64 {
    (1 << levels) - 1
}

fn join(threads: usize, row: &mut dyn FnMut(Row)) {
    for levels in [10, 16, 23] {
        let name = format!("tree, 2^{levels} nodes");
        row(row_inside(
            &name,
            "node",
            nodes(levels),
            Tree::new(levels),
            threads,
        ));
    }
    row(row_inside(
        "fib(32)",
        "call",
        Fib::calls(32),
        Fib(32),
        threads,
    ));
}

fn outside(threads: usize, row: &mut dyn FnMut(Row)) {
    for levels in [4, 10, 16] {
        let name = format!("tree, 2^{levels} nodes");
        row(row_outside(
            &name,
            "node",
            nodes(levels),
            Tree::new(levels),
            threads,
        ));
    }
}

fn unbalanced(threads: usize, row: &mut dyn FnMut(Row)) {
    row(row_inside(
        "UTS-like tree",
        "node",
        UTS.nodes(),
        UTS,
        threads,
    ));
    row(row_inside(
        "n-queens 11, joins",
        "queen",
        Queens::placed(11),
        Queens(11),
        threads,
    ));
    row(row_queens_by_spawns("n-queens 11, spawns", 11, threads));
    row(row_sort("quicksort, 10^7 numbers", 10_000_000, threads));
    row(row_inside(
        "fib(30)",
        "call",
        Fib::calls(30),
        Fib(30),
        threads,
    ));
}

fn tasks(threads: usize, row: &mut dyn FnMut(Row)) {
    let channel = Channel {
        pairs: 4,
        messages: 10_000,
        capacity: 100,
    };
    row(tasks::row(
        "10k spawns from a task",
        "task",
        10_000,
        SpawnInside(10_000),
        threads,
    ));
    row(tasks::row(
        "10k spawns from outside",
        "task",
        10_000,
        SpawnOutside(10_000),
        threads,
    ));
    row(tasks::row(
        "200 tasks x 1000 yields",
        "yield",
        200_000,
        YIELDS,
        threads,
    ));
    row(tasks::row(
        "1k ping-pongs",
        "pair",
        1000,
        PingPong(1000),
        threads,
    ));
    row(tasks::row(
        "chain of 1000 spawns",
        "task",
        1000,
        Chain(1000),
        threads,
    ));
    row(tasks::row(
        "tree of 2^13 tasks",
        "task",
        nodes(13),
        SpawnTree(13),
        threads,
    ));
    row(tasks::row(
        "4x4 tasks over a bounded channel",
        "message",
        channel.messages,
        channel,
        threads,
    ));
}

fn sorts(threads: usize, row: &mut dyn FnMut(Row)) {
    for how in [How::Stable, How::Unstable] {
        for len in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
            row(sorts::numbers(how, Order::Random, len, threads));
        }
        for order in sorts::PATTERNS {
            row(sorts::numbers(how, order, 1_000_000, threads));
        }
        for order in [Order::Random, Order::Sorted, Order::Of16] {
            row(sorts::strings(how, order, 100_000, threads));
        }
    }
    for order in [Order::Random, Order::Sorted] {
        row(sorts::numbers(How::ByKey, order, 1_000_000, threads));
        row(sorts::numbers(How::ByCachedKey, order, 100_000, threads));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_right() {
        assert_eq!(Fib::calls(28), 1_028_457);
        assert_eq!(nodes(13), 8191);
        let nodes = UTS.nodes();
        assert!((900_000..1_100_000).contains(&nodes), "{nodes}");
    }

    #[test]
    fn tables_have_names_of_their_own() {
        for (place, table) in ALL.iter().enumerate() {
            assert!(ALL[..place].iter().all(|other| other.name != table.name));
        }
    }
}
