//! The clients: the same for every server, on one thread of their own.

use super::Setup;
use super::server::{Load, Server};
use crate::child::Figures;
use crate::stats::quantile;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// How long the connections are used before the clock starts.
const WARM_UP: Duration = Duration::from_millis(200);

/// Connections that are made at the same time.
const CONNECTING: usize = 100;

/// Runs clients on this thread.
pub fn run<T>(clients: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    Ok(LocalSet::new().block_on(&runtime, clients))
}

pub async fn connect(address: SocketAddr, count: usize) -> Result<Vec<TcpStream>, String> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let more = CONNECTING.min(count - streams.len());
        let connects = (0..more).map(|_| async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            io::Result::Ok(stream)
        });
        let connected = futures::future::try_join_all(connects).await;
        streams.extend(connected.map_err(|error| format!("connecting: {error}"))?);
    }
    Ok(streams)
}

/// What a client says, and how it knows that the answer is complete.
pub trait Dialogue: Clone + 'static {
    fn request(&self) -> &[u8];

    /// Whether these bytes are a whole answer.
    fn complete(&self, answer: &[u8]) -> Result<bool, String>;
}

/// Says so many bytes, and wants them back.
#[derive(Clone)]
pub struct Message(pub Vec<u8>);

impl Dialogue for Message {
    fn request(&self) -> &[u8] {
        &self.0
    }

    fn complete(&self, answer: &[u8]) -> Result<bool, String> {
        match self.0.starts_with(answer) {
            true => Ok(answer.len() == self.0.len()),
            false => Err("the echo says something else".into()),
        }
    }
}

/// A request by HTTP, on a connection that is kept.
#[derive(Clone)]
pub struct Get(pub String);

impl Get {
    pub fn new(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    }
}

impl Dialogue for Get {
    fn request(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn complete(&self, answer: &[u8]) -> Result<bool, String> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = answer.windows(END.len()).position(|bytes| bytes == END) else {
            return Ok(false);
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(format!("not the answer that was wanted: {head}"));
        }
        let length = head.lines().find_map(|line| {
            let length = line.strip_prefix("content-length:")?;
            length.trim().parse::<usize>().ok()
        });
        let length = length.ok_or(format!("an answer without a length: {head}"))?;
        Ok(answer.len() == end + END.len() + length)
    }
}

/// Says it once, and waits for the answer.
pub async fn exchange(stream: &mut TcpStream, dialogue: &impl Dialogue) -> Result<(), String> {
    let error = |error: io::Error| format!("the connection: {error}");
    stream.write_all(dialogue.request()).await.map_err(error)?;
    let mut answer = [0; 1024];
    let mut filled = 0;
    loop {
        let count = stream.read(&mut answer[filled..]).await.map_err(error)?;
        if count == 0 {
            return Err("the server has closed the connection".into());
        }
        filled += count;
        if dialogue.complete(&answer[..filled])? {
            return Ok(());
        }
    }
}

/// Nanoseconds.
pub type Latencies = Rc<RefCell<Vec<f64>>>;

/// What is said of latencies.
pub fn parts(latencies: &Latencies) -> Figures {
    let mut sorted = latencies.take();
    sorted.sort_by(f64::total_cmp);
    let parts = [("p50", 0.5), ("p99", 0.99), ("max", 1.0)];
    if sorted.is_empty() {
        return Figures::new();
    }
    parts
        .map(|(name, part)| (name.to_owned(), quantile(&sorted, part)))
        .into()
}

/// Each of so many connections says the same again and again, as soon as it has its answer.
pub fn closed_loop(
    server: &Server,
    address: SocketAddr,
    count: usize,
    dialogue: impl Dialogue,
    setup: Setup,
) -> Result<Load, String> {
    run(async {
        let streams = connect(address, count).await?;
        let done = Rc::new(Cell::new(0_u64));
        let latencies = Latencies::default();
        let failure = Rc::new(RefCell::new(None));
        let counted = Rc::new(Cell::new(false));
        for mut stream in streams {
            let (done, latencies) = (Rc::clone(&done), Rc::clone(&latencies));
            let (failure, counted) = (Rc::clone(&failure), Rc::clone(&counted));
            let dialogue = dialogue.clone();
            tokio::task::spawn_local(async move {
                loop {
                    let start = Instant::now();
                    if let Err(error) = exchange(&mut stream, &dialogue).await {
                        failure.replace(Some(error));
                        return;
                    }
                    if counted.get() {
                        done.set(done.get() + 1);
                        let latency = start.elapsed().as_nanos() as f64;
                        latencies.borrow_mut().push(latency);
                    }
                }
            });
        }
        tokio::time::sleep(WARM_UP).await;
        counted.set(true);
        let (start, cpu) = (Instant::now(), server.cpu());
        tokio::time::sleep(setup.time).await;
        let (time, cpu) = (start.elapsed(), server.cpu().saturating_sub(cpu));
        if let Some(error) = failure.take() {
            return Err(error);
        }
        Ok(Load {
            units: done.get(),
            time,
            cpu,
            figures: parts(&latencies),
        })
    })?
}
