//! Crates that ask for tokio's sockets and timers, on pools with the feature `tokio`.

mod grpc;
mod http;
mod sql;
