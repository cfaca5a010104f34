//! Go-like channels: `select` over them is fair, and loses nothing when it drops the other arms.

use crate::{elsewhere, in_task};
use futures::{FutureExt, StreamExt, poll};
use futures_concurrency::prelude::*;
use futures_lite::future::{or, race};
use manyhands::spawn;
use manyhands::task::yield_now;
use std::pin::pin;
use std::task::Poll;

const MESSAGES: u64 = 400;

/// Both arms are ready in each of these rounds. If each is taken with a chance of one half, the
/// chance that one of them has less than a third of the rounds is below 10^-100.
const ROUNDS: usize = 5000;

fn assert_fair(left: usize) {
    assert!((ROUNDS / 3..=2 * ROUNDS / 3).contains(&left), "{left}");
}

/// Two channels that always have a message.
fn full() -> [async_channel::Receiver<usize>; 2] {
    [(); 2].map(|()| {
        let (sender, receiver) = async_channel::unbounded();
        for round in 0..ROUNDS {
            sender.try_send(round).unwrap();
        }
        receiver
    })
}

#[test]
fn tokio_select_is_fair() {
    in_task(async || {
        let [left, right] = full();
        let mut lefts = 0;
        for _ in 0..ROUNDS {
            tokio::select! {
                message = left.recv() => lefts += usize::from(message.is_ok()),
                message = right.recv() => assert!(message.is_ok()),
            }
        }
        assert_fair(lefts);
        // Nothing was lost: what is left and what was taken make up what was there.
        assert_eq!(left.len() + right.len(), ROUNDS);
        assert_eq!(left.len(), ROUNDS - lefts);
    });
}

#[test]
fn futures_select_is_fair() {
    in_task(async || {
        let [mut left, mut right] = full().map(Box::pin);
        let mut lefts = 0;
        for _ in 0..ROUNDS {
            futures::select! {
                message = left.next() => lefts += usize::from(message.is_some()),
                message = right.next() => assert!(message.is_some()),
            }
        }
        assert_fair(lefts);
        assert_eq!((left.len(), right.len()), (ROUNDS - lefts, lefts));
    });
}

#[test]
fn race_is_fair() {
    in_task(async || {
        let [left, right] = full();
        let mut lefts = 0;
        for _ in 0..ROUNDS {
            let arms = (left.recv().map(|_| 1), right.recv().map(|_| 0));
            lefts += race(arms.0, arms.1).await;
        }
        assert_fair(lefts);
        assert_eq!((left.len(), right.len()), (ROUNDS - lefts, lefts));
    });
}

/// What is first where arms have an order: the other one gets what the first one leaves.
#[test]
fn biased_selects_keep_their_order() {
    in_task(async || {
        let [left, right] = full();
        for _ in 0..ROUNDS / 2 {
            tokio::select! {
                biased;
                message = left.recv() => assert!(message.is_ok()),
                _ = right.recv() => unreachable!("the left one has messages"),
            }
            let first = or(left.recv().map(|_| true), right.recv().map(|_| false));
            assert!(first.await);
        }
        // Go's `default`: nothing is ready.
        let (_sender, mut none) = futures::channel::mpsc::channel::<()>(1);
        let is_ready = futures::select_biased! {
            _ = none.next() => true,
            default => false,
        };
        assert!(!is_ready);
    });
}

/// Sends numbers into a channel, with pauses in which the other side must wait.
macro_rules! numbers {
    ($sender:ident, $send:ident, $pause:expr) => {
        spawn(async move {
            for number in 0..MESSAGES {
                $sender.$send(number).await.unwrap();
                if number % $pause == 0 {
                    yield_now().await;
                }
            }
        })
    };
}

/// A loop over four channels of four crates. Each round drops three futures that wait; nothing that
/// was sent is lost, or comes twice, or out of order.
#[test]
fn dropped_arms_lose_nothing() {
    in_task(async || {
        let (a, from_a) = async_channel::bounded(2);
        let (b, mut from_b) = tokio::sync::mpsc::channel(2);
        let (c, from_c) = flume::bounded(2);
        let (mut d, mut from_d) = futures::channel::mpsc::channel(2);
        numbers!(a, send, 3);
        numbers!(b, send, 5);
        numbers!(c, send_async, 2);
        spawn(async move {
            for number in 0..MESSAGES {
                futures::SinkExt::send(&mut d, number).await.unwrap();
                yield_now().await;
            }
        });
        let mut next = [0; 4];
        let mut take = |channel: usize, number: u64| {
            assert_eq!(number, next[channel]);
            next[channel] += 1;
        };
        loop {
            tokio::select! {
                Ok(number) = from_a.recv() => take(0, number),
                Some(number) = from_b.recv() => take(1, number),
                Ok(number) = from_c.recv_async() => take(2, number),
                Some(number) = from_d.next() => take(3, number),
                else => break,
            }
        }
        assert_eq!(next, [MESSAGES; 4]);
    });
}

