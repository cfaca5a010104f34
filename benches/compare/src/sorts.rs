//! Sorting: the methods on slices, beside rayon's and, on one thread, std's.
//!
//! Every run sorts a fresh copy of the row's input, which is made off the clock.

use crate::measure::{Make, Row, Sample, Sampled};
use crate::results::OURS;
use std::cmp::Reverse;
use std::sync::{Arc, Mutex};

/// How a row sorts.
#[derive(Debug, Clone, Copy)]
pub enum How {
    Stable,
    Unstable,
    /// Stable, by a part of the item.
    ByKey,
    /// By a key that is costly to make.
    ByCachedKey,
}

/// Who sorts.
trait Sorter: 'static {
    const NAME: &'static str;
    type Pool: Send;

    fn pool(threads: usize) -> Self::Pool;

    /// Runs `f` inside the pool.
    fn inside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R;

    fn sort<T: Item>(items: &mut [T], how: How);
}

/// What is sorted.
pub trait Item: Clone + Ord + Send + Sync + 'static {
    fn key(&self) -> u64;

    fn costly_key(&self) -> String;

    /// A number that depends on all of it.
    fn digest(&self) -> u64;
}

impl Item for u64 {
    /// Some items have the same: one of 2^16.
    fn key(&self) -> u64 {
        self >> 48
    }

    fn costly_key(&self) -> String {
        self.to_string()
    }

    fn digest(&self) -> u64 {
        *self
    }
}

impl Item for String {
    fn key(&self) -> u64 {
        self.len() as u64
    }

    fn costly_key(&self) -> String {
        self.chars().rev().collect()
    }

    fn digest(&self) -> u64 {
        self.bytes().fold(0, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        })
    }
}

enum ManyHands {}

impl Sorter for ManyHands {
    const NAME: &'static str = OURS;
    type Pool = manyhands::Pool;

    fn pool(threads: usize) -> Self::Pool {
        let builder = manyhands::Pool::builder().num_threads(threads);
        builder.build().expect("a pool")
    }

    fn inside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R {
        pool.install(f)
    }

    fn sort<T: Item>(items: &mut [T], how: How) {
        use manyhands::prelude::*;
        match how {
            How::Stable => items.par_sort(),
            How::Unstable => items.par_sort_unstable(),
            How::ByKey => items.par_sort_by_key(T::key),
            How::ByCachedKey => items.par_sort_by_cached_key(T::costly_key),
        }
    }
}

enum Rayon {}

impl Sorter for Rayon {
    const NAME: &'static str = "rayon";
    type Pool = rayon::ThreadPool;

    fn pool(threads: usize) -> Self::Pool {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().expect("a pool")
    }

    fn inside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R {
        pool.install(f)
    }

    fn sort<T: Item>(items: &mut [T], how: How) {
        use rayon::prelude::*;
        match how {
            How::Stable => items.par_sort(),
            How::Unstable => items.par_sort_unstable(),
            How::ByKey => items.par_sort_by_key(T::key),
            How::ByCachedKey => items.par_sort_by_cached_key(T::costly_key),
        }
    }
}

/// The standard library's, on one thread. That is a worker's, too, as the input comes from another
/// core for everybody.
enum Std {}

impl Sorter for Std {
    const NAME: &'static str = "std";
    type Pool = manyhands::Pool;

    fn pool(_: usize) -> Self::Pool {
        ManyHands::pool(1)
    }

    fn inside<R: Send>(pool: &Self::Pool, f: impl FnOnce() -> R + Send) -> R {
        pool.install(f)
    }

    fn sort<T: Item>(items: &mut [T], how: How) {
        match how {
            How::Stable => items.sort(),
            How::Unstable => items.sort_unstable(),
            How::ByKey => items.sort_by_key(T::key),
            How::ByCachedKey => items.sort_by_cached_key(T::costly_key),
        }
    }
}

/// What all subjects of a row share.
struct Input<T> {
    unsorted: Vec<T>,
    /// What is sorted. Only one subject runs at a time.
    copy: Mutex<Vec<T>>,
}

fn subject<S: Sorter, T: Item>(
    input: &Arc<Input<T>>,
    how: How,
    threads: usize,
) -> (&'static str, Make) {
    let input = Arc::clone(input);
    let make = move || -> Sample {
        let pool = S::pool(threads);
        let input = Arc::clone(&input);
        Box::new(move |repeats| {
            let mut copy = input.copy.lock().expect("nobody panics with the lock");
            let mut sampled = Sampled::default();
            for _ in 0..repeats {
                copy.clone_from(&input.unsorted);
                let items = &mut copy[..];
                let sampled = &mut sampled;
                S::inside(&pool, || {
                    sampled.add(|| {
                        S::sort(items, how);
                        0
                    });
                });
            }
            sampled.result = fingerprint(&copy);
            sampled
        })
    };
    (S::NAME, Box::new(make))
}

