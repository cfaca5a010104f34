//! Tests of how often loops are split, and where.

use super::super::fork::script::{Script, play};
use super::super::fork::{self, Takers, script};
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

/// A script with heavy items, in which a thread is hungry at the polls numbered `when`, and takes
/// one part.
fn hungry_at(when: &[usize]) -> Script {
    let mut takers = vec![Takers::None; 1_000];
    when.iter().for_each(|&poll| takers[poll] = Takers::Awake);
    Script {
        takers,
        laps: vec![100_000; 1_000],
        feeds: vec![true; 1_000],
        ..Script::default()
    }
}

/// A script in which a thief comes whenever a loop or an item calls for one, and takes all it can
/// get.
fn thieves() -> Script {
    Script {
        feeds: vec![true; 1_000],
        returns: vec![true; 1_000],
        ..nobody()
    }
}

#[test]
fn one_piece_when_nobody_is_hungry() {
    for len in [0, 1, 2, 3, 100, 100_000] {
        let (lens, log) = pieces(nobody(), (0..len).into_par_iter());
        assert_eq!((lens, log.feeds), (vec![len], 0));
        // A tiny loop is opened twice, if its first item was not quick.
        let most = if len <= 11 { 2 } else { 1 };
        assert!(log.joins <= most, "it is opened, and not cut");
    }
}

#[test]
fn a_tiny_loop_is_one_item_and_the_others() {
    for len in 2..=11 {
        let quick = Script {
            laps: vec![100; 10],
            ..nobody()
        };
        let (lens, log) = pieces(quick, (0..len).into_par_iter());
        assert_eq!((lens, log.feeds), (vec![len], 0));
        assert!(log.joins == 1 && log.polls <= 1 && log.laps <= 1, "{log:?}");
    }
}

#[test]
fn a_thief_takes_the_others_of_a_tiny_loop() {
    let (lens, _) = pieces(everybody(), (0..10).into_par_iter());
    assert!(
        lens.len() > 1 && lens.iter().sum::<usize>() == 10,
        "{lens:?}"
    );
}

#[test]
fn a_loop_that_is_known_to_be_tiny_is_one_item_and_the_others() {
    let script = Script {
        laps: vec![1; 100],
        ..nobody()
    };
    for len in [2, 10, 100] {
        let run = || {
            let iter = (0..len).into_par_iter();
            iter.fold(|| 0, |n, _| n + 1).collect::<Vec<_>>()
        };
        let (_, once) = play(script.clone(), run);
        let (lens, twice) = play(script.clone(), || {
            run();
            run()
        });
        assert_eq!((lens, twice.joins - once.joins), (vec![len], 1));
    }
}