/// Select over a channel to send to: the arm that lost has sent nothing. With `send` its message
/// would be dropped with it, so the arm waits for room only.
#[test]
fn an_arm_that_sends_waits_for_room() {
    in_task(async || {
        let (jobs, mut some_jobs) = tokio::sync::mpsc::channel(1);
        let (ticks, some_ticks) = async_channel::bounded(1);
        let worker = spawn(async move {
            let mut jobs = Vec::new();
            while let Some(job) = some_jobs.recv().await {
                jobs.push(job);
                yield_now().await;
            }
            jobs
        });
        numbers!(ticks, send, 1);
        let (mut job, mut ticks) = (0, 0);
        while job < MESSAGES || ticks < MESSAGES {
            tokio::select! {
                room = jobs.reserve(), if job < MESSAGES => {
                    room.unwrap().send(job);
                    job += 1;
                }
                Ok(tick) = some_ticks.recv(), if ticks < MESSAGES => {
                    assert_eq!(tick, ticks);
                    ticks += 1;
                }
            }
        }
        drop(jobs);
        assert!(worker.await.unwrap().into_iter().eq(0..MESSAGES));

        // The message of a `send` that is dropped goes with it.
        let (sender, receiver) = async_channel::bounded(1);
        sender.send(1).await.unwrap();
        assert!(poll!(pin!(sender.send(2))).is_pending());
        assert_eq!(receiver.try_recv(), Ok(1));
        assert!(receiver.try_recv().is_err());
    });
}

/// Tasks that work until a channel is closed, as Go's `done` channels are.
#[test]
fn a_closed_channel_tells_everybody() {
    in_task(async || {
        let (done, is_done) = async_channel::bounded::<()>(1);
        let (jobs, some_jobs) = async_channel::bounded(4);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (is_done, some_jobs) = (is_done.clone(), some_jobs.clone());
                spawn(async move {
                    let mut sum = 0;
                    loop {
                        tokio::select! {
                            job = some_jobs.recv() => sum += job.unwrap_or(0),
                            _ = is_done.recv() => return sum,
                        }
                    }
                })
            })
            .collect();
        for job in 1..=MESSAGES {
            jobs.send(job).await.unwrap();
        }
        while !some_jobs.is_empty() {
            yield_now().await;
        }
        drop(done);
        let mut sum = 0;
        for worker in workers {
            sum += worker.await.unwrap();
        }
        assert_eq!(sum, MESSAGES * (MESSAGES + 1) / 2);
    });
}

/// The loser of a race is dropped; a task behind it goes on, unless it is told otherwise.
#[test]
fn losers_are_dropped() {
    in_task(async || {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let waits = async move {
            receiver.await.unwrap();
            "waited"
        };
        let quick = async { elsewhere(async { "quick" }).await };
        assert_eq!((waits, quick).race().await, "quick");
        assert!(sender.is_closed());

        let (sender, receiver) = tokio::sync::oneshot::channel();
        let handle = spawn(async move { receiver.await.unwrap() });
        let other = async { Ok(0) };
        assert_eq!((handle, other).race().await.unwrap(), 0);
        // Dropping a handle detaches its task.
        assert!(!sender.is_closed());
        sender.send(1).unwrap();
    });
}

/// Time is an arm like others: `time::sleep` stands for Go's `time.After`.
#[test]
fn a_timer_is_an_arm() {
    use manyhands::time::{Duration, sleep, timeout};
    in_task(async || {
        let (sender, receiver) = flume::bounded::<u64>(1);
        let after = tokio::select! {
            _ = receiver.recv_async() => false,
            () = sleep(Duration::from_millis(1)) => true,
        };
        assert!(after);
        let received = timeout(Duration::from_millis(1), receiver.recv_async()).await;
        assert!(received.is_err());
        // Neither of the dropped receivers has taken what comes now.
        sender.send_async(3).await.unwrap();
        assert_eq!(poll!(pin!(receiver.recv_async())), Poll::Ready(Ok(3)));
    });
}
