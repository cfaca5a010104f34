//! Joins of more than two closures: each is called once, whatever happens, and results keep their
//! places.

use crate::util::{
    Census, Counted, SIZES, message_of, panic_of, pool, pool_without_spares, spin_until, watched,
};
use manyhands::{
    Pool, cancellable, is_cancelled, join_all, join_array, join_each, join3, join4, prelude::*,
};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock, Mutex};

/// Runs `test` on workers of pools of all sizes, as a guest, on a thread that gets no seat on its
/// pool, and on a thread without a pool.
fn everywhere(test: impl Fn() + Sync) {
    watched(|| {
        for size in SIZES {
            pool(size).install(&test);
            pool(size).in_place_scope(|_| test());
        }
        pool_without_spares(2).in_place_scope(|_| test());
        test();
    });
}

#[test]
fn results_keep_their_places() {
    everywhere(|| {
        assert_eq!(join3(|| 1, || "b", || [3; 50]), (1, "b", [3; 50]));
        assert_eq!(join4(|| 1, || (), || 'c', || "d"), (1, (), 'c', "d"));
        let sum = |n: u64| move || (0..n).into_par_iter().sum::<u64>();
        assert_eq!(join_all([3, 100, 0, 7].map(sum)), [3, 4950, 0, 21]);
        assert_eq!(join_all([sum(4)]), [6]);
        assert_eq!(join_all([] as [fn() -> u8; 0]), []);
        let squares: [usize; 40] = join_array(|index| index * index);
        assert_eq!(squares, std::array::from_fn(|index| index * index));
        assert_eq!(join_array(|index| index), [0_usize; 0]);
    });
}

/// More threads than cores, so that halves are stolen at odd times.
static POOL: LazyLock<Pool> = LazyLock::new(|| {
    Pool::builder()
        .num_threads(4)
        .build()
        .expect("a pool of four")
});

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn each_item_is_met_once_with_its_place(v in prop::collection::vec(any::<u32>(), 0..300)) {
        // Some items cost a microsecond, so that others are worth taking.
        let work = |x: u32| (0..x % 400).fold(x, |a, b| a.rotate_left(3) ^ b);
        let mut met: Vec<(u32, Vec<usize>)> = v.iter().map(|x| (*x, Vec::new())).collect();
        POOL.install(|| join_each(&mut met, |index, (x, places)| {
            *x = work(*x);
            places.push(index);
        }));
        let expected = v.iter().enumerate().map(|(index, x)| (work(*x), vec![index]));
        prop_assert!(met.into_iter().eq(expected));
    }
}

#[test]
fn a_thread_alone_calls_them_in_order() {
    watched(|| {
        pool(1).install(|| {
            let order = Mutex::new(Vec::new());
            let call = |number: usize| order.lock().unwrap().push(number);
            join3(|| call(0), || call(1), || call(2));
            join4(|| call(3), || call(4), || call(5), || call(6));
            join_array::<_, _, 30>(|index| call(7 + index));
            let call = &call;
            join_all([37, 38].map(|number| move || call(number)));
            join_each(&mut [39, 40, 41], |_, number| call(*number));
            assert!(order.into_inner().unwrap().into_iter().eq(0..42));
        });
    });
}

#[test]
fn all_run_at_the_same_time() {
    watched(|| {
        for _ in 0..20 {
            let barrier = Barrier::new(4);
            let wait = || barrier.wait().is_leader();
            pool(4).install(|| {
                let leaders = join4(wait, wait, wait, wait);
                let is_leader = [leaders.0, leaders.1, leaders.2, leaders.3];
                assert_eq!(is_leader.into_iter().filter(|leads| *leads).count(), 1);
            });
            let barrier = Barrier::new(3);
            let wait = || barrier.wait();
            pool(3).install(|| join3(wait, wait, wait));
            // More than a row of closures.
            let barrier = Barrier::new(20);
            pool(20).install(|| join_array::<_, _, 20>(|_| barrier.wait()));
            pool(20).in_place_scope(|_| join_all([(); 20].map(|()| || barrier.wait())));
        }
    });
}

/// Runs four closures in each of the ways, once on one thread, and once on a thread each.
fn in_every_way(
    check: impl Fn(&(dyn Fn(&(dyn Fn(usize) + Sync)) + Sync), &(dyn Fn() + Sync)) + Sync,
) {
    type Run = fn(&(dyn Fn(usize) + Sync));
    let ways: [Run; 4] = [
        |call| {
            join4(|| call(0), || call(1), || call(2), || call(3));
        },
        |call| {
            join_all([0, 1, 2, 3].map(|number| move || call(number)));
        },
        |call| {
            join_array::<_, _, 4>(call);
        },
        |call| join_each(&mut [(); 4], |index, ()| call(index)),
    ];
    watched(|| {
        for run in ways {
            pool(1).install(|| check(&run, &|| ()));
            let barrier = Barrier::new(4);
            let meet = || {
                barrier.wait();
            };
            pool(4).install(|| check(&run, &meet));
        }
    });
}

