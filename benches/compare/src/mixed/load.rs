//! Parts of more than one workload: tasks that answer, and tasks that compute all the time.

use super::harness::{Log, Setup, burn};
use super::runtimes::Runtime;
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::pin::Pin;
use std::time::{Duration, Instant};

type Handle<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Tasks that note how late they are when something comes.
pub struct Echoes {
    senders: Vec<UnboundedSender<Instant>>,
    tasks: Vec<Handle<()>>,
    next: usize,
}

impl Echoes {
    pub fn start<R: Runtime>(count: usize, log: &Log) -> Self {
        let (senders, tasks) = (0..count)
            .map(|_| {
                let (sender, mut dues) = unbounded();
                let log = log.clone();
                let echo = R::spawn(async move {
                    while let Some(due) = dues.next().await {
                        log.since(due);
                    }
                });
                (sender, Box::pin(echo) as Handle<()>)
            })
            .unzip();
        Self {
            senders,
            tasks,
            next: 0,
        }
    }

    /// Wakes one after the other.
    pub fn wake(&mut self, due: Instant) {
        let sender = &self.senders[self.next % self.senders.len()];
        sender.unbounded_send(due).expect("the task waits");
        self.next += 1;
    }

    /// Lets all of them answer what has come.
    pub fn end<R: Runtime>(self) {
        drop(self.senders);
        R::block_on(async {
            for task in self.tasks {
                task.await;
            }
        });
    }
}

/// Tasks, one for each thread, that compute one loop after the other and never wait for anything
/// else.
pub struct Load(Vec<Handle<u64>>);

/// What a loop takes on one core, or more if it has few items only.
const LOOP: Duration = Duration::from_millis(20);

impl Load {
    pub fn start<R: Runtime>(setup: Setup, leaf: Duration) -> Self {
        let end = Instant::now() + setup.time;
        let fitting = LOOP.as_nanos() / leaf.as_nanos();
        let leaves = (4 * setup.threads).max(fitting as usize);
        let task = |_| {
            let task = R::spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    let run = move || R::sum(leaves, |_| burn(leaf));
                    done += R::compute(run).await;
                }
                done
            });
            Box::pin(task) as Handle<u64>
        };
        Self((0..setup.threads).map(task).collect())
    }

    /// How many leaves have been computed.
    pub fn end<R: Runtime>(self) -> u64 {
        R::block_on(async {
            let mut leaves = 0;
            for task in self.0 {
                leaves += task.await;
            }
            leaves
        })
    }
}
