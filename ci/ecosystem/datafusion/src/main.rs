//! Queries of DataFusion in tasks of manyhands and in tasks of tokio: the same answers, and an end
//! soon after they are cancelled.
//!
//! `datafusion` prints the answers, and whether each cancelled query ended in time. With `--times`
//! it prints milliseconds instead: of each query, and from each cancellation to its end. Prices are
//! multiples of 1/256, so sums are exact in any order.

mod side;
mod tables;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, sum};
use datafusion::prelude::*;
use side::{Manyhands, Side, Tokio};
use std::env;
use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a query runs before it is cancelled.
const BEFORE: Duration = Duration::from_millis(300);
/// How soon it has to end then. It takes milliseconds where nothing else needs the cores.
const PATIENCE: Duration = Duration::from_secs(2);
const QUERIES_AT_ONCE: usize = 4;

/// A group-by over a join.
async fn regions(context: SessionContext, sales: &str) -> Result<Vec<RecordBatch>> {
    let shops = context.table("shops").await?;
    let joined =
        context
            .table(sales)
            .await?
            .join(shops, JoinType::Inner, &["key"], &["shop"], None)?;
    let sums = vec![
        count(lit(1)).alias("rows"),
        sum(col("amount")).alias("amount"),
        sum(col("price")).alias("price"),
        avg(col("price")).alias("mean"),
    ];
    let groups = joined.aggregate(vec![col("region")], sums)?;
    groups.sort_by(vec![col("region")])?.collect().await
}

/// A group-by with many groups.
async fn keys(context: SessionContext, sales: &str) -> Result<Vec<RecordBatch>> {
    let sums = vec![
        sum(col("amount")).alias("amount"),
        max(col("price")).alias("price"),
    ];
    let groups = context
        .table(sales)
        .await?
        .aggregate(vec![col("key")], sums)?;
    let best = groups.sort(vec![
        col("amount").sort(false, false),
        col("key").sort(true, false),
    ])?;
    best.limit(0, Some(1000))?.collect().await
}

/// The number of rows, and the bits of all of them as text.
fn checksum(batches: &[RecordBatch]) -> Result<String> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let text = pretty_format_batches(batches)?.to_string();
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(format!("{rows} rows, {sum:016x}"))
}

/// The time that the process has used so far, or nothing where the system does not tell.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, comes before.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

/// Waits until the process uses less than a tenth of a core; returns for how long it used more.
async fn until_idle() -> Duration {
    const STEP: Duration = Duration::from_millis(100);
    let start = Instant::now();
    loop {
        let (time, before) = (start.elapsed(), cpu_time());
        tokio::time::sleep(STEP).await;
        if cpu_time() - before <= STEP / 10 || time > 10 * PATIENCE {
            return time;
        }
    }
}

/// Prints a line: an outcome, or milliseconds.
struct Report {
    times: bool,
}

impl Report {
    fn answer(&self, name: &str, answer: &str, time: Duration) {
        match self.times {
            true => self.time(name, time),
            false => println!("{name}: {answer}"),
        }
    }

    fn time(&self, name: &str, time: Duration) {
        if self.times {
            println!("{name} {:.1}", time.as_secs_f64() * 1000.0);
        }
    }
}

/// How late a task wakes from sleeps of a millisecond, until told to end: the 99th of a hundred.
async fn lateness(end: Arc<AtomicBool>) -> Duration {
    let mut late = Vec::new();
    while !end.load(Ordering::Relaxed) {
        let start = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        late.push(start.elapsed().saturating_sub(Duration::from_millis(1)));
    }
    late.sort();
    late.get(late.len() * 99 / 100).copied().unwrap_or_default()
}

async fn all<S: Side>(context: SessionContext, report: &Report) -> Result<()> {
    let start = Instant::now();
    let answer = S::join(S::spawn(regions(context.clone(), "sales")))
        .await
        .expect("it ends")?;
    report.answer("regions", &checksum(&answer)?, start.elapsed());

    let start = Instant::now();
    let answer = S::join(S::spawn(keys(context.clone(), "sales")))
        .await
        .expect("it ends")?;
    report.answer("keys", &checksum(&answer)?, start.elapsed());

    let start = Instant::now();
    let queries = [(); QUERIES_AT_ONCE].map(|()| S::spawn(regions(context.clone(), "sales")));
    let mut answers = Vec::new();
    for query in queries {
        answers.extend(S::join(query).await.expect("it ends")?);
    }
    report.answer("at-once", &checksum(&answers)?, start.elapsed());

    for (name, is_join) in [("long-join", true), ("long-group", false)] {
        let query = |context| async move {
            match is_join {
                true => regions(context, "long").await,
                false => keys(context, "long").await,
            }
        };
        let in_time = |time: Duration, rest: Duration| match time < PATIENCE && rest < PATIENCE {
            true => "ended in time".to_owned(),
            false => format!("too late: {time:?}, and {rest:?} of work"),
        };
        let end = Arc::new(AtomicBool::new(false));
        let late = S::spawn(lateness(end.clone()));
        let running = S::spawn(query(context.clone()));
        tokio::time::sleep(BEFORE).await;
        let start = Instant::now();
        S::abort(&running);
        assert!(S::join(running).await.is_none(), "{name} ended by itself");
        let time = start.elapsed();
        end.store(true, Ordering::Relaxed);
        let late = S::join(late).await.expect("it ends");
        let rest = until_idle().await;
        report.answer(&format!("{name}-abort"), &in_time(time, rest), time);
        report.time(&format!("{name}-rest"), rest);
        report.time(&format!("{name}-late"), late);

        let start = Instant::now();
        let running = S::spawn(tokio_timeout(query(context.clone())));
        let answer = S::join(running).await.expect("it ends");
        assert!(answer.is_none(), "{name} ended by itself");
        let time = start.elapsed().saturating_sub(BEFORE);
        let rest = until_idle().await;
        report.answer(&format!("{name}-timeout"), &in_time(time, rest), time);
    }
    Ok(())
}

async fn tokio_timeout<F: Future>(query: F) -> Option<F::Output> {
    tokio::time::timeout(BEFORE, query).await.ok()
}

fn run(side: &str, report: &Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let pool = manyhands::Pool::builder();
    let context = tables::context()?;
    match side {
        "tokio" => runtime.block_on(all::<Tokio>(context, report)),
        "manyhands" => {
            let pool = pool.build().expect("threads can be started");
            pool.block_on(all::<Manyhands>(context, report))
        }
        "manyhands-beside-tokio" => {
            let pool = pool.tokio_handle(runtime.handle().clone()).build();
            let pool = pool.expect("threads can be started");
            pool.block_on(all::<Manyhands>(context, report))
        }
        _ => panic!("no such side: {side}"),
    }
}

fn main() -> ExitCode {
    let side = env::args()
        .nth(1)
        .expect("the first argument says what runs the tasks");
    let times = env::args().any(|argument| argument == "--times");
    match run(&side, &Report { times }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
