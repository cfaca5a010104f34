//! A server whose handler computes with ndarray, and its clients.
//!
//! * `server serve FORM` serves `/compute/{seed}` and `/health`, and prints its address. The forms
//!   say how the handler comes to its loops: see `form.rs`.
//! * `server answers FORM` starts that server, and prints what it answers to some seeds.
//! * `server load FORM RATE SECONDS` starts it, asks `/compute` RATE times a second (0: as often as
//!   it answers) and `/health` 500 times a second, and prints one line: the answers of `/compute`
//!   a second, p50 and p99 of `/health` and of `/compute` in microseconds, and the cores used.
//! * `server rate LOAD` prints how many times a second a computation fits into that part of the
//!   cores' time.

mod client;
mod form;
mod work;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use form::Form;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::env;
use std::io;
use std::process::ExitCode;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

async fn serve(form: Form) -> io::Result<()> {
    let compute = move |Path(seed): Path<u64>| async move { form.compute(seed).await.to_string() };
    let router = Router::new()
        .route("/health", get(async || "ok"))
        .route("/compute/{seed}", get(compute));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        form::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}

/// How many computations a second take a part of the time of all cores.
fn rate(load: f64) -> f64 {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone = alone.expect("a thread can be started");
    let time = |seed| {
        let start = Instant::now();
        alone.install(|| std::hint::black_box(work::work(seed)));
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..50).map(time).collect();
    times.sort();
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    load * cores as f64 / times[times.len() / 2].as_secs_f64()
}

fn argument<T: FromStr>(place: usize) -> T {
    let argument = env::args().nth(place).and_then(|text| text.parse().ok());
    argument.unwrap_or_else(|| panic!("argument {place} is missing or wrong"))
}

fn main() -> ExitCode {
    let ended = match argument::<String>(1).as_str() {
        "serve" => form::run(serve(argument(2))),
        "answers" => client::answers(&argument::<String>(2)),
        "load" => client::load(&argument::<String>(2), argument(3), argument(4)),
        "rate" => {
            println!("{:.1}", rate(argument(2)));
            Ok(())
        }
        other => panic!("no such command: {other}"),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
