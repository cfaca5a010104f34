//! `async-lock` and `tokio::sync`: locks, semaphores, and what wakes others.

use crate::in_task;
use futures::poll;
use manyhands::task::{JoinSet, yield_now};
use manyhands::{prelude::*, spawn};
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TASKS: u64 = 20;
const ROUNDS: u64 = 30;
const PERMITS: usize = 3;

/// Tasks read a number and write it back, with an await or a loop between, while they have it.
async fn no_update_is_lost<G, F>(lock: impl Fn() -> F + Clone + Send + 'static)
where
    G: DerefMut<Target = u64> + Send + 'static,
    F: Future<Output = G> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let lock = lock.clone();
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let mut number = lock().await;
                let before = *number;
                if (task + round) % 3 == 0 {
                    yield_now().await;
                }
                // The wait of this loop runs no other task, so it meets nobody who wants the lock.
                let one = (0..100_u64).into_par_iter().max().unwrap() / 99;
                *number = before + one;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(*lock().await, TASKS * ROUNDS);
}

/// Readers meet while all of them read; writers are alone.
async fn readers_share_and_writers_do_not<R, W, FR, FW>(
    read: impl Fn() -> FR + Clone + Send + 'static,
    write: impl Fn() -> FW + Clone + Send + 'static,
) where
    R: Deref<Target = [u64; 2]> + Send + 'static,
    W: DerefMut<Target = [u64; 2]> + Send + 'static,
    FR: Future<Output = R> + Send + 'static,
    FW: Future<Output = W> + Send + 'static,
{
    const READERS: usize = 3;
    let meet = Arc::new(async_lock::Barrier::new(READERS));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (read, meet) = (read.clone(), Arc::clone(&meet));
        readers.spawn(async move {
            let _pair = read().await;
            meet.wait().await;
        });
    }
    readers.join_all().await;

    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (read, write) = (read.clone(), write.clone());
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                if task % 4 == 0 {
                    let mut pair = write().await;
                    pair[0] += 1;
                    yield_now().await;
                    pair[1] += 1;
                } else {
                    let pair = read().await;
                    assert_eq!(pair[0], pair[1]);
                    yield_now().await;
                    assert_eq!(pair[0], pair[1]);
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(*read().await, [TASKS / 4 * ROUNDS; 2]);
}

/// Three have permits at a time, and never more; with `meet` they wait for each other while they
/// have them.
async fn a_semaphore_admits_three<P: Send + 'static, F>(
    acquire: impl Fn() -> F + Clone + Send + 'static,
    meet: Option<Arc<async_lock::Barrier>>,
) where
    F: Future<Output = P> + Send + 'static,
{
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..10 * PERMITS {
        let (acquire, meet, inside) = (acquire.clone(), meet.clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            let _permit = acquire().await;
            assert!(inside.fetch_add(1, Ordering::SeqCst) < PERMITS);
            match meet {
                Some(meet) => drop(meet.wait().await),
                None => yield_now().await,
            }
            inside.fetch_sub(1, Ordering::SeqCst);
        });
    }
    assert_eq!(tasks.join_all().await.len(), 10 * PERMITS);
}

