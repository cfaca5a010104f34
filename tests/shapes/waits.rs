//! Wait shapes: two threads of control that wait, each for the same kind of thing, in all pairs of
//! who waits and what for.
//!
//! A pair is one function of [`WAITERS`] with one of [`AWAITED`]. Each pair runs under many seeds,
//! spread over the pools that its awaited thing allows.

use crate::shapes::us;
use manyhands::prelude::*;
use manyhands::sim::{self, Builder};
use manyhands::{
    Handle, Pool, block_in_place, block_on, compute, join, scope, spawn_blocking, task, time,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};

/// The variable with the number of seeds that each pair runs under; 100 without it.
const SEEDS: &str = "MANYHANDS_SIM_SEEDS";

/// How many seeds there are to run.
pub(crate) fn seeds() -> u64 {
    let number = std::env::var(SEEDS).ok();
    let number = number.map(|text| {
        text.trim()
            .parse()
            .expect("MANYHANDS_SIM_SEEDS is a number")
    });
    number.unwrap_or(100)
}

/// A pool: its threads, and its spare threads if they are not the default's 256.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    threads: usize,
    spares: Option<usize>,
}

impl Size {
    const fn new(threads: usize) -> Self {
        Self {
            threads,
            spares: None,
        }
    }

    const fn spares(threads: usize, spares: usize) -> Self {
        Self {
            threads,
            spares: Some(spares),
        }
    }

    pub(crate) fn build(self) -> Pool {
        let builder = Pool::builder().num_threads(self.threads);
        match self.spares {
            Some(spares) => builder.max_spare_threads(spares),
            None => builder,
        }
        .build()
        .unwrap()
    }
}

/// Pools on which every wait that the pool knows of ends.
pub(crate) const ANY: &[Size] = &[
    Size::new(2),
    Size::spares(2, 0),
    Size::new(4),
    Size::spares(2, 1),
    Size::new(1),
    Size::spares(1, 0),
    Size::spares(1, 1),
];

/// Pools on which two jobs run at the same time whatever they do.
pub(crate) const TWO: &[Size] = &[Size::new(2), Size::new(4), Size::spares(2, 1)];

/// Pools on which three jobs run at the same time whatever they do.
pub(crate) const THREE: &[Size] = &[Size::new(3), Size::new(4), Size::spares(4, 1)];

/// Pools on which a future is polled although one waits, and another one blocks in the system.
pub(crate) const ONE_BLOCKS: &[Size] = &[Size::new(1), Size::new(2), Size::spares(2, 1)];

/// The same with two that block.
pub(crate) const TWO_BLOCK: &[Size] = &[Size::new(1), Size::new(2), Size::spares(2, 3)];

/// What the two waiters of a pair share.
pub(crate) struct Shared {
    pool: Handle,
    other: Pool,
    lock: Mutex<u32>,
    cell: OnceLock<u32>,
    send: async_channel::Sender<u32>,
    receive: async_channel::Receiver<u32>,
    std_send: mpsc::Sender<u32>,
    std_receive: Mutex<mpsc::Receiver<u32>>,
}

impl Shared {
    fn new(pool: &Pool) -> Arc<Self> {
        let (send, receive) = async_channel::bounded(1);
        let (std_send, std_receive) = mpsc::channel();
        Arc::new(Self {
            pool: pool.handle().clone(),
            other: Pool::builder().num_threads(1).build().unwrap(),
            lock: Mutex::new(0),
            cell: OnceLock::new(),
            send,
            receive,
            std_send,
            std_receive: Mutex::new(std_receive),
        })
    }
}

/// What a waiter waits for. It returns 1 when it has come.
pub(crate) struct Awaited {
    pub(crate) name: &'static str,
    /// The waiter's number is 0 or 1.
    wait: fn(&Arc<Shared>, usize) -> u32,
    sizes: &'static [Size],
}

type Wait = fn(&Arc<Shared>, usize) -> u32;

