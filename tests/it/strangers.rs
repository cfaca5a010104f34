//! Programs that hang or stall where a wait runs whatever it finds: locks and lazy values around
//! parallel loops, short loops beside long jobs, stacks that grow by other people's work.

use crate::util::{SIZES, build, fib, pool, spin_until, watched};
use manyhands::prelude::*;
use manyhands::{
    JoinHandle, Pool, block_in_place, block_on, join, scope, spawn, spawn_compute, task,
};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, OnceLock, RwLock, Weak};
use std::thread;

/// Runs `job` beside itself, many times at once, in each way in which a pool runs something.
fn beside_itself(pool: &Pool, job: impl Fn() + Send + Sync + 'static) {
    let job = Arc::new(job);
    let mut handles = Vec::new();
    for _ in 0..8 {
        let mine = Arc::clone(&job);
        handles.push(pool.spawn_compute(move || mine()));
        let mine = Arc::clone(&job);
        handles.push(pool.spawn(async move {
            mine();
            task::yield_now().await;
            mine();
        }));
        let mine = Arc::clone(&job);
        handles.push(pool.spawn(async move { block_on(async { mine() }) }));
    }
    thread::scope(|threads| {
        threads.spawn(|| pool.install(|| job()));
        threads.spawn(|| pool.block_on(async { job() }));
        threads.spawn(|| pool.join(|| job(), || job()));
        pool.scope(|s| {
            for _ in 0..8 {
                s.spawn(|_| job());
            }
            (0..8).into_par_iter().for_each(|_| job());
        });
    });
    for handle in handles {
        handle.join().unwrap();
    }
}

/// A loop that is worth sharing.
fn sum(len: u32) -> u64 {
    (0..len)
        .into_par_iter()
        .with_max_len(8)
        .map(|n| {
            if n % 16 == 0 {
                thread::yield_now();
            }
            u64::from(n)
        })
        .sum()
}

#[test]
fn items_of_a_loop_fill_one_once_lock_by_a_loop() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..30 {
                let cell = OnceLock::new();
                let wanted = pool.install(|| {
                    (0..64)
                        .into_par_iter()
                        .with_max_len(1)
                        .map(|_| *cell.get_or_init(|| sum(200)))
                        .sum::<u64>()
                });
                assert_eq!(wanted, 64 * 19_900);
            }
        }
    });
}

#[test]
fn everything_at_once_fills_one_once_lock_by_a_loop() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..10 {
                let cell = OnceLock::new();
                beside_itself(&pool, move || {
                    assert_eq!(*cell.get_or_init(|| sum(200)), 19_900);
                });
            }
        }
    });
}

/// The lock is that of a static in real programs, where nobody sees it.
#[test]
fn a_lazy_value_is_made_by_loops_and_scopes() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..10 {
                let lazy = LazyLock::new(|| {
                    let total = AtomicUsize::new(0);
                    scope(|s| {
                        for _ in 0..8 {
                            s.spawn(|_| {
                                total.fetch_add(sum(40) as usize, Ordering::Relaxed);
                            });
                        }
                    });
                    total.into_inner()
                });
                beside_itself(&pool, move || assert_eq!(*lazy, 8 * 780));
            }
        }
    });
}

#[test]
fn lazy_values_that_need_each_other_are_made_by_loops_in_loops() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..5 {
                let cells: [OnceLock<u64>; 4] = Default::default();
                // Each one is made by a loop whose items all want the next one.
                fn get(cells: &[OnceLock<u64>]) -> u64 {
                    match cells {
                        [] => 1,
                        [first, rest @ ..] => *first.get_or_init(|| {
                            (0..8)
                                .into_par_iter()
                                .with_max_len(1)
                                .map(|_| get(rest))
                                .sum()
                        }),
                    }
                }
                beside_itself(&pool, move || assert_eq!(get(&cells), 8_u64.pow(4)));
            }
        }
    });
}

#[test]
fn locks_are_held_across_loops_joins_and_scopes() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let counts = Arc::new((Mutex::new(0_u64), RwLock::new(0_u64)));
            let counters = Arc::clone(&counts);
            beside_itself(&pool, move || {
                let mut outer = counters.0.lock().unwrap();
                *outer += sum(100);
                // Locks inside locks, always in this order.
                let mut inner = counters.1.write().unwrap();
                let (left, right) = join(|| sum(50), || sum(50));
                let third = AtomicUsize::new(0);
                scope(|s| {
                    s.spawn(|_| {
                        third.store(sum(50) as usize, Ordering::Relaxed);
                    });
                });
                *inner += left + right + third.into_inner() as u64;
            });
            // Spawned futures run it twice; see `beside_itself`.
            let runs = 8 * 4 + 4 + 16;
            assert_eq!(*counts.0.lock().unwrap(), runs * 4950);
            assert_eq!(*counts.1.read().unwrap(), runs * 3 * 1225);
        }
    });
}

