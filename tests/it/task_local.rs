//! Task-locals: a value goes with its future, and nowhere else.

use crate::util::{Census, SIZES, message_of, pool, pool_without_spares, watched};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use manyhands::task::{self, JoinSet};
use manyhands::{block_on, join, spawn, task_local};
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

task_local! {
    static NUMBER: u32;
    /// Not `Clone`, and not `Sync`.
    static STEPS: Cell<u32>;
}
task_local! { static NAME: String }

fn number() -> Option<u32> {
    NUMBER.try_with(|number| *number).ok()
}

#[test]
fn a_value_goes_with_its_future() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let mut set = JoinSet::new();
                for n in 0..100 {
                    set.spawn(NUMBER.scope(n, async move {
                        for _ in 0..20 {
                            assert_eq!(NUMBER.get(), n);
                            task::yield_now().await;
                        }
                        // What it spawns does not inherit the value.
                        assert_eq!(spawn(async { number() }).await.unwrap(), None);
                    }));
                    set.spawn(async {
                        assert_eq!(number(), None);
                        task::yield_now().await;
                        assert_eq!(number(), None);
                    });
                }
                set.join_all().await;
                assert_eq!(number(), None);
            });
        }
    });
}

#[test]
fn inner_values_hide_outer_ones() {
    watched(|| {
        block_on(NUMBER.scope(1, async {
            let inner = NUMBER.scope(2, async {
                assert_eq!(NUMBER.sync_scope(3, number), Some(3));
                task::yield_now().await;
                number()
            });
            assert_eq!(number(), Some(1));
            assert_eq!(inner.await, Some(2));
            assert_eq!(number(), Some(1));
            // Another key is another value.
            NAME.scope("ann".to_owned(), async {
                assert_eq!((number(), NAME.with(String::len)), (Some(1), 3));
            })
            .await;
            assert!(NAME.try_with(|_| ()).is_err());
        }));
    });
}

#[test]
fn futures_that_are_polled_in_turns_keep_their_values() {
    watched(|| {
        let numbers: Vec<_> = block_on(async {
            let futures: FuturesUnordered<_> = (0..20)
                .map(|n| {
                    NUMBER.scope(n, async move {
                        for _ in 0..n {
                            task::yield_now().await;
                            assert_eq!(number(), Some(n));
                        }
                        NUMBER.get()
                    })
                })
                .collect();
            futures.collect().await
        });
        assert_eq!(numbers.iter().sum::<u32>(), 190);
    });
}

#[test]
fn what_a_future_did_to_its_value_lasts() {
    watched(|| {
        block_on(async {
            let mut counted = pin!(STEPS.scope(Cell::new(0), async {
                for _ in 0..5 {
                    STEPS.with(|steps| steps.set(steps.get() + 1));
                    task::yield_now().await;
                }
            }));
            counted.as_mut().await;
            assert_eq!(counted.as_mut().take_value().unwrap().get(), 5);
            assert!(counted.take_value().is_none());
        });
    });
}

#[test]
fn a_future_is_dropped_with_its_value_in_place() {
    /// Notes the number that it sees when it is dropped.
    struct Seen(Arc<Mutex<Vec<Option<u32>>>>);

    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(number());
        }
    }

    watched(|| {
        let pool = pool(2);
        let log = Arc::new(Mutex::new(Vec::new()));
        let scoped = |n| {
            let seen = Seen(Arc::clone(&log));
            NUMBER.scope(n, async move {
                let _seen = seen;
                if n > 1 {
                    pending::<()>().await;
                }
            })
        };
        // By its end, before its first poll, when it waits, and by an abort.
        block_on(scoped(1));
        drop(scoped(2));
        block_on(async {
            let mut waits = Box::pin(scoped(3));
            poll_fn(|context| Poll::Ready(waits.as_mut().poll(context).is_pending())).await;
        });
        let task = pool.spawn(scoped(4));
        task.abort();
        assert!(task.join().is_err());
        assert_eq!(*log.lock().unwrap(), [1, 2, 3, 4].map(Some));
        assert_eq!(number(), None);
    });
}

#[test]
fn a_panic_takes_the_value_away() {
    watched(|| {
        let census = Census::default();
        task_local! { static KEPT: crate::util::Counted; }
        let value = census.make();
        let run = || block_on(KEPT.scope(value, async { panic!("inside") }));
        assert_eq!(message_of(run), "inside");
        census.assert_all_dropped(1);
        assert!(KEPT.try_with(|_| ()).is_err());

        let run = || NUMBER.sync_scope(1, || NUMBER.with(|_| panic!("with")));
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(number(), None);
        assert_eq!(NUMBER.sync_scope(2, number), Some(2));
    });
}

#[test]
fn without_a_value_there_is_a_clear_error() {
    watched(|| {
        let message = message_of(|| NUMBER.get());
        assert!(message.contains("no value here"), "{message}");
        let error = NUMBER.try_with(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), message);
        let message = message_of(|| {
            NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ())));
        });
        assert!(message.contains("inside `with`"), "{message}");
    });
}

#[test]
fn a_computation_does_not_change_what_its_task_sees() {
    watched(|| {
        for size in SIZES {
            pool(size).block_on(async {
                let task = spawn(NUMBER.scope(5, async {
                    let before = NUMBER.get();
                    let (a, b) = join(|| before + 1, || before + 2);
                    task::yield_now().await;
                    (a, b, NUMBER.get())
                }));
                assert_eq!(task.await.unwrap(), (6, 7, 5));
            });
        }
    });
}

#[test]
fn a_stranger_on_top_of_the_poll_sees_nothing() {
    watched(|| {
        let pool = pool_without_spares(1);
        let seen = pool.install(|| {
            let outer = spawn(NUMBER.scope(1, async {
                let stranger = spawn(async { number() });
                // Runs it right here.
                while !stranger.is_finished() {
                    manyhands::yield_now();
                }
                (stranger.await.unwrap(), number())
            }));
            outer.join().unwrap()
        });
        assert_eq!(seen, (None, Some(1)));
    });
}
