//! A program with futures: manyhands makes the default pool, and this crate's functions use it.

use rayon_core::{ThreadPoolBuilder, current_num_threads, current_thread_index, join, scope};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};

/// The default pool of this process: two permits, spare threads, guests.
fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        manyhands::Pool::builder()
            .num_threads(2)
            .build_global()
            .unwrap()
    });
}

#[test]
fn both_crates_have_one_default_pool() {
    begin();
    assert_eq!(
        (current_num_threads(), manyhands::current_num_threads()),
        (2, 2)
    );
    assert!(
        manyhands::thread_index_bound() > 2,
        "with guests and spare threads"
    );
    let again = ThreadPoolBuilder::new().build_global().unwrap_err();
    assert_eq!(
        again.to_string(),
        "The global thread pool has already been initialized."
    );
    let inside = manyhands::block_on(async {
        let task = manyhands::spawn(async { join(current_num_threads, current_num_threads) });
        task.await.unwrap()
    });
    assert_eq!(inside, (2, 2));
}

#[test]
fn futures_are_polled_while_joins_keep_every_thread_busy() {
    begin();
    manyhands::block_on(async {
        let seen = Arc::new(AtomicBool::new(false));
        let busy = Arc::new(AtomicUsize::new(0));
        let loops: Vec<_> = (0..2)
            .map(|_| {
                let (seen, busy) = (Arc::clone(&seen), Arc::clone(&busy));
                manyhands::spawn(async move {
                    busy.fetch_add(1, Ordering::Release);
                    // Ends when the future below is polled, and not before.
                    while !seen.load(Ordering::Acquire) {
                        join(std::hint::spin_loop, std::hint::spin_loop);
                    }
                })
            })
            .collect();
        while busy.load(Ordering::Acquire) < 2 {
            manyhands::task::yield_now().await;
        }
        manyhands::spawn(async move { seen.store(true, Ordering::Release) })
            .await
            .unwrap();
        for task in loops {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_wait_for_a_stolen_half_runs_no_stranger() {
    begin();
    let lock = Arc::new(Mutex::new(0_u64));
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let lock = Arc::clone(&lock);
            manyhands::spawn(async move {
                for _ in 0..20 {
                    // Held across a join: a stranger on this stack would want it again.
                    let mut sum = lock.lock().unwrap();
                    let (a, b) = join(|| work(1), || work(1));
                    *sum += a + b;
                }
            })
        })
        .collect();
    manyhands::block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*lock.lock().unwrap(), 32 * 20 * 2);
}

fn work(result: u64) -> u64 {
    (0..100).for_each(|i| {
        std::hint::black_box(i);
    });
    result
}

#[test]
fn an_index_is_below_the_number_of_threads_and_has_one_owner() {
    begin();
    let table = [AtomicBool::new(false), AtomicBool::new(false)];
    let visit = || {
        // Guests and spare threads have none.
        let Some(index) = current_thread_index() else {
            return;
        };
        assert!(
            !table[index].swap(true, Ordering::AcqRel),
            "two threads have one index"
        );
        work(0);
        table[index].store(false, Ordering::Release);
    };
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..20 {
                    scope(|s| {
                        for _ in 0..10 {
                            s.spawn(|_| {
                                visit();
                                // A wait that lends its permit to a spare thread.
                                manyhands::spawn(async { work(0) }).join().unwrap();
                                join(visit, visit);
                            });
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn a_pool_of_its_own_has_workers_only() {
    begin();
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        assert_eq!(manyhands::thread_index_bound(), 2);
        let task = manyhands::spawn(async { current_thread_index().unwrap() });
        assert!(task.join().unwrap() < 2);
    });
}
