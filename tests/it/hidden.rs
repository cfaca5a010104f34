//! No work is out of reach (rules H1 and H2 of `src/pool/README.md`).
//!
//! Time proves little here. Halves and items that wait for each other prove more: a program of P of
//! them on P threads ends only if all of them run at the same time.

use crate::util::{pool, watched};
use manyhands::prelude::*;
use manyhands::{join, scope};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier};

/// How often each shape runs: what is hidden depends on who was idle at which moment.
const ROUNDS: usize = 50;

const THREADS: [usize; 4] = [2, 3, 4, 16];

/// Runs a shape on pools of several sizes, on a worker and on a thread from outside.
fn on_pools(shape: impl Fn(usize) + Sync) {
    watched(|| {
        for threads in THREADS {
            let pool = pool(threads);
            for _ in 0..ROUNDS {
                pool.install(|| shape(threads));
                pool.join(|| shape(threads), || ());
            }
        }
    });
}

/// The first half waits for the second one, below a half that is in public first.
fn meet_in_a_join() {
    let (sender, receiver) = channel();
    join(
        || {
            join(
                move || receiver.recv().unwrap(),
                move || sender.send(1).unwrap(),
            )
        },
        || (),
    );
}

#[test]
fn a_half_may_wait_for_its_sibling() {
    on_pools(|_| meet_in_a_join());
}

#[test]
fn a_half_may_spin_until_its_sibling_has_run() {
    on_pools(|_| {
        let flag = AtomicBool::new(false);
        let wait = || {
            while !flag.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        };
        join(|| join(wait, || flag.store(true, Ordering::Release)), || ());
    });
}

#[test]
fn a_job_of_a_scope_may_hold_such_a_join() {
    on_pools(|_| scope(|s| s.spawn(|_| meet_in_a_join())));
}

/// The half that waits lies at the bottom of a stack of other private halves.
#[test]
fn the_sibling_may_be_private_below_others() {
    fn deeper(depth: usize) {
        match depth {
            0 => meet_in_a_join(),
            _ => {
                join(|| deeper(depth - 1), || ());
            }
        }
    }
    for depth in [1, 5, 31, 32, 33, 100] {
        on_pools(|_| deeper(depth));
    }
}

#[test]
fn a_limited_computation_hides_nothing_from_its_threads() {
    watched(|| {
        let pool = pool(4);
        let two = pool.with_limit(2);
        for _ in 0..ROUNDS {
            two.install(meet_in_a_join);
        }
    });
}

/// A half that was kept because all tokens were out is taken when one comes back.
#[test]
fn a_token_that_comes_back_is_used() {
    watched(|| {
        let pool = pool(3);
        let two = pool.with_limit(2);
        for _ in 0..ROUNDS {
            let both = Barrier::new(2);
            std::thread::scope(|threads| {
                threads.spawn(|| two.install(|| both.wait()));
                two.install(|| {
                    both.wait();
                    meet_in_a_join();
                });
            });
        }
    });
}

/// Three stages of a pipeline with buffers of one item.
#[test]
fn stages_may_wait_for_each_other() {
    watched(|| {
        let pool = pool(3);
        for _ in 0..ROUNDS {
            let (first, input) = sync_channel(1);
            let (second, output) = sync_channel(1);
            let sum = pool.install(|| {
                let produce = move || (0..100).for_each(|i: i32| first.send(i).unwrap());
                let change = move || input.into_iter().for_each(|i| second.send(i + 1).unwrap());
                join(|| join(produce, change), || output.into_iter().sum::<i32>()).1
            });
            assert_eq!(sum, 5050);
        }
    });
}

/// Leaves of a tree that is cut in the middle, at the left end, or at the right end.
fn tree(leaves: usize, left: &(impl Fn(usize) -> usize + Sync), meet: &Barrier) {
    if leaves == 1 {
        meet.wait();
        return;
    }
    let some = left(leaves);
    join(
        || tree(some, left, meet),
        || tree(leaves - some, left, meet),
    );
}

#[test]
fn as_many_leaves_as_threads_meet() {
    on_pools(|threads| tree(threads, &|leaves| leaves / 2, &Barrier::new(threads)));
}

/// A chain of joins whose first half goes on: the second halves are leaves.
#[test]
fn the_leaves_of_a_left_chain_meet() {
    on_pools(|threads| tree(threads, &|leaves| leaves - 1, &Barrier::new(threads)));
}

#[test]
fn the_leaves_of_a_right_chain_meet() {
    on_pools(|threads| tree(threads, &|_| 1, &Barrier::new(threads)));
}

#[test]
fn as_many_jobs_of_a_scope_as_threads_meet() {
    on_pools(|threads| {
        let meet = Barrier::new(threads);
        scope(|s| {
            for _ in 0..threads {
                s.spawn(|_| {
                    meet.wait();
                });
            }
        });
    });
}

#[test]
fn as_many_items_as_threads_meet() {
    on_pools(|threads| {
        let meet = Barrier::new(threads);
        let wait = || {
            meet.wait();
        };
        (0..threads).into_par_iter().for_each(|_| wait());
        vec![0; threads].into_par_iter().for_each(|_| wait());
        let bytes = vec![0; threads * 100];
        bytes.par_chunks(100).for_each(|_| wait());
    });
}

/// Half of the threads meet in each of two inner loops.
#[test]
fn items_of_inner_loops_meet() {
    on_pools(|threads| {
        let each = threads / 2;
        (0..2).into_par_iter().for_each(|_| {
            let meet = Barrier::new(each);
            (0..each).into_par_iter().for_each(|_| {
                meet.wait();
            });
        });
    });
}

/// A thread that waits in a join for its thief reaches what the thief keeps to itself: on two
/// threads nobody else could.
#[test]
fn a_waiter_reaches_into_its_thief() {
    watched(|| {
        let pool = pool(2);
        for _ in 0..ROUNDS {
            let started = Arc::new(Barrier::new(2));
            pool.install(|| {
                // The first half ends once the second one is with the other thread.
                join(
                    || started.wait(),
                    || {
                        started.wait();
                        meet_in_a_join();
                    },
                );
            });
        }
    });
}