/// Who waits: runs both waiters at the same time, and returns the sum of what they return.
pub(crate) struct Waiters {
    pub(crate) name: &'static str,
    run: fn(&Pool, &Arc<Shared>, Wait) -> u32,
}

/// A task that is polled twice.
async fn one() -> u32 {
    task::yield_now().await;
    1
}

pub(crate) const AWAITED: &[Awaited] = &[
    Awaited {
        name: "a task that it joins",
        wait: |shared, _| shared.pool.spawn(one()).join().unwrap(),
        sizes: ANY,
    },
    Awaited {
        name: "a task that it awaits",
        wait: |shared, _| block_on(shared.pool.spawn(one())).unwrap(),
        sizes: ANY,
    },
    Awaited {
        name: "the other one, through a channel",
        wait: |shared, number| {
            if number == 0 {
                return block_on(shared.receive.recv()).unwrap();
            }
            block_on(shared.send.send(1)).unwrap();
            1
        },
        sizes: ANY,
    },
    Awaited {
        name: "a timer",
        wait: |_, number| {
            let start = time::now();
            let nap = us(100 + 50 * number as u64);
            block_on(time::sleep(nap));
            u32::from(time::now() - start >= nap)
        },
        sizes: ANY,
    },
    Awaited {
        name: "a scope whose jobs wait",
        wait: |shared, _| {
            let sum = AtomicU32::new(0);
            scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|_| {
                        let got = shared.pool.spawn(one()).join().unwrap();
                        sum.fetch_add(got, Ordering::Relaxed);
                    });
                }
            });
            sum.into_inner() / 2
        },
        sizes: ANY,
    },
    Awaited {
        name: "a loop whose items wait",
        wait: |_, _| {
            let items = (0..4_u32).into_par_iter().with_max_len(1);
            items.map(|_| block_on(one())).sum::<u32>() / 4
        },
        sizes: ANY,
    },
    Awaited {
        name: "a computation",
        wait: |_, _| block_on(compute(|| join(|| block_on(one()), || 0).0)),
        sizes: ANY,
    },
    Awaited {
        name: "a blocking closure",
        wait: |_, _| {
            let closure = spawn_blocking(|| {
                sim::work(us(5));
                block_on(one())
            });
            closure.join().unwrap()
        },
        sizes: ANY,
    },
    Awaited {
        name: "another pool",
        wait: |shared, _| shared.other.install(|| join(|| block_on(one()), || 0).0),
        sizes: ANY,
    },
    Awaited {
        name: "another pool that waits for this one",
        wait: |shared, _| {
            let back = Arc::clone(shared);
            let far = shared.other.install(move || back.pool.spawn(one()).join());
            far.unwrap()
        },
        sizes: ANY,
    },
    Awaited {
        name: "a broadcast",
        wait: |shared, _| {
            let all = shared.pool.broadcast(|context| context.num_threads());
            u32::from(all.iter().all(|threads| *threads == all.len()))
        },
        sizes: ANY,
    },
];

/// What the pool cannot see: a thread that blocks in the system keeps its permit.
pub(crate) const UNSEEN: &[Awaited] = &[
    Awaited {
        name: "the other one, through a channel of std",
        wait: |shared, number| {
            if number == 0 {
                return shared.std_receive.lock().unwrap().recv().unwrap();
            }
            shared.std_send.send(1).unwrap();
            1
        },
        sizes: TWO,
    },
    Awaited {
        name: "a lock whose holder waits",
        wait: |shared, _| {
            let mut sum = shared.lock.lock().unwrap();
            *sum += block_on(shared.pool.spawn(one())).unwrap();
            1
        },
        sizes: ONE_BLOCKS,
    },
    Awaited {
        name: "a cell whose initialiser waits",
        wait: |shared, _| {
            let make = || block_on(shared.pool.spawn(one())).unwrap();
            *shared.cell.get_or_init(make)
        },
        sizes: ONE_BLOCKS,
    },
];

