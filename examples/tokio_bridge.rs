//! tokio's sockets and timers inside tasks of the pool, beside parallel loops (feature `tokio`).
//!
//! ```text
//! cargo run --release --features tokio --example tokio_bridge [--clients N] [--texts N]
//! ```
//!
//! A server on `tokio::net` receives texts and answers with their most frequent word. Clients in
//! the same process send the texts, and give up after a while (`tokio::time::timeout`). Only
//! `spawn` and `block_on` show that the tasks run on manyhands: the words are counted right in the
//! task, on all threads. What to observe: the ticker (`tokio::time::interval`) is on time although
//! all cores count.

use manyhands::{block_on, prelude::*, spawn};
use std::collections::HashMap;
use std::env;
use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const USAGE: &str = "\
usage: tokio_bridge [--clients N] [--texts N]
  --clients N  connections at a time (default: 16)
  --texts N    texts of 600 kB from each (default: 20)";

/// The length of the longest text that is accepted.
const LONGEST: u32 = 16 << 20;
const WORDS_OF_A_TEXT: u64 = 100_000;
const TICK: Duration = Duration::from_millis(200);
/// A text is counted in milliseconds. Not so on a machine that other programs keep busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most frequent word of a text; the first in the alphabet, if there are several.
fn most_frequent(text: &str) -> Option<(&str, usize)> {
    let counts = text
        .par_split_whitespace()
        .fold(HashMap::new, |mut counts, word| {
            *counts.entry(word).or_insert(0) += 1;
            counts
        })
        .reduce_with(|mut counts, others| {
            for (word, count) in others {
                *counts.entry(word).or_insert(0) += count;
            }
            counts
        })?;
    let order = |&(word, count): &(&str, usize)| (count, std::cmp::Reverse(word.to_owned()));
    counts.into_iter().max_by_key(order)
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, client) = listener.accept().await?;
        spawn(async move {
            match answer(stream).await {
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    eprintln!("{client}: {error}");
                }
                _ => {}
            }
        });
    }
}

/// Answers texts. A text or an answer is a length and as many bytes.
async fn answer(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        if length > LONGEST {
            return Err(io::Error::other("a text that is too long"));
        }
        let mut text = vec![0; length as usize];
        stream.read_exact(&mut text).await?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let (word, count) = most_frequent(&text).unwrap_or_default();
        let answer = format!("{word} {count}");
        stream.write_u32(answer.len() as u32).await?;
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Sends texts, and returns how long each answer took.
async fn ask(
    listener: std::net::SocketAddr,
    seed: u64,
    texts: u64,
    tell: mpsc::UnboundedSender<Duration>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(listener).await?;
    stream.set_nodelay(true)?;
    for number in 0..texts {
        let text = text(seed << 32 | number);
        let start = Instant::now();
        let asked = timeout(PATIENCE, async {
            stream.write_u32(text.len() as u32).await?;
            stream.write_all(text.as_bytes()).await?;
            let mut answer = vec![0; stream.read_u32().await? as usize];
            stream.read_exact(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        });
        let answer = asked.await.map_err(io::Error::other)??;
        assert!(answer.starts_with(b"word0 "), "the wrong word");
        let _ = tell.send(start.elapsed());
    }
    Ok(())
}

/// A text in which `word0` is the most frequent word.
fn text(seed: u64) -> String {
    (0..WORDS_OF_A_TEXT)
        .into_par_iter()
        .map(|place| {
            // Some bits that look random.
            let bits = (seed ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let word = if bits % 100 == 0 { 0 } else { bits % 1000 };
            format!("word{word} ")
        })
        .collect()
}

async fn run(clients: u64, texts: u64) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawn(serve(listener)).cancel_on_drop();
    let (tell, mut answers) = mpsc::unbounded_channel();
    let tasks: Vec<_> = (0..clients)
        .map(|seed| spawn(ask(address, seed, texts, tell.clone())))
        .collect();
    drop(tell);

    let latest = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicU64::new(0));
    let ticker = spawn(tick(Arc::clone(&latest), Arc::clone(&done))).cancel_on_drop();
    let start = Instant::now();
    let mut times = Vec::new();
    while let Some(time) = answers.recv().await {
        times.push(time);
        done.store(times.len() as u64, Ordering::Relaxed);
    }
    let seconds = start.elapsed().as_secs_f64();
    drop((server, ticker));
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }

    times.par_sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{} texts in {seconds:.2} s: {:.0} a second; ms to an answer: p50 {:.1}, p99 {:.1}, max {:.1}",
        times.len(),
        times.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        at(1.0),
    );
    let late = latest.load(Ordering::Relaxed) as f64 / 1e3;
    println!("the ticker was {late:.1} ms late at most");
    Ok(())
}

/// Prints the progress five times a second, and keeps how late the latest tick was.
async fn tick(latest: Arc<AtomicU64>, done: Arc<AtomicU64>) {
    let start = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = ticks.tick().await;
        latest.fetch_max(due.elapsed().as_micros() as u64, Ordering::Relaxed);
        let (seconds, texts) = (start.elapsed().as_secs_f64(), done.load(Ordering::Relaxed));
        println!("{seconds:5.1} s {texts:6} texts");
    }
}

fn main() -> ExitCode {
    let (mut clients, mut texts) = (16, 20);
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = match arg.as_str() {
            "-h" | "--help" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            "--clients" => &mut clients,
            "--texts" => &mut texts,
            _ => fail(&format!("unknown option {arg}\n{USAGE}")),
        };
        *value = match args.next().map(|number| number.parse()) {
            Some(Ok(number)) if (1..10_000).contains(&number) => number,
            _ => fail(&format!("{arg} needs a number below 10000\n{USAGE}")),
        };
    }
    match block_on(run(clients, texts)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tokio_bridge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fail(message: &str) -> ! {
    eprintln!("tokio_bridge: {message}");
    process::exit(2)
}
