//! Closures of the user around threads: when they are called, on which threads, and their panics.

use crate::util::{spin_until, watched as with_watchdog};
use manyhands::{Pool, PoolBuilder};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Seen {
    starts: AtomicUsize,
    stops: AtomicUsize,
    parks: AtomicUsize,
    unparks: AtomicUsize,
}

fn watched(builder: PoolBuilder) -> (PoolBuilder, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let count = |field: fn(&Seen) -> &AtomicUsize| {
        let seen = Arc::clone(&seen);
        move || {
            field(&seen).fetch_add(1, SeqCst);
        }
    };
    let builder = builder
        .on_thread_start(count(|seen| &seen.starts))
        .on_thread_stop(count(|seen| &seen.stops))
        .on_thread_park(count(|seen| &seen.parks))
        .on_thread_unpark(count(|seen| &seen.unparks));
    (builder, seen)
}

#[test]
fn every_thread_starts_and_stops_once_and_wakes_as_often_as_it_sleeps() {
    with_watchdog(|| {
        let (builder, seen) = watched(Pool::builder().num_threads(2));
        let pool = builder.build().unwrap();
        pool.spawn_blocking(|| ()).join().unwrap();
        // Both workers sleep at last, and one of them also in a wait, while a spare thread runs the task.
        spin_until(|| seen.parks.load(SeqCst) >= 2);
        assert_eq!(
            pool.install(|| manyhands::spawn(async { 7 }).join())
                .unwrap(),
            7
        );
        pool.shutdown();
        let starts = seen.starts.load(SeqCst);
        assert!(starts >= 3, "two workers and a blocking thread: {starts}");
        assert_eq!(seen.stops.load(SeqCst), starts);
        assert_eq!(seen.unparks.load(SeqCst), seen.parks.load(SeqCst));
    });
}

#[test]
fn rayons_handlers_and_tokios_hooks_go_together() {
    with_watchdog(|| {
        let (builder, seen) = watched(Pool::builder().num_threads(3));
        let indexes = Arc::new(Mutex::new(Vec::new()));
        let started = Arc::clone(&indexes);
        let pool = builder
            .start_handler(move |index| started.lock().unwrap().push(index))
            .build()
            .unwrap();
        pool.broadcast(|_| ());
        pool.shutdown();
        let mut indexes = indexes.lock().unwrap();
        indexes.sort_unstable();
        assert_eq!(*indexes, [0, 1, 2]);
        // There may have been a spare thread.
        assert!(seen.starts.load(SeqCst) >= 3);
    });
}

#[test]
fn a_guest_is_no_thread_of_the_pool() {
    with_watchdog(|| {
        let here = std::thread::current().id();
        let calls = Arc::new(AtomicUsize::new(0));
        let count = || {
            let calls = Arc::clone(&calls);
            move || {
                if std::thread::current().id() == here {
                    calls.fetch_add(1, SeqCst);
                }
            }
        };
        let pool = Pool::builder()
            .num_threads(1)
            .on_thread_start(count())
            .on_thread_park(count())
            .on_thread_unpark(count())
            .build()
            .unwrap();
        // This thread sleeps in `block_on`.
        assert_eq!(pool.block_on(pool.spawn(async { 1 })).unwrap(), 1);
        assert_eq!(calls.load(SeqCst), 0);
    });
}

#[test]
fn a_panic_in_a_hook_is_reported_and_the_thread_works_on() {
    with_watchdog(|| {
        let panics = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&panics);
        let pool = Pool::builder()
            .num_threads(1)
            .panic_handler(move |_| {
                count.fetch_add(1, SeqCst);
            })
            .on_thread_start(|| panic!("start"))
            .on_thread_stop(|| panic!("stop"))
            .on_thread_park(|| panic!("park"))
            .on_thread_unpark(|| panic!("unpark"))
            .build()
            .unwrap();
        spin_until(|| panics.load(SeqCst) >= 2);
        assert_eq!(pool.install(|| 6 * 7), 42);
        pool.shutdown();
        assert!(panics.load(SeqCst) >= 4, "start, park, unpark, stop");
    });
}

#[test]
fn what_a_hook_spawns_is_run() {
    with_watchdog(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let left = Arc::new(AtomicUsize::new(3));
        let count = Arc::clone(&ran);
        let pool = Pool::builder()
            .num_threads(1)
            .on_thread_park(move || {
                let more = |left: usize| left.checked_sub(1);
                if left.fetch_update(SeqCst, SeqCst, more).is_ok() {
                    let count = Arc::clone(&count);
                    drop(manyhands::spawn(async move {
                        count.fetch_add(1, SeqCst);
                    }));
                }
            })
            .build()
            .unwrap();
        spin_until(|| ran.load(SeqCst) == 3);
        pool.shutdown();
    });
}
