//! Iterators, producers and consumers written outside the crate, against the public traits: as
//! users of rayon write theirs.

use manyhands::iter::plumbing::*;
use manyhands::prelude::*;

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
    let (left, right) = match right.rejoin(left, 1) {
        Ok(_) => panic!("the default refuses"),
        Err(both) => both,
    };
    let right = right.into_folder().consume(3);
    assert_eq!(reducer.reduce(left.complete(), right.complete()), "123");
}
