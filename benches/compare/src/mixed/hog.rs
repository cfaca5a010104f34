//! How soon a short computation starts behind a long one.

use super::harness::{Log, Outcome, Setup, burn, evenly, open_loop, wait_until};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::time::{Duration, Instant};

/// One loop that takes all the time, and a thread that brings short ones.
#[derive(Clone, Copy)]
struct Hog {
    /// Short loops a second.
    rate: u64,
}

const LEAF: Duration = Duration::from_millis(1);

impl Workload for Hog {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let end = Instant::now() + setup.time;
        // More than there is time for: the rest takes none.
        let leaves = 2 * setup.threads * (setup.time.as_millis() / LEAF.as_millis()) as usize;
        let item = move |_| match Instant::now() < end {
            true => burn(LEAF),
            false => 0,
        };
        let hog = R::spawn(R::compute(move || R::sum(leaves.max(1), item)));
        let log = Log::new();
        let mut brought = 0;
        match self.rate {
            0 => std::thread::sleep(setup.time),
            rate => open_loop(evenly(rate, setup.time), |due| {
                let log = log.clone();
                R::detach(async move {
                    let short = move || {
                        log.since(due);
                        R::sum(10, |_| burn(Duration::from_micros(10)))
                    };
                    R::compute(short).await;
                });
                brought += 1;
            }),
        }
        let done = R::block_on(hog);
        wait_until(|| log.len() == brought);
        Outcome::new(log.take(), done)
    }
}

pub fn group() -> Group {
    Group {
        name: "M7",
        about: "a loop of 100 us every 10 ms, behind one over items of 1 ms that does not end",
        latency: "from when a short loop was due to its first item",
        unit: "items of the long loop",
        extra: None,
        waits: false,
        rows: vec![
            row("the long loop alone", Hog { rate: 0 }),
            row("both", Hog { rate: 100 }),
        ],
    }
}
