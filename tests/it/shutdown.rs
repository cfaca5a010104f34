//! How a pool ends: what runs is finished, what has not started says so, and nobody hangs.

use crate::util::{
    Census, Counted, SIZES, build, fib, message_of, occupy, pool, pool_without_spares, spin_until,
    watched,
};
use futures::task::Spawn;
use manyhands::prelude::*;
use manyhands::{Handle, Pool, join, scope, task};
use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

/// Has the end begun?
fn is_ending(pool: &Handle) -> bool {
    pool.status().is_err()
}

#[test]
fn shutdown_waits_for_what_runs() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let handle = pool.handle().clone();
            let ended = Arc::new(AtomicUsize::new(0));
            let (say, heard) = mpsc::channel();
            let work = {
                let (handle, ended) = (handle.clone(), Arc::clone(&ended));
                move || {
                    say.send(()).unwrap();
                    spin_until(|| is_ending(&handle));
                    // Closed waits still work.
                    assert_eq!(join(|| fib(8), || fib(8)), (21, 21));
                    scope(|s| {
                        for _ in 0..10 {
                            s.spawn(|_| {
                                ended.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                    });
                }
            };
            let running = pool.spawn_compute(work.clone());
            heard.recv().unwrap();
            let blocking = pool.spawn_blocking(work);
            heard.recv().unwrap();
            pool.shutdown();
            assert_eq!(ended.load(Ordering::Relaxed), 20);
            running.join().unwrap();
            blocking.join().unwrap();
        }
    });
}

#[test]
fn shutdown_cancels_what_waits_and_what_has_not_started() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let census = Census::default();
            let (say, heard) = mpsc::channel();
            let mut handles = Vec::new();
            for _ in 0..50 {
                let (value, say) = (census.make(), say.clone());
                handles.push(pool.spawn(async move {
                    say.send(()).unwrap();
                    pending::<()>().await;
                    drop(value);
                }));
            }
            for _ in 0..50 {
                heard.recv().unwrap();
            }
            let busy: Vec<_> = (0..size).map(|_| occupy(&pool)).collect();
            for _ in 0..50 {
                let value = census.make();
                handles.push(pool.spawn(async move { drop(value) }));
                let value = census.make();
                handles.push(pool.spawn_compute(move || drop(value)));
            }
            let handle = pool.handle().clone();
            std::thread::scope(|threads| {
                threads.spawn(|| pool.shutdown());
                spin_until(|| is_ending(&handle));
                for busy in busy {
                    drop(busy.release());
                }
            });
            census.assert_all_dropped(150);
            for handle in handles {
                assert!(handle.join().unwrap_err().is_cancelled());
            }
        }
    });
}

#[test]
fn shutdown_timeout_tells_whether_all_threads_have_ended() {
    watched(|| {
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            let pool = pool(2);
            let busy = occupy(&pool);
            assert!(!pool.shutdown_timeout(timeout));
            // The task that was running completes; its poll was its last.
            busy.release().join().unwrap();
        }
        assert!(pool(2).shutdown_timeout(Duration::from_secs(3600)));
        assert!(pool(2).shutdown_timeout(Duration::MAX));
    });
}

#[test]
fn a_pool_may_be_ended_by_its_own_threads() {
    watched(|| {
        for size in SIZES {
            for end in [drop::<Pool>, Pool::shutdown, |pool: Pool| {
                assert!(!pool.shutdown_timeout(Duration::MAX));
            }] {
                // In a task,
                let mine = pool(size);
                let handle = mine.handle().clone();
                handle.spawn(async move { end(mine) }).join().unwrap();
                // an installed closure,
                let mine = pool(size);
                let handle = mine.handle().clone();
                let sum = handle.install(|| {
                    end(mine);
                    join(|| fib(8), || fib(8)).0
                });
                assert_eq!(sum, 21);
                // a scope with jobs in it,
                let mine = pool(size);
                let handle = mine.handle().clone();
                let ran = AtomicUsize::new(0);
                let job = |_: &manyhands::Scope<'_>| {
                    ran.fetch_add(1, Ordering::Relaxed);
                };
                handle.scope(|s| {
                    (0..10).for_each(|_| s.spawn(job));
                    s.spawn(|_| end(mine));
                    (0..10).for_each(|_| s.spawn(job));
                });
                assert_eq!(ran.into_inner(), 20);
                // and a guest.
                let mine = pool(size);
                let handle = mine.handle().clone();
                assert_eq!(handle.join(|| end(mine), || fib(8)).1, 21);
            }
        }
    });
}

