//! The examples that run the whole time.

use crate::clients::{self, Load};
use crate::figures::{Sample, Watched};
use crate::process::Process;
use crate::{Plan, patience};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A server under load.
struct Server {
    process: Option<Process>,
    load: Option<Load>,
    /// Before the load.
    at_rest: Sample,
    /// Ends on this signal, and says that all went well.
    ends: bool,
    watched: Watched,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Server {
    /// Starts one that says where it listens.
    fn start(
        plan: &Plan,
        example: &str,
        args: &str,
        load: impl FnOnce(SocketAddr) -> Load,
    ) -> Self {
        let mut server = Self {
            process: None,
            load: None,
            at_rest: Sample::default(),
            ends: example != "echo",
            watched: Watched::new(example),
        };
        server.watched.runs = 1;
        let listening = Process::start(plan, example, &words(args)).and_then(|process| {
            let address = process.wait_for("listening on ")?;
            let address = address.trim_start_matches("http://").parse();
            let address = address.map_err(|_| format!("{example}: no address"))?;
            Ok((process, address))
        });
        match listening {
            Ok((process, address)) => {
                server.at_rest = process.sample().unwrap_or_default();
                server.process = Some(process);
                server.load = Some(load(address));
            }
            Err(failure) => server.watched.failures.push(failure),
        }
        server
    }

    fn look(&mut self, seconds: f64) {
        let Some(process) = &mut self.process else {
            return;
        };
        if let Some(status) = process.ended() {
            process.finish();
            let text = format!("{}: {status}\n{}", process.line, process.text());
            self.watched.failures.push(text);
            self.process = None;
        } else if let Some(sample) = process.sample() {
            self.watched.samples.push((seconds, sample));
        }
    }

    /// Ends the load. The server must be as it was before, in time, and must end.
    fn end(mut self) -> Watched {
        if let Some(load) = self.load.take() {
            self.watched.requests += load.requests();
            self.watched.failures.extend(load.stop());
        }
        let Some(mut process) = self.process.take() else {
            return self.watched;
        };
        // The file of a connection is closed when its task has seen the end of it.
        let most = self.at_rest.descriptors + 8;
        let end = Instant::now() + patience();
        while let Some(sample) = process.sample() {
            if sample.descriptors <= most {
                break;
            }
            if Instant::now() > end {
                let (now, before) = (sample.descriptors, self.at_rest.descriptors);
                let text = format!("{now} descriptors without clients, {before} at the beginning");
                self.watched.failures.push(text);
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        if self.ends {
            process.signal("TERM");
            if let Err(failure) = process.wait(|_| {}) {
                self.watched.failures.push(failure);
            }
        }
        self.watched
    }
}

/// `tokio_bridge`, which brings its clients along and ends after many texts. Then it starts again.
struct Bridge {
    process: Option<Process>,
    /// Of the present process, and when there were more than before.
    texts: u64,
    since: Instant,
    watched: Watched,
}

impl Bridge {
    fn start(plan: &Plan) -> Self {
        let mut bridge = Self {
            process: None,
            texts: 0,
            since: Instant::now(),
            watched: Watched::new("tokio_bridge"),
        };
        bridge.run(plan);
        bridge
    }

    fn run(&mut self, plan: &Plan) {
        self.watched.runs += 1;
        self.since = Instant::now();
        match Process::start(plan, "tokio_bridge", &words("--clients 2 --texts 9999")) {
            Ok(process) => self.process = Some(process),
            Err(failure) => self.watched.failures.push(failure),
        }
    }

    fn look(&mut self, plan: &Plan, seconds: f64) {
        let Some(process) = &mut self.process else {
            return;
        };
        // "12.4 s    345 texts"
        let line = process.last_line();
        let texts = line
            .split_whitespace()
            .nth(2)
            .and_then(|word| word.parse().ok());
        if let Some(texts) = texts.filter(|&texts| texts > self.texts) {
            (self.texts, self.since) = (texts, Instant::now());
        }
        if let Some(sample) = process.sample() {
            self.watched.samples.push((seconds, sample));
        }
        match process.ended() {
            Some(status) if status.success() => {
                self.watched.requests += 2 * 9999;
                self.texts = 0;
                self.run(plan);
            }
            Some(status) => {
                process.finish();
                let text = format!("{}: {status}\n{}", process.line, process.text());
                self.watched.failures.push(text);
                self.process = None;
            }
            None if self.since.elapsed() > patience() => {
                self.watched.failures.push(process.hung());
                self.process = None;
            }
            None => {}
        }
    }

    fn end(mut self) -> Watched {
        self.watched.requests += self.texts;
        self.watched
    }
}

/// Runs all servers under load until the time is over.
pub(crate) fn run(plan: &Plan) -> Vec<Watched> {
    let played = Arc::new(AtomicU64::new(0));
    let any = "127.0.0.1:0";
    let mut servers = [
        Server::start(
            plan,
            "echo",
            &format!("--serve {any} --threads 2"),
            |address| Load::start(address, 12, 20, clients::echo()),
        ),
        Server::start(
            plan,
            "http_server",
            &format!("{any} --threads 3"),
            |address| Load::start(address, 8, 50, clients::http_server()),
        ),
        Server::start(
            plan,
            "dashboard",
            &format!("{any} --threads 4"),
            |address| Load::start(address, 2, 2000, clients::dashboard(Arc::clone(&played))),
        ),
    ];
    let mut bridge = Bridge::start(plan);

    let interval = (plan.time / 1000).max(Duration::from_millis(250));
    let mut told = 0;
    loop {
        let elapsed = plan.begin.elapsed();
        for server in &mut servers {
            server.look(elapsed.as_secs_f64());
        }
        bridge.look(plan, elapsed.as_secs_f64());
        let tenth = (elapsed.as_secs_f64() / plan.time.as_secs_f64() * 10.0) as u32;
        if tenth > told {
            told = tenth;
            tell(elapsed, &servers, &bridge);
        }
        if elapsed >= plan.time {
            break;
        }
        thread::sleep(interval);
    }
    plan.over.store(true, Ordering::Relaxed);
    let mut watched: Vec<Watched> = servers.into_iter().map(Server::end).collect();
    watched[2].requests += played.load(Ordering::Relaxed);
    watched.push(bridge.end());
    watched
}

/// A sign of life.
fn tell(elapsed: Duration, servers: &[Server], bridge: &Bridge) {
    print!("{:6} s:", elapsed.as_secs());
    for server in servers {
        let requests = server.load.as_ref().map_or(0, Load::requests);
        let memory = server
            .watched
            .samples
            .last()
            .map_or(0, |(_, sample)| sample.memory);
        print!(" {} {requests}, {memory} KiB;", server.watched.name);
    }
    println!(" tokio_bridge {}", bridge.watched.requests + bridge.texts);
}
