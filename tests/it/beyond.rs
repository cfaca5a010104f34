//! What rayon does not have, with real threads: ordered loops, scans, deterministic and limited
//! loops, sorted loops, arrays, lent states, flags.

use crate::util::{Census, Counted, message_of, panic_of, pool, pool_without_spares, watched};
use manyhands::prelude::*;
use manyhands::{Pool, current_thread_index};
use std::cell::Cell;
use std::collections::HashSet;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const POOLS: [usize; 3] = [1, 2, 7];

/// Runs `test` on workers of pools of all sizes, as a guest of one, and on a thread that gets no
/// seat on its pool.
fn everywhere(test: impl Fn() + Sync) {
    watched(|| {
        for threads in POOLS {
            pool(threads).install(&test);
            in_place(&pool(threads), &test);
        }
        in_place(&pool_without_spares(2), &test);
    });
}

fn in_place(pool: &Pool, test: impl Fn()) {
    pool.in_place_scope(|_| test());
}

fn numbers(len: u32) -> impl IndexedParallelIterator<Item = u64> {
    (0..len).into_par_iter().map(u64::from)
}

/// Costs about a microsecond for some items, so that loops are worth sharing.
fn work(x: u64) -> u64 {
    (0..x % 400).fold(x, |a, b| a.rotate_left(3) ^ b)
}

fn explode<T>(what: usize) -> T {
    resume_unwind(Box::new(what))
}

#[test]
fn ordered_loops_consume_in_order_on_the_calling_thread() {
    everywhere(|| {
        for window in [1, 2, 64, 10_000] {
            let caller = thread::current().id();
            let (seen, home) = (Rc::new(Cell::new(0)), &Rc::new(caller));
            let next = |n: u64| {
                assert_eq!((n, thread::current().id()), (work(seen.get()), **home));
                seen.set(seen.get() + 1);
            };
            numbers(1000).map(work).for_each_ordered(window, next);
            assert_eq!(seen.take(), 1000);
            (0..1000).par_map_ordered(window, work).for_each(next);
            assert_eq!(seen.get(), 1000);
        }
    });
}

#[test]
fn ordered_loops_end_at_the_first_failure() {
    everywhere(|| {
        for end in [0, 1, 63, 64, 200, 999] {
            let mut written = Vec::new();
            let write = |n: u64| match written.len() == end {
                true => ControlFlow::Break(n),
                false => {
                    written.push(n);
                    ControlFlow::Continue(())
                }
            };
            let loop_ = numbers(1000).map(work);
            let result = loop_.try_for_each_ordered(64, write);
            assert_eq!(result, ControlFlow::Break(work(end as u64)));
            assert!(written.into_iter().eq((0..end as u64).map(work)));
        }
    });
}

#[test]
fn an_endless_source_is_read_as_far_as_needed() {
    everywhere(|| {
        let mut taken = 0;
        // Not `Send`, as the lock of stdin.
        let source = Rc::new(Cell::new(0_u64));
        let numbers = std::iter::from_fn(|| {
            taken += 1;
            Some(source.replace(source.get() + 1))
        });
        let result = numbers
            .par_map_ordered(16, work)
            .try_for_each(|n| if n == work(100) { None } else { Some(()) });
        assert_eq!(result, None);
        // The wave of item 100, and at most the next.
        assert!((101..=128).contains(&taken), "{taken}");
    });
}

#[test]
fn lines_are_read_parsed_and_written() {
    everywhere(|| {
        let input = "17\n4\nx\n8\n";
        let mut output = Vec::new();
        input
            .as_bytes()
            .lines()
            .par_map_ordered(3, |line| line.map(|line| line.parse::<u32>().ok()))
            .try_for_each(|number| match number? {
                Some(number) => writeln!(output, "{number}"),
                None => writeln!(output, "?"),
            })
            .unwrap();
        assert_eq!(output, b"17\n4\n?\n8\n");
    });
}