/// Ends a pool, and says so.
struct Ends(Option<Pool>, fn(Pool), mpsc::Sender<bool>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            let handle = pool.handle().clone();
            (self.1)(pool);
            // In a destructor of a thread-local the test may be gone already.
            let _ = self.2.send(is_ending(&handle));
        }
    }
}

const ENDS: [fn(Pool); 4] = [
    drop::<Pool>,
    Pool::shutdown,
    Pool::shutdown_background,
    |pool| assert!(!pool.shutdown_timeout(Duration::MAX)),
];

#[test]
fn a_pool_may_be_ended_on_its_blocking_threads() {
    watched(|| {
        for end in ENDS {
            let (say, heard) = mpsc::channel();
            let mine = pool(1);
            let handle = mine.handle().clone();
            let ends = Ends(Some(mine), end, say);
            // (The whole value moves in.)
            let closure = move || drop(ends);
            handle.spawn_blocking(closure).join().unwrap();
            assert_eq!(heard.recv(), Ok(true));
        }
    });
}

#[test]
fn a_pool_may_be_ended_by_its_own_hooks() {
    type Place = Arc<Mutex<Option<Ends>>>;
    fn ends(place: &Place) {
        drop(place.lock().unwrap().take());
    }
    watched(|| {
        for end in ENDS {
            for hook in 0..4 {
                let (say, heard) = mpsc::channel();
                let place = Place::default();
                let theirs = Arc::clone(&place);
                let at_hook = move || ends(&theirs);
                let builder = Pool::builder()
                    .num_threads(1)
                    .thread_keep_alive(Duration::ZERO);
                let builder = match hook {
                    // Of a blocking thread, which begins when the pool is there, and ends soon.
                    0 => builder.on_thread_start(at_hook),
                    1 => builder.on_thread_stop(at_hook),
                    2 => builder.on_thread_park(at_hook),
                    _ => builder.panic_handler(move |_| at_hook()),
                };
                let mine = build(builder);
                let handle = mine.handle().clone();
                *place.lock().unwrap() = Some(Ends(Some(mine), end, say));
                drop(handle.spawn_blocking(|| ()));
                handle.spawn_broadcast(|_| panic!("for the handler"));
                assert_eq!(heard.recv(), Ok(true), "hook {hook}");
            }
        }
    });
}

/// The thread has left its pool before, and still it must not wait for itself.
#[test]
fn a_pool_may_be_ended_by_destructors_of_thread_locals() {
    thread_local! {
        static MINE: RefCell<Option<Ends>> = const { RefCell::new(None) };
    }
    watched(|| {
        for end in ENDS {
            let (say, heard) = mpsc::channel();
            let mine = build(
                Pool::builder()
                    .num_threads(1)
                    .thread_keep_alive(Duration::ZERO),
            );
            let handle = mine.handle().clone();
            let ends = Ends(Some(mine), end, say);
            handle
                .spawn_blocking(move || MINE.set(Some(ends)))
                .join()
                .unwrap();
            assert_eq!(heard.recv(), Ok(true));
        }
    });
}

