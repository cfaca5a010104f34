//! The part that every HTTP server has: it accepts connections, limits them, and ends without
//! losing a request.

use async_lock::{Semaphore, SemaphoreGuardArc};
use async_net::{SocketAddr, TcpListener, TcpStream};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{self, Either, Shared};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use manyhands::hyper::Timer;
use manyhands::{spawn, time};
use smol_hyper::rt::FuturesIo;
use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

pub(crate) type Answer = Response<Full<Bytes>>;

/// The limits of what a client may ask of the server.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The number of connections at a time; further ones wait in the system's queue.
    pub(crate) connections: usize,
    /// The size of request line and headers, in bytes (at least 8192).
    pub(crate) head: usize,
    /// The size of a body, in bytes.
    pub(crate) body: usize,
    /// The time for the head of a request, counted from the connection or from the answer before.
    pub(crate) head_time: Duration,
    /// The time for the body of a request.
    pub(crate) body_time: Duration,
    /// The time for all requests under way when the server is told to stop.
    pub(crate) stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: 16 << 10,
            body: 1 << 20,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            stop_time: Duration::from_secs(30),
        }
    }
}

/// The way in which a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All connections were served to their end.
    Done,
    /// Some connections had not ended after [`Limits::stop_time`]: they end with the pool.
    CutOff,
}

/// A bound socket.
pub(crate) struct Server {
    listener: TcpListener,
    limits: Limits,
}

impl Server {
    /// Binds the socket. The error names the address.
    pub(crate) async fn bind(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self { listener, limits }),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("cannot listen on {address}: {error}"),
            )),
        }
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is ready. Then it takes the connections that wait in the system's queue,
    /// closes the idle ones, and waits for the answers under way.
    pub(crate) async fn run<H, F>(self, handler: H, stop: impl Future<Output = ()>) -> End
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Self { listener, limits } = self;
        let handler = Arc::new(handler);
        let places = Arc::new(Semaphore::new(limits.connections));
        let (say_stop, stopped) = oneshot::channel::<()>();
        let stopped = stopped.shared();
        let start = |stream: TcpStream, place: SemaphoreGuardArc| {
            let connection = serve(stream, Arc::clone(&handler), limits, stopped.clone());
            spawn(async move {
                connection.await;
                drop(place);
            });
        };

        let mut stop = pin!(stop);
        loop {
            let next = pin!(async {
                let place = places.acquire_arc().await;
                (listener.accept().await, place)
            });
            match future::select(next, &mut stop).await {
                Either::Left(((Ok((stream, _)), place), _)) => start(stream, place),
                Either::Left(((Err(error), _), _)) => {
                    // The client has gone again, or no file descriptor is left until another client
                    // goes.
                    eprintln!("cannot accept a connection: {error}");
                    time::sleep(Duration::from_millis(50)).await;
                }
                Either::Right(((), _)) => break,
            }
        }
        while let Some(place) = places.try_acquire_arc() {
            match listener.accept().now_or_never() {
                Some(Ok((stream, _))) => start(stream, place),
                _ => break,
            }
        }
        drop(listener);
        let _ = say_stop.send(());
        let all_gone = async {
            for _ in 0..limits.connections {
                places.acquire().await.forget();
            }
        };
        match time::timeout(limits.stop_time, all_gone).await {
            Ok(()) => End::Done,
            Err(_) => End::CutOff,
        }
    }
}

/// Serves one connection, until the client closes it, breaks a rule, or the server has `stopped`.
async fn serve<H, F>(
    stream: TcpStream,
    handler: Arc<H>,
    limits: Limits,
    stopped: Shared<oneshot::Receiver<()>>,
) where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, &*handler, limits));
    let mut http = http1::Builder::new();
    http.timer(Timer)
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head);
    let connection = pin!(http.serve_connection(FuturesIo::new(stream), service));
    let result = match future::select(connection, stopped).await {
        Either::Left((result, _)) => result,
        // hyper closes a connection without a request. A request that has come by now has to be
        // read first.
        Either::Right((_, mut connection)) => match futures::poll!(&mut connection) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        },
    };
    // hyper has told the client what was wrong, if it could; the server itself ignores it.
    drop(result);
}

/// Makes one answer. Reads the body first, within its limits. If the handler panics, the answer has
/// code 500.
async fn answer<H, F>(
    request: Request<Incoming>,
    handler: &H,
    limits: Limits,
) -> Result<Answer, Infallible>
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Answer>,
{
    let (head, body) = request.into_parts();
    // A length that is too large is refused before anything is read.
    if body.size_hint().lower() > limits.body as u64 {
        return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let body = Limited::new(body, limits.body).collect();
    let body = match time::timeout(limits.body_time, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Ok(Err(_)) => return Ok(refuse(StatusCode::BAD_REQUEST)),
        Err(_) => return Ok(refuse(StatusCode::REQUEST_TIMEOUT)),
    };
    let answer = AssertUnwindSafe(async { handler(Request::from_parts(head, body)).await });
    Ok(answer
        .catch_unwind()
        .await
        .unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the handler panicked\n")))
}

/// An answer that ends the connection: the rest of the request is not read, so the connection
/// cannot be used again.
fn refuse(status: StatusCode) -> Answer {
    let mut answer = text(status, format!("{status}\n"));
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}
