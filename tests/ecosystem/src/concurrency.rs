//! `futures-concurrency`: `join`, `race`, `merge`, groups and concurrent streams, over tasks and
//! loops.

use crate::{elsewhere, in_block_on, in_task, util};
use futures::StreamExt;
use futures_concurrency::future::FutureGroup;
use futures_concurrency::prelude::*;
use manyhands::task::yield_now;
use manyhands::{compute, prelude::*, spawn};
use std::cell::Cell;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn join_and_try_join() {
    in_task(async || {
        let handles: Vec<_> = (0..20_u32).map(|n| spawn(async move { n * n })).collect();
        let squares = handles.try_join().await.unwrap();
        assert!(squares.into_iter().eq((0..20).map(|n| n * n)));

        let numbers: Vec<u64> = (1..=1000).collect();
        // Futures of one task, which borrow; what is computed in them uses all threads.
        let sum = async { numbers.par_iter().sum::<u64>() };
        let most = async { elsewhere(async { util::fib(12) }).await };
        let mean = compute(|| 7.5);
        assert_eq!((sum, most, mean).join().await, (500_500, 144, 7.5));

        let broken = [0, 1, 2].map(|n| async move { if n == 1 { Err(n) } else { Ok(n) } });
        assert_eq!(broken.try_join().await, Err(1));
    });
}

#[test]
fn race_and_race_ok() {
    in_task(async || {
        let tasks = [3, 0, 2].map(|yields| {
            spawn(async move {
                for _ in 0..yields {
                    yield_now().await;
                }
                yields
            })
        });
        let first = tasks.race().await.unwrap();
        assert!([0, 2, 3].contains(&first));

        let attempts = [1, 2, 3].map(|n| elsewhere(async move { (n == 3).then_some(n).ok_or(n) }));
        assert_eq!(attempts.race_ok().await.ok(), Some(3));
    });
}

#[test]
fn merge_zip_and_groups() {
    in_task(async || {
        let (left, right) = (flume::unbounded(), async_channel::unbounded());
        for (sends, from) in [(0, 0), (1, 100)] {
            let (left, right) = (left.0.clone(), right.0.clone());
            spawn(async move {
                for n in from..from + 100 {
                    match sends {
                        0 => left.send(n).unwrap(),
                        _ => right.try_send(n).unwrap(),
                    }
                    yield_now().await;
                }
            });
        }
        drop((left.0, right.0));
        let streams = (left.1.into_stream(), right.1);
        let mut merged: Vec<u32> = streams.merge().collect().await;
        merged.sort_unstable();
        assert!(merged.into_iter().eq(0..200));

        let mut group = FutureGroup::new();
        for n in 0..50_u64 {
            group.insert(spawn(async move { n }));
        }
        let sum = group.map(Result::unwrap).fold(0, async |a, b| a + b).await;
        assert_eq!(sum, 1225);
    });
}

/// A concurrent stream whose items are tasks: at most four at a time, and four meet.
#[test]
fn into_co_stream() {
    in_task(async || {
        const LIMIT: usize = 4;
        let [running, seen] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let meet = Arc::new(async_lock::Barrier::new(LIMIT));
        let files: Vec<u64> = (0..10 * LIMIT as u64).collect();
        let count = Arc::clone(&seen);
        // (With async closures that borrow, the whole would not be `Send` to the compiler.)
        files
            .into_co_stream()
            .limit(NonZero::new(LIMIT))
            .map(move |n| {
                let (running, meet) = (Arc::clone(&running), Arc::clone(&meet));
                async move {
                    assert!(running.fetch_add(1, Ordering::SeqCst) < LIMIT);
                    let task = spawn(async move {
                        meet.wait().await;
                        (0..=n).into_par_iter().sum::<u64>()
                    });
                    let sum = task.await.unwrap();
                    running.fetch_sub(1, Ordering::SeqCst);
                    (n, sum)
                }
            })
            .for_each(move |(n, sum)| {
                let count = Arc::clone(&count);
                async move {
                    assert_eq!(sum, n * (n + 1) / 2);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            })
            .await;
        assert_eq!(seen.load(Ordering::SeqCst), 10 * LIMIT);
    });
}

/// Futures that are not `Send` are concurrent in `block_on`.
#[test]
fn into_co_stream_in_block_on() {
    in_block_on(async || {
        let sum = Cell::new(0);
        let mut words: Vec<usize> = vec!["many", "hands", "make", "light", "work"]
            .into_co_stream()
            .map(async |word| {
                let letters = elsewhere(async move { word.len() }).await;
                sum.set(sum.get() + letters);
                letters
            })
            .collect()
            .await;
        words.sort_unstable();
        assert_eq!((words, sum.get()), (vec![4, 4, 4, 5, 5], 22));
    });
}
