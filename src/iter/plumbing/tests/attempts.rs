//! Loops that may fail, and loops with two results.

use super::super::fork::script::play;
use super::drops::{all_dropped_once, fragile};
use super::equivalence::{items, same};
use super::{config, everybody, nobody, scripts, too_late};
use crate::iter::{Either, IntoParallelIterator, ParallelExtend};
use crate::prelude::*;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet, LinkedList};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// A collection that puts a 0 between each two items. In `unzip`, it refuses a rejoin that `Vec`
/// accepts.
#[derive(Debug, Default, PartialEq)]
struct Spaced(Vec<u16>);

impl ParallelExtend<u16> for Spaced {
    fn par_extend<I: IntoParallelIterator<Item = u16>>(&mut self, par_iter: I) {
        self.0.par_extend(par_iter.into_par_iter().intersperse(0));
    }
}

fn spaced(items: impl Iterator<Item = u16>) -> Spaced {
    let mut v: Vec<u16> = items.flat_map(|x| [0, x]).collect();
    v.drain(..v.len().min(1));
    Spaced(v)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn attempts(v in items(), limit in 0..9_000_000_u64, s in scripts()) {
        let add = |a: u64, b: u64| (a + b <= limit).then_some(a + b);
        let total: u64 = v.iter().map(|x| u64::from(*x)).sum();
        let fits = total <= limit;
        let wide = || v.par_iter().map(|x| u64::from(*x));
        same(&s, || wide().map(Some).try_reduce(|| 0, add), fits.then_some(total))?;
        same(&s, || wide().map(Some).try_reduce_with(add),
            if v.len() > 1 || v.is_empty() { v.first().map(|_| fits.then_some(total)) } else { Some(Some(total)) })?;
        same(&s, || wide().try_fold(|| 0, add).try_reduce(|| 0, add), fits.then_some(total))?;
        same(&s, || wide().try_fold_with(0, add).try_reduce(|| 0, add), fits.then_some(total))?;
        let low = |x: u64| if x <= limit { Ok(()) } else { Err(x) };
        let bad = v.iter().any(|x| u64::from(*x) > limit);
        let (result, _) = play(s.clone(), || wide().try_for_each(low));
        prop_assert_eq!(result.is_err(), bad);
        prop_assert!(result.is_ok() || result.unwrap_err() > limit);
        let (result, _) = play(s.clone(), || wide().try_for_each_with(limit, |limit, x| {
            if x <= *limit { ControlFlow::Continue(()) } else { ControlFlow::Break(x) }
        }));
        prop_assert_eq!(result.is_break(), bad);
        same(&s, || wide().try_for_each_init(|| limit, |limit, x| (x <= *limit).then_some(())).is_none(), bad)?;
    }

    #[test]
    fn two_results(v in items(), k in 1..9_u16, s in scripts()) {
        let pairs = || v.par_iter().enumerate().map(|(i, x)| (i, *x));
        let (a, b): (Vec<_>, Vec<_>) = v.iter().copied().enumerate().unzip();
        same(&s, || pairs().unzip(), (a.clone(), b.clone()))?;
        same(&s, || pairs().collect::<(Vec<_>, Vec<_>)>(), (a.clone(), b.clone()))?;
        same(&s, || pairs().unzip(), (a.iter().copied().collect::<HashSet<_>>(), b.clone()))?;
        same(&s, || pairs().unzip(), (a.clone(), spaced(b.iter().copied())))?;
        same(&s, || pairs().map(|(i, x)| (x, i)).unzip(), (spaced(b.iter().copied()), a.clone()))?;
        same(&s, || pairs().map(|(i, x)| ((x, i), x)).collect::<((BTreeSet<_>, Vec<_>), Vec<_>)>(),
            ((b.iter().copied().collect(), a.clone()), b.clone()))?;
        let mut vecs = (vec![3], vec![4]);
        play(s.clone(), || pairs().unzip_into_vecs(&mut vecs.0, &mut vecs.1));
        prop_assert_eq!(&vecs, &(a.clone(), b.clone()));
        play(s.clone(), || vecs.par_extend(pairs().filter(|(i, _)| i % 2 == 0)));
        prop_assert_eq!(vecs.0.len(), v.len() + v.len().div_ceil(2));
        let kept = |p: &(usize, u16)| p.1 % k == 0;
        let (c, d): (Vec<_>, Vec<_>) = v.iter().copied().enumerate().filter(kept).unzip();
        same(&s, || pairs().filter(kept).unzip(), (c.clone(), d.clone()))?;
        same(&s, || pairs().filter(kept).unzip(), (c.clone(), spaced(d.iter().copied())))?;

        let even = |x: &u16| x % k == 0;
        let (yes, no): (Vec<u16>, Vec<u16>) = v.iter().copied().partition(even);
        same(&s, || v.par_iter().copied().partition(even), (yes.clone(), no.clone()))?;
        same(&s, || v.par_iter().copied().partition(even),
            (spaced(yes.iter().copied()), no.iter().copied().collect::<LinkedList<_>>()))?;
        let side = |x: u16| if even(&x) { Either::Left(x) } else { Either::Right(x.to_string()) };
        let texts: Vec<String> = no.iter().map(u16::to_string).collect();
        same(&s, || v.par_iter().copied().partition_map(side), (yes.clone(), texts.clone()))?;
        same(&s, || v.par_iter().copied().map(side).collect::<(Vec<_>, Vec<_>)>(), (yes, texts))?;
        let (list, _) = play(s, || v.par_iter().copied().filter(even).collect_vec_list());
        prop_assert!(list.iter().all(|piece| !piece.is_empty()));
        prop_assert!(list.into_iter().flatten().eq(v.iter().copied().filter(even)));
    }

    #[test]
    fn owned_items_are_dropped_once(len in 0..150_usize, bad in 0..200_usize, n in 0..200_usize, s in scripts()) {
        all_dropped_once(s.clone(), len, |v| {
            let pairs = v.into_par_iter().map(fragile(bad)).map(|x| (x.number, x));
            pairs.unzip::<_, _, Vec<_>, Vec<_>>()
        })?;
        all_dropped_once(s.clone(), len, |v| {
            v.into_par_iter().map(fragile(bad)).partition::<Vec<_>, Vec<_>, _>(|x| x.number < n)
        })?;
        all_dropped_once(s.clone(), len, |v| {
            let keep = |item: super::drops::Item| if item.number == n { Err(item) } else { Ok(item) };
            v.into_par_iter().map(fragile(bad)).map(keep).try_reduce_with(|_, b| Ok(b)).is_some()
        })?;
        all_dropped_once(s, len, |v| {
            let push = |mut v: Vec<_>, item| {
                v.push(item);
                if v.len() > n { Err(v) } else { Ok(v) }
            };
            v.into_par_iter().map(fragile(bad)).try_fold(Vec::new, push).collect::<Vec<_>>()
        })?;
    }
}

