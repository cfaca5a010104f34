//! Cancelling: what has begun goes on to its end, except for regions that asked to be cut.

use crate::util::{
    SIZES, message_of, occupy, panic_of, pool, pool_without_spares, spin_until, watched,
};
use manyhands::prelude::*;
use manyhands::task::JoinSet;
use manyhands::{
    Cancelled, Pool, broadcast, cancellable, is_cancelled, join, scope, shield, spawn_compute,
};
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once, mpsc};

/// How a closure runs, and what cancels it while it does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Abort,
    AbortAsync,
    AbortBlocking,
    DropCompute,
    DropSet,
    Shutdown,
}

const WAYS: [Way; 6] = [
    Way::Abort,
    Way::AbortAsync,
    Way::AbortBlocking,
    Way::DropCompute,
    Way::DropSet,
    Way::Shutdown,
];

/// Where work waits until it has been cancelled.
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Says that the work runs, and waits until it was cancelled.
    fn pass(&self) {
        self.0.store(true, Ordering::Release);
        spin_until(is_cancelled);
    }

    fn is_reached(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Runs `work` on the pool, cancels it when it is at the gate, and returns what it returns then.
fn cancelled<R: Send + 'static>(
    pool: Pool,
    way: Way,
    work: impl FnOnce(&Gate) -> R + Send + 'static,
) -> R {
    let gate = Gate::default();
    let inside = gate.clone();
    let (sender, receiver) = mpsc::channel();
    let work = move || sender.send(work(&inside)).unwrap();
    let at_the_gate = || spin_until(|| gate.is_reached());
    match way {
        Way::Abort | Way::AbortAsync | Way::AbortBlocking => {
            let task = match way {
                Way::Abort => pool.spawn_compute(work),
                Way::AbortAsync => pool.spawn(async move { work() }),
                _ => pool.spawn_blocking({
                    let handle = pool.handle().clone();
                    move || handle.in_place_scope(|_| work())
                }),
            };
            at_the_gate();
            task.abort();
            // It had begun, so it has a result.
            task.join().unwrap();
        }
        Way::DropCompute => {
            let mut computation = pool.compute(work);
            let first = futures::FutureExt::now_or_never(&mut computation);
            assert!(first.is_none());
            at_the_gate();
            drop(computation);
        }
        Way::DropSet => {
            let mut set = JoinSet::new();
            set.spawn_on(async move { work() }, &pool);
            at_the_gate();
            drop(set);
        }
        Way::Shutdown => {
            let task = pool.spawn_compute(work);
            at_the_gate();
            pool.shutdown();
            task.join().unwrap();
        }
    }
    receiver.recv().expect("it runs to its end")
}

/// Cancels `work` in every way, on pools of every size.
fn everywhere<R: Send + 'static>(
    work: impl Fn(&Gate) -> R + Clone + Send + Sync + 'static,
    check: impl Fn(R) + Sync,
) {
    watched(|| {
        for way in WAYS {
            for size in SIZES {
                check(cancelled(pool(size), way, work.clone()));
            }
        }
    });
}

