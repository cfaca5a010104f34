//! Shapes of parallel programs for simulated machines, with the time that no machine can beat.
//!
//! Used by `tests/sim.rs`, which holds each shape to a bound, and by `benches/scaling.rs`, which
//! prints how far each is from the best. Beside them are programs of which not the time counts, but
//! how long what is ready waits ([`WAITS`]).

use manyhands::prelude::*;
use manyhands::sim::{self, Builder, Report};
use manyhands::task::Priority;
use manyhands::{Handle, JoinHandle, Pool, join, scope, spawn, task, time};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A shape, for a number of cores.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) run: fn(usize),
    /// All work together, and the longest chain of work that depends on each other.
    pub(crate) size: fn(usize) -> Size,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) work: Duration,
    pub(crate) span: Duration,
}

impl Size {
    pub(crate) fn new(work: Duration, span: Duration) -> Self {
        Self { work, span }
    }

    /// The greedy bound: no schedule on so many cores is shorter.
    pub(crate) fn best(self, cores: usize) -> Duration {
        (self.work / cores as u32).max(self.span)
    }
}

pub(crate) fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// How long the shape takes on a pool that has come to rest, and what happened.
pub(crate) fn measure(shape: &Shape, cores: usize, seed: u64) -> (Duration, Report) {
    let run = shape.run;
    Builder::new().cores(cores).seed(seed).run(move || {
        // The threads begin, and go to sleep.
        manyhands::block_on(time::sleep(ms(20)));
        let start = time::now();
        run(cores);
        time::now() - start
    })
}

/// A program in which some things are ready beside much that computes or polls.
pub(crate) struct Wait {
    pub(crate) name: &'static str,
    /// The number of cores for so many threads of the pool: [`few`] or [`plenty`].
    cores: fn(usize) -> usize,
    pub(crate) run: fn(&Handle, usize, &Log),
}

/// How long things have waited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Duration>>>);

impl Log {
    fn since(&self, ready: Instant) {
        let waited = time::now() - ready;
        self.0.lock().unwrap().push(waited);
    }
}

/// The median and the longest of the waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    pub(crate) median: Duration,
    pub(crate) longest: Duration,
}

/// Three cores more than the pool has threads: for the thread outside, and for two that poll
/// without a permit. So the waits are what the pool makes of them and not the kernel, unless more
/// threads than that run long polls.
fn few(threads: usize) -> usize {
    threads + 3
}

/// A core for each thread, although 4 P tasks run long polls.
fn plenty(threads: usize) -> usize {
    5 * threads + 3
}

/// How long things wait on a pool with `threads` threads, and what happened.
pub(crate) fn measure_waits(wait: &Wait, threads: usize, seed: u64) -> (Waited, Report) {
    let run = wait.run;
    let machine = Builder::new().cores((wait.cores)(threads)).seed(seed);
    machine.run(move || {
        let pool = Pool::builder().num_threads(threads).build().unwrap();
        sim::work(ms(1));
        let log = Log::default();
        run(pool.handle(), threads, &log);
        pool.shutdown();
        let mut waits = std::mem::take(&mut *log.0.lock().unwrap());
        waits.sort();
        Waited {
            median: waits[waits.len() / 2],
            longest: waits[waits.len() - 1],
        }
    })
}

// ---- trees ----------------------------------------------------------------------------------

fn tree(depth: u32, leaf: Duration) {
    if depth == 0 {
        sim::work(leaf);
    } else {
        join(|| tree(depth - 1, leaf), || tree(depth - 1, leaf));
    }
}

/// A node of an Unbalanced Tree Search (UTS), which only a walk can count: a binomial tree like
/// that benchmark's T3. T3 has 2000 children at the root and 8 or none at the others, 8 with a
/// probability of 0.124875, by SHA-1. This tree has 200, and 8 with 0.124, by SplitMix64.
#[derive(Clone, Copy)]
struct Uts {
    hash: u64,
    is_root: bool,
}

impl Uts {
    const ROOT: Self = Self {
        hash: split_mix(3),
        is_root: true,
    };

    fn children(self) -> u64 {
        match self.is_root {
            true => 200,
            false if (self.hash >> 32) * 1_000 < 124 << 32 => 8,
            false => 0,
        }
    }

