//! How soon a task is polled while loops keep all threads busy.

use super::harness::{Log, Outcome, Setup, evenly, open_loop};
use super::load::{Echoes, Load};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::time::{Duration, Instant};

/// An outside thread wakes tasks at even distances; loops run meanwhile.
#[derive(Clone, Copy)]
struct Wakes {
    /// What an item of the loops takes. None: there are no loops.
    leaf: Option<Duration>,
    /// Wakes a second.
    rate: u64,
}

impl Workload for Wakes {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let log = Log::new();
        let mut echoes = Echoes::start::<R>(64 * setup.threads, &log);
        let load = self.leaf.map(|leaf| Load::start::<R>(setup, leaf));
        match self.rate {
            0 => std::thread::sleep(setup.time),
            rate => open_loop(evenly(rate, setup.time), |due| echoes.wake(due)),
        }
        let leaves = load.map_or(0, Load::end::<R>);
        echoes.end::<R>();
        Outcome::new(log.take(), leaves)
    }
}

pub fn group() -> Group {
    let wakes = |leaf, rate| Wakes {
        leaf: Some(Duration::from_micros(leaf)),
        rate,
    };
    Group {
        name: "M1",
        about: "wakes while loops keep all threads busy",
        latency: "from when a wake was due to the poll; the items of the loops take so long",
        unit: "items",
        extra: None,
        waits: false,
        rows: vec![
            row(
                "no loops, 1000 wakes a second",
                Wakes {
                    leaf: None,
                    rate: 1000,
                },
            ),
            row("500 us, no wakes", wakes(500, 0)),
            row("20 us, 10000 wakes a second", wakes(20, 10_000)),
            row("500 us, 1000 wakes a second", wakes(500, 1000)),
            row("10 ms, 1000 wakes a second", wakes(10_000, 1000)),
        ],
    }
}

/// The same, while other tasks block.
#[derive(Clone, Copy)]
struct Blocking {
    /// Tasks that block, for each thread.
    tasks: usize,
}

const LEAF: Duration = Duration::from_micros(100);
const NAP: Duration = Duration::from_millis(10);

impl Workload for Blocking {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let log = Log::new();
        let mut echoes = Echoes::start::<R>(64 * setup.threads, &log);
        let load = Load::start::<R>(setup, LEAF);
        let end = Instant::now() + setup.time;
        let sleepers: Vec<_> = (0..self.tasks * setup.threads)
            .map(|_| {
                R::spawn(async move {
                    while Instant::now() < end {
                        R::blocking(|| std::thread::sleep(NAP)).await;
                    }
                })
            })
            .collect();
        open_loop(evenly(1000, setup.time), |due| echoes.wake(due));
        let leaves = load.end::<R>();
        R::block_on(async {
            for sleeper in sleepers {
                sleeper.await;
            }
        });
        echoes.end::<R>();
        Outcome::new(log.take(), leaves).with_threads_afterwards()
    }
}

pub fn blocking_group() -> Group {
    Group {
        name: "M9",
        about: "tasks that block for 10 ms at a time, loops over items of 100 us, 1000 wakes a second",
        latency: "from when a wake was due to the poll",
        unit: "items",
        extra: Some("threads afterwards"),
        waits: true,
        rows: vec![
            row("none blocks", Blocking { tasks: 0 }),
            row("4 tasks a thread block", Blocking { tasks: 4 }),
        ],
    }
}