#[test]
fn a_failure_stops_the_loop() {
    // A thread that comes gets an item that fails at once.
    for (script, expected) in [(nobody(), 11), (too_late(), 11), (everybody(), 3)] {
        let calls = AtomicUsize::new(0);
        let check = |x: u32| {
            calls.fetch_add(1, Ordering::Relaxed);
            if x < 10 { Some(()) } else { None }
        };
        let (result, _) = play(script, || {
            (0..1_000_u32).into_par_iter().try_for_each(check)
        });
        assert_eq!(result, None);
        assert_eq!(calls.into_inner(), expected);
    }
}

#[test]
fn what_can_fail() {
    let range = || (0..100_u32).into_par_iter();
    let poll = range().map(|x| Poll::Ready(Ok::<_, u32>(x)));
    let first_pending = |a: Poll<u32>, b: Poll<u32>| match (a, b) {
        (Poll::Ready(a), Poll::Ready(b)) => Poll::Ready(Ok(a + b)),
        _ => Poll::Pending,
    };
    let total = poll.try_reduce(|| Poll::Ready(0), first_pending);
    assert_eq!(total, Poll::Ready(Ok(4950)));
    let failing = range().map(|x| Poll::Ready(if x == 9 { Err(x) } else { Ok(x) }));
    let total = failing.try_reduce(|| Poll::Ready(0), first_pending);
    assert_eq!(total, Poll::Ready(Err(9)));
    let pending = range().map(|x| {
        if x == 9 {
            Poll::Pending
        } else {
            Poll::Ready(Ok::<_, u32>(x))
        }
    });
    let total = pending.try_reduce(|| Poll::Ready(0), first_pending);
    assert_eq!(total, Poll::Pending);

    let stream = |end: u32| {
        range().map(move |x| match x.cmp(&end) {
            std::cmp::Ordering::Less => Poll::Ready(Some(Ok(x))),
            std::cmp::Ordering::Equal => Poll::Ready(Some(Err("end"))),
            std::cmp::Ordering::Greater => Poll::Ready(None),
        })
    };
    let keep_left = |a: Poll<Option<u32>>, _| a.map(|a| a.map(Ok));
    assert_eq!(
        stream(200).try_reduce_with(keep_left),
        Some(Poll::Ready(Some(Ok(0))))
    );
    assert_eq!(
        stream(50).try_reduce_with(keep_left),
        Some(Poll::Ready(Some(Err("end"))))
    );

    let stop = range().map(|x| {
        if x == 7 {
            ControlFlow::Break(x)
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(
        stop.try_reduce(|| (), |(), ()| ControlFlow::Continue(())),
        ControlFlow::Break(7)
    );
}
