//! Something to look at: clients whose requests wait, compute and block; and parallel loops.

use manyhands::task::Builder;
use manyhands::{compute, prelude::*, spawn, spawn_blocking, time};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long the number of clients at work takes to rise and fall again.
const WAVE: Duration = Duration::from_secs(40);

/// The number of items of a loop.
const ITEMS: u64 = 4_000;

/// What the load has done so far.
#[derive(Default)]
pub(crate) struct Load {
    requests: AtomicU64,
    loops: AtomicU64,
    /// Items of the present loop that are done.
    items: AtomicU64,
}

impl Load {
    pub(crate) fn json(&self) -> Value {
        json!({
            "requests": self.requests.load(Relaxed),
            "loops": self.loops.load(Relaxed),
            "progress": self.items.load(Relaxed) as f64 / ITEMS as f64,
        })
    }

    /// Starts `clients` clients, and loops beside them.
    pub(crate) fn start(self: &Arc<Self>, clients: usize) {
        let start = Instant::now();
        for number in 0..clients {
            let load = Arc::clone(self);
            let client = async move {
                let mut dice = Dice::new(number as u64);
                loop {
                    time::sleep(dice.millis(20, 120)).await;
                    // All of them at the top of the wave, a few at its bottom.
                    let phase = start.elapsed().as_secs_f64() / WAVE.as_secs_f64();
                    let share = 0.55 - 0.45 * (phase * std::f64::consts::TAU).cos();
                    if (number as f64) < share * clients as f64 {
                        request(&mut dice).await;
                        load.requests.fetch_add(1, Relaxed);
                    }
                }
            };
            let _detached = Builder::new().name("client").spawn(client);
        }
        if clients > 0 {
            let load = Arc::clone(self);
            let _detached = Builder::new().name("loops").spawn(async move {
                let mut dice = Dice::new(u64::MAX);
                loop {
                    time::sleep(dice.millis(2_000, 4_000)).await;
                    load.one_loop(dice.between(100, 400)).await;
                }
            });
        }
    }

    /// A parallel loop on all threads, for a second or so.
    async fn one_loop(self: &Arc<Self>, rounds: u64) {
        self.items.store(0, Relaxed);
        let load = Arc::clone(self);
        let sum = compute(move || {
            let item = |item: u64| {
                load.items.fetch_add(1, Relaxed);
                work(rounds * 1_000 + item)
            };
            (0..ITEMS)
                .into_par_iter()
                .map(item)
                .reduce(|| 0, |a, b| a ^ b)
        })
        .await;
        black_box(sum);
        self.loops.fetch_add(1, Relaxed);
    }
}

/// What a server does for a request: it asks a database, computes a little, and now and then reads a
/// file, or computes so long in one poll that others have to wait.
async fn request(dice: &mut Dice) {
    let database = time::sleep(dice.millis(2, 25));
    let rounds = dice.between(20_000, 100_000);
    let answer = Builder::new().name("answer").spawn(async move {
        database.await;
        work(rounds)
    });
    match dice.between(0, 40) {
        0 => {
            let report = dice.between(3_000_000, 10_000_000);
            let _ = Builder::new()
                .name("report, in one poll")
                .spawn(async move { work(report) })
                .await;
        }
        1..5 => {
            let _ = spawn_blocking(|| std::fs::metadata(".").map(|it| it.len())).await;
        }
        5..9 => {
            let parts = (0..4).map(|part| spawn(async move { work(10_000 + part) }));
            futures::future::join_all(parts.collect::<Vec<_>>()).await;
        }
        _ => {}
    }
    let _ = answer.await;
}

/// A build without optimisation takes as many times as long for a step.
const SLOWER: u64 = if cfg!(debug_assertions) { 50 } else { 1 };

/// Computes something for `rounds` nanoseconds or so.
fn work(rounds: u64) -> u64 {
    (0..rounds / SLOWER).fold(rounds, |sum, round| black_box(sum.rotate_left(5) ^ round))
}

/// Pseudo-random numbers, the same in each run.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from `low` to below `high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + self.0 % (high - low)
    }

    fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }
}
