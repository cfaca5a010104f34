//! Every adapter and every sink gives what std gives, however the loop is split.

use super::super::fork::script::{self, play};
use super::{config, everybody, scripts};
use crate::prelude::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

pub(super) fn items() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..300)
}

/// Runs both sides and compares; the parallel one under the script.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    script: &script::Script,
    parallel: impl FnOnce() -> T,
    sequential: T,
) -> Result<(), TestCaseError> {
    let (result, _) = play(script.clone(), parallel);
    prop_assert_eq!(result, sequential);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn item_by_item(v in items(), s in scripts()) {
        same(&s, || v.par_iter().map(|x| x / 3).collect::<Vec<_>>(),
            v.iter().map(|x| x / 3).collect())?;
        same(&s, || v.par_iter().filter(|x| **x % 3 == 0).collect::<Vec<_>>(),
            v.iter().filter(|x| **x % 3 == 0).collect())?;
        same(&s, || v.par_iter().filter_map(|x| x.checked_sub(999)).collect::<Vec<_>>(),
            v.iter().filter_map(|x| x.checked_sub(999)).collect())?;
        same(&s, || v.par_iter().flat_map_iter(|x| 0..x % 5).collect::<Vec<_>>(),
            v.iter().flat_map(|x| 0..x % 5).collect())?;
        same(&s, || v.par_iter().flat_map(|x| 0..x % 5).collect::<Vec<_>>(),
            v.iter().flat_map(|x| 0..x % 5).collect())?;
        same(&s, || v.par_iter().copied().inspect(|_| ()).collect::<Vec<_>>(), v.clone())?;
        same(&s, || v.par_iter().cloned().collect::<Vec<_>>(), v.clone())?;
        same(&s, || v.par_iter().map_with(7, |a, x| *a ^ x).collect::<Vec<_>>(),
            v.iter().map(|x| 7 ^ x).collect())?;
        same(&s, || v.par_iter().map_init(|| 7, |a, x| *a ^ x).collect::<Vec<_>>(),
            v.iter().map(|x| 7 ^ x).collect())?;
        same(&s, || v.par_iter().map_with(7, |a, x| *a ^ x).rev().collect::<Vec<_>>(),
            v.iter().map(|x| 7 ^ x).rev().collect())?;
        same(&s, || v.par_iter().map_init(|| 7, |a, x| *a ^ x).rev().collect::<Vec<_>>(),
            v.iter().map(|x| 7 ^ x).rev().collect())?;
    }

    #[test]
    fn with_places(v in items(), w in items(), n in 0..400_usize, s in scripts()) {
        same(&s, || v.par_iter().enumerate().collect::<Vec<_>>(),
            v.iter().enumerate().collect())?;
        same(&s, || v.par_iter().enumerate().filter(|(i, _)| i % 2 == 0).collect::<Vec<_>>(),
            v.iter().enumerate().filter(|(i, _)| i % 2 == 0).collect())?;
        same(&s, || v.par_iter().rev().enumerate().collect::<Vec<_>>(),
            v.iter().rev().enumerate().collect())?;
        same(&s, || v.par_iter().zip(w.par_iter()).rev().collect::<Vec<_>>(),
            v.iter().zip(w.iter()).rev().collect())?;
        same(&s, || v.par_iter().chain(w.par_iter()).collect::<Vec<_>>(),
            v.iter().chain(&w).collect())?;
        same(&s, || v.par_iter().chain(w.par_iter()).rev().enumerate().collect::<Vec<_>>(),
            v.iter().chain(&w).rev().enumerate().collect())?;
        same(&s, || v.par_iter().filter(|x| **x > 9).chain(w.par_iter()).collect::<Vec<_>>(),
            v.iter().filter(|x| **x > 9).chain(&w).collect())?;
        same(&s, || v.par_iter().take(n).collect::<Vec<_>>(), v.iter().take(n).collect())?;
        same(&s, || v.par_iter().skip(n).collect::<Vec<_>>(), v.iter().skip(n).collect())?;
        same(&s, || v.par_iter().skip(n).rev().take(n / 2).collect::<Vec<_>>(),
            v.iter().skip(n).rev().take(n / 2).collect())?;
        same(&s, || v.par_iter().with_min_len(n).with_max_len(n / 2).collect::<Vec<_>>(),
            v.iter().collect())?;
    }

    #[test]
    fn sinks(v in items(), s in scripts()) {
        same(&s, || v.par_iter().map(|x| u64::from(*x)).sum::<u64>(),
            v.iter().map(|x| u64::from(*x)).sum())?;
        same(&s, || v.par_iter().map(|x| f64::from(x % 2 + 1)).product::<f64>(),
            v.iter().map(|x| f64::from(x % 2 + 1)).product())?;
        same(&s, || v.par_iter().filter(|x| **x > 99).count(),
            v.iter().filter(|x| **x > 99).count())?;
        same(&s, || v.par_iter().enumerate().min_by_key(|(_, x)| **x % 8),
            v.iter().enumerate().min_by_key(|(_, x)| **x % 8))?;
        same(&s, || v.par_iter().enumerate().max_by_key(|(_, x)| **x % 8),
            v.iter().enumerate().max_by_key(|(_, x)| **x % 8))?;
        same(&s, || v.par_iter().enumerate().min_by(|a, b| (a.1 % 8).cmp(&(b.1 % 8))),
            v.iter().enumerate().min_by(|a, b| (a.1 % 8).cmp(&(b.1 % 8))))?;
        same(&s, || v.par_iter().enumerate().max_by(|a, b| (a.1 % 8).cmp(&(b.1 % 8))),
            v.iter().enumerate().max_by(|a, b| (a.1 % 8).cmp(&(b.1 % 8))))?;
        same(&s, || (v.par_iter().min(), v.par_iter().max()), (v.iter().min(), v.iter().max()))?;
        same(&s, || v.par_iter().map(u16::to_string).reduce(String::new, |a, b| a + &b),
            v.iter().map(u16::to_string).collect())?;
        same(&s, || v.par_iter().map(u16::to_string).reduce_with(|a, b| a + &b),
            v.iter().map(u16::to_string).reduce(|a, b| a + &b))?;
        same(&s, || (v.par_iter().any(|x| x % 64 == 0), v.par_iter().all(|x| x % 64 != 1)),
            (v.iter().any(|x| x % 64 == 0), v.iter().all(|x| x % 64 != 1)))?;
        let (found, _) = play(s.clone(), || v.par_iter().find_any(|x| **x % 32 == 0));
        prop_assert!(found.is_none_or(|x| x % 32 == 0));
        prop_assert_eq!(found.is_some(), v.iter().any(|x| x % 32 == 0));
    }

    #[test]
    fn folds(v in items(), s in scripts()) {
        let add = |sum: u64, x: &u16| sum + u64::from(*x);
        same(&s, || v.par_iter().fold(|| 0, add).sum::<u64>(), v.iter().fold(0, add))?;
        same(&s, || v.par_iter().fold_with(0, add).sum::<u64>(), v.iter().fold(0, add))?;
    }

    #[test]
    fn collections(v in items(), s in scripts()) {
        same(&s, || v.par_iter().map(|x| (x % 9, *x)).collect::<BTreeMap<_, _>>(),
            v.iter().map(|x| (x % 9, *x)).collect())?;
        same(&s, || v.par_iter().copied().collect::<HashSet<_>>(), v.iter().copied().collect())?;
        same(&s, || v.par_iter().map(u16::to_string).collect::<String>(),
            v.iter().map(u16::to_string).collect())?;
        same(&s, || v.par_iter().map(|x| x.checked_sub(300)).collect::<Option<Vec<_>>>(),
            v.iter().map(|x| x.checked_sub(300)).collect())?;
        let check = |x: &u16| if *x < 65_000 { Ok(*x) } else { Err(()) };
        same(&s, || v.par_iter().map(check).collect::<Result<Vec<_>, _>>(),
            v.iter().map(check).collect())?;
    }

    #[test]
    fn sources(v in items(), n in 1..40_usize, a in any::<i8>(), b in any::<i8>(), s in scripts()) {
        same(&s, || v.clone().into_par_iter().collect::<Vec<_>>(), v.clone())?;
        same(&s, || v.par_chunks(n).map(<[u16]>::to_vec).collect::<Vec<_>>(),
            v.chunks(n).map(<[u16]>::to_vec).collect())?;
        same(&s, || v.par_chunks(n).rev().collect::<Vec<_>>(), v.chunks(n).rev().collect())?;
        let mut w = v.clone();
        play(s.clone(), || w.par_chunks_mut(n).enumerate().for_each(|(i, c)| c.fill(i as u16)));
        prop_assert!(w.iter().enumerate().all(|(i, x)| i / n == usize::from(*x)));
        play(s.clone(), || w.par_iter_mut().zip(v.par_iter()).for_each(|(x, y)| *x = *y));
        prop_assert_eq!(&w, &v);
        same(&s, || (a..b).into_par_iter().collect::<Vec<_>>(), (a..b).collect())?;
        same(&s, || (a..=b).into_par_iter().rev().collect::<Vec<_>>(), (a..=b).rev().collect())?;
        let (c, d) = (i64::from(a), i64::from(b));
        same(&s, || (c..d).into_par_iter().collect::<Vec<_>>(), (c..d).collect())?;
        same(&s, || (c..=d).into_par_iter().collect::<Vec<_>>(), (c..=d).collect())?;
    }

    #[test]
    fn strings(text in "[a-cé\r\n]{0,200}", s in scripts()) {
        same(&s, || text.par_lines().collect::<Vec<_>>(), text.lines().collect())?;
        same(&s, || text.par_chars().collect::<String>(), text.clone())?;
    }
}

