//! Requests that need a short parallel loop each.

use super::harness::{Log, Outcome, Random, Setup, at_random, burn, open_loop, wait_until};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A loop over so many items that take so long each.
#[derive(Clone, Copy)]
struct Request {
    items: u32,
    item: Duration,
}

impl Request {
    fn cost(self) -> Duration {
        self.item * self.items
    }
}

/// Requests come at random and become tasks.
#[derive(Clone, Copy)]
struct Requests {
    /// Part of what the cores can do.
    load: f64,
    most: Request,
    /// One of ten.
    some: Request,
    /// Which of them are watched.
    watched: Watched,
}

#[derive(Clone, Copy, PartialEq)]
enum Watched {
    Most,
    Some,
    All,
}

impl Workload for Requests {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let cost = self.most.cost() * 9 / 10 + self.some.cost() / 10;
        let rate = self.load * setup.cores() as f64 / cost.as_secs_f64();
        let log = Log::new();
        let done = Arc::new(AtomicUsize::new(0));
        let mut random = Random::new();
        let mut brought = 0;
        open_loop(at_random(rate, setup.time), |due| {
            let (request, kind) = match random.unit() < 0.9 {
                true => (self.most, Watched::Most),
                false => (self.some, Watched::Some),
            };
            let watched = [kind, Watched::All].contains(&self.watched);
            let (log, done) = (log.clone(), Arc::clone(&done));
            R::detach(async move {
                let run = move || R::sum(request.items as usize, |_| burn(request.item));
                R::compute(run).await;
                if watched {
                    log.since(due);
                }
                // Ordering: Relaxed; the log has a lock of its own.
                done.fetch_add(1, Ordering::Relaxed);
            });
            brought += 1;
        });
        wait_until(|| done.load(Ordering::Relaxed) == brought);
        Outcome::new(log.take(), brought as u64)
    }
}

pub fn group() -> Group {
    let request = |items, nanoseconds| Request {
        items,
        item: Duration::from_nanos(nanoseconds),
    };
    let alike = |load| Requests {
        load,
        most: request(2000, 100),
        some: request(2000, 100),
        watched: Watched::All,
    };
    let mixed = |watched| Requests {
        load: 0.6,
        most: request(10, 2000),
        some: request(1000, 2000),
        watched,
    };
    Group {
        name: "M2",
        about: "requests that need a parallel loop each",
        latency: "from when a request was due to its answer",
        unit: "requests",
        extra: None,
        waits: false,
        rows: vec![
            row("200 us each, 30 % load", alike(0.3)),
            row("200 us each, 60 % load", alike(0.6)),
            row("200 us each, 90 % load", alike(0.9)),
            row(
                "nine of ten take 20 us, the tenth 2 ms, 60 % load: the small",
                mixed(Watched::Most),
            ),
            row(
                "nine of ten take 20 us, the tenth 2 ms, 60 % load: the large",
                mixed(Watched::Some),
            ),
        ],
    }
}
