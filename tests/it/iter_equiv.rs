//! Parallel iterators give what std's iterators give, with real threads.

use manyhands::Pool;
use manyhands::prelude::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than cores, so that pieces are stolen at odd times.
static POOL: LazyLock<Pool> = LazyLock::new(|| {
    Pool::builder()
        .num_threads(4)
        .build()
        .expect("a pool of four")
});

fn items() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..2_000)
}

/// Costs about a microsecond for some items, so that loops are worth sharing.
fn work(x: u32) -> u32 {
    (0..x % 1024).fold(x, |a, b| a.rotate_left(3) ^ b)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn adapters(v in items(), n in 0..2_500_usize) {
        let mapped: Vec<u32> = v.iter().map(|x| work(*x)).collect();
        prop_assert_eq!(v.par_iter().map(|x| work(*x)).collect::<Vec<_>>(), mapped.clone());
        POOL.install(|| {
            prop_assert_eq!(
                v.par_iter().map(|x| work(*x)).filter(|x| x % 3 == 0).collect::<Vec<_>>(),
                mapped.iter().copied().filter(|x| x % 3 == 0).collect::<Vec<_>>()
            );
            prop_assert_eq!(
                v.par_iter().map(|x| work(*x)).enumerate().skip(n).rev().collect::<Vec<_>>(),
                mapped.iter().copied().enumerate().skip(n).rev().collect::<Vec<_>>()
            );
            prop_assert_eq!(
                v.par_iter().zip(mapped.par_iter()).take(n).collect::<Vec<_>>(),
                v.iter().zip(&mapped).take(n).collect::<Vec<_>>()
            );
            prop_assert_eq!(
                v.par_iter().flat_map_iter(|x| 0..work(*x) % 3).collect::<Vec<_>>(),
                v.iter().flat_map(|x| 0..work(*x) % 3).collect::<Vec<_>>()
            );
            prop_assert_eq!(
                v.par_iter().flat_map(|x| 0..work(*x) % 3).chain(0..9).collect::<Vec<_>>(),
                v.iter().flat_map(|x| 0..work(*x) % 3).chain(0..9).collect::<Vec<_>>()
            );
            Ok(())
        })?;
    }

    #[test]
    fn sinks(v in items()) {
        let mapped: Vec<u32> = v.iter().map(|x| work(*x)).collect();
        let par = || v.par_iter().map(|x| work(*x));
        POOL.install(|| {
            prop_assert_eq!(par().max(), mapped.iter().copied().max());
            prop_assert_eq!(par().map(u64::from).sum::<u64>(), mapped.iter().map(|x| u64::from(*x)).sum());
            prop_assert_eq!(par().any(|x| x % 97 == 0), mapped.iter().any(|x| x % 97 == 0));
            prop_assert_eq!(
                par().map(|x| x.to_string()).reduce(String::new, |a, b| a + &b),
                mapped.iter().map(|x| x.to_string()).collect::<String>()
            );
            prop_assert_eq!(par().collect::<BTreeSet<_>>(), mapped.iter().copied().collect());
            prop_assert_eq!(par().collect::<VecDeque<_>>(), mapped.iter().copied().collect::<VecDeque<_>>());
            let pairs = || par().enumerate().map(|(i, x)| (x % 50, i));
            let expected = || mapped.iter().enumerate().map(|(i, x)| (x % 50, i));
            prop_assert_eq!(pairs().collect::<HashMap<_, _>>(), expected().collect());
            prop_assert_eq!(pairs().collect::<BTreeMap<_, _>>(), expected().collect());
            Ok(())
        })?;
    }

    #[test]
    fn slices_and_text(v in items(), n in 1..300_usize, text in "[ab\n]{0,500}") {
        let mut w = v.clone();
        w.par_chunks_mut(n).for_each(|piece| piece.iter_mut().for_each(|x| *x = work(*x)));
        let mapped: Vec<u32> = v.into_par_iter().map(work).collect();
        prop_assert_eq!(w, mapped);
        POOL.install(|| {
            prop_assert_eq!(text.par_lines().collect::<Vec<_>>(), text.lines().collect::<Vec<_>>());
            prop_assert_eq!(text.par_chars().rev_string(), text.chars().rev().collect::<String>());
            Ok(())
        })?;
    }
}

trait RevString {
    fn rev_string(self) -> String;
}

impl<I: ParallelIterator<Item = char>> RevString for I {
    fn rev_string(self) -> String {
        let chars: Vec<char> = self.collect();
        chars.into_par_iter().rev().collect()
    }
}

#[test]
fn loops_nest() {
    let table: Vec<Vec<u32>> = POOL.install(|| {
        (0..40_u32)
            .into_par_iter()
            .map(|row| {
                (0..40_u32)
                    .into_par_iter()
                    .map(|column| work(row * column))
                    .collect()
            })
            .collect()
    });
    for (row, cells) in (0..).zip(table) {
        assert!(
            cells
                .into_iter()
                .eq((0..40).map(|column| work(row * column)))
        );
    }
}

#[test]
fn a_panic_in_a_loop_reaches_the_caller_and_drops_the_rest() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted(usize);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    let items: Vec<Counted> = (0..5_000).map(Counted).collect();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        POOL.install(|| {
            let work = |item: Counted| {
                if item.0 == 3_333 {
                    std::panic::resume_unwind(Box::new("on purpose"));
                }
                work(1_000);
                item
            };
            items.into_par_iter().map(work).collect::<Vec<_>>()
        })
    }));
    assert!(result.is_err());
    assert_eq!(DROPS.load(Ordering::Relaxed), 5_000);
}
