//! The load generator `wrk`, where it is installed.

use super::Setup;
use super::server::{Load, Server, timed};
use crate::child::Figures;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Whether `wrk` can be run.
pub fn is_there() -> bool {
    let output = Command::new("wrk")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    output.is_ok()
}

/// Asks for `/health` on so many connections.
pub fn run(
    server: &Server,
    address: SocketAddr,
    connections: usize,
    setup: Setup,
) -> Result<Load, String> {
    // It takes whole seconds only.
    let seconds = setup.time.as_secs().max(1);
    let wrk = |seconds: u64| {
        Command::new("wrk")
            .args(["--threads", "1", "--latency"])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &format!("{seconds}s")])
            .arg(format!("http://{address}/health"))
            .output()
            .map_err(|error| format!("wrk: {error}"))
    };
    wrk(1)?;
    let (output, _, cpu) = timed(server, || wrk(seconds));
    let output = output?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = ["Non-2xx", "Socket errors"];
    if let Some(error) = text
        .lines()
        .find(|line| errors.iter().any(|what| line.contains(what)))
    {
        return Err(format!("wrk: {}", error.trim()));
    }
    let (units, time) = total(&text).ok_or(format!("wrk says something else: {text}"))?;
    let part = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        nanoseconds(line?.trim())
    };
    let mut figures = Figures::new();
    for (name, sign) in [("p50", "50%"), ("p99", "99%")] {
        figures.extend(part(sign).map(|latency| (name.to_owned(), latency)));
    }
    Ok(Load {
        units,
        time,
        cpu,
        figures,
    })
}

/// `12345 requests in 2.10s, 1.23MB read`
fn total(text: &str) -> Option<(u64, Duration)> {
    let line = text.lines().find(|line| line.contains(" requests in "))?;
    let (count, rest) = line.trim().split_once(" requests in ")?;
    let (time, _) = rest.split_once(',')?;
    let time = Duration::from_nanos(nanoseconds(time)? as u64);
    Some((count.parse().ok()?, time))
}

/// `1.23ms`, say.
fn nanoseconds(text: &str) -> Option<f64> {
    let units = [("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9)];
    units.iter().find_map(|(unit, size)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_understood() {
        let text =
            "  Latency Distribution\n     50%    1.50ms\n  93411 requests in 2.10s, 11.85MB read\n";
        let (count, time) = total(text).unwrap();
        assert_eq!((count, time), (93411, Duration::from_millis(2100)));
        let known = [
            ("250.00us", 250e3),
            ("1.50ms", 1.5e6),
            ("2s", 2e9),
            ("3m", 180e9),
        ];
        for (text, expected) in known {
            assert_eq!(nanoseconds(text), Some(expected));
        }
        assert_eq!(nanoseconds("soon"), None);
        assert_eq!(total("nothing"), None);
    }
}