#[test]
fn all_run_and_the_first_panic_wins() {
    in_every_way(|run, meet| {
        for panics in 1..16_usize {
            let ran = AtomicUsize::new(0);
            let message = message_of(|| {
                run(&|number| {
                    meet();
                    ran.fetch_or(1 << number, Ordering::Relaxed);
                    if panics & 1 << number != 0 {
                        panic_any(["first", "second", "third", "fourth"][number]);
                    }
                });
            });
            let first = panics.trailing_zeros() as usize;
            assert_eq!(message, ["first", "second", "third", "fourth"][first]);
            assert_eq!(ran.into_inner(), 15);
        }
    });
    watched(|| {
        for panics in 1..8_usize {
            let ran = AtomicUsize::new(0);
            let call = |number: usize| {
                ran.fetch_or(1 << number, Ordering::Relaxed);
                if panics & 1 << number != 0 {
                    panic_any(number);
                }
            };
            let payload =
                panic_of(|| pool(2).join(|| join3(|| call(0), || call(1), || call(2)), || ()));
            let first = panics.trailing_zeros() as usize;
            assert_eq!(*payload.downcast::<usize>().unwrap(), first);
            assert_eq!(ran.into_inner(), 7);
        }
    });
}

/// A panic in any place of a list longer than a row.
#[test]
fn results_and_closures_are_dropped_once() {
    const LEN: usize = 21;
    everywhere(|| {
        for bad in 0..=LEN {
            let census = Census::default();
            let call = |number: usize, captured: Counted| {
                let result = census.make();
                drop(captured);
                if number == bad {
                    panic_any(census.make());
                }
                result
            };
            let call = &call;
            let closures: [_; LEN] = std::array::from_fn(|number| {
                let captured = census.make();
                move || call(number, captured)
            });
            let results = catch_unwind(AssertUnwindSafe(|| join_all(closures)));
            assert_eq!(results.is_err(), bad < LEN);
            drop(results);
            let array = || join_array::<_, _, LEN>(|number| call(number, census.make()));
            let results = catch_unwind(AssertUnwindSafe(array));
            assert_eq!(results.is_err(), bad < LEN);
            drop(results);
            census.assert_all_dropped(4 * LEN + 2 * usize::from(bad < LEN));
        }
    });
}

#[test]
fn trees_with_panicking_leaves_leave_nothing_behind() {
    fn tree(depth: u32, at: &AtomicUsize, bad: usize, census: &Census) -> usize {
        let _alive = census.make();
        if depth == 0 {
            let at = at.fetch_add(1, Ordering::Relaxed);
            if at == bad {
                panic_any("leaf");
            }
            return 1;
        }
        let leaves: [usize; 10] = join_array(|_| tree(depth - 1, at, bad, census));
        leaves.iter().sum()
    }

    watched(|| {
        for size in SIZES {
            let pool = pool(size);
            for bad in [0, 1, 9, 10, 50, 99] {
                let (at, census) = (AtomicUsize::new(0), Census::default());
                let message = message_of(|| pool.install(|| tree(2, &at, bad, &census)));
                assert_eq!((message.as_str(), at.into_inner()), ("leaf", 100));
                census.assert_all_dropped(111);
            }
            let census = Census::default();
            let leaves = pool.install(|| tree(4, &AtomicUsize::new(0), usize::MAX, &census));
            assert_eq!(leaves, 10_000);
            census.assert_all_dropped(11_111);
        }
    });
}

#[test]
fn closures_that_a_cancelled_region_never_calls_are_dropped() {
    watched(|| {
        for size in SIZES {
            let census = Census::default();
            let made = census.clone();
            let begun = Arc::new(AtomicBool::new(false));
            let says = Arc::clone(&begun);
            let pool = pool(size);
            let task = pool.spawn_compute(move || {
                cancellable(|| {
                    let says = &says;
                    let closures: [_; 12] = std::array::from_fn(|_| {
                        let captured = made.make();
                        move || {
                            says.store(true, Ordering::Release);
                            spin_until(is_cancelled);
                            // Leaves the region.
                            (0..2).into_par_iter().for_each(drop);
                            captured
                        }
                    });
                    join_all(closures).len()
                })
            });
            spin_until(|| begun.load(Ordering::Acquire));
            task.abort();
            assert!(task.join().unwrap().is_err());
            census.assert_all_dropped(12);
        }
    });
}
