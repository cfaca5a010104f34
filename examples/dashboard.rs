//! A page that shows a running pool: what its threads do, how long its queues are, how long futures
//! wait and are polled, which places of the program have the slowest polls, and all tasks.
//!
//! ```text
//! cargo run --release --features hyper --example dashboard [ADDRESS] [--threads N] [--clients N]
//! ```
//!
//! Then open <http://localhost:8080>. The program serves its own page, and has something to show: it
//! plays clients whose requests wait, compute and block, and every few seconds a parallel loop on
//! all cores. What to observe: the waits of ready futures stay short while the loop has all threads.
//!
//! `dashboard/watch.rs` and the page know nothing of the load. They fit any program: three hooks and
//! one switch of the builder, one task that takes samples, and two routes.

use async_net::SocketAddr;
use async_signal::{Signal, Signals};
use futures::StreamExt;
use manyhands::Pool;
use std::env;
use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::Duration;

#[path = "dashboard/load.rs"]
mod load;
#[path = "dashboard/routes.rs"]
mod routes;
#[path = "http_server/server.rs"]
mod server;
#[path = "dashboard/sites.rs"]
mod sites;
#[path = "dashboard/watch.rs"]
mod watch;

use load::Load;
use server::{End, Limits, Server};
use sites::Sites;
use watch::Watch;

const USAGE: &str = "\
usage: dashboard [ADDRESS] [--threads N] [--clients N]
  ADDRESS      where to listen (default: 127.0.0.1:8080; port 0: any that is free)
  --threads N  compute with N threads (default: one per core)
  --clients N  how many clients the load plays (default: 48; 0: no load)";

fn main() -> ExitCode {
    let options = Options::parse(env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("dashboard: {error}\n{USAGE}");
        process::exit(2);
    });
    let sites = Arc::new(Sites::default());
    let builder = sites.observe(Pool::builder().num_threads(options.threads));
    let pool = builder
        .enable_poll_histograms()
        .thread_name(|index| format!("hand-{index}"))
        .build();
    let served = match pool {
        Ok(pool) => pool.block_on(serve(&options, sites)),
        Err(error) => Err(io::Error::other(error)),
    };
    match served {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dashboard: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options, sites: Arc<Sites>) -> io::Result<End> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    // Browsers keep their connections, so do not wait long for them at the end.
    let limits = Limits {
        stop_time: Duration::from_secs(1),
        ..Limits::default()
    };
    let server = Server::bind(options.address, limits).await?;
    println!("listening on http://{}", server.address()?);
    let load = Arc::new(Load::default());
    load.start(options.clients);
    let watch = Arc::new(Watch::new(sites));
    watch.start();
    let stop = async {
        signals.next().await;
        println!("stopping");
    };
    let answer = move |request: hyper::Request<_>| {
        let answer = routes::answer(request.method(), request.uri(), &watch, &load);
        async { answer }
    };
    Ok(server.run(answer, stop).await)
}

struct Options {
    address: SocketAddr,
    threads: usize,
    clients: usize,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            threads: 0,
            clients: 48,
        };
        while let Some(arg) = args.next() {
            let mut number = || {
                let value = args.next().and_then(|value| value.parse().ok());
                value.ok_or_else(|| format!("{arg} needs a number"))
            };
            match arg.as_str() {
                "-h" | "--help" => {
                    println!("{USAGE}");
                    process::exit(0);
                }
                "--threads" => options.threads = number()?,
                "--clients" => options.clients = number()?,
                _ if arg.starts_with('-') => return Err(format!("unknown option {arg}")),
                _ => {
                    let no_address = |_| format!("{arg} is no address, as 127.0.0.1:8080 would be");
                    options.address = arg.parse().map_err(no_address)?;
                }
            }
        }
        Ok(options)
    }
}