/// What a thread does at its very end is waited for, on all kinds of threads, also on those that
/// went before the end.
#[test]
fn after_shutdown_the_threads_are_gone() {
    struct Slow(Handle, #[allow(dead_code, reason = "for its drop")] Counted);
    impl Drop for Slow {
        fn drop(&mut self) {
            if self.0.status().is_err() {
                // The end has begun: whoever does not wait for this is gone by now.
                (0..10_000).for_each(|_| std::thread::yield_now());
            }
        }
    }
    thread_local! {
        static LOCAL: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }
    watched(|| {
        for size in SIZES {
            for keep_alive in [Duration::ZERO, Duration::MAX] {
                let pool = build(
                    Pool::builder()
                        .num_threads(size)
                        .thread_keep_alive(keep_alive),
                );
                let census = Census::default();
                let (mark, pool_of_mark) = (census.clone(), pool.handle().clone());
                let mark = move || {
                    LOCAL.with_borrow_mut(|local| {
                        local.get_or_insert_with(|| Slow(pool_of_mark.clone(), mark.make()));
                    });
                };
                pool.broadcast(|_| mark());
                let blocking: Vec<_> = (0..3).map(|_| pool.spawn_blocking(mark.clone())).collect();
                blocking.into_iter().for_each(|it| it.join().unwrap());
                // Spare threads.
                for _ in 0..3 {
                    let wait = || {
                        let mark = mark.clone();
                        manyhands::spawn(async move { mark() }).join().unwrap();
                    };
                    let wait = &wait;
                    pool.scope(|s| (0..2 * size).for_each(|_| s.spawn(move |_| wait())));
                }
                match size {
                    2 => assert!(pool.shutdown_timeout(Duration::MAX)),
                    _ => pool.shutdown(),
                }
                // This thread may have worked as a guest.
                drop(LOCAL.take());
                census.assert_all_dropped(census.made());
            }
        }
    });
}

/// The timeout bounds the wait for destructors of thread-locals, too.
#[test]
fn shutdown_timeout_does_not_wait_for_a_destructor_that_blocks() {
    struct Blocks(mpsc::Receiver<()>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }
    thread_local! {
        static LOCAL: RefCell<Option<Blocks>> = const { RefCell::new(None) };
    }
    watched(|| {
        let pool = pool(2);
        let (release, released) = mpsc::channel();
        let blocks = Blocks(released);
        pool.spawn_blocking(move || LOCAL.set(Some(blocks)))
            .join()
            .unwrap();
        assert!(!pool.shutdown_timeout(Duration::from_millis(50)));
        drop(release);
    });
}

/// The only worker of a pool ends another pool, one of whose closures needs that worker.
#[test]
fn a_worker_that_waits_for_the_end_of_another_pool_lends_its_core() {
    watched(|| {
        let (outer, inner) = (pool(1), pool(1));
        let (say, heard) = mpsc::channel();
        let (theirs, ending) = (outer.handle().clone(), inner.handle().clone());
        let closure = inner.spawn_blocking(move || {
            say.send(()).unwrap();
            spin_until(|| is_ending(&ending));
            theirs.install(|| fib(8))
        });
        heard.recv().unwrap();
        outer.install(|| inner.shutdown());
        assert_eq!(closure.join().unwrap(), 21);
    });
}

/// Whatever a destructor asks of a pool that ends, it gets an answer.
#[test]
fn destructors_that_use_a_pool_that_ends_get_answers() {
    struct Uses(Handle, mpsc::Sender<()>);
    impl Drop for Uses {
        fn drop(&mut self) {
            let pool = &self.0;
            assert!(pool.spawn(async {}).join().unwrap_err().is_cancelled());
            let late = pool.spawn_compute(|| ());
            assert!(late.join().unwrap_err().is_cancelled());
            let late = pool.spawn_blocking(|| ());
            assert!(late.join().unwrap_err().is_cancelled());
            pool.block_on(task::yield_now());
            assert_eq!(pool.install(|| join(|| fib(5), || fib(5))), (5, 5));
            pool.scope(|s| s.spawn(|_| ()));
            self.1.send(()).unwrap();
        }
    }
    watched(|| {
        for make in [pool, pool_without_spares] {
            for size in SIZES {
                for (at, end) in ENDS.into_iter().enumerate() {
                    let last = at == ENDS.len() - 1;
                    let mine = make(size);
                    let handle = mine.handle().clone();
                    let (say, heard) = mpsc::channel();
                    let uses = || Uses(handle.clone(), say.clone());
                    // One in a future that waits, and one in a closure that runs.
                    let waits = uses();
                    let _waits = mine.spawn(async move {
                        pending::<()>().await;
                        drop(waits);
                    });
                    let busy: Vec<_> = (0..size).map(|_| occupy(&mine)).collect();
                    let (begun, begins) = mpsc::channel();
                    let (runs, ending) = (uses(), handle.clone());
                    drop(mine.spawn_blocking(move || {
                        begun.send(()).unwrap();
                        spin_until(|| is_ending(&ending));
                        drop(runs);
                    }));
                    begins.recv().unwrap();
                    std::thread::scope(|threads| {
                        threads.spawn(|| {
                            spin_until(|| is_ending(&handle));
                            busy.into_iter().for_each(|it| drop(it.release()));
                        });
                        match last {
                            true => assert!(mine.shutdown_timeout(Duration::MAX)),
                            false => end(mine),
                        }
                    });
                    (0..2).for_each(|_| heard.recv().unwrap());
                }
            }
        }
    });
}

#[test]
fn pools_may_be_dropped_by_threads_of_other_pools() {
    watched(|| {
        let (outer, inner) = (pool(1), pool(1));
        let handle = inner.handle().clone();
        outer.install(|| {
            inner.install(|| assert_eq!(fib(8), 21));
            inner.shutdown();
        });
        assert!(is_ending(&handle));
        // While one of its threads waits for this one.
        let inner = pool(1);
        let handle = inner.handle().clone();
        handle.install(|| outer.install(|| drop(inner)));
        assert!(is_ending(&handle));
    });
}

#[test]
fn wakers_outlive_the_pool() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let census = Census::default();
            let (sender, receiver) = mpsc::channel();
            let handles: Vec<_> = (0..20)
                .map(|_| {
                    let (value, sender) = (census.make(), sender.clone());
                    pool.spawn(poll_fn(move |context| {
                        let _ = &value;
                        sender.send(context.waker().clone()).unwrap();
                        Poll::<()>::Pending
                    }))
                })
                .collect();
            let wakers: Vec<_> = receiver.iter().take(20).collect();
            pool.shutdown();
            census.assert_all_dropped(20);
            for waker in &wakers {
                waker.wake_by_ref();
            }
            assert!(
                handles
                    .into_iter()
                    .all(|task| task.join().unwrap_err().is_cancelled())
            );
            wakers.into_iter().for_each(|waker| waker.wake());
        }
    });
}

