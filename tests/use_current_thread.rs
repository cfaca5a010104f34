//! A pool whose worker 0 is this very thread; in a process of its own, because the thread stays one.

use manyhands::{Pool, broadcast, current_num_threads, current_thread_index, join, scope};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn this_thread_is_worker_zero() {
    assert_eq!(current_thread_index(), None);
    let pool = Pool::builder()
        .num_threads(2)
        .use_current_thread()
        .build()
        .unwrap();
    assert_eq!(current_thread_index(), Some(0));
    assert_eq!(current_num_threads(), 2);
    assert_eq!(pool.thread_index_bound(), 2);
    // Free functions and methods mean this pool, and this thread takes part.
    let here = std::thread::current().id();
    assert_eq!(pool.install(|| std::thread::current().id()), here);
    let barrier = Barrier::new(2);
    let meet = || {
        barrier.wait();
        current_thread_index()
    };
    assert_eq!(join(meet, meet), (Some(0), Some(1)));
    assert_eq!(broadcast(|context| context.index()), [0, 1]);
    let count = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..100 {
            s.spawn(|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(count.into_inner(), 100);
    assert_eq!(
        manyhands::block_on(async { manyhands::spawn(async { 5 }).await.unwrap() }),
        5
    );
    // Another thread's calls run on the workers, of which this one only helps while it waits.
    std::thread::scope(|threads| {
        let other = threads.spawn(|| pool.install(current_thread_index));
        assert_eq!(other.join().unwrap(), Some(1));
    });
    // Once only.
    assert!(Pool::builder().use_current_thread().build().is_err());
    pool.shutdown();

    // Alone, a waiting thread does everything itself.
    std::thread::spawn(|| {
        let alone = Pool::builder()
            .num_threads(1)
            .use_current_thread()
            .build()
            .unwrap();
        assert_eq!(join(|| 1, || 2), (1, 2));
        let task = alone.spawn(async {
            manyhands::task::yield_now().await;
            current_thread_index()
        });
        assert_eq!(task.join().unwrap(), Some(0));
        assert_eq!(
            alone.spawn_compute(|| join(|| 3, || 4)).join().unwrap(),
            (3, 4)
        );
        assert_eq!(alone.broadcast(|context| context.index()), [0]);
    })
    .join()
    .unwrap();
}