/// A number that depends on every place.
fn fingerprint<T: Item>(items: &[T]) -> u64 {
    items.iter().zip(1..).fold(0, |sum: u64, (item, nth)| {
        sum.wrapping_add(item.digest().wrapping_mul(nth))
    })
}

fn row<T: Item>(name: String, unsorted: Vec<T>, how: How, threads: usize) -> Row {
    let copy = Mutex::new(Vec::new());
    let input = Arc::new(Input { unsorted, copy });
    Row {
        name,
        unit: "item",
        units: input.unsorted.len() as u64,
        subjects: vec![
            subject::<ManyHands, T>(&input, how, threads),
            subject::<Rayon, T>(&input, how, threads),
            subject::<Std, T>(&input, how, threads),
        ],
    }
}

/// A row that sorts numbers.
pub fn numbers(how: How, order: Order, len: usize, threads: usize) -> Row {
    let name = format!("{}, 10^{} {order:?}", how.name(), len.ilog10());
    row(name, order.numbers(len), how, threads)
}

/// A row that sorts strings of up to 20 digits.
pub fn strings(how: How, order: Order, len: usize, threads: usize) -> Row {
    let name = format!("{}, 10^{} strings {order:?}", how.name(), len.ilog10());
    row(name, order.strings(len), how, threads)
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Unstable => "unstable",
            Self::ByKey => "by key",
            Self::ByCachedKey => "by cached key",
        }
    }
}

/// How the input is ordered. The names are those of the rows.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    Random,
    Sorted,
    Reversed,
    /// Few distinct values.
    Of16,
    /// Sorted, but for the last tenth.
    RandomTail,
    /// Sorted, but one item of a hundred is anywhere.
    NearlySorted,
    /// Up, and down again.
    OrganPipe,
}

impl Order {
    fn numbers(self, len: usize) -> Vec<u64> {
        let mut items: Vec<u64> = (0..len as u64).map(splitmix).collect();
        self.arrange(&mut items, |x| x % 16);
        items
    }

    fn strings(self, len: usize) -> Vec<String> {
        let items = (0..len as u64).map(splitmix);
        let mut items: Vec<String> = items.map(|x| x.to_string()).collect();
        self.arrange(&mut items, |x| x.split_at(x.len().min(1)).0.to_owned());
        items
    }

    /// `few` maps an item to one of few values.
    fn arrange<T: Item>(self, items: &mut [T], few: impl Fn(&T) -> T) {
        let len = items.len();
        match self {
            Self::Random => (),
            Self::Sorted => items.sort(),
            Self::Reversed => items.sort_by(|a, b| b.cmp(a)),
            Self::Of16 => items.iter_mut().for_each(|item| *item = few(item)),
            Self::RandomTail => items[..len / 10 * 9].sort(),
            Self::NearlySorted => {
                items.sort();
                for n in 0..len / 100 {
                    let place = |x| (splitmix(x) % len as u64) as usize;
                    items.swap(place(n as u64), place((n + len) as u64));
                }
            }
            Self::OrganPipe => {
                let (up, down) = items.split_at_mut(len / 2);
                up.sort();
                down.sort_by_key(|item| Reverse(item.clone()));
            }
        }
    }
}

/// Steele's splitmix64: numbers without an order.
fn splitmix(n: u64) -> u64 {
    let mut x = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// All orders but random.
pub const PATTERNS: [Order; 6] = [
    Order::Sorted,
    Order::Reversed,
    Order::Of16,
    Order::RandomTail,
    Order::NearlySorted,
    Order::OrganPipe,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sorts() {
        let check = |row: Row| {
            let mut results = row.subjects.iter().map(|(_, make)| make()(2).result);
            let first = results.next().unwrap();
            assert!(results.all(|result| result == first), "{}", row.name);
        };
        let hows = [How::Stable, How::Unstable, How::ByKey, How::ByCachedKey];
        for threads in [1, 2] {
            for order in PATTERNS.into_iter().chain([Order::Random]) {
                for how in hows {
                    check(numbers(how, order, 10_000, threads));
                    check(strings(how, order, 10_000, threads));
                }
            }
        }
    }

    #[test]
    fn orders_are_what_they_say() {
        assert!(Order::Sorted.numbers(1000).is_sorted());
        assert!(Order::Reversed.strings(1000).is_sorted_by(|a, b| a >= b));
        let tail = Order::RandomTail.numbers(1000);
        assert!(tail[..900].is_sorted() && !tail.is_sorted());
        let pipe = Order::OrganPipe.numbers(1000);
        assert!(pipe[..500].is_sorted() && pipe[500..].is_sorted_by(|a, b| a >= b));
        let nearly = Order::NearlySorted.numbers(1000);
        let falls = nearly.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!((5..50).contains(&falls), "{falls}");
        let mut few = Order::Of16.numbers(1000);
        few.sort();
        few.dedup();
        assert_eq!(few.len(), 16);
    }
}
