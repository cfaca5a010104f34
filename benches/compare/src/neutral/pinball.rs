//! Pinball: balls fly between the nodes of small graphs, a task each, over channels.
//!
//! The game is that of tachyobench, with its numbers: 61 graphs of 13 nodes. A node has one channel,
//! with room for all balls of its graph, so that nobody waits to send. A ball counts its flights, and
//! halts after 10^6 / balls of them. Whoever halts the last ball of a graph ends the game of all its
//! nodes. The channels are those of `async-channel` for everybody: what differs is who runs the
//! tasks.
//!
//! The clock starts when all tasks wait for the start, and one more task, inside the executor, gives
//! that. So it does not matter who runs tasks before the last one was spawned.

use super::{Group, Row, Size, Subject};
use crate::tasks::{self, Executor, Spawn};
use async_channel::{Receiver, Sender};
use oorandom::Rand64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

const GRAPHS: usize = 61;
const NODES: usize = 13;
const LOADS: [usize; 7] = [1, 3, 7, 17, 41, 101, 241];

/// The message that ends a node's game.
const END: usize = usize::MAX;

pub fn group(size: Size) -> Group {
    let flights = size.pick(1_000_000, 10_000);
    Group {
        name: "pinball",
        about: "messages between 793 tasks",
        unit: "message",
        is_timed: true,
        rows: LOADS.map(|balls| row(Game { balls, flights })).into(),
        notes: vec![
            "61 graphs of 13 tasks, a channel of async-channel each; balls in each graph, which fly \
             10^6 times together."
                .to_owned(),
        ],
    }
}

fn row(game: Game) -> Row {
    Row {
        name: match game.balls {
            1 => "1 ball".to_owned(),
            balls => format!("{balls} balls"),
        },
        units: game.messages(),
        subjects: vec![
            subject::<Usual<tasks::ManyHands>>(game),
            subject::<Usual<tasks::Tokio>>(game),
            subject::<Usual<tasks::AsyncExecutor>>(game),
            subject::<Usual<tasks::Futures>>(game),
            subject::<NeXosim>(game),
            #[cfg(feature = "forte")]
            subject::<Usual<tasks::Forte>>(game),
        ],
    }
}

fn subject<T: Table>(game: Game) -> Subject {
    Subject {
        name: T::NAME,
        run: Box::new(move |threads| Ok(game.play::<T>(threads))),
    }
}

/// Who runs the tasks.
trait Table: Sized {
    const NAME: &'static str;

    fn start(threads: usize) -> Self;

    /// Spawns the tasks, and lets them run until `is_set`: then all of them wait.
    fn set_up<F>(&mut self, tasks: Vec<F>, is_set: impl Fn() -> bool)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Spawns one more task, and waits until all have ended.
    fn go<F>(self, starter: F)
    where
        F: Future<Output = ()> + Send + 'static;
}

/// An executor whose threads run all the time.
struct Usual<E: Executor> {
    executor: E,
    tasks: Vec<<E::Inside as Spawn>::Handle<()>>,
}

impl<E: Executor> Table for Usual<E> {
    const NAME: &'static str = E::NAME;

    fn start(threads: usize) -> Self {
        Self {
            executor: E::start(threads),
            tasks: Vec::with_capacity(GRAPHS * NODES),
        }
    }

    fn set_up<F>(&mut self, tasks: Vec<F>, is_set: impl Fn() -> bool)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let spawned = tasks.into_iter().map(|task| self.executor.spawn(task));
        self.tasks.extend(spawned);
        while !is_set() {
            thread::sleep(Duration::from_micros(100));
        }
        // Its threads go to sleep.
        thread::sleep(Duration::from_millis(5));
    }

    fn go<F>(self, starter: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let starter = self.executor.spawn(starter);
        self.executor.block_on(async {
            starter.await;
            for task in self.tasks {
                task.await;
            }
        });
    }
}

/// NeXosim's executor, which runs until no task is ready.
struct NeXosim(nexosim::dev_hooks::Executor);

impl NeXosim {
    fn run(&mut self) {
        self.0.run();
    }
}

impl Table for NeXosim {
    const NAME: &'static str = "NeXosim";

    fn start(threads: usize) -> Self {
        Self(nexosim::dev_hooks::Executor::new(threads))
    }