/// What a lock is held across may also wait for other tasks. Then those who want the lock have to
/// tell that they block: a thread that sleeps in a `Mutex` unannounced keeps its core.
#[test]
fn a_lock_is_held_across_waits_for_tasks() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let count = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&count);
            beside_itself(&pool, move || {
                let mut count = block_in_place(|| counter.lock().unwrap());
                let child = spawn(async {
                    task::yield_now().await;
                    sum(20)
                });
                *count += block_on(child).unwrap();
                *count += spawn_compute(|| sum(20)).join().unwrap();
            });
            assert_eq!(*count.lock().unwrap(), (8 * 4 + 4 + 16) * 2 * 190);
        }
    });
}

/// Holds whoever comes, until it is opened.
#[derive(Default)]
struct Gate {
    /// How many are held, and is it open?
    state: Mutex<(usize, bool)>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        while !state.1 {
            state = self.opened.wait(state).unwrap();
        }
        state.0 -= 1;
    }

    fn held(&self) -> usize {
        self.state.lock().unwrap().0
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.opened.notify_all();
    }
}

/// Starts jobs that have nothing to do with whoever calls this.
fn spawn_strangers<F>(count: usize, stranger: &Arc<F>) -> Vec<JoinHandle<()>>
where
    F: Fn() + Send + Sync + 'static,
{
    (0..count)
        .map(|i| {
            let stranger = Arc::clone(stranger);
            match i % 3 {
                0 => spawn_compute(move || stranger()),
                1 => spawn(async move { stranger() }),
                _ => spawn_compute(move || scope(|s| s.spawn(|_| stranger()))),
            }
        })
        .collect()
}

/// Waits for a half that another thread has, while strangers lie in the queues. The wait has its
/// chance to take one: the half goes on until a third thread has. Strangers that cannot end before
/// this wait does keep a wait that takes one for ever.
fn wait_beside_strangers<F>(count: usize, stranger: F) -> Vec<JoinHandle<()>>
where
    F: Fn() + Send + Sync + 'static,
{
    let begun = Arc::new(AtomicUsize::new(0));
    let stranger = {
        let begun = Arc::clone(&begun);
        Arc::new(move || {
            begun.fetch_add(1, Ordering::AcqRel);
            stranger();
        })
    };
    let meet = Barrier::new(2);
    let (first, (second, handles)) = join(
        || {
            meet.wait();
            thread::current().id()
        },
        || {
            meet.wait();
            let handles = spawn_strangers(count, &stranger);
            spin_until(|| begun.load(Ordering::Acquire) > 0);
            for _ in 0..10 {
                assert_eq!(sum(100), 4950);
            }
            (thread::current().id(), handles)
        },
    );
    assert_ne!(first, second, "the second half was stolen");
    assert_eq!(sum(100), 4950);
    handles
}

/// Runs `waits` in each way in which a pool runs something, and then waits for the strangers.
fn in_every_way(waits: impl Fn(usize) -> Vec<JoinHandle<()>> + Send + Sync + 'static) {
    let waits = Arc::new(waits);
    for size in [2, 8] {
        for way in 0..5 {
            let pool = pool(size);
            let theirs = Arc::clone(&waits);
            let handles = match way {
                0 => pool.install(|| waits(3 * size)),
                // As a guest.
                1 => pool.scope(|_| waits(3 * size)),
                2 => pool.spawn_compute(move || theirs(3 * size)).join().unwrap(),
                3 => {
                    let task = pool.spawn(async move { theirs(3 * size) });
                    task.join().unwrap()
                }
                _ => {
                    let task = pool.spawn(async move { block_on(async { theirs(3 * size) }) });
                    task.join().unwrap()
                }
            };
            for handle in handles {
                handle.join().unwrap();
            }
        }
    }
}

#[test]
fn a_short_wait_ends_while_long_strangers_are_held() {
    watched(|| {
        in_every_way(|strangers| {
            let gate = Arc::new(Gate::default());
            let stranger = Arc::clone(&gate);
            let handles = wait_beside_strangers(strangers, move || stranger.pass());
            assert!(gate.held() > 0, "the strangers are still on their way");
            gate.open();
            handles
        });
    });
}

