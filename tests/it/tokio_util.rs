//! Types of tokio-util that need no runtime, in tasks of the pool.

use crate::util::{SIZES, pool, watched};
use manyhands::{block_on, spawn, task};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::future::FutureExt;
use tokio_util::sync::{CancellationToken, PollSemaphore, PollSender, ReusableBoxFuture};
use tokio_util::task::TaskTracker;

#[test]
fn a_cancellation_token_ends_tasks() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let token = CancellationToken::new();
                let waits: Vec<_> = (0..20)
                    .map(|_| {
                        let child = token.child_token();
                        spawn(async move { child.cancelled().await })
                    })
                    .collect();
                let owned = spawn(token.clone().cancelled_owned());
                let other = token.child_token();
                let until = spawn({
                    let token = token.clone();
                    async move { token.run_until_cancelled(pending::<()>()).await }
                });
                let with = spawn(pending::<()>().with_cancellation_token_owned(token.clone()));
                // A child that is cancelled cancels nobody else.
                other.cancel();
                assert!(other.is_cancelled() && !token.is_cancelled());
                task::yield_now().await;
                drop(token.clone().drop_guard());
                for task in waits {
                    task.await.unwrap();
                }
                owned.await.unwrap();
                assert_eq!((until.await.unwrap(), with.await.unwrap()), (None, None));
            });
        }
    });
}

#[test]
fn a_task_tracker_waits_for_tasks() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let (tracker, ended) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
                for n in 0..50 {
                    let ended = Arc::clone(&ended);
                    // (Its own `spawn` is tokio's.)
                    spawn(tracker.track_future(async move {
                        for _ in 0..n % 4 {
                            task::yield_now().await;
                        }
                        ended.fetch_add(1, Ordering::SeqCst);
                    }));
                }
                let token = tracker.token();
                let with_token = spawn(async move {
                    task::yield_now().await;
                    drop(token);
                });
                tracker.close();
                tracker.wait().await;
                assert_eq!(ended.load(Ordering::SeqCst), 50);
                assert!(tracker.is_closed() && tracker.is_empty());
                with_token.await.unwrap();
            });
        }
    });
}

#[test]
fn a_graceful_end() {
    watched(|| {
        let pool = pool(2);
        pool.block_on(async {
            let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
            for _ in 0..10 {
                let token = token.clone();
                spawn(tracker.track_future(async move {
                    while !token.is_cancelled() {
                        task::yield_now().await;
                    }
                }));
            }
            token.cancel();
            tracker.close();
            tracker.wait().await;
        });
    });
}

#[test]
fn the_rest_of_its_sync() {
    watched(|| {
        pool(2).block_on(async {
            let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
            let mut sender = PollSender::new(sender);
            let sends = spawn(async move {
                for n in 0..10 {
                    std::future::poll_fn(|context| sender.poll_reserve(context))
                        .await
                        .unwrap();
                    sender.send_item(n).unwrap();
                }
            });
            for n in 0..10 {
                assert_eq!(receiver.recv().await, Some(n));
            }
            sends.await.unwrap();
            let mut permits = PollSemaphore::new(Arc::new(tokio::sync::Semaphore::new(1)));
            let permit = std::future::poll_fn(|context| permits.poll_acquire(context)).await;
            assert!(permit.is_some());
            let mut reusable = ReusableBoxFuture::new(async { 1 });
            assert_eq!(reusable.get_pin().await, 1);
            reusable.set(async { 2 });
            assert_eq!(spawn(reusable).await.unwrap(), 2);
        });
    });
}

#[test]
fn outside_of_pools() {
    let token = CancellationToken::new();
    token.cancel();
    block_on(token.cancelled());
}
