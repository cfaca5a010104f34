//! Which tables there are, and their rows. A new row is a line here; a new kind of figure (idle
//! CPU, memory) is a new table with its own samples.

use crate::fork_join::{Fib, Queens, Tree, Unbalanced, row_inside, row_outside};
use crate::measure::Row;
use crate::tasks::{self, Chain, PingPong, SpawnInside, SpawnOutside, SpawnTree, YieldMany};

pub struct Table {
    pub name: &'static str,
    pub about: &'static str,
    /// The rows at a number of threads. Makes the pools, so it is called when they are needed.
    pub rows: fn(usize) -> Vec<Row>,
}

pub const ALL: &[Table] = &[
    Table {
        name: "join",
        about: "A join at every node or call, no cut-off, inside the pool.",
        rows: join,
    },
    Table {
        name: "outside",
        about: "Every run is begun by a thread outside the pool.",
        rows: outside,
    },
    Table {
        name: "unbalanced",
        about: "Trees whose halves differ, inside the pool.",
        rows: unbalanced,
    },
    Table {
        name: "tasks",
        about: "Futures: spawning, yielding and waking.",
        rows: tasks,
    },
];

fn nodes(levels: u32) -> u64 {
    (1 << levels) - 1
}

fn join(threads: usize) -> Vec<Row> {
    let tree = |levels| {
        let name = format!("tree, 2^{levels} nodes");
        row_inside(&name, "node", nodes(levels), Tree::new(levels), threads)
    };
    vec![
        tree(10),
        tree(16),
        tree(20),
        row_inside("fib(28)", "call", Fib::calls(28), Fib(28), threads),
    ]
}

fn outside(threads: usize) -> Vec<Row> {
    let tree = |levels| {
        let name = format!("tree, 2^{levels} nodes");
        row_outside(&name, "node", nodes(levels), Tree::new(levels), threads)
    };
    vec![tree(4), tree(10), tree(16)]
}

fn unbalanced(threads: usize) -> Vec<Row> {
    let uts = Unbalanced {
        children: 500,
        seed: 42,
    };
    vec![
        row_inside(
            "n-queens 10",
            "queen",
            Queens::placed(10),
            Queens(10),
            threads,
        ),
        row_inside("UTS-like tree", "node", uts.nodes(), uts, threads),
    ]
}

fn tasks(threads: usize) -> Vec<Row> {
    let yields = YieldMany {
        tasks: 200,
        yields: 1000,
    };
    vec![
        tasks::row(
            "10k spawns from a task",
            "task",
            10_000,
            SpawnInside(10_000),
            threads,
        ),
        tasks::row(
            "10k spawns from outside",
            "task",
            10_000,
            SpawnOutside(10_000),
            threads,
        )
        // forte 1.0.0-beta.2 sometimes sleeps for ever here, with one worker: see README.md.
        .without("forte"),
        tasks::row("200 tasks x 1000 yields", "yield", 200_000, yields, threads),
        tasks::row("1k ping-pongs", "pair", 1000, PingPong(1000), threads),
        tasks::row("chain of 1000 spawns", "task", 1000, Chain(1000), threads),
        tasks::row(
            "tree of 2^13 tasks",
            "task",
            nodes(13),
            SpawnTree(13),
            threads,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_right() {
        assert_eq!(Fib::calls(28), 1_028_457);
        assert_eq!(nodes(13), 8191);
    }

    #[test]
    fn tables_have_names_of_their_own() {
        for (place, table) in ALL.iter().enumerate() {
            assert!(ALL[..place].iter().all(|other| other.name != table.name));
        }
    }
}