#[test]
fn a_panic_at_any_item_of_an_ordered_loop_drops_all_others() {
    const LEN: usize = 24;
    everywhere(|| {
        for bad in 0..LEN {
            let census = Census::default();
            let items =
                || -> Vec<(usize, Counted)> { (0..LEN).map(|n| (n, census.make())).collect() };
            let check = |item: (usize, Counted)| if item.0 == bad { explode(bad) } else { item };
            let payloads = [
                panic_of(|| items().into_par_iter().map(check).for_each_ordered(5, drop)),
                panic_of(|| {
                    items()
                        .into_par_iter()
                        .for_each_ordered(5, |item| drop(check(item)))
                }),
                panic_of(|| items().into_iter().par_map_ordered(5, check).for_each(drop)),
                panic_of(|| {
                    items()
                        .into_iter()
                        .map(check)
                        .par_map_ordered(5, |x| x)
                        .for_each(drop)
                }),
            ];
            for payload in payloads {
                assert_eq!(*payload.downcast::<usize>().unwrap(), bad);
            }
            census.assert_all_dropped(4 * LEN);
        }
    });
}

#[test]
fn a_window_needs_an_item() {
    let expected = "a window needs at least one item";
    assert!(message_of(|| (0..9).into_par_iter().for_each_ordered(0, drop)).contains(expected));
    assert!(message_of(|| (0..9).par_map_ordered(0, |n| n)).contains(expected));
}

#[test]
fn a_cancelled_ordered_loop_ends() {
    watched(|| {
        for threads in POOLS {
            let pool = pool(threads);
            let (census, started) = (Census::default(), AtomicBool::new(false));
            let shared = std::sync::Arc::new((census.clone(), started));
            let inside = std::sync::Arc::clone(&shared);
            let task = pool.spawn_compute(move || {
                manyhands::cancellable(|| {
                    let numbers = std::iter::repeat_with(|| inside.0.make());
                    numbers.par_map_ordered(10, |item| item).for_each(|_| {
                        inside.1.store(true, Ordering::Release);
                    });
                })
            });
            crate::util::spin_until(|| shared.1.load(Ordering::Acquire));
            task.abort();
            assert!(task.join().unwrap().is_err());
            census.assert_all_dropped(census.made());
        }
    });
}

#[test]
fn scans_give_what_a_loop_gives() {
    everywhere(|| {
        for len in [0, 1, 2, 100, 3_000] {
            let add = |a: &u64, b: &u64| a.wrapping_add(*b);
            let mut sums: Vec<u64> = (0..u64::from(len))
                .scan(0_u64, |sum, n| {
                    *sum = sum.wrapping_add(work(n));
                    Some(*sum)
                })
                .collect();
            let items = || numbers(len).map(work);
            assert_eq!(items().inclusive_scan(add), sums);
            sums.insert(0, 0);
            let total = sums.pop().unwrap();
            assert_eq!(items().exclusive_scan(0, add), (sums, total));
        }
    });
}

#[test]
fn a_panic_at_any_step_of_a_scan_drops_all_values() {
    const LEN: usize = 12;
    everywhere(|| {
        for bad in 0..2 * LEN {
            let (census, calls) = (Census::default(), AtomicUsize::new(0));
            let op = |_: &Counted, _: &Counted| {
                if calls.fetch_add(1, Ordering::Relaxed) == bad {
                    explode(bad)
                }
                census.make()
            };
            // Pieces of two items, so that there is something to link.
            let items = (0..LEN)
                .into_par_iter()
                .with_max_len(2)
                .map(|_| census.make());
            let panicked = bad < LEN;
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                items.exclusive_scan(census.make(), op).0.len()
            }));
            assert!(if panicked {
                result.is_err()
            } else {
                result.unwrap_or(LEN) == LEN
            });
            census.assert_all_dropped(census.made());
        }
    });
}

#[test]
fn deterministic_sums_have_the_same_bits_everywhere() {
    /// What the documentation says.
    fn tree(terms: &[f64], leaf: usize) -> f64 {
        if terms.len() <= leaf {
            return terms.iter().sum();
        }
        let (left, right) = terms.split_at(terms.len() / 2);
        tree(left, leaf) + tree(right, leaf)
    }
    let term = |n: u64| 1.0 / (work(n) as f64 + 1.0);
    for len in [0, 1, 7, 1_000, 5_003] {
        let terms: Vec<f64> = (0..u64::from(len)).map(term).collect();
        let expected = tree(&terms, terms.len().div_ceil(256).max(1));
        everywhere(|| {
            let items = || numbers(len).map(term).deterministic();
            assert_eq!(items().sum::<f64>().to_bits(), expected.to_bits());
            let sum = items().map(|x| x * 2.0).reduce(|| 0.0, |a, b| a + b);
            // No terms make -0.0, but the identity is 0.0.
            assert_eq!(sum.to_bits(), (expected * 2.0 + 0.0).to_bits());
            let sum = items()
                .fold(|| 0.0, |a, b| a + b)
                .reduce(|| 0.0, |a, b| a + b);
            assert_eq!(sum.to_bits(), (expected + 0.0).to_bits());
        });
    }
}