#[test]
fn the_ends_of_integers() {
    let ends = || {
        let up: Vec<u8> = (0..=u8::MAX).into_par_iter().collect();
        let all: Vec<i8> = (i8::MIN..=i8::MAX).into_par_iter().collect();
        let last: Vec<u64> = (u64::MAX - 40..=u64::MAX).into_par_iter().collect();
        let wide: Vec<i128> = (i128::MAX - 40..i128::MAX).into_par_iter().collect();
        (up, all, last, wide)
    };
    let (parallel, _) = play(everybody(), ends);
    assert_eq!(parallel.0, (0..=u8::MAX).collect::<Vec<_>>());
    assert_eq!(parallel.1, (i8::MIN..=i8::MAX).collect::<Vec<_>>());
    assert_eq!(parallel.2, (u64::MAX - 40..=u64::MAX).collect::<Vec<_>>());
    assert_eq!(parallel.3, (i128::MAX - 40..i128::MAX).collect::<Vec<_>>());
}

#[test]
fn a_range_without_a_usize_for_its_length_is_split_as_well() {
    let search = || {
        let wide = (0..u128::MAX).into_par_iter().find_any(|x| *x % 1000 == 7);
        let full = (0..=u64::MAX).into_par_iter().find_any(|x| *x % 1000 == 7);
        (wide, full)
    };
    let ((wide, full), log) = play(everybody(), search);
    assert_eq!((wide.unwrap() % 1000, full.unwrap() % 1000), (7, 7));
    assert!(log.joins > 0);
}

#[test]
fn a_range_that_has_ended_is_empty() {
    let mut range = 3..=4_u8;
    range.by_ref().for_each(drop);
    assert_eq!(range.into_par_iter().count(), 0);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = (9..3_u32).into_par_iter().chain(9..=3).count();
    assert_eq!(reversed, 0);
}