/// A loop, a join and a scope, cancelled during the first item.
fn whole(gate: &Gate) -> u64 {
    let numbers = (0..1000_u32).into_par_iter().with_max_len(1);
    let sum: u32 = numbers
        .inspect(|&n| {
            if n == 0 {
                gate.pass();
            }
        })
        .sum();
    let (left, right) = join(|| (0..100_u64).into_par_iter().sum::<u64>(), || 1);
    let more = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..10 {
            s.spawn(|_| {
                more.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    u64::from(sum) + left + right + more.into_inner() as u64
}

const WHOLE: u64 = 499_500 + 4950 + 1 + 10;

#[test]
fn what_has_begun_goes_on_to_its_end() {
    everywhere(whole, |sum| assert_eq!(sum, WHOLE));
}

#[test]
fn nothing_is_poisoned() {
    let work = |gate: &Gate| {
        let (inner, once) = (gate.clone(), Once::new());
        let lazy = LazyLock::new(move || whole(&inner));
        assert_eq!(*lazy, WHOLE);
        once.call_once(|| assert_eq!(whole(gate), WHOLE));
        let mutex = Mutex::new(0);
        {
            let mut sum = mutex.lock().unwrap();
            *sum += whole(gate);
        }
        assert!(once.is_completed() && !mutex.is_poisoned());
        *lazy
    };
    everywhere(work, |sum| assert_eq!(sum, WHOLE));
}

#[test]
fn data_that_was_taken_out_is_put_back() {
    let work = |gate: &Gate| {
        let items = Mutex::new((0..1000).collect::<Vec<u64>>());
        let mut guard = items.lock().unwrap();
        let old = std::mem::take(&mut *guard);
        let inside = gate.clone();
        *guard = old
            .into_par_iter()
            .with_max_len(1)
            .map(|n| {
                if n == 0 {
                    inside.pass();
                }
                n
            })
            .collect();
        guard.len()
    };
    everywhere(work, |len| assert_eq!(len, 1000));
}

#[test]
fn a_loop_that_retries_after_panics_ends_at_once() {
    let work = |gate: &Gate| {
        let mut tries = 0;
        loop {
            tries += 1;
            if let Ok(sum) = catch_unwind(AssertUnwindSafe(|| whole(gate))) {
                break (sum, tries);
            }
        }
    };
    everywhere(work, |end| assert_eq!(end, (WHOLE, 1)));
}

#[test]
fn frames_that_cannot_unwind_are_left_alone() {
    extern "C" fn callback(gate: &Gate) -> u64 {
        whole(gate)
    }
    everywhere(|gate| callback(gate), |sum| assert_eq!(sum, WHOLE));
}

/// Loops over all its items when it is dropped.
struct Flush(Arc<AtomicUsize>);

impl Flush {
    const ITEMS: usize = 1000;
}

impl Drop for Flush {
    fn drop(&mut self) {
        (0..Self::ITEMS)
            .into_par_iter()
            .with_max_len(1)
            .for_each(|_| {
                join(|| self.0.fetch_add(1, Ordering::Relaxed), || ());
            });
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn destructors_run_whole() {
    // Outside of a region ...
    let ends_normally = |gate: &Gate| {
        let flushed = Arc::default();
        let flush = Flush(Arc::clone(&flushed));
        gate.pass();
        drop(flush);
        flushed.load(Ordering::Relaxed)
    };
    everywhere(ends_normally, |n| assert_eq!(n, Flush::ITEMS + 1));
    // ... and in one that is left: the thread unwinds.
    let cut = |gate: &Gate| {
        let flushed = Arc::default();
        let result = cancellable(|| {
            let (_first, _second) = (Flush(Arc::clone(&flushed)), Flush(Arc::clone(&flushed)));
            gate.pass();
            endless_loop();
        });
        assert_eq!(result, Err(Cancelled));
        flushed.load(Ordering::Relaxed)
    };
    everywhere(cut, |n| assert_eq!(n, 2 * (Flush::ITEMS + 1)));
    let panics = |gate: &Gate| {
        let flushed = Arc::default();
        let message = message_of(|| {
            cancellable(|| {
                let _flush = Flush(Arc::clone(&flushed));
                gate.pass();
                panic_any("as asked for");
            })
        });
        assert_eq!(message, "as asked for");
        flushed.load(Ordering::Relaxed)
    };
    everywhere(panics, |n| assert_eq!(n, Flush::ITEMS + 1));
}

fn endless_loop() {
    // A loop over nothing at all has an end: a release build runs a block of any length at once.
    (0..u64::MAX).into_par_iter().for_each(|n| {
        black_box(n);
    });
}

/// Work without an end.
const ENDLESS: [(&str, fn()); 12] = [
    ("a loop", endless_loop),
    ("loops that cannot be divided", || {
        loop {
            (0..1).into_par_iter().for_each(|_| ());
        }
    }),
    ("joins", || {
        loop {
            join(|| (), || ());
        }
    }),
    ("scopes", || {
        loop {
            scope(|s| s.spawn(|_| ()));
        }
    }),
    ("jobs of one scope", || {
        fn again<'scope>(s: &manyhands::Scope<'scope>) {
            s.spawn(again);
        }
        scope(again);
    }),
    ("jobs of one scope, in order", || {
        fn again<'scope>(s: &manyhands::ScopeFifo<'scope>) {
            for _ in 0..2 {
                s.spawn_fifo(|_| ());
            }
            s.spawn_fifo(again);
        }
        manyhands::scope_fifo(again);
    }),
    ("a bridge", || {
        std::iter::repeat(1).par_bridge().for_each(|_| ());
    }),
    ("an ordered loop", || {
        let ones = std::iter::repeat(1);
        ones.par_map_ordered(10, |n| n).for_each(|_| ());
    }),
    ("sorts", || {
        let mut numbers: Vec<u64> = (0..10_000).rev().collect();
        loop {
            numbers.par_sort_unstable_by_key(|n| n % 1000);
            numbers.par_sort();
        }
    }),
    ("a loop on another pool", || {
        let other = pool(2);
        other.install(endless_loop);
    }),
    ("loops in loops", || {
        (0..100).into_par_iter().for_each(|_| {
            endless_loop();
        });
    }),
    ("loops in joins and scopes", || {
        let forever = endless_loop;
        join(forever, || scope(|s| s.spawn(|_| forever())));
    }),
];

#[test]
fn a_region_is_left() {
    for (name, endless) in ENDLESS {
        let work = move |gate: &Gate| {
            let result = cancellable(|| {
                let ((), ()) = join(|| gate.pass(), || ());
                endless();
            });
            // After the region all goes on as usual.
            (result, (0..100).into_par_iter().sum::<u32>())
        };
        everywhere(work, |end| {
            assert_eq!(end, (Err(Cancelled), 4950), "{name}")
        });
    }
}

/// A thread for blocking closures has no seat, and takes none for such a loop.
#[test]
fn a_region_is_left_without_a_seat() {
    watched(|| {
        let pool = pool(1);
        let (started, has_started) = mpsc::channel();
        let task = pool.spawn_blocking(move || {
            cancellable(|| {
                started.send(()).unwrap();
                spin_until(is_cancelled);
                (0..1).into_par_iter().for_each(|_| ());
                unreachable!();
            })
        });
        has_started.recv().unwrap();
        task.abort();
        assert_eq!(task.join().unwrap(), Err(Cancelled));
    });
}

/// It begins while nothing is cancelled yet, on as many threads as there are.
#[test]
fn a_region_is_left_in_the_middle() {
    for (_, endless) in ENDLESS {
        watched(|| {
            for size in SIZES.into_iter().cycle().take(9) {
                let pool = pool(size);
                let (started, has_started) = mpsc::channel();
                let task = pool.spawn_compute(move || {
                    cancellable(|| {
                        started.send(()).unwrap();
                        endless();
                    })
                });
                has_started.recv().unwrap();
                // Some of the times, others have joined in by now.
                for _ in 0..10 {
                    std::thread::yield_now();
                }
                task.abort();
                assert_eq!(task.join().unwrap(), Err(Cancelled));
            }
        });
    }
}

#[test]
fn a_broadcast_is_left() {
    watched(|| {
        for size in SIZES {
            let end = cancelled(pool(size), Way::Abort, |gate| {
                cancellable(|| {
                    gate.pass();
                    broadcast(|_| ());
                    unreachable!();
                })
            });
            assert_eq!(end, Err(Cancelled));
        }
    });
}

/// Halves that wait outside of a region belong to joins that nobody asked to cut. They are taken
/// while their owner is inside.
#[test]
fn the_halves_around_a_region_run() {
    fn nested(depth: usize, ran: &AtomicUsize, inside: &(dyn Fn() + Sync)) {
        if depth == 0 {
            inside();
            return;
        }
        join(
            || nested(depth - 1, ran, inside),
            || ran.fetch_add(1, Ordering::Relaxed),
        );
    }

    watched(|| {
        for _ in 0..20 {
            let pool = pool_without_spares(2);
            let busy = occupy(&pool);
            let handle = pool.handle().clone();
            let began = Arc::new(AtomicBool::new(false));
            let says = Arc::clone(&began);
            let task = handle.spawn_compute(move || {
                let ran = AtomicUsize::new(0);
                nested(8, &ran, &|| {
                    let result = cancellable(|| {
                        says.store(true, Ordering::Release);
                        spin_until(is_cancelled);
                        // The other thread comes now, and takes them all.
                        spin_until(|| ran.load(Ordering::Relaxed) == 8);
                        endless_loop();
                    });
                    assert_eq!(result, Err(Cancelled));
                });
                ran.into_inner()
            });
            spin_until(|| began.load(Ordering::Acquire));
            task.abort();
            busy.release().join().unwrap();
            assert_eq!(task.join().unwrap(), 8);
        }
    });
}

#[test]
fn a_shield_keeps_a_step_whole() {
    let work = |gate: &Gate| {
        let (mut sum, mut after) = (0, false);
        let result = cancellable(|| {
            sum = shield(|| {
                let sum = whole(gate);
                assert!(is_cancelled());
                // Whatever it calls, on any thread; but a region inside asks for itself again.
                let inner = cancellable(endless_loop);
                assert_eq!(inner, Err(Cancelled));
                sum + (0..100_u64).into_par_iter().sum::<u64>()
            });
            after = true;
            join(|| (), || ());
            unreachable!("the region is left behind the shield");
        });
        assert_eq!(result, Err(Cancelled));
        (sum, after)
    };
    everywhere(work, |end| assert_eq!(end, (WHOLE + 4950, true)));
}

#[test]
fn each_region_is_left_for_itself() {
    let work = |gate: &Gate| {
        let inner = Mutex::new(None);
        let outer = cancellable(|| {
            *inner.lock().unwrap() = Some(cancellable(|| {
                gate.pass();
                endless_loop();
            }));
            // Nothing that could be left happens here.
            assert!(is_cancelled());
            endless_loop();
        });
        // Cancelled before: not even begun.
        let third = cancellable(|| -> () { unreachable!() });
        (outer, inner.into_inner().unwrap(), third)
    };
    let left = Err(Cancelled);
    everywhere(work, |end| assert_eq!(end, (left, Some(left), left)));
}

#[test]
fn a_catch_inside_of_a_region_can_tell() {
    let work = |gate: &Gate| {
        cancellable(|| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                gate.pass();
                endless_loop();
            }));
            let payload = caught.unwrap_err();
            assert!(payload.is::<Cancelled>());
            resume_unwind(payload);
        })
    };
    everywhere(work, |end| assert_eq!(end, Err(Cancelled)));
}

