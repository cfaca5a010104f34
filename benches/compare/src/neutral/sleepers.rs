//! Many tasks sleep for ten seconds; the program waits for all. What counts is the memory.
//!
//! Those take part that have timers, or a companion with timers, as in the table `world`.

use super::{Group, Row, Size, Subject};
use crate::results::OURS;
use crate::world::{Job, Ours, Smol, Tokio, World, with};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub fn group(size: Size) -> Group {
    let (time, counts) = match size {
        Size::Full => (
            Duration::from_secs(10),
            vec![("10^4", 10_000), ("10^5", 100_000), ("10^6", 1_000_000)],
        ),
        Size::Quick => (Duration::from_millis(50), vec![("10^3", 1_000)]),
    };
    let rows = counts.into_iter().map(|(name, count)| Row {
        name: format!("{name} tasks"),
        units: count as u64,
        subjects: [
            (OURS, Ours::NAME),
            (Tokio::NAME, Tokio::NAME),
            (Smol::NAME, Smol::NAME),
        ]
        .map(|(name, world)| subject(name, world, Sleepers { count, time }))
        .into(),
    });
    Group {
        name: "sleepers",
        about: "tasks that sleep, each for ten seconds",
        unit: "task",
        is_timed: false,
        rows: rows.collect(),
        notes: vec![
            "The highest resident size of the process, the program itself among it. The handles of all \
             tasks are kept to the end."
                .to_owned(),
        ],
    }
}

fn subject(name: &'static str, world: &'static str, sleepers: Sleepers) -> Subject {
    Subject {
        name,
        run: Box::new(move |threads| {
            let sample = Sample { sleepers, threads };
            with(world, sample).ok_or_else(|| format!("unknown subject: {world}"))
        }),
    }
}

#[derive(Clone, Copy)]
struct Sleepers {
    count: usize,
    time: Duration,
}

struct Sample {
    sleepers: Sleepers,
    threads: usize,
}

impl Job for Sample {
    type Result = Duration;

    fn run<W: World>(self) -> Duration {
        let Sleepers { count, time } = self.sleepers;
        W::start(self.threads);
        let start = Instant::now();
        let left = Arc::new(AtomicUsize::new(count));
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let left = Arc::clone(&left);
                W::spawn(async move {
                    W::sleep(time).await;
                    // Ordering: Relaxed; only the count matters.
                    left.fetch_sub(1, Ordering::Relaxed);
                })
            })
            .collect();
        while left.load(Ordering::Relaxed) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let took = start.elapsed();
        assert!(took >= time, "no sleep ends early");
        drop(tasks);
        took
    }
}
