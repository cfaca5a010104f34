//! The budget of a poll: who has one, what spends it, and that others run meanwhile.

use crate::util::{SIZES, panic_of, pool, pool_without_spares, watched};
use futures::channel::mpsc::unbounded;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use manyhands::task::coop::{
    consume_budget, cooperative, has_budget_remaining, poll_proceed, unconstrained,
};
use manyhands::task::{JoinSet, yield_now};
use manyhands::{JoinHandle, Pool, block_in_place, block_on, spawn};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

const FULL: Option<usize> = Some(128);

/// The units that the calling thread could spend now; `None` if there is no limit.
fn left() -> Option<usize> {
    let context = &mut Context::from_waker(Waker::noop());
    let mut units = Vec::new();
    while let Poll::Ready(unit) = poll_proceed(context) {
        units.push(unit);
        if units.len() > 10_000 {
            return None;
        }
    }
    let number = units.len();
    assert!(!has_budget_remaining());
    // They come back, the newest first.
    while units.pop().is_some() {}
    assert_eq!(has_budget_remaining(), number > 0);
    Some(number)
}

/// Runs a future in both kinds of polls with a budget: in a task, and in `block_on`.
fn in_both(pool: &Pool, future: impl Fn() -> futures::future::BoxFuture<'static, ()>) {
    pool.spawn(future()).join().unwrap();
    pool.block_on(future());
}

#[test]
fn polls_have_a_budget_and_nothing_else_has() {
    watched(|| {
        let pool = pool(2);
        assert_eq!(left(), None);
        in_both(&pool, || {
            async {
                assert_eq!(left(), FULL);
                consume_budget().await;
                assert_eq!(left(), Some(127));
                // A `block_on` inside the poll has its own, and a closure has none.
                block_on(async { assert_eq!(left(), FULL) });
                assert_eq!(block_in_place(left), None);
                assert_eq!(left(), Some(127));
                unconstrained(async { assert_eq!(left(), None) }).await;
                assert_eq!(left(), Some(127));
                yield_now().await;
                assert_eq!(left(), Some(127)); // a new poll, and the yield took one unit
            }
            .boxed()
        });
        assert_eq!(pool.spawn_compute(left).join().unwrap(), None);
        assert_eq!(pool.spawn_blocking(left).join().unwrap(), None);
        assert_eq!(pool.install(left), None);
        assert!(panic_of(|| block_on(async { panic!("on purpose") })).is::<&str>());
        assert_eq!(left(), None);
    });
}

#[test]
fn only_results_are_paid_for() {
    watched(|| {
        let pool = pool(1);
        in_both(&pool, || {
            async {
                let (sender, mut receiver) = unbounded::<u32>();
                assert!(cooperative(receiver.next()).now_or_never().is_none());
                let mut never = spawn(pending::<()>());
                assert!((&mut never).now_or_never().is_none());
                never.abort();
                let mut set = JoinSet::new();
                set.spawn(pending::<()>());
                assert!(set.join_next().now_or_never().is_none());
                assert_eq!(left(), FULL);
                sender.unbounded_send(7).unwrap();
                assert_eq!(cooperative(receiver.next()).now_or_never(), Some(Some(7)));
                assert_eq!(left(), Some(127));
            }
            .boxed()
        });
    });
}

/// Handles of tasks that have ended.
async fn ended(number: usize) -> Vec<JoinHandle<()>> {
    let tasks: Vec<_> = (0..number).map(|_| spawn(async {})).collect();
    while !tasks.iter().all(JoinHandle::is_finished) {
        yield_now().await;
    }
    tasks
}

