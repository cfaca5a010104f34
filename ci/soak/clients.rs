//! Clients of the servers. Each asks, checks the answer, and now and then behaves badly.

use crate::patience;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Threads that ask one server.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    requests: AtomicU64,
    failures: Mutex<Vec<String>>,
}

/// One connection, from its beginning to its end. Returns the number of requests that were answered.
type Talk = Arc<dyn Fn(SocketAddr, &mut Dice) -> Result<u64, String> + Send + Sync>;

impl Load {
    /// Starts clients that talk, pause for up to `pause` milliseconds, and talk again.
    pub(crate) fn start(address: SocketAddr, clients: u64, pause: u64, talk: Talk) -> Self {
        let shared = Arc::new(Shared::default());
        let client = |number| {
            let (shared, talk) = (Arc::clone(&shared), Arc::clone(&talk));
            thread::spawn(move || {
                let mut dice = Dice::new(number);
                while !shared.stop.load(Ordering::Relaxed) {
                    match talk(address, &mut dice) {
                        Ok(requests) => {
                            shared.requests.fetch_add(requests, Ordering::Relaxed);
                        }
                        Err(failure) => {
                            let failures = shared.failures.lock();
                            let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
                            failures.push(failure);
                            return;
                        }
                    }
                    thread::sleep(Duration::from_millis(dice.below(pause)));
                }
            })
        };
        let threads = (0..clients).map(client).collect();
        Self { shared, threads }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Ends all clients; returns what went wrong.
    pub(crate) fn stop(self) -> Vec<String> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a client does not panic");
        }
        let failures = self.shared.failures.lock();
        failures.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Pseudo-random numbers.
pub(crate) struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience()))?;
    stream.set_write_timeout(Some(patience()))?;
    Ok(stream)
}

/// Sends messages to `echo --serve`, each when the last one has come back.
pub(crate) fn echo() -> Talk {
    Arc::new(|address, dice| {
        let failed = |error: io::Error| format!("echo: {error}");
        let mut stream = connect(address).map_err(failed)?;
        let messages = 1 + dice.below(40);
        for _ in 0..messages {
            // Both directions fit into the system's buffers.
            let longest = if dice.below(8) == 0 { 16 << 10 } else { 256 };
            let length = 1 + dice.below(longest);
            let message: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
            stream.write_all(&message).map_err(failed)?;
            let mut answer = vec![0; message.len()];
            stream.read_exact(&mut answer).map_err(failed)?;
            if answer != message {
                return Err("echo: the answer is not what was sent".to_owned());
            }
        }
        if dice.below(4) == 0 {
            // Gone, without a look at the answer.
            let _ = stream.write_all(&[0; 100]);
        }
        Ok(messages)
    })
}

/// An HTTP connection.
struct Http {
    stream: BufReader<TcpStream>,
    /// When the last answer was there.
    since: Instant,
}

/// The server closes a connection that has been silent for 10 seconds.
const SILENCE: Duration = Duration::from_secs(5);

impl Http {
    fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            since: Instant::now(),
            stream: BufReader::new(connect(address)?),
        })
    }

    /// The code and the body of the answer; none if the connection was silent for too long, on a
    /// machine that is very busy.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Option<(u16, String)>> {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: soak\r\ncontent-length: {length}");
        let request = format!("{head}\r\n\r\n{body}");
        let answer = self.send(&request);
        // On a machine that is too busy to read the request, that is silence as well.
        let silence = self.since.elapsed();
        self.since = Instant::now();
        match answer {
            Err(_) if silence > SILENCE => Ok(None),
            answer => answer.map(Some),
        }
    }

    fn send(&mut self, request: &str) -> io::Result<(u16, String)> {
        let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| bad(format!("no code in {line:?}")))?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                let value = value.trim().parse();
                length = value.map_err(|_| bad(line.clone()))?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(|error| bad(error.to_string()))?;
        Ok((code, body))
    }
}

/// All primes below `end`.
pub(crate) fn primes(end: usize) -> Vec<u64> {
    let mut prime = vec![true; end];
    let mut found = Vec::new();
    for number in 2..end {
        if prime[number] {
            found.push(number as u64);
            for multiple in (number * number..end).step_by(number) {
                prime[multiple] = false;
            }
        }
    }
    found
}

/// The largest number that `/primes` is asked for.
const MOST: usize = 2_000_000;

/// Asks `http_server` for everything it has.
pub(crate) fn http_server() -> Talk {
    let primes = primes(MOST);
    Arc::new(move |address, dice| {
        let failed = |error: io::Error| format!("http_server: {error}");
        let mut http = Http::open(address).map_err(failed)?;
        let requests = 1 + dice.below(12);
        for done in 0..requests {
            let (path, body, code, wanted) = match dice.below(12) {
                0 => ("/metrics".to_owned(), String::new(), 200, None),
                1 => ("/nothing".to_owned(), String::new(), 404, None),
                2..5 => {
                    let n = dice.below(MOST as u64);
                    let count = primes.partition_point(|&prime| prime < n);
                    let path = format!("/primes?n={n}");
                    (path, String::new(), 200, Some(format!("{count}\n")))
                }
                5..8 => {
                    let words = dice.below(20_000);
                    let body = "word ".repeat(words as usize);
                    let path = "/words".to_owned();
                    (path, body, 200, Some(format!("{words}\n")))
                }
                _ => {
                    let wanted = Some("ok\n".to_owned());
                    ("/health".to_owned(), String::new(), 200, wanted)
                }
            };
            let method = if path == "/words" { "POST" } else { "GET" };
            let Some((got, text)) = http.ask(method, &path, &body).map_err(failed)? else {
                return Ok(done);
            };
            if got != code || wanted.is_some_and(|wanted| wanted != text) {
                return Err(format!("http_server: {path}: {got} {text}"));
            }
        }
        if dice.below(4) == 0 {
            // Half a request.
            let _ = http.stream.get_mut().write_all(b"GET /primes?n=20");
        }
        Ok(requests)
    })
}

/// Looks at the dashboard as a browser would. `played` gets the number of requests that its own
/// clients have made.
pub(crate) fn dashboard(played: Arc<AtomicU64>) -> Talk {
    Arc::new(move |address, dice| {
        let failed = |error: io::Error| format!("dashboard: {error}");
        let mut http = Http::open(address).map_err(failed)?;
        let mut done = 0;
        for (path, end) in [
            ("/", "</html>"),
            ("/metrics", ""),
            ("/metrics.json?from=0", "}"),
        ] {
            let Some((code, body)) = http.ask("GET", path, "").map_err(failed)? else {
                return Ok(done);
            };
            if code != 200 || body.is_empty() || !body.trim_end().ends_with(end) {
                return Err(format!("dashboard: {path}: {code} {body}"));
            }
            done += 1;
            let requests = body.rsplit_once("\"requests\":").map(|(_, rest)| rest);
            let digits = requests.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
            if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
                played.fetch_max(number, Ordering::Relaxed);
            }
            thread::sleep(Duration::from_millis(dice.below(200)));
        }
        Ok(done)
    })
}
