//! Skynet as it was first asked: each node is a task that spawns its ten children and awaits them.
//!
//! NeXosim is not here: the doors to its executor that it opens for benchmarks let no task spawn
//! another one.

use super::{Group, Row, Size, Subject};
use crate::tasks::{self, Executor, Spawn};
use std::hint::black_box;
use std::pin::Pin;
use std::time::Instant;

const CHILDREN: u64 = 10;

pub fn group(size: Size) -> Group {
    let depth = size.pick(6, 3);
    let leaves = CHILDREN.pow(depth);
    Group {
        name: "skynet",
        about: "tasks that spawn ten tasks and await them",
        unit: "task",
        is_timed: true,
        rows: vec![Row {
            name: format!("10^{depth} leaves"),
            units: (leaves * CHILDREN - 1) / (CHILDREN - 1),
            subjects: vec![
                subject::<tasks::ManyHands>(depth),
                subject::<tasks::Tokio>(depth),
                subject::<tasks::AsyncExecutor>(depth),
                subject::<tasks::Futures>(depth),
                #[cfg(feature = "forte")]
                subject::<tasks::Forte>(depth),
            ],
        }],
        notes: vec![
            "After a run of a thousand leaves, one run on the clock. The peak is that of both."
                .to_owned(),
        ],
    }
}

fn subject<E: Executor>(depth: u32) -> Subject {
    Subject {
        name: E::NAME,
        run: Box::new(move |threads| {
            let executor = E::start(threads);
            let run = |depth| {
                let inside = executor.inside();
                executor.block_on(executor.spawn(node(inside, 0, black_box(depth))))
            };
            run(depth.min(3));
            let start = Instant::now();
            let sum = run(depth);
            let time = start.elapsed();
            let leaves = CHILDREN.pow(depth);
            assert_eq!(sum, leaves * (leaves - 1) / 2, "{}", E::NAME);
            Ok(time)
        }),
    }
}

fn node<S: Spawn>(spawn: S, number: u64, depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return number;
        }
        let leaves = CHILDREN.pow(depth - 1);
        let child = |nth| spawn.spawn(node(spawn.clone(), number + leaves * nth, depth - 1));
        let children: Vec<_> = (0..CHILDREN).map(child).collect();
        let mut sum = 0;
        for child in children {
            sum += child.await;
        }
        sum
    })
}
