//! Programs after public reports on pools: threads that found no work, and waits that hung.

use crate::shapes::{Shape, Size, ms, splits, us};
use crate::waits::{self, ANY, ONE_BLOCKS, TWO, TWO_BLOCK};
use manyhands::prelude::*;
use manyhands::sim::{self, Builder};
use manyhands::task::JoinSet;
use manyhands::{Handle, Pool, block_in_place, block_on, iter, join, scope, spawn, time};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

// ---- speed ----------------------------------------------------------------------------------

/// As `measure`, with the shape inside of the pool from the start.
pub(crate) fn measure_inside(shape: &Shape, cores: usize, seed: u64) -> Duration {
    let run = shape.run;
    let main = move || {
        block_on(time::sleep(ms(20)));
        Handle::current().install(|| {
            let start = time::now();
            run(cores);
            time::now() - start
        })
    };
    Builder::new().cores(cores).seed(seed).run(main).0
}

const ITEM: Duration = Duration::from_millis(10);
const SMALL: Duration = Duration::from_millis(1);

/// As many items as threads.
fn items(cores: usize) -> Size {
    Size::new(ITEM * cores as u32, ITEM)
}

/// Twenty items of a millisecond for each thread.
fn many(cores: usize) -> Size {
    Size::new(SMALL * 20 * cores as u32, SMALL)
}

/// The threads that took part are all.
fn all_take_part(cores: usize, f: impl FnOnce(&(dyn Fn() + Sync))) {
    let threads = Mutex::new(HashSet::new());
    f(&|| {
        let this = std::thread::current().id();
        threads.lock().unwrap().insert(this);
        sim::work(SMALL);
    });
    let threads = threads.into_inner().unwrap().len();
    assert!(threads >= cores, "{threads} of {cores} threads");
}

#[inline(never)]
fn one_loop_for_all(items: usize, item: &(dyn Fn(usize) + Sync)) {
    (0..items).into_par_iter().for_each(item);
}