    fn child(self, number: u64) -> Self {
        Self {
            hash: split_mix(self.hash.wrapping_add(number + 1)),
            is_root: false,
        }
    }

    fn walk(self) {
        sim::work(us(2));
        self.walk_children(0..self.children());
    }

    fn walk_children(self, children: Range<u64>) {
        match children.end - children.start {
            0 => {}
            1 => self.child(children.start).walk(),
            n => {
                let middle = children.start + n / 2;
                join(
                    || self.walk_children(children.start..middle),
                    || self.walk_children(middle..children.end),
                );
            }
        }
    }

    /// The number of nodes, and of those on the longest way down.
    fn size(self) -> (u32, u32) {
        let below = (0..self.children()).map(|number| self.child(number).size());
        let (nodes, deepest) = below.fold((0, 0), |(nodes, deepest), (more, deep)| {
            (nodes + more, deepest.max(deep))
        });
        (nodes + 1, deepest + 1)
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014) from this state: the state moves on, and is
/// mixed.
const fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// The columns in which a queen can stand in the next row.
fn fits(board: &[u8], column: u8) -> bool {
    let rows = board.iter().rev().enumerate();
    rows.into_iter()
        .all(|(up, &other)| other != column && other.abs_diff(column) as usize != up + 1)
}

const QUEENS: u8 = 8;

fn queens(board: &[u8]) {
    sim::work(us(2));
    if board.len() < QUEENS as usize {
        queens_columns(board, 0..QUEENS);
    }
}

fn queens_columns(board: &[u8], columns: Range<u8>) {
    match columns.end - columns.start {
        0 => {}
        1 if fits(board, columns.start) => {
            let next: Vec<u8> = board.iter().copied().chain([columns.start]).collect();
            queens(&next);
        }
        1 => {}
        n => {
            let middle = columns.start + n / 2;
            join(
                || queens_columns(board, columns.start..middle),
                || queens_columns(board, middle..columns.end),
            );
        }
    }
}

fn queens_size(board: &mut Vec<u8>) -> u32 {
    let mut nodes = 1;
    if board.len() < QUEENS as usize {
        for column in 0..QUEENS {
            if fits(board, column) {
                board.push(column);
                nodes += queens_size(board);
                board.pop();
            }
        }
    }
    nodes
}

fn left_chain(depth: usize, item: Duration) {
    if depth == 1 {
        sim::work(item);
    } else {
        join(|| left_chain(depth - 1, item), || sim::work(item));
    }
}

fn right_chain(depth: usize, item: Duration) {
    if depth == 1 {
        sim::work(item);
    } else {
        join(|| sim::work(item), || right_chain(depth - 1, item));
    }
}

fn heavy_tree(items: usize, item: Duration) {
    if items == 1 {
        sim::work(item);
    } else {
        let half = items / 2;
        join(|| heavy_tree(items - half, item), || heavy_tree(half, item));
    }
}

/// Sorting halves, then merging them: the merge of `n` items takes `n` times 10 ns.
fn merge_sort(n: u32) {
    if n > 1_000 {
        join(|| merge_sort(n / 2), || merge_sort(n - n / 2));
    }
    sim::work(Duration::from_nanos(10) * n);
}

fn merge_size(n: u32) -> Size {
    let own = Duration::from_nanos(10) * n;
    if n <= 1_000 {
        return Size::new(own, own);
    }
    let (left, right) = (merge_size(n / 2), merge_size(n - n / 2));
    Size::new(
        own + left.work + right.work,
        own + left.span.max(right.span),
    )
}

// ---- loops ----------------------------------------------------------------------------------

fn heavy_loop(items: usize) {
    (0..items).into_par_iter().for_each(|_| sim::work(ms(10)));
}

fn uneven(cores: usize) -> u64 {
    20 * cores as u64
}

fn bridge(items: usize, item: Duration) {
    (0..items).par_bridge().for_each(|_| sim::work(item));
}

/// Loops of the same code, cheap at first, dear the last time.
fn cheap_then_dear(cores: usize) {
    let run = |items: usize, item: Duration| {
        (0..items).into_par_iter().for_each(|_| sim::work(item));
    };
    for round in 0..5 {
        match round {
            4 => run(cores, ms(5)),
            _ => run(16, Duration::from_nanos(10)),
        }
    }
}

/// Loops of 20 us on a pool at rest, and then one of the same code with items of 5 ms.
fn short_then_long(cores: usize) {
    let items = 2 * cores;
    let short = us(20) / items as u32;
    for item in [short, short, short, ms(5)] {
        (0..items).into_par_iter().for_each(|_| sim::work(item));
        manyhands::block_on(time::sleep(us(100)));
    }
}

/// A loop that is cheap and dear in turn.
fn unsteady(cores: usize) {
    for round in 0..12 {
        let item = Duration::from_nanos(if round % 2 == 0 { 10 } else { 1_000_000 });
        (0..8 * cores).into_par_iter().for_each(|_| sim::work(item));
    }
}

/// Loops with a gap behind each, in which one thread goes on alone.
fn rounds(cores: usize, rounds: u32, item: Duration, alone: Duration) {
    join(
        || {
            for _ in 0..rounds {
                (0..cores).into_par_iter().for_each(|_| sim::work(item));
                sim::work(alone);
            }
        },
        || {},
    );
}

/// The halves of a range, if it has any.
fn halves(range: Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
    if range.len() < 2 {
        return (range, None);
    }
    let middle = range.start + range.len() / 2;
    (range.start..middle, Some(middle..range.end))
}

/// A range that only splits "somewhere".
pub(crate) fn splits(items: usize, item: Duration) {
    let pieces = manyhands::iter::split(0..items, halves);
    pieces.for_each(|piece| piece.for_each(|_| sim::work(item)));
}

// ---- tasks ----------------------------------------------------------------------------------

fn storm(cores: usize) -> u32 {
    100 * cores as u32
}

fn spawn_storm(tasks: u32) {
    let tasks: Vec<_> = (0..tasks)
        .map(|_| spawn(async { sim::work(us(20)) }))
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
}

/// Pairs of tasks that hand a ball to and fro.
fn rings(pairs: usize, rounds: u32) {
    let play = |mine: async_channel::Receiver<u32>, other: async_channel::Sender<u32>| async move {
        while let Ok(ball) = mine.recv().await {
            sim::work(us(5));
            if ball == 0 || other.send(ball - 1).await.is_err() {
                break;
            }
        }
    };
    let tasks: Vec<_> = (0..pairs)
        .flat_map(|_| {
            let (to_left, left) = async_channel::bounded(1);
            let (to_right, right) = async_channel::bounded(1);
            to_left.try_send(rounds).unwrap();
            [spawn(play(left, to_right)), spawn(play(right, to_left))]
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
}

/// Four tasks, each of which sleeps for a millisecond `naps` times.
fn timers(naps: u32) -> Vec<JoinHandle<()>> {
    let nap = |_| async move {
        for _ in 0..naps {
            time::sleep(ms(1)).await;
        }
    };
    (0..4).map(|n| spawn(nap(n))).collect()
}

fn fork(first: Duration, second: Duration) {
    join(|| sim::work(first), || sim::work(second));
}

fn join_all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.join().unwrap();
    }
}

// ---- waits ----------------------------------------------------------------------------------

/// Does something beside a loop that keeps all threads of the pool busy for `time`.
fn beside(pool: &Handle, threads: usize, item: Duration, time: Duration, f: impl FnOnce()) {
    let items = threads * (time.as_nanos() / item.as_nanos()) as usize;
    let all = pool.spawn_compute(move || {
        (0..items).into_par_iter().for_each(|_| sim::work(item));
    });
    sim::work(ms(2));
    f();
    all.join().unwrap();
}

/// A thread outside wakes a task `number` times, each time after `gap`.
fn wakes(pool: &Handle, priority: Priority, number: u32, gap: Duration, log: &Log) {
    let (send, receive) = async_channel::unbounded::<Instant>();
    let log = log.clone();
    let woken = pool.with_priority(priority).spawn(async move {
        while let Ok(ready) = receive.recv().await {
            log.since(ready);
        }
    });
    for _ in 0..number {
        sim::work(gap);
        send.try_send(time::now()).unwrap();
    }
    drop(send);
    woken.join().unwrap();
}

/// A task is woken every millisecond, while all threads run a loop with such items.
fn wakes_beside(pool: &Handle, threads: usize, item: Duration, log: &Log) {
    beside(pool, threads, item, ms(24), || {
        wakes(pool, Priority::Normal, 20, ms(1), log);
    });
}

/// A task is woken every 5 milliseconds beside 2 P tasks with polls of 50.
fn wakes_beside_long_polls(pool: &Handle, threads: usize, log: &Log) {
    let all = polls(pool, 2 * threads, ms(50), 2);
    wakes(pool, Priority::Normal, 20, ms(5), log);
    join_all(all);
}

/// Tasks that compute in each poll and do not say so, and yield in between.
fn polls(pool: &Handle, tasks: usize, poll: Duration, times: u32) -> Vec<JoinHandle<()>> {
    let one = |_| async move {
        for _ in 0..times {
            sim::work(poll);
            task::yield_now().await;
        }
    };
    let all = (0..tasks).map(|n| pool.spawn(one(n))).collect();
    sim::work(ms(1));
    all
}

/// Tasks that ask a thread outside for 16 chunks, one after the other, and then compute in one poll.
/// How long do the chunks of one request take?
fn streams(pool: &Handle, number: usize, poll: Duration, log: &Log) {
    let (ask, asked) = async_channel::unbounded::<async_channel::Sender<()>>();
    let stream = |_| {
        let (ask, log) = (ask.clone(), log.clone());
        let (chunk, chunks) = async_channel::unbounded();
        async move {
            for _ in 0..2 {
                let start = time::now();
                for _ in 0..16 {
                    ask.try_send(chunk.clone()).unwrap();
                    chunks.recv().await.unwrap();
                }
                log.since(start);
                sim::work(poll);
            }
        }
    };
    let all: Vec<_> = (0..number).map(|n| pool.spawn(stream(n))).collect();
    drop(ask);
    while !asked.is_closed() {
        while let Ok(chunk) = asked.try_recv() {
            chunk.try_send(()).unwrap();
        }
        sim::work(us(50));
    }
    join_all(all);
}

/// Eight tasks that sleep for a millisecond each time: how late are they?
fn late_timers(pool: &Handle, log: &Log) -> Vec<JoinHandle<()>> {
    let nap = |n: u64, log: Log| async move {
        time::sleep(us(130 * n)).await;
        for _ in 0..16 {
            let due = time::now() + ms(1);
            time::sleep_until(due).await;
            log.since(due);
        }
    };
    (0..8).map(|n| pool.spawn(nap(n, log.clone()))).collect()
}

/// Requests from outside that fork; how long each takes.
fn requests(pool: &Handle, number: u32, gap: Duration, log: &Log) -> Vec<JoinHandle<()>> {
    let request = |_| {
        sim::work(gap);
        let (ready, log) = (time::now(), log.clone());
        pool.spawn(async move {
            fork(us(100), us(100));
            log.since(ready);
        })
    };
    (0..number).map(request).collect()
}

/// Such requests at random, so that the threads are busy for 95 % of the time.
fn random_requests(pool: &Handle, threads: usize, log: &Log) {
    let mean = us(200).div_f64(0.95 * threads as f64);
    let gaps = (0..250 * threads as u64).map(|n| {
        // Exponential gaps, by a uniform number from 0 to 1.
        let uniform = (split_mix(n) >> 11) as f64 / (1_u64 << 53) as f64;
        mean.mul_f64(-(1.0 - uniform).ln())
    });
    join_all(gaps.flat_map(|gap| requests(pool, 1, gap, log)).collect());
}

/// Short computations from outside; how long until each begins.
fn roots(
    pool: &Handle,
    number: u32,
    gap: Duration,
    size: Duration,
    log: &Log,
) -> Vec<JoinHandle<()>> {
    let root = |_| {
        sim::work(gap);
        let (ready, log) = (time::now(), log.clone());
        pool.spawn_compute(move || {
            log.since(ready);
            sim::work(size);
        })
    };
    (0..number).map(root).collect()
}

/// All programs in which something waits. A *loop* is one root over all threads; *wakes* come from
/// a thread outside, one a millisecond if nothing else is said.
pub(crate) const WAITS: &[Wait] = &[
    Wait {
        name: "wakes beside a loop of 20 us items",
        cores: few,
        run: |pool, threads, log| wakes_beside(pool, threads, us(20), log),
    },
    Wait {
        name: "wakes beside a loop of 500 us items",
        cores: few,
        run: |pool, threads, log| wakes_beside(pool, threads, us(500), log),
    },
    Wait {
        name: "wakes beside a loop of 10 ms items",
        cores: few,
        run: |pool, threads, log| wakes_beside(pool, threads, ms(10), log),
    },
    Wait {
        name: "wakes beside 4 P tasks that fork for 60 us",
        cores: few,
        run: |pool, threads, log| {
            let one = |_| async {
                for _ in 0..75 {
                    fork(us(60), us(0));
                    task::yield_now().await;
                }
            };
            let all = (0..4 * threads).map(|n| pool.spawn(one(n))).collect();
            wakes(pool, Priority::Normal, 15, ms(1), log);
            join_all(all);
        },
    },
    Wait {
        name: "wakes of low priority beside a loop of 500 us items",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, us(500), ms(60), || {
                wakes(pool, Priority::Background, 10, ms(5), log);
            });
        },
    },
    Wait {
        name: "timers beside a loop of 500 us items",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, us(500), ms(24), || {
                join_all(late_timers(pool, log));
            });
        },
    },
    Wait {
        name: "timers on a pool at rest",
        cores: few,
        run: |pool, _, log| join_all(late_timers(pool, log)),
    },
    Wait {
        name: "tasks spawned by the items of a loop, 2 ms each",
        cores: few,
        run: |pool, threads, log| {
            let (handle, log) = (pool.clone(), log.clone());
            let all = pool.spawn_compute(move || {
                (0..8 * threads).into_par_iter().for_each(|_| {
                    let (ready, log) = (time::now(), log.clone());
                    handle.spawn(async move { log.since(ready) });
                    sim::work(ms(2));
                });
            });
            all.join().unwrap();
        },
    },
    Wait {
        name: "wakes beside 2 P tasks with polls of 50 ms",
        cores: few,
        run: wakes_beside_long_polls,
    },
    Wait {
        name: "wakes beside 2 P polls of 50 ms, each with a core",
        cores: plenty,
        run: wakes_beside_long_polls,
    },
    Wait {
        name: "16 chunks beside 4 P tasks with polls of 50 ms, likewise",
        cores: plenty,
        run: |pool, threads, log| streams(pool, 4 * threads, ms(50), log),
    },
    Wait {
        name: "wakes beside 4 P tasks with polls of 2 ms",
        cores: few,
        run: |pool, threads, log| {
            let all = polls(pool, 4 * threads, ms(2), 6);
            wakes(pool, Priority::Normal, 20, ms(2), log);
            join_all(all);
        },
    },
    Wait {
        name: "wakes beside 4 P tasks with polls of 50 us",
        cores: few,
        run: |pool, threads, log| {
            let all = polls(pool, 4 * threads, us(50), 100);
            wakes(pool, Priority::Normal, 15, ms(1), log);
            join_all(all);
        },
    },
    Wait {
        name: "timers beside P tasks with polls of 50 ms",
        cores: few,
        run: |pool, threads, log| {
            let timers = late_timers(pool, log);
            join_all(polls(pool, threads, ms(50), 1));
            join_all(timers);
        },
    },
    Wait {
        name: "wakes beside 10 ms items, and polls of 20 ms",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, ms(10), ms(100), || {
                let slow = polls(pool, 3, ms(20), 1);
                wakes(pool, Priority::Normal, 60, ms(1), log);
                join_all(slow);
            });
        },
    },
    Wait {
        name: "requests that fork, at random, 95 % load",
        cores: few,
        run: random_requests,
    },
    Wait {
        name: "requests that fork beside a loop of 500 us items",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, us(500), ms(60), || {
                join_all(requests(pool, 50, ms(1), log));
            });
        },
    },
    Wait {
        name: "requests that fork beside a loop of 20 ms items",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, ms(20), ms(160), || {
                join_all(requests(pool, 50, ms(2), log));
            });
        },
    },
    Wait {
        name: "wakes beside requests that fork and 20 ms items",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, ms(20), ms(160), || {
                let handle = pool.clone();
                let bringer = pool.spawn(async move {
                    let mut brought = Vec::new();
                    for _ in 0..60 {
                        time::sleep(ms(2)).await;
                        brought.push(handle.spawn(async { fork(ms(1), ms(1)) }));
                    }
                    for request in brought {
                        request.await.unwrap();
                    }
                });
                wakes(pool, Priority::Normal, 100, ms(1), log);
                bringer.join().unwrap();
            });
        },
    },
    Wait {
        name: "roots of 1 ms, one in 5 ms, beside a loop",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, ms(1), ms(150), || {
                join_all(roots(pool, 25, ms(5), ms(1), log));
            });
        },
    },
    Wait {
        name: "roots of 0.1 ms, one in 10 ms, beside a loop",
        cores: few,
        run: |pool, threads, log| {
            beside(pool, threads, ms(1), ms(150), || {
                join_all(roots(pool, 12, ms(10), us(100), log));
            });
        },
    },
    Wait {
        name: "wakes beside P lanes of a limit, 40 us each",
        cores: few,
        run: |pool, threads, log| {
            let limited = pool.with_limit(threads);
            let one = |_| limited.spawn(async { sim::work(us(40)) });
            let all: Vec<_> = (0..400 * threads).map(one).collect();
            wakes(pool, Priority::Normal, 15, us(500), log);
            join_all(all);
        },
    },
];