#[test]
fn what_is_spawned_after_the_end_is_cancelled_and_dropped() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let handle = pool.handle().clone();
            pool.shutdown();
            let census = Census::default();
            let values = [census.make(), census.make(), census.make(), census.make()];
            let [a, b, c, d] = values;
            let late = handle.spawn(async move { drop(a) });
            assert!(late.is_finished());
            assert!(late.join().unwrap_err().is_cancelled());
            let late = handle.spawn_compute(move || drop(b));
            assert!(late.join().unwrap_err().is_cancelled());
            let late = handle.spawn_blocking(move || drop(c));
            assert!(late.join().unwrap_err().is_cancelled());
            handle.spawn_broadcast(move |_| {
                let _ = &d;
            });
            census.assert_all_dropped(4);
        }
    });
}

#[test]
fn calls_after_the_end_return_or_say_why_not() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let handle = pool.handle().clone();
            pool.shutdown();
            assert_eq!(handle.join(|| fib(8), || fib(8)), (21, 21));
            assert_eq!(handle.install(|| join(|| fib(8), || fib(8))), (21, 21));
            let mut done = [false; 3];
            handle.scope(|s| s.spawn(|_| done[0] = true));
            handle.scope_fifo(|s| s.spawn_fifo(|_| done[1] = true));
            handle.in_place_scope(|s| s.spawn(|_| done[2] = true));
            assert_eq!(done, [true; 3]);
            handle.block_on(async { task::yield_now().await });
            let message = message_of(|| handle.broadcast(|_| ()));
            assert!(message.contains("shut down"), "{message}");
        }
    });
}

