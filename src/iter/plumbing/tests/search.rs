//! Searches, and adapters that stop early: the answers of std, or some of the answers that the
//! word `any` allows.

use super::super::fork::script::{Script, play};
use super::drops::{all_dropped_once, fragile};
use super::equivalence::{items, same};
use super::{config, everybody, nobody, scripts, too_late};
use crate::prelude::*;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Are `part`'s items some of those of `whole`, in the same order?
fn is_part(part: &[u16], whole: &[u16]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|x| whole.any(|y| x == y))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn first_and_last(v in items(), k in 1..200_u16, s in scripts()) {
        let hit = |x: &&u16| **x % k == 0;
        let half = |x: &u16| (x % k == 0).then_some(x / 2);
        same(&s, || v.par_iter().enumerate().find_first(|(_, x)| hit(x)),
            v.iter().enumerate().find(|(_, x)| hit(x)))?;
        same(&s, || v.par_iter().enumerate().find_last(|(_, x)| hit(x)),
            v.iter().enumerate().rfind(|(_, x)| hit(x)))?;
        same(&s, || v.par_iter().find_map_first(half), v.iter().find_map(half))?;
        same(&s, || v.par_iter().find_map_last(half), v.iter().rev().find_map(half))?;
        same(&s, || v.par_iter().position_first(|x| hit(&x)), v.iter().position(|x| hit(&x)))?;
        same(&s, || v.par_iter().position_last(|x| hit(&x)), v.iter().rposition(|x| hit(&x)))?;
        same(&s, || v.par_iter().positions(|x| hit(&x)).collect::<Vec<_>>(),
            (0..v.len()).filter(|&i| hit(&&v[i])).collect())?;
        let (any, _) = play(s, || v.par_iter().position_any(|x| hit(&x)));
        prop_assert_eq!(any.is_some(), v.iter().any(|x| hit(&x)));
        prop_assert!(any.is_none_or(|i| hit(&&v[i])));
    }

    /// Loops whose places are not indices: filters, loops in loops, loops behind loops.
    #[test]
    fn first_and_last_without_places(v in items(), k in 1..200_u16, s in scripts()) {
        let odd = |x: &&u16| **x % 2 == 1;
        let more = |x: &u16| (0..x % 4).map(move |y| (y, y + 1)).collect::<Vec<_>>();
        let hit = |x: &(u16, u16)| (x.0 + 7 * x.1) % k == 0;
        let outer = || v.par_iter().filter(odd).flat_map(more).chain(v.par_iter().flat_map_iter(more));
        let plain = || v.iter().filter(odd).flat_map(more).chain(v.iter().flat_map(more));
        same(&s, || outer().find_first(hit), plain().find(hit))?;
        same(&s, || outer().find_last(hit), plain().rfind(hit))?;
        let deep = || (0..k).into_par_iter().flat_map(|a| {
            (0..u64::from(a % 5)).into_par_iter().flat_map(move |b| (0..b).into_par_iter().map(move |c| (a, b, c)))
        });
        let plain = || (0..k).flat_map(|a| (0..u64::from(a % 5)).flat_map(move |b| (0..b).map(move |c| (a, b, c))));
        let hit = |x: &(u16, u64, u64)| (u64::from(x.0) + x.1 * x.2) % 3 == 1;
        same(&s, || deep().find_first(hit), plain().find(hit))?;
        same(&s, || deep().find_last(hit), plain().rfind(hit))?;
        let long = || (0..u64::from(k)).into_par_iter().chain(0..9);
        same(&s, || long().find_first(|x| x % 8 == 7), (0..u64::from(k)).chain(0..9).find(|x| x % 8 == 7))?;
        same(&s, || long().find_last(|x| x % 8 == 7), (0..u64::from(k)).chain(0..9).rfind(|x| x % 8 == 7))?;
    }

    #[test]
    fn change_and_flatten(v in items(), s in scripts()) {
        same(&s, || v.par_iter().copied().update(|x| *x /= 2).collect::<Vec<_>>(),
            v.iter().map(|x| x / 2).collect())?;
        same(&s, || v.par_iter().copied().update(|x| *x /= 2).rev().collect::<Vec<_>>(),
            v.iter().rev().map(|x| x / 2).collect())?;
        same(&s, || v.par_iter().map(|x| 0..x % 5).flatten().collect::<Vec<_>>(),
            v.iter().flat_map(|x| 0..x % 5).collect())?;
        same(&s, || v.par_iter().map(|x| 0..x % 5).flatten_iter().collect::<Vec<_>>(),
            v.iter().flat_map(|x| 0..x % 5).collect())?;
        same(&s, || v.par_iter().copied().panic_fuse().collect::<Vec<_>>(), v.clone())?;
        same(&s, || v.par_iter().copied().panic_fuse().rev().collect::<Vec<_>>(),
            v.iter().copied().rev().collect())?;
        same(&s, || v.par_iter().copied().panic_fuse().zip(v.par_iter()).count(), v.len())?;
    }

    #[test]
    fn some_of_the_items(v in items(), n in 0..400_usize, k in 0..2_000_u16, s in scripts()) {
        let (taken, _) = play(s.clone(), || v.par_iter().copied().take_any(n).collect::<Vec<_>>());
        prop_assert_eq!(taken.len(), n.min(v.len()));
        prop_assert!(is_part(&taken, &v));
        let (left, _) = play(s.clone(), || v.par_iter().copied().skip_any(n).collect::<Vec<_>>());
        prop_assert_eq!(left.len(), v.len().saturating_sub(n));
        prop_assert!(is_part(&left, &v));
        let low = |x: &u16| *x >= k;
        let (taken, _) = play(s.clone(), || v.par_iter().copied().take_any_while(low).collect::<Vec<_>>());
        prop_assert!(is_part(&taken, &v) && taken.iter().all(low));
        prop_assert!(taken.len() == v.len() || v.iter().any(|x| !low(x)));
        let (left, _) = play(s, || v.par_iter().copied().skip_any_while(low).collect::<Vec<_>>());
        prop_assert!(is_part(&left, &v));
        let not_low = |v: &[u16]| v.iter().filter(|x| !low(x)).count();
        prop_assert_eq!(not_low(&left), not_low(&v));
    }

    #[test]
    fn owned_items_are_dropped_once(len in 0..150_usize, bad in 0..200_usize, n in 0..200_usize, s in scripts()) {
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().find_first(|x| x.number >= n).is_some())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().find_last(|x| x.number <= n).is_some())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).find_last(|_| true).is_some())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).take_any(n).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().skip_any(n).map(fragile(bad)).collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| v.into_par_iter().map(fragile(bad)).panic_fuse().collect::<Vec<_>>())?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().panic_fuse().rev().map(fragile(bad)).collect::<Vec<_>>()
        })?;
        all_dropped_once(s, len, |v| v.into_par_iter().take_any_while(|x| x.number != n).collect::<Vec<_>>())?;
    }
}

