//! Small crates that others stand on: `atomic-waker`, `waker-fn`, `want`, `sync_wrapper`, `tagptr`.

use crate::in_task;
use atomic_waker::AtomicWaker;
use manyhands::task::{JoinSet, yield_now};
use manyhands::{prelude::*, spawn};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use sync_wrapper::{SyncFuture, SyncWrapper};

const ROUNDS: u64 = 500;

/// A number that counts up, and the task that waits for it.
#[derive(Default)]
struct Counter {
    number: AtomicU64,
    waiter: AtomicWaker,
}

impl Counter {
    fn up(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
        self.waiter.wake();
    }

    async fn at_least(&self, least: u64) {
        let is_there = || self.number.load(Ordering::SeqCst) >= least;
        poll_fn(|context| {
            if is_there() {
                return Poll::Ready(());
            }
            self.waiter.register(context.waker());
            // It may have come before the waker was there.
            match is_there() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

/// Two tasks count by turns: a wake-up that is lost would hang.
#[test]
fn atomic_waker() {
    in_task(async || {
        let [ours, theirs] = [(); 2].map(|()| Arc::new(Counter::default()));
        let other = spawn({
            let (ours, theirs) = (ours.clone(), theirs.clone());
            async move {
                for round in 1..=ROUNDS {
                    ours.at_least(round).await;
                    theirs.up();
                }
            }
        });
        for round in 1..=ROUNDS {
            ours.up();
            theirs.at_least(round).await;
        }
        other.await.unwrap();

        // And from threads that are no threads of the pool.
        let thread = std::thread::spawn({
            let ours = ours.clone();
            move || (0..ROUNDS).for_each(|_| ours.up())
        });
        ours.at_least(2 * ROUNDS).await;
        thread.join().unwrap();
    });
}

/// A handle is polled by hand, with a waker that is a closure.
#[test]
fn waker_fn() {
    in_task(async || {
        let (go, gone) = futures::channel::oneshot::channel();
        let mut handle = pin!(spawn(async move { gone.await.unwrap() }));
        let woken = Arc::new(Counter::default());
        let waker = waker_fn::waker_fn({
            let woken = woken.clone();
            move || woken.up()
        });
        // (A context must not be held across an await.)
        let mut poll = || handle.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        assert_eq!(woken.number.load(Ordering::SeqCst), 0);
        go.send(42).unwrap();
        woken.at_least(1).await;
        match poll() {
            Poll::Ready(answer) => assert_eq!(answer.unwrap(), 42),
            Poll::Pending => panic!("woken, and not done"),
        }
    });
}

/// What is expensive is made only when somebody wants it.
#[test]
fn want() {
    in_task(async || {
        let (mut giver, mut taker) = want::new();
        let (sender, receiver) = async_channel::bounded(1);
        let producer = spawn(async move {
            let mut made = 0;
            while giver.want().await.is_ok() {
                assert!(giver.give());
                made += 1;
                sender.send(made).await.unwrap();
            }
            made
        });
        for wanted in 1..=ROUNDS {
            taker.want();
            assert_eq!(receiver.recv().await, Ok(wanted));
            if wanted % 50 == 0 {
                yield_now().await;
                assert!(receiver.is_empty());
            }
        }
        taker.cancel();
        assert_eq!(producer.await.unwrap(), ROUNDS);
    });
}

/// A future that is `Send` and not `Sync` is shared, and so is a value.
#[test]
fn sync_wrapper() {
    fn is_sync<T: Sync>(value: T) -> T {
        value
    }
    in_task(async || {
        let not_sync = async {
            let cell = Cell::new(1);
            yield_now().await;
            cell.set(cell.get() + 1);
            cell.get()
        };
        assert_eq!(spawn(is_sync(SyncFuture::new(not_sync))).await.unwrap(), 2);

        let mut wrappers: Vec<_> = (0..100)
            .map(|n| is_sync(SyncWrapper::new(Cell::new(n))))
            .collect();
        wrappers.par_iter_mut().for_each(|cell| {
            let cell = cell.get_mut();
            cell.set(cell.get() * 2);
        });
        let cells = wrappers.into_iter().map(|cell| cell.into_inner().get());
        assert_eq!(cells.sum::<u64>(), 9900);
    });
}

/// Entries of a list that tasks claim by a bit of the pointer to each: every entry has one owner.
#[test]
fn tagptr() {
    type Entry = tagptr::AtomicTagPtr<u64, 1>;
    in_task(async || {
        let mut values: Vec<u64> = (0..ROUNDS).collect();
        let entries: Arc<[Entry]> = values
            .iter_mut()
            .map(|value| Entry::new(tagptr::TagPtr::from(ptr::from_mut(value))))
            .collect();
        let claimed = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for start in 0..8 {
            let (entries, claimed) = (Arc::clone(&entries), Arc::clone(&claimed));
            tasks.spawn(async move {
                let mut own = 0;
                for at in 0..entries.len() {
                    let entry = &entries[(at + start * 50) % entries.len()];
                    let (_, tag) = entry.fetch_or(1, Ordering::AcqRel).decompose();
                    own += usize::from(tag == 0);
                    if at % 16 == 0 {
                        yield_now().await;
                    }
                }
                claimed.fetch_add(own, Ordering::Relaxed);
            });
        }
        tasks.join_all().await;
        assert_eq!(claimed.load(Ordering::Relaxed), ROUNDS as usize);
        let sum = entries.iter().map(|entry| {
            let (value, tag) = entry.load(Ordering::Relaxed).decompose();
            assert_eq!(tag, 1);
            // SAFETY: the values live until the end of this block, and nobody writes them.
            unsafe { *value }
        });
        assert_eq!(sum.sum::<u64>(), ROUNDS * (ROUNDS - 1) / 2);
    });
}
