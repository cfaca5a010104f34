//! The routes: the page, and what it asks for.

use super::load::Load;
use super::server::{Answer, text};
use super::watch::Watch;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use manyhands::Handle;

const PAGE: &str = include_str!("page.html");

const HELP: &str = "\
GET /              the page
GET /metrics.json  what it shows; ?from=N: samples from number N on
GET /metrics       the counters of the pool, for Prometheus
";

pub(crate) fn answer(method: &Method, uri: &Uri, watch: &Watch, load: &Load) -> Answer {
    if method != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, HELP);
    }
    match uri.path() {
        "/" => typed(PAGE.to_owned(), "text/html; charset=utf-8"),
        "/metrics.json" => {
            let query = uri.query().unwrap_or_default();
            let from = query.split('&').find_map(|pair| pair.strip_prefix("from="));
            let mut all = watch.json(from.and_then(|from| from.parse().ok()).unwrap_or(0));
            all["load"] = load.json();
            typed(all.to_string(), "application/json")
        }
        "/metrics" => {
            let metrics = Handle::current().metrics().to_prometheus();
            typed(metrics, "text/plain; version=0.0.4")
        }
        _ => text(StatusCode::NOT_FOUND, HELP),
    }
}

fn typed(body: String, content_type: &'static str) -> Answer {
    let mut answer = text(StatusCode::OK, body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
