//! Echo over loopback.

use super::load::{Message, closed_loop};
use super::runtimes::{Ours, Smol, Tokio, World};
use super::server::Server;
use super::{Group, Row, shown};
use crate::results::Unit;

/// Bytes.
const MESSAGE: usize = 64;

pub fn group() -> Group {
    let row = |name, connections: usize| Row {
        name,
        files: connections as u64,
        subjects: vec![Ours::NAME, Tokio::NAME, Smol::NAME],
        run: Box::new(move |subject, setup| {
            let server = Server::start("echo", subject, setup.threads)?;
            server.measure(|address| {
                let message = Message((0..MESSAGE).map(|byte| byte as u8).collect());
                closed_loop(&server, address, connections, message, setup)
            })
        }),
    };
    Group {
        name: "echo",
        about: "messages of 64 bytes over loopback",
        columns: vec![
            shown("messages a second", "a_second", Unit::Count).with_quartiles(),
            shown("CPU a message", "cpu_each", Unit::Nanoseconds).with_quartiles(),
            shown("p50", "p50", Unit::Nanoseconds),
            shown("p99", "p99", Unit::Nanoseconds),
            shown("most memory", "resident", Unit::Bytes),
            shown("most threads", "threads", Unit::Count),
        ],
        rows: vec![
            row("1 connection", 1),
            row("100 connections", 100),
            row("10,000 connections", 10_000),
        ],
        notes: vec![
            "Each connection sends its next message when it has the answer to the last one. CPU is \
             that of the server; the clients are one thread of another process."
                .to_owned(),
        ],
    }
}
