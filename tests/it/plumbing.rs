//! Iterators, producers and consumers written outside the crate, against the public traits: as
//! users of rayon write theirs.

use crate::util::{Census, Counted, SIZES, pool, text, watched};
use manyhands::iter::plumbing::*;
use manyhands::prelude::*;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Every number of a slice twice.
struct Twice<'a>(&'a [u32]);

impl ParallelIterator for Twice<'_> {
    type Item = u32;

    fn drive_unindexed<C: UnindexedConsumer<u32>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl IndexedParallelIterator for Twice<'_> {
    fn len(&self) -> usize {
        self.0.len() * 2
    }

    fn drive<C: Consumer<u32>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<u32>>(self, callback: CB) -> CB::Output {
        callback.callback(TwiceProducer {
            numbers: self.0,
            start: 0,
            end: self.0.len() * 2,
        })
    }
}

struct TwiceProducer<'a> {
    numbers: &'a [u32],
    start: usize,
    end: usize,
}

impl<'a> Producer for TwiceProducer<'a> {
    type Item = u32;
    type IntoIter = std::vec::IntoIter<u32>;

    fn into_iter(self) -> Self::IntoIter {
        let numbers = (self.start..self.end).map(|place| self.numbers[place / 2]);
        numbers.collect::<Vec<_>>().into_iter()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let middle = self.start + index;
        (
            Self {
                end: middle,
                ..self
            },
            Self {
                start: middle,
                ..self
            },
        )
    }
}

/// Joins digits, without `rejoin`. The order of what it is given shows in the result.
struct Digits;

impl Consumer<u32> for Digits {
    type Folder = DigitsFolder;
    type Reducer = Digits;
    type Result = String;

    fn split_at(self, _index: usize) -> (Self, Self, Self) {
        (Digits, Digits, Digits)
    }

    fn into_folder(self) -> DigitsFolder {
        DigitsFolder(String::new())
    }

    fn full(&self) -> bool {
        false
    }
}

impl UnindexedConsumer<u32> for Digits {
    fn split_off_left(&self) -> Self {
        Digits
    }

    fn to_reducer(&self) -> Self {
        Digits
    }
}

impl Reducer<String> for Digits {
    fn reduce(self, left: String, right: String) -> String {
        left + &right
    }
}

struct DigitsFolder(String);

impl Folder<u32> for DigitsFolder {
    type Result = String;

    fn consume(self, item: u32) -> Self {
        Self(self.0 + &item.to_string())
    }

    fn complete(self) -> String {
        self.0
    }

    fn full(&self) -> bool {
        false
    }
}

#[test]
fn a_foreign_source_works_with_our_adapters_and_sinks() {
    let numbers: Vec<u32> = (0..1_000).collect();
    let twice: Vec<u32> = numbers.iter().flat_map(|&x| [x, x]).collect();
    assert_eq!(Twice(&numbers).collect::<Vec<_>>(), twice);
    assert_eq!(Twice(&numbers).rev().skip(1).max(), Some(999));
    let places = Twice(&numbers)
        .enumerate()
        .filter(|(place, x)| *place == 2 * *x as usize);
    assert_eq!(places.count(), 1_000);
}

#[test]
fn a_foreign_consumer_works_with_our_sources() {
    let expected: String = (0..2_000).map(|x: u32| x.to_string()).collect();
    let range = || (0..2_000_u32).into_par_iter();
    assert_eq!(range().drive_unindexed(Digits), expected);
    assert_eq!(range().with_max_len(7).drive(Digits), expected);
    let filtered: String = (0..2_000)
        .filter(|x| x % 2 == 0)
        .map(|x: u32| x.to_string())
        .collect();
    assert_eq!(
        range().filter(|x| x % 2 == 0).drive_unindexed(Digits),
        filtered
    );
    let mapped = range()
        .map(|x| x / 2)
        .chain(range())
        .drive_unindexed(Digits);
    assert!(mapped.starts_with("001122") && mapped.ends_with(&expected));
}