#[test]
fn an_ordered_search_stops_at_the_right_pieces() {
    let seen = AtomicUsize::new(0);
    let count = |x: &u32| {
        seen.fetch_add(1, Ordering::Relaxed);
        *x == 5 || *x == 995
    };
    let range = || (0..1_000_u32).into_par_iter();
    let (first, _) = play(everybody(), || range().find_first(count));
    assert_eq!(first, Some(5));
    seen.store(0, Ordering::Relaxed);
    for script in [nobody(), too_late()] {
        let (first, _) = play(script, || range().find_first(count));
        assert_eq!(first, Some(5));
    }
    // Left pieces run first here, so that no item behind the match is looked at.
    assert_eq!(seen.swap(0, Ordering::Relaxed), 12);
    // A long loop in a loop stops as well.
    let inner = |_| (0..100_u32).into_par_iter();
    let (first, _) = play(nobody(), || range().flat_map(inner).find_first(count));
    assert_eq!(first, Some(5));
    assert!(seen.swap(0, Ordering::Relaxed) <= 6);
    let right_first = super::Script {
        joins: vec![
            super::Join {
                right_first: true,
                migrated: false
            };
            10_000
        ],
        ..too_late()
    };
    let (last, _) = play(right_first, || range().find_last(count));
    assert_eq!(last, Some(995));
    assert!(seen.into_inner() < 700);
}

#[test]
fn a_fuse_is_not_blown_by_an_older_panic() {
    struct Count<'a>(&'a mut usize);
    impl Drop for Count<'_> {
        fn drop(&mut self) {
            *self.0 = (0..100).into_par_iter().panic_fuse().count();
        }
    }
    let mut count = 0;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _count = Count(&mut count);
        resume_unwind(Box::new("older"));
    }));
    assert!(result.is_err());
    assert_eq!(count, 100);
}

#[test]
fn a_fuse_stops_what_comes_later() {
    let seen = AtomicUsize::new(0);
    let run = || {
        (0..1_000).into_par_iter().panic_fuse().for_each(|x| {
            seen.fetch_add(1, Ordering::Relaxed);
            if x == 3 {
                resume_unwind(Box::new(x));
            }
        });
    };
    let result = catch_unwind(AssertUnwindSafe(|| play(everybody(), run)));
    assert!(result.is_err());
    assert!(seen.into_inner() < 1_000);
}

#[test]
fn empty_and_unsized() {
    let none = || Vec::<u8>::new().into_par_iter();
    let ((), _) = play(everybody(), || {
        assert_eq!(none().find_first(|_| true), None);
        assert_eq!(none().find_last(|_| true), None);
        assert_eq!(none().position_any(|_| true), None);
        assert_eq!(none().take_any(3).count() + none().skip_any(3).count(), 0);
        let units = || vec![(); 1_000].into_par_iter();
        assert_eq!(units().take_any(7).count(), 7);
        assert_eq!(units().skip_any(7).count(), 993);
        assert_eq!(units().take_any(0).count(), 0);
        assert_eq!(units().position_last(|()| true), Some(999));
        assert_eq!(units().find_first(|()| true), Some(()));
    });
}

#[test]
fn a_search_that_ended_at_once_offers_nothing_the_next_time() {
    let script = Script {
        laps: vec![10; 1_000],
        ..everybody()
    };
    let find = || (0..10_000).into_par_iter().any(|x| x == 0);
    let (found, once) = play(script.clone(), find);
    assert!(found && once.joins > 1, "{once:?}");
    let ((_, again), twice) = play(script, || (find(), find()));
    // The half that helps with the piece, of which no thread hears.
    assert!(again && twice.joins == once.joins + 1, "{twice:?}");
    assert_eq!(twice.feeds, once.feeds);
}
