//! A server on hyper: requests that are answered at once, alone and beside requests that compute.

use super::load::{Get, Latencies, closed_loop, connect, exchange, parts, run};
use super::nets::Net;
use super::runtimes::{Ours, Smol, Tokio, World};
use super::server::{Load, Server, accept};
use super::{Group, Row, Setup, shown, wrk};
use crate::results::Unit;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use std::cell::Cell;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A way to build the server: a runtime, and how a handler computes.
trait Site: 'static {
    const NAME: &'static str;
    type World: World;

    fn start(threads: usize) {
        Self::World::start(threads);
    }

    /// How many primes there are below that.
    fn primes(limit: u64) -> impl Future<Output = usize> + Send;
}

fn is_prime(&number: &u64) -> bool {
    let divisors = (2..).take_while(|divisor| divisor * divisor <= number);
    number > 1 && divisors.into_iter().all(|divisor| number % divisor != 0)
}

fn primes_by_manyhands(limit: u64) -> usize {
    use manyhands::prelude::*;
    (0..limit).into_par_iter().filter(is_prime).count()
}

fn primes_by_rayon(limit: u64) -> usize {
    use rayon::prelude::*;
    (0..limit).into_par_iter().filter(is_prime).count()
}

fn start_rayon(threads: usize) {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build_global().expect("the first pool");
}

/// The handler calls the loop; everything is done by the threads of one pool.
struct OnePool<W>(PhantomData<W>);

impl<W: World> Site for OnePool<W> {
    const NAME: &'static str = W::NAME;
    type World = W;

    async fn primes(limit: u64) -> usize {
        primes_by_manyhands(limit)
    }
}

/// The same, but the handler awaits the loop: it is not in the way of what its thread polls.
struct Awaited;

impl Site for Awaited {
    const NAME: &'static str = "manyhands, awaited";
    type World = Ours;

    fn primes(limit: u64) -> impl Future<Output = usize> + Send {
        manyhands::compute(move || primes_by_manyhands(limit))
    }
}

/// The glue that tokio's documentation recommends.
struct TokioRayon;

impl Site for TokioRayon {
    const NAME: &'static str = "tokio + rayon";
    type World = Tokio;

    fn start(threads: usize) {
        Tokio::start(threads);
        start_rayon(threads);
    }

    async fn primes(limit: u64) -> usize {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        rayon::spawn(move || {
            // Nobody may wait for it any more.
            let _ = sender.send(primes_by_rayon(limit));
        });
        receiver.await.expect("it does not panic")
    }
}

/// Loops of rayon that are called right in the handler.
struct RayonInTokio;

impl Site for RayonInTokio {
    const NAME: &'static str = "rayon inside tokio";
    type World = Tokio;

    fn start(threads: usize) {
        TokioRayon::start(threads);
    }

    async fn primes(limit: u64) -> usize {
        primes_by_rayon(limit)
    }
}

/// The glue, with smol.
struct SmolRayon;

impl Site for SmolRayon {
    const NAME: &'static str = "smol + rayon";
    type World = Smol;

    fn start(threads: usize) {
        Smol::start(threads);
        start_rayon(threads);
    }

    fn primes(limit: u64) -> impl Future<Output = usize> + Send {
        TokioRayon::primes(limit)
    }
}

/// Serves, if the subject is known.
pub fn serve(subject: &str, listener: TcpListener, threads: usize) -> bool {
    let serve: fn(_, _) = match subject {
        Ours::NAME => serve_by::<OnePool<Ours>>,
        Awaited::NAME => serve_by::<Awaited>,
        TokioRayon::NAME => serve_by::<TokioRayon>,
        RayonInTokio::NAME => serve_by::<RayonInTokio>,
        SmolRayon::NAME => serve_by::<SmolRayon>,
        _ => return false,
    };
    serve(listener, threads);
    true
}

fn serve_by<S: Site>(listener: TcpListener, threads: usize) {
    S::start(threads);
    accept::<S::World, _>(listener, |stream| async {
        let stream = <S::World as World>::Net::http(stream);
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(stream, service_fn(answer::<S>));
        // The client may go whenever it likes.
        let _ = connection.await;
    });
}

