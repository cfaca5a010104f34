//! Many tasks that compute a little.

use super::harness::{Outcome, Setup, burn, repeat};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::time::Duration;

/// All are spawned by one task, which awaits them. Each computes a little.
#[derive(Clone, Copy)]
struct FanOut {
    tasks: usize,
    compute: Compute,
}

#[derive(Clone, Copy)]
enum Compute {
    /// Two halves of 5 us.
    Join,
    /// 1 us.
    Alone,
}

const HALF: Duration = Duration::from_micros(5);

impl Workload for FanOut {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let compute = move || match self.compute {
            Compute::Join => R::join(|| burn(HALF), || burn(HALF)),
            Compute::Alone => burn(Duration::from_micros(1)),
        };
        let (times, runs) = repeat(setup, || {
            let done = R::block_on(R::spawn(async move {
                let task = |_| R::spawn(R::compute(compute));
                let tasks: Vec<_> = (0..self.tasks).map(task).collect();
                let mut done = 0;
                for task in tasks {
                    done += task.await;
                }
                done
            }));
            assert!(done >= self.tasks as u64);
        });
        Outcome::new(times, runs * self.tasks as u64)
    }
}

/// The same joins in one loop.
#[derive(Clone, Copy)]
struct Loop {
    items: usize,
}

impl Workload for Loop {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let (times, runs) = repeat(setup, || {
            let item = |_| R::join(|| burn(HALF), || burn(HALF));
            R::block_on(R::spawn(R::compute(move || R::sum(self.items, item))));
        });
        Outcome::new(times, runs * self.items as u64)
    }
}

pub fn group() -> Group {
    let fan_out = |tasks, compute| FanOut { tasks, compute };
    Group {
        name: "M5",
        about: "many tasks that compute a little each",
        latency: "the time of a run",
        unit: "tasks",
        extra: None,
        waits: false,
        rows: vec![
            row(
                "one loop of 10^4 joins of 5 us and 5 us",
                Loop { items: 10_000 },
            ),
            row(
                "10^4 tasks with a join of 5 us and 5 us",
                fan_out(10_000, Compute::Join),
            ),
            row("10^5 tasks of 1 us", fan_out(100_000, Compute::Alone)),
        ],
    }
}
