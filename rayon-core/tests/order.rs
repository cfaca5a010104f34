//! In which order a thread runs what it has spawned, and who runs it before its turn.

use rayon_core::{
    ThreadPool, ThreadPoolBuilder, Yield, current_thread_has_pending_tasks, join, scope, spawn,
    spawn_fifo, yield_local, yield_now,
};
use std::sync::mpsc::channel;

fn pool_of(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

/// What `spawn_all` has the closures send that it spawns on a pool of one thread.
fn order(
    spawn_all: impl FnOnce(&mut dyn FnMut(u32) -> Box<dyn FnOnce() + Send>) + Send,
) -> Vec<u32> {
    let (sender, receiver) = channel();
    pool_of(1).install(move || {
        spawn_all(&mut |i| {
            let sender = sender.clone();
            Box::new(move || sender.send(i).unwrap())
        });
    });
    receiver.into_iter().collect()
}

#[test]
fn the_newest_runs_first() {
    let seen = order(|send| (0..5).for_each(|i| spawn(send(i))));
    assert_eq!(seen, [4, 3, 2, 1, 0]);
}

#[test]
fn in_order_if_asked() {
    let seen = order(|send| (0..5).for_each(|i| spawn_fifo(send(i))));
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn both_kinds_mixed() {
    // The places of `spawn_fifo` are taken from the newest on, by the oldest of its closures.
    let seen = order(|send| {
        spawn(send(0));
        spawn_fifo(send(1));
        spawn(send(2));
        spawn_fifo(send(3));
    });
    assert_eq!(seen, [1, 2, 3, 0]);
}

#[test]
fn from_outside_in_order() {
    let pool = pool_of(1);
    let (sender, receiver) = channel();
    // The only worker is busy until all of them are there.
    let (go, wait) = channel::<()>();
    pool.spawn(move || assert!(wait.recv().is_err()));
    for i in 0..5 {
        let sender = sender.clone();
        pool.spawn(move || sender.send(i).unwrap());
    }
    drop((go, sender));
    assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn other_threads_take_the_oldest() {
    let pool = pool_of(2);
    let (sender, receiver) = channel();
    let first = pool.install(move || {
        for i in 0..3 {
            let sender = sender.clone();
            spawn(move || sender.send(i).unwrap());
        }
        // This thread waits, so the other one runs one of them.
        receiver.recv().unwrap()
    });
    assert_eq!(first, 0);
}

#[test]
fn yielding_runs_the_newest_here() {
    let here = || std::thread::current().id();
    pool_of(1).install(|| {
        let (sender, receiver) = channel();
        for i in 0..3 {
            let sender = sender.clone();
            spawn(move || sender.send((i, here())).unwrap());
        }
        assert_eq!(yield_now(), Some(Yield::Executed));
        assert_eq!(receiver.try_recv(), Ok((2, here())));
        assert_eq!(yield_local(), Some(Yield::Executed));
        assert_eq!(receiver.try_recv(), Ok((1, here())));
        assert_eq!(yield_local(), Some(Yield::Executed));
        assert_eq!(yield_local(), Some(Yield::Idle));
        assert_eq!(receiver.try_recv(), Ok((0, here())));
    });
    assert_eq!((yield_now(), yield_local()), (None, None));
}

#[test]
fn yielding_comes_to_rest() {
    pool_of(1).install(|| {
        spawn(|| ());
        while yield_now() == Some(Yield::Executed) {}
        assert_eq!(current_thread_has_pending_tasks(), Some(false));
    });
}

#[test]
fn a_panic_of_what_a_yield_runs_goes_to_the_handler() {
    let (sender, receiver) = channel();
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .panic_handler(move |payload| sender.send(payload).unwrap())
        .build()
        .unwrap();
    pool.install(|| {
        spawn(|| panic!("in the middle"));
        assert_eq!(yield_now(), Some(Yield::Executed));
    });
    assert_eq!(
        receiver.recv().unwrap().downcast_ref(),
        Some(&"in the middle")
    );
}

#[test]
fn pending_are_halves_jobs_and_closures() {
    let pending = current_thread_has_pending_tasks;
    assert_eq!(pending(), None);
    let pool = pool_of(1);
    assert_eq!(pool.current_thread_has_pending_tasks(), None);
    pool.install(|| {
        assert_eq!(pending(), Some(false));
        assert_eq!(join(pending, pending), (Some(true), Some(false)));
        let with_job = scope(|s| {
            s.spawn(|_| assert_eq!(pending(), Some(false)));
            pool.current_thread_has_pending_tasks()
        });
        assert_eq!(with_job, Some(true));
        assert_eq!(pending(), Some(false));
        spawn(|| ());
        spawn_fifo(|| ());
        assert_eq!(pending(), Some(true));
        yield_local();
        assert_eq!(pending(), Some(true));
        yield_local();
        assert_eq!(pending(), Some(false));
    });
    let other = pool_of(1);
    assert_eq!(
        other.install(|| pool.current_thread_has_pending_tasks()),
        None
    );
}