async fn answer<S: Site>(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let limit = request.uri().query().and_then(|query| query.parse().ok());
    let (status, text) = match (request.uri().path(), limit) {
        ("/health", None) => (StatusCode::OK, "ok".to_owned()),
        ("/primes", Some(limit)) => (StatusCode::OK, S::primes(limit).await.to_string()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    Ok(response)
}

fn subjects() -> Vec<&'static str> {
    vec![Ours::NAME, TokioRayon::NAME, SmolRayon::NAME]
}

/// `/health` alone.
pub fn light_group() -> Group {
    let by_wrk = wrk::is_there();
    let row = |name, connections: usize| Row {
        name,
        files: connections as u64,
        subjects: subjects(),
        run: Box::new(move |subject, setup| {
            let server = Server::start("http", subject, setup.threads)?;
            server.measure(|address| match by_wrk {
                true => wrk::run(&server, address, connections, setup),
                false => closed_loop(&server, address, connections, Get::new("/health"), setup),
            })
        }),
    };
    let load = match by_wrk {
        true => "The load is `wrk` with one thread.",
        false => {
            "`wrk` is not installed (`apt-get install wrk`): the load is this program's own, which \
             takes more of the cores."
        }
    };
    Group {
        name: "http",
        about: "hyper, `/health` alone",
        columns: vec![
            shown("requests a second", "a_second", Unit::Count).with_quartiles(),
            shown("CPU a request", "cpu_each", Unit::Nanoseconds).with_quartiles(),
            shown("p50", "p50", Unit::Nanoseconds),
            shown("p99", "p99", Unit::Nanoseconds),
            shown("most memory", "resident", Unit::Bytes),
            shown("most threads", "threads", Unit::Count),
        ],
        rows: vec![row("64 connections", 64), row("1000 connections", 1000)],
        notes: vec![format!("{load} CPU is that of the server.")],
    }
}

/// Requests that compute, and how many are under way at a time.
#[derive(Clone, Copy)]
struct Heavy {
    limit: u64,
    connections: usize,
}

/// `/health`, due so often.
const LIGHT_A_SECOND: u32 = 500;

/// Connections that take them in turns.
const LIGHT_CONNECTIONS: usize = 16;

/// `/health` beside requests that compute.
pub fn heavy_group() -> Group {
    let row = |name, heavy: Heavy| Row {
        name,
        files: 100,
        subjects: [subjects(), vec![Awaited::NAME, RayonInTokio::NAME]].concat(),
        run: Box::new(move |subject, setup| {
            let server = Server::start("http", subject, setup.threads)?;
            server.measure(|address| mixed_load(&server, address, heavy, setup))
        }),
    };
    Group {
        name: "http-mixed",
        about: "hyper, `/health` beside requests that compute",
        columns: vec![
            shown("p50", "p50", Unit::Nanoseconds),
            shown("p99", "p99", Unit::Nanoseconds).with_quartiles(),
            shown("max", "max", Unit::Nanoseconds),
            shown("computed a second", "a_second", Unit::Count).with_quartiles(),
            shown("CPU a second", "cpu_a_second", Unit::Nanoseconds),
            shown("most threads", "threads", Unit::Count),
        ],
        rows: vec![
            row(
                "4 at a time, primes below 10^5",
                Heavy {
                    limit: 100_000,
                    connections: 4,
                },
            ),
            row(
                "4 at a time, primes below 3*10^5",
                Heavy {
                    limit: 300_000,
                    connections: 4,
                },
            ),
        ],
        notes: vec![format!(
            "Latencies are those of `/health`, {LIGHT_A_SECOND} a second, from when a request was \
             due to its answer. A connection that computes sends its next request when it has its \
             answer."
        )],
    }
}

fn mixed_load(
    server: &Server,
    address: SocketAddr,
    heavy: Heavy,
    setup: Setup,
) -> Result<Load, String> {
    run(async {
        let get = Get::new(&format!("/primes?{}", heavy.limit));
        let computed = Rc::new(Cell::new(0_u64));
        let failure = Rc::new(Cell::new(None));
        for mut stream in connect(address, heavy.connections).await? {
            let (computed, get) = (Rc::clone(&computed), get.clone());
            let failure = Rc::clone(&failure);
            tokio::task::spawn_local(async move {
                loop {
                    match exchange(&mut stream, &get).await {
                        Ok(()) => computed.set(computed.get() + 1),
                        Err(error) => return failure.set(Some(error)),
                    }
                }
            });
        }
        let latencies = Latencies::default();
        let (sender, dues) = async_channel::unbounded::<Instant>();
        let mut light = Vec::new();
        for mut stream in connect(address, LIGHT_CONNECTIONS).await? {
            let (dues, latencies) = (dues.clone(), Rc::clone(&latencies));
            let failure = Rc::clone(&failure);
            light.push(tokio::task::spawn_local(async move {
                let get = Get::new("/health");
                while let Ok(due) = dues.recv().await {
                    match exchange(&mut stream, &get).await {
                        Ok(()) => latencies.borrow_mut().push(due.elapsed().as_nanos() as f64),
                        Err(error) => return failure.set(Some(error)),
                    }
                }
            }));
        }
        let (start, cpu, before) = (Instant::now(), server.cpu(), computed.get());
        // On a thread of its own, whose sleep is more exact than a timer of tokio.
        let clock = std::thread::spawn(move || {
            let pace = Duration::from_secs(1) / LIGHT_A_SECOND;
            let mut due = start;
            while due < start + setup.time {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if sender.send_blocking(due).is_err() {
                    break;
                }
                due += pace;
            }
        });
        for task in light {
            task.await.map_err(|error| error.to_string())?;
        }
        let (time, cpu) = (start.elapsed(), server.cpu().saturating_sub(cpu));
        clock.join().expect("it only sends");
        match failure.take() {
            Some(error) => Err(error),
            None => Ok(Load {
                units: computed.get() - before,
                time,
                cpu,
                figures: parts(&latencies),
            }),
        }
    })?
}