/// All shapes.
pub(crate) const ALL: &[Shape] = &[
    Shape {
        name: "fine tree: 2^14 leaves of 1 us",
        run: |_| tree(14, us(1)),
        size: |_| Size::new(us(1 << 14), us(1)),
    },
    Shape {
        name: "coarse tree: 2^10 leaves of 100 us",
        run: |_| tree(10, us(100)),
        size: |_| Size::new(us(100 << 10), us(100)),
    },
    Shape {
        name: "UTS tree like T3, 11521 nodes of 2 us",
        run: |_| Uts::ROOT.walk(),
        size: |_| {
            let (nodes, depth) = Uts::ROOT.size();
            Size::new(us(2) * nodes, us(2) * depth)
        },
    },
    Shape {
        name: "8 queens, 2 us a node",
        run: |_| queens(&[]),
        size: |_| Size::new(us(2) * queens_size(&mut Vec::new()), us(2) * 9),
    },
    Shape {
        name: "merge sort of 2^17 items",
        run: |_| merge_sort(1 << 17),
        size: |_| merge_size(1 << 17),
    },
    Shape {
        name: "P items of 10 ms: tree",
        run: |cores| heavy_tree(cores, ms(10)),
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "P items of 10 ms: chain of first halves",
        run: |cores| left_chain(cores, ms(10)),
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "P items of 10 ms: chain of second halves",
        run: |cores| right_chain(cores, ms(10)),
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "P items of 10 ms: scope",
        run: |cores| {
            scope(|scope| {
                for _ in 0..cores {
                    scope.spawn(|_| sim::work(ms(10)));
                }
            });
        },
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "P items of 10 ms: loop",
        run: heavy_loop,
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "P + 1 items of 10 ms: loop",
        run: |cores| heavy_loop(cores + 1),
        // On more than one core, two rounds: items are not divisible.
        size: |cores| Size::new(ms(10) * (cores as u32 + 1), ms(20)),
    },
    Shape {
        name: "2 P items of 10 ms: loop",
        run: |cores| heavy_loop(2 * cores),
        size: |cores| Size::new(ms(20) * cores as u32, ms(10)),
    },
    Shape {
        name: "loop of 20 P items of 0 to 100 us",
        run: |cores| {
            let items = uneven(cores);
            (0..items)
                .into_par_iter()
                .for_each(|i| sim::work(us(100 * i / items)));
        },
        size: |cores| {
            let items = uneven(cores);
            Size::new((0..items).map(|i| us(100 * i / items)).sum(), us(100))
        },
    },
    Shape {
        name: "P loops of 64 items of 20 us, in a loop",
        run: |cores| {
            (0..cores).into_par_iter().for_each(|_| {
                (0..64).into_par_iter().for_each(|_| sim::work(us(20)));
            });
        },
        size: |cores| Size::new(us(20 * 64) * cores as u32, us(20)),
    },
    Shape {
        name: "loop that was cheap: 5000 items of 10 ns, then P of 5 ms",
        run: |cores| {
            let item = |i: usize| {
                if i < 5_000 {
                    sim::work(Duration::from_nanos(10));
                } else {
                    sim::work(ms(5));
                }
            };
            (0..5_000 + cores).into_par_iter().for_each(item);
        },
        size: |cores| Size::new(us(50) + ms(5) * cores as u32, ms(5)),
    },
    Shape {
        name: "par_bridge, 10 P items of 1 ms",
        run: |cores| bridge(10 * cores, ms(1)),
        size: |cores| Size::new(ms(10) * cores as u32, ms(1)),
    },
    Shape {
        name: "100 P tasks of 20 us, spawned outside",
        run: |cores| spawn_storm(storm(cores)),
        size: |cores| Size::new(us(20) * storm(cores), us(20)),
    },
    Shape {
        name: "100 P tasks of 20 us, spawned by a task",
        run: |cores| {
            let tasks = storm(cores);
            spawn(async move { spawn_storm(tasks) }).join().unwrap();
        },
        size: |cores| Size::new(us(20) * storm(cores), us(20)),
    },
    Shape {
        name: "P pairs of tasks, 200 throws of 5 us",
        run: |cores| rings(cores, 199),
        size: |cores| Size::new(us(5 * 200) * cores as u32, us(5 * 200)),
    },
    Shape {
        name: "from rest: P items of 50 us",
        run: |cores| (0..cores).into_par_iter().for_each(|_| sim::work(us(50))),
        size: |cores| Size::new(us(50) * cores as u32, us(50)),
    },
    Shape {
        name: "loop of 2^12 P items of 100 ns",
        run: |cores| {
            let items = cores << 12;
            let item = Duration::from_nanos(100);
            (0..items).into_par_iter().for_each(|_| sim::work(item));
        },
        size: |cores| Size::new(Duration::from_nanos(100 << 12) * cores as u32, us(1)),
    },
    Shape {
        name: "2^8 P items of 1 us, split somewhere",
        run: |cores| splits(cores << 8, us(1)),
        size: |cores| Size::new(us(1 << 8) * cores as u32, us(1)),
    },
    Shape {
        name: "loop that was cheap four times, then P items of 5 ms",
        run: cheap_then_dear,
        size: |cores| Size::new(ms(5) * cores as u32, ms(5)),
    },
    Shape {
        name: "loop of 20 us three times, then 2 P items of 5 ms",
        run: short_then_long,
        size: |cores| Size::new(ms(10) * cores as u32, ms(10)),
    },
    Shape {
        name: "loop of 8 P items, 10 ns and 1 ms in turn, 12 times",
        run: unsteady,
        size: |cores| Size::new(ms(48) * cores as u32, ms(48)),
    },
    Shape {
        name: "50 loops of 64 items of 1 us",
        run: |_| {
            for _ in 0..50 {
                (0..64).into_par_iter().for_each(|_| sim::work(us(1)));
            }
        },
        size: |_| Size::new(us(50 * 64), us(50)),
    },
    Shape {
        name: "20 loops of P items of 20 us, 30 us alone",
        run: |cores| rounds(cores, 20, us(20), us(30)),
        size: |cores| Size::new(us(400 * cores as u64 + 600), us(1_000)),
    },
    Shape {
        name: "20 loops of P items of 20 us, 300 us alone",
        run: |cores| rounds(cores, 20, us(20), us(300)),
        size: |cores| Size::new(us(400 * cores as u64 + 6_000), us(6_400)),
    },
    Shape {
        name: "loop of 60 P items of 500 us, 4 timers a millisecond",
        run: |cores| {
            let timers = timers(12);
            (0..60 * cores)
                .into_par_iter()
                .for_each(|_| sim::work(us(500)));
            join_all(timers);
        },
        size: |cores| Size::new(ms(30) * cores as u32, ms(12)),
    },
    Shape {
        name: "100 P tasks with a join of 50 us, 4 timers a millisecond",
        run: |cores| {
            let timers = timers(2);
            let task = |_| spawn(async { fork(us(50), us(0)) });
            join_all((0..100 * cores).map(task).collect());
            join_all(timers);
        },
        size: |cores| Size::new(ms(5) * cores as u32, ms(2)),
    },
];
