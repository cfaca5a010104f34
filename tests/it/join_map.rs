//! Tasks with keys, and tasks in a row.

use crate::util::{Census, SIZES, message_of, pool, watched};
use futures::channel::oneshot;
use manyhands::task::{self, JoinMap, JoinQueue, JoinSet};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::future::pending;
use std::hash::{BuildHasher, Hasher};

#[test]
fn keys_come_with_their_results() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let mut map = JoinMap::new();
                for n in 0..100_u32 {
                    map.spawn(n.to_string(), async move {
                        for _ in 0..n % 5 {
                            task::yield_now().await;
                        }
                        n
                    });
                }
                assert_eq!((map.len(), map.keys().len()), (100, 100));
                let mut seen = BTreeSet::new();
                while let Some((key, result)) = map.join_next().await {
                    assert_eq!(key, result.unwrap().to_string());
                    assert!(!map.contains_key(&key));
                    assert!(seen.insert(key));
                }
                assert_eq!(seen.len(), 100);
                assert!(map.is_empty() && map.try_join_next().is_none());
            });
        }
    });
}

/// All keys have one of two hashes.
#[derive(Clone, Default)]
struct Bad;

struct Parity(u64);

impl Hasher for Parity {
    fn finish(&self) -> u64 {
        self.0 % 2
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 += u64::from(bytes[0]);
    }
}

impl BuildHasher for Bad {
    type Hasher = Parity;

    fn build_hasher(&self) -> Parity {
        Parity(0)
    }
}

#[test]
fn hashes_may_collide() {
    watched(|| {
        pool(2).block_on(async {
            let mut map = JoinMap::with_hasher(Bad);
            for n in 0..20_u8 {
                map.spawn(n, async move { n });
            }
            assert!((0..20_u8).all(|n| map.contains_key(&n)));
            assert!(!map.contains_key(&20));
            // Each is replaced, also in the middle of a bucket.
            for n in (0..20_u8).rev() {
                map.spawn(n, async move { n + 100 });
            }
            assert_eq!(map.len(), 20);
            let mut sums = HashMap::new();
            while let Some((key, result)) = map.join_next().await {
                sums.insert(key, result.unwrap());
            }
            assert!((0..20_u8).all(|n| sums[&n] == n + 100));
            map.spawn(7, async { 7 });
            assert!(map.abort(&7) && !map.abort(&9));
        });
    });
}

#[test]
fn a_replaced_task_is_aborted_and_says_nothing() {
    watched(|| {
        for size in SIZES {
            let census = Census::default();
            let pool = pool(size);
            pool.block_on(async {
                let mut map = JoinMap::new();
                for n in 0..10 {
                    let probe = census.make();
                    map.spawn("key", async move {
                        if n < 9 {
                            pending::<()>().await;
                        }
                        drop(probe);
                        n
                    });
                    assert_eq!(map.len(), 1);
                }
                let (key, result) = map.join_next().await.unwrap();
                assert_eq!((key, result.unwrap()), ("key", 9));
                assert!(map.join_next().await.is_none());
            });
            pool.shutdown();
            census.assert_all_dropped(10);
        }
    });
}

#[test]
fn some_or_all_are_aborted() {
    watched(|| {
        pool(2).block_on(async {
            let mut map = JoinMap::with_capacity_and_hasher(10, RandomState::new());
            for n in 0..10 {
                map.spawn(n, pending::<()>());
            }
            map.abort_matching(|n| n % 2 == 0);
            for _ in 0..5 {
                let (key, result) = map.join_next().await.unwrap();
                assert!(key % 2 == 0 && result.unwrap_err().is_cancelled());
            }
            map.spawn(0, async { panic!("one") });
            let (key, result) = map.join_next().await.unwrap();
            assert!(key == 0 && result.unwrap_err().is_panic());
            map.shutdown().await;
            assert!(map.is_empty());
            map.spawn(1, pending());
            map.detach_all();
            assert!(map.is_empty() && !map.contains_key(&1));
        });
    });
}

#[test]
fn a_queue_keeps_to_the_order_of_spawns() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let mut queue = JoinQueue::new();
                let mut senders = Vec::new();
                for number in 0..20 {
                    let (sender, receiver) = oneshot::channel::<()>();
                    senders.push(sender);
                    queue.spawn(async move {
                        receiver.await.unwrap();
                        number
                    });
                }
                // The last one ends first.
                let last = queue.len() - 1;
                senders.pop().unwrap().send(()).unwrap();
                assert!(queue.try_join_next().is_none());
                for sender in senders {
                    sender.send(()).unwrap();
                }
                for number in 0..last {
                    assert_eq!(queue.join_next().await.unwrap().unwrap(), number);
                }
                let (_, number) = queue.join_next_with_id().await.unwrap().unwrap();
                assert_eq!(number, last);
                assert!(queue.is_empty() && queue.join_next().await.is_none());
            });
        }
    });
}

#[test]
fn a_queue_holds_its_tasks() {
    watched(|| {
        let census = Census::default();
        let pool = pool(2);
        pool.block_on(async {
            let mut queue = JoinQueue::new();
            for _ in 0..10 {
                let probe = census.make();
                queue.spawn(async move {
                    pending::<()>().await;
                    drop(probe);
                });
            }
            let dropped = queue.spawn(pending());
            drop(queue);
            while !dropped.is_finished() {
                task::yield_now().await;
            }
            let mut queue = JoinQueue::new();
            queue.spawn(pending::<()>());
            queue.shutdown().await;
            assert!(queue.is_empty());
            let kept = queue.spawn(async { task::yield_now().await });
            queue.detach_all();
            while !kept.is_finished() {
                task::yield_now().await;
            }
        });
        pool.shutdown();
        census.assert_all_dropped(10);
    });
}

#[test]
fn all_of_a_queue_or_its_panic() {
    watched(|| {
        let pool = pool(2);
        let _entered = pool.enter();
        let queue: JoinQueue<_> = (0..50).map(|n| async move { n }).collect();
        assert_eq!(pool.block_on(queue.join_all()), (0..50).collect::<Vec<_>>());
        let mut queue = JoinQueue::with_capacity(2);
        queue.extend((0..3).map(|n| async move { assert_ne!(n, 1, "one") }));
        let message = message_of(|| pool.block_on(queue.join_all()));
        assert!(message.contains("one"), "{message}");
    });
}

#[test]
fn a_set_is_extended() {
    watched(|| {
        let pool = pool(2);
        let _entered = pool.enter();
        let mut set: JoinSet<_> = (0..10).map(|n| async move { n }).collect();
        set.extend((10..20).map(std::future::ready));
        let mut all = pool.block_on(set.join_all());
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    });
}
