//! Shapes of parallel programs for simulated machines, with the time that no machine can beat.
//!
//! Used by `tests/sim.rs`, which holds each shape to a bound, and by `benches/scaling.rs`, which
//! prints how far each is from the best.

use manyhands::prelude::*;
use manyhands::sim::{self, Builder, Report};
use manyhands::{join, scope, spawn, time};
use std::ops::Range;
use std::time::Duration;

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
    fn new(work: Duration, span: Duration) -> Self {
        Self { work, span }
    }

    /// The greedy bound: no schedule on so many cores is shorter.
    pub(crate) fn best(self, cores: usize) -> Duration {
        (self.work / cores as u32).max(self.span)
    }
}

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn ms(n: u64) -> Duration {
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

// ---- trees ----------------------------------------------------------------------------------

fn tree(depth: u32, leaf: Duration) {
    if depth == 0 {
        sim::work(leaf);
    } else {
        join(|| tree(depth - 1, leaf), || tree(depth - 1, leaf));
    }
}

/// A tree whose shape only a walk can tell: children by a hash of the path, fewer as it gets deep.
fn uts(node: u64, depth: u32) -> u64 {
    let hash = (node ^ u64::from(depth) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = (hash ^ hash >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33;
    match depth {
        0 => 200,
        1..=40 if hash % 100 < 24 => 4,
        _ => 0,
    }
}

fn uts_walk(node: u64, depth: u32) {
    sim::work(us(2));
    let children = uts(node, depth);
    uts_children(node, depth, 0..children);
}

fn uts_children(node: u64, depth: u32, children: Range<u64>) {
    match children.end - children.start {
        0 => {}
        1 => uts_walk(node.wrapping_mul(31) + children.start + 1, depth + 1),
        n => {
            let middle = children.start + n / 2;
            join(
                || uts_children(node, depth, children.start..middle),
                || uts_children(node, depth, middle..children.end),
            );
        }
    }
}

fn uts_size(node: u64, depth: u32) -> (u32, u32) {
    let children = (0..uts(node, depth)).map(|child| {
        let below = node.wrapping_mul(31) + child + 1;
        uts_size(below, depth + 1)
    });
    let (nodes, deepest) = children.fold((0, 0), |(nodes, deepest), (more, deep)| {
        (nodes + more, deepest.max(deep))
    });
    (nodes + 1, deepest + 1)
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
        name: "unbalanced tree, 2 us a node",
        run: |_| uts_walk(1, 0),
        size: |_| {
            let (nodes, depth) = uts_size(1, 0);
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
];
