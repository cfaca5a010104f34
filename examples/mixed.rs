//! Futures and loops on one pool: a task answers ticks while every core computes.
//!
//! ```text
//! cargo run --release --example mixed
//! ```
//!
//! The loops are called right in the task: no second pool, no channel back. What to observe: the
//! worst answer takes about as long as one of the loops, a fraction of the whole computation,
//! because the task lets others run between them.

use manyhands::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn main() {
    let done = Arc::new(AtomicBool::new(false));
    // A thread outside the pool asks for an answer every five milliseconds, as clients would.
    let clients = std::thread::spawn({
        let done = Arc::clone(&done);
        move || ask_until(&done)
    });

    let start = Instant::now();
    let primes = manyhands::block_on(async {
        let compute = manyhands::spawn(async {
            let mut primes = 0;
            for start in (0..3_000_000_u64).step_by(30_000) {
                let numbers = (start..start + 30_000).into_par_iter();
                primes += numbers.filter(|&n| is_prime(n)).count();
                manyhands::task::yield_now().await;
            }
            primes
        });
        compute.await.expect("counting does not panic")
    });
    println!("{primes} primes in {:?}", start.elapsed());
    done.store(true, Ordering::Relaxed);

    let mut latencies = clients.join().expect("the clients do not panic");
    latencies.sort_unstable();
    let (median, worst) = (
        latencies[latencies.len() / 2],
        latencies[latencies.len() - 1],
    );
    println!(
        "{} answers meanwhile: median {median:?}, worst {worst:?}",
        latencies.len()
    );
}

fn ask_until(done: &AtomicBool) -> Vec<Duration> {
    let mut latencies = Vec::new();
    loop {
        let (answer, answered) = mpsc::channel();
        let asked = Instant::now();
        drop(manyhands::spawn(async move {
            answer.send(asked.elapsed()).expect("the client waits");
        }));
        latencies.push(answered.recv().expect("every task runs"));
        if done.load(Ordering::Relaxed) {
            return latencies;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}
