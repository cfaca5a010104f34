//! What allocates, and how often; in a process of its own, with an allocator that counts.
//!
//! One test, because the test harness allocates, too, when a test ends.

use manyhands::prelude::*;
use manyhands::{Pool, block_on, join, join_all, join_array, join3, spawn};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

/// Of all threads.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Of this thread.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all work is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        OWN.set(OWN.get() + 1);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The least number of allocations, of this thread and of all, in one of many runs of `f`: queues
/// and lists grow in the first ones.
fn allocations(mut f: impl FnMut()) -> (usize, usize) {
    let mut least = (usize::MAX, usize::MAX);
    for _ in 0..50 {
        let before = (OWN.get(), COUNT.load(Ordering::Relaxed));
        f();
        least.0 = least.0.min(OWN.get() - before.0);
        least.1 = least.1.min(COUNT.load(Ordering::Relaxed) - before.1);
    }
    least
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

#[test]
fn at_most_one_allocation_a_task_and_none_for_joins_and_loops() {
    for size in [1, 2] {
        let pool = Pool::builder().num_threads(size).build().unwrap();
        pool.install(|| {
            // The test would see an allocation.
            assert_eq!(
                allocations(|| drop(std::hint::black_box(Box::new(1)))),
                (1, 1)
            );

            assert_eq!(allocations(|| assert_eq!(fib(15), 610)), (0, 0), "join");
            assert_eq!(
                allocations(|| assert_eq!(block_on(async { 1 }), 1)),
                (0, 0),
                "block_on"
            );

            let items: Vec<u64> = (0..10_000).collect();
            let sum = || assert_eq!(items.par_iter().sum::<u64>(), 49_995_000);
            assert_eq!(allocations(sum), (0, 0), "sum");

            // Inner loops that no thread helps with share a list with the loop around them.
            let thrice = || {
                let numbers = items.par_iter().flat_map(|x| [*x; 3]);
                assert_eq!(numbers.collect::<Vec<_>>().len(), 30_000);
            };
            assert!(allocations(thrice).1 < 300, "flat_map");

            let joins = || {
                assert_eq!(join3(|| fib(5), || fib(6), || fib(7)), (5, 8, 13));
                let fibs: [u64; 20] = join_array(|n| fib(n as u32));
                assert_eq!(join_all(fibs.map(|n| move || n))[19], 4181);
            };
            assert_eq!(allocations(joins), (0, 0), "joins of many closures");
            let array = || {
                let squares = items[..30].par_iter().map(|n| n * n);
                assert_eq!(squares.collect_array::<30>().unwrap()[29], 841);
            };
            assert_eq!(allocations(array), (0, 0), "collect_array");
            let sorted = || assert!(items.par_iter().is_sorted());
            assert_eq!(allocations(sorted), (0, 0), "is_sorted");
            let mut states = [0; 2];
            let lend = || {
                items
                    .par_iter()
                    .for_each_with_state(&mut states, |sum, n| *sum += n)
            };
            assert_eq!(allocations(lend), (1, 1), "for_each_with_state");

            let count = AtomicUsize::new(0);
            let for_each = || {
                items.par_iter().for_each(|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
            };
            assert_eq!(allocations(for_each), (0, 0), "for_each");

            let tasks = allocations(|| {
                // Detached: an allocation of `join` is not that of the task.
                for _ in 0..32 {
                    drop(spawn(async {}));
                }
            });
            assert!(tasks.0 <= 32, "tasks: {tasks:?}");
            let joined = allocations(|| {
                for _ in 0..32 {
                    assert_eq!(spawn(async { 1 }).join().unwrap(), 1);
                }
            });
            // Small tasks take over what those before them have left on the seat.
            assert!(
                joined.0 <= 32 && joined.1 <= 32,
                "tasks and joins of their handles: {joined:?}"
            );
            let scopes = allocations(|| {
                manyhands::scope(|s| {
                    for _ in 0..32 {
                        s.spawn(|_| ());
                    }
                });
            });
            // (With two, the blocks of stolen jobs stay with the thief.)
            if size == 1 {
                assert_eq!(scopes, (0, 0), "jobs of a scope");
            }
            let nested = allocations(|| {
                fn grow<'scope>(
                    s: &manyhands::Scope<'scope>,
                    depth: u64,
                    sum: &'scope AtomicUsize,
                ) {
                    for i in 0..depth {
                        s.spawn(move |s| {
                            sum.fetch_add(i as usize, Ordering::Relaxed);
                            grow(s, i, sum);
                        });
                    }
                }
                let sum = AtomicUsize::new(0);
                manyhands::scope(|s| grow(s, 10, &sum));
                assert_eq!(sum.into_inner(), 1013);
            });
            if size == 1 {
                assert_eq!(nested, (0, 0), "jobs that spawn jobs");
            }
            let large = allocations(|| {
                let large = [1_u8; 1000];
                manyhands::scope(|s| {
                    s.spawn(move |_| {
                        assert_eq!(large.iter().map(|x| usize::from(*x)).sum::<usize>(), 1000)
                    });
                });
            });
            assert_eq!(large, (1, 1), "a large job");
        });
        // As a guest.
        let joins = allocations(|| {
            pool.join(|| (), || ());
        });
        assert_eq!(joins, (0, 0), "a join from outside");
        let polls = allocations(|| pool.block_on(async {}));
        assert_eq!(polls, (0, 0), "block_on from outside");
        pool.shutdown();
    }
}