/// Without guest seats such a call takes the seat of a worker that has ended.
#[test]
fn calls_after_the_end_of_a_pool_without_spares_return() {
    watched(|| {
        for size in SIZES {
            let pool = pool_without_spares(size);
            let handle = pool.handle().clone();
            pool.shutdown();
            assert_calls_return(&handle);
            let sum = handle.install(|| (0..1000_u32).into_par_iter().sum::<u32>());
            assert_eq!(sum, 499_500);
            let index = handle.install(manyhands::current_thread_index);
            assert!(index.unwrap() < size);
        }
    });
}

/// Calls that return a value do so, on this thread.
fn assert_calls_return(pool: &Handle) {
    let caller = std::thread::current().id();
    let is_here = || std::thread::current().id() == caller;
    assert!(pool.install(is_here));
    assert_eq!(pool.join(is_here, is_here), (true, true));
    // Another call from outside may take it along.
    assert!(pool.with_limit(1).install(|| true));
    assert_eq!(pool.with_limit(1).join(|| fib(8), || fib(8)), (21, 21));
    let mut done = [false; 3];
    pool.scope(|s| s.spawn(|_| done[0] = true));
    pool.scope_fifo(|s| s.spawn_fifo(|_| done[1] = true));
    pool.in_place_scope(|s| s.spawn(|_| done[2] = true));
    assert_eq!(done, [true; 3]);
    assert_eq!(pool.block_on(async { fib(8) }), 21);
    assert!(pool.spawn(async {}).join().unwrap_err().is_cancelled());
    let late = pool.spawn_blocking(|| ());
    assert!(late.join().unwrap_err().is_cancelled());
}

/// A closure that occupies a blocking thread keeps nobody waiting but those who wait for the end.
#[test]
fn calls_return_while_a_blocking_closure_outlives_the_workers() {
    watched(|| {
        for make in [pool, pool_without_spares] {
            for size in SIZES {
                let pool = make(size);
                let handle = pool.handle().clone();
                let (say, heard) = mpsc::channel();
                let (go, wait) = mpsc::channel::<()>();
                let inside = handle.clone();
                let blocking = handle.spawn_blocking(move || {
                    say.send(()).unwrap();
                    wait.recv().unwrap();
                    assert_calls_return(&inside);
                    wait.recv().unwrap();
                });
                heard.recv().unwrap();
                drop(pool);
                spin_until(|| handle.metrics().threads == 1);
                assert_calls_return(&handle);
                go.send(()).unwrap();
                assert_calls_return(&handle);
                go.send(()).unwrap();
                blocking.join().unwrap();
            }
        }
    });
}

/// The same while the workers are about to end, so that some of them may still run the call.
#[test]
fn calls_that_race_the_end_return() {
    watched(|| {
        for round in 0..300 {
            let pool = match round % 2 {
                0 => pool(1 + round % 3),
                _ => pool_without_spares(1 + round % 3),
            };
            let handle = pool.handle().clone();
            let (say, heard) = mpsc::channel();
            let (go, wait) = mpsc::channel::<()>();
            let blocking = handle.spawn_blocking(move || {
                say.send(()).unwrap();
                wait.recv().is_err()
            });
            heard.recv().unwrap();
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    spin_until(|| is_ending(&handle));
                    assert_eq!(handle.install(|| fib(5)), 5);
                    assert_eq!(handle.join(|| fib(5), || fib(5)), (5, 5));
                });
                drop(pool);
            });
            drop(go);
            assert!(blocking.join().unwrap());
        }
    });
}