#[test]
fn tiny_inner_loops_of_flat_map_have_no_results_of_their_own() {
    let script = Script {
        laps: vec![1; 1_000],
        ..nobody()
    };
    let (lens, _) = pieces(script, (0..100).into_par_iter().flat_map(|i| [i; 4]));
    assert_eq!(lens, [400]);
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
fn one_more_piece_for_each_thief() {
    // Poll 0 is the one at the start; at poll 1 no item has been measured.
    for when in [&[2][..], &[2, 3], &[4, 7, 9]] {
        let (lens, log) = pieces(hungry_at(when), (0..100).into_par_iter());
        assert_eq!(log.feeds, when.len());
        assert_eq!(lens.len(), when.len() + 1, "{lens:?}");
        assert_eq!(lens.iter().sum::<usize>(), 100);
    }
}

#[test]
fn heavy_items_are_shared_to_the_last() {
    // A piece shows with one item that items are heavy, and runs another before the rest is taken.
    // With four threads, two halves of cuts are older than that of the first piece, and go first.
    for (threads, most) in [(1, 1 + 1), (4, 1 + 2)] {
        let script = Script {
            threads,
            ..everybody()
        };
        let (lens, _) = pieces(script, (0..64).into_par_iter());
        assert!(lens.iter().all(|&len| len <= most), "{lens:?}");
    }
}

#[test]
fn cheap_items_are_not_shared() {
    let cheap = Script {
        takers: [vec![Takers::None], vec![Takers::Awake; 100]].concat(),
        laps: vec![10; 100],
        ..everybody()
    };
    let (lens, log) = pieces(cheap, (0..100).into_par_iter());
    assert_eq!((lens, log.feeds), (vec![100], 0));
}

#[test]
fn what_is_older_than_a_cheap_loop_is_offered_between_its_blocks() {
    let script = Script {
        takers: [vec![Takers::None], vec![Takers::Awake; 100]].concat(),
        laps: vec![10; 100],
        ..thieves()
    };
    let seen = AtomicUsize::new(0);
    let count = || seen.fetch_add(1, Ordering::Relaxed);
    let run = || {
        fork::join(
            || (0..100).into_par_iter().for_each(|_| _ = count()),
            |migrated| (migrated, count()),
        )
    };
    let (((), second), log) = play(script, run);
    // The thief came before the first block.
    assert_eq!((second, log.feeds), ((true, 0), 1));
}

#[test]
fn idle_threads_get_a_piece_at_once() {
    let script = Script {
        takers: vec![Takers::Awake],
        threads: 6,
        ..Script::default()
    };
    let (lens, log) = pieces(script, (0..600).into_par_iter());
    // Five cuts, and each piece is opened.
    assert_eq!((lens, log.joins), (vec![100; 6], 5 + 6));
}

/// The half that helps is taken before the runner begins. The helper takes all but the first item,
/// the right half of what is left each time.
#[test]
fn a_helper_takes_halves_until_nothing_is_left() {
    let script = Script {
        joins: vec![script::Join {
            right_first: true,
            migrated: true,
        }],
        ..thieves()
    };
    let (lens, _) = pieces(script, (0..64).into_par_iter());
    assert_eq!(lens, [1, 1, 2, 4, 8, 16, 32]);
}

/// An item that waits for ever hides nothing but the block that it is in: here item `stuck` ends
/// only after a thief has taken what it can get.
fn run_behind(stuck: usize, len: usize) -> usize {
    let seen = AtomicUsize::new(0);
    let behind = AtomicUsize::new(0);
    (0..len).into_par_iter().for_each(|item| {
        if item == stuck {
            fork::feed();
            behind.store(seen.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(seen.into_inner(), len);
    behind.into_inner()
}

#[test]
fn items_behind_a_stuck_one_can_be_taken() {
    for len in [2, 3, 10, 100, 1_000] {
        // Nothing is known of the loop.
        let (behind, _) = play(thieves(), || run_behind(0, len));
        assert_eq!(behind, len - 1);
        // It is known to be short.
        let cheap = Script {
            laps: vec![1; 1_000],
            ..thieves()
        };
        let run = || {
            let quick = run_behind(len, len);
            (quick, run_behind(0, len))
        };
        let ((_, behind), _) = play(cheap, run);
        assert_eq!(behind, len - 1);
        // It is known to be long, and cheap: the first block is one item all the same.
        let long = Script {
            laps: vec![1_000; 1_000],
            ..thieves()
        };
        let run = || {
            let quick = run_behind(len, len);
            (quick, run_behind(0, len))
        };
        let ((_, behind), _) = play(long, run);
        assert_eq!(behind, len - 1);
    }
}

#[test]
fn the_last_item_can_be_taken() {
    // Heavy items, so a block is one item. The last but one is stuck.
    let heavy = Script {
        laps: vec![1_000_000; 1_000],
        ..thieves()
    };
    let (behind, _) = play(heavy, || run_behind(8, 10));
    assert_eq!(behind, 9);
}

#[test]
fn a_stuck_item_in_the_first_blocks_of_a_short_loop_hides_its_block_only() {
    // Blocks of 1 and 8 items show that an item takes 20 ns, and 80 of them more than a quick
    // block.
    let cheap = Script {
        laps: [vec![20, 160], vec![1; 1_000]].concat(),
        ..thieves()
    };
    let run = || {
        run_behind(80, 80);
        run_behind(1, 80)
    };
    // Items 1 to 9 are a block.
    assert_eq!(play(cheap, run).0, 71);
}

#[test]
fn a_piece_is_opened_again_when_its_helper_has_gone() {
    // Three thieves come, each for one part.
    let script = hungry_at(&[2, 4, 6]);
    let text = |n: usize| n.to_string();
    let run = || (0..100).into_par_iter().map(text).collect::<Vec<_>>();
    let (texts, log) = play(script, run);
    assert_eq!(texts, (0..100).map(text).collect::<Vec<_>>());
    assert_eq!(log.feeds, 3);
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
    assert_eq!((first, second, log.feeds), (1, 1, 0));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_join_makes_one_identity_at_most(len in 0..500_usize, s in scripts()) {
        let (lens, log) = pieces(s, (0..len).into_par_iter());
        prop_assert!(lens.len() <= log.joins + 1);
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
    let script = hungry_at(&[2, 3, 4]);
    let run = || {
        let shared = (0..50_usize)
            .into_par_iter()
            .map_init(|| Rc::new(1), |one, x| **one + x);
        shared.sum::<usize>()
    };
    let (sum, log) = play(script, run);
    assert_eq!((sum, log.feeds), ((1..=50).sum(), 3));
}

#[test]
fn a_cancelled_computation_stops_at_the_next_block() {
    use crate::job::cancel::{Aligned, Cancel, CancelRef};
    use crate::job::origin::Ambient;

    let flag = Box::new(Aligned(Cancel::new()));
    let seen = AtomicUsize::new(0);
    let run = || {
        // SAFETY: the flag outlives the guard and the loop, which makes no jobs under a script.
        let under = unsafe {
            Ambient::here()
                .with_cancel(CancelRef::to(&flag).cutting())
                .enter()
        };
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
