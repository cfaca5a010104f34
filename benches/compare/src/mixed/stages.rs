//! A pipeline of tasks and loops over bounded channels.

use super::harness::{Log, Outcome, Setup, burn};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use async_channel::{Receiver, bounded};
use std::time::{Duration, Instant};

/// A source, a loop for each item, a task that hands on, another loop, a sink.
#[derive(Clone, Copy)]
struct Stages {
    /// Of each channel.
    capacity: usize,
}

impl Workload for Stages {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let end = Instant::now() + setup.time;
        let (source, items) = bounded(self.capacity);
        R::detach(async move {
            while Instant::now() < end {
                source
                    .send(Instant::now())
                    .await
                    .expect("the stages take all");
            }
        });
        let items = self.loops::<R>(items);
        let (hand_on, handed) = bounded(self.capacity);
        R::detach(async move {
            while let Ok(item) = items.recv().await {
                hand_on.send(item).await.expect("the stages take all");
            }
        });
        let items = self.loops::<R>(handed);
        let log = Log::new();
        let noted = log.clone();
        R::block_on(R::spawn(async move {
            while let Ok(begun) = items.recv().await {
                noted.since(begun);
            }
        }));
        let times = log.take();
        let items = times.len() as u64;
        Outcome::new(times, items)
    }
}

impl Stages {
    /// A stage that computes for each item: 1 ms on one core.
    fn loops<R: Runtime>(self, items: Receiver<Instant>) -> Receiver<Instant> {
        let (done, next) = bounded(self.capacity);
        R::detach(async move {
            while let Ok(item) = items.recv().await {
                R::compute(|| R::sum(100, |_| burn(Duration::from_micros(10)))).await;
                done.send(item).await.expect("the stages take all");
            }
        });
        next
    }
}

pub fn group() -> Group {
    Group {
        name: "M4",
        about: "a pipeline with two stages that compute 1 ms for each item, in loops",
        latency: "from the source to the sink",
        unit: "items",
        extra: None,
        waits: true,
        rows: vec![
            row("channels for one item", Stages { capacity: 1 }),
            row("channels for 8 items", Stages { capacity: 8 }),
        ],
    }
}