#[test]
fn handles_sets_and_yields_spend_it() {
    watched(|| {
        let pool = pool(2);
        in_both(&pool, || {
            async {
                let mut tasks = ended(200).await.into_iter();
                yield_now().await;
                let mut awaited = 1; // the yield
                while tasks.next().unwrap().now_or_never().is_some() {
                    awaited += 1;
                }
                assert_eq!(awaited, 128);

                let mut set = JoinSet::new();
                for _ in 0..200 {
                    set.spawn(async {});
                }
                yield_now().await;
                let mut awaited = 1;
                loop {
                    match set.join_next().now_or_never() {
                        Some(Some(result)) => result.unwrap(),
                        Some(None) => unreachable!("there are 200 tasks"),
                        None if has_budget_remaining() => {
                            // They have not all ended.
                            yield_now().await;
                            awaited = 1;
                            continue;
                        }
                        None => break,
                    }
                    awaited += 1;
                    if set.len() < 128 {
                        set.spawn(async {});
                    }
                }
                assert_eq!(awaited, 128);
                // What does not wait is free.
                while !set.is_empty() {
                    if set.try_join_next().is_none() {
                        yield_now().await;
                    }
                }
            }
            .boxed()
        });
    });
}

/// Do others run beside a task that is always ready, and can it be aborted?
fn gives_way(pool: &Pool, endless: impl Future<Output = ()> + Send + 'static) {
    let (say, begun) = std::sync::mpsc::channel();
    let task = pool.spawn(async move {
        say.send(()).unwrap();
        endless.await;
    });
    begun.recv().unwrap();
    assert_eq!(pool.spawn(async { 7 }).join().unwrap(), 7);
    task.abort();
    assert!(task.join().unwrap_err().is_cancelled());
}

#[test]
fn what_is_always_ready_lets_others_run_on_a_pool_of_one() {
    watched(|| {
        for pool in [pool(1), pool_without_spares(1)] {
            gives_way(&pool, async {
                loop {
                    consume_budget().await;
                }
            });
            gives_way(&pool, async {
                let (sender, mut receiver) = unbounded();
                loop {
                    sender.unbounded_send(()).unwrap();
                    cooperative(receiver.next()).await.unwrap();
                }
            });
            gives_way(&pool, async {
                let mut set = JoinSet::new();
                loop {
                    set.spawn(async {});
                    set.join_next().await.unwrap().unwrap();
                }
            });
            // No wake comes but that of the refusal.
            let endless = poll_fn(|context| {
                while pin!(consume_budget()).poll(context).is_ready() {}
                Poll::Pending
            });
            gives_way(&pool, endless);
        }
    });
}

#[test]
fn the_future_of_a_block_on_lets_the_pool_run() {
    watched(|| {
        for pool in [pool(1), pool_without_spares(1)] {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&flag);
            drop(pool.spawn(async move { theirs.store(true, Ordering::SeqCst) }));
            pool.block_on(async {
                while !flag.load(Ordering::SeqCst) {
                    consume_budget().await;
                }
            });
        }
    });
}

#[test]
fn many_futures_of_one_task_share_its_budget() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let polls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&polls);
            let all = async move {
                let mut all = join_all((0..2000).map(|_| consume_budget()));
                poll_fn(|context| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    all.poll_unpin(context).map(drop)
                })
                .await;
            };
            pool.spawn(all).join().unwrap();
            assert!(polls.load(Ordering::Relaxed) > 1);
        }
    });
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_refused_future_is_woken_and_an_executor_inside_a_poll_goes_on() {
    watched(|| {
        let pool = pool(1);
        in_both(&pool, || {
            async {
                for _ in 0..128 {
                    consume_budget().await;
                }
                let wakes = Arc::new(Wakes::default());
                let waker = Waker::from(Arc::clone(&wakes));
                assert!(poll_proceed(&mut Context::from_waker(&waker)).is_pending());
                assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
                assert!(!has_budget_remaining());
                // This one knows of no budget, and polls until its future is ready.
                futures::executor::block_on(async {
                    for _ in 0..10_000 {
                        consume_budget().await;
                    }
                });
            }
            .boxed()
        });
    });
}
