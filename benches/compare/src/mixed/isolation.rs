//! Waits that must not run strangers.

use super::harness::{Log, Outcome, Setup, burn, repeat};
use super::load::Load;
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Tasks that want the same lazy value, which takes a loop to compute. The first one computes; the
/// others come while it does.
#[derive(Clone, Copy)]
struct Lazy;

/// For each thread.
const TASKS: usize = 4;

/// Before the others come.
const HEAD_START: Duration = Duration::from_micros(300);

impl Workload for Lazy {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let (times, rounds) = repeat(setup, || {
            let value = Arc::new(OnceLock::new());
            let task = |_| {
                let value = Arc::clone(&value);
                let init = || R::sum(40, |_| burn(Duration::from_micros(50)));
                R::spawn(R::compute(move || *value.get_or_init(init)))
            };
            let mut tasks = vec![task(0)];
            std::thread::sleep(HEAD_START);
            tasks.extend((1..TASKS * setup.threads).map(task));
            R::block_on(async {
                for task in tasks {
                    assert_eq!(task.await, 40);
                }
            });
        });
        Outcome::new(times, rounds)
    }
}

/// Short loops, one after the other, beside long ones.
#[derive(Clone, Copy)]
struct Beside {
    strangers: bool,
}

impl Workload for Beside {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let end = Instant::now() + setup.time;
        let log = Log::new();
        let noted = log.clone();
        let short = R::spawn(async move {
            while Instant::now() < end {
                let log = noted.clone();
                let run = move || {
                    let start = Instant::now();
                    R::sum(64, |_| burn(Duration::from_micros(10)));
                    log.since(start);
                };
                R::compute(run).await;
                // So that the strangers come in between where it is called right here.
                futures_lite::future::yield_now().await;
            }
        });
        let load = self
            .strangers
            .then(|| Load::start::<R>(setup, Duration::from_millis(50)));
        R::block_on(short);
        if let Some(load) = load {
            load.end::<R>();
        }
        let times = log.take();
        let loops = times.len() as u64;
        Outcome::new(times, loops)
    }
}

pub fn group() -> Group {
    Group {
        name: "M8",
        about: "waits that must not run strangers",
        latency: "the time of a round, or of a short loop from its first item on",
        unit: "rounds",
        extra: None,
        waits: true,
        rows: vec![
            row(
                "tasks that want a OnceLock, which a loop of 2 ms fills",
                Lazy,
            ),
            row("loops of 640 us alone", Beside { strangers: false }),
            row(
                "loops of 640 us beside items of 50 ms",
                Beside { strangers: true },
            ),
        ],
    }
}