/// A destructor that computes, in a closure that drops the last owner of its pool.
#[test]
fn destructors_on_blocking_threads_compute_after_the_end() {
    struct Computes(Handle, mpsc::Sender<u64>);
    impl Drop for Computes {
        fn drop(&mut self) {
            self.1.send(self.0.install(|| fib(8)) + fib(8)).unwrap();
        }
    }
    watched(|| {
        for make in [pool, pool_without_spares] {
            let pool = make(2);
            let handle = pool.handle().clone();
            let (say, heard) = mpsc::channel();
            let value = Computes(handle.clone(), say);
            let closure = move || {
                drop(pool);
                spin_until(|| value.0.metrics().threads == 1);
                drop(value);
            };
            handle.spawn_blocking(closure).join().unwrap();
            assert_eq!(heard.recv(), Ok(2 * 21));
        }
    });
}

/// A thread of another pool has a seat already, which serves.
#[test]
fn calls_after_the_end_return_on_threads_of_other_pools() {
    watched(|| {
        for make in [pool, pool_without_spares] {
            let (outer, inner) = (make(1), make(2));
            let handle = inner.handle().clone();
            inner.shutdown();
            outer.install(|| {
                assert_calls_return(&handle);
                // A call inside a call, under one limit.
                let limited = handle.with_limit(1);
                assert_eq!(limited.install(|| limited.install(|| fib(8))), 21);
            });
        }
    });
}

#[test]
fn two_thousand_pools() {
    watched(|| {
        for i in 0..2000_u64 {
            let pool = Pool::builder()
                .num_threads(1 + i as usize % 3)
                .build()
                .unwrap();
            let handle = match i % 5 {
                0 => None,
                1 => Some(pool.spawn(async move { i })),
                2 => {
                    assert_eq!(pool.install(|| join(|| i, || i)), (i, i));
                    None
                }
                3 => {
                    assert_eq!(pool.join(|| i, || i), (i, i));
                    None
                }
                _ => Some(pool.spawn_compute(move || i)),
            };
            if i % 2 == 0 {
                pool.shutdown();
            } else {
                drop(pool);
            }
            if let Some(handle) = handle {
                match handle.join() {
                    Ok(value) => assert_eq!(value, i),
                    Err(error) => assert!(error.is_cancelled()),
                }
            }
        }
    });
}

#[test]
fn spawns_that_race_the_end_run_or_say_that_they_did_not() {
    watched(|| {
        for round in 0..100 {
            let pool = Pool::builder().num_threads(1 + round % 3).build().unwrap();
            let handle = pool.handle().clone();
            let census = Census::default();
            let (ran, over) = (Arc::new(AtomicUsize::new(0)), AtomicBool::new(false));
            let (finished, spawned) = std::thread::scope(|threads| {
                let spawner = threads.spawn(|| {
                    let mut handles = Vec::new();
                    while !over.load(Ordering::Acquire) || handles.is_empty() {
                        let (value, ran) = (census.make(), Arc::clone(&ran));
                        let job = move || {
                            ran.fetch_add(1, Ordering::Relaxed);
                            drop(value);
                        };
                        handles.push(match handles.len() % 3 {
                            0 => handle.spawn(async move { job() }),
                            1 => handle.spawn_compute(job),
                            _ => handle.spawn_blocking(job),
                        });
                    }
                    let spawned = handles.len();
                    let finished = handles
                        .into_iter()
                        .map(|handle| handle.join())
                        .filter(|result| match result {
                            Ok(()) => true,
                            Err(error) => {
                                assert!(error.is_cancelled());
                                false
                            }
                        })
                        .count();
                    (finished, spawned)
                });
                spin_until(|| census.made() > round % 20);
                pool.shutdown();
                over.store(true, Ordering::Release);
                spawner.join().unwrap()
            });
            assert_eq!(ran.load(Ordering::Relaxed), finished);
            census.assert_all_dropped(spawned);
        }
    });
}
