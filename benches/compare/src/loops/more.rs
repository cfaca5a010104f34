//! What programs do with loops: collect, filter, fold, search, zip, nest, read text.

use super::heavy::rounds;
use super::{Chain, Place, chain, heavy, row};
use crate::measure::Row;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hint::black_box;
use std::sync::Arc;

const MILLION: usize = 1_000_000;

/// A number for a vector: its length and what is in some places.
fn fingerprint(items: &[u64]) -> u64 {
    let places = [0, items.len() / 3, items.len() / 2, items.len() - 1];
    let sum: u64 = places.iter().map(|&place| items[place]).sum();
    black_box(items).len() as u64 + sum
}

/// Numbers in no order.
fn numbers(count: usize) -> Vec<u64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 32
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// About so many bytes: lines of words of several lengths.
fn text(bytes: usize) -> String {
    const WORDS: [&str; 8] = [
        "many", "hands", "make", "light", "work", "a", "permit", "stealing",
    ];
    let mut text = String::with_capacity(bytes + 100);
    for number in numbers(bytes / 5) {
        text.push_str(WORDS[number as usize % 8]);
        text.push(if number % 11 == 0 { '\n' } else { ' ' });
        if text.len() >= bytes {
            break;
        }
    }
    text
}

pub fn chains(threads: usize, push: &mut dyn FnMut(Row)) {
    collecting(threads, push);
    maps(threads, push);
    searching(threads, push);
    joining(threads, push);
    nested(threads, push);
    strings(threads, push);
    bridges(threads, push);
}

fn inside<D: Send + Sync + 'static>(
    name: &str,
    units: usize,
    data: &Arc<D>,
    chain: &Chain<D>,
    threads: usize,
) -> Row {
    row(
        name,
        "item",
        units as u64,
        data,
        chain,
        Place::Inside,
        threads,
    )
}

fn collecting(threads: usize, push: &mut dyn FnMut(Row)) {
    type Numbers = Vec<u64>;
    let data = Arc::new(numbers(MILLION));
    let mut row = |name: &str, chain: Chain<Numbers>| {
        push(inside(name, MILLION, &data, &chain, threads));
    };
    row(
        "map, collect",
        chain!(
            |data: Numbers| fingerprint(&data.iter().map(|x| x ^ 5).collect::<Numbers>()),
            fingerprint(&data.par_iter().map(|x| x ^ 5).collect::<Numbers>()),
        ),
    );
    row(
        "filter, collect",
        chain!(
            |data: Numbers| {
                let odd = data.iter().copied().filter(|x| x % 3 != 0);
                fingerprint(&odd.collect::<Numbers>())
            },
            {
                let odd = data.par_iter().copied().filter(|x| x % 3 != 0);
                fingerprint(&odd.collect::<Numbers>())
            },
        ),
    );
    row(
        "flat_map_iter, collect",
        chain!(
            |data: Numbers| {
                let tenths = data[..MILLION / 10].iter();
                fingerprint(
                    &tenths
                        .flat_map(|x| (0..10).map(move |y| x + y))
                        .collect::<Numbers>(),
                )
            },
            {
                let tenths = data[..MILLION / 10].par_iter();
                let flat = tenths.flat_map_iter(|x| (0..10).map(move |y| x + y));
                fingerprint(&flat.collect::<Numbers>())
            },
        ),
    );
    row(
        "collect of Results",
        chain!(
            |data: Numbers| {
                let results = data.iter().map(|x| x.checked_add(7).ok_or(()));
                fingerprint(&results.collect::<Result<Numbers, ()>>().expect("small"))
            },
            {
                let results = data.par_iter().map(|x| x.checked_add(7).ok_or(()));
                fingerprint(&results.collect::<Result<Numbers, ()>>().expect("small"))
            },
        ),
    );
    row(
        "unzip",
        chain!(
            |data: Numbers| {
                let (a, b): (Numbers, Numbers) = data.iter().map(|x| (x ^ 5, x >> 3)).unzip();
                fingerprint(&a) + fingerprint(&b)
            },
            {
                let (a, b): (Numbers, Numbers) = data.par_iter().map(|x| (x ^ 5, x >> 3)).unzip();
                fingerprint(&a) + fingerprint(&b)
            },
        ),
    );
    row(
        "partition",
        chain!(
            |data: Numbers| {
                let (a, b): (Numbers, Numbers) = data.iter().partition(|&x| x % 2 == 0);
                fingerprint(&a) + fingerprint(&b)
            },
            {
                let (a, b): (Numbers, Numbers) = data.par_iter().partition(|&x| x % 2 == 0);
                fingerprint(&a) + fingerprint(&b)
            },
        ),
    );
}

