//! Panics in the places that are easily forgotten: destructors, foreign wakers, and pieces of a loop
//! beside others.

use crate::util::{Bomb, Census, SIZES, build, fib, message_of, panic_of, pool, spin_until};
use crate::util::{text, watched};
use manyhands::prelude::*;
use manyhands::{JoinHandle, Pool, iter, join, scope, task};
use std::ops::Range;
use std::panic::{panic_any, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// A pool that counts the panics that nobody awaits.
fn counting(size: usize) -> (Pool, Arc<AtomicUsize>) {
    let reported = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reported);
    let pool = build(
        Pool::builder()
            .num_threads(size)
            .panic_handler(move |payload| {
                count.fetch_add(1, Ordering::Relaxed);
                std::mem::forget(payload);
            }),
    );
    (pool, reported)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Await,
    DropHandleFirst,
    DropHandleLast,
    AbortFirst,
    AbortWhileItWaits,
}

/// All combinations of what may panic and what becomes of the handle: the process lives, the
/// future and the output are dropped once, and the task ends.
#[test]
fn whatever_panics_and_whatever_becomes_of_the_handle() {
    struct Piece {
        _counted: crate::util::Counted,
        panics: bool,
    }
    impl Drop for Piece {
        fn drop(&mut self) {
            if self.panics {
                panic_any("drop");
            }
        }
    }

    fn check(pool: &Pool, in_poll: bool, in_drop: bool, in_output: bool, fate: Fate) {
        let census = Census::default();
        let piece = |panics| Piece {
            _counted: census.make(),
            panics,
        };
        let (future, output) = (piece(in_drop), piece(in_output));
        let (start, started) = futures::channel::oneshot::channel::<()>();
        let (say, heard) = mpsc::channel();
        let handle = pool.spawn(async move {
            // Captured, so dropped with the future; the output is dropped before it if never made.
            let future = future;
            say.send(()).unwrap();
            let _ = started.await;
            if in_poll {
                std::mem::forget(output);
                panic_any("poll");
            }
            std::mem::drop(future);
            output
        });
        let watch = handle.abort_handle();
        match fate {
            Fate::AbortFirst => watch.abort(),
            _ => heard.recv().unwrap(),
        }
        let mut handle = Some(handle);
        match fate {
            Fate::AbortWhileItWaits => watch.abort(),
            Fate::DropHandleFirst => drop(handle.take()),
            _ => {}
        }
        let _ = start.send(());
        spin_until(|| watch.is_finished());
        if fate == Fate::Await {
            match handle.take().unwrap().join() {
                Ok(output) => {
                    assert!(!in_poll && !in_drop);
                    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        drop(output);
                    }));
                    assert_eq!(dropped.is_err(), in_output);
                }
                Err(error) => {
                    let expected = if in_poll { "poll" } else { "drop" };
                    assert_eq!(text(&*error.into_panic()), expected);
                }
            }
        }
        drop(handle);
        // The output of a task that panics in its poll was forgotten.
        let (made, forgotten) = (census.made(), usize::from(in_poll));
        spin_until(|| census.dropped() + forgotten >= made || census.dropped() == made);
        assert!(census.dropped() <= made);
    }

    watched(|| {
        for size in [1, 2] {
            let (pool, _) = counting(size);
            for bits in 0..8 {
                for fate in [
                    Fate::Await,
                    Fate::DropHandleFirst,
                    Fate::DropHandleLast,
                    Fate::AbortFirst,
                    Fate::AbortWhileItWaits,
                ] {
                    let [a, b, c] = [1, 2, 4].map(|bit| bits & bit != 0);
                    if a && (b || c) {
                        // A destructor that panics while its future's poll unwinds aborts, as
                        // everywhere in Rust.
                        continue;
                    }
                    if b && c {
                        continue;
                    }
                    check(&pool, a, b, c, fate);
                }
            }
            assert_eq!(pool.install(|| fib(10)), 55);
        }
    });
}

#[test]
fn a_payload_with_a_panicking_drop_is_contained() {
    watched(|| {
        for size in SIZES {
            let (pool, reported) = counting(size);
            // Two payloads; the one that is thrown away explodes.
            let bomb = || panic_any(Bomb("payload"));
            let message = message_of(|| pool.install(|| join(|| panic_any("first"), bomb)));
            assert_eq!(message, "first");
            let message = message_of(|| {
                pool.scope(|s| {
                    (0..5).for_each(|_| s.spawn(move |_| bomb()));
                    panic_any("body")
                })
            });
            assert_eq!(message, "body");
            let error = pool.spawn(async move { bomb() }).join().unwrap_err();
            std::mem::forget(error.into_panic());
            drop(pool.spawn(async move { bomb() }));
            spin_until(|| reported.load(Ordering::Relaxed) == 1);
            assert_eq!(pool.install(|| fib(10)), 55);
        }
    });
}

#[test]
fn destructors_of_jobs_may_panic() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            // What a closure captured,
            let bomb = Bomb("captured");
            let message = message_of(|| {
                pool.scope(|s| {
                    s.spawn(move |_| {
                        let _bomb = &bomb;
                    });
                })
            });
            assert_eq!(message, "captured");
            let bomb = Bomb("captured");
            let message = message_of(|| {
                pool.install(|| {
                    join(
                        || (),
                        move || {
                            let _bomb = &bomb;
                        },
                    )
                })
            });
            assert_eq!(message, "captured");
            // and a result that nobody gets.
            let message = message_of(|| {
                pool.install(|| {
                    scope(|s| {
                        s.spawn(|_| panic_any("job"));
                        Bomb("result")
                    })
                })
            });
            assert_eq!(message, "job");
            assert_eq!(pool.install(|| fib(10)), 55);
        }
    });
}

