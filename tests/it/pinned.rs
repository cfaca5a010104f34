//! `LocalPoolHandle`: futures that are not `Send` stay on their threads.

use crate::util::{Census, SIZES, pool, spin_until, watched};
use futures::channel::oneshot;
use manyhands::task::{self, LocalPoolHandle};
use manyhands::{Handle, Pool};
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;

fn threads(pool: &Pool, threads: usize) -> LocalPoolHandle {
    let _entered = pool.enter();
    LocalPoolHandle::new(threads)
}

#[test]
fn each_stays_on_its_thread() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let threads = threads(&pool, 3);
            let tasks: Vec<_> = (0..100)
                .map(|n| {
                    threads.spawn_pinned(move || async move {
                        let (here, not_send) = (thread::current().id(), Rc::new(Cell::new(0)));
                        for _ in 0..n {
                            not_send.set(not_send.get() + 1);
                            task::yield_now().await;
                            // A task of the pool wakes it from another thread.
                            if n % 10 == 0 {
                                manyhands::spawn(task::yield_now()).await.unwrap();
                            }
                            assert_eq!(thread::current().id(), here);
                        }
                        not_send.get()
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join().unwrap(), n);
            }
            spin_until(|| threads.get_task_loads_for_each_worker() == [0, 0, 0]);
        }
    });
}

#[test]
fn the_thread_with_the_fewest_is_chosen() {
    watched(|| {
        let pool = pool(2);
        let threads = threads(&pool, 2);
        assert_eq!(threads.num_threads(), 2);
        let first = threads.spawn_pinned_by_idx(pending::<()>, 0);
        let second = threads.spawn_pinned(pending::<()>);
        assert_eq!(threads.get_task_loads_for_each_worker(), [1, 1]);
        let third = threads.spawn_pinned_by_idx(pending::<()>, 1);
        assert_eq!(threads.clone().get_task_loads_for_each_worker(), [1, 2]);
        for task in [first, second, third] {
            task.abort();
            assert!(task.join().unwrap_err().is_cancelled());
        }
        spin_until(|| threads.get_task_loads_for_each_worker() == [0, 0]);
        // What has no futures has no threads: a new one starts.
        assert_eq!(threads.spawn_pinned(|| async { 1 }).join().unwrap(), 1);
    });
}

#[test]
fn what_is_aborted_is_dropped_on_its_thread() {
    struct Here(thread::ThreadId, mpsc::Sender<bool>, PhantomData<Rc<()>>);
    impl Drop for Here {
        fn drop(&mut self) {
            self.1.send(thread::current().id() == self.0).unwrap();
        }
    }

    watched(|| {
        let pool = pool(2);
        let threads = threads(&pool, 1);
        let (sender, dropped) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let sleeps = threads.spawn_pinned(move || async move {
            let _here = Here(thread::current().id(), sender, PhantomData);
            begin.send(()).unwrap();
            pending::<()>().await;
        });
        begun.recv().unwrap();
        sleeps.abort();
        assert!(sleeps.join().unwrap_err().is_cancelled());
        assert!(dropped.recv().unwrap());
    });
}

#[test]
fn panics_come_out_of_the_handle() {
    watched(|| {
        let pool = pool(1);
        let threads = threads(&pool, 1);
        let made = threads.spawn_pinned(|| -> std::future::Ready<()> { panic!("made") });
        assert!(made.join().unwrap_err().to_string().contains("made"));
        let polled = threads.spawn_pinned(|| async {
            task::yield_now().await;
            panic!("polled")
        });
        let error: manyhands::JoinError = polled.join().unwrap_err();
        assert!(error.to_string().contains("polled"));
        assert_eq!(threads.spawn_pinned(|| async { 1 }).join().unwrap(), 1);
    });
}

#[test]
fn the_end_of_the_pool_drops_them() {
    watched(|| {
        for size in SIZES {
            let census = Census::default();
            let pool = pool(size);
            let threads = threads(&pool, 2);
            let (begin, begun) = mpsc::channel();
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let (probe, begin) = (census.make(), begin.clone());
                    threads.spawn_pinned(move || async move {
                        begin.send(()).unwrap();
                        pending::<()>().await;
                        drop(probe);
                    })
                })
                .collect();
            for _ in 0..5 {
                begun.recv().unwrap();
            }
            pool.shutdown();
            for task in tasks {
                assert!(task.join().unwrap_err().is_cancelled());
            }
            census.assert_all_dropped(10);
            // Too late.
            let probe = census.make();
            let late = threads.spawn_pinned(move || async move { drop(probe) });
            assert!(late.join().unwrap_err().is_cancelled());
            spin_until(|| census.dropped() == 11);
        }
    });
}

#[test]
fn a_detached_one_goes_on() {
    watched(|| {
        let pool = pool(2);
        let threads = threads(&pool, 1);
        let (sender, receiver) = oneshot::channel();
        drop(threads.spawn_pinned(|| async {
            let not_send = Rc::new(7);
            task::yield_now().await;
            sender.send(*not_send).unwrap();
        }));
        assert_eq!(pool.block_on(receiver).unwrap(), 7);
    });
}

#[test]
fn the_pool_serves_them() {
    watched(|| {
        let pool = pool(2);
        let threads = threads(&pool, 1);
        let both = threads.spawn_pinned(|| async {
            assert_eq!(Handle::current().current_num_threads(), 2);
            let not_send = Rc::new(1);
            let (a, b) = manyhands::join(|| 20, || 22);
            // Always ready, and spends more than one budget: others are polled meanwhile.
            let mut rounds = 0;
            poll_fn(|context| {
                rounds += 1;
                context.waker().wake_by_ref();
                match rounds < 1000 {
                    true => Poll::Pending,
                    false => Poll::Ready(()),
                }
            })
            .await;
            for _ in 0..1000 {
                task::consume_budget().await;
            }
            a + b + *not_send
        });
        let turns = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&turns);
        let other = threads.spawn_pinned(move || async move {
            for _ in 0..10 {
                count.fetch_add(1, Ordering::Relaxed);
                task::yield_now().await;
            }
        });
        assert_eq!(both.join().unwrap(), 43);
        other.join().unwrap();
        assert_eq!(turns.load(Ordering::Relaxed), 10);
    });
}
