//! [hyper](https://docs.rs/hyper) on the pool: its executor and its timer (feature `hyper`).
//!
//! hyper brings no runtime. It asks for an executor where it starts tasks of its own (HTTP/2
//! streams, connections of a client), for a timer where it gives up waiting, and for sockets that
//! implement `hyper::rt::{Read, Write}`: wrap those of `async-net` in `smol_hyper::rt::FuturesIo`,
//! or those of `tokio::net` in `hyper_util::rt::TokioIo`. `examples/http_server.rs` shows all of it
//! together.
//!
//! ```
//! use hyper::body::Incoming;
//! use hyper::rt::{Read, Write};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//! use manyhands::hyper::Timer;
//! use manyhands::prelude::*;
//!
//! async fn serve(stream: impl Read + Write + Unpin) -> hyper::Result<()> {
//!     let answer = service_fn(async |_: Request<Incoming>| {
//!         // A parallel loop in a handler: other connections are served meanwhile.
//!         let sum: u64 = (1..=1_000_u64).into_par_iter().sum();
//!         Ok::<_, hyper::Error>(Response::new(sum.to_string()))
//!     });
//!     hyper::server::conn::http1::Builder::new()
//!         .timer(Timer)
//!         .serve_connection(stream, answer)
//!         .await
//! }
//! ```

use crate::Handle;
use crate::time::{self, Sleep};
use std::pin::Pin;
use std::time::{Duration, Instant};

/// Starts hyper's tasks on a pool. Cheap to clone; hyper wants a clone for each connection.
///
/// What hyper starts is detached: it ends when the connection does, or is dropped with the pool. A
/// panic goes to the pool's [`panic_handler`](crate::PoolBuilder::panic_handler). A handle with a
/// [priority](Handle::with_priority) or a [limit](Handle::with_limit) gives that to the tasks.
///
/// ```
/// use hyper::rt::Executor as _;
/// use manyhands::hyper::Executor;
/// use std::sync::mpsc::channel;
///
/// let executor = Executor::current();
/// let (send, receive) = channel();
/// executor.clone().execute(async move { send.send(1 + 2).unwrap() });
/// assert_eq!(receive.recv(), Ok(3));
/// ```
#[derive(Clone, Debug)]
pub struct Executor {
    handle: Handle,
}

impl Executor {
    /// On the pool that the calling thread works for, else on the default pool (which this call
    /// starts).
    pub fn current() -> Self {
        Handle::current().into()
    }
}

impl From<Handle> for Executor {
    fn from(handle: Handle) -> Self {
        Self { handle }
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.handle.spawn(future));
    }
}

/// Tells hyper when time is up, by [`manyhands::time`](crate::time).
///
/// ```
/// use hyper::rt::Timer as _;
/// use manyhands::hyper::Timer;
/// use std::time::Duration;
///
/// let mut http = hyper::server::conn::http1::Builder::new();
/// http.timer(Timer).header_read_timeout(Duration::from_secs(10));
/// manyhands::block_on(Timer.sleep(Duration::from_millis(1)));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(time::sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(time::sleep_until(deadline))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(sleep) => sleep.reset(deadline),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

impl hyper::rt::Sleep for Sleep {}