#[test]
fn a_consumer_can_be_driven_by_hand() {
    let (left, right, reducer) = Consumer::<u32>::split_at(Digits, 2);
    let left = left.into_folder().consume_iter([1, 2]);
    let refuses = !Consumer::<u32>::can_rejoin(&right, &left);
    assert!(refuses, "the default refuses");
    let right = right.into_folder().consume(3);
    assert_eq!(reducer.reduce(left.complete(), right.complete()), "123");
}

/// A source that says it has `said` items, and has one for each of `places`. It cuts itself in the
/// place that `cut` makes of the one that is asked for.
#[derive(Clone)]
struct Liar<'a> {
    said: usize,
    places: Range<usize>,
    cut: fn(usize) -> usize,
    census: &'a Census,
}

impl ParallelIterator for Liar<'_> {
    type Item = (usize, Counted);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn opt_len(&self) -> Option<usize> {
        Some(self.said)
    }
}

impl IndexedParallelIterator for Liar<'_> {
    fn len(&self) -> usize {
        self.said
    }

    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        callback.callback(self)
    }
}

impl Producer for Liar<'_> {
    type Item = (usize, Counted);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let items = self.places.map(|place| (place, self.census.make()));
        items.collect::<Vec<_>>().into_iter()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let Range { start, end } = self.places;
        let middle = end.min(start + (self.cut)(index));
        let part = |places| Self { places, ..self };
        (part(start..middle), part(middle..end))
    }
}

/// A source that lies about its length, or cuts itself in the wrong places, causes a panic, or does
/// no harm. It never causes a wrong result or a leak.
#[test]
fn a_source_that_lies_is_found_out() {
    const LEN: usize = 3_000;
    let as_asked = |index| index;
    // What it says, what it has, and where it cuts itself.
    type Lie = (usize, usize, fn(usize) -> usize);
    let lies: [Lie; 8] = [
        (LEN, LEN + 1, as_asked),
        (LEN, LEN + 500, as_asked),
        (LEN, LEN - 1, as_asked),
        (LEN, 0, as_asked),
        (0, 10, as_asked),
        (1, 10, as_asked),
        (LEN, LEN, |index| index + 1),
        (LEN, LEN, |index| index / 2),
    ];
    type Run = fn(Liar<'_>) -> Vec<usize>;
    let collect: Run = |liar| liar.map(|item| item.0).collect();
    let into_vec: Run = |liar| {
        let mut v = Vec::new();
        liar.collect_into_vec(&mut v);
        v.iter().map(|item| item.0).collect()
    };
    let unzip: Run = |liar| {
        let (mut places, mut items) = (Vec::new(), Vec::new());
        liar.unzip_into_vecs(&mut places, &mut items);
        places
    };
    let ordered: Run = |liar| {
        let mut v = Vec::new();
        liar.for_each_ordered(64, |item: (usize, Counted)| v.push(item.0));
        v
    };
    let list: Run = |liar| liar.filter(|_| true).map(|item| item.0).collect();
    for size in SIZES {
        watched(|| {
            let pool = pool(size);
            for (said, has, cut) in lies {
                for (run, is_exact) in [
                    (collect, true),
                    (into_vec, true),
                    (unzip, true),
                    (ordered, false),
                    (list, false),
                ] {
                    if said == 0 && !is_exact {
                        // Such a loop need not begin.
                        continue;
                    }
                    let census = Census::default();
                    let liar = Liar {
                        said,
                        places: 0..has,
                        cut,
                        census: &census,
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| pool.install(|| run(liar))));
                    match outcome {
                        Ok(places) => assert!(
                            places.iter().copied().eq(0..has) && (!is_exact || said == has),
                            "a wrong result for {said} items that are {has}"
                        ),
                        Err(payload) => assert!(text(&*payload).contains("items"), "a clear text"),
                    }
                    census.assert_all_dropped(census.made());
                }
            }
        });
    }
}
