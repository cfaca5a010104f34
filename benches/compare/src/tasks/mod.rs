//! Futures: the same tasks on every subject's executor.
//!
//! As with fork-join, a [`Work`] is written once for any [`Executor`]. Inside a task each subject
//! spawns in its own idiom ([`Executor::Inside`]): a free function where there is one, else a
//! reference to the executor.

mod subjects;
mod work;

pub use subjects::*;
pub use work::*;

use crate::measure::{Make, Row, Sample, Sampled};

/// A multi-threaded executor.
pub trait Executor: Send + Sync + 'static {
    const NAME: &'static str;
    type Inside: Spawn;

    /// The most workers that it can have.
    const MOST: usize = usize::MAX;

    fn start(threads: usize) -> Self;
    fn inside(&self) -> Self::Inside;

    /// From a thread that has nothing to do with the executor.
    fn spawn<F>(&self, future: F) -> <Self::Inside as Spawn>::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// From a thread that has nothing to do with the executor, and nobody awaits it.
    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::Inside::detach(self.spawn(future));
    }

    /// From a thread that has nothing to do with the executor.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Visits to another's queue that brought work so far, where they are counted.
    fn steals(&self) -> Option<u64> {
        None
    }
}

/// How tasks spawn tasks.
pub trait Spawn: Clone + Send + Sync + 'static {
    type Handle<T: Send + 'static>: Future<Output = T> + Send + 'static;

    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// The task runs on without its handle.
    fn detach<T: Send + 'static>(handle: Self::Handle<T>);

    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// Something to do with tasks, begun on an outside thread.
pub trait Work: Copy + Send + 'static {
    fn run<E: Executor>(self, executor: &E) -> u64;
}

pub fn subject<E: Executor, W: Work>(work: W, threads: usize) -> (&'static str, Make) {
    let make = move || -> Sample {
        let executor = E::start(threads);
        Box::new(move |repeats| {
            let before = executor.steals();
            Sampled::of(|| {
                let mut result = 0;
                for _ in 0..repeats {
                    result = work.run(&executor);
                }
                result
            })
            .with_steals(before, executor.steals())
        })
    };
    (E::NAME, Box::new(make))
}

pub fn row<W: Work>(name: &str, unit: &'static str, units: u64, work: W, threads: usize) -> Row {
    Row {
        name: name.to_owned(),
        unit,
        units,
        subjects: vec![
            subject::<ManyHands, _>(work, threads),
            subject::<Tokio, _>(work, threads),
            subject::<AsyncExecutor, _>(work, threads),
            subject::<Futures, _>(work, threads),
            #[cfg(feature = "forte")]
            subject::<Forte, _>(work, threads),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patience::Runner;
    use std::time::Duration;

    fn check(row: Row, expected: u64) {
        for (name, make) in row.subjects {
            let mut sample = make();
            let found = Runner::start().call(Duration::from_secs(2), move || sample(3).result);
            match found {
                Some(found) => assert_eq!(found, expected, "{}: {name}", row.name),
                // See README.md.
                None => assert_eq!(name, "forte", "{} hangs", row.name),
            }
        }
    }

    #[test]
    fn every_subject_computes_the_same() {
        for threads in [1, 2, 3] {
            check(row("inside", "task", 1, SpawnInside(100), threads), 100);
            check(row("outside", "task", 1, SpawnOutside(100), threads), 100);
            let yields = YieldMany {
                tasks: 5,
                yields: 20,
            };
            check(row("yields", "yield", 1, yields, threads), 100);
            check(row("ping-pong", "pair", 1, PingPong(30), threads), 30);
            check(row("chain", "task", 1, Chain(40), threads), 40);
            check(row("tree", "task", 1, SpawnTree(5), threads), 31);
            let channel = Channel {
                pairs: 3,
                messages: 300,
                capacity: 10,
            };
            check(row("channel", "message", 1, channel, threads), 300);
        }
    }
}
