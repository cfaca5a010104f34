//! The HTTP server of the examples, over loopback: with an ordinary client, and with clients that
//! send garbage, too much, too slowly, or vanish.

#[path = "examples/program.rs"]
mod program;
#[path = "../examples/http_server/routes.rs"]
mod routes;
#[path = "../examples/http_server/server.rs"]
mod server;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, join_all};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, StatusCode};
use manyhands::{JoinHandle, Pool, block_on, prelude::*};
use program::program;
use server::{Answer, End, Limits, Server, text};
use smol_hyper::rt::FuturesIo;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What nobody ever waits for, except a test that has failed already.
const LONG: Duration = Duration::from_secs(120);

/// Limits that only a failure reaches.
fn patient() -> Limits {
    Limits {
        head_time: LONG,
        body_time: LONG,
        stop_time: LONG,
        ..Limits::default()
    }
}

/// A server on a pool of its own.
struct Running {
    pool: Pool,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<End>,
}

impl Running {
    fn new(limits: Limits) -> Self {
        Self::with(limits, routes::answer)
    }

    fn with<H, F>(limits: Limits, handler: H) -> Self
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let pool = Pool::builder().num_threads(2).build().unwrap();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = pool.block_on(Server::bind(any_port, limits)).unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = pool.spawn(server.run(handler, stopped.map(drop)));
        Self {
            pool,
            address,
            stop,
            serving,
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Client(BufReader::new(stream))
    }

    fn assert_healthy(&self) {
        assert_eq!(self.connect().ask("GET /health"), (200, "ok\n".to_owned()));
    }

    /// Says stop, and waits until the last connection is gone.
    fn stop(self) -> End {
        drop(self.stop);
        let end = self.serving.join().unwrap();
        self.pool.shutdown();
        end
    }
}

/// One end of a connection, byte for byte.
struct Client(BufReader<TcpStream>);

impl Client {
    /// The server may have hung up already.
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// Status and body of the next answer; `None` if the connection ends instead.
    fn receive(&mut self) -> Option<(u16, String)> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match self.0.read_line(&mut line) {
                Ok(0) => return None,
                // What we have sent, but nobody has read, resets the connection.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                read => read.unwrap(),
            };
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_ascii_lowercase());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let length = lines
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        Some((status, String::from_utf8(body).unwrap()))
    }

    fn ask(&mut self, line: &str) -> (u16, String) {
        self.send(format!("{line} HTTP/1.1\r\nHost: here\r\n\r\n"));
        self.receive().unwrap()
    }

    fn is_closed(&mut self) -> bool {
        self.receive().is_none()
    }
}

/// hyper's own client, on the default pool.
async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = async_net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = hyper::client::conn::http1::handshake(FuturesIo::new(stream))
        .await
        .unwrap();
    manyhands::spawn(async move { connection.await.unwrap() });
    client
}

async fn request(client: &mut SendRequest<Full<Bytes>>, request: Request<Bytes>) -> (u16, Bytes) {
    client.ready().await.unwrap();
    let answer = client.send_request(request.map(Full::new)).await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.collect().await.unwrap().to_bytes())
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

/// A handler with a route that computes on all threads until it is let go.
struct Gate {
    open: Arc<AtomicBool>,
    /// How many requests are inside.
    inside: std::sync::mpsc::Receiver<()>,
}

impl Gate {
    fn new() -> (
        Self,
        impl Fn(Request<Bytes>) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) {
        let open = Arc::new(AtomicBool::new(false));
        let (enter, inside) = channel();
        let enter = Mutex::new(enter);
        let gate = Self {
            open: open.clone(),
            inside,
        };
        let handler = move |request: Request<Bytes>| {
            if request.uri().path() != "/gate" {
                return routes::answer(request).boxed();
            }
            let (open, enter) = (open.clone(), enter.lock().unwrap().clone());
            async move { compute_until(&open, &enter) }.boxed()
        };
        (gate, handler)
    }

    fn wait_for(&self, requests: usize) {
        for _ in 0..requests {
            self.inside.recv_timeout(LONG).unwrap();
        }
    }

    fn open(&self) {
        self.open.store(true, Ordering::Release);
    }
}

fn compute_until(open: &AtomicBool, enter: &Sender<()>) -> Answer {
    enter.send(()).unwrap();
    let sum: u64 = (0..100_u64)
        .into_par_iter()
        .inspect(|_| {
            while !open.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        })
        .sum();
    text(StatusCode::OK, sum.to_string())
}

