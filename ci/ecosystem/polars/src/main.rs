//! A group-by, a join and a sort of Polars, on its pool, on threads without one, and in tasks.
//!
//! `polars ROWS` prints a line for each part with a checksum of its result; `polars ROWS --times`
//! prints the milliseconds of each part in its place. Prices and rates are multiples of 1/256 and
//! of 1/4, so all sums are exact: the order of the additions changes no bit of them.

use polars::prelude::*;
use polars_async::executor::ALLOW_RAYON_THREADS;
use polars_core::runtime::RAYON;
use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

const KEYS: u64 = 100_000;
const REGIONS: u64 = 100;
/// Queries at the same time, each over its part of the rows.
const AT_ONCE: usize = 4;

/// Mixes the bits of a number (splitmix64).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % end
    }
}

fn sales(rows: usize) -> PolarsResult<DataFrame> {
    let mut random = Random(1);
    let (mut keys, mut amounts, mut prices) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        keys.push(random.below(KEYS) as u32);
        amounts.push(random.below(2000) as i64 - 1000);
        prices.push(random.below(1 << 18) as f64 / 256.0);
    }
    df!("key" => keys, "amount" => amounts, "price" => prices)
}

/// Every key but each tenth, with its region and its rate.
fn shops() -> PolarsResult<DataFrame> {
    let mut random = Random(2);
    let keys: Vec<u32> = (0..KEYS as u32).filter(|key| key % 10 != 0).collect();
    let regions: Vec<u32> = keys.iter().map(|_| random.below(REGIONS) as u32).collect();
    let rates: Vec<f64> = keys.iter().map(|_| random.below(16) as f64 / 4.0).collect();
    df!("key" => keys, "region" => regions, "rate" => rates)
}

fn group_by(sales: DataFrame) -> LazyFrame {
    let sums = [
        len().alias("rows"),
        col("amount").sum().alias("amount"),
        col("price").sum().alias("price"),
        col("price").mean().alias("mean"),
        col("price").max().alias("max"),
    ];
    let order = SortMultipleOptions::default();
    sales
        .lazy()
        .group_by([col("key")])
        .agg(sums)
        .sort(["key"], order)
}

fn join(sales: DataFrame, shops: DataFrame) -> LazyFrame {
    let worth = col("price") * col("rate");
    let sums = [
        len().alias("rows"),
        col("amount").sum().alias("amount"),
        worth.clone().sum().alias("worth"),
        worth.mean().alias("mean"),
    ];
    let joined = sales
        .lazy()
        .inner_join(shops.lazy(), col("key"), col("key"));
    joined
        .group_by([col("region")])
        .agg(sums)
        .sort(["region"], SortMultipleOptions::default())
}

fn sort(sales: DataFrame) -> LazyFrame {
    sales
        .lazy()
        .sort(["price", "key", "amount"], SortMultipleOptions::default())
}

/// A number that all values, their order and their columns count in.
fn checksum(frame: &DataFrame) -> u64 {
    let mut sum = frame.height() as u64;
    for column in frame.columns() {
        let column = column.cast(&match column.dtype() {
            DataType::Float64 => DataType::Float64,
            _ => DataType::Int64,
        });
        let column = column.expect("numbers can be cast");
        if let Ok(numbers) = column.f64() {
            numbers
                .iter()
                .for_each(|n| sum = mix(sum ^ n.map_or(7, f64::to_bits)));
        } else {
            let numbers = column.i64().expect("it was cast to this type");
            numbers
                .iter()
                .for_each(|n| sum = mix(sum ^ n.map_or(7, |n| n as u64)));
        }
    }
    sum
}

/// Both queries over a part of the rows, one after the other.
fn both(sales: DataFrame, shops: DataFrame) -> PolarsResult<u64> {
    let groups = checksum(&group_by(sales.clone()).collect()?);
    Ok(mix(groups) ^ checksum(&join(sales, shops).collect()?))
}

fn parts(sales: &DataFrame) -> Vec<DataFrame> {
    let length = sales.height() / AT_ONCE;
    (0..AT_ONCE)
        .map(|part| sales.slice((part * length) as i64, length))
        .collect()
}

