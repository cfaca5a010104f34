//! Every item is dropped once: whatever panics, at whichever item, and however early a loop ends.
//!
//! One table of loops, which are all run on pools of all sizes, with a panic at each item in turn
//! and without any. Loops are dear to compile, so there are only those that own their items in a way of
//! their own; `src/iter/plumbing/tests` has more, without threads.

use crate::util;
use manyhands::iter::{self, Either};
use manyhands::prelude::*;
use std::collections::{BinaryHeap, HashMap, LinkedList, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One worker, as many as cores, an odd number, many more than cores and items.
const POOLS: [usize; 4] = [1, 2, 7, 64];
const ITEMS: usize = 20;

/// How often each item that was ever made was dropped.
struct Ledger {
    made: AtomicUsize,
    drops: Vec<AtomicUsize>,
}

struct Item {
    number: usize,
    id: usize,
    ledger: Arc<Ledger>,
}

impl Item {
    fn new(number: usize, ledger: &Arc<Ledger>) -> Self {
        Self {
            number,
            id: ledger.made.fetch_add(1, Ordering::Relaxed),
            ledger: Arc::clone(ledger),
        }
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        Self::new(self.number, &self.ledger)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.ledger.drops[self.id].fetch_add(1, Ordering::Relaxed);
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

/// Panics at one item.
#[derive(Clone, Copy)]
struct Fuse {
    bad: usize,
}

impl Fuse {
    /// Passes the others on. (No message on the screen.)
    fn check(self, item: Item) -> Item {
        self.look(&item);
        item
    }

    fn look(self, item: &Item) {
        if item.number == self.bad {
            resume_unwind(Box::new("fuse"));
        }
    }
}

/// Each item a piece of its own, as far as anybody can be made to take it.
type Source = iter::MaxLen<manyhands::vec::IntoIter<Item>>;

fn source(items: Vec<Item>) -> Source {
    items.into_par_iter().with_max_len(1)
}

fn checked(items: Vec<Item>, fuse: Fuse) -> impl IndexedParallelIterator<Item = Item> {
    source(items).map(move |item| fuse.check(item))
}

type Loop = fn(Vec<Item>, Fuse);

/// Where results are put together.
const SINKS: &[(&str, Loop)] = &[
    ("Vec", |v, fuse| drop(checked(v, fuse).collect::<Vec<_>>())),
    ("collect_into_vec", |v, fuse| {
        let mut into = v.clone();
        checked(v, fuse).collect_into_vec(&mut into);
    }),
    ("unzip", |v, fuse| {
        let pairs = checked(v, fuse).map(|item| (item.clone(), item));
        drop(pairs.unzip::<_, _, Vec<_>, LinkedList<_>>());
    }),
    ("unzip_into_vecs", |v, fuse| {
        let (mut left, mut right) = (v.clone(), Vec::new());
        let pairs = checked(v, fuse).map(|item| (item.clone(), item));
        pairs.unzip_into_vecs(&mut left, &mut right);
    }),
    ("partition_map", |v, fuse| {
        let side = |item: Item| match item.number % 2 {
            0 => Either::Left(item),
            _ => Either::Right(item),
        };
        drop(checked(v, fuse).partition_map::<Vec<_>, Vec<_>, _, _, _>(side));
    }),
    ("HashMap", |v, fuse| {
        let pairs = checked(v, fuse).map(|item| (item.number / 2, item));
        drop(pairs.collect::<HashMap<_, _>>());
    }),
    ("Result", |v, fuse| {
        let even = |item: Item| {
            if item.number == 13 {
                Err(item)
            } else {
                Ok(item)
            }
        };
        drop(checked(v, fuse).map(even).collect::<Result<Vec<_>, _>>());
    }),
    ("array", |v, fuse| {
        drop(checked(v, fuse).collect_array::<ITEMS>());
    }),
    ("array of a filtered loop", |v, fuse| {
        let even = checked(v, fuse).filter(|item| item.number % 2 == 0);
        drop(even.collect_array::<{ ITEMS / 2 }>());
    }),
    ("for_each_with_state", |v, fuse| {
        let mut states = v.clone();
        states.truncate(3);
        if !states.is_empty() {
            source(v).for_each_with_state(&mut states, |state, item| *state = fuse.check(item));
        }
    }),
    ("for_each_with", |v, fuse| {
        let value = v.first().cloned();
        source(v).for_each_with(value, |_, item| fuse.look(&item));
    }),
    ("reduce_with, panic in the operation", |v, fuse| {
        let max = |a: Item, b: Item| fuse.check(if a > b { a } else { b });
        drop(source(v).reduce_with(max));
    }),
    ("fold, panic in the operation", |v, fuse| {
        let piece = source(v).fold(Vec::new, |mut piece, item| {
            piece.push(fuse.check(item));
            piece
        });
        drop(piece.collect::<Vec<_>>());
    }),
    ("try_fold", |v, fuse| {
        let piece = source(v).try_fold(Vec::new, |mut piece, item| {
            let goes_on = item.number != 11;
            piece.push(fuse.check(item));
            goes_on.then_some(piece)
        });
        drop(piece.collect::<Vec<_>>());
    }),
];

/// Loops that end before they have seen everything.
const SEARCHES: &[(&str, Loop)] = &[
    ("find_first", |v, fuse| {
        drop(checked(v, fuse).find_first(|item| item.number > 4))
    }),
    ("find_last", |v, fuse| {
        drop(checked(v, fuse).find_last(|item| item.number < 14))
    }),
    ("cmp", |v, fuse| {
        let mut other = v.clone();
        other.reverse();
        let _ = checked(v, fuse).cmp(source(other));
    }),
    ("is_sorted", |v, fuse| {
        checked(v, fuse).is_sorted_by(|_, item| item.number != 12);
    }),
    ("while_some", |v, fuse| {
        let some = checked(v, fuse).map(|item| (item.number != 8).then_some(item));
        drop(some.while_some().collect::<Vec<_>>());
    }),
    ("take_any", |v, fuse| {
        drop(checked(v, fuse).take_any(5).collect::<Vec<_>>())
    }),
];

/// What stands between.
const ADAPTERS: &[(&str, Loop)] = &[
    ("intersperse", |v, fuse| {
        if let Some(between) = v.first().cloned() {
            drop(checked(v, fuse).intersperse(between).collect::<Vec<_>>());
        }
    }),
    ("flat_map", |v, fuse| {
        let twice = |item: Item| [item.clone(), fuse.check(item)].into_par_iter();
        drop(source(v).flat_map(twice).collect::<Vec<_>>());
    }),
    ("zip, rev", |mut v, fuse| {
        let w = v.split_off(v.len() / 3);
        drop(
            source(v)
                .zip(source(w))
                .rev()
                .map(|(a, b)| (fuse.check(a), b))
                .collect::<Vec<_>>(),
        );
    }),
    ("chain", |mut v, fuse| {
        let w = v.split_off(v.len() / 3);
        drop(checked(v, fuse).chain(checked(w, fuse)).collect::<Vec<_>>());
    }),
    ("map_with", |v, fuse| {
        let value = v.first().cloned();
        let map = |_: &mut Option<Item>, item| fuse.check(item);
        drop(source(v).map_with(value, map).collect::<Vec<_>>());
    }),
    ("map_init", |v, fuse| {
        let value = v.clone();
        let map = |kept: &mut Vec<Item>, item| fuse.check(std::mem::replace(&mut kept[0], item));
        drop(
            source(v)
                .map_init(|| value.clone(), map)
                .collect::<Vec<_>>(),
        );
    }),
];

/// Where items come from.
const SOURCES: &[(&str, Loop)] = &[
    ("array", |v, fuse| {
        if let Ok(array) = <[Item; ITEMS]>::try_from(v) {
            drop(
                array
                    .into_par_iter()
                    .map(|item| fuse.check(item))
                    .collect::<Vec<_>>(),
            );
        }
    }),
    ("drain of a Vec", |mut v, fuse| {
        let range = v.len() / 4..v.len() / 2;
        v.par_drain(range)
            .with_max_len(1)
            .for_each(|item| fuse.look(&item));
    }),
    ("drain of a VecDeque", |v, fuse| {
        let mut queue = VecDeque::from(v);
        queue.rotate_left(queue.len() / 3);
        let range = queue.len() / 4..queue.len() / 2;
        queue
            .par_drain(range)
            .with_max_len(1)
            .for_each(|item| fuse.look(&item));
    }),
    ("drain of a BinaryHeap", |v, fuse| {
        BinaryHeap::from(v)
            .par_drain()
            .with_max_len(1)
            .for_each(|item| fuse.look(&item));
    }),
    ("drain of a HashMap", |v, fuse| {
        let mut map: HashMap<usize, Item> = v.into_iter().enumerate().collect();
        map.par_drain().for_each(|(_, item)| fuse.look(&item));
    }),
    ("repeat_n", |v, fuse| {
        if let Some(item) = v.last().cloned() {
            iter::repeat_n(item, 9)
                .with_max_len(1)
                .for_each(|item| fuse.look(&item));
        }
    }),
    ("split", |v, fuse| {
        let halves = |mut v: Vec<Item>| match v.len() {
            0 | 1 => (v, None),
            n => {
                let right = v.split_off(n / 2);
                (v, Some(right))
            }
        };
        iter::split(v, halves).for_each(|part| part.iter().for_each(|item| fuse.look(item)));
    }),
    ("walk_tree_prefix", |v, fuse| {
        let children = |part: &Vec<Item>| match part.len() {
            0 | 1 => vec![],
            n => vec![part[..n / 2].to_vec(), part[n / 2..].to_vec()],
        };
        iter::walk_tree_prefix(v, children)
            .for_each(|part| part.iter().for_each(|item| fuse.look(item)));
    }),
    ("chunks of a slice that changes", |mut v, fuse| {
        v.par_chunks_mut(3).with_max_len(1).for_each(|chunk| {
            chunk.reverse();
            chunk.iter().for_each(|item| fuse.look(item));
        });
    }),
];

/// Runs all loops of a table on all pools: without a panic, and with one at each item.
fn run(table: &[(&str, Loop)]) {
    util::watched(|| {
        for threads in POOLS {
            let pool = util::pool(threads);
            for (name, body) in table {
                for len in [0, 1, ITEMS] {
                    // The last one hits no item.
                    for bad in 0..=len {
                        let ledger = Arc::new(Ledger {
                            made: AtomicUsize::new(0),
                            drops: (0..3_000).map(|_| AtomicUsize::new(0)).collect(),
                        });
                        let items = (0..len).map(|n| Item::new(n, &ledger)).collect();
                        let fuse = Fuse { bad };
                        let end =
                            catch_unwind(AssertUnwindSafe(|| pool.install(|| body(items, fuse))));
                        assert!(end.is_ok() || bad < len, "{name}: panics by itself");
                        let made = ledger.made.load(Ordering::Relaxed);
                        let drops = ledger.drops.iter().map(|n| n.load(Ordering::Relaxed));
                        let expected = (0..3_000).map(|id| usize::from(id < made));
                        assert!(
                            drops.eq(expected),
                            "{name}: {len} items, a panic at {bad}, {threads} threads"
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn sinks() {
    run(SINKS);
}

#[test]
fn searches() {
    run(SEARCHES);
}

#[test]
fn adapters() {
    run(ADAPTERS);
}

#[test]
fn sources() {
    run(SOURCES);
}