#[test]
fn strangers_want_the_lock_that_the_waiter_holds() {
    watched(|| {
        in_every_way(|strangers| {
            let lock = Arc::new((Mutex::new(()), RwLock::new(())));
            let stranger = Arc::clone(&lock);
            let _outer = lock.0.lock().unwrap();
            let _inner = lock.1.write().unwrap();
            wait_beside_strangers(strangers, move || {
                drop(stranger.1.read().unwrap());
                drop(stranger.0.lock().unwrap());
            })
        });
    });
}

#[test]
fn strangers_want_the_once_lock_that_the_waiter_fills() {
    watched(|| {
        in_every_way(|strangers| {
            let cell = Arc::new(OnceLock::new());
            let mut handles = Vec::new();
            cell.get_or_init(|| {
                let cell = Arc::clone(&cell);
                handles = wait_beside_strangers(strangers, move || {
                    cell.get_or_init(|| unreachable!("somebody fills it"));
                });
            });
            handles
        });
    });
}

#[test]
fn strangers_want_the_lazy_value_that_the_waiter_makes() {
    type Lazy = LazyLock<
        Mutex<Vec<JoinHandle<()>>>,
        Box<dyn FnOnce() -> Mutex<Vec<JoinHandle<()>>> + Send>,
    >;
    watched(|| {
        in_every_way(|strangers| {
            let lazy = Arc::new_cyclic(|lazy: &Weak<Lazy>| {
                let lazy = Weak::clone(lazy);
                LazyLock::new(Box::new(move || {
                    let lazy = lazy.upgrade().unwrap();
                    Mutex::new(wait_beside_strangers(strangers, move || {
                        LazyLock::force(&lazy);
                    }))
                }) as Box<_>)
            });
            std::mem::take(&mut *lazy.lock().unwrap())
        });
    });
}

/// All workers are held by long jobs, and more of these wait in the queues. A thread from outside
/// has its loops done all the same, by itself.
#[test]
fn short_loops_end_on_a_pool_that_is_held() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let gate = Arc::new(Gate::default());
            let stranger = Arc::clone(&gate);
            let stranger = Arc::new(move || stranger.pass());
            let handles = pool.install(|| spawn_strangers(3 * size, &stranger));
            spin_until(|| gate.held() >= size);
            for _ in 0..200 {
                pool.scope(|s| {
                    s.spawn(|_| assert_eq!(fib(6), 8));
                    assert_eq!(sum(100), 4950);
                });
                assert_eq!(pool.block_on(async { sum(50) }), 1225);
            }
            assert!(gate.held() >= size);
            gate.open();
            for handle in handles {
                handle.join().unwrap();
            }
        }
    });
}

/// A scope with long jobs in it is no reason for a loop in its body to wait for them.
#[test]
fn a_short_loop_ends_before_the_long_jobs_of_its_scope() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..10 {
                let gate = Gate::default();
                pool.install(|| {
                    scope(|s| {
                        for _ in 0..3 * size {
                            s.spawn(|_| gate.pass());
                        }
                        for _ in 0..20 {
                            assert_eq!(sum(100), 4950);
                        }
                        gate.open();
                    });
                });
                assert_eq!(gate.held(), 0);
            }
        }
    });
}

/// The second half of a join around a scope is no job of that scope. On one thread, too: the many
/// joins inside need room in the seat, so that the older half becomes public above the scope's job.
#[test]
fn a_scope_leaves_the_half_of_a_join_around_it_alone() {
    fn nest(depth: u32) {
        if depth > 0 {
            join(|| nest(depth - 1), || ());
        }
    }
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for _ in 0..50 {
                let lock = Mutex::new(());
                pool.install(|| {
                    join(
                        || {
                            let _held = lock.lock().unwrap();
                            scope(|s| s.spawn(|_| nest(40)));
                        },
                        || drop(lock.lock().unwrap()),
                    )
                });
            }
        }
    });
}

/// What a frame computes: a root, or a piece of what another frame computes.
type Path = Vec<usize>;

struct Frame {
    path: Path,
    address: usize,
}