/// Shapes that take at most 1.05 of the greedy bound, and these microseconds on top.
pub(crate) const SPEED: &[(Shape, u64)] = &[
    (
        Shape {
            name: "P items of 10 ms, one a piece",
            run: |cores| {
                let items = (0..cores).into_par_iter().with_max_len(1);
                items.for_each(|_| sim::work(ITEM));
            },
            size: items,
        },
        250,
    ),
    (
        Shape {
            name: "P items of 10 ms: vec, map, collect",
            run: |cores| {
                let item = |number| {
                    sim::work(ITEM);
                    number
                };
                let all: Vec<usize> = vec![1; cores].into_par_iter().map(item).collect();
                assert_eq!(all.len(), cores);
            },
            size: items,
        },
        250,
    ),
    (
        Shape {
            name: "P chunks that take 10 ms",
            run: |cores| {
                let all = vec![0_u8; 100 * cores];
                all.par_chunks(100).for_each(|_| sim::work(ITEM));
            },
            size: items,
        },
        250,
    ),
    (
        Shape {
            name: "P items of 10 ms in P ordered lanes",
            run: |cores| {
                let lanes = (0..cores).par_map_ordered(cores, |_| sim::work(ITEM));
                lanes.for_each(|()| ());
            },
            size: items,
        },
        500,
    ),
    (
        Shape {
            name: "par_bridge, 20 P items of 1 ms",
            run: |cores| {
                all_take_part(cores, |item| {
                    std::iter::repeat_n((), 20 * cores)
                        .par_bridge()
                        .for_each(|()| item());
                });
            },
            size: many,
        },
        250,
    ),
    (
        Shape {
            name: "par_bridge of a channel that a task feeds every 100 us",
            run: |cores| {
                let (send, receive) = async_channel::unbounded();
                spawn(async move {
                    for number in 0..20 * cores {
                        sim::work(us(100));
                        send.send(number).await.unwrap();
                    }
                });
                let source = std::iter::from_fn(|| block_on(receive.recv()).ok());
                source.par_bridge().for_each(|_| sim::work(SMALL));
            },
            size: |cores| {
                let feed = us(100) * 20 * cores as u32;
                Size::new(many(cores).work + feed, feed + SMALL)
            },
        },
        250,
    ),
    (
        Shape {
            name: "lines, 20 P of 1 ms",
            run: |cores| {
                let text = "x\n".repeat(20 * cores);
                text.par_lines().for_each(|_| sim::work(SMALL));
            },
            size: many,
        },
        250,
    ),
    (
        Shape {
            name: "chars, 20 P of 1 ms",
            run: |cores| {
                let text = "x".repeat(20 * cores);
                text.par_chars().for_each(|_| sim::work(SMALL));
            },
            size: many,
        },
        250,
    ),
    (
        Shape {
            name: "par_split, 20 P pieces of 1 ms",
            run: |cores| {
                let all = [1_u8, 0].repeat(20 * cores - 1);
                let pieces = all.par_split(|byte| *byte == 0);
                pieces.for_each(|_| sim::work(SMALL));
            },
            size: many,
        },
        250,
    ),
    (
        Shape {
            name: "walk_tree, 20 P nodes of 1 ms",
            run: |cores| {
                let last = 20 * cores;
                let children =
                    move |node: &usize| (2 * node..2 * node + 2).filter(move |node| *node <= last);
                iter::walk_tree(1, children).for_each(|_| sim::work(SMALL));
            },
            size: many,
        },
        1_500,
    ),
    (
        Shape {
            name: "split, 20 P items of 1 ms",
            run: |cores| splits(20 * cores, SMALL),
            size: many,
        },
        250,
    ),
    (
        Shape {
            name: "filter, flat_map: 20 P items of 1 ms",
            run: |cores| {
                (0..5 * cores)
                    .into_par_iter()
                    .filter(|number| number % 2 == 0)
                    .flat_map(|_| (0..8).into_par_iter())
                    .for_each(|_| sim::work(SMALL));
            },
            size: many,
        },
        1_000,
    ),
    (
        Shape {
            name: "64 items of 10 ms after 50 cheap loops by the same function, three times",
            run: |_| {
                for _ in 0..3 {
                    one_loop_for_all(64, &|_| sim::work(ITEM));
                    for _ in 0..50 {
                        one_loop_for_all(64, &|number| {
                            std::hint::black_box(number);
                        });
                    }
                }
            },
            size: |_| Size::new(ITEM * 64 * 3, ITEM * 3),
        },
        250,
    ),
];

// ---- waits ----------------------------------------------------------------------------------

/// A program that must end.
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Pool),
    pub(crate) sizes: &'static [waits::Size],
}

/// All who come wait until the last one has come. They keep their threads.
struct Meeting(AtomicUsize);

impl Meeting {
    fn of(number: usize) -> Self {
        Self(AtomicUsize::new(number))
    }

    fn come(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) > 0 {
            sim::work(us(20));
        }
    }
}

/// A half blocks in the system for what its sibling sends, beside another half.
fn nested(beside: Duration) -> u32 {
    let (send, receive) = channel();
    let wait = move || receive.recv().unwrap();
    let inner = || join(wait, move || send.send(7).unwrap()).0;
    join(inner, || sim::work(beside)).0
}

fn meeting_tree(leaves: usize, meeting: &Meeting) -> usize {
    if leaves == 1 {
        meeting.come();
        return 1;
    }
    let (left, right) = (leaves / 2, leaves - leaves / 2);
    let (a, b) = join(
        || meeting_tree(left, meeting),
        || meeting_tree(right, meeting),
    );
    a + b
}

fn meeting_loop(items: usize) -> usize {
    let meeting = Meeting::of(items);
    let items = (0..items).into_par_iter().with_max_len(1);
    items.map(|_| meeting.come()).count()
}

/// A value that is made when it is first wanted.
type Lazy = LazyLock<u32, fn() -> u32>;

