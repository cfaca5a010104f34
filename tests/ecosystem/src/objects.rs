//! `deadpool`: tasks that borrow objects of which there are few.

use crate::in_task;
use deadpool::managed::{self, Manager, Metrics, RecycleError, RecycleResult};
use deadpool::unmanaged;
use futures::poll;
use manyhands::task::{JoinSet, yield_now};
use manyhands::{prelude::*, time};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SIZE: usize = 3;
const TASKS: usize = 60;

/// Makes scratch buffers; one that has grown too large is not given out again.
#[derive(Debug, Default)]
struct Buffers {
    made: AtomicUsize,
    in_use: Arc<AtomicUsize>,
}

type Pool = managed::Pool<Buffers>;

impl Manager for Buffers {
    type Type = Vec<u64>;
    type Error = Infallible;

    async fn create(&self) -> Result<Vec<u64>, Infallible> {
        self.made.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        Ok(Vec::new())
    }

    async fn recycle(&self, buffer: &mut Vec<u64>, _: &Metrics) -> RecycleResult<Infallible> {
        yield_now().await;
        buffer.clear();
        match buffer.capacity() > 100_000 {
            true => Err(RecycleError::message("too large")),
            false => Ok(()),
        }
    }
}

#[test]
fn a_managed_pool() {
    in_task(async || {
        let manager = Buffers::default();
        let in_use = Arc::clone(&manager.in_use);
        let pool = Pool::builder(manager).max_size(SIZE).build().unwrap();
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (pool, in_use) = (pool.clone(), in_use.clone());
            tasks.spawn(async move {
                let mut buffer = pool.get().await.unwrap();
                assert!(in_use.fetch_add(1, Ordering::SeqCst) < SIZE);
                assert!(buffer.is_empty());
                // A loop fills the buffer that this task has borrowed.
                buffer.par_extend((0..task as u64).into_par_iter().map(|n| n * 2));
                yield_now().await;
                let sum = buffer.par_iter().sum::<u64>();
                in_use.fetch_sub(1, Ordering::SeqCst);
                sum
            });
        }
        let sum: u64 = tasks.join_all().await.into_iter().sum();
        assert_eq!(
            sum,
            (0..TASKS as u64)
                .map(|n| n * n.saturating_sub(1))
                .sum::<u64>()
        );
        let status = pool.status();
        assert!(
            status.size <= SIZE && status.available == status.size,
            "{status:?}"
        );
        assert!(pool.manager().made.load(Ordering::SeqCst) <= SIZE);

        // Too large: the next one is another.
        let made = pool.manager().made.load(Ordering::SeqCst);
        let mut all = Vec::new();
        for _ in 0..SIZE {
            let mut buffer = pool.get().await.unwrap();
            buffer.reserve(200_000);
            all.push(buffer);
        }
        let before = pool.manager().made.load(Ordering::SeqCst);
        assert!(before >= made);
        drop(all);
        assert!(pool.get().await.unwrap().capacity() < 200_000);
        assert_eq!(pool.manager().made.load(Ordering::SeqCst), before + 1);
    });
}

/// Those who wait are served when an object comes back, and a closed pool tells them.
#[test]
fn waiting_giving_up_and_closing() {
    in_task(async || {
        let pool = Pool::builder(Buffers::default())
            .max_size(1)
            .build()
            .unwrap();
        let object = pool.get().await.unwrap();
        // Its own timeouts ask for a runtime that it knows; ours are around it.
        let waited = time::timeout(Duration::from_millis(1), pool.get()).await;
        assert!(waited.is_err());
        {
            let mut gives_up = pin!(pool.get());
            assert!(poll!(&mut gives_up).is_pending());
        }
        let mut waits = pin!(pool.get());
        assert!(poll!(&mut waits).is_pending());
        drop(object);
        let object = waits.await.unwrap();

        let mut waits = pin!(pool.get());
        assert!(poll!(&mut waits).is_pending());
        pool.close();
        assert!(matches!(waits.await, Err(managed::PoolError::Closed)));
        drop(object);
    });
}

#[test]
fn an_unmanaged_pool() {
    in_task(async || {
        let pool = unmanaged::Pool::from((0..SIZE).map(|_| 0_usize).collect::<Vec<_>>());
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let pool = pool.clone();
            tasks.spawn(async move {
                let mut uses = pool.get().await.unwrap();
                let before = *uses;
                yield_now().await;
                *uses = before + 1;
            });
        }
        tasks.join_all().await;
        let mut uses = 0;
        for _ in 0..SIZE {
            uses += unmanaged::Object::take(pool.get().await.unwrap());
        }
        assert_eq!(uses, TASKS);
    });
}