thread_local! {
    /// The open frames of this thread, outermost first.
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// The largest distance of two open frames on any thread, in bytes, and how many frames there were.
#[derive(Default)]
struct Depth {
    bytes: AtomicUsize,
    frames: AtomicUsize,
}

impl Depth {
    /// Runs a frame: on an empty stack, or on top of what it is a piece of.
    fn frame<R>(&self, path: &[usize], f: impl FnOnce() -> R) -> R {
        let local = 0_u8;
        let address = (&raw const local).addr();
        FRAMES.with_borrow_mut(|frames| {
            if let (Some(outermost), Some(below)) = (frames.first(), frames.last()) {
                assert!(
                    path.len() > below.path.len() && path.starts_with(&below.path),
                    "{path:?} runs on top of {:?}, and is no piece of it",
                    below.path
                );
                let bytes = address.abs_diff(outermost.address);
                self.bytes.fetch_max(bytes, Ordering::Relaxed);
            }
            frames.push(Frame {
                path: path.to_vec(),
                address,
            });
        });
        self.frames.fetch_add(1, Ordering::Relaxed);
        let result = f();
        FRAMES.with_borrow_mut(|frames| assert_eq!(frames.pop().unwrap().path, path));
        result
    }

    /// Loops in loops, down to a given level.
    fn loops(&self, path: &[usize], levels: usize) {
        self.frame(path, || {
            if levels == 0 {
                thread::yield_now();
                return;
            }
            let piece = |i| {
                let mut path = path.to_vec();
                path.push(i);
                self.loops(&path, levels - 1);
            };
            match levels % 3 {
                0 => scope(|s| {
                    for i in 0..3 {
                        let piece = &piece;
                        s.spawn(move |_| piece(i));
                    }
                }),
                1 => (0..4).into_par_iter().with_max_len(1).for_each(piece),
                _ => {
                    join(|| piece(0), || join(|| piece(1), || piece(2)));
                }
            }
        });
    }
}

/// How deep a stack may grow for one level of the program's own nesting: its loop's or scope's
/// frames, and a wait among them, without optimisation.
const LEVEL: usize = 16 << 10;

/// A thread's open frames always belong to one root, each a piece of the one below it. So however
/// many roots there are, a stack is no deeper than one of them.
#[test]
fn stacks_are_as_deep_as_the_program_nests() {
    const LEVELS: usize = 4;
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let depth = Arc::new(Depth::default());
            let roots = 600;
            let handles: Vec<_> = (0..roots)
                .map(|root| {
                    let depth = Arc::clone(&depth);
                    if root % 2 == 0 {
                        pool.spawn_compute(move || depth.loops(&[root], LEVELS))
                    } else {
                        pool.spawn(async move {
                            depth.loops(&[root], LEVELS - 1);
                            task::yield_now().await;
                            depth.loops(&[root], LEVELS - 1);
                        })
                    }
                })
                .collect();
            thread::scope(|threads| {
                for guest in 0..3 {
                    let (pool, depth) = (&pool, &depth);
                    threads.spawn(move || {
                        for _ in 0..20 {
                            pool.scope(|_| depth.loops(&[roots + guest], LEVELS));
                        }
                    });
                }
            });
            for handle in handles {
                handle.join().unwrap();
            }
            // 1 + 4 + 12 + 36 + 144 frames with four levels, 1 + 3 + 9 + 36 with three.
            let frames = 300 * 197 + 600 * 49 + 60 * 197;
            assert_eq!(depth.frames.load(Ordering::Relaxed), frames);
            let bytes = depth.bytes.load(Ordering::Relaxed);
            assert!(bytes <= LEVELS * LEVEL, "a stack of {bytes} bytes");
        }
    });
}

/// Open waits, too, put nothing on top of themselves while another thread can be had.
#[test]
fn blocking_waits_put_nothing_on_their_stack() {
    watched(|| {
        for size in SIZES {
            let pool = build(Pool::builder().num_threads(size).max_spare_threads(150));
            let depth = Arc::new(Depth::default());
            for batch in 0..10 {
                let handles: Vec<_> = (0..10)
                    .map(|i| {
                        let (root, depth) = (10 * batch + i, Arc::clone(&depth));
                        pool.spawn_compute(move || {
                            (0..4).into_par_iter().with_max_len(1).for_each(|i| {
                                depth.frame(&[root, i], || {
                                    let theirs = Arc::clone(&depth);
                                    // No piece of this frame: a root of its own.
                                    let child = spawn(async move {
                                        theirs.loops(&[1000 + root], 2);
                                    });
                                    block_on(child).unwrap();
                                    depth.loops(&[root, i, 0], 2);
                                    let theirs = Arc::clone(&depth);
                                    let child = spawn_compute(move || {
                                        theirs.loops(&[2000 + root], 2);
                                    });
                                    child.join().unwrap();
                                });
                            });
                        })
                    })
                    .collect();
                for handle in handles {
                    handle.join().unwrap();
                }
            }
        }
    });
}