/// What a [`panicky`] waker does when used so.
const CLONE: usize = 1;
const WAKE: usize = 2;
const DROP: usize = 4;

/// A waker that panics in the functions named by the bits of `when`.
fn panicky(when: usize) -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            check(data, CLONE);
            RawWaker::new(data, &VTABLE)
        },
        |data| check(data, WAKE),
        |data| check(data, WAKE),
        |data| check(data, DROP),
    );
    fn check(data: *const (), what: usize) {
        if data.addr() & what != 0 {
            panic_any("waker");
        }
    }
    // SAFETY: the functions use the data as a number only, on any thread.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::without_provenance(when), &VTABLE)) }
}

fn poll_with<T>(
    handle: &mut JoinHandle<T>,
    waker: &Waker,
) -> Poll<Result<T, manyhands::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

/// A task that waits until the returned sender is used.
fn waiting(pool: &Pool) -> (futures::channel::oneshot::Sender<u32>, JoinHandle<u32>) {
    let (sender, receiver) = futures::channel::oneshot::channel();
    let handle = pool.spawn(async move {
        task::yield_now().await;
        receiver.await.unwrap()
    });
    (sender, handle)
}

#[test]
fn a_waker_that_panics_when_cloned_hurts_only_its_own_poll() {
    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            let (sender, mut handle) = waiting(&pool);
            let waker = panicky(CLONE);
            assert_eq!(message_of(|| poll_with(&mut handle, &waker)), "waker");
            assert!(poll_with(&mut handle, Waker::noop()).is_pending());
            assert_eq!(message_of(|| poll_with(&mut handle, &waker)), "waker");
            sender.send(1).unwrap();
            assert_eq!(handle.join().unwrap(), 1);
        }
    });
}

#[test]
fn a_waker_that_panics_when_woken_is_reported() {
    watched(|| {
        for size in SIZES {
            let (pool, reported) = counting(size);
            let (sender, mut handle) = waiting(&pool);
            let waker = panicky(WAKE);
            assert!(poll_with(&mut handle, &waker).is_pending());
            sender.send(2).unwrap();
            spin_until(|| reported.load(Ordering::Relaxed) == 1);
            assert_eq!(handle.join().unwrap(), 2);
            assert_eq!(pool.install(|| fib(10)), 55);
        }
    });
}

#[test]
fn a_waker_that_panics_when_dropped_loses_no_result() {
    watched(|| {
        for size in SIZES {
            let (pool, reported) = counting(size);
            // Replaced by another: in the poll.
            let (sender, mut handle) = waiting(&pool);
            let waker = panicky(DROP);
            assert!(poll_with(&mut handle, &waker).is_pending());
            assert_eq!(
                message_of(|| poll_with(&mut handle, Waker::noop())),
                "waker"
            );
            sender.send(3).unwrap();
            assert_eq!(handle.join().unwrap(), 3);
            // With the handle: reported.
            let (sender, mut handle) = waiting(&pool);
            assert!(poll_with(&mut handle, &waker).is_pending());
            drop(handle);
            spin_until(|| reported.load(Ordering::Relaxed) == 1);
            drop(sender);
            std::mem::forget(waker);
            assert_eq!(pool.install(|| fib(10)), 55);
        }
    });
}

/// A piece of a loop unwinds while another thread is at another piece. That one ends at its next
/// block, long before its last item.
#[test]
fn a_panic_stops_the_other_pieces() {
    const ITEMS: usize = 20_000;
    type Drive = fn(&(dyn Fn(usize) + Sync));
    let loops: [(&str, Drive); 6] = [
        ("indexed", |item| (0..ITEMS).into_par_iter().for_each(item)),
        ("map and sum", |item| {
            let numbers = (0..ITEMS).into_par_iter().map(|place| {
                item(place);
                place
            });
            assert_eq!(numbers.sum::<usize>(), 0);
        }),
        ("deterministic", |item| {
            (0..ITEMS).into_par_iter().deterministic().for_each(item);
        }),
        ("par_bridge", |item| (0..ITEMS).par_bridge().for_each(item)),
        ("walk_tree", |item| {
            let children = |node: &usize| [2 * node + 1, 2 * node + 2].into_iter();
            let tree = iter::walk_tree_prefix(0, move |node| children(node).filter(|n| *n < ITEMS));
            tree.for_each(item);
        }),
        ("split", |item| {
            let halves = |range: Range<usize>| match range.len() {
                0 | 1 => (range, None),
                len => {
                    let middle = range.start + len / 2;
                    (range.start..middle, Some(middle..range.end))
                }
            };
            iter::split(0..ITEMS, halves).flatten_iter().for_each(item);
        }),
    ];
    for (name, drive) in loops {
        watched(|| {
            let (begun, unwinds) = (AtomicBool::new(false), AtomicBool::new(false));
            let run = AtomicUsize::new(0);
            let item = |place: usize| {
                if place == 0 {
                    // Another thread is at a piece.
                    spin_until(|| begun.load(Ordering::Acquire));
                    unwinds.store(true, Ordering::Release);
                    resume_unwind(Box::new("on purpose"));
                }
                begun.store(true, Ordering::Release);
                spin_until(|| unwinds.load(Ordering::Acquire));
                run.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            };
            let payload = panic_of(|| pool(2).install(|| drive(&item)));
            assert_eq!(text(&*payload), "on purpose");
            let run = run.into_inner();
            assert!(run < ITEMS / 4, "{name}: {run} of {ITEMS} items run on");
        });
    }
}
