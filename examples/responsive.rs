//! A task that answers within its time while parallel loops keep every core busy, on one pool.
//!
//! ```text
//! cargo run --release --example responsive [--threads N] [--seconds N]
//! ```
//!
//! A ticker waits for a tick each millisecond and notes how late it is. It does so for some seconds
//! in a pool that has nothing else to do. Then it does so beside as many tasks as the pool has
//! threads, which call one parallel loop after the other and never yield. What to observe: how far
//! the second line of latencies is from the first. No core is reserved for the ticker.

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use manyhands::{Pool, prelude::*, spawn};
use std::process::exit;
use std::thread;
use std::time::{Duration, Instant};

/// The time between two ticks.
const PERIOD: Duration = Duration::from_millis(1);

fn main() {
    let (threads, seconds) = options();
    let time = Duration::from_secs(seconds);
    let pool = Pool::builder().num_threads(threads).build();
    let pool = pool.unwrap_or_else(|error| fail(&error.to_string()));

    let idle = pool.block_on(watch(time, 0));
    let threads = pool.current_num_threads();
    let busy = pool.block_on(watch(time, threads));
    println!("{threads} threads, a tick each {PERIOD:?}; latencies:");
    println!(
        "{:<6} {:>10} {:>10} {:>10} {:>8} {:>8}",
        "pool", "p50", "p99", "max", "ticks", "loops"
    );
    for (name, (latencies, loops)) in [("idle", idle), ("busy", busy)] {
        let part = |percent| format!("{:.1?}", latencies[(latencies.len() - 1) * percent / 100]);
        let [p50, p99, max] = [50, 99, 100].map(part);
        let ticks = latencies.len();
        println!("{name:<6} {p50:>10} {p99:>10} {max:>10} {ticks:>8} {loops:>8}");
    }
}

/// The latencies of all ticks, sorted, and how many loops ran meanwhile.
async fn watch(time: Duration, computing_tasks: usize) -> (Vec<Duration>, u64) {
    let end = Instant::now() + time;
    let computing: Vec<_> = (0..computing_tasks).map(|_| spawn(compute(end))).collect();
    let ticker = spawn(tick(start_timer(end)));
    let mut loops = 0;
    for task in computing {
        loops += task.await.expect("loops do not panic");
    }
    let mut latencies = ticker.await.expect("the ticker does not panic");
    latencies.sort_unstable();
    (latencies, loops)
}

/// Starts a thread outside the pool, which sends each tick when it is due.
fn start_timer(end: Instant) -> UnboundedReceiver<Instant> {
    let (due, ticks) = unbounded();
    thread::spawn(move || {
        let mut next = Instant::now();
        while next < end {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            due.unbounded_send(next).expect("the ticker takes all");
            next += PERIOD;
        }
    });
    ticks
}

/// Returns how late each tick came. A late tick delays no other: each has a time of its own.
async fn tick(mut ticks: UnboundedReceiver<Instant>) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while let Some(due) = ticks.next().await {
        latencies.push(due.elapsed());
    }
    latencies
}

/// Computes in parallel without a pause.
async fn compute(end: Instant) -> u64 {
    let mut loops = 0;
    while Instant::now() < end {
        let numbers = 1..100_000_u64;
        let longest = numbers.into_par_iter().map(collatz_steps).max();
        assert_eq!(longest, Some(350));
        loops += 1;
    }
    loops
}

/// The number of steps of the Collatz sequence from a number to 1.
fn collatz_steps(mut n: u64) -> u32 {
    let mut steps = 0;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}

/// The number of threads of the pool (0: one per core), and the seconds that each half takes.
fn options() -> (usize, u64) {
    let (mut threads, mut seconds) = (0, 3);
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--threads", Some(number)) => threads = number,
            ("--seconds", Some(number)) if number > 0 => seconds = number as u64,
            _ => fail("usage: responsive [--threads N] [--seconds N]"),
        }
    }
    (threads, seconds)
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    exit(2);
}
