//! Progress bars stand where the loop does.

use super::super::fork::script::play;
use super::equivalence::{items, same};
use super::{config, nobody, scripts};
use crate::iter::ParallelProgressIterator;
use crate::prelude::*;
use indicatif::ProgressBar;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn all_items_are_counted(v in items(), s in scripts()) {
        let check = |run: &dyn Fn(ProgressBar) -> Vec<u16>, result: Vec<u16>| {
            let bar = ProgressBar::hidden();
            let position = result.len() as u64;
            same(&s, || run(bar.clone()), result)?;
            prop_assert_eq!(bar.position(), position);
            Ok(())
        };
        let reversed: Vec<u16> = v.iter().rev().copied().collect();
        check(&|bar| v.par_iter().copied().progress_with(bar).collect(), v.clone())?;
        check(&|bar| v.par_iter().copied().progress_with(bar).map(|x| x).rev().collect(), reversed.clone())?;
        check(&|bar| {
            v.par_iter().copied().progress_with(bar).zip(0..v.len()).rev().map(|(x, _)| x).collect()
        }, reversed)?;
        check(&|bar| {
            v.par_iter().copied().filter(|x| x % 2 == 0).progress_with(bar).collect()
        }, v.iter().copied().filter(|x| x % 2 == 0).collect())?;
        check(&|bar| {
            let mut all: Vec<u16> = (0..300).par_bridge().progress_with(bar).collect();
            all.sort();
            all
        }, (0..300).collect())?;
    }

    #[test]
    fn the_items_that_were_taken_are_counted(v in items(), end in 0..300_u64, s in scripts()) {
        for panics in [false, true] {
            let bar = ProgressBar::hidden();
            let taken = std::sync::atomic::AtomicU64::new(0);
            let check = |_: &u16| {
                if taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == end {
                    if panics {
                        resume_unwind(Box::new("on purpose"));
                    }
                    return None;
                }
                Some(())
            };
            let run = || v.par_iter().progress_with(bar.clone()).try_for_each(check);
            let _ = catch_unwind(AssertUnwindSafe(|| play(s.clone(), run)));
            prop_assert_eq!(bar.position(), taken.into_inner());
        }
    }
}

#[test]
fn a_bar_moves_while_the_loop_runs() {
    let bar = ProgressBar::hidden();
    let look = |n: u64| {
        // The first item is shown before it is done; later ones in groups.
        assert!(bar.position() <= n + 1);
        assert!(n == 0 || bar.position() > 0);
    };
    let run = || {
        (0..1000)
            .into_par_iter()
            .progress_with(bar.clone())
            .for_each(look)
    };
    play(nobody(), run);
    assert_eq!(bar.position(), 1000);
}

#[test]
fn new_bars_know_their_length() {
    let sum = || {
        let style = indicatif::ProgressStyle::default_bar();
        let range = || (0..10_u32).into_par_iter();
        let bars = range().progress().zip(range().progress_count(10));
        let sum: u32 = bars.map(|(a, b)| a + b).sum();
        sum + range()
            .progress_with_style(style)
            .rev()
            .take(1)
            .sum::<u32>()
    };
    assert_eq!(sum(), 99);
}
