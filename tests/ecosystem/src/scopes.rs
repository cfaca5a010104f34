//! Scoped spawns in async code, and what of that is sound.
//!
//! Three things are wanted of a scope: its children borrow, they run on other threads, and the scope
//! can be awaited. A future can be forgotten, so no wait is certain to happen in one: sound are any
//! two of the three. The tests are one for each pair.

use crate::{in_task, util::Census};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use manyhands::task::{JoinSet, yield_now};
use manyhands::{block_on, prelude::*, scope, spawn};
use std::future::pending;
use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const CHILDREN: usize = 20;

async fn letters(word: &str, total: &AtomicUsize) {
    yield_now().await;
    total.fetch_add(word.len(), Ordering::Relaxed);
}

/// They borrow and are parallel: the scope blocks its thread, which lends its core. The bodies are
/// async functions, and need not be `Send`.
#[test]
fn a_blocking_scope_with_async_bodies() {
    in_task(async || {
        let text = "many hands make light work ".repeat(CHILDREN);
        let total = AtomicUsize::new(0);
        let (sender, receiver) = flume::bounded(1);
        scope(|scope| {
            for word in text.split_whitespace() {
                let (total, sender) = (&total, &sender);
                scope.spawn(move |_| {
                    let not_send = std::rc::Rc::new(word);
                    block_on(async move {
                        letters(&not_send, total).await;
                        // Bodies that wait for each other need not be on several threads.
                        sender.send_async(not_send.len()).await.unwrap();
                    });
                });
            }
            let receive = async { receiver.stream().take(5 * CHILDREN).count().await };
            assert_eq!(block_on(receive), 5 * CHILDREN);
        });
        assert_eq!(total.into_inner(), 22 * CHILDREN);
    });
}

/// They borrow and can be awaited: the children are parts of the future that awaits them, and are
/// polled by its task only. What they compute is parallel nevertheless.
#[test]
fn children_inside_of_the_future() {
    in_task(async || {
        let numbers: Vec<u64> = (0..1000).collect();
        let mut sums: FuturesUnordered<_> = numbers
            .chunks(50)
            .map(async |chunk| {
                yield_now().await;
                chunk.par_iter().sum::<u64>()
            })
            .collect();
        let mut sum = 0;
        while let Some(part) = sums.next().await {
            sum += part;
        }
        assert_eq!(sum, 499_500);
    });
}

/// `moro`: children spawn children.
#[test]
fn moro() {
    in_task(async || {
        let words = ["many", "hands", "make", "light", "work"];
        let total = AtomicUsize::new(0);
        let total = &total;
        let sum = moro::async_scope!(|scope| {
            let (scope, mut sum) = (&*scope, 0);
            for &word in &words {
                let child = scope.spawn(async move {
                    // Awaited tasks run on the pool.
                    let length = spawn(async { word.len() }).await.unwrap();
                    let grandchild = scope.spawn(letters(word, total));
                    grandchild.await;
                    length
                });
                sum += child.await;
            }
            sum
        });
        assert_eq!((sum.await, total.load(Ordering::Relaxed)), (22, 22));

        // The first that ends it cancels the others.
        let ended = moro::async_scope!(|scope| -> Result<(), u32> {
            for _ in 0..CHILDREN {
                scope.spawn(pending::<()>());
            }
            scope.terminate::<()>(Err(7)).await;
            Ok(())
        });
        assert_eq!(ended.await, Err(7));
    });
}

/// They are parallel and can be awaited: children own what they use. This scope may be left early,
/// dropped or forgotten.
#[test]
fn an_owned_async_scope() {
    in_task(async || {
        let text: Arc<str> = "many hands make light work ".repeat(CHILDREN).into();
        let census = Census::default();
        let start = || {
            let mut children = JoinSet::new();
            for (at, _) in text.match_indices("light") {
                let (text, counted) = (Arc::clone(&text), census.make());
                children.spawn(async move {
                    let _counted = counted;
                    yield_now().await;
                    text[at..].split_whitespace().next().map(str::len)
                });
            }
            children
        };
        let lengths = start().join_all().await;
        assert_eq!(lengths, [Some(5); CHILDREN]);
        census.assert_all_dropped(CHILDREN);

        // Left after the first: the others are aborted with their set.
        let mut children = start();
        assert_eq!(children.join_next().await.unwrap().unwrap(), Some(5));
        children.shutdown().await;
        census.assert_all_dropped(2 * CHILDREN);

        // Forgotten: they run to their end, and what they own lives until then.
        forget(start());
        while census.dropped() < 3 * CHILDREN {
            yield_now().await;
        }
        census.assert_all_dropped(3 * CHILDREN);
    });
}