/// One who stops waiting does not take the lock with it, and neither does an aborted task.
async fn who_gives_up_hands_on<G: Send + 'static, F>(lock: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = G> + Send + 'static,
{
    let guard = lock().await;
    let mut third = Box::pin(lock());
    {
        let second = pin!(lock());
        assert!(poll!(second).is_pending());
        assert!(poll!(&mut third).is_pending());
    }
    drop(guard);
    drop((&mut third).await);
    // (A completed future of `async-lock`'s semaphore takes the next wake-up while it lives.)
    drop(third);

    let (say, said) = futures::channel::oneshot::channel();
    let again = lock.clone();
    let holder = spawn(async move {
        let _guard = again().await;
        say.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    said.await.unwrap();
    let next = spawn(async move { drop(lock().await) });
    holder.abort();
    assert!(holder.await.unwrap_err().is_cancelled());
    next.await.unwrap();
}

#[test]
fn async_lock_mutex() {
    in_task(async || {
        let mutex = Arc::new(async_lock::Mutex::new(0));
        let lock = move || mutex.lock_arc();
        no_update_is_lost(lock.clone()).await;
        who_gives_up_hands_on(lock).await;
    });
}

#[test]
fn async_lock_rwlock() {
    in_task(async || {
        let lock = Arc::new(async_lock::RwLock::new([0; 2]));
        let other = Arc::clone(&lock);
        let read = move || {
            let lock = Arc::clone(&lock);
            async move { lock.read_arc().await }
        };
        let write = move || {
            let lock = Arc::clone(&other);
            async move { lock.write_arc().await }
        };
        readers_share_and_writers_do_not(read, write.clone()).await;
        who_gives_up_hands_on(write).await;
    });
}

#[test]
fn async_lock_semaphore() {
    in_task(async || {
        let semaphore = Arc::new(async_lock::Semaphore::new(PERMITS));
        a_semaphore_admits_three(move || semaphore.acquire_arc(), None).await;
        let one = Arc::new(async_lock::Semaphore::new(1));
        who_gives_up_hands_on(move || one.acquire_arc()).await;
    });
}

#[test]
fn async_lock_once_and_barrier() {
    in_task(async || {
        let cell = Arc::new(async_lock::OnceCell::new());
        let barrier = Arc::new(async_lock::Barrier::new(TASKS as usize));
        let made = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (cell, barrier, made) = (cell.clone(), barrier.clone(), made.clone());
            tasks.spawn(async move {
                let value = cell.get_or_init(async || {
                    yield_now().await;
                    made.fetch_add(1, Ordering::SeqCst)
                });
                assert_eq!(*value.await, 0);
                barrier.wait().await.is_leader()
            });
        }
        let leaders = tasks.join_all().await;
        assert_eq!(leaders.into_iter().filter(|&leads| leads).count(), 1);
        assert_eq!(made.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn tokio_mutex() {
    in_task(async || {
        let mutex = Arc::new(tokio::sync::Mutex::new(0));
        let lock = move || Arc::clone(&mutex).lock_owned();
        no_update_is_lost(lock.clone()).await;
        who_gives_up_hands_on(lock).await;
    });
}

#[test]
fn tokio_rwlock() {
    in_task(async || {
        let lock = Arc::new(tokio::sync::RwLock::new([0; 2]));
        let other = Arc::clone(&lock);
        let read = move || Arc::clone(&lock).read_owned();
        let write = move || Arc::clone(&other).write_owned();
        readers_share_and_writers_do_not(read, write.clone()).await;
        who_gives_up_hands_on(write).await;
    });
}

#[test]
fn tokio_semaphore() {
    in_task(async || {
        let semaphore = Arc::new(tokio::sync::Semaphore::new(PERMITS));
        let acquire = move || Arc::clone(&semaphore).acquire_owned();
        let meet = Arc::new(async_lock::Barrier::new(PERMITS));
        a_semaphore_admits_three(acquire, Some(meet)).await;
        let one = Arc::new(tokio::sync::Semaphore::new(1));
        who_gives_up_hands_on(move || Arc::clone(&one).acquire_owned()).await;
    });
}

#[test]
fn tokio_notify() {
    in_task(async || {
        // Told before anybody waits: kept for the next one, once.
        let notify = tokio::sync::Notify::new();
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        assert!(poll!(pin!(notify.notified())).is_pending());

        // There and back, over and over: a lost notification would hang.
        let [there, back] = [(); 2].map(|()| Arc::new(tokio::sync::Notify::new()));
        let echo = spawn({
            let (there, back) = (there.clone(), back.clone());
            async move {
                for _ in 0..TASKS * ROUNDS {
                    there.notified().await;
                    back.notify_one();
                }
            }
        });
        for _ in 0..TASKS * ROUNDS {
            there.notify_one();
            back.notified().await;
        }
        echo.await.unwrap();

        // All who wait are told at once; they wait from the moment that they are made.
        let notify = Arc::new(notify);
        let waits = (0..TASKS).map(|_| spawn(notify.clone().notified_owned()));
        let waits: Vec<_> = waits.collect();
        notify.notify_waiters();
        for wait in waits {
            wait.await.unwrap();
        }
    });
}

#[test]
fn tokio_once_barrier_and_watch() {
    in_task(async || {
        let cell = Arc::new(tokio::sync::OnceCell::new());
        let barrier = Arc::new(tokio::sync::Barrier::new(TASKS as usize));
        let (publish, watch) = tokio::sync::watch::channel(0);
        let mut tasks = JoinSet::new();
        for number in 1..=TASKS {
            let (cell, barrier, mut watch) = (cell.clone(), barrier.clone(), watch.clone());
            tasks.spawn(async move {
                cell.get_or_init(async || number).await;
                let leads = barrier.wait().await.is_leader();
                // Values between may be missed, the last one is not.
                watch.wait_for(|&value| value == ROUNDS).await.unwrap();
                leads
            });
        }
        for value in 1..=ROUNDS {
            publish.send(value).unwrap();
            yield_now().await;
        }
        let leaders = tasks.join_all().await;
        assert_eq!(leaders.into_iter().filter(|&leads| leads).count(), 1);
        assert!((1..=TASKS).contains(cell.get().unwrap()));
    });
}
