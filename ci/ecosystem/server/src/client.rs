//! Clients on threads of their own, in another process than the server.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const COMPUTE_CONNECTIONS: u32 = 8;
const HEALTH_CONNECTIONS: u32 = 4;
const HEALTH_RATE: f64 = 500.0;
const WARM_UP: Duration = Duration::from_secs(1);

/// A server in a process of its own, killed at the end.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(form: &str) -> io::Result<Server> {
        // The clients come first on the cores that they share: what is measured is the server.
        let mut command = Command::new("nice");
        command.args(["-n", "10"]).arg(env::current_exe()?);
        let mut process = command
            .args(["serve", form])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().expect("it is a pipe");
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Server { process, address })
    }

    /// The time that the server has used so far, in hundredths of a second, or 0 where the system
    /// does not tell.
    fn cpu_time(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.unwrap_or_default();
        // The name of the program, in parentheses, comes before.
        let fields = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        fields
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn new(address: &str) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let stream = BufReader::new(stream);
        Ok(Connection { stream })
    }

    fn get(&mut self, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: server\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut length, mut is_ok) = (String::new(), 0, false);
        while line != "\r\n" {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            is_ok |= line.starts_with("HTTP/1.1 200 ");
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        match is_ok {
            true => Ok(body),
            false => Err(io::Error::other(body)),
        }
    }
}

pub(crate) fn answers(form: &str) -> io::Result<()> {
    let server = Server::start(form)?;
    let seeds: Vec<u64> = (0..40).collect();
    // Several at the same time, and /health between them.
    let answers = thread::scope(|scope| {
        let ask = |seeds: &[u64]| {
            let mut connection = Connection::new(&server.address)?;
            let answer = |seed: &u64| {
                assert_eq!(connection.get("/health")?, "ok");
                connection.get(&format!("/compute/{seed}"))
            };
            seeds
                .iter()
                .map(answer)
                .collect::<io::Result<Vec<String>>>()
        };
        let parts = seeds.chunks(10);
        let clients: Vec<_> = parts.map(|seeds| scope.spawn(move || ask(seeds))).collect();
        let ends = clients
            .into_iter()
            .map(|client| client.join().expect("a client panicked"));
        ends.collect::<io::Result<Vec<_>>>()
    });
    for (seed, answer) in seeds.iter().zip(answers?.concat()) {
        println!("{seed}: {answer}");
    }
    Ok(())
}

/// Asks again and again, `interval` apart, until the end. The latencies are those after `begin`.
/// They count from when the request was due if the answer before came too late for it.
fn ask(
    address: &str,
    path: impl Fn(u64) -> String,
    first: Instant,
    interval: Duration,
    [begin, end]: [Instant; 2],
) -> io::Result<Vec<Duration>> {
    let mut connection = Connection::new(address)?;
    let mut latencies = Vec::new();
    let mut due = first;
    for number in 0.. {
        let mut start = Instant::now();
        if start < due {
            thread::sleep(due - start);
            start = Instant::now();
        } else if !interval.is_zero() {
            start = due;
        }
        if start >= end {
            break;
        }
        connection.get(&path(number))?;
        let now = Instant::now();
        // What is answered after the end does not belong to the rate.
        if now >= begin && now < end {
            latencies.push(now - start);
        }
        due += interval;
    }
    Ok(latencies)
}

fn percentile(latencies: &[Duration], percent: usize) -> u128 {
    let place = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
    latencies.get(place).map_or(0, Duration::as_micros)
}

pub(crate) fn load(form: &str, rate: f64, seconds: u64) -> io::Result<()> {
    let server = Server::start(form)?;
    let now = Instant::now();
    let begin = now + WARM_UP;
    let end = begin + Duration::from_secs(seconds);
    let (mut healths, mut computes, mut ticks) = (Vec::new(), Vec::new(), 0);
    thread::scope(|scope| {
        let start = |connections: u32, rate: f64, path: fn(u64) -> String| {
            let interval = match rate {
                0.0 => Duration::ZERO,
                rate => Duration::from_secs_f64(f64::from(connections) / rate),
            };
            let address = server.address.as_str();
            let client = |number| {
                let first = now + interval * number / connections;
                scope.spawn(move || ask(address, path, first, interval, [begin, end]))
            };
            (0..connections).map(client).collect::<Vec<_>>()
        };
        let health = start(HEALTH_CONNECTIONS, HEALTH_RATE, |_| "/health".to_owned());
        let compute = start(COMPUTE_CONNECTIONS, rate, |number| {
            format!("/compute/{number}")
        });
        thread::sleep(begin - Instant::now());
        ticks = server.cpu_time();
        thread::sleep(end - Instant::now());
        ticks = server.cpu_time() - ticks;
        for (clients, latencies) in [(health, &mut healths), (compute, &mut computes)] {
            for client in clients {
                latencies.extend(client.join().expect("a client panicked")?);
            }
            latencies.sort();
        }
        io::Result::Ok(())
    })?;
    let seconds = seconds as f64;
    println!(
        "{:.1} {} {} {} {} {:.2} {}",
        computes.len() as f64 / seconds,
        percentile(&healths, 50),
        percentile(&healths, 99),
        percentile(&computes, 50),
        percentile(&computes, 99),
        ticks as f64 / 100.0 / seconds,
        healths.len()
    );
    Ok(())
}