/// Tasks that all want a value, whose initialiser waits for the pool.
fn meet_in_a_cell(pool: &Pool, make: fn() -> u32, get: fn(&Lazy) -> u32) {
    let cell = Arc::new(Lazy::new(make));
    let tasks = [(); 3].map(|()| {
        let cell = Arc::clone(&cell);
        pool.spawn(async move { get(&cell) })
    });
    let sum: u32 = tasks.map(|task| task.join().unwrap()).iter().sum();
    assert_eq!(sum, 3);
}

fn make_by_task() -> u32 {
    block_on(async { spawn(async { 1 }).await.unwrap() })
}

fn make_by_timer() -> u32 {
    block_on(time::sleep(ms(10)));
    1
}

fn make_by_loop() -> u32 {
    let item = |_| {
        sim::work(us(500));
        1
    };
    (0..8).into_par_iter().map(item).sum::<u32>() / 8
}

fn nest(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    spawn(async move { nest(depth - 1) }).join().unwrap() + 1
}

pub(crate) const WAITS: &[Report] = &[
    Report {
        name: "a half waits for its sibling",
        run: |pool| assert_eq!(pool.install(|| nested(Duration::ZERO)), 7),
        sizes: TWO,
    },
    Report {
        name: "a half waits for its sibling, beside 2 ms of work",
        run: |pool| assert_eq!(pool.install(|| nested(ms(2))), 7),
        sizes: TWO,
    },
    Report {
        name: "a half of a guest waits for its sibling",
        run: |pool| assert_eq!(pool.join(|| nested(Duration::ZERO), || ()).0, 7),
        sizes: TWO,
    },
    Report {
        name: "a half waits for its sibling in a job of a scope",
        run: |pool| {
            let got = AtomicUsize::new(0);
            pool.install(|| {
                scope(|scope| {
                    scope.spawn(|_| {
                        got.fetch_add(nested(Duration::ZERO) as usize, Ordering::Relaxed);
                    });
                });
            });
            assert_eq!(got.into_inner(), 7);
        },
        sizes: TWO,
    },
    Report {
        name: "a half tells the pool that it waits for its sibling",
        run: |pool| {
            let (send, receive) = channel();
            let wait = move || block_in_place(|| receive.recv().unwrap());
            let inner = || join(wait, move || send.send(7).unwrap()).0;
            assert_eq!(pool.install(|| join(inner, || ()).0), 7);
        },
        sizes: ONE_BLOCKS,
    },
    Report {
        name: "a half spins until its sibling has run",
        run: |pool| {
            let meeting = Meeting::of(2);
            let inner = || join(|| meeting.come(), || meeting.come());
            pool.install(|| join(inner, || ()));
            assert_eq!(meeting.0.into_inner(), 0);
        },
        sizes: TWO,
    },
    Report {
        name: "items of a loop in an item of a loop meet",
        run: |pool| {
            let inner = pool.current_num_threads() - 1;
            let item = |number| match number {
                0 => meeting_loop(inner),
                _ => 0,
            };
            let items = || (0..2).into_par_iter().with_max_len(1).map(item);
            assert_eq!(pool.install(|| items().sum::<usize>()), inner);
        },
        sizes: TWO,
    },
    Report {
        name: "stages hand on through channels of std",
        run: |pool| {
            let (to_middle, middle) = sync_channel(1);
            let (to_end, end) = sync_channel(1);
            let first = move || (0..4).for_each(|number| to_middle.send(number).unwrap());
            let second = move || middle.iter().for_each(|n: u32| to_end.send(n + 1).unwrap());
            let last = move || end.iter().sum::<u32>();
            let sum = pool.install(|| join(|| join(first, second), last).1);
            assert_eq!(sum, 10);
        },
        sizes: waits::THREE,
    },
    Report {
        name: "as many items as threads meet",
        run: |pool| {
            let threads = pool.current_num_threads();
            assert_eq!(pool.install(|| meeting_loop(threads)), threads);
        },
        sizes: ANY,
    },
    Report {
        name: "half as many items as threads meet",
        run: |pool| {
            let threads = pool.current_num_threads().div_ceil(2);
            assert_eq!(pool.install(|| meeting_loop(threads)), threads);
        },
        sizes: ANY,
    },
    Report {
        name: "as many leaves as threads meet",
        run: |pool| {
            let threads = pool.current_num_threads();
            let meeting = Meeting::of(threads);
            assert_eq!(pool.install(|| meeting_tree(threads, &meeting)), threads);
        },
        sizes: ANY,
    },
    Report {
        name: "as many jobs of a scope as threads meet",
        run: |pool| {
            let threads = pool.current_num_threads();
            let meeting = Meeting::of(threads);
            pool.install(|| {
                scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|_| meeting.come());
                    }
                });
            });
            assert_eq!(meeting.0.into_inner(), 0);
        },
        sizes: ANY,
    },
    Report {
        name: "a broadcast meets",
        run: |pool| {
            let threads = pool.current_num_threads();
            let meeting = Meeting::of(threads);
            assert_eq!(pool.broadcast(|_| meeting.come()).len(), threads);
        },
        sizes: ANY,
    },
    Report {
        name: "tasks meet in a value that a task makes",
        run: |pool| meet_in_a_cell(pool, make_by_task, |cell| **cell),
        sizes: TWO_BLOCK,
    },
    Report {
        name: "tasks meet in a value that a timer delays",
        run: |pool| meet_in_a_cell(pool, make_by_timer, |cell| **cell),
        sizes: TWO_BLOCK,
    },
    Report {
        name: "tasks meet in a value that a loop makes",
        run: |pool| meet_in_a_cell(pool, make_by_loop, |cell| **cell),
        sizes: TWO_BLOCK,
    },
    Report {
        name: "tasks tell the pool that they meet in a value",
        run: |pool| meet_in_a_cell(pool, make_by_task, |cell| block_in_place(|| **cell)),
        sizes: TWO_BLOCK,
    },
    Report {
        name: "tasks meet in a lock whose holders wait",
        run: |pool| {
            let sum = Arc::new(Mutex::new(0));
            let tasks = [(); 3].map(|()| {
                let sum = Arc::clone(&sum);
                pool.spawn(async move { *sum.lock().unwrap() += make_by_task() })
            });
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(*sum.lock().unwrap(), 3);
        },
        sizes: TWO_BLOCK,
    },
    Report {
        name: "a lock is held over a timer, and wanted after an earlier one",
        run: |pool| {
            let sum = Arc::new(Mutex::new(0));
            let held = Arc::clone(&sum);
            let holder = pool.spawn(async move {
                let mut sum = held.lock().unwrap();
                block_on(time::sleep(ms(20)));
                *sum += 1;
            });
            let wanted = Arc::clone(&sum);
            let other = pool.spawn(async move {
                block_on(time::sleep(ms(10)));
                *wanted.lock().unwrap() += 1;
            });
            holder.join().unwrap();
            other.join().unwrap();
            assert_eq!(*sum.lock().unwrap(), 2);
        },
        sizes: TWO_BLOCK,
    },
    Report {
        name: "a chain of 40 waits",
        run: |pool| assert_eq!(pool.install(|| nest(40)), 40),
        sizes: ANY,
    },
    Report {
        name: "a task sleeps for no time until another one has run",
        run: |pool| {
            let flag = Arc::new(AtomicBool::new(false));
            let set = Arc::clone(&flag);
            let wait = pool.spawn(async move {
                while !flag.load(Ordering::Relaxed) {
                    time::sleep(Duration::ZERO).await;
                    sim::work(us(1));
                }
                1
            });
            let other = pool.spawn(async move { set.store(true, Ordering::Relaxed) });
            other.join().unwrap();
            assert_eq!(wait.join().unwrap(), 1);
        },
        sizes: ONE_BLOCKS,
    },
    Report {
        name: "a timeout ends a set of tasks that are always ready",
        run: |pool| {
            let endless = async {
                let mut set = JoinSet::new();
                for _ in 0..4 {
                    set.spawn(async {});
                }
                loop {
                    set.join_next().await;
                    set.spawn(async { sim::work(us(20)) });
                }
            };
            let timeout: Result<(), _> = pool.block_on(time::timeout(ms(2), endless));
            assert!(timeout.is_err());
        },
        sizes: ANY,
    },
];