#[test]
fn a_region_that_ends_first_has_its_value() {
    let work = |gate: &Gate| {
        cancellable(|| {
            gate.pass();
            42
        })
    };
    everywhere(work, |end| assert_eq!(end, Ok(42)));
    watched(|| {
        // Nothing to cancel out here.
        assert!(!is_cancelled());
        assert_eq!(cancellable(|| join(|| 1, || 2)), Ok((1, 2)));
        assert_eq!(shield(|| (0..10).into_par_iter().sum::<u32>()), 45);
        assert_eq!(
            message_of(|| cancellable(|| panic_any("a panic goes on"))),
            "a panic goes on"
        );
        assert_eq!(Cancelled.to_string(), "the computation was cancelled");
    });
}

/// A half that is private while its owner unwinds out of the region becomes public then. It is of
/// the region all the same.
#[test]
fn the_halves_below_an_unwinding_frame_never_begin() {
    struct OnDrop<F: Fn()>(F);
    impl<F: Fn()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    /// Runs `while_unwinding` in a destructor, with two halves below it that another thread can
    /// take. It is told whether the older one is gone.
    fn unwind_above(while_unwinding: fn(&dyn Fn() -> bool)) {
        let pool = pool_without_spares(2);
        let busy = Mutex::new(Some(occupy(&pool)));
        let (started, has_started) = mpsc::channel();
        let task = pool.spawn_compute(move || {
            let (began, gone) = (AtomicUsize::new(0), AtomicBool::new(false));
            let goes = OnDrop(|| gone.store(true, Ordering::Release));
            let begin = || began.fetch_add(1, Ordering::Relaxed);
            let unwind = || {
                let _unwinds = OnDrop(|| {
                    busy.lock().unwrap().take().unwrap().release();
                    while_unwinding(&|| gone.load(Ordering::Acquire));
                });
                started.send(()).unwrap();
                spin_until(is_cancelled);
                join(|| (), || ());
            };
            let end = cancellable(|| {
                let older = move || {
                    let _goes = goes;
                    begin();
                };
                join(|| join(unwind, begin), older);
            });
            (end, began.into_inner())
        });
        has_started.recv().unwrap();
        task.abort();
        assert_eq!(task.join().unwrap(), (Err(Cancelled), 0));
    }

    watched(|| {
        for _ in 0..20 {
            // The destructor has joins of its own: these are whole.
            unwind_above(|is_gone| {
                let ran = AtomicUsize::new(0);
                let mut joins = 0;
                while !is_gone() {
                    join(|| (), || ran.fetch_add(1, Ordering::Relaxed));
                    joins += 1;
                }
                assert_eq!(ran.into_inner(), joins);
            });
            // It only takes its time. The join below it, which unwinds, tells of the older half.
            unwind_above(|_| {
                for _ in 0..100 {
                    std::thread::yield_now();
                }
            });
        }
    });
}

