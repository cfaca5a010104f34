//! Tests of how often loops are split, and where.

use super::super::fork::script::{Script, play};
use super::super::fork::{Stay, Takers, script};
use super::super::*;
use super::{config, everybody, nobody, scripts};
use crate::prelude::*;
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The lengths of the pieces that a loop was cut into, and what it asked for.
fn pieces(script: Script, iter: impl ParallelIterator) -> (Vec<usize>, script::Log) {
    play(script, || iter.fold(|| 0, |len, _| len + 1).collect())
}

/// A script with heavy items, in which a thread is hungry at the polls numbered `when`.
fn hungry_at(when: &[usize]) -> Script {
    let mut takers = vec![Takers::None; 1_000];
    when.iter().for_each(|&poll| takers[poll] = Takers::Awake);
    Script {
        takers,
        laps: vec![100_000; 1_000],
        ..everybody()
    }
}

#[test]
fn one_piece_when_nobody_is_hungry() {
    for len in [0, 1, 2, 3, 100, 100_000] {
        let (lens, log) = pieces(nobody(), (0..len).into_par_iter());
        assert_eq!((lens, log.joins), (vec![len], 0));
    }
}

#[test]
fn a_loop_of_a_hundred_cheap_items_looks_up_a_few_times() {
    let cheap = Script {
        laps: vec![100; 100],
        ..nobody()
    };
    let (_, log) = pieces(cheap, (0..100).into_par_iter());
    assert!(log.polls <= 6 && log.laps <= 4, "{log:?}");
}

#[test]
fn one_more_piece_for_each_split() {
    // Poll 0 is the one at the start.
    for when in [&[1][..], &[1, 2], &[3, 7, 9]] {
        let (lens, log) = pieces(hungry_at(when), (0..100).into_par_iter());
        assert_eq!(log.joins, when.len());
        assert_eq!(lens.len(), when.len() + 1);
        assert_eq!(lens.iter().sum::<usize>(), 100);
    }
}

#[test]
fn heavy_items_are_shared_to_the_last() {
    let (lens, _) = pieces(everybody(), (0..64).into_par_iter());
    assert!(lens.iter().all(|&len| len <= 1 + 1), "{lens:?}");
}

#[test]
fn cheap_items_are_not_shared() {
    let cheap = Script {
        takers: [vec![Takers::None], vec![Takers::Awake; 100]].concat(),
        laps: vec![10; 100],
        ..everybody()
    };
    let (lens, log) = pieces(cheap, (0..100).into_par_iter());
    assert_eq!((lens, log.joins), (vec![100], 0));
}

#[test]
fn idle_threads_get_a_piece_at_once() {
    let script = Script {
        takers: vec![Takers::Awake],
        threads: 6,
        ..Script::default()
    };
    let (lens, log) = pieces(script, (0..600).into_par_iter());
    assert_eq!((lens, log.joins), (vec![100; 6], 5));
}

/// The second half runs first, and helps with the first one again and again.
#[test]
fn whoever_is_done_helps_its_neighbour() {
    let script = Script {
        takers: vec![Takers::Awake],
        joins: vec![script::Join {
            right_first: true,
            migrated: true,
        }],
        returns: vec![true; 100],
        threads: 2,
        ..Script::default()
    };
    let (lens, log) = pieces(script, (0..64).into_par_iter());
    assert_eq!((lens, log.joins), (vec![1, 1, 2, 4, 8, 16, 32], 1));
}

#[test]
fn a_loop_enters_the_pool_once() {
    let hundred = || (0..100).into_par_iter().fold(|| 0, |n, _| n + 1).count();
    for script in [nobody(), everybody()] {
        let (_, log) = play(script, hundred);
        assert_eq!(log.entries, 1);
    }
}