#[test]
fn a_limited_loop_has_no_more_workers_than_that() {
    watched(|| {
        let pool = pool(7);
        for limit in 0..=8 {
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let item = |n: u64| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Others may want the core, so that items overlap.
                thread::yield_now();
                work(n);
                now.fetch_sub(1, Ordering::SeqCst);
            };
            pool.install(|| {
                // Few: each may cost a turn of other programs on the core.
                let items = || numbers(300);
                items().with_max_threads(limit).for_each(item);
                items()
                    .with_max_len(3)
                    .with_max_threads(limit)
                    .map(item)
                    .rev()
                    .for_each(drop);
                items()
                    .with_max_threads(limit)
                    .map(item)
                    .deterministic()
                    .for_each(drop);
                items()
                    .with_max_threads(limit)
                    .map(item)
                    .for_each_ordered(100, drop);
            });
            assert!(most.into_inner() <= limit.max(1));
        }
    });
}

#[test]
fn a_loop_for_one_worker_stays_on_its_thread() {
    everywhere(|| {
        let seats = Mutex::new(HashSet::new());
        let items = numbers(1_000).with_max_threads(1);
        items.map(work).for_each(|_| {
            seats.lock().unwrap().insert(current_thread_index());
        });
        assert_eq!(seats.into_inner().unwrap().len(), 1);
    });
}

#[test]
fn a_panic_in_a_limited_loop_ends_it() {
    everywhere(|| {
        for bad in 0..20 {
            let census = Census::default();
            let items: Vec<(usize, Counted)> = (0..20).map(|n| (n, census.make())).collect();
            let check = |item: (usize, Counted)| if item.0 == bad { explode(bad) } else { item };
            let limited = items
                .into_par_iter()
                .with_max_len(1)
                .with_max_threads(2)
                .map(check);
            let payload = panic_of(|| limited.collect::<Vec<_>>());
            assert_eq!(*payload.downcast::<usize>().unwrap(), bad);
            census.assert_all_dropped(20);
        }
    });
}

#[test]
fn loops_are_sorted_as_far_as_std_says() {
    everywhere(|| {
        for len in [0, 1, 2, 3, 100, 3_000] {
            for bad in [0, 1, len / 2, len.max(1) - 1, u32::MAX] {
                // One item is too small, unless it is the first one or is not there.
                let item = |n: u64| {
                    work(n);
                    if n == u64::from(bad) { 0 } else { n + 1 }
                };
                let items: Vec<u64> = (0..u64::from(len)).map(item).collect();
                let sorted = items.is_sorted();
                assert_eq!(numbers(len).map(item).is_sorted(), sorted);
                let rising = |a: &u64, b: &u64| a < b;
                assert_eq!(numbers(len).map(item).is_sorted_by(rising), sorted);
                assert_eq!(items.par_iter().is_sorted_by_key(|n| *n), sorted);
                let is_bad = |n: u64| {
                    work(n);
                    n == u64::from(bad)
                };
                let equal = len < 2 || bad >= len;
                assert_eq!(numbers(len).map(is_bad).all_equal(), equal);
            }
        }
    });
}

#[test]
fn a_search_for_disorder_ends() {
    everywhere(|| {
        let endless = || (0..u64::MAX).into_par_iter();
        assert!(!endless().map(|n| n % 5_000).is_sorted());
        assert!(!endless().all_equal());
        assert!(!endless().filter(|n| n % 7 == 0).is_sorted_by(|a, b| a > b));
    });
}

