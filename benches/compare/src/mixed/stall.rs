//! Tasks that wait for data and then compute for a while, each in turn.

use super::harness::{Log, Outcome, Setup, burn, thread};
use super::runtimes::Runtime;
use super::{Group, Workload, row};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Streams, each with a feeder of its own, that get 1 MB in chunks and then compute.
#[derive(Clone, Copy)]
struct Stall {
    slice: Duration,
    streams: fn(threads: usize) -> usize,
}

const CHUNKS: usize = 16;
const CHUNK: usize = 1 << 16;

impl Workload for Stall {
    fn run<R: Runtime>(self, setup: Setup) -> Outcome {
        let end = Instant::now() + setup.time;
        let log = Log::new();
        let streams: Vec<_> = (0..(self.streams)(setup.threads))
            .map(|_| {
                let log = log.clone();
                let (ask, chunks) = feeder();
                R::spawn(async move {
                    let mut slices = 0;
                    while Instant::now() < end {
                        let asked = Instant::now();
                        ask.send(()).expect("the feeder waits");
                        for _ in 0..CHUNKS {
                            chunks.recv().await.expect("the feeder answers");
                        }
                        log.since(asked);
                        R::compute(move || burn(self.slice)).await;
                        slices += 1;
                    }
                    slices
                })
            })
            .collect();
        let slices = R::block_on(async {
            let mut slices = 0;
            for stream in streams {
                slices += stream.await;
            }
            slices
        });
        Outcome::new(log.take(), slices)
    }
}

/// A thread that sends the chunks when asked to, and no more than one ahead.
fn feeder() -> (mpsc::Sender<()>, async_channel::Receiver<Vec<u8>>) {
    let (ask, asked) = mpsc::channel();
    let (sender, chunks) = async_channel::bounded(1);
    thread(move || {
        for () in asked {
            for _ in 0..CHUNKS {
                if sender.send_blocking(vec![1; CHUNK]).is_err() {
                    return;
                }
            }
        }
    });
    (ask, chunks)
}

pub fn group() -> Group {
    let stall = |milliseconds, streams| Stall {
        slice: Duration::from_millis(milliseconds),
        streams,
    };
    Group {
        name: "M3",
        about: "streams that get 1 MB in 16 chunks and then compute sequentially for a while",
        latency: "from the request to the last chunk",
        unit: "requests",
        extra: None,
        waits: false,
        rows: vec![
            row(
                "1 ms, a stream for each thread",
                stall(1, |threads| threads),
            ),
            row(
                "50 ms, one stream less than threads",
                stall(50, |threads| threads - 1),
            ),
            row(
                "50 ms, a stream for each thread",
                stall(50, |threads| threads),
            ),
            row(
                "50 ms, 4 streams for each thread",
                stall(50, |threads| 4 * threads),
            ),
        ],
    }
}