#[test]
fn a_loop_known_to_be_cheap_is_not_cut_at_once() {
    let hundred = || (0..100).into_par_iter().fold(|| 0, |n, _| n + 1).count();
    let script = Script {
        takers: [vec![Takers::None; 6], vec![Takers::Awake; 100]].concat(),
        laps: vec![10; 100],
        ..everybody()
    };
    let ((first, second), log) = play(script, || (hundred(), hundred()));
    assert_eq!((first, second, log.joins), (1, 1, 0));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn identities_are_made_by_joins_and_by_help_only(len in 0..500_usize, s in scripts()) {
        let (lens, log) = pieces(s, (0..len).into_par_iter());
        prop_assert!(lens.len() > log.joins && lens.len() <= log.joins + 1 + log.returns);
        prop_assert_eq!(lens.iter().sum::<usize>(), len);
    }

    #[test]
    fn limits_are_kept(len in 1..500_usize, min in 0..60_usize, max in 0..60_usize, s in scripts()) {
        let range = || (0..len).into_par_iter();
        let (lens, _) = pieces(s.clone(), range().with_max_len(max));
        prop_assert!(lens.iter().all(|&piece| piece <= max.max(1)), "{:?}", lens);
        let (lens, _) = pieces(s.clone(), range().with_min_len(min));
        prop_assert!(lens.iter().all(|&piece| piece >= min.min(len)), "{:?}", lens);
        let (lens, _) = pieces(s, range().with_min_len(min).with_max_len(max));
        prop_assert!(lens.iter().all(|&piece| piece >= min.min(len)), "{:?}", lens);
    }

    #[test]
    fn a_consumer_that_cannot_rejoin_gives_the_same(len in 0..300_usize, s in scripts()) {
        let ((digits, folders), _) = play(s, || {
            let folders = AtomicUsize::new(0);
            let text = (0..len).into_par_iter().drive(Foreign(&folders));
            (text, folders.into_inner())
        });
        prop_assert_eq!(digits, (0..len).map(|x| x.to_string()).collect::<String>());
        prop_assert!(folders >= 1);
    }
}

/// A consumer as other crates write them: without `rejoin`. Order matters.
struct Foreign<'a>(&'a AtomicUsize);

impl<'a> Consumer<usize> for Foreign<'a> {
    type Folder = ForeignFolder;
    type Reducer = Concat;
    type Result = String;

    fn split_at(self, _index: usize) -> (Self, Self, Concat) {
        (Foreign(self.0), self, Concat)
    }

    fn into_folder(self) -> ForeignFolder {
        self.0.fetch_add(1, Ordering::Relaxed);
        ForeignFolder(String::new())
    }

    fn full(&self) -> bool {
        false
    }
}

struct ForeignFolder(String);

impl Folder<usize> for ForeignFolder {
    type Result = String;

    fn consume(self, item: usize) -> Self {
        Self(self.0 + &item.to_string())
    }

    fn complete(self) -> String {
        self.0
    }

    fn full(&self) -> bool {
        false
    }
}

struct Concat;

impl Reducer<String> for Concat {
    fn reduce(self, left: String, right: String) -> String {
        left + &right
    }
}

#[test]
fn the_longest_range_is_split_without_overflow() {
    for script in [nobody(), everybody()] {
        let search = || {
            let range = (0..usize::MAX).into_par_iter();
            range.find_any(|x| *x % 100_000 == 99_999)
        };
        let (found, _) = play(script, search);
        assert_eq!(found.map(|x| x % 100_000), Some(99_999));
    }
    let search = || {
        (0..usize::MAX)
            .into_par_iter()
            .with_max_len(1)
            .any(|x| x == 3)
    };
    assert!(play(nobody(), search).0);
}

#[test]
fn a_found_item_ends_the_loop_at_the_next_block() {
    let seen = AtomicUsize::new(0);
    let search = || {
        (0..10_000_usize).into_par_iter().any(|x| {
            seen.fetch_add(1, Ordering::Relaxed);
            x == 3
        })
    };
    assert!(play(everybody(), search).0);
    assert!(seen.into_inner() < 10_000);
}

#[test]
fn a_folder_that_is_not_send_survives_the_split_of_its_loop() {
    let script = hungry_at(&[1, 2, 3]);
    let run = || {
        let shared = (0..50_usize)
            .into_par_iter()
            .map_init(|| Rc::new(1), |one, x| **one + x);
        shared.sum::<usize>()
    };
    let (sum, log) = play(script, run);
    assert_eq!((sum, log.joins), ((1..=50).sum(), 3));
}

#[test]
fn what_stays_home_cannot_be_taken_elsewhere() {
    let stay = Stay::new(Rc::new(5));
    let elsewhere = std::thread::spawn(move || *stay.into_inner());
    assert!(elsewhere.join().is_err());
    assert_eq!(*Stay::new(Rc::new(5)).into_inner(), 5);
}

#[test]
fn a_cancelled_computation_stops_at_the_next_block() {
    use crate::job::cancel::{Cancel, CancelRef};
    use crate::job::origin::Ambient;

    let flag = Box::new(Cancel::new());
    let seen = AtomicUsize::new(0);
    let run = || {
        // SAFETY: the flag outlives the guard and the loop, which makes no jobs under a script.
        let under = unsafe { Ambient::here().with_cancel(CancelRef::to(&flag)).enter() };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..1_000).into_par_iter().for_each(|x| {
                seen.fetch_add(1, Ordering::Relaxed);
                if x == 4 {
                    flag.cancel();
                }
            });
        }));
        drop(under);
        result.is_err()
    };
    let heavy = Script {
        laps: vec![100_000; 1_000],
        ..nobody()
    };
    assert!(play(heavy, run).0);
    assert_eq!(seen.into_inner(), 5);
}