/// Queries on threads that are no threads of any pool.
fn threads(sales: &DataFrame, shops: &DataFrame, with_pool: bool) -> PolarsResult<u64> {
    let query = |part| {
        // As Polars does on the threads of its streaming engine: there it makes a pool with one
        // thread out of each thread that asks for one.
        ALLOW_RAYON_THREADS.set(with_pool);
        both(part, shops.clone())
    };
    let query = &query;
    let sums = thread::scope(|scope| {
        let threads: Vec<_> = parts(sales)
            .into_iter()
            .map(|part| scope.spawn(move || query(part)))
            .collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.map(|end| end.expect("a query panicked"))
            .collect::<PolarsResult<Vec<u64>>>()
    });
    Ok(sums?.into_iter().fold(0, |sum, part| mix(sum ^ part)))
}

/// Queries in tasks, each right where the task is polled.
#[cfg(feature = "tasks")]
fn tasks(sales: &DataFrame, shops: &DataFrame) -> PolarsResult<u64> {
    manyhands::block_on(async {
        let query = |part| {
            let shops = shops.clone();
            manyhands::spawn(async move { both(part, shops) })
        };
        let tasks: Vec<_> = parts(sales).into_iter().map(query).collect();
        let mut sum = 0;
        for task in tasks {
            sum = mix(sum ^ task.await.expect("a query panicked")?);
        }
        Ok(sum)
    })
}

#[cfg(not(feature = "tasks"))]
fn tasks(sales: &DataFrame, shops: &DataFrame) -> PolarsResult<u64> {
    threads(sales, shops, true)
}

/// A query that Polars' pool runs by itself.
fn background(sales: &DataFrame) -> PolarsResult<u64> {
    let running = group_by(sales.clone()).collect_concurrently()?;
    Ok(checksum(&running.fetch_blocking()?))
}

/// A query that is cancelled as soon as it was given to the pool. It may have begun before: then it
/// ends its sort, and the result is a table, no error.
fn cancelled(sales: &DataFrame) -> PolarsResult<u64> {
    let query = sort(sales.clone()).collect_concurrently()?;
    query.cancel();
    let rows = query.fetch_blocking().map_or(0, |sorted| sorted.height());
    assert!(rows == 0 || rows == sales.height());
    Ok(0)
}

/// Waits on the pool's threads for other threads, which Polars does by `yield_now` in a loop.
fn waits(sales: &DataFrame, shops: &DataFrame) -> PolarsResult<u64> {
    let parts = parts(sales);
    let query = |part: &DataFrame| {
        let before = checksum(&group_by(part.clone()).collect()?);
        let other = || both(part.clone(), shops.clone());
        PolarsResult::Ok(before ^ RAYON.block_on(other)?)
    };
    let halves = || {
        let (first, second) = parts.split_at(parts.len() / 2);
        let half = |parts: &[DataFrame]| parts.iter().map(query).collect::<PolarsResult<Vec<_>>>();
        rayon::join(|| half(first), || half(second))
    };
    let (first, second) = RAYON.install(halves);
    Ok(first?
        .into_iter()
        .chain(second?)
        .fold(0, |sum, part| mix(sum ^ part)))
}

fn run() -> PolarsResult<()> {
    let rows = env::args().nth(1).and_then(|rows| rows.parse().ok());
    let rows = rows.expect("the first argument is the number of rows");
    let times = env::args().any(|argument| argument == "--times");
    let (sales, shops) = (sales(rows)?, shops()?);
    let show = |name: &str, part: &dyn Fn() -> PolarsResult<u64>| {
        let start = Instant::now();
        let sum = part()?;
        match times {
            true => println!("{name} {:.1}", start.elapsed().as_secs_f64() * 1000.0),
            false => println!("{name}: {sum:016x}"),
        }
        PolarsResult::Ok(())
    };
    show("group_by", &|| {
        Ok(checksum(&group_by(sales.clone()).collect()?))
    })?;
    show("join", &|| {
        Ok(checksum(&join(sales.clone(), shops.clone()).collect()?))
    })?;
    show("sort", &|| Ok(checksum(&sort(sales.clone()).collect()?)))?;
    show("threads", &|| threads(&sales, &shops, true))?;
    show("one-thread-pools", &|| threads(&sales, &shops, false))?;
    show("tasks", &|| tasks(&sales, &shops))?;
    show("background", &|| background(&sales))?;
    show("cancelled", &|| cancelled(&sales))?;
    show("waits", &|| waits(&sales, &shops))
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
