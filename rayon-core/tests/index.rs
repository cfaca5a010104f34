//! Indexes of threads: below the number of threads, and no two threads have one at the same time.
//! The default pool is made by this crate here, so it has workers only.

use rayon_core::{
    ThreadPool, ThreadPoolBuilder, broadcast, current_num_threads, current_thread_index,
    in_place_scope, join, scope, scope_fifo, spawn,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// One place for each index.
struct Table(Vec<AtomicBool>);

impl Table {
    fn new() -> Self {
        Self(
            (0..current_num_threads())
                .map(|_| AtomicBool::new(false))
                .collect(),
        )
    }

    /// Works at this thread's place, where no other thread may be.
    fn work(&self) {
        let index = current_thread_index().expect("all of a program runs on workers");
        let place = &self.0[index];
        assert!(
            !place.swap(true, Ordering::AcqRel),
            "two threads have index {index}"
        );
        for i in 0..200 {
            std::hint::black_box(i);
        }
        place.store(false, Ordering::Release);
    }

    fn tree(&self, depth: u32) {
        self.work();
        if depth > 0 {
            join(|| self.tree(depth - 1), || self.tree(depth - 1));
        }
        self.work();
    }

    /// A bit of everything.
    fn all(&self) {
        join(|| self.tree(6), || self.tree(6));
        scope(|s| {
            for _ in 0..20 {
                s.spawn(|s| {
                    self.tree(2);
                    s.spawn(|_| self.work());
                });
            }
        });
        scope_fifo(|s| {
            for _ in 0..20 {
                s.spawn_fifo(|_| self.tree(2));
            }
        });
        in_place_scope(|s| {
            for _ in 0..20 {
                s.spawn(|_| self.tree(1));
            }
        });
        let indexes = broadcast(|context| {
            self.work();
            (context.index(), current_thread_index().unwrap())
        });
        assert!(
            indexes
                .into_iter()
                .enumerate()
                .all(|(i, pair)| pair == (i, i))
        );
    }
}

#[test]
fn on_the_default_pool_also_from_many_threads_outside() {
    let table = Table::new();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..10 {
                    table.all();
                    assert_eq!(current_thread_index(), None);
                }
            });
        }
    });
}

#[test]
fn on_pools_of_every_size() {
    for size in [1, 2, 3, 8, 33] {
        let pool = ThreadPoolBuilder::new().num_threads(size).build().unwrap();
        let table = pool.install(Table::new);
        assert_eq!(table.0.len(), size);
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| (0..3).for_each(|_| pool.install(|| table.all())));
            }
        });
    }
}

#[test]
fn while_pools_wait_for_each_other() {
    fn bounce(pools: &[ThreadPool; 2], depth: usize) -> usize {
        if depth == 0 {
            return current_thread_index().unwrap();
        }
        let pool = &pools[depth % 2];
        pool.install(|| {
            let (a, b) = join(|| bounce(pools, depth - 1), || bounce(pools, depth - 1));
            assert!(pool.current_thread_index().unwrap() < 2);
            assert!(current_thread_index().unwrap() < current_num_threads());
            a.max(b)
        })
    }
    let pools = [2, 2].map(|n| ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    assert!(bounce(&pools, 6) < 2);
    assert_eq!(pools[0].current_thread_index(), None);
    assert_eq!(pools[0].install(|| pools[1].current_thread_index()), None);
}

#[test]
fn in_spawned_closures() {
    static RUN: AtomicUsize = AtomicUsize::new(0);
    let (done, wait) = channel::<()>();
    for _ in 0..100 {
        let done = done.clone();
        spawn(move || {
            assert!(current_thread_index().unwrap() < current_num_threads());
            let inner = done.clone();
            spawn(move || {
                RUN.fetch_add(1, Ordering::Relaxed);
                drop(inner);
            });
            drop(done);
        });
    }
    drop(done);
    assert!(wait.recv().is_err());
    assert_eq!(RUN.load(Ordering::Relaxed), 100);
}

#[test]
fn the_default_pool_is_that_of_manyhands_and_has_workers_only() {
    let threads = current_num_threads();
    assert_eq!(manyhands::current_num_threads(), threads);
    assert_eq!(manyhands::thread_index_bound(), threads);
    // Futures run there as well.
    let task = manyhands::spawn(async { current_thread_index() });
    assert!(manyhands::block_on(task).unwrap().unwrap() < threads);
}