#[test]
fn heavy_and_light_requests_get_their_answers() {
    let server = Running::new(patient());
    // How many primes there are below it.
    let counts = [
        (0, 0),
        (2, 0),
        (3, 1),
        (100, 25),
        (262_144, 23_000),
        (600_000, 49_098),
    ];
    let address = server.address;
    let clients = (0..24).map(|number| async move {
        let mut client = connect(address).await;
        for round in 0..6 {
            let (n, primes) = counts[(number + round) % counts.len()];
            let heavy = request(&mut client, get(&format!("/primes?n={n}"))).await;
            assert_eq!(heavy, (200, Bytes::from(format!("{primes}\n"))));
            let light = request(&mut client, get("/health")).await;
            assert_eq!(light, (200, Bytes::from_static(b"ok\n")));
            let words = "one two\nthree ".repeat(100 * round);
            let words = Request::post("/words").body(words.into()).unwrap();
            let words = request(&mut client, words).await;
            assert_eq!(words, (200, Bytes::from(format!("{}\n", 300 * round))));
        }
    });
    block_on(join_all(clients));
    assert_eq!(server.stop(), End::Done);
}

/// Each of two requests computes on all threads; a third one is answered nevertheless.
#[test]
fn a_light_request_is_answered_while_heavy_ones_compute() {
    let (gate, handler) = Gate::new();
    let server = Running::with(patient(), handler);
    let mut heavy = [server.connect(), server.connect()];
    for client in &mut heavy {
        client.send("GET /gate HTTP/1.1\r\n\r\n");
    }
    gate.wait_for(2);
    server.assert_healthy();
    let (status, metrics) = server.connect().ask("GET /metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("\nmanyhands_"), "{metrics}");
    gate.open();
    for client in &mut heavy {
        assert_eq!(client.receive(), Some((200, "4950".to_owned())));
    }
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn a_connection_is_used_again() {
    let server = Running::new(patient());
    let mut client = server.connect();
    for _ in 0..3 {
        assert_eq!(client.ask("GET /primes?n=100"), (200, "25\n".to_owned()));
    }
    // Two at once, in order.
    client.send("GET /primes?n=10 HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\n");
    assert_eq!(client.receive(), Some((200, "4\n".to_owned())));
    assert_eq!(client.receive(), Some((200, "ok\n".to_owned())));
    // In single bytes.
    for byte in b"POST /words HTTP/1.1\r\nContent-Length: 5\r\n\r\na b c" {
        client.send([*byte]);
    }
    assert_eq!(client.receive(), Some((200, "3\n".to_owned())));
    client.send("POST /words HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na b\r\n0\r\n\r\n");
    assert_eq!(client.receive(), Some((200, "2\n".to_owned())));
    client.send("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.receive(), Some((200, "ok\n".to_owned())));
    assert!(client.is_closed());
    // The old protocol closes unless it is asked not to.
    let mut client = server.connect();
    client.send("GET /health HTTP/1.0\r\n\r\n");
    assert_eq!(client.receive(), Some((200, "ok\n".to_owned())));
    assert!(client.is_closed());
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn wrong_requests_are_told_and_the_server_goes_on() {
    let server = Running::new(patient());
    let told: &[(u16, &[u8])] = &[
        (404, b"GET /nowhere HTTP/1.1\r\n\r\n"),
        (405, b"POST /health HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
        (405, b"GET /words HTTP/1.1\r\n\r\n"),
        (400, b"GET /primes HTTP/1.1\r\n\r\n"),
        (400, b"GET /primes?n=many HTTP/1.1\r\n\r\n"),
        (400, b"GET /primes?n=-1 HTTP/1.1\r\n\r\n"),
        (400, b"GET /primes?n=4294967295 HTTP/1.1\r\n\r\n"),
        (400, b"GET /primes?n=99999999999999999999 HTTP/1.1\r\n\r\n"),
        (
            400,
            b"POST /words HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        ),
    ];
    for (status, bytes) in told {
        let mut client = server.connect();
        client.send(bytes);
        let shown = bytes.escape_ascii();
        assert_eq!(
            client.receive().map(|answer| answer.0),
            Some(*status),
            "{shown}"
        );
        assert_eq!(client.ask("GET /health").0, 200, "{shown}");
    }
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn garbage_ends_its_connection_only() {
    let server = Running::new(patient());
    let garbage: &[&[u8]] = &[
        b"hello\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls, perhaps\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/7.3\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /health HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET /\xff\x01 HTTP/1.1\r\n\r\n",
        b"POST /words HTTP/1.1\r\nContent-Length: few\r\n\r\n",
        b"POST /words HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /words HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /words HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for bytes in garbage {
        let mut client = server.connect();
        client.send(bytes);
        let shown = bytes.escape_ascii();
        if let Some((status, _)) = client.receive() {
            assert_eq!(status, 400, "{shown}");
        }
        assert!(client.is_closed(), "{shown}");
        server.assert_healthy();
    }
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn what_is_too_large_is_refused() {
    let server = Running::new(Limits {
        body: 1000,
        ..patient()
    });
    let words = |length: usize| {
        let body = "a".repeat(length);
        format!("POST /words HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let mut client = server.connect();
    client.send(words(1000));
    assert_eq!(client.receive(), Some((200, "1\n".to_owned())));
    // Refused by its length alone: the body never comes.
    client.send("POST /words HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n");
    assert_eq!(client.receive().unwrap().0, 413);
    assert!(client.is_closed());
    let mut client = server.connect();
    client.send(words(1001));
    assert_eq!(client.receive().unwrap().0, 413);
    // In chunks, nobody knows beforehand.
    let mut client = server.connect();
    client.send("POST /words HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(format!("{:x}\r\n{}\r\n", 600, "a".repeat(600)).repeat(2));
    assert_eq!(client.receive().unwrap().0, 413);
    // Heads: one long header, many short ones.
    for headers in [
        format!("long: {}\r\n", "a".repeat(100_000)),
        "short: a\r\n".repeat(1000),
    ] {
        let mut client = server.connect();
        client.send(format!("GET /health HTTP/1.1\r\n{headers}\r\n"));
        if let Some((status, _)) = client.receive() {
            assert_eq!(status, 431);
        }
        assert!(client.is_closed());
    }
    let mut client = server.connect();
    client.send(format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)));
    if let Some((status, _)) = client.receive() {
        assert!([414, 431].contains(&status), "{status}");
    }
    server.assert_healthy();
    assert_eq!(server.stop(), End::Done);
}

/// The clients wait for the server to lose patience; nobody measures how long that takes.
#[test]
fn slow_clients_are_left() {
    let short = Duration::from_millis(50);
    let server = Running::new(Limits {
        head_time: short,
        ..patient()
    });
    for bytes in ["", "GET", "GET /health HTTP/1.1\r\nHost: he"] {
        let mut client = server.connect();
        client.send(bytes);
        if let Some((status, _)) = client.receive() {
            assert_eq!(status, 408, "{bytes:?}");
        }
        assert!(client.is_closed(), "{bytes:?}");
    }
    // Nor is there a second request.
    let mut client = server.connect();
    assert_eq!(client.ask("GET /health").0, 200);
    assert!(client.is_closed());
    assert_eq!(server.stop(), End::Done);

    let server = Running::new(Limits {
        body_time: short,
        ..patient()
    });
    let mut client = server.connect();
    client.send("POST /words HTTP/1.1\r\nContent-Length: 10\r\n\r\none");
    assert_eq!(client.receive().unwrap().0, 408);
    assert!(client.is_closed());
    assert_eq!(server.stop(), End::Done);
}

/// That the server comes to its end says that none of them has left anything behind.
#[test]
fn clients_may_vanish() {
    let server = Running::new(patient());
    for bytes in [
        "",
        "GET /hea",
        "GET /primes?n=1000000 HTTP/1.1\r\n\r\n",
        "POST /words HTTP/1.1\r\nContent-Length: 100\r\n\r\nonly so",
        "POST /words HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
    ] {
        for _ in 0..20 {
            server.connect().send(bytes);
        }
    }
    server.assert_healthy();
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn a_panic_costs_one_answer() {
    let server = Running::with(patient(), |request| async {
        match request.uri().path() {
            "/panic" => panic!("as asked for"),
            "/deep" => {
                let failed: u32 = (0..100_u32)
                    .into_par_iter()
                    .map(|n| 7 / (50 - n.min(50)))
                    .sum();
                text(StatusCode::OK, failed.to_string())
            }
            _ => routes::answer(request).await,
        }
    });
    let mut client = server.connect();
    for path in ["/panic", "/deep", "/panic"] {
        assert_eq!(client.ask(&format!("GET {path}")).0, 500);
        assert_eq!(client.ask("GET /primes?n=1000").0, 200);
    }
    assert_eq!(server.stop(), End::Done);
}

/// With room for one connection, each client gets its turn when the one before has gone.
#[test]
fn connections_beyond_the_limit_wait() {
    let server = Running::new(Limits {
        connections: 1,
        ..patient()
    });
    let mut clients: Vec<_> = (0..5).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("GET /health HTTP/1.1\r\n\r\n");
    }
    // The system keeps their order.
    for mut client in clients {
        assert_eq!(client.receive(), Some((200, "ok\n".to_owned())));
    }
    assert_eq!(server.stop(), End::Done);
}

#[test]
fn a_stop_loses_no_request() {
    let (gate, handler) = Gate::new();
    let server = Running::with(patient(), handler);
    let address = server.address;
    // Requests that compute, one that has come in part, connections between two requests.
    let mut busy = [server.connect(), server.connect(), server.connect()];
    for client in &mut busy {
        client.send("GET /gate HTTP/1.1\r\n\r\n");
    }
    gate.wait_for(busy.len());
    let mut partly = server.connect();
    partly.send("GET /health HTTP/1.1\r\nHo");
    let mut idle = server.connect();
    assert_eq!(idle.ask("GET /health").0, 200);
    // Connected, but perhaps not accepted: the system's queue.
    let mut queued: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for client in &mut queued {
        client.send("GET /primes?n=1000 HTTP/1.1\r\n\r\n");
    }
    let stopping = thread::spawn(move || server.stop());
    // The server closes what is idle once it stops.
    assert!(idle.is_closed());
    assert_eq!(
        TcpStream::connect(address).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    partly.send("st: here\r\n\r\n");
    assert_eq!(partly.receive(), Some((200, "ok\n".to_owned())));
    assert!(partly.is_closed());
    for client in &mut queued {
        assert_eq!(client.receive(), Some((200, "168\n".to_owned())));
    }
    gate.open();
    for client in &mut busy {
        assert_eq!(client.receive(), Some((200, "4950".to_owned())));
        assert!(client.is_closed());
    }
    assert_eq!(stopping.join().unwrap(), End::Done);
}

/// It may come when the connection has just been found without one.
#[test]
fn a_request_that_comes_right_before_the_stop_is_answered() {
    for _ in 0..50 {
        let server = Running::new(patient());
        let mut client = server.connect();
        assert_eq!(client.ask("GET /primes?n=100"), (200, "25\n".to_owned()));
        client.send("POST /words HTTP/1.1\r\nContent-Length: 3\r\n\r\n1 ");
        let stopping = thread::spawn(move || server.stop());
        client.send("2");
        assert_eq!(client.receive(), Some((200, "2\n".to_owned())));
        assert!(client.is_closed());
        assert_eq!(stopping.join().unwrap(), End::Done);
    }
}

#[test]
fn a_stop_waits_for_nobody_for_ever() {
    let server = Running::new(Limits {
        stop_time: Duration::from_millis(50),
        ..patient()
    });
    // The first request of its connection, so there is something to wait for.
    let mut client = server.connect();
    client.send("GET /hea");
    assert_eq!(server.stop(), End::CutOff);
    assert!(client.is_closed());
}

#[test]
fn a_port_in_use_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = block_on(Server::bind(address, patient())).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let output = Command::new(program("http_server"))
        .arg(address.to_string())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains(&format!("cannot listen on {address}")),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    for args in [
        &["--bogus"][..],
        &["--threads"],
        &["--threads", "many"],
        &["nowhere"],
    ] {
        let output = Command::new(program("http_server")).args(args).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("usage: http_server"), "{error}");
    }
}

/// The program as a user runs it: a request that computes when the signal comes is answered.
#[cfg(unix)]
#[test]
fn a_signal_stops_the_program() {
    use rustix::process::{Pid, Signal, kill_process};

    for signal in [Signal::TERM, Signal::INT] {
        let mut child = Command::new(program("http_server"))
            .args(["127.0.0.1:0", "--threads", "2"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.strip_prefix("listening on http://").unwrap();
        let mut client = Client(BufReader::new(TcpStream::connect(address).unwrap()));
        assert_eq!(client.ask("GET /primes?n=100"), (200, "25\n".to_owned()));
        client.send("POST /words HTTP/1.1\r\nContent-Length: 3\r\n\r\n1 ");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "stopping");
        client.send("2");
        assert_eq!(client.receive(), Some((200, "2\n".to_owned())));
        assert!(child.wait().unwrap().success());
    }
}
