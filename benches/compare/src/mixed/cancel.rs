//! Clients that give up, when twice as much is asked for as can be done.

use super::harness::{Log, Outcome, Random, Setup, at_random, burn, open_loop, wait_until};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use futures::channel::oneshot;
use futures::future::{Either, select};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Jobs of 5 ms come at random, and are dropped after 1 to 8 ms.
#[derive(Clone, Copy)]
struct Impatience;

const LEAF: Duration = Duration::from_micros(100);
const LEAVES: usize = 50;
const LOAD: f64 = 2.0;

enum Event {
    /// When the client will leave.
    Arrival(Instant),
    Deadline(usize),
}

/// Items that were begun.
#[derive(Default)]
struct Begun {
    all: AtomicU64,
    /// After their client had left.
    in_vain: AtomicU64,
}

/// Arrivals and deadlines, in order of time.
fn schedule(setup: Setup) -> Vec<(Instant, Event)> {
    let rate = LOAD * setup.cores() as f64 / (LEAF.as_secs_f64() * LEAVES as f64);
    let mut random = Random::new();
    let mut events = Vec::new();
    for (number, due) in at_random(rate, setup.time).enumerate() {
        let deadline = due + Duration::from_secs_f64(0.001 + 0.007 * random.unit());
        events.push((due, Event::Arrival(deadline)));
        events.push((deadline, Event::Deadline(number)));
    }
    events.sort_by_key(|&(due, _)| due);
    events
}

impl Workload for Impatience {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let (dues, events): (Vec<_>, Vec<_>) = schedule(setup).into_iter().unzip();
        let mut events = events.into_iter();
        let log = Log::new();
        let begun = Arc::new(Begun::default());
        let ended = Arc::new(AtomicUsize::new(0));
        let mut clients = Vec::new();
        open_loop(dues.into_iter(), |due| match events.next() {
            Some(Event::Arrival(deadline)) => {
                let (leave, left) = oneshot::channel::<()>();
                clients.push(Some(leave));
                let (log, ended) = (log.clone(), Arc::clone(&ended));
                let job = job::<R>(&begun, deadline);
                R::detach(async move {
                    let result = pin!(R::compute(job));
                    // Who has left by now gets nothing started.
                    let first = select(left, result).await;
                    if matches!(first, Either::Right(_)) && Instant::now() < deadline {
                        log.since(due);
                    }
                    // Ordering: Relaxed; the log has a lock of its own.
                    ended.fetch_add(1, Ordering::Relaxed);
                });
            }
            Some(Event::Deadline(number)) => drop(clients[number].take()),
            None => unreachable!("as many as there are times"),
        });
        wait_until(|| ended.load(Ordering::Relaxed) == clients.len());
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let in_vain = 100.0 * count(&begun.in_vain) / count(&begun.all).max(1.0);
        let times = log.take();
        let done = times.len() as u64;
        Outcome::new(times, done).with_extra(in_vain)
    }
}

fn job<R: Runtime>(begun: &Arc<Begun>, deadline: Instant) -> impl FnOnce() -> u64 + Send + 'static {
    let begun = Arc::clone(begun);
    move || {
        R::sum(LEAVES, |_| {
            // Ordering: Relaxed; statistics.
            begun.all.fetch_add(1, Ordering::Relaxed);
            if Instant::now() > deadline {
                begun.in_vain.fetch_add(1, Ordering::Relaxed);
            }
            burn(LEAF)
        })
    }
}

pub fn group() -> Group {
    Group {
        name: "M10",
        about: "jobs of 5 ms whose clients leave after 1 to 8 ms, at twice the load that can be done",
        latency: "from when a job was due to its end, of those that ended in time",
        unit: "jobs in time",
        extra: Some("% of items for clients who had left"),
        waits: false,
        rows: vec![row("200 % load", Impatience)],
    }
}
