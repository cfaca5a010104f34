//! A TCP echo server and its clients, many connections on few threads: async-net on the pool.
//!
//! ```text
//! cargo run --release --example echo [--connections N] [--messages N] [--size BYTES] [--threads N]
//! cargo run --release --example echo -- --serve ADDRESS
//! ```
//!
//! Without `--serve`, server and clients are in one process, and each connection is a task on
//! either side. A client sends its next message when the last one has come back. What to observe:
//! how messages a second and latency change with `--connections` 1, 100 and 10000. And how they
//! change with `--features async-io`, where an idle worker waits for the sockets itself, instead of
//! async-io's own thread.

use async_net::{SocketAddr, TcpListener, TcpStream};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{StreamExt, TryStreamExt, stream};
use manyhands::{Pool, prelude::*, spawn};
use std::env;
use std::io::{self, ErrorKind};
use std::process::{self, ExitCode};
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: echo [--connections N] [--messages N] [--size BYTES] [--threads N]
       echo --serve ADDRESS [--threads N]
  --connections N  at a time (default: 100)
  --messages N     on each connection (default: 500)
  --size BYTES     of each message (default: 64)
  --threads N      of the pool (default: one per core)
  --serve ADDRESS  only serve, until the process is ended";

/// The number of connections that are opened at a time: the system's queue holds no more.
const CONNECTING: usize = 64;

/// The number of files that a process has open besides its connections, estimated generously.
const OTHER_FILES: usize = 100;

struct Options {
    connections: usize,
    messages: usize,
    size: usize,
    threads: usize,
    serve: Option<SocketAddr>,
}

fn main() -> ExitCode {
    let options = Options::parse(env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("echo: {error}\n{USAGE}");
        process::exit(2);
    });
    let done = match Pool::builder().num_threads(options.threads).build() {
        Ok(pool) => pool.block_on(run(&options)),
        Err(error) => Err(io::Error::other(error)),
    };
    if let Err(error) = done {
        eprintln!("echo: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(options: &Options) -> io::Result<()> {
    let address = options.serve.unwrap_or(([127, 0, 0, 1], 0).into());
    if options.serve.is_none() {
        // Both ends of each connection are in this process.
        need_files(2 * options.connections + OTHER_FILES)?;
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })?;
    let address = listener.local_addr()?;
    if options.serve.is_some() {
        println!("listening on {address}");
        return serve(listener).await;
    }
    let server = spawn(serve(listener)).cancel_on_drop();

    let start = Instant::now();
    let streams: Vec<_> = stream::iter(0..options.connections)
        .map(|_| TcpStream::connect(address))
        .buffer_unordered(CONNECTING)
        .try_collect()
        .await?;
    println!(
        "{} connections opened in {:.3} s",
        streams.len(),
        start.elapsed().as_secs_f64()
    );

    let start = Instant::now();
    let (messages, size) = (options.messages, options.size);
    let clients: Vec<_> = streams
        .into_iter()
        .map(|stream| spawn(send(stream, messages, size)))
        .collect();
    let mut times = Vec::with_capacity(options.connections * messages);
    for client in clients {
        times.extend(client.await.map_err(io::Error::other)??);
    }
    let seconds = start.elapsed().as_secs_f64();
    drop(server);

    times.par_sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_micros();
    println!(
        "{} messages of {size} bytes in {seconds:.3} s: {:.0} a second",
        times.len(),
        times.len() as f64 / seconds
    );
    println!(
        "microseconds there and back: p50 {}, p99 {}, p99.9 {}, max {}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    Ok(())
}

/// Serves each connection by a task of its own, so that an error concerns no other connection.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(spawn(echo(stream))),
            // The client has gone again.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 << 10];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// Sends messages one after the other, and returns how long each took to come back.
async fn send(stream: TcpStream, messages: usize, size: usize) -> io::Result<Vec<Duration>> {
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(messages);
    let mut answer = vec![0; size];
    for number in 0..messages {
        let message = vec![number as u8; size];
        let start = Instant::now();
        // Reads and writes at the same time: a long message would fill the buffers of both ends.
        let (mut reader, mut writer) = (stream.clone(), stream.clone());
        futures::try_join!(writer.write_all(&message), reader.read_exact(&mut answer))?;
        times.push(start.elapsed());
        if answer != message {
            return Err(io::Error::other("the echo is not what was sent"));
        }
    }
    Ok(times)
}

/// Fails if this process may not have `files` files open.
#[cfg(unix)]
fn need_files(files: usize) -> io::Result<()> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < files as u64 => Err(io::Error::other(format!(
            "so many connections need {files} open files, but the limit is {limit}: \
             raise it with `ulimit -n {files}`, or ask for fewer"
        ))),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn need_files(_: usize) -> io::Result<()> {
    Ok(())
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            connections: 100,
            messages: 500,
            size: 64,
            threads: 0,
            serve: None,
        };
        while let Some(arg) = args.next() {
            let mut number = |smallest: usize| match args.next().map(|value| value.parse()) {
                Some(Ok(number)) if (smallest..=10_000_000).contains(&number) => Ok(number),
                _ => Err(format!("{arg} needs a number, {smallest} or more")),
            };
            match arg.as_str() {
                "-h" | "--help" => {
                    println!("{USAGE}");
                    process::exit(0);
                }
                "--connections" => options.connections = number(1)?,
                "--messages" => options.messages = number(1)?,
                "--size" => options.size = number(1)?,
                "--threads" => options.threads = number(0)?,
                "--serve" => {
                    let address = args.next().unwrap_or_default();
                    let address = address
                        .parse()
                        .map_err(|_| format!("--serve needs an address, not `{address}`"));
                    options.serve = Some(address?);
                }
                _ => return Err(format!("unknown option {arg}")),
            }
        }
        Ok(options)
    }
}
