//! The routes of the server. Handlers simply compute: the loops run on the threads that poll, and
//! other connections are served meanwhile.

use super::server::{Answer, text};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use manyhands::{Handle, prelude::*};
use std::ops::Range;

/// The largest `n` of `/primes?n=`.
const MAX_N: u32 = 200_000_000;

/// The number of integers that are sieved at a time: they fit a core's cache.
const SEGMENT: u32 = 1 << 18;

const HELP: &str = "\
GET  /health       is the server there?
GET  /primes?n=N   how many primes are below N?
POST /words        how many words has the body?
GET  /metrics      what has the pool done?
";

pub(crate) async fn answer(request: Request<Bytes>) -> Answer {
    let uri = request.uri();
    let (allowed, respond): (_, fn(&Request<Bytes>) -> Answer) = match uri.path() {
        "/" => (Method::GET, |_| text(StatusCode::OK, HELP)),
        "/health" => (Method::GET, |_| text(StatusCode::OK, "ok\n")),
        "/primes" => (Method::GET, primes),
        "/words" => (Method::POST, words),
        "/metrics" => (Method::GET, |_| metrics()),
        _ => return text(StatusCode::NOT_FOUND, HELP),
    };
    if *request.method() == allowed {
        respond(&request)
    } else {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, HELP);
        let allowed = HeaderValue::from_str(allowed.as_str()).unwrap();
        answer.headers_mut().insert(ALLOW, allowed);
        answer
    }
}

fn primes(request: &Request<Bytes>) -> Answer {
    let query = request.uri().query().unwrap_or_default();
    let n = query.split('&').find_map(|pair| pair.strip_prefix("n="));
    match n.and_then(|n| n.parse().ok()) {
        Some(n) if n <= MAX_N => text(StatusCode::OK, format!("{}\n", primes_below(n))),
        _ => {
            let error = format!("wanted: /primes?n=N with N from 0 to {MAX_N}\n");
            text(StatusCode::BAD_REQUEST, error)
        }
    }
}

fn words(request: &Request<Bytes>) -> Answer {
    match std::str::from_utf8(request.body()) {
        Ok(body) => {
            let words = body.par_split_whitespace().count();
            text(StatusCode::OK, format!("{words}\n"))
        }
        Err(error) => text(StatusCode::BAD_REQUEST, format!("the body: {error}\n")),
    }
}

/// Counts the primes below `n`, segment by segment, on all threads of the pool.
pub(crate) fn primes_below(n: u32) -> usize {
    let small: Vec<u32> = (2..=n.isqrt())
        .filter(|n| (2..=n.isqrt()).all(|divisor| n % divisor != 0))
        .collect();
    (0..n.div_ceil(SEGMENT))
        .into_par_iter()
        .map(|segment| {
            let start = segment * SEGMENT;
            primes_in(start..n.min(start + SEGMENT), &small)
        })
        .sum()
}

/// Counts the primes in a range, given all primes up to the root of its end.
fn primes_in(range: Range<u32>, small: &[u32]) -> usize {
    let mut prime = vec![true; range.len()];
    for &factor in small {
        // Smaller multiples have a smaller factor as well.
        let first = range.start.next_multiple_of(factor).max(factor * factor);
        for multiple in (first..range.end).step_by(factor as usize) {
            prime[(multiple - range.start) as usize] = false;
        }
    }
    let neither = [0, 1].iter().filter(|n| range.contains(n)).count();
    prime.iter().filter(|prime| **prime).count() - neither
}

/// The counters of the pool, for Prometheus.
fn metrics() -> Answer {
    let metrics = Handle::current().metrics().to_prometheus();
    let mut answer = text(StatusCode::OK, metrics);
    let format = HeaderValue::from_static("text/plain; version=0.0.4");
    answer.headers_mut().insert(CONTENT_TYPE, format);
    answer
}
