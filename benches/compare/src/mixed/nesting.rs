//! Loops that wait for tasks that run loops.

use super::harness::{Outcome, Setup, burn, repeat};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::time::Duration;

/// Each item of a loop blocks on tasks, each of which computes another level.
#[derive(Clone, Copy)]
struct Nesting {
    depth: u32,
    /// Items of the loops that wait.
    items: usize,
    /// Tasks that each of them waits for.
    tasks: usize,
    /// Items of 1 us of the innermost loops.
    leaves: usize,
}

impl Nesting {
    fn level<R: Runtime>(self, depth: u32) -> u64 {
        if depth == 0 {
            return R::sum(self.leaves, |_| burn(Duration::from_micros(1)));
        }
        R::sum(self.items, |_| {
            R::block_on(async {
                let task = |_| R::spawn(R::compute(move || self.level::<R>(depth - 1)));
                let tasks: Vec<_> = (0..self.tasks).map(task).collect();
                let mut done = 0;
                for task in tasks {
                    done += task.await;
                }
                done
            })
        })
    }
}

impl Workload for Nesting {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let expected = self.leaves * (self.items * self.tasks).pow(self.depth);
        let (times, runs) = repeat(setup, || {
            let task = R::spawn(R::compute(move || self.level::<R>(self.depth)));
            assert_eq!(R::block_on(task), expected as u64);
        });
        Outcome::new(times, runs)
    }
}

pub fn group() -> Group {
    let nesting = |depth, items, tasks, leaves| Nesting {
        depth,
        items,
        tasks,
        leaves,
    };
    Group {
        name: "M6",
        about: "loops that block on tasks that run loops",
        latency: "the time of a run: 32 ms on one core",
        unit: "runs",
        extra: None,
        waits: true,
        rows: vec![
            row("flat: one loop of 32000 items", nesting(0, 0, 0, 32_000)),
            row("16 items, 8 tasks each", nesting(1, 16, 8, 250)),
            row("2 items, 2 tasks each, 4 deep", nesting(4, 2, 2, 125)),
        ],
    }
}