#[test]
fn arrays_are_collected() {
    everywhere(|| {
        let squares = (0..50_usize).into_par_iter().map(|n| n * n).collect_array();
        assert_eq!(squares, Ok(std::array::from_fn::<_, 50, _>(|n| n * n)));
        let some = (0..50_usize).into_par_iter().filter(|n| n % 10 == 3);
        assert_eq!(some.clone().collect_array(), Ok([3, 13, 23, 33, 43]));
        let error = some.collect_array::<7>().unwrap_err();
        let text = "an array of 7 items cannot be made of a loop over 5 items";
        assert_eq!(error.to_string(), text);
        assert_eq!((error.expected(), error.found()), (7, 5));
    });
}

#[test]
fn a_state_is_with_one_thread_at_a_time() {
    #[derive(Default)]
    struct State {
        busy: AtomicBool,
        met: Vec<u64>,
    }
    // More workers than states, and the reverse.
    everywhere(|| {
        for count in [1, 2, 5, 60] {
            for len in [0, 1, 3, 500] {
                let mut states: Vec<State> = Vec::new();
                states.resize_with(count, State::default);
                numbers(len).for_each_with_state(&mut states, |state, n| {
                    assert!(!state.busy.swap(true, Ordering::Relaxed));
                    // Others may want the core, so that items overlap.
                    thread::yield_now();
                    work(n);
                    // A loop and a wait inside.
                    assert_eq!(numbers(3).sum::<u64>(), 3);
                    state.met.push(n);
                    state.busy.store(false, Ordering::Relaxed);
                });
                let met = states.into_iter().flat_map(|state| state.met);
                let mut met: Vec<u64> = met.collect();
                met.sort_unstable();
                assert!(met.into_iter().eq(0..u64::from(len)));
            }
        }
    });
}

#[test]
fn all_threads_with_a_state_work_at_the_same_time() {
    watched(|| {
        for threads in [2, 7] {
            let barrier = std::sync::Barrier::new(threads);
            let mut states = vec![0; threads];
            pool(threads).install(|| {
                let items = (0..threads).into_par_iter();
                items.for_each_with_state(&mut states, |state, _| {
                    barrier.wait();
                    *state += 1;
                });
            });
            assert_eq!(states, vec![1; threads]);
        }
    });
}

#[test]
fn a_panic_in_a_loop_with_states_leaves_the_states() {
    everywhere(|| {
        for bad in 0..20 {
            let census = Census::default();
            let items: Vec<(usize, Counted)> = (0..20).map(|n| (n, census.make())).collect();
            let mut states = [vec![], vec![], vec![]];
            let payload = panic_of(|| {
                let items = items.into_par_iter().with_max_len(1);
                items.for_each_with_state(&mut states, |state, item| {
                    let bomb = item.0 == bad;
                    state.push(item);
                    if bomb {
                        explode(bad)
                    }
                });
            });
            assert_eq!(*payload.downcast::<usize>().unwrap(), bad);
            assert!(states.iter().flatten().any(|item| item.0 == bad));
            drop(states);
            census.assert_all_dropped(20);
        }
    });
}

#[test]
fn a_loop_needs_a_state() {
    let states: &mut [u8] = &mut [];
    let message = message_of(|| {
        (0..0)
            .into_par_iter()
            .for_each_with_state(states, |_, _| ())
    });
    assert!(message.contains("needs at least one state"));
}

#[test]
fn a_flag_stops_a_loop_without_an_end() {
    everywhere(|| {
        let stop = AtomicBool::new(false);
        let found: Vec<u64> = (0..u64::MAX)
            .into_par_iter()
            .stop_when(&stop)
            .filter(|n| n % 1000 == 999)
            .inspect(|_| stop.store(true, Ordering::Relaxed))
            .collect();
        assert!(!found.is_empty() && found.is_sorted());
        assert_eq!((0..100).into_par_iter().stop_when(&stop).count(), 0);
    });
}

#[test]
fn a_flag_that_another_thread_sets_stops_a_loop() {
    everywhere(|| {
        let (begun, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                crate::util::spin_until(|| begun.load(Ordering::Relaxed));
                stop.store(true, Ordering::Relaxed);
            });
            let items = std::iter::repeat(()).par_bridge().stop_when(&stop);
            items.for_each(|()| begun.store(true, Ordering::Relaxed));
        });
    });
}