pub(crate) const WAITERS: &[Waiters] = &[
    Waiters {
        name: "halves of a join",
        run: |pool, shared, wait| {
            let (a, b) = pool.join(|| wait(shared, 0), || wait(shared, 1));
            a + b
        },
    },
    Waiters {
        name: "halves inside an install",
        run: |pool, shared, wait| {
            pool.install(|| {
                let inner = || join(|| wait(shared, 0), || wait(shared, 1));
                let ((a, b), ()) = join(inner, || sim::work(us(10)));
                a + b
            })
        },
    },
    Waiters {
        name: "a scope's body and its job",
        run: |pool, shared, wait| {
            let sum = AtomicU32::new(0);
            pool.scope(|scope| {
                scope.spawn(|_| {
                    sum.fetch_add(wait(shared, 1), Ordering::Relaxed);
                });
                sum.fetch_add(wait(shared, 0), Ordering::Relaxed);
            });
            sum.into_inner()
        },
    },
    Waiters {
        name: "items of a loop",
        run: |pool, shared, wait| {
            let item = |number| wait(shared, number);
            pool.install(|| (0..2).into_par_iter().with_max_len(1).map(item).sum())
        },
    },
    Waiters {
        name: "computations",
        run: |pool, shared, wait| {
            let [a, b] = [0, 1].map(|number| {
                let shared = Arc::clone(shared);
                pool.compute(move || wait(&shared, number))
            });
            let (a, b) = pool.block_on(futures::future::join(a, b));
            a + b
        },
    },
    Waiters {
        name: "polls of two tasks",
        run: |pool, shared, wait| {
            let tasks = [0, 1].map(|number| {
                let shared = Arc::clone(shared);
                pool.spawn(async move { wait(&shared, number) })
            });
            tasks.map(|task| task.join().unwrap()).iter().sum()
        },
    },
    Waiters {
        name: "a thread outside and a task",
        run: |pool, shared, wait| {
            let inside = Arc::clone(shared);
            let task = pool.spawn(async move { wait(&inside, 1) });
            pool.block_on(async { wait(shared, 0) + task.await.unwrap() })
        },
    },
    Waiters {
        name: "polls in block_in_place",
        run: |pool, shared, wait| {
            let tasks = [0, 1].map(|number| {
                let shared = Arc::clone(shared);
                pool.spawn(async move { block_in_place(|| wait(&shared, number)) })
            });
            tasks.map(|task| task.join().unwrap()).iter().sum()
        },
    },
    Waiters {
        name: "blocking closures",
        run: |pool, shared, wait| {
            let closures = [0, 1].map(|number| {
                let shared = Arc::clone(shared);
                pool.spawn_blocking(move || wait(&shared, number))
            });
            closures.map(|task| task.join().unwrap()).iter().sum()
        },
    },
    Waiters {
        name: "an install and a task",
        run: |pool, shared, wait| {
            let inside = Arc::clone(shared);
            let task = pool.spawn(async move { wait(&inside, 1) });
            pool.install(|| wait(shared, 0)) + task.join().unwrap()
        },
    },
];

/// Runs a shape under all seeds, spread over the pools: each seed has a pool of one kind.
pub(crate) fn under_seeds<F>(name: &str, sizes: &'static [Size], shape: F)
where
    F: Fn(&Pool) + Copy + Send + Sync + 'static,
{
    for (first, size) in sizes.iter().enumerate() {
        println!("{name}: {size:?}");
        let seeds = (first as u64..seeds()).step_by(sizes.len());
        Builder::new()
            .cores(2)
            .many(seeds, move || shape(&size.build()));
    }
}

/// Runs a pair under all seeds.
pub(crate) fn pair(waiters: &'static Waiters, awaited: &'static Awaited) {
    let name = format!("{} wait for {}", waiters.name, awaited.name);
    under_seeds(&name, awaited.sizes, |pool| {
        let shared = Shared::new(pool);
        assert_eq!((waiters.run)(pool, &shared, awaited.wait), 2);
    });
}
