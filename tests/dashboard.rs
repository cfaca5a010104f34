//! The dashboard of the examples as a process: its page, and what the page asks for.

#[path = "examples/program.rs"]
mod program;

use program::program;
use serde_json::Value;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What nobody ever waits for, except a test that has failed already.
const LONG: Duration = Duration::from_secs(120);

/// The program; killed when this is dropped.
struct Dashboard {
    child: Child,
    address: String,
}

impl Dashboard {
    fn new(args: &[&str]) -> Self {
        let mut child = Command::new(program("dashboard"))
            .arg("127.0.0.1:0")
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Status, head and body of an answer.
    fn ask(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn json(&self, from: u64) -> Value {
        let (status, head, body) = self.ask(&format!("GET /metrics.json?from={from}"));
        assert_eq!(status, 200);
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks until the answer is as wanted.
    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let all = self.json(0);
            if wanted(&all) {
                return all;
            }
            assert!(start.elapsed() < LONG, "{all:#}");
            thread::yield_now();
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn array(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

#[test]
fn the_page_needs_nothing_else() {
    let dashboard = Dashboard::new(&["--threads", "1", "--clients", "0"]);
    let (status, head, page) = dashboard.ask("GET /");
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: text/html; charset=utf-8"),
        "{head}"
    );
    assert!(page.starts_with("<!DOCTYPE html>"));
    // The one address in it is the name of a namespace.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "@import", "url(", "//cdn"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for needed in [
        "name=\"viewport\"",
        "prefers-color-scheme: dark",
        "metrics.json",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
    // Whatever the script asks the page for is there.
    for part in page.split("$(\"").skip(1) {
        let id = part.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn what_the_pool_does_is_told() {
    let dashboard = Dashboard::new(&["--threads", "2"]);
    let is_slow = |all: &Value| {
        array(&all["sites"])
            .iter()
            .any(|it| it["kind"] == "compute")
    };
    let all = dashboard.until(|all| {
        let polled = |sample: &Value| sample["polls_per_s"].as_f64().unwrap() > 0.0;
        let measured =
            |sample: &Value| sample["wait_us"][1].is_f64() && sample["poll_us"][1].is_f64();
        let samples = array(&all["samples"]);
        samples.iter().any(|it| polled(it) && measured(it))
            && is_slow(all)
            && all["load"]["loops"].as_u64().unwrap() > 0
    });
    assert_eq!(all["permits"], 2);
    let samples = array(&all["samples"]);
    assert_eq!(samples.len() as u64, all["next"].as_u64().unwrap());
    for sample in samples {
        let seats = array(&sample["seats"]);
        let workers = seats.iter().filter(|seat| seat[1] == "worker").count();
        assert_eq!(workers, 2, "{sample}");
        for seat in seats {
            let (computing, polling) = (seat[2].as_f64().unwrap(), seat[3].as_f64().unwrap());
            assert!(
                computing >= 0.0 && polling >= 0.0 && computing + polling <= 1.002,
                "{seat}"
            );
        }
        let indexes: HashSet<_> = seats.iter().map(|seat| seat[0].as_u64().unwrap()).collect();
        assert_eq!(indexes.len(), seats.len());
        for queue in ["tasks", "jobs", "closures", "blocking"] {
            assert!(sample["queues"][queue].is_u64(), "{queue}");
        }
    }
    // Slowest first.
    let slowest = |site: &Value| site["slowest_us"].as_f64().unwrap();
    let sites = array(&all["sites"]);
    assert!(
        sites
            .windows(2)
            .all(|pair| slowest(&pair[0]) >= slowest(&pair[1]))
    );
    for site in sites {
        assert!(
            site["polls"].as_u64() > Some(0) && site["mean_us"].as_f64() > Some(0.0),
            "{site}"
        );
        assert!(site["alive"].as_u64() <= site["spawned"].as_u64(), "{site}");
    }
    let clients: u64 = array(&all["groups"])
        .iter()
        .filter(|group| group["name"] == "client")
        .map(|group| group["count"].as_u64().unwrap())
        .sum();
    // One may have changed its state between two looks.
    assert!((40..=56).contains(&clients), "{all:#}");

    // Only what is new.
    let next = all["next"].as_u64().unwrap();
    let more = dashboard.json(next);
    let new = more["next"].as_u64().unwrap() - next;
    assert_eq!(array(&more["samples"]).len() as u64, new);
    // Of another process, which has taken more samples than this one.
    assert!(!array(&dashboard.json(1 << 40)["samples"]).is_empty());

    let (status, _, text) = dashboard.ask("GET /metrics");
    assert_eq!(status, 200);
    assert!(
        text.contains("# TYPE manyhands_wake_to_poll_seconds histogram\n"),
        "{text}"
    );
    assert_eq!(dashboard.ask("GET /nothing").0, 404);
    assert_eq!(dashboard.ask("POST /").0, 405);
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    for args in [
        &["--bogus"][..],
        &["--threads"],
        &["--clients", "many"],
        &["nowhere"],
    ] {
        let output = Command::new(program("dashboard"))
            .args(args)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("usage: dashboard"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_stops_the_program() {
    use rustix::process::{Pid, Signal, kill_process};

    let mut dashboard = Dashboard::new(&["--threads", "2", "--clients", "4"]);
    assert_eq!(dashboard.ask("GET /").0, 200);
    kill_process(Pid::from_child(&dashboard.child), Signal::TERM).unwrap();
    assert!(dashboard.child.wait().unwrap().success());
}