fn maps(threads: usize, push: &mut dyn FnMut(Row)) {
    type Numbers = Vec<u64>;
    let data = Arc::new(numbers(MILLION));
    let mut row = |name: &str, chain: Chain<Numbers>| {
        push(inside(name, MILLION, &data, &chain, threads));
    };
    fn count(mut counts: HashMap<u64, u64>, key: u64) -> HashMap<u64, u64> {
        *counts.entry(key).or_default() += 1;
        counts
    }
    fn merge(mut into: HashMap<u64, u64>, from: HashMap<u64, u64>) -> HashMap<u64, u64> {
        for (key, count) in from {
            *into.entry(key).or_default() += count;
        }
        into
    }
    row(
        "fold, reduce into a HashMap of 1000",
        chain!(
            |data: Numbers| {
                let counts = data.iter().map(|x| x % 1000).fold(HashMap::new(), count);
                counts.len() as u64 + counts[&17]
            },
            {
                let keys = data.par_iter().map(|x| x % 1000);
                let counts = keys.fold(HashMap::new, count).reduce(HashMap::new, merge);
                counts.len() as u64 + counts[&17]
            },
        ),
    );
    row(
        "collect into a HashMap",
        chain!(
            |data: Numbers| {
                let map: HashMap<u64, u64> = data.iter().map(|&x| (x, x ^ 1)).collect();
                map.len() as u64
            },
            {
                let map: HashMap<u64, u64> = data.par_iter().map(|&x| (x, x ^ 1)).collect();
                map.len() as u64
            },
        ),
    );
    row(
        "collect into a HashSet",
        chain!(
            |data: Numbers| {
                let set: HashSet<u64> = data.iter().map(|&x| x >> 8).collect();
                set.len() as u64
            },
            {
                let set: HashSet<u64> = data.par_iter().map(|&x| x >> 8).collect();
                set.len() as u64
            },
        ),
    );
    row(
        "collect into a BTreeMap",
        chain!(
            |data: Numbers| {
                let map: BTreeMap<u64, u64> = data.iter().map(|&x| (x, x ^ 1)).collect();
                map.len() as u64
            },
            {
                let map: BTreeMap<u64, u64> = data.par_iter().map(|&x| (x, x ^ 1)).collect();
                map.len() as u64
            },
        ),
    );
    let map: HashMap<u64, u64> = data.iter().map(|&x| (x, x ^ 1)).collect();
    let chain = chain!(
        |map: HashMap<u64, u64>| map.iter().map(|(key, value)| key ^ value).sum(),
        map.par_iter().map(|(key, value)| key ^ value).sum(),
    );
    push(inside(
        "sum over a HashMap",
        MILLION,
        &Arc::new(map),
        &chain,
        threads,
    ));
}

fn searching(threads: usize, push: &mut dyn FnMut(Row)) {
    type Numbers = Vec<u64>;
    let mut data: Numbers = numbers(MILLION).into_iter().map(|x| x | 1).collect();
    // The only even number.
    data[MILLION * 5 / 8] = 1000;
    let data = Arc::new(data);
    let mut row = |name: &str, chain: Chain<Numbers>| {
        push(inside(name, MILLION, &data, &chain, threads));
    };
    row(
        "find_any, at five eighths",
        chain!(
            |data: Numbers| *data.iter().find(|&x| x % 2 == 0).expect("one"),
            *data.par_iter().find_any(|&x| x % 2 == 0).expect("one"),
        ),
    );
    row(
        "find_first, at five eighths",
        chain!(
            |data: Numbers| *data.iter().find(|&x| x % 2 == 0).expect("one"),
            *data.par_iter().find_first(|&x| x % 2 == 0).expect("one"),
        ),
    );
    row(
        "any, at the first item",
        chain!(
            |data: Numbers| u64::from(data.iter().any(|&x| x % 2 == 1)),
            u64::from(data.par_iter().any(|&x| x % 2 == 1)),
        ),
    );
    row(
        "max_by_key",
        chain!(
            |data: Numbers| *data.iter().max_by_key(|x| x.reverse_bits()).expect("many"),
            *data
                .par_iter()
                .max_by_key(|x| x.reverse_bits())
                .expect("many"),
        ),
    );
}

