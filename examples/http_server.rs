//! An HTTP server whose handlers compute: hyper over async-net, on one pool.
//!
//! ```text
//! cargo run --release --features hyper --example http_server [ADDRESS] [--threads N]
//! curl 'localhost:8080/primes?n=100000000' & curl localhost:8080/health
//! ```
//!
//! `/primes` runs a parallel loop right in its handler. What to observe: `/health` answers at once,
//! although every thread of the pool computes. Ctrl-C or SIGTERM ends the server when all requests
//! that it has accepted are answered.

use async_net::SocketAddr;
use async_signal::{Signal, Signals};
use futures::StreamExt;
use manyhands::Pool;
use std::env;
use std::io;
use std::process::{self, ExitCode};

#[path = "http_server/routes.rs"]
mod routes;
#[path = "http_server/server.rs"]
mod server;

use server::{End, Limits, Server};

const USAGE: &str = "\
usage: http_server [ADDRESS] [--threads N]
  ADDRESS      where to listen (default: 127.0.0.1:8080; port 0: any that is free)
  --threads N  compute with N threads (default: one per core)";

fn main() -> ExitCode {
    let (address, threads) = options(env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("http_server: {error}\n{USAGE}");
        process::exit(2);
    });
    let served = match Pool::builder().num_threads(threads).build() {
        Ok(pool) => pool.block_on(serve(address)),
        Err(error) => Err(io::Error::other(error)),
    };
    match served {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::CutOff) => {
            eprintln!("http_server: stopped before all clients were served");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("http_server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: SocketAddr) -> io::Result<End> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let server = Server::bind(address, Limits::default()).await?;
    println!("listening on http://{}", server.address()?);
    let stop = async {
        signals.next().await;
        println!("stopping");
    };
    Ok(server.run(routes::answer, stop).await)
}

fn options(mut args: impl Iterator<Item = String>) -> Result<(SocketAddr, usize), String> {
    let mut address = "127.0.0.1:8080".to_owned();
    let mut threads = 0;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-h" | "--help" => {
                println!("{USAGE}");
                process::exit(0);
            }
            "--threads" => {
                let value = args.next().and_then(|value| value.parse().ok());
                threads = value.ok_or("--threads needs a number")?;
            }
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg}")),
            _ => address = arg,
        }
    }
    match address.parse() {
        Ok(address) => Ok((address, threads)),
        Err(_) => Err(format!(
            "{address} is no address, as 127.0.0.1:8080 would be"
        )),
    }
}