/// A destructor runs whole while the thread unwinds. When that was caught, the region is one again.
#[test]
fn a_region_goes_on_after_a_caught_panic() {
    let work = |gate: &Gate| {
        let flushed = Arc::default();
        let end = cancellable(|| {
            let payload = panic_of(|| {
                let _flush = Flush(Arc::clone(&flushed));
                panic_any("as asked for");
            });
            assert!(payload.is::<&str>());
            gate.pass();
            endless_loop();
        });
        (end, flushed.load(Ordering::Relaxed))
    };
    everywhere(work, |end| {
        assert_eq!(end, (Err(Cancelled), Flush::ITEMS + 1));
    });
}

/// What a region spawns is a computation of its own.
#[test]
fn tasks_spawned_in_a_region_are_not_cut() {
    let work = |gate: &Gate| {
        let mut task = None;
        let end = cancellable(|| {
            task = Some(spawn_compute(|| {
                let sum: u64 = (0..1000_u64).into_par_iter().sum();
                (sum, is_cancelled())
            }));
            gate.pass();
            endless_loop();
        });
        (end, task.unwrap().join())
    };
    watched(|| {
        for size in SIZES {
            let (end, task) = cancelled(pool(size), Way::Abort, work);
            assert_eq!(end, Err(Cancelled));
            assert_eq!(task.unwrap(), (499_500, false));
        }
    });
}