fn joining(threads: usize, push: &mut dyn FnMut(Row)) {
    type Pair = (Vec<u64>, Vec<u64>);
    let numbers = numbers(MILLION);
    let data = Arc::new((numbers.clone(), numbers));
    let mut row = |name: &str, chain: Chain<Pair>| {
        push(inside(name, MILLION, &data, &chain, threads));
    };
    row(
        "zip, map, sum",
        chain!(
            |data: Pair| {
                let pairs = data.0.iter().zip(&data.1);
                pairs.map(|(x, y)| x.wrapping_mul(y ^ 3) >> 40).sum()
            },
            {
                let pairs = data.0.par_iter().zip(&data.1);
                pairs.map(|(x, y)| x.wrapping_mul(y ^ 3) >> 40).sum()
            },
        ),
    );
    row(
        "chunks of 100, zip, enumerate, map, sum",
        chain!(
            |data: Pair| {
                let pairs = data.0.chunks(100).zip(data.1.chunks(100)).enumerate();
                pairs
                    .map(|(n, (x, y))| n as u64 ^ (x[0] + y[y.len() - 1]))
                    .sum()
            },
            {
                let pairs = data
                    .0
                    .par_chunks(100)
                    .zip(data.1.par_chunks(100))
                    .enumerate();
                pairs
                    .map(|(n, (x, y))| n as u64 ^ (x[0] + y[y.len() - 1]))
                    .sum()
            },
        ),
    );
    row(
        "windows of 3, filter, count",
        chain!(
            |data: Pair| {
                let peaks = data.0.windows(3).filter(|w| w[0] < w[1] && w[1] > w[2]);
                peaks.count() as u64
            },
            {
                let peaks = data.0.par_windows(3).filter(|w| w[0] < w[1] && w[1] > w[2]);
                peaks.count() as u64
            },
        ),
    );
    row(
        "chain, skip, step_by, sum",
        chain!(
            |data: Pair| {
                let chain = data.0.iter().chain(&data.1).skip(5).step_by(3);
                chain.map(|x| x >> 3).sum()
            },
            {
                let chain = data.0.par_iter().chain(&data.1).skip(5).step_by(3);
                chain.map(|x| x >> 3).sum()
            },
        ),
    );
}

fn nested(threads: usize, push: &mut dyn FnMut(Row)) {
    type Sizes = (u64, u64);
    let mut row = |name: &str, data: Sizes| {
        let chain = chain!(
            |data: Sizes| {
                let inner = |x: u64| {
                    (0..data.1 as u32)
                        .map(|y| (x ^ u64::from(y)) % 7)
                        .sum::<u64>()
                };
                (0..data.0 as u32).map(|x| inner(u64::from(x))).sum()
            },
            {
                let inner = |x: u64| {
                    let inner = (0..data.1 as u32).into_par_iter();
                    inner.map(|y| (x ^ u64::from(y)) % 7).sum::<u64>()
                };
                let outer = (0..data.0 as u32).into_par_iter();
                outer.map(|x| inner(u64::from(x))).sum()
            },
        );
        push(inside(name, MILLION, &Arc::new(data), &chain, threads));
    };
    row("nested, 10 times 10^5", (10, 100_000));
    row("nested, 1000 times 1000", (1000, 1000));
    row("nested, 10^5 times 10", (100_000, 10));
}

fn strings(threads: usize, push: &mut dyn FnMut(Row)) {
    let bytes = 100_000_000;
    let data = Arc::new(text(bytes));
    let mut row = |name: &str, chain: Chain<String>| {
        let chain = &chain;
        push(super::row(
            name,
            "byte",
            bytes as u64,
            &data,
            chain,
            Place::Inside,
            threads,
        ));
    };
    row(
        "lines of 100 MB, max of lengths",
        chain!(
            |data: String| data.lines().map(str::len).max().expect("a line") as u64,
            data.par_lines().map(str::len).max().expect("a line") as u64,
        ),
    );
    row(
        "split_whitespace of 100 MB, sum of lengths",
        chain!(
            |data: String| data.split_whitespace().map(|word| word.len() as u64).sum(),
            data.par_split_whitespace()
                .map(|word| word.len() as u64)
                .sum(),
        ),
    );
}

fn bridges(threads: usize, push: &mut dyn FnMut(Row)) {
    let mut row = |name: &str, items: usize, chain: Chain<Vec<u64>>, nanoseconds: u64| {
        let data = Arc::new(vec![rounds(nanoseconds); items]);
        push(inside(name, items, &data, &chain, threads));
    };
    let chain = || Chain {
        plain: heavy::chain().plain,
        ..chain!(
            |_data: Vec<u64>| 0,
            _data
                .iter()
                .par_bridge()
                .map(|&n| heavy::spin(n) & 0xff)
                .sum(),
        )
    };
    row("par_bridge, 10^5 items of 10 ns", 100_000, chain(), 10);
    row("par_bridge, 10^4 items of 1 us", 10_000, chain(), 1000);
}