    fn set_up<F>(&mut self, tasks: Vec<F>, is_set: impl Fn() -> bool)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        for task in tasks {
            self.0.spawn_and_forget(task);
        }
        self.run();
        assert!(is_set(), "all tasks have been polled");
    }

    fn go<F>(mut self, starter: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_and_forget(starter);
        self.run();
    }
}

#[derive(Debug, Clone, Copy)]
struct Game {
    balls: usize,
    /// Those of all balls of a graph.
    flights: usize,
}

/// What the tasks of all graphs share.
struct Counts {
    /// How many tasks wait for the start.
    waiting: AtomicUsize,
    messages: AtomicU64,
}

/// A node of a graph.
struct Node {
    balls: Receiver<usize>,
    /// Those of all other nodes.
    others: Vec<Sender<usize>>,
    random: Rand64,
    /// The balls of the graph that have halted.
    halted: Arc<AtomicUsize>,
    start: Receiver<()>,
    counts: Arc<Counts>,
}

impl Game {
    /// How often a ball flies.
    fn longest(self) -> usize {
        self.flights / self.balls
    }

    fn messages(self) -> u64 {
        (self.longest() * self.balls * GRAPHS) as u64
    }

    fn play<T: Table>(self, threads: usize) -> Duration {
        let counts = Arc::new(Counts {
            waiting: AtomicUsize::new(0),
            messages: AtomicU64::new(0),
        });
        // Nobody sends here: all wait until it is closed.
        let (gate, start) = async_channel::bounded(1);
        let nodes = (0..GRAPHS).flat_map(|graph| self.graph(graph, &start, &counts));
        let tasks: Vec<_> = nodes.map(|node| self.run(node)).collect();
        let mut table = T::start(threads);
        // Ordering: Relaxed, here and below; only the counts matter.
        let is_set = || counts.waiting.load(Ordering::Relaxed) == GRAPHS * NODES;
        table.set_up(tasks, is_set);
        let begun = Arc::new(OnceLock::new());
        let clock = Arc::clone(&begun);
        table.go(async move {
            clock.get_or_init(Instant::now);
            gate.close();
        });
        let time = begun.get().expect("the game has begun").elapsed();
        let messages = counts.messages.load(Ordering::Relaxed);
        assert_eq!(messages, self.messages(), "{}", T::NAME);
        time
    }

    fn graph(self, graph: usize, start: &Receiver<()>, counts: &Arc<Counts>) -> Vec<Node> {
        let channels: Vec<_> = (0..NODES)
            .map(|_| async_channel::bounded(self.balls))
            .collect();
        let halted = Arc::new(AtomicUsize::new(0));
        (0..NODES)
            .map(|number| {
                let (own, balls) = &channels[number];
                let dealt = self.balls / NODES + usize::from(number < self.balls % NODES);
                for _ in 0..dealt {
                    own.try_send(0).expect("there is room for all balls");
                }
                let others = channels.iter().enumerate();
                let others = others.filter(|(other, _)| *other != number);
                Node {
                    balls: balls.clone(),
                    others: others.map(|(_, (sender, _))| sender.clone()).collect(),
                    random: Rand64::new((graph + GRAPHS * number) as u128),
                    halted: Arc::clone(&halted),
                    start: start.clone(),
                    counts: Arc::clone(counts),
                }
            })
            .collect()
    }

    async fn run(self, mut node: Node) {
        node.counts.waiting.fetch_add(1, Ordering::Relaxed);
        assert!(node.start.recv().await.is_err(), "nobody sends there");
        let (longest, mut messages) = (self.longest(), 0);
        while let Ok(ball) = node.balls.recv().await {
            if ball == END {
                break;
            }
            messages += 1;
            let flights = ball + 1;
            if flights < longest {
                let to = node.random.rand_range(0..node.others.len() as u64);
                send(&node.others[to as usize], flights).await;
            } else if node.halted.fetch_add(1, Ordering::Relaxed) + 1 == self.balls {
                for other in &node.others {
                    send(other, END).await;
                }
                break;
            }
        }
        node.counts.messages.fetch_add(messages, Ordering::Relaxed);
    }
}

async fn send(to: &Sender<usize>, ball: usize) {
    to.send(ball).await.expect("the game goes on");
}
