//! What the tasks do: the shapes of tokio's own scheduler benchmarks, and a tree.

use super::{Executor, Spawn, Work};
use futures::channel::oneshot;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A task spawns so many empty ones and awaits them all.
#[derive(Clone, Copy)]
pub struct SpawnInside(pub u64);

impl Work for SpawnInside {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        let inside = executor.inside();
        executor.block_on(executor.spawn(async move {
            let handles: Vec<_> = (0..self.0).map(|_| inside.spawn(async { 1 })).collect();
            sum(handles).await
        }))
    }
}

/// An outside thread spawns so many empty tasks and awaits them all.
#[derive(Clone, Copy)]
pub struct SpawnOutside(pub u64);

impl Work for SpawnOutside {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        let handles: Vec<_> = (0..self.0).map(|_| executor.spawn(async { 1 })).collect();
        executor.block_on(sum(handles))
    }
}

/// Many tasks yield many times each.
#[derive(Clone, Copy)]
pub struct YieldMany {
    pub tasks: u64,
    pub yields: u64,
}

impl Work for YieldMany {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        let inside = executor.inside();
        executor.block_on(executor.spawn(async move {
            let one = || async move {
                for _ in 0..self.yields {
                    <E::Inside as Spawn>::yield_now().await;
                }
                self.yields
            };
            let handles: Vec<_> = (0..self.tasks).map(|_| inside.spawn(one())).collect();
            sum(handles).await
        }))
    }
}

/// So many pairs of fresh tasks send each other one message over channels for one message.
#[derive(Clone, Copy)]
pub struct PingPong(pub u64);

impl Work for PingPong {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        async fn pair<S: Spawn>(spawn: S) -> u64 {
            let (ping, pinged) = oneshot::channel::<u64>();
            let (pong, ponged) = oneshot::channel::<u64>();
            S::detach(spawn.spawn(async move {
                let number = pinged.await.expect("a ping");
                pong.send(number).expect("somebody waits");
            }));
            ping.send(1).expect("somebody waits");
            ponged.await.expect("a pong")
        }

        let inside = executor.inside();
        executor.block_on(executor.spawn(async move {
            let pairs: Vec<_> = (0..self.0)
                .map(|_| inside.spawn(pair(inside.clone())))
                .collect();
            sum(pairs).await
        }))
    }
}

/// A task spawns a task, which spawns a task, and so on; the last one says so.
#[derive(Clone, Copy)]
pub struct Chain(pub u64);

impl Work for Chain {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        fn link<S: Spawn>(spawn: S, left: u64, ran: Arc<AtomicU64>, end: oneshot::Sender<u64>) {
            if left == 0 {
                // Ordering: Relaxed; the links of the chain run one after the other.
                end.send(ran.load(Ordering::Relaxed))
                    .expect("somebody waits");
                return;
            }
            let next = spawn.clone();
            S::detach(spawn.spawn(async move {
                // Ordering: Relaxed, as above.
                ran.fetch_add(1, Ordering::Relaxed);
                link(next, left - 1, ran, end);
            }));
        }

        let (end, ended) = oneshot::channel();
        let inside = executor.inside();
        executor.block_on(executor.spawn(async move {
            link(inside, self.0, Arc::default(), end);
            ended.await.expect("the chain has an end")
        }))
    }
}

/// Every task spawns two and awaits them, so many levels deep. (The futures are boxed, as those of
/// an async recursion must be.)
#[derive(Clone, Copy)]
pub struct SpawnTree(pub u32);

impl Work for SpawnTree {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        fn node<S: Spawn>(spawn: S, levels: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
            Box::pin(async move {
                if levels == 1 {
                    return 1;
                }
                let left = spawn.spawn(node(spawn.clone(), levels - 1));
                let right = spawn.spawn(node(spawn.clone(), levels - 1));
                1 + left.await + right.await
            })
        }

        executor.block_on(executor.spawn(node(executor.inside(), self.0)))
    }
}

/// So many tasks send numbers over one bounded channel, and as many receive them. The channel is
/// that of `async-channel`, for everybody.
#[derive(Clone, Copy)]
pub struct Channel {
    pub pairs: u64,
    /// Of all senders together.
    pub messages: u64,
    pub capacity: usize,
}

impl Work for Channel {
    fn run<E: Executor>(self, executor: &E) -> u64 {
        let inside = executor.inside();
        executor.block_on(executor.spawn(async move {
            let (sender, receiver) = async_channel::bounded(self.capacity);
            let receivers: Vec<_> = (0..self.pairs)
                .map(|_| {
                    let receiver = receiver.clone();
                    inside.spawn(async move {
                        let mut sum = 0;
                        while let Ok(number) = receiver.recv().await {
                            sum += number;
                        }
                        sum
                    })
                })
                .collect();
            for _ in 0..self.pairs {
                let sender = sender.clone();
                E::Inside::detach(inside.spawn(async move {
                    for _ in 0..self.messages / self.pairs {
                        sender.send(1).await.expect("somebody receives");
                    }
                }));
            }
            // The receivers end when the last sender is gone.
            drop(sender);
            sum(receivers).await
        }))
    }
}

async fn sum<H: Future<Output = u64>>(handles: Vec<H>) -> u64 {
    let mut sum = 0;
    for handle in handles {
        sum += handle.await;
    }
    sum
}
